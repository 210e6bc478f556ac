"""Encryption of the fields that WeChat Pay wants sealed."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from backend.wechat.errors import PlaintextTooLongError, UnsendableError


def plaintext_limit_bytes(public_key: RSAPublicKey) -> int:
    """Give the longest UTF-8 text that `public_key` can seal: 214 bytes for a 2048-bit key (RFC 8017, 7.1.1)."""
    return public_key.key_size // 8 - 2 * hashes.SHA1.digest_size - 2


def encrypt(public_key: RSAPublicKey, plaintext: str) -> str:
    """Seal one text by RSAES-OAEP with SHA-1, MGF1-SHA-1 and an empty label; give base64.

    Refuses a longer text than the key can hold with `PlaintextTooLongError`, and half a surrogate pair with
    `UnsendableError`. Each call gives another ciphertext.
    """
    try:
        data = plaintext.encode()
    except UnicodeEncodeError:
        # Without the cause: it carries the text.
        raise UnsendableError("the text is not valid Unicode") from None
    if len(data) > plaintext_limit_bytes(public_key):
        raise PlaintextTooLongError(f"more than {plaintext_limit_bytes(public_key)} bytes cannot be encrypted")
    # SHA-1 is the provider's choice (敏感信息加解密), and OAEP does not rest on its collision resistance.
    digest = hashes.SHA1()  # noqa: S303 - prescribed by WeChat Pay
    sealed = public_key.encrypt(data, padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None))
    return base64.b64encode(sealed).decode("ascii")


def encrypt_paths(form: Mapping[str, Any], paths: Collection[str], public_key: RSAPublicKey) -> dict[str, Any]:
    """Give a copy of `form` in which the text at each dotted path is sealed; `form` stays as it was.

    A path that the form does not have is passed over: conditional fields are often absent. A path that leads to
    anything but text is refused with `UnsendableError`, so that nothing meant to be sealed can leave in clear.
    """
    sealed = dict(form)
    for path in sorted(set(paths)):
        *parents, leaf = path.split(".")
        parent = _copied_parent(sealed, parents, path)
        if parent is None or leaf not in parent:
            continue
        if not isinstance(parent[leaf], str):
            raise UnsendableError(f"{path}: only text can be encrypted")
        try:
            parent[leaf] = encrypt(public_key, parent[leaf])
        except UnsendableError as error:
            raise type(error)(f"{path}: {error}") from None
    return sealed


def _copied_parent(sealed: dict[str, Any], parents: list[str], path: str) -> dict[str, Any] | None:
    """Walk down `parents`, putting a copy in place of each object on the way; `None` where the form ends early."""
    for name in parents:
        if name not in sealed:
            return None
        if not isinstance(sealed[name], Mapping):
            raise UnsendableError(f"{path}: {name} is not an object")
        copy = dict(sealed[name])
        sealed[name] = copy
        sealed = copy
    return sealed
