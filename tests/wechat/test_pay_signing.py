"""The signature test vectors: strings built by us, signatures made elsewhere."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from backend.wechat.credentials import load_public_key
from backend.wechat.signing import (
    UnknownSerialError,
    UnverifiedAnswerError,
    answer_message,
    request_message,
    sign,
    verify,
    verify_answer,
)

# The public half of the test key of WeChat Pay's own Go SDK.
PUBLIC_KEY = load_public_key(
    b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2VCTd91fnUn73Xy9DLvt
/V62TVxRTEEstVdeRaZ3B3leO0pldE806mXO4RwdHXagHQ4vGeZN0yqm++rDsGK+
U3AH7kejyD2pXshNP9Cq5YwbptiLGtjcquw4HNxJQUOmDeJf2vg6byms9RUipiq4
SzbJKqJFlUpbuIPDpSpWz10PYmyCNeDGUUK65E5h2B834uxl1zNLYQCrkdBzb8oU
xwYeP5a2DNxmjL5lsJML7DGr5znsevnoqGRwTm9fxCGfy8wus7hwKz6clt3Whmmd
a7UAdb1c08hEQFVRbF14AR73xbnd8N0obCWJPCbzMCtkaSef4FdEEgEXJiw0VAJT
8wIDAQAB
-----END PUBLIC KEY-----
"""
)
TIMESTAMP = 1722850421
NONCE = "d824f2e086d3c1df967785d13fcd22ef"
META = b'{"filename":"filea.jpg","sha256":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}'


def asked(method: str, target: str, body: bytes = b"") -> bytes:
    """Build a request's message with the time and nonce of the vectors."""
    return request_message(method, target, timestamp=TIMESTAMP, nonce=NONCE, body=body)


def answered(body: bytes) -> bytes:
    """Build an answer's message with the time and nonce of the vectors."""
    return answer_message(timestamp=str(TIMESTAMP), nonce=NONCE, body=body)


VECTORS = {
    "plain": (
        b"source",
        (
            "BKyAfU4iMCuvXMXS0Wzam3V/cnxZ+JaqigPM5OhljS2iOT95OO6Fsuml2JkFANJU9K6q9bLlDhPXuoVz+pp4hAm6pHU4ld81"
            "5U4jsKu1RkyaII+1CYBUYC8TK0XtJ8FwUXXz8vZHh58rrAVN1XwNyvD1vfpxrMT4SL536GLwvpUHlCqIMzoZUguLli/K8V29"
            "QiOhuH6IEqLNJn8e9b3nwNcQ7be3CzYGpDAKBfDGPCqCv8Rw5zndhlffk2FEA70G4hvMwe51qMN/RAJbknXG23bSlObuTCN7"
            "Ndj1aJGH6/L+hdwfLpUtJm4QYVazzW7DFD27EpSQEqA8bX9+8m1rLg=="
        ),
    ),
    "query": (
        asked("GET", "/v3/applyment4sub/applyment/business_code/1900013511_10000"),
        (
            "lZAKV8mfdgIk49UBmGsI+pIto0eg+Og46RotP3FKF+AEQKQ+mb07WsF/TEj1JSlYc+IkbDFzCSD70Dx89iwNg/z9GnwaDWAp"
            "lP2E86TYw/rTiHX0hJrZJM37VocK/tr2tJv/qFAl343lW6HgkN2BNKU72rOdqG+7L0Ee1jt9l2liFt/HsUmJDQyWHffnmHDW"
            "UqUJH6LnsAlj9mH31UoG47xBxHOvU158PDEqix+iFUx0KAxagxnMP6fQugyNUUp8YQtxWBf28ecX1mIzLCW64h99zNHjlvp9"
            "S1FTcqjezdD0nhWK0GZNHMM31fOU3fEKsFvF6RVyraBtpwE1GbAd7g=="
        ),
    ),
    "submit": (
        asked("POST", "/v3/applyment4sub/applyment/", b'{"business_code":"1900013511_10000"}'),
        (
            "Epn8Dco7CKuvmogubzDrLFZUVG4RRqQwDsmKAQ/HjVfoROKkyWDm2W6nMHVdMmCka51QvgXUfjBF3A0l8dES5/QclyfYzj/6"
            "O9xFz9Wi9tvqdkPkEXYhptHm5WoPW44EDq93WKtwWZhla35BbVSiBhaULmpu+NlggBsZWOFg0X2BeExxFO55q86lDFAUoTam"
            "UFpv3iIrYV0GczAwQMAsmVrQCLasPFjJ+5sH9BviTWOj1A7numrMhkblTDJpas7LF0w49t7Mv6Ww/coEzDew9FA7R/Ah23Ig"
            "sHSTHNY7tUD02vdsbFM0wFLkUP6KnfyAmyUiui7SVIpiCUFxJvLebw=="
        ),
    ),
    "upload": (
        asked("POST", "/v3/merchant/media/upload", META),
        (
            "Wn1UrkB3i6bRZfi3XpLH+4ngyXVYisC0dY4erg5Apl5WigxYGpNXZ+mHGh8enyN+b58vfpH7/FEQr7P3BsrBLkhOvXUbtgA2"
            "jdbwsALe1wf/GdymENc4SFeTJOUIA4rBpPFBpGErtJ52cdXozRnL7O06MEGJd6sFjzApnb+85hUntaI92vZsBJErmmNmQbWd"
            "Vomilbv7UL+Ffx20crGSuOYUAquzdQzq60sSOOiJsMdcdfmX2ycPgx/nildph2U6TXUKVYO0DER93Y8pgwij6AIOFtPa0+vY"
            "VFBhHlbyf3fF3Wo4aGIqG3u5sAhJyg9cNKUiSxEKIKFevfnb9rth3w=="
        ),
    ),
    "answer": (
        answered(b'{"applyment_id":2000002124775691}'),
        (
            "Zbe831vwm2dyf8HVRyUNYlmA5OaQ0lNJ/giBuQ0iHZoFpsGIs9rnTjZuIuHpSKk6QwshWLSfwB0r5LNHy3khGc2iSPYA3/a3"
            "7kUycIP7FQ1cqrDh1uueFmeEEo4g3sycpa49qrSqWiqMaVEbt6IwoWxKdwYkQd3l+Y/wIs3ZnNvzczS1I9eXW2KVB2azOSqq"
            "aPnjG69K9WdzpUIDhiJWjdO+h4NdmFEQbtrgmNbxcRk8YMJgzApk9FFVpxPvfhAJ5MIuSr8RljJVw0DaA1reXqivNIzYug8K"
            "dNM6YEyd6k9XQVWx/HEOhxpatstV5Ai6Agw+qNjawHYaxsh5RKjAuw=="
        ),
    ),
    "empty answer": (
        answered(b""),
        (
            "q/wfA+iwq9bQpWWQJtjcJTwfsociH8VZbbGrVMxt85R1m4UcFLtUvpQIt28dtAier2TdyPZUTyvIZp6TZ9T+S3rExgt0qc5d"
            "v1DFMasKJ7t/dllSrSeCyEpXJyTASATDFfBO0oLkQdxt6LUAhTpbAkXpoHVsgti+kz+kA1PJxIE+Z6CL5jdhbg7cVZkl+AOj"
            "1eeVtJzUOiG56ChLscmaO+Fqj01kjyc3tZ0RVbFPJ0hZyzIkfr6AY5jpn6IUW24V2MwkKguvkta+ldL2VqWCpzFZopOmaOyj"
            "/HAtSiF1KiihWaXZZBcpc79GxSFksmkLEvABA5HquyOPpt50HN1IwQ=="
        ),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_verifies(name: str) -> None:
    """A message that we build carries the signature that was made over it elsewhere."""
    message, signature = VECTORS[name]
    verify(PUBLIC_KEY, message, signature)


@pytest.mark.parametrize("name", VECTORS)
def test_one_changed_byte_does_not_verify(name: str) -> None:
    """The same signature over a message that differs in its last byte is refused."""
    message, signature = VECTORS[name]
    with pytest.raises(UnverifiedAnswerError):
        verify(PUBLIC_KEY, message[:-1] + b"\r", signature)


@pytest.mark.parametrize(
    ("name", "length_bytes", "sha256"),
    [
        ("query", 108, "d6d524c0f99e498d1dbbe91cb7885e145a5d15d4c6f1f1f74156c0e54659a175"),
        ("submit", 115, "57aa2c4d3b2041bd671496657f91883f3cc4b91dffe0feb751567abfa4fc6e7c"),
        ("upload", 176, None),
        ("answer", 78, None),
        ("empty answer", 45, None),
    ],
)
def test_a_message_has_the_published_length(name: str, length_bytes: int, sha256: str | None) -> None:
    """Lines, order and the last line feed are as published: SIGN_ERROR answers name this very length."""
    message, _ = VECTORS[name]
    assert len(message) == length_bytes
    assert sha256 in {None, hashlib.sha256(message).hexdigest()}


def test_what_we_sign_verifies(merchant_key: RSAPrivateKey) -> None:
    """Signing gives what verifying takes."""
    verify(merchant_key.public_key(), b"message", sign(merchant_key, b"message"))


@pytest.mark.parametrize(
    "signature",
    ["", "WECHATPAY/SIGNTEST/AAAA", "not base64!", "中文", base64.b64encode(bytes(256)).decode(), "QUJD"],
)
def test_a_bad_signature_is_an_ordinary_failure(signature: str) -> None:
    """Probes, rubbish and forgeries all end in the same refusal."""
    with pytest.raises(UnverifiedAnswerError):
        verify(PUBLIC_KEY, b"source", signature)


HEADERS = {
    "Wechatpay-Timestamp": str(TIMESTAMP),
    "Wechatpay-Nonce": NONCE,
    "Wechatpay-Signature": VECTORS["answer"][1],
    "Wechatpay-Serial": "PUB_KEY_ID_1",
}
BODY = b'{"applyment_id":2000002124775691}'


@pytest.mark.parametrize("skew_seconds", [-299.9, -1, 0, 1, 299.9])
def test_an_answer_within_five_minutes_is_taken(skew_seconds: float) -> None:
    """Our clock may be off by less than 300 s either way."""
    verify_answer(HEADERS, BODY, keys={"PUB_KEY_ID_1": PUBLIC_KEY}, now_seconds=TIMESTAMP + skew_seconds)


@pytest.mark.parametrize("skew_seconds", [-300, 300, 86400])
def test_a_stale_answer_is_refused(skew_seconds: float) -> None:
    """300 s is too much, whichever way."""
    with pytest.raises(UnverifiedAnswerError):
        verify_answer(HEADERS, BODY, keys={"PUB_KEY_ID_1": PUBLIC_KEY}, now_seconds=TIMESTAMP + skew_seconds)


@pytest.mark.parametrize(
    "changed",
    [
        *({name: ""} for name in HEADERS),
        {"Wechatpay-Timestamp": "soon"},
        {"Wechatpay-Timestamp": f"-{TIMESTAMP}"},
        {"Wechatpay-Nonce": "another"},
        {"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
def test_an_answer_with_a_wrong_header_is_refused(changed: dict[str, str]) -> None:
    """Each header counts."""
    with pytest.raises(UnverifiedAnswerError):
        verify_answer(HEADERS | changed, BODY, keys={"PUB_KEY_ID_1": PUBLIC_KEY}, now_seconds=TIMESTAMP)


def test_an_unknown_serial_is_told_apart() -> None:
    """A key that we do not hold is another trouble than a forgery."""
    with pytest.raises(UnknownSerialError):
        verify_answer(HEADERS, BODY, keys={"PUB_KEY_ID_2": PUBLIC_KEY}, now_seconds=TIMESTAMP)
