"""What changes in the handbook, seen where it is used: in drafts, on submission, in every process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson

import backend.handbook as service
from backend.accounts import Viewer
from backend.applications.queries import APPLICATION
from backend.foundation.clock import date_in_china
from backend.foundation.events import Event, first_break
from backend.foundation.log_reader import LogReader
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading, Selection, fetch_by_id
from backend.handbook import HANDBOOK
from backend.handbook.content import Kind
from backend.handbook.events import BODIES, EventKind
from backend.handbook.models import HandbookEntry
from tests.builders.applications import a_draft as an_application
from tests.builders.applications import a_submitted, refused, save, send_back, submit, the
from tests.builders.clock import FixedClock
from tests.builders.handbook import a_plan
from tests.builders.handbook_keeping import Kept, a_published, a_save
from tests.builders.runtime import a_runtime

STANDARD, OTHER = "MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"


async def _shipped(runtime: Runtime, admin: Viewer, code: str) -> Kept:
    return Kept(runtime, admin, (await HandbookEntry.get(code=code)).id)


async def _missing(runtime: Runtime, viewer: Viewer, application_id: str) -> list[tuple[str, str]]:
    reading = Reading(viewer, runtime)
    row = await fetch_by_id(APPLICATION, Selection.of("missing", "available_actions"), reading, application_id)
    assert row is not None
    (allowed,) = (item["allowed"] for item in row["available_actions"] if item["action"] == "SUBMIT")
    assert allowed is (row["missing"] == [])
    return [(item["field"], item["code"]) for item in row["missing"]]


async def test_a_draft_with_a_retired_plan_is_not_complete(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """It is told so, cannot be submitted, and can with another plan; the version is kept with the submission."""
    application_id = await an_application(runtime, clerk)
    assert await _missing(runtime, clerk, application_id) == []
    await (await _shipped(runtime, admin, STANDARD)).retire()
    assert await _missing(runtime, clerk, application_id) == [("rate_plan", "EXPIRED")]
    async with refused("INCOMPLETE"):
        await submit(runtime, clerk, application_id)
    await save(runtime, clerk, application_id, rate_plan="NO_SUCH_PLAN")
    assert await _missing(runtime, clerk, application_id) == [("rate_plan", "NOT_A_CHOICE")]
    await save(runtime, clerk, application_id, rate_plan=OTHER)
    await submit(runtime, clerk, application_id)
    chosen = await HandbookEntry.get(id=(await the(application_id)).rate_plan_entry_id)
    assert (chosen.code, chosen.number) == (OTHER, 1)


async def test_a_returned_form_takes_the_plan_of_its_next_submission(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, admin: Viewer
) -> None:
    """A plan that ended meanwhile opens its field; a new version of the same plan is taken as it is then."""
    application_id = await a_submitted(runtime, clerk)
    await send_back(runtime, reviewer, application_id, "micro_name")
    terms = a_plan(STANDARD).content
    newer = await a_published(runtime, admin, replace(terms, base_rate_percent="0.38"), code=STANDARD)
    await save(runtime, clerk, application_id, micro_name="大郎烧饼总店")
    await submit(runtime, clerk, application_id)
    assert (await the(application_id)).rate_plan_entry_id == newer.id

    await send_back(runtime, reviewer, application_id, "micro_name")
    async with refused("FIELD_LOCKED"):
        await save(runtime, clerk, application_id, rate_plan=OTHER)
    clock.offset_seconds += 86_400
    await newer.retire()
    await save(runtime, clerk, application_id, rate_plan=OTHER, micro_name="大郎烧饼")
    await submit(runtime, clerk, application_id)


async def test_every_process_learns_of_a_change(runtime: Runtime, clock: FixedClock, admin: Viewer) -> None:
    """One that only reads the log knows what was there at its start, and soon what another has published."""
    reader = a_runtime(clock=clock, bus=runtime.bus, seed="reader")
    today = date_in_china(clock.now())
    log_reader = LogReader(reader.bus, reader.snapshots)
    async with log_reader.running():
        assert reader.snapshots[HANDBOOK].entry_on(Kind.NOTICE, "NIGHT_SHIFT", today) is None
        with log_reader.subscribe("handbook_entry") as subscription:
            kept = await a_published(runtime, admin)
            kinds = [(await subscription.next(5.0)), (await subscription.next(5.0))]
        assert [event.kind for event in kinds if event is not None] == [EventKind.DRAFT_STARTED, EventKind.PUBLISHED]
        entry = reader.snapshots[HANDBOOK].entry_on(Kind.NOTICE, "NIGHT_SHIFT", today)
        assert entry is not None
        assert entry.id == kept.id


async def test_each_entry_has_its_whole_story(runtime: Runtime, clock: FixedClock, admin: Viewer) -> None:
    """Who did what and when, in a chain without a gap, with no member that the catalogue does not name."""
    kept = await a_published(runtime, admin)
    await kept.retire(date_in_china(clock.now()) + timedelta(days=1))
    entry = await kept.row()
    events = await Event.filter(subject_id=kept.id).order_by("sequence")
    assert first_break(events, last_sequence=entry.event_sequence, last_hash=entry.event_hash) is None
    assert [(event.kind, event.actor_id) for event in events] == [
        (kind, admin.id) for kind in (EventKind.DRAFT_STARTED, EventKind.PUBLISHED, EventKind.RETIRED)
    ]


async def test_a_saved_draft_tells_what_it_changed(runtime: Runtime, admin: Viewer) -> None:
    """With both values, at the member that changed."""
    draft_id = await service.save_handbook_draft(runtime, admin, a_save())
    await service.save_handbook_draft(runtime, admin, a_save(title="夜间须知", expected_version=1))
    event = await Event.filter(subject_id=draft_id).order_by("-sequence").first()
    assert event is not None
    body = orjson.loads(event.body or "")
    assert body.keys() - {"from", "to"} <= BODIES[EventKind(event.kind)]
    assert body["changes"] == [{"path": "title", "old": "夜间开户", "new": "夜间须知"}]
