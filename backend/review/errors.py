"""How review refuses, beside what the application table says."""

from __future__ import annotations

from enum import StrEnum


class ReviewRefusal(StrEnum):
    """Why a decision was refused before the table was asked."""

    REASON_FIELD_UNKNOWN = "REASON_FIELD_UNKNOWN"
    GROUP_NAME_MISSING = "GROUP_NAME_MISSING"
    TOO_MANY_REASONS = "TOO_MANY_REASONS"
