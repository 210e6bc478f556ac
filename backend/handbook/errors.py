"""How the handbook refuses, beside what its table says. Each code has its sentence in `schema/texts`."""

from __future__ import annotations

from enum import StrEnum


class HandbookRefusal(StrEnum):
    """Why a call on the handbook was refused before the table was asked."""

    ENTRY_CODE_INVALID = "ENTRY_CODE_INVALID"
    CONTENT_MISSING = "CONTENT_MISSING"
    CONTENT_TOO_LONG = "CONTENT_TOO_LONG"
    CONTENT_TOO_MANY = "CONTENT_TOO_MANY"
    CONTENT_BAD_FORMAT = "CONTENT_BAD_FORMAT"
    PERIOD_REVERSED = "PERIOD_REVERSED"
    ACTIVITY_INCOMPLETE = "ACTIVITY_INCOMPLETE"
    SAMPLE_UNKNOWN = "SAMPLE_UNKNOWN"
    TOO_MANY_SAMPLES = "TOO_MANY_SAMPLES"
    NOTHING_TO_ACKNOWLEDGE = "NOTHING_TO_ACKNOWLEDGE"
