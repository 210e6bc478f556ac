"""How far something has come on its way out."""

from __future__ import annotations

from enum import StrEnum


class Result(StrEnum):
    """Where one attempt to tell somebody something stands. UNKNOWN was sent or not: it is never sent again."""

    WAITING = "WAITING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
