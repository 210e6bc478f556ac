"""The event log: facts about subjects. It is the timeline, the audit trail and the feed, all three."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from tortoise import fields
from tortoise.models import Model

from backend.foundation.subjects import Subject

INDEXES = {
    "event_subject_sequence": 'UNIQUE INDEX IF NOT EXISTS {name} ON "event" ("subject_id", "sequence")',
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a kind (STAFF, PARTNER_KEY, SYSTEM) and that one's id; the system has the id `system`."""

    kind: str
    id: str


SYSTEM = Actor("SYSTEM", "system")


class Event(Model):
    """One fact. `position` orders the whole log and `sequence` the facts of one subject. Both only grow.

    `body` is canonical JSON with sensitive values masked. The chain runs over `body_hash`, so a body may be erased
    later while the chain stays whole.
    """

    position = fields.BigIntField(primary_key=True, generated=True)
    subject_type = fields.CharField(max_length=24)
    subject_id = fields.CharField(max_length=40)
    sequence = fields.IntField()
    kind = fields.CharField(max_length=48)
    actor_kind = fields.CharField(max_length=16)
    actor_id = fields.CharField(max_length=40)
    occurred_at = fields.DatetimeField()
    body = fields.TextField(null=True)
    body_hash = fields.CharField(max_length=64)
    cause = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "event"


def canonical(value: object) -> str:
    """Write `value` as JSON in the one form that is hashed: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def to_millisecond(moment: datetime) -> datetime:
    """Cut an instant to milliseconds, which is what the log keeps and the API tells."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def chained_hash(previous: str, event: Event) -> str:
    """Hash one event over the hash of the one before it and everything it says."""
    said = [
        previous,
        event.subject_type,
        event.subject_id,
        event.sequence,
        event.kind,
        event.actor_kind,
        event.actor_id,
        event.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        event.body_hash,
        event.cause,
    ]
    return hashlib.sha256(canonical(said).encode()).hexdigest()


def next_event(
    subject: Subject, *, kind: str, actor: Actor, body: Mapping[str, Any], occurred_at: datetime, cause: str
) -> Event:
    """Make the subject's next event and move the subject's end of the chain; the caller holds the subject's lock.

    Neither is saved here: the unit of work saves both in its transaction.
    """
    text = canonical(body)
    event = Event(
        subject_type=subject.subject_type,
        subject_id=subject.id,
        sequence=subject.event_sequence + 1,
        kind=kind,
        actor_kind=actor.kind,
        actor_id=actor.id,
        occurred_at=to_millisecond(occurred_at),
        body=text,
        body_hash=hashlib.sha256(text.encode()).hexdigest(),
        cause=cause,
    )
    event.hash = chained_hash(subject.event_hash, event)
    subject.event_sequence = event.sequence
    subject.event_hash = event.hash
    return event


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """Where a chain stops being whole: the sequence, and what is wrong there."""

    sequence: int
    reason: str


def first_break(events: Sequence[Event], *, last_sequence: int, last_hash: str) -> ChainBreak | None:
    """Check one subject's events, oldest first, against the end its row holds; None when the chain is whole."""
    previous = ""
    for expected, event in enumerate(events, start=1):
        if event.sequence != expected:
            return ChainBreak(expected, "missing")
        if event.body and hashlib.sha256(event.body.encode()).hexdigest() != event.body_hash:
            return ChainBreak(expected, "body changed")
        if event.hash != chained_hash(previous, event):
            return ChainBreak(expected, "hash differs")
        previous = event.hash
    if len(events) != last_sequence or previous != last_hash:
        return ChainBreak(len(events) + 1, "end differs from the row")
    return None
