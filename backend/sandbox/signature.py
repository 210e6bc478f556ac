"""Signatures of requests and answers, and the key pair that WeChat Pay would hold."""

import base64
import binascii
import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .answers import PayError

SCHEME = "WECHATPAY2-SHA256-RSA2048"
TOLERANCE_SECONDS = 300
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"

_MEMBER = re.compile(r'\s*([a-z_]+)="([^"\r\n]*)"\s*')
_MEMBERS = frozenset({"mchid", "nonce_str", "signature", "timestamp", "serial_no"})


@dataclass(frozen=True, slots=True)
class Claim:
    """What an Authorization header says about its sender."""

    mchid: str
    serial_no: str
    timestamp: int
    nonce: str
    signature: str


def read_authorization(header: str | None) -> Claim:
    """Read an Authorization header; refuse with SIGN_ERROR whatever is not exactly the documented form."""
    malformed = PayError(401, "SIGN_ERROR", "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    scheme, _, rest = (header or "").partition(" ")
    if scheme != SCHEME:
        raise malformed
    members: dict[str, str] = {}
    for piece in rest.split(","):
        match = _MEMBER.fullmatch(piece)
        if match is None or match[1] in members:
            raise malformed
        members[match[1]] = match[2]
    if members.keys() != _MEMBERS or not re.fullmatch(r"[0-9]{1,12}", members["timestamp"]):
        raise malformed
    return Claim(
        members["mchid"], members["serial_no"], int(members["timestamp"]), members["nonce_str"], members["signature"]
    )


def request_message(method: str, target: str, timestamp: int, nonce: str, body: bytes) -> bytes:
    """Give the five lines that a request signs: the target as sent, the raw body (the meta text for uploads)."""
    return f"{method}\n{target}\n{timestamp}\n{nonce}\n".encode() + body + b"\n"


def verifies(public_key: rsa.RSAPublicKey, message: bytes, signature: str) -> bool:
    """Tell whether `signature` (base64) is that key's RSA-SHA256 signature of the message."""
    try:
        public_key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def check_request(
    claim: Claim, public_key: rsa.RSAPublicKey, *, method: str, target: str, body: bytes, now: float
) -> None:
    """Refuse with SIGN_ERROR a request out of time or not signed by its merchant's key over these very bytes."""
    if abs(now - claim.timestamp) > TOLERANCE_SECONDS:
        raise PayError(401, "SIGN_ERROR", "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
    message = request_message(method, target, claim.timestamp, claim.nonce, body)
    if verifies(public_key, message, claim.signature):
        return
    first_lines = message[: len(message) - len(body) - 1].decode()
    raise PayError(
        401,
        "SIGN_ERROR",
        "错误的签名，验签失败",
        {
            "field": "signature",
            "location": "authorization",
            "detail": {"issue": "sign not match"},
            "sign_information": {
                "method": method,
                "url": target,
                "sign_message_length": len(message),
                # The real one cuts the message as well; leaving the body out keeps a shop's data out of error texts.
                "truncated_sign_message": first_lines + ("..." if body else "\n"),
            },
        },
    )


class PlatformKey:
    """The 微信支付公钥 of this sandbox and its private half, kept in one file that only its owner may read."""

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._private_key = private_key
        public = private_key.public_key()
        self.public_key_pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        digest = hashlib.sha256(self.public_key_pem.encode()).digest()
        # The documented examples have 34 digits; derived from the key, the id needs no store of its own.
        self.public_key_id = f"PUB_KEY_ID_{int.from_bytes(digest, 'big') % 10**34:034d}"

    def __repr__(self) -> str:
        return f"PlatformKey({self.public_key_id})"

    @classmethod
    def load_or_create(cls, path: Path) -> "PlatformKey":
        """Load the key file, or make one (mode 0600, complete or absent whenever the process dies)."""
        if path.exists():
            # Made below and read by nobody else: checking its primes again would only slow every start.
            loaded = serialization.load_pem_private_key(
                path.read_bytes(), password=None, unsafe_skip_rsa_key_validation=True
            )
            if not isinstance(loaded, rsa.RSAPrivateKey):
                raise TypeError("the key file holds no RSA key")
            return cls(loaded)
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return cls(made)

    def open_field(self, ciphertext: str) -> str | None:
        """Decrypt a sensitive field (RSA-OAEP with SHA-1, base64); None when it is not one made for this key."""
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the scheme WeChat Pay uses
        try:
            return self._private_key.decrypt(base64.b64decode(ciphertext, validate=True), oaep).decode()
        except (binascii.Error, ValueError):
            return None

    def answer_headers(self, body: bytes, timestamp: int) -> Mapping[str, str]:
        """Sign an answer: the five headers of a Pay API answer."""
        nonce = secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self._private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": str(timestamp),
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Serial": self.public_key_id,
            "Wechatpay-Signature-Type": SCHEME,
        }
