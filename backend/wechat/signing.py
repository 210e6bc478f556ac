"""The strings that are signed, and the RSA signatures over them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
CLOCK_TOLERANCE_SECONDS: Final = 300

_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


class UnverifiedAnswerError(Exception):
    """An answer that may not be used: it is unsigned, forged, stale, or a probe with a wrong signature."""


class UnknownSerialError(UnverifiedAnswerError):
    """An answer signed by a key that is not among ours: the keys changed, or are misconfigured."""


def request_message(method: str, target: str, *, timestamp: int, nonce: str, body: bytes) -> bytes:
    """Give the five signed lines of a request.

    `target` is path and query exactly as sent. `body` is empty for GET and the meta JSON for an upload
    (WeChat Pay docs, 签名与验签规则).
    """
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def answer_message(*, timestamp: str, nonce: str, body: bytes) -> bytes:
    """Give the three signed lines of an answer; a 204 has an empty third line."""
    return f"{timestamp}\n{nonce}\n".encode() + body + b"\n"


def sign(private_key: RSAPrivateKey, message: bytes) -> str:
    """Sign with RSA PKCS#1 v1.5 over SHA-256; give base64."""
    return base64.b64encode(private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode("ascii")


def verify(public_key: RSAPublicKey, message: bytes, signature: str) -> None:
    """Return when `signature` is `public_key`'s over `message`, else raise `UnverifiedAnswerError`.

    WeChat Pay now and then sends a probe that begins with `WECHATPAY/SIGNTEST/`. Whether or not it decodes as base64,
    it fails here like any other wrong signature.
    """
    try:
        public_key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise UnverifiedAnswerError("the signature does not match the answer") from error


def authorization(
    *, mchid: str, serial_no: str, private_key: RSAPrivateKey, message: bytes, timestamp: int, nonce: str
) -> str:
    """Give the `Authorization` header for `message`, which must hold the same timestamp and nonce."""
    signature = sign(private_key, message)
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{timestamp}",serial_no="{serial_no}"'
    )


def verify_answer(
    headers: Mapping[str, str], body: bytes, *, keys: Mapping[str, RSAPublicKey], now_seconds: float
) -> None:
    """Return when `body` was signed by the key of `keys` that the answer names, less than 300 s from now.

    Refuses with `UnknownSerialError` when the named key is not in `keys` and with `UnverifiedAnswerError` for
    everything else. `headers` must be case-insensitive. The tolerance is that of WeChat Pay's own Go SDK, which refuses
    300 s already.
    """
    names = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
    timestamp, nonce, signature, serial = (headers.get(name, "") for name in names)
    if not (timestamp and nonce and signature and serial):
        raise UnverifiedAnswerError("the answer is not signed")
    if headers.get("Wechatpay-Signature-Type", SCHEME) != SCHEME:
        raise UnverifiedAnswerError("the answer is signed by another scheme")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now_seconds - int(timestamp)) >= CLOCK_TOLERANCE_SECONDS:
        raise UnverifiedAnswerError("the time of the answer is too far from ours")
    key = keys.get(serial)
    if key is None:
        raise UnknownSerialError("the answer is signed by a key that we do not hold")
    verify(key, answer_message(timestamp=timestamp, nonce=nonce, body=body), signature)
