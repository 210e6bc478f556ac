"""Purge: what only kept something from happening twice goes once it cannot come again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from backend.accounts.models import DoorTicket, SpentCode
from backend.foundation.database import lock_name
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Again, Claim, Job
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging.models import PushNonce, ReceivedPush

PURGE_JOB: Final = "messaging.purge"
# Pushes are repeated for seconds, and codes and tickets live for minutes.
KEPT: Final = timedelta(days=3)
AGAIN_AFTER_SECONDS: Final = 86_400.0


async def begin_purging(runtime: Runtime) -> None:
    """Leave the job that purges every day, unless there is one."""
    async with work(runtime, SYSTEM) as current:
        await lock_name(PURGE_JOB)
        if not await Job.exists(kind=PURGE_JOB, closed_at=None):
            job_id = runtime.ids.new("purge")
            current.enqueue(PURGE_JOB, subject_id="system", dedupe=job_id)


async def purge(runtime: Runtime, _claim: Claim) -> Again:
    """Handle the daily job: remove pushes, nonces, codes and tickets of days ago."""
    before = runtime.clock.wall() - KEPT
    await ReceivedPush.filter(received_at__lt=before).delete()
    await PushNonce.filter(received_at__lt=before).delete()
    await SpentCode.filter(spent_at__lt=before).delete()
    await DoorTicket.filter(expires_at__lt=before).delete()
    return Again(AGAIN_AFTER_SECONDS)
