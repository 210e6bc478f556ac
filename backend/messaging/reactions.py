"""Who is told what when something happens to a person or an application; in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from backend.accounts.events import StaffEvent
from backend.accounts.models import Staff
from backend.applications import Application
from backend.applications.events import EventKind
from backend.applications.record import masked_values
from backend.applications.rules import AWAITING, State, filer_of
from backend.foundation.reactions import Reaction
from backend.foundation.subjects import Subject
from backend.foundation.work import Work
from backend.messaging.alerts import alert, alert_at_most_once_a_minute
from backend.messaging.inbox import count_up, notify
from backend.messaging.messages import AlertKind, MessageKind
from backend.messaging.texts import UNNAMED_SHOP


def _told_person(kind: MessageKind, *params: str) -> Reaction:
    """Tell the person themself; `params` are taken from the event's body."""

    async def react(work: Work, subject: Subject, body: Mapping[str, Any]) -> None:
        if subject.id != work.actor.id:
            await notify(work, subject.id, kind, subject_id=subject.id, **{name: body[name] for name in params})

    return react


def _alerted_about_person(kind: AlertKind) -> Reaction:
    async def react(work: Work, subject: Subject, _body: Mapping[str, Any]) -> None:
        assert isinstance(subject, Staff)  # noqa: S101 - only people leave these events
        await alert(work, kind, subject_id=subject.id, name=masked_name(subject.name))

    return react


def masked_name(name: str) -> str:
    """Give a person's name as a group chat may see it; what could be markup is no part of it."""
    return f"{name[:1] if name[:1].isalnum() else ''}**"


def _told_filer(kind: MessageKind, *params: str) -> Reaction:
    """Tell whoever files the application now, unless it was their own doing."""

    async def react(work: Work, subject: Subject, body: Mapping[str, Any]) -> None:
        await _tell_filer(work, subject, kind, {name: body[name] for name in params})

    return react


async def _tell_filer(work: Work, subject: Subject, kind: MessageKind, params: Mapping[str, Any]) -> None:
    assert isinstance(subject, Application)  # noqa: S101 - only applications leave these events
    filer = filer_of(subject)
    if filer != work.actor.id:
        shop = masked_values(subject.form).get("micro_name") or UNNAMED_SHOP
        await notify(work, filer, kind, subject_id=subject.id, shop=shop, **params)


async def _on_returned(work: Work, subject: Subject, body: Mapping[str, Any]) -> None:
    by_provider = body["from"] == State.PROVIDER_REJECTED
    kind = MessageKind.APPLICATION_PROVIDER_REJECTED if by_provider else MessageKind.APPLICATION_RETURNED
    await _tell_filer(work, subject, kind, {})


async def _on_provider_moved(work: Work, subject: Subject, body: Mapping[str, Any]) -> None:
    if body["to"] == State.OPENED:
        await _tell_filer(work, subject, MessageKind.APPLICATION_OPENED, {})
    elif body["to"] in AWAITING and body["from"] not in AWAITING:
        # Verification and signature are one visit of the owner: said once.
        await _tell_filer(work, subject, MessageKind.OWNER_MUST_SIGN, {})


async def _on_handed_over(work: Work, _subject: Subject, body: Mapping[str, Any]) -> None:
    if body["to_staff_id"] != work.actor.id:
        await count_up(work, body["to_staff_id"], MessageKind.WORK_HANDED_OVER, subject_id=body["from_staff_id"])


async def _on_submitted(work: Work, subject: Subject, _body: Mapping[str, Any]) -> None:
    await alert_at_most_once_a_minute(work, AlertKind.APPLICATION_WAITING, subject_id=subject.id)


async def _on_opened_after_abandon(work: Work, subject: Subject, _body: Mapping[str, Any]) -> None:
    await alert(work, AlertKind.OPENED_AFTER_ABANDON, subject_id=subject.id)


# Event to what follows it; the composition root puts these behind what earlier features do at the same event.
MESSAGING_REACTIONS: Final[Mapping[str, Reaction]] = {
    StaffEvent.STAFF_REGISTERED: _alerted_about_person(AlertKind.REGISTRATION_WAITING),
    StaffEvent.STAFF_HURRIED: _alerted_about_person(AlertKind.REGISTRATION_HURRIED),
    StaffEvent.STAFF_REPORTED: _alerted_about_person(AlertKind.LEAVER_REPORTED),
    StaffEvent.STAFF_APPROVED: _told_person(MessageKind.REGISTRATION_APPROVED),
    StaffEvent.STAFF_REJECTED: _told_person(MessageKind.REGISTRATION_REJECTED, "reason"),
    StaffEvent.STAFF_REINSTATED: _told_person(MessageKind.STAFF_REINSTATED),
    EventKind.SUBMITTED: _on_submitted,
    EventKind.RETURNED: _on_returned,
    EventKind.REFUSED: _told_filer(MessageKind.APPLICATION_REFUSED, "reason"),
    EventKind.WITHDRAWN: _told_filer(MessageKind.APPLICATION_WITHDRAWN),
    EventKind.EXPIRED: _told_filer(MessageKind.APPLICATION_EXPIRED),
    EventKind.VOIDED: _told_filer(MessageKind.APPLICATION_VOIDED),
    EventKind.PROVIDER_MOVED: _on_provider_moved,
    EventKind.HANDED_OVER: _on_handed_over,
    EventKind.OPENED_AFTER_ABANDON: _on_opened_after_abandon,
}
