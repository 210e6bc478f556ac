"""Mobile numbers of staff: put in order, checked, masked. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Brackets, hyphens, whitespace, and the invisible characters that come along when text is copied out of a chat.
_GAPS: Final = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060\ufeff()-]+")
_MAINLAND: Final = re.compile(r"(?:\+86|0086|86)?(1[3-9]\d{9})")


def mobile_of(text: str) -> str | None:
    """Give the 11 digits of a mainland mobile number, however it was written; None when it is none."""
    found = _MAINLAND.fullmatch(_GAPS.sub("", unicodedata.normalize("NFKC", text)))
    return found[1] if found else None


def masked_mobile(mobile: str) -> str:
    """Give a mobile number as others see it."""
    return f"{mobile[:3]}****{mobile[-4:]}"
