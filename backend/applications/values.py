"""One value of the form by its field: put in order, checked for shape, masked."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

from backend.applications.fields import ENCRYPTED_LIMIT_BYTES, Field, Kind, Mask, is_empty
from backend.applications.problems import Problem, ProblemCode

# Whitespace, and the invisible characters that come along when text is copied out of a chat.
_INVISIBLE = r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]+"
_GAPS = re.compile(_INVISIBLE)
_EDGES = re.compile(rf"\A{_INVISIBLE}|{_INVISIBLE}\Z")
_NAME_DOTS = str.maketrans(dict.fromkeys("•‧∙・⋅・", "·"))
_DATE = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
_MOBILE_AS_WRITTEN = re.compile(r"(?:\+86|86-|0086)?-?(1\d{2})-?(\d{4})-?(\d{4})")


def trim(text: str) -> str:
    """Take whitespace and invisible characters off both ends."""
    return _EDGES.sub("", text)


def _compact(text: str) -> str:
    return _GAPS.sub("", unicodedata.normalize("NFKC", text))


def _person_name(text: str) -> str:
    return _GAPS.sub("", text).translate(_NAME_DOTS)


def _number(text: str) -> str:
    return _compact(text).replace("-", "")


def _upper(text: str) -> str:
    return _compact(text).upper()


def _phone(text: str) -> str:
    compact = _compact(text)
    mobile = _MOBILE_AS_WRITTEN.fullmatch(compact)
    return "".join(mobile.groups()) if mobile else compact


def _date(text: str) -> str:
    compact = _compact(text)
    found = _DATE.fullmatch(compact)
    return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else compact


_NORMALISE: Mapping[Kind, Callable[[str], str]] = MappingProxyType(
    {
        Kind.TEXT: trim,
        Kind.PERSON_NAME: _person_name,
        Kind.DIGITS: _number,
        Kind.CODE: _upper,
        Kind.ID_NUMBER: _upper,
        Kind.PHONE: _phone,
        Kind.EMAIL: _compact,
        Kind.DATE: _date,
        Kind.DATE_OR_LONG_TERM: _date,
        Kind.INSTANT: trim,
        Kind.DECIMAL: _compact,
        Kind.CHOICE: trim,
        Kind.IMAGE: trim,
    }
)


def normalise(field: Field, value: object) -> object:
    """Put a value into the form in which it is stored; a value of the wrong type comes back as it was."""
    change = _NORMALISE.get(field.kind)
    return change(value) if change is not None and isinstance(value, str) else value


def check_shape(field: Field, value: object) -> Problem | None:
    """Say why even a partial save must refuse a value: wrong type, over the hard limit, not a choice; else None.

    Clearing a field is never refused, and neither is a value that is merely not right yet.
    """
    if is_empty(value):
        return None
    if field.kind is Kind.FLAG:
        return None if isinstance(value, bool) else Problem(field.name, ProblemCode.WRONG_TYPE)
    if field.kind is Kind.IMAGES:
        return _check_images(field, value)
    if not isinstance(value, str):
        return Problem(field.name, ProblemCode.WRONG_TYPE)
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\r\n" for c in value):
        # PostgreSQL stores no NUL, and a lone surrogate has no UTF-8.
        return Problem(field.name, ProblemCode.BAD_CHARACTER)
    if field.choices and value not in field.choices:
        return Problem(field.name, ProblemCode.NOT_A_CHOICE)
    if len(value) > field.max_length:
        return Problem(field.name, ProblemCode.TOO_LONG, {"max": field.max_length})
    if field.encrypted and len(value.encode()) > ENCRYPTED_LIMIT_BYTES:
        # Three bytes to a Chinese character.
        return Problem(field.name, ProblemCode.TOO_LONG, {"max": ENCRYPTED_LIMIT_BYTES // 3})
    return None


def _check_images(field: Field, value: object) -> Problem | None:
    if not isinstance(value, list | tuple):
        return Problem(field.name, ProblemCode.WRONG_TYPE)
    if not all(isinstance(image_id, str) and image_id for image_id in value) or len(set(value)) != len(value):
        return Problem(field.name, ProblemCode.WRONG_TYPE)
    if len(value) > field.max_length:
        return Problem(field.name, ProblemCode.TOO_MANY, {"max": field.max_length})
    return None


def _keep(text: str, head: int, tail: int, shortest: int) -> str:
    if len(text) < shortest:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]


def _mask_email(text: str) -> str:
    name, _, host = text.rpartition("@")
    if not name:
        return "***"
    return f"{name[0]}***@{host}" if len(name) > 1 else f"***@{host}"


def _mask_phone(text: str) -> str:
    return _keep(text, 3, 4, 10) if len(text) >= 10 else _keep(text, 0, 2, 5)


def _mask_address(text: str) -> str:
    # A short address keeps less than half, so that it is never shown whole.
    return text[: min(6, len(text) // 2)] + "***"


def _mask_coordinate(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.***" if fraction else "***"


_MASKS: Mapping[Mask, Callable[[str], str]] = MappingProxyType(
    {
        Mask.NAME: lambda text: _keep(text, 1, 0, 2),
        Mask.ID_NUMBER: lambda text: _keep(text, 6, 4, 15),
        Mask.CARD_NUMBER: lambda text: _keep(text, 6, 4, 15),
        Mask.PHONE: _mask_phone,
        Mask.EMAIL: _mask_email,
        Mask.ADDRESS: _mask_address,
        Mask.COORDINATE: _mask_coordinate,
    }
)


def mask(field: Field, value: object) -> str:
    """Give a sensitive value as it may be shown: 张*, 440305********1234, 138****5678, a***@x.cn.

    What is not filled in comes back as "", a field without a mask as text.
    """
    if is_empty(value):
        return ""
    text = str(value)
    return _MASKS[field.mask](text) if field.mask is not None else text
