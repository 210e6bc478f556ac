"""Signatures: of requests, of answers, and what is refused."""

from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from backend.sandbox.signature import request_message, verifies
from tests.sandbox.provider import SUBMIT, UPLOAD, Provider, Wall

# The public half of the testing key in WeChat Pay's own Go library, and signatures made with its private half.
VECTOR_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2VCTd91fnUn73Xy9DLvt
/V62TVxRTEEstVdeRaZ3B3leO0pldE806mXO4RwdHXagHQ4vGeZN0yqm++rDsGK+
U3AH7kejyD2pXshNP9Cq5YwbptiLGtjcquw4HNxJQUOmDeJf2vg6byms9RUipiq4
SzbJKqJFlUpbuIPDpSpWz10PYmyCNeDGUUK65E5h2B834uxl1zNLYQCrkdBzb8oU
xwYeP5a2DNxmjL5lsJML7DGr5znsevnoqGRwTm9fxCGfy8wus7hwKz6clt3Whmmd
a7UAdb1c08hEQFVRbF14AR73xbnd8N0obCWJPCbzMCtkaSef4FdEEgEXJiw0VAJT
8wIDAQAB
-----END PUBLIC KEY-----"""
VECTOR_TIMESTAMP = 1722850421
VECTOR_NONCE = "d824f2e086d3c1df967785d13fcd22ef"
VECTORS = [
    pytest.param(
        "GET",
        "/v3/applyment4sub/applyment/business_code/1900013511_10000",
        b"",
        108,
        (
            "lZAKV8mfdgIk49UBmGsI+pIto0eg+Og46RotP3FKF+AEQKQ+mb07WsF/TEj1JSlYc+IkbDFzCSD70Dx89iwNg/z9GnwaDWAplP2E"
            "86TYw/rTiHX0hJrZJM37VocK/tr2tJv/qFAl343lW6HgkN2BNKU72rOdqG+7L0Ee1jt9l2liFt/HsUmJDQyWHffnmHDWUqUJH6Ln"
            "sAlj9mH31UoG47xBxHOvU158PDEqix+iFUx0KAxagxnMP6fQugyNUUp8YQtxWBf28ecX1mIzLCW64h99zNHjlvp9S1FTcqjezdD0"
            "nhWK0GZNHMM31fOU3fEKsFvF6RVyraBtpwE1GbAd7g=="
        ),
        id="GET /v3/applyment4sub/applyment/bu",
    ),
    pytest.param(
        "POST",
        "/v3/applyment4sub/applyment/",
        b'{"business_code":"1900013511_10000"}',
        115,
        (
            "Epn8Dco7CKuvmogubzDrLFZUVG4RRqQwDsmKAQ/HjVfoROKkyWDm2W6nMHVdMmCka51QvgXUfjBF3A0l8dES5/QclyfYzj/6O9xF"
            "z9Wi9tvqdkPkEXYhptHm5WoPW44EDq93WKtwWZhla35BbVSiBhaULmpu+NlggBsZWOFg0X2BeExxFO55q86lDFAUoTamUFpv3iIr"
            "YV0GczAwQMAsmVrQCLasPFjJ+5sH9BviTWOj1A7numrMhkblTDJpas7LF0w49t7Mv6Ww/coEzDew9FA7R/Ah23IgsHSTHNY7tUD0"
            "2vdsbFM0wFLkUP6KnfyAmyUiui7SVIpiCUFxJvLebw=="
        ),
        id="POST /v3/applyment4sub/applyment/",
    ),
    pytest.param(
        "POST",
        "/v3/merchant/media/upload",
        b'{"filename":"filea.jpg","sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}',
        176,
        (
            "Wn1UrkB3i6bRZfi3XpLH+4ngyXVYisC0dY4erg5Apl5WigxYGpNXZ+mHGh8enyN+b58vfpH7/FEQr7P3BsrBLkhOvXUbtgA2jdbw"
            "sALe1wf/GdymENc4SFeTJOUIA4rBpPFBpGErtJ52cdXozRnL7O06MEGJd6sFjzApnb+85hUntaI92vZsBJErmmNmQbWdVomilbv7"
            "UL+Ffx20crGSuOYUAquzdQzq60sSOOiJsMdcdfmX2ycPgx/nildph2U6TXUKVYO0DER93Y8pgwij6AIOFtPa0+vYVFBhHlbyf3fF"
            "3Wo4aGIqG3u5sAhJyg9cNKUiSxEKIKFevfnb9rth3w=="
        ),
        id="POST /v3/merchant/media/upload",
    ),
]


@pytest.mark.parametrize(("method", "target", "body", "length", "signature"), VECTORS)
def test_signatures_of_another_library_verify(
    method: str, target: str, body: bytes, length: int, signature: str
) -> None:
    """A signature made elsewhere over the documented five lines is good, and over one byte more is not."""
    key = serialization.load_pem_public_key(VECTOR_KEY)
    assert isinstance(key, rsa.RSAPublicKey)
    message = request_message(method, target, VECTOR_TIMESTAMP, VECTOR_NONCE, body)
    assert len(message) == length
    assert verifies(key, message, signature)
    assert not verifies(key, message + b"\n", signature)


@pytest.mark.parametrize("signature", ["", "not base64!", "WECHATPAY/SIGNTEST/" + "A" * 344, "QUJD"])
def test_what_is_no_signature_does_not_verify(signature: str) -> None:
    """Broken base64 and short signatures are refused like wrong ones."""
    key = serialization.load_pem_public_key(VECTOR_KEY)
    assert isinstance(key, rsa.RSAPublicKey)
    assert not verifies(key, b"message", signature)


QUERY = f"{SUBMIT}business_code/1900013511_1"


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda _: None, id="absent"),
        pytest.param(lambda a: "Bearer " + a, id="scheme"),
        pytest.param(lambda a: a.replace("nonce_str", "nonce"), id="member"),
        pytest.param(lambda a: a + ',mchid="1900013511"', id="repeated"),
        pytest.param(lambda a: a.replace('timestamp="1', 'timestamp="x'), id="timestamp"),
        pytest.param(lambda a: a.replace("1900013511", "1900013512"), id="mchid"),
        pytest.param(lambda a: a.replace('serial_no="5', 'serial_no="6'), id="serial"),
        pytest.param(lambda a: a.replace('timestamp="17', 'timestamp="16'), id="old"),
    ],
)
async def test_a_request_with_a_broken_authorization_is_refused(provider: Provider, break_it: Any) -> None:
    """Whatever is wrong with the header, the answer is a signed 401 SIGN_ERROR."""
    header = break_it(provider.authorization("GET", QUERY, b""))
    answer = await provider.http.get(QUERY, headers={} if header is None else {"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    provider.verify(answer)


@pytest.mark.parametrize(("age_seconds", "status"), [(300, 400), (301, 401), (-300, 400), (-301, 401)])
async def test_requests_are_good_for_five_minutes_of_the_wire_clock(
    provider: Provider, age_seconds: int, status: int
) -> None:
    """Moving the business clock makes no request stale; 301 seconds of real time do. 400 is the unknown code."""
    await provider.advance(86_400)
    header = provider.authorization("GET", QUERY, b"", age_seconds=age_seconds)
    answer = await provider.http.get(QUERY, headers={"Authorization": header})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", QUERY, b""),
        ("GET", QUERY + "?a=1", b""),
        ("GET", QUERY.replace("_", "%5F"), b""),
        ("GET", QUERY, b"{}"),
    ],
)
async def test_a_signature_over_anything_else_is_refused_with_its_details(
    provider: Provider, method: str, target: str, body: bytes
) -> None:
    """The refusal says which string was expected: its length, and its first lines without the body."""
    header = provider.authorization(method, target, body)
    answer = await provider.http.get(QUERY, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    detail = answer.json()["detail"]
    assert (detail["field"], detail["location"]) == ("signature", "authorization")
    assert detail["detail"] == {"issue": "sign not match"}
    info = detail["sign_information"]
    assert (info["method"], info["url"]) == ("GET", QUERY)
    assert info["sign_message_length"] == len(info["truncated_sign_message"])
    provider.verify(answer)


async def test_the_raw_target_is_signed_query_and_escapes_included(provider: Provider) -> None:
    """The signature covers the target exactly as it was sent."""
    await provider.submit()
    for target in (QUERY + "?a=%2F&b=", QUERY.replace("_1", "%5F1")):
        answer = await provider.get(target)
        assert answer.status_code == 200
        assert answer.json()["business_code"] == "1900013511_1"


async def test_a_submit_body_changed_after_signing_is_refused(provider: Provider) -> None:
    """One byte more in the body breaks the signature, and nothing is filed."""
    header = provider.authorization("POST", SUBMIT, b"{}")
    answer = await provider.http.post(SUBMIT, content=b"{} ", headers={"Authorization": header})
    assert answer.status_code == 401
    assert "truncated_sign_message" in answer.json()["detail"]["sign_information"]
    assert (await provider.query()).json()["code"] == "APPLYMENT_NOTEXIST"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", f"{SUBMIT}business_code/1900013511_1/cancel"),
        ("POST", SUBMIT.rstrip("/")),
        ("GET", SUBMIT),
        ("GET", UPLOAD),
        ("GET", "/v3/unknown"),
    ],
)
async def test_what_is_no_call_answers_a_signed_404(provider: Provider, method: str, target: str) -> None:
    """There is no way to withdraw a filing, and no redirect to the path with its slash."""
    answer = await provider.http.request(method, target)
    assert answer.status_code == 404
    provider.verify(answer)


@pytest.mark.parametrize("code", ["applyment_id/2000002000000001", "business_code/nobody"])
async def test_an_unknown_filing_does_not_exist(provider: Provider, code: str) -> None:
    """Both queries answer 400 APPLYMENT_NOTEXIST, signed."""
    answer = await provider.get(SUBMIT + code)
    assert (answer.status_code, answer.json()["code"]) == (400, "APPLYMENT_NOTEXIST")
    provider.verify(answer)


async def test_an_id_that_is_no_number_is_a_param_error(provider: Provider) -> None:
    """Letters in place of an id are refused, not searched."""
    answer = await provider.get(f"{SUBMIT}applyment_id/abc")
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


async def test_another_merchant_does_not_see_the_filing(provider: Provider) -> None:
    """Filings belong to the merchant id that made them."""
    await provider.submit()
    await provider.enrol(mchid="1900013599")
    header = provider.authorization("GET", QUERY, b"", mchid="1900013599")
    answer = await provider.http.get(QUERY, headers={"Authorization": header})
    assert answer.json()["code"] == "APPLYMENT_NOTEXIST"


async def test_a_new_certificate_replaces_the_old_one(provider: Provider) -> None:
    """Enrolling again answers the same WeChat Pay key; the old certificate serial is refused from then on."""
    before = provider.public_key_id
    again = await provider.enrol(serial_no="A" * 40)
    assert again.json()["public_key_id"] == before
    assert (await provider.query()).status_code == 401
    header = provider.authorization("GET", QUERY, b"", serial_no="A" * 40)
    assert (await provider.http.get(QUERY, headers={"Authorization": header})).status_code == 400


@pytest.mark.parametrize("kind", ["bad_signature", "signtest"])
async def test_forged_answers_do_not_verify(provider: Provider, wall: Wall, kind: str) -> None:
    """The two faults of the answer's signature are really wrong, the probe by its documented prefix."""
    await provider.order("faults", {"kind": kind})
    answer = await provider.query()
    probe = answer.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert probe == (kind == "signtest")
    with pytest.raises((InvalidSignature, ValueError)):
        provider.verify(answer)
    wall.now += 1
    provider.verify(await provider.query())
