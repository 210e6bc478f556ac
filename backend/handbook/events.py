"""The facts of the handbook's life, and what each event's body holds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class EventKind(StrEnum):
    """Every kind of event an entry of the handbook leaves in the log."""

    DRAFT_STARTED = "HANDBOOK_DRAFT_STARTED"
    DRAFT_SAVED = "HANDBOOK_DRAFT_SAVED"
    DRAFT_DISCARDED = "HANDBOOK_DRAFT_DISCARDED"
    PUBLISHED = "HANDBOOK_PUBLISHED"
    RETIRED = "HANDBOOK_RETIRED"
    ACKNOWLEDGED = "HANDBOOK_ACKNOWLEDGED"


# What the body of each kind may hold beside `from` and `to`.
BODIES: Final[Mapping[EventKind, frozenset[str]]] = {
    EventKind.DRAFT_STARTED: frozenset({"kind", "code", "number"}),
    EventKind.DRAFT_SAVED: frozenset({"changes"}),
    EventKind.DRAFT_DISCARDED: frozenset(),
    EventKind.PUBLISHED: frozenset({"effective_on"}),
    EventKind.RETIRED: frozenset({"retired_on"}),
    EventKind.ACKNOWLEDGED: frozenset(),
}
