"""`acknowledgeHandbookEntry`: a person has read a version that wants it."""

from __future__ import annotations

from datetime import timedelta

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from backend.foundation.events import Event
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.handbook_keeping import a_draft, a_published
from tests.schema.mutations import assert_done_once, assert_refused

ACKNOWLEDGE = "AcknowledgeHandbookEntry"


async def test_each_person_acknowledges_for_themselves(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, clerk: Viewer, other_clerk: Viewer
) -> None:
    """Once, on record with the moment, and without touching the version; a second key changes nothing more."""
    staff, colleague = await api.client(clerk), await api.client(other_clerk)
    kept = await a_published(runtime, admin, needs_acknowledgement=True)
    other = await a_published(runtime, admin, code="DAY_SHIFT", needs_acknowledgement=True)
    shown = await assert_done_once(staff, ACKNOWLEDGE, {"entryId": kept.id}, {"entryId": other.id})
    moment = f"{clock.now():%Y-%m-%dT%H:%M:%S.000Z}"
    assert (shown["acknowledgement"], shown["version"]) == ({"acknowledgedAt": moment}, 2)

    clock.advance(60)
    facts = await Event.filter(subject_id=kept.id).count()
    again = (await staff.change(ACKNOWLEDGE, entryId=kept.id)).changed
    assert again["acknowledgement"] == {"acknowledgedAt": moment}
    assert await Event.filter(subject_id=kept.id).count() == facts
    (event,) = await Event.filter(subject_id=kept.id, kind="HANDBOOK_ACKNOWLEDGED")
    assert event.actor_id == clerk.id
    read = {entry["id"]: entry for entry in (await colleague.call("Handbook", kind="NOTICE")).value}
    assert read[kept.id]["needsAcknowledgement"]
    assert read[kept.id]["acknowledgement"] is None


async def test_only_what_wants_it_and_is_in_force_is_acknowledged(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, clerk: Viewer
) -> None:
    """A newer version wants to be read anew; a draft is not there for staff."""
    staff = await api.client(clerk)
    first = await a_published(runtime, admin, needs_acknowledgement=True)
    second = await a_draft(runtime, admin, needs_acknowledgement=True)
    assert (await staff.change(ACKNOWLEDGE, entryId=second.id)).codes == ["NOT_FOUND"]
    assert (await staff.change(ACKNOWLEDGE, entryId="hbe_nothing")).codes == ["NOT_FOUND"]
    await second.publish()
    plain = await a_published(runtime, admin, code="PLAIN")
    tomorrow = date_in_china(clock.now()) + timedelta(days=1)
    ahead = await a_published(runtime, admin, code="AHEAD", needs_acknowledgement=True, effective_on=tomorrow)
    for kept in (first, plain, ahead):
        await assert_refused(staff.change(ACKNOWLEDGE, entryId=kept.id), ("NOTHING_TO_ACKNOWLEDGE", "entryId"))
    assert (await staff.change(ACKNOWLEDGE, entryId=second.id)).changed["acknowledgement"] is not None
