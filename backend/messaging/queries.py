"""What may be read of messages and alerts, and by whom."""

from __future__ import annotations

from typing import Any

import orjson
from tortoise.expressions import Q

from backend.accounts.rules import Permission, Viewer
from backend.foundation.pages import MOST_PER_PAGE, Order, stream_cursor
from backend.foundation.views import Derived, Reading, Row, Selection, View, fetch
from backend.messaging.messages import MESSAGES, AlertKind, MessageKind
from backend.messaging.models import Alert, Inbox, InboxMessage
from backend.messaging.texts import alert_line, sentence_of, title_of


def _params(row: Row) -> dict[str, Any]:
    params: dict[str, Any] = orjson.loads(row["params"])
    return params


INBOX_MESSAGE = View(
    type_name="InboxMessage",
    model=InboxMessage,
    columns=frozenset({"id", "kind", "subject_id", "sequence", "created_at", "read_at"}),
    # One's own, and nobody else's.
    scope=lambda reading: Q(staff_id=reading.viewer.id),
    derived={
        "title": Derived(("kind",), lambda row, _reading: title_of(MessageKind(row["kind"]))),
        "text": Derived(("kind", "params"), lambda row, _reading: sentence_of(MessageKind(row["kind"]), _params(row))),
        "cursor": Derived(("sequence",), lambda row, _reading: stream_cursor(row["sequence"])),
        "page": Derived(
            ("kind", "subject_id"),
            lambda row, _reading: MESSAGES[MessageKind(row["kind"])].page.path_to(row["subject_id"]),
        ),
    },
)

NEWEST_FIRST = Order("created_at", descending=True)


async def last_sequence(inbox_id: str) -> int:
    """Give where an inbox's chain ends now."""
    rows = await Inbox.filter(id=inbox_id).values_list("event_sequence", flat=True)
    return int(str(rows[0])) if rows else 0


async def inbox_events_after(reading: Reading, selection: Selection, sequence: int, *, first: int) -> list[Row]:
    """Read the viewer's messages behind a sequence of the inbox's chain, oldest first; one more than `first` if any."""
    return await fetch(
        INBOX_MESSAGE,
        Selection({**selection.fields, "sequence": Selection()}),
        reading,
        where=Q(sequence__gt=sequence),
        order_by=("sequence",),
        limit=min(first, MOST_PER_PAGE) + 1,
    )


ABOUT_PEOPLE = frozenset({AlertKind.REGISTRATION_WAITING, AlertKind.REGISTRATION_HURRIED, AlertKind.LEAVER_REPORTED})


def alert_scope(viewer: Viewer) -> Q | None:
    """Limit a read to what the viewer is there to settle: people, applications, or both."""
    kinds: set[AlertKind] = set()
    if viewer.may(Permission.DECIDE_REGISTRATIONS):
        kinds |= ABOUT_PEOPLE
    if viewer.may(Permission.REVIEW_APPLICATIONS):
        kinds |= set(AlertKind) - ABOUT_PEOPLE
    return Q(kind__in=sorted(kinds)) if kinds else None


ALERT = View(
    type_name="Alert",
    model=Alert,
    columns=frozenset({"id", "kind", "subject_id", "created_at"}),
    scope=lambda reading: alert_scope(reading.viewer),
    derived={
        "text": Derived(("kind", "params"), lambda row, _reading: alert_line(AlertKind(row["kind"]), _params(row))),
    },
)
