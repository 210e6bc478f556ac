"""What the client puts on the wire, and what it makes of good answers."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
from email.message import EmailMessage
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from backend.wechat import (
    PRIMARY_HOST,
    SECOND_HOST,
    Accepted,
    AuditItem,
    Final,
    PayClient,
    PayCredentials,
    Retryable,
    UnsendableError,
)
from tests.wechat.forms import ENCRYPTED_PATHS, form
from tests.wechat.provider import NOW_SECONDS, PUBLIC_KEY_ID, Provider

STATE: dict[str, Any] = {
    "business_code": "1900013511_10000",
    "applyment_id": 2000002124775691,
    "sub_mchid": "1542488631",
    "sign_url": "https://pay.weixin.qq.com/public/apply4ec_sign/s?applymentId=2000002124775691&sign=b1",
    "applyment_state": "APPLYMENT_STATE_REJECTED",
    "applyment_state_msg": "请修改后重新提交",
    "audit_detail": [{"field": "id_card_copy", "field_name": "身份证人像面照片", "reject_reason": "照片模糊"}],
}


async def test_a_submit_sends_the_signed_bytes_sealed_and_clean(
    client: PayClient, credentials: PayCredentials, provider: Provider
) -> None:
    """Path, headers, signature and ciphertexts hold up against plain cryptography; the caller's form is untouched."""
    clear = form()
    provider.answer(200, b'{"applyment_id":2000002124775691}')
    accepted = await client.submit_applyment(clear, encrypted_paths=ENCRYPTED_PATHS)
    assert accepted == Accepted("2000002124775691", "08F5-test-268546")
    assert clear == form()

    (sent,) = provider.received
    assert (sent.method, sent.target) == ("POST", "/v3/applyment4sub/applyment/")
    sent.verify(credentials.private_key.public_key(), sent.body)
    parts = sent.authorization()
    assert parts["mchid"] == credentials.mchid
    assert parts["serial_no"] == credentials.serial_no
    assert parts["timestamp"] == str(int(NOW_SECONDS))
    assert len(parts["nonce_str"]) == 32
    assert sent.headers["wechatpay-serial"] == PUBLIC_KEY_ID
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["user-agent"]

    content = orjson.loads(sent.body)
    digest = hashes.SHA1()  # noqa: S303 - prescribed by WeChat Pay
    number = provider.platform_key.decrypt(
        base64.b64decode(content["bank_account_info"]["account_number"], validate=True),
        padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None),
    )
    assert number == b"6225880000000000"
    assert "qualifications" not in content["settlement_info"]
    assert "mobile_phone" not in content["contact_info"]


async def test_the_same_form_can_be_submitted_again(client: PayClient, provider: Provider) -> None:
    """A second try is sealed anew from the clear form, and its nonce is another one."""
    provider.answer(200, b'{"applyment_id":2000002124775691}')
    clear = form()
    first = await client.submit_applyment(clear, encrypted_paths=ENCRYPTED_PATHS)
    assert await client.submit_applyment(clear, encrypted_paths=ENCRYPTED_PATHS) == first
    before, after = provider.received
    assert len(before.body) == len(after.body)
    assert before.body != after.body
    assert before.authorization()["nonce_str"] != after.authorization()["nonce_str"]


async def test_the_largest_number_survives(client: PayClient, provider: Provider) -> None:
    """An applyment_id of 64 bits is kept to its last digit."""
    provider.answer(200, b'{"applyment_id":18446744073709551615}')
    accepted = await client.submit_applyment(form(), encrypted_paths=())
    assert accepted.applyment_id == "18446744073709551615"


@pytest.mark.parametrize("code", [None, "", "a-b", "a/b", "码", "x" * 125, 7, "a\n"])
async def test_a_wrong_business_code_is_never_sent(client: PayClient, provider: Provider, code: Any) -> None:
    """Neither in a form nor in a path."""
    with pytest.raises(UnsendableError):
        await client.submit_applyment(form() | {"business_code": code}, encrypted_paths=())
    with pytest.raises(UnsendableError):
        await client.query_by_business_code(code)
    assert provider.received == []


@pytest.mark.parametrize("number", ["", "0", "1/..", "１２", "-1", "9" * 21])
async def test_a_wrong_applyment_id_is_never_sent(client: PayClient, provider: Provider, number: str) -> None:
    """Digits only."""
    with pytest.raises(UnsendableError):
        await client.query_by_applyment_id(number)
    assert provider.received == []


@pytest.mark.parametrize(
    ("filename", "media_type"), [("a.jpg", "image/jpeg"), ("b-2.PNG", "image/png"), ("c.d.bmp", "image/bmp")]
)
async def test_an_upload_signs_its_meta_and_sends_it_first(
    client: PayClient, credentials: PayCredentials, provider: Provider, filename: str, media_type: str
) -> None:
    """A standard parser finds two parts within a real boundary; the first is byte for byte what was signed."""
    image = bytes(range(256)) * 3 + b"\r\n--"
    provider.answer(200, b'{"media_id":"V1_id"}')
    assert await client.upload_image(image, filename=filename, media_type=media_type) == "V1_id"

    (sent,) = provider.received
    assert (sent.method, sent.target) == ("POST", "/v3/merchant/media/upload")
    head = f"Content-Type: {sent.headers['content-type']}\r\n\r\n".encode()
    parsed = email.message_from_bytes(head + sent.body, _class=EmailMessage, policy=email.policy.HTTP)
    meta, file = parsed.iter_parts()
    assert isinstance(meta, EmailMessage)
    assert isinstance(file, EmailMessage)
    assert (meta.get_param("name", header="content-disposition"), meta.get_content_type()) == (
        "meta",
        "application/json",
    )
    assert (file.get_param("name", header="content-disposition"), file.get_content_type()) == ("file", media_type)
    assert file.get_filename() == filename
    boundary = parsed.get_boundary()
    assert boundary is not None
    pieces = sent.body.split(f"--{boundary}".encode())
    raw_meta, raw_file = (piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces[1:3])
    assert raw_file == image
    assert orjson.loads(raw_meta) == {"filename": filename, "sha256": hashlib.sha256(image).hexdigest()}
    sent.verify(credentials.private_key.public_key(), raw_meta)
    assert sent.headers["wechatpay-serial"] == PUBLIC_KEY_ID


@pytest.mark.parametrize(
    ("content", "filename", "media_type"),
    [
        (b"", "a.jpg", "image/jpeg"),
        (b"x", "张三.jpg", "image/jpeg"),
        (b"x", 'a".jpg', "image/jpeg"),
        (b"x", "a.gif", "image/jpeg"),
        (b"x", "a.jpg\n", "image/jpeg"),
        (b"x", "a.jpg", "image/gif"),
    ],
)
async def test_an_image_that_would_be_refused_is_never_sent(
    client: PayClient, provider: Provider, content: bytes, filename: str, media_type: str
) -> None:
    """Empty, oddly named or of another type."""
    with pytest.raises(UnsendableError) as refusal:
        await client.upload_image(content, filename=filename, media_type=media_type)
    assert "张三" not in str(refusal.value)
    assert provider.received == []


@pytest.mark.parametrize("by_code", [True, False])
async def test_a_query_gives_the_whole_state(
    client: PayClient, credentials: PayCredentials, provider: Provider, by_code: bool
) -> None:
    """Both ways of asking give every field, and the raw body beside them."""
    body = orjson.dumps(STATE | {"something_new": [1]})
    provider.answer(200, body)
    found = await (
        client.query_by_business_code("1900013511_10000")
        if by_code
        else client.query_by_applyment_id("2000002124775691")
    )
    assert found is not None
    assert found.business_code == "1900013511_10000"
    assert found.applyment_id == "2000002124775691"
    assert found.sub_mchid == "1542488631"
    assert found.sign_url == STATE["sign_url"]
    assert found.applyment_state == "APPLYMENT_STATE_REJECTED"
    assert found.applyment_state_msg == "请修改后重新提交"
    assert found.audit_detail == (AuditItem("id_card_copy", "身份证人像面照片", "照片模糊"),)
    assert found.body == body
    assert "照片模糊" not in repr(found)
    assert "pay.weixin.qq.com" not in repr(found)

    (sent,) = provider.received
    assert sent.method == "GET"
    assert sent.target == "/v3/applyment4sub/applyment/" + (
        "business_code/1900013511_10000" if by_code else "applyment_id/2000002124775691"
    )
    assert sent.headers["wechatpay-serial"] == PUBLIC_KEY_ID
    sent.verify(credentials.private_key.public_key(), b"")


@pytest.mark.parametrize("absent", [{}, {"sub_mchid": "", "sign_url": None, "audit_detail": None}])
async def test_what_may_be_missing_may_be_missing(
    client: PayClient, provider: Provider, absent: dict[str, object]
) -> None:
    """Early states have no sub_mchid; a link, a message and reasons may be absent; a state may be unknown to us."""
    needed = {
        "business_code": "1900013511_10000",
        "applyment_id": 2000002124775691,
        "applyment_state": "APPLYMENT_STATE_BRAND_NEW",
    }
    provider.answer(200, orjson.dumps(needed | absent))
    found = await client.query_by_business_code("1900013511_10000")
    assert found is not None
    assert (found.sub_mchid, found.sign_url, found.applyment_state_msg, found.audit_detail) == (None, None, "", ())
    assert found.applyment_state == "APPLYMENT_STATE_BRAND_NEW"


@pytest.mark.parametrize(
    "changed",
    [
        {"business_code": "another"},
        {"applyment_state": ""},
        {"applyment_state": None},
        {"applyment_id": 2000002124775691.0},
        {"audit_detail": "none"},
        {"audit_detail": ["none"]},
        {"sub_mchid": 1542488631},
    ],
)
async def test_a_state_in_another_shape_is_not_used(
    client: PayClient, provider: Provider, changed: dict[str, object]
) -> None:
    """Another form's answer, or a promised field of another type, is as good as no answer."""
    provider.answer(200, orjson.dumps(STATE | changed))
    with pytest.raises(Retryable, match="unreadable"):
        await client.query_by_business_code("1900013511_10000")


async def test_the_time_and_nonce_are_injected(credentials: PayCredentials, provider: Provider) -> None:
    """What signs is what was given, so that a test can pin both."""
    provider.answer(404, b"{}")
    client = PayClient(
        credentials, base_url=provider.url + "/", wall=lambda: NOW_SECONDS + 0.9, nonce=lambda: "d824f2e0"
    )
    assert await client.query_by_applyment_id("1") is None
    await client.aclose()
    parts = provider.received[0].authorization()
    assert (parts["timestamp"], parts["nonce_str"]) == ("1722850421", "d824f2e0")


async def test_a_final_error_is_no_absence(client: PayClient, provider: Provider) -> None:
    """A query that is refused does not say that the form is missing."""
    provider.answer(403, b'{"code":"NO_AUTH"}')
    with pytest.raises(Final):
        await client.query_by_business_code("1900013511_10000")


@pytest.mark.parametrize("url", ["http://api.mch.weixin.qq.com", "http://10.0.0.1:8001", "ftp://127.0.0.2.example"])
def test_clear_text_leaves_this_machine_by_no_address(credentials: PayCredentials, url: str) -> None:
    """Plain http is for the sandbox on loopback."""
    with pytest.raises(ValueError, match="loopback"):
        PayClient(credentials, base_url=url)


@pytest.mark.parametrize("url", [PRIMARY_HOST, SECOND_HOST, "http://localhost:1", "http://[::1]:1"])
async def test_the_real_hosts_and_this_machine_are_allowed(credentials: PayCredentials, url: str) -> None:
    """Both access points of WeChat Pay, and loopback by name or number."""
    async with PayClient(credentials, base_url=url) as client:
        assert isinstance(client, PayClient)
