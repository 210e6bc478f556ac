"""Pushes as WeChat's servers send them, written with plain cryptography and nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from datetime import UTC, datetime

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.wechat.platform import APP

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
NONCE = "1514711492"
TOKEN = str(APP.token)
AES_KEY = base64.b64decode(f"{APP.encoding_aes_key}=")
OPENID = "oOpenidCanary-0123456789abcd"
ACCOUNT = "gh_0123456789ab"


def signature(*parts: str, token: str = TOKEN) -> str:
    """Give the SHA-1 over the sorted parts and the token."""
    return hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()  # noqa: S324 - WeChat's choice


def query(*, at: int = SECONDS, encrypted: str | None = None, **more: str) -> dict[str, str]:
    """Give the query of a push, with `msg_signature` when there is something encrypted."""
    parameters = {
        "signature": signature(str(at), NONCE),
        "timestamp": str(at),
        "nonce": NONCE,
        "openid": OPENID,
    }
    if encrypted is not None:
        parameters |= {"encrypt_type": "aes", "msg_signature": signature(str(at), NONCE, encrypted)}
    return parameters | more


def xml(**members: str) -> str:
    """Give a push; members that begin with < stand in it as they are."""
    filled = {"ToUserName": ACCOUNT, "FromUserName": OPENID, "CreateTime": str(SECONDS)} | members
    inside = "".join(
        f"<{name}>{value}</{name}>" if value.startswith("<") else f"<{name}><![CDATA[{value}]]></{name}>"
        for name, value in filled.items()
    )
    return f"<xml>{inside}</xml>"


def text(content: str = "芝麻开门", **members: str) -> str:
    """Give the push of a text."""
    return xml(**({"MsgType": "text", "Content": content, "MsgId": "23456789012345678"} | members))


def event(name: str, **members: str) -> str:
    """Give the push of an event."""
    return xml(**({"MsgType": "event", "Event": name} | members))


def encrypt(clear: str | bytes, *, appid: str = APP.appid, key: bytes = AES_KEY) -> str:
    """Seal a push: random, length, message, appid; PKCS#7 to 32 bytes; AES-256-CBC."""
    message = clear.encode() if isinstance(clear, str) else clear
    plain = b"0123456789abcdef" + struct.pack(">I", len(message)) + message + appid.encode()
    return encrypt_block(_padded(plain), key=key)


def encrypt_block(plain: bytes, *, key: bytes = AES_KEY) -> str:
    """Encrypt whole blocks as they are."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(plain) + cipher.finalize()).decode()


def _padded(plain: bytes) -> bytes:
    # PKCS#7 to 32 bytes, where AES has blocks of 16.
    padder = padding.PKCS7(256).padder()
    return padder.update(plain) + padder.finalize()


def sealed(encrypted: str, beside: str = "") -> bytes:
    """Give the body of safe mode; with clear elements beside it, of compatible mode."""
    return f"<xml>{beside}<ToUserName>{ACCOUNT}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>".encode()


def unseal(reply: bytes) -> str:
    """Verify and decrypt a reply as WeChat does; give its XML."""
    parts = {
        name: value.removeprefix("<![CDATA[").removesuffix("]]>")
        for name, value in re.findall(r"<(\w+)>((?:<!\[CDATA\[.*?\]\]>|[^<]+))</\1>", reply.decode())
    }
    assert parts.keys() == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
    assert parts["MsgSignature"] == signature(parts["TimeStamp"], parts["Nonce"], parts["Encrypt"])
    cipher = Cipher(algorithms.AES(AES_KEY), modes.CBC(AES_KEY[:16])).decryptor()
    unpadder = padding.PKCS7(256).unpadder()
    plain = cipher.update(base64.b64decode(parts["Encrypt"], validate=True)) + cipher.finalize()
    plain = unpadder.update(plain) + unpadder.finalize()
    (length,) = struct.unpack(">I", plain[16:20])
    assert plain[20 + length :].decode() == APP.appid
    return plain[20 : 20 + length].decode()
