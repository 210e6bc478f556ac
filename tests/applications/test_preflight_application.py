"""preflightApplication: what would stop a draft, what might, who is there, how long it takes."""

from __future__ import annotations

import pytest

from backend.accounts import Viewer
from backend.applications import preflight_application
from backend.applications.models import Application
from backend.foundation.refusal import NotFound
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_draft, a_submitted, an_approved, claim, send_back
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database


async def blockers(runtime: Runtime, viewer: Viewer, application_id: str) -> list[tuple[str, str | None]]:
    """Give what would stop this draft, after checking that asking writes nothing."""
    before = await everything_in_database()
    found = await preflight_application(runtime, viewer, application_id)
    assert await everything_in_database() == before
    return [(finding.code, finding.field) for finding in found.blockers]


async def test_a_complete_draft_has_no_blocker(runtime: Runtime, clerk: Viewer) -> None:
    """Nothing stands in its way."""
    assert await blockers(runtime, clerk, await a_draft(runtime, clerk)) == []


async def test_what_stops_it(runtime: Runtime, clerk: Viewer) -> None:
    """What is missing, in the order of the form; the shop that is taken; the state."""
    lacking = await a_draft(runtime, clerk, owner_name=None, account_number="6222020000000001231")
    assert await blockers(runtime, clerk, lacking) == [("MISSING", "owner_name"), ("BAD_CHECKSUM", "account_number")]
    submitted = await a_submitted(runtime, clerk)
    assert await blockers(runtime, clerk, submitted) == [("ILLEGAL_STATE", None)]
    assert await blockers(runtime, clerk, await a_draft(runtime, clerk)) == [("DUPLICATE", None)]


async def test_what_may_stand(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """A licence that is held, and a field that was sent back and is still as it was."""
    application_id = await a_submitted(runtime, clerk, licence_held=True)
    await send_back(runtime, reviewer, application_id, "account_bank")
    found = await preflight_application(runtime, clerk, application_id)
    assert found.blockers == []
    assert [(finding.code, finding.field) for finding in found.warnings] == [
        ("CONSIDER_INDIVIDUAL_BUSINESS", "licence_held"),
        ("UNCHANGED", "account_bank"),
    ]


async def test_who_is_on_duty(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Whoever claimed or decided within half an hour, each once."""
    await an_approved(runtime, clerk, reviewer)
    clock.advance(20 * 60)
    application_id = await a_submitted(runtime, clerk, micro_name="二店")
    await claim(runtime, other_reviewer, application_id)
    assert (await preflight_application(runtime, clerk, application_id)).reviewers_on_duty == 2
    clock.advance(11 * 60)
    assert (await preflight_application(runtime, clerk, application_id)).reviewers_on_duty == 1


async def test_how_long_it_takes(runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer) -> None:
    """Learned from those that opened, and unknown while there are none."""
    first = await a_submitted(runtime, clerk)
    found = await preflight_application(runtime, clerk, first)
    assert [(each.median_seconds, each.sample) for each in found.stage_times] == [(None, 0)] * 3
    clock.advance(90)
    application_id = await an_approved(runtime, clerk, reviewer, micro_name="二店")
    await Application.filter(id=application_id).update(state="OPENED", opened_at=clock.now())
    found = await preflight_application(runtime, clerk, first)
    of_hq = found.stage_times[0]
    assert (of_hq.stage, of_hq.median_seconds, of_hq.sample) == ("HQ", 0.0, 1)


async def test_who_may_not_ask(runtime: Runtime, clerk: Viewer, other_clerk: Viewer) -> None:
    """For others there is no such application."""
    application_id = await a_draft(runtime, clerk)
    with pytest.raises(NotFound):
        await preflight_application(runtime, other_clerk, application_id)
