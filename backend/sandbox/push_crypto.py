"""The signatures of pushes and the encryption of 安全模式."""

import base64
import binascii
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK_BYTES = 32
_RANDOM_BYTES = 16
_LENGTH_BYTES = 4


def signature(*parts: str) -> str:
    """Give the SHA-1 of the parts, sorted as texts and joined: token, timestamp, nonce, and the ciphertext if any."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324 - the scheme of the platform


def encrypt(encoding_aes_key: str, appid: str, message: bytes) -> str:
    """Encrypt a message for an app: random bytes, length, message, appid; AES-256-CBC, padded to 32; base64."""
    plain = secrets.token_bytes(_RANDOM_BYTES) + len(message).to_bytes(_LENGTH_BYTES, "big") + message + appid.encode()
    pad = _BLOCK_BYTES - len(plain) % _BLOCK_BYTES
    encryptor = _cipher(encoding_aes_key).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypt(encoding_aes_key: str, appid: str, ciphertext: str) -> bytes:
    """Decrypt what `encrypt` would make; ValueError for anything else, and for another app's."""
    try:
        sealed = base64.b64decode(ciphertext, validate=True)
    except binascii.Error:
        raise ValueError("the ciphertext is no base64") from None
    decryptor = _cipher(encoding_aes_key).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    pad = padded[-1] if padded else 0
    if not 1 <= pad <= _BLOCK_BYTES or padded[-pad:] != bytes([pad]) * pad:
        raise ValueError("the padding is wrong")
    plain = padded[_RANDOM_BYTES:-pad]
    length = int.from_bytes(plain[:_LENGTH_BYTES], "big")
    message, rest = plain[_LENGTH_BYTES : _LENGTH_BYTES + length], plain[_LENGTH_BYTES + length :]
    if rest != appid.encode():
        raise ValueError("the message is not for this app")
    return message


def _cipher(encoding_aes_key: str) -> Cipher[modes.CBC]:
    key = base64.b64decode(encoding_aes_key + "=")
    return Cipher(algorithms.AES256(key), modes.CBC(key[:16]))
