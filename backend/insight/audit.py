"""The audit trail: every fact about one subject with who did it, and whether the chain over them is whole."""

from __future__ import annotations

from typing import Any

import orjson

from backend.accounts.models import Invitation, Organisation, Staff
from backend.applications.models import Application
from backend.foundation.events import Event, first_break
from backend.foundation.ids import may_be_id
from backend.foundation.pages import MOST_PER_PAGE
from backend.foundation.subjects import Subject
from backend.foundation.views import Row
from backend.handbook.models import HandbookEntry

# Whose trail may be shown; the ids say by their prefix what they name.
_SUBJECTS: dict[str, type[Subject]] = {
    "apl": Application,
    "stf": Staff,
    "org": Organisation,
    "inv": Invitation,
    "hbe": HandbookEntry,
}


async def audit_trail(subject_id: str, *, first: int, after: int) -> Row | None:
    """Read the facts about a subject behind a sequence, oldest first, and check its whole chain; None for no subject.

    Facts hold sensitive values masked or not at all, so the trail shows what happened, not whom it happened to.
    """
    model = _SUBJECTS.get(subject_id.partition("_")[0])
    subject = await model.get_or_none(id=subject_id) if model is not None and may_be_id(subject_id) else None
    if subject is None:
        return None
    events = await Event.filter(subject_id=subject_id).order_by("sequence")
    broken = first_break(events, last_sequence=subject.event_sequence, last_hash=subject.event_hash)
    shown = [event for event in events if event.sequence > after][: min(first, MOST_PER_PAGE)]
    return {
        "is_whole": broken is None,
        "broken_at": broken.sequence if broken else None,
        "length": len(events),
        "events": [_row(event) for event in shown],
        "has_more": bool(shown) and shown[-1].sequence < len(events),
    }


def _row(event: Event) -> Row:
    body: dict[str, Any] = orjson.loads(event.body) if event.body else {}
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "actor_kind": event.actor_kind,
        "actor_id": event.actor_id,
        "occurred_at": event.occurred_at,
        "facts": [{"name": name, "value": _text(value)} for name, value in sorted(body.items()) if value is not None],
        "hash": event.hash,
    }


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
