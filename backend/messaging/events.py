"""The facts of an inbox, and what each event's body holds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class InboxEvent(StrEnum):
    """Every kind of event an inbox leaves in the log."""

    INBOX_MESSAGE = "INBOX_MESSAGE"


# What a message says stands in its row, not in the log.
BODIES: Mapping[InboxEvent, frozenset[str]] = {
    InboxEvent.INBOX_MESSAGE: frozenset({"message_id", "kind", "subject_id"}),
}
