"""Reading an error answer without letting its contents out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson

LONGEST_WAIT_SECONDS: Final = 3600.0

# A code and a pointer are shown in errors and logs, so only what cannot be a person's data passes as one.
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,63}", re.ASCII)
_POINTER: Final = r"(?:/?body(?=/))?(/[a-z][a-z_]*(?:/(?:[a-z][a-z_]*|[0-9]{1,2}))*)"
_POINTER_ALONE: Final = re.compile(_POINTER, re.ASCII)
_POINTER_QUOTED: Final = re.compile(f"[“\"'(（]{_POINTER}[”\"')）]", re.ASCII)
_REQUEST_ID: Final = re.compile(r"[0-9A-Za-z_.-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error answer says: `code` is "" when it is not WeChat Pay's JSON, as with the HTML of a proxy."""

    code: str
    message: str = field(repr=False)
    pointer: str | None


def read_refusal(body: bytes) -> Refusal:
    """Read `code`, `message` and the JSON pointer of an error body; never raises.

    The pointer stands in `detail.field`, or in the message within quotes or parentheses, with and without `/body`.
    """
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        return Refusal("", "", None)
    code, message, detail = content.get("code"), content.get("message"), content.get("detail")
    text = message if isinstance(message, str) else ""
    named = detail.get("field") if isinstance(detail, dict) else None
    pointer = _POINTER_ALONE.fullmatch(named) if isinstance(named, str) else None
    pointer = pointer or _POINTER_QUOTED.search(text)
    return Refusal(
        code=code if isinstance(code, str) and _CODE.fullmatch(code) else "",
        message=text,
        pointer=pointer[1] if pointer else None,
    )


def read_request_id(headers: Mapping[str, str]) -> str:
    """Give the Request-ID that WeChat Pay's support asks for, or ""."""
    value = headers.get("Request-ID", "")
    return value if _REQUEST_ID.fullmatch(value) else ""


def read_retry_after(headers: Mapping[str, str], now_seconds: float) -> float | None:
    """Give the wait that `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3), an hour at most."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        # Cut before converting: the header may hold any number of digits.
        wait = float(value[:12])
    else:
        try:
            wait = parsedate_to_datetime(value).timestamp() - now_seconds
        except (ValueError, OverflowError):
            return None
    return min(max(wait, 0.0), LONGEST_WAIT_SECONDS)
