"""Expire: a draft that nobody touches ends by itself."""

from __future__ import annotations

from datetime import timedelta

from backend.applications.rules import EDITABLE, ENDED, EXPIRES_AFTER_DAYS, Action, Facts, State
from backend.applications.service import SYSTEM_STANDING, lock_for_system, move_application
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Again, Claim
from backend.foundation.runtime import Runtime
from backend.foundation.work import work


async def expire_application(runtime: Runtime, claim: Claim) -> Again | None:
    """Handle the job left at the start: expire the draft if untouched, else look again when it may be."""
    lifetime = timedelta(days=EXPIRES_AFTER_DAYS)
    async with work(runtime, SYSTEM) as current:
        application = await lock_for_system(current, claim.subject_id)
        if application.state in ENDED or application.state == State.OPENED:
            await claim.close()
            return None
        left = application.updated_at + lifetime - current.now
        if left > timedelta():
            return Again(left.total_seconds())
        if application.state not in EDITABLE:
            # It may yet come back as RETURNED, and be forgotten then.
            return Again(lifetime.total_seconds())
        await move_application(
            current, application, Action.EXPIRE, standing=SYSTEM_STANDING, facts=Facts(untouched=True)
        )
        await claim.close()
    return None
