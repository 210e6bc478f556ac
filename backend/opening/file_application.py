"""File: when the hold is over, the code is written down and the application is on its way."""

from __future__ import annotations

from backend.applications import SYSTEM_STANDING, lock_for_system, move_application
from backend.applications.rules import Action, Facts, State
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Again, Claim, TryLater
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.opening.attempts import begin_round
from backend.opening.provider import Provider, held_reason


async def file_application(runtime: Runtime, provider: Provider, claim: Claim) -> Again | None:
    """Handle the job that an approval left: move to FILING with a stored code, and leave the submit job.

    Waits while the hold runs or the channel is held; does nothing when the approval was recalled or withdrawn.
    """
    async with work(runtime, SYSTEM) as current:
        application = await lock_for_system(current, claim.subject_id)
        if application.state != State.APPROVED or application.hold_until is None:
            await claim.close()
            return None
        wait_seconds = (application.hold_until - current.now).total_seconds()
        if wait_seconds > 0:
            return Again(wait_seconds)
        if held := await held_reason(provider.mchid):
            raise TryLater(held)
        attempt = await begin_round(current, application, provider.mchid)
        await move_application(
            current,
            application,
            Action.FILE,
            standing=SYSTEM_STANDING,
            facts=Facts(hold_over=True, channel_open=True),
            body={"business_code": attempt.business_code, "number": attempt.number, "round": attempt.round},
        )
        await claim.close()
    return None
