"""Drafts that nobody touches for thirty days end by themselves."""

from __future__ import annotations

from functools import partial

from backend.accounts import Viewer
from backend.applications import EXPIRE_JOB, expire_application
from backend.foundation.jobs import Job, claim_due
from backend.foundation.runtime import Runtime
from backend.foundation.worker import Worker
from tests.builders.applications import a_draft, a_submitted, events_of, save, send_back, submit, the, withdraw
from tests.builders.clock import FixedClock

DAY_SECONDS = 86_400.0


async def look(runtime: Runtime, clock: FixedClock) -> int:
    """Look at the applications that are due for it; give how many there were."""
    worker = Worker("w", clock=clock, bus=runtime.bus, handlers={EXPIRE_JOB: partial(expire_application, runtime)})
    claims = [claim for claim in await claim_due(clock, worker="w", limit=10) if claim.kind == EXPIRE_JOB]
    for claim in claims:
        await worker.run_one(claim)
    return len(claims)


async def test_an_untouched_draft_expires(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """Not a moment before thirty days, and once."""
    application_id = await a_draft(runtime, clerk)
    clock.offset_seconds += 30 * DAY_SECONDS - 1
    assert await look(runtime, clock) == 0
    clock.offset_seconds += 1
    assert await look(runtime, clock) == 1
    assert (await the(application_id)).state == "EXPIRED"
    assert (await events_of(application_id))[-1].actor_kind == "SYSTEM"
    assert not await Job.filter(kind=EXPIRE_JOB, closed_at=None).exists()


async def test_a_draft_that_is_worked_on_lives(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """Thirty days count from the last change."""
    application_id = await a_draft(runtime, clerk)
    clock.offset_seconds += 29 * DAY_SECONDS
    await save(runtime, clerk, application_id, account_bank="农业银行")
    clock.offset_seconds += DAY_SECONDS
    assert await look(runtime, clock) == 1
    assert (await the(application_id)).state == "DRAFT"
    clock.offset_seconds += 29 * DAY_SECONDS
    assert await look(runtime, clock) == 1
    assert (await the(application_id)).state == "EXPIRED"


async def test_what_is_returned_late_and_forgotten_expires(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer
) -> None:
    """An application in review is left alone; it is looked at again after it came back, and frees its shop."""
    application_id = await a_submitted(runtime, clerk)
    clock.offset_seconds += 31 * DAY_SECONDS
    assert await look(runtime, clock) == 1
    assert (await the(application_id)).state == "IN_REVIEW"
    await send_back(runtime, reviewer, application_id, "account_bank")
    clock.offset_seconds += 30 * DAY_SECONDS
    assert await look(runtime, clock) == 1
    application = await the(application_id)
    assert (application.state, application.live_key) == ("EXPIRED", None)
    again = await a_draft(runtime, clerk)
    await submit(runtime, clerk, again)


async def test_what_has_ended_is_looked_at_no_more(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """The job goes with the application."""
    application_id = await a_draft(runtime, clerk)
    await withdraw(runtime, clerk, application_id)
    clock.offset_seconds += 30 * DAY_SECONDS
    assert await look(runtime, clock) == 1
    assert not await Job.filter(kind=EXPIRE_JOB, closed_at=None).exists()
