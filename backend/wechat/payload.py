"""The bytes of a filing: cleaned, sealed and serialised once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from backend.wechat.errors import UnsendableError
from backend.wechat.sensitive import encrypt_paths


def without_empties(form: Mapping[str, Any]) -> dict[str, Any]:
    """Give a deep copy without nulls, empty texts, empty lists and empty objects, at any depth; 0 and false stay.

    WeChat Pay validates an empty value as if it were meant, and answers with 系统繁忙 (official FAQ of 特约商户进件).
    """
    kept: dict[str, Any] = _pruned(form) or {}
    return kept


def encode_form(form: Mapping[str, Any], encrypted_paths: Collection[str], public_key: RSAPublicKey) -> bytes:
    """Give the UTF-8 JSON that is signed and sent.

    `form` is in clear and is not changed. Refuses with `UnsendableError` what cannot be sealed, and values that are not
    plain JSON: a date must already be the text that WeChat Pay expects.
    """
    sealed = encrypt_paths(without_empties(form), encrypted_paths, public_key)
    try:
        return orjson.dumps(sealed, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError:
        # Without the cause: its sentence may quote the value.
        raise UnsendableError("the form holds a value that is not plain JSON") from None


def _pruned(value: Any) -> Any:
    if isinstance(value, Mapping):
        members = ((name, _pruned(member)) for name, member in value.items())
        return {name: member for name, member in members if member is not None} or None
    if isinstance(value, str):
        return value or None
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [item for item in map(_pruned, value) if item is not None] or None
    return value
