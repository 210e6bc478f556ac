"""recallApplication: ten seconds to think again."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from backend.review import RecallApplication, recall_application
from tests.builders.applications import a_key, an_approved, claim, events_of, refused, the
from tests.builders.clock import FixedClock


async def recall(runtime: Runtime, viewer: Viewer, application_id: str) -> None:
    """Take an approval back."""
    version = (await the(application_id)).version
    await recall_application(runtime, viewer, RecallApplication(a_key(), application_id, version, "看错了"))


async def test_it_is_back_under_the_same_claim(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """In the last moment of the hold it still comes back, and another cannot take it."""
    application_id = await an_approved(runtime, clerk, reviewer)
    clock.advance(9.999)
    await recall(runtime, reviewer, application_id)
    application = await the(application_id)
    assert (application.state, application.claimer_id, application.hold_until) == ("IN_REVIEW", reviewer.id, None)
    assert application.live_key is not None
    assert (await events_of(application_id))[-1].kind == "RECALLED"
    async with refused("CLAIMED_BY_ANOTHER"):
        await claim(runtime, other_reviewer, application_id)


async def test_too_late(runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer) -> None:
    """When the hold is over the system files."""
    application_id = await an_approved(runtime, clerk, reviewer)
    clock.advance(10)
    async with refused("HOLD_OVER"):
        await recall(runtime, reviewer, application_id)


async def test_who_may_not(
    runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer, admin: Viewer
) -> None:
    """Only who approved it."""
    application_id = await an_approved(runtime, clerk, reviewer)
    for viewer, code in (
        (other_reviewer, "NOT_ALLOWED"),
        (clerk, "PermissionMissing"),
        (admin, "PermissionMissing"),
    ):
        async with refused(code):
            await recall(runtime, viewer, application_id)
