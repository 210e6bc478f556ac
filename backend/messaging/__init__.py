"""Inbox, subscribe and template messages, official-account replies, alerts."""

from backend.messaging.inbox import (
    MarkInboxRead,
    inbox_id_of,
    mark_inbox_read,
    notify,
    unread_count,
)
from backend.messaging.messages import AlertKind, MessageKind
from backend.messaging.reactions import MESSAGING_REACTIONS

__all__ = [
    "MESSAGING_REACTIONS",
    "AlertKind",
    "MarkInboxRead",
    "MessageKind",
    "inbox_id_of",
    "mark_inbox_read",
    "notify",
    "unread_count",
]
