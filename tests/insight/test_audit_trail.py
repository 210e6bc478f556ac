"""The audit trail: every fact, page by page, and whether anybody has been at it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from backend.accounts import Viewer, suspend_staff
from backend.accounts.models import Invitation, Organisation, Staff
from backend.applications.models import Application
from backend.foundation.events import Event
from backend.foundation.runtime import Runtime
from backend.foundation.subjects import Subject
from backend.foundation.views import Row
from backend.handbook.models import HandbookEntry
from backend.insight.audit import audit_trail
from tests.builders.applications import SECRETS, a_submitted
from tests.builders.people import a_change, a_team, invite


async def test_every_fact_is_there_in_order(runtime: Runtime, clerk: Viewer) -> None:
    """Page by page the same as at once; with who did it and what it says, and no personal value."""
    application_id = await a_submitted(runtime, clerk, merchant_shortname="大郎烧饼店")
    whole = await audit_trail(application_id, first=50, after=0)
    assert whole is not None
    assert (whole["is_whole"], whole["broken_at"], whole["has_more"]) == (True, None, False)
    events = whole["events"]
    assert whole["length"] == len(events) == 3
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert (events[0]["kind"], events[-1]["kind"]) == ("STARTED", "SUBMITTED")
    assert {(event["actor_kind"], event["actor_id"]) for event in events} == {("STAFF", clerk.id)}
    assert [secret for secret in SECRETS if secret in repr(whole)] == []
    paged: list[Row] = []
    while True:
        page = await audit_trail(application_id, first=2, after=len(paged))
        assert page is not None
        paged += page["events"]
        if not page["has_more"]:
            break
    assert paged == events
    beyond = await audit_trail(application_id, first=2, after=10_000)
    assert beyond is not None
    assert (beyond["events"], beyond["has_more"], beyond["is_whole"]) == ([], False, True)


async def test_everything_with_a_life_has_a_trail(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """People, organisations, invitations, applications and the handbook, each found by its id."""
    entry = await HandbookEntry.first()
    assert entry is not None
    subjects: dict[str, type[Subject]] = {
        await a_submitted(runtime, clerk): Application,
        await suspend_staff(runtime, admin, await a_change(clerk.id)): Staff,
        await invite(runtime, admin, clerk.organisation_id): Invitation,
        await a_team(runtime, admin): Organisation,
        entry.id: HandbookEntry,
    }
    for subject_id, model in subjects.items():
        trail = await audit_trail(subject_id, first=50, after=0)
        assert trail is not None, model
        assert trail["is_whole"]
        assert trail["length"] == (await model.get(id=subject_id)).event_sequence


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("subject_id", ["apl_00000000000000000000000000", "no id", "", "evt_1", "stf_' OR 1=1 --"])
async def test_what_is_no_subject_has_none(subject_id: str) -> None:
    """Unknown and malformed ids are told alike."""
    assert await audit_trail(subject_id, first=10, after=0) is None


async def _change_body(application_id: str) -> None:
    await Event.filter(subject_id=application_id, sequence=2).update(body='{"changes":{}}')


async def _change_actor(application_id: str) -> None:
    await Event.filter(subject_id=application_id, sequence=2).update(actor_id="stf_somebody_else")


async def _change_time(application_id: str) -> None:
    event = await Event.get(subject_id=application_id, sequence=2)
    await Event.filter(subject_id=application_id, sequence=2).update(occurred_at=event.occurred_at.replace(year=2025))


async def _change_kind(application_id: str) -> None:
    await Event.filter(subject_id=application_id, sequence=2).update(kind="SUBMITTED")


async def _change_hash(application_id: str) -> None:
    await Event.filter(subject_id=application_id, sequence=2).update(hash="0" * 64)


async def _delete_one(application_id: str) -> None:
    await Event.filter(subject_id=application_id, sequence=2).delete()


async def _delete_the_last(application_id: str) -> None:
    last = await Event.filter(subject_id=application_id).order_by("-sequence").first()
    assert last is not None
    await last.delete()


async def _delete_all(application_id: str) -> None:
    await Event.filter(subject_id=application_id).delete()


async def _change_the_end(application_id: str) -> None:
    await Application.filter(id=application_id).update(event_hash="0" * 64)


async def _change_the_length(application_id: str) -> None:
    application = await Application.get(id=application_id)
    await Application.filter(id=application_id).update(event_sequence=application.event_sequence + 1)


Tamper = Callable[[str], Awaitable[None]]


@pytest.mark.parametrize(
    ("tamper", "broken_at"),
    [
        (_change_body, 2),
        (_change_actor, 2),
        (_change_time, 2),
        (_change_kind, 2),
        (_change_hash, 2),
        (_delete_one, 2),
        (_delete_all, 1),
        # Counted back from behind the last one.
        (_delete_the_last, -1),
        (_change_the_end, 0),
        (_change_the_length, 0),
    ],
)
async def test_whoever_was_at_it_is_found_out(runtime: Runtime, clerk: Viewer, tamper: Tamper, broken_at: int) -> None:
    """Any change past the use cases breaks the chain at its place, or at the end where only the end tells."""
    application_id = await a_submitted(runtime, clerk)
    untouched = await a_submitted(runtime, clerk, merchant_shortname="二店", micro_name="二店")
    length = (await Application.get(id=application_id)).event_sequence
    await tamper(application_id)
    trail = await audit_trail(application_id, first=50, after=0)
    assert trail is not None
    assert (trail["is_whole"], trail["broken_at"]) == (False, broken_at if broken_at > 0 else length + 1 + broken_at)
    other = await audit_trail(untouched, first=50, after=0)
    assert other is not None
    assert other["is_whole"]


async def test_an_erased_body_leaves_the_chain_whole(runtime: Runtime, clerk: Viewer) -> None:
    """What must be forgotten can be: the fact that something was said stays."""
    application_id = await a_submitted(runtime, clerk)
    await Event.filter(subject_id=application_id, sequence=2).update(body=None)
    trail = await audit_trail(application_id, first=50, after=0)
    assert trail is not None
    assert (trail["is_whole"], trail["events"][1]["facts"]) == (True, [])
