"""How applications refuse. Each code has its sentence in `schema/texts`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ApplicationRefusal(StrEnum):
    """Why a call on an application was refused, beside what its table of transitions says."""

    NOTICE_OUTDATED = "NOTICE_OUTDATED"
    PRE_CHECK_INVALID = "PRE_CHECK_INVALID"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    FIELD_LOCKED = "FIELD_LOCKED"
    FIELD_INVALID = "FIELD_INVALID"
    IMAGE_UNKNOWN = "IMAGE_UNKNOWN"
    IMAGE_PURPOSE_DIFFERS = "IMAGE_PURPOSE_DIFFERS"
    PURPOSE_UNKNOWN = "PURPOSE_UNKNOWN"
    TOO_MANY_IMAGES = "TOO_MANY_IMAGES"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    REASON_MISSING = "REASON_MISSING"
    OPEN_WORK = "OPEN_WORK"
    SUCCESSOR_MISSING = "SUCCESSOR_MISSING"


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field on which two phones differ: what this caller sent, and what stands there now, as text."""

    field: str
    yours: str
    theirs: str


class DraftConflict(Exception):
    """The draft changed since the caller looked; nothing was saved. Holds both values of each field that differs."""

    def __init__(self, *, current_version: int, state: str, conflicts: tuple[FieldConflict, ...]) -> None:
        super().__init__(f"draft is at version {current_version}")
        self.current_version = current_version
        self.state = state
        self.conflicts = conflicts

    def __repr__(self) -> str:
        return f"DraftConflict(current_version={self.current_version}, fields={len(self.conflicts)})"
