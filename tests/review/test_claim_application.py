"""claimApplication and releaseApplication: one reviewer at a time, for fifteen minutes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from backend.accounts import Role, Viewer
from backend.foundation.lifecycle import NeedUnmet, StaleVersion
from backend.foundation.runtime import Runtime
from backend.review import ClaimApplication, claim_application, release_application
from tests.builders.applications import a_draft, a_key, a_submitted, claim, events_of, refused, the
from tests.builders.clock import FixedClock
from tests.conftest import MakeViewer


async def release(runtime: Runtime, viewer: Viewer, application_id: str) -> None:
    """Give an application back."""
    version = (await the(application_id)).version
    await release_application(runtime, viewer, ClaimApplication(a_key(), application_id, version))


async def test_a_claim_runs_and_ends(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Prolonged by its holder, refused to another while it runs, free when it has run out or is given back."""
    application_id = await a_submitted(runtime, clerk)
    await claim(runtime, reviewer, application_id)
    clock.advance(600)
    await claim(runtime, reviewer, application_id)
    assert (await the(application_id)).claimed_until == clock.now() + timedelta(minutes=15)
    clock.advance(899)
    async with refused("CLAIMED_BY_ANOTHER"):
        await claim(runtime, other_reviewer, application_id)
    clock.advance(1)
    async with refused("NOT_ALLOWED"):
        await release(runtime, reviewer, application_id)
    await claim(runtime, other_reviewer, application_id)
    await release(runtime, other_reviewer, application_id)
    application = await the(application_id)
    assert (application.state, application.claimer_id, application.claimed_until) == ("IN_REVIEW", None, None)
    kinds = [event.kind for event in await events_of(application_id)]
    assert kinds[-4:] == ["CLAIMED", "CLAIMED", "CLAIMED", "CLAIM_RELEASED"]


async def test_two_at_the_same_moment(
    runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Of two who claim at once exactly one gets it."""
    application_id = await a_submitted(runtime, clerk)
    both = (claim(runtime, each, application_id) for each in (reviewer, other_reviewer))
    ends = await asyncio.gather(*both, return_exceptions=True)
    assert [type(end) in {NeedUnmet, StaleVersion} for end in ends if end is not None] == [True]


async def test_who_may_not(
    runtime: Runtime, clerk: Viewer, admin: Viewer, auditor: Viewer, a_viewer: MakeViewer, reviewer: Viewer
) -> None:
    """No permission, the author, the author's own organisation; and nobody a draft."""
    application_id = await a_submitted(runtime, clerk)
    insider = await a_viewer("insider", Role.REVIEWER, "hq_field")
    people = (
        (clerk, "PermissionMissing"),
        (admin, "PermissionMissing"),
        (auditor, "PermissionMissing"),
        (insider, "NOT_ALLOWED"),
    )
    for viewer, code in people:
        async with refused(code):
            await claim(runtime, viewer, application_id)
    draft = await a_draft(runtime, clerk)
    async with refused("ILLEGAL_STATE"):
        await claim(runtime, reviewer, draft)
    async with refused("StaleVersion"):
        await claim_application(runtime, reviewer, ClaimApplication(a_key(), application_id, 1))
