"""How far something has come on its way out."""

from __future__ import annotations

from enum import StrEnum

from backend.wechat import PlatformError, PlatformFailure


class Result(StrEnum):
    """Where one attempt to tell somebody something stands. UNKNOWN was sent or not: it is never sent again."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


def result_of(error: PlatformError) -> Result:
    """Tell what a failed call leaves behind: to be tried again, given up, or nobody knows."""
    match error.kind:
        case PlatformFailure.UNKNOWN_OUTCOME:
            return Result.UNKNOWN
        case PlatformFailure.BUSY | PlatformFailure.UNREACHABLE:
            return Result.WAITING
        case _:
            return Result.FAILED
