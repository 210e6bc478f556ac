"""Jobs: work that was decided in a transaction and is done after it. The outbox, and the only one."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from tortoise import fields
from tortoise.expressions import F, Q
from tortoise.models import Model

from backend.foundation.clock import Clock
from backend.foundation.database import transaction

INDEXES = {
    "job_open": 'INDEX IF NOT EXISTS {name} ON "job" ("due_at", "id") WHERE "closed_at" IS NULL',
    "job_subject": 'INDEX IF NOT EXISTS {name} ON "job" ("subject_id")',
}

# A holder that says nothing for this long is taken for dead and its job goes to another.
LEASE_SECONDS = 30.0
# The longest one call to the outside may take; shorter than the lease, so that a slow call ends before it is lost.
CALL_SECONDS = 10.0
MAX_FAILURES = 8
MAX_BACKOFF_SECONDS = 300.0


class Job(Model):
    """One piece of work. `payload` holds ids only, never a person's data.

    `due_at` is business time; `leased_until` is wall time, because a lease is about a process being alive. `fence`
    grows with each claim: whoever holds an older one can finish nothing. A job that is closed is either done or, with
    `dead` set, given up and waiting for HQ. `failures` and `waits` count what went wrong here and what the outside was
    not ready for, each since it last went well.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    kind = fields.CharField(max_length=48)
    dedupe = fields.CharField(max_length=160, unique=True)
    subject_id = fields.CharField(max_length=40)
    payload = fields.TextField()
    due_at = fields.DatetimeField()
    leased_until = fields.DatetimeField(null=True)
    leased_by = fields.CharField(max_length=64, null=True)
    fence = fields.IntField(default=0)
    failures = fields.IntField(default=0)
    waits = fields.IntField(default=0)
    last_error = fields.CharField(max_length=200, null=True)
    dead = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()
    closed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "job"


class LeaseLost(Exception):
    """Another worker holds the job by now; whoever sees this stops at once and sends nothing more."""


class TryLater(Exception):
    """A handler's word that the outside is not ready: tried again for as long as it takes, with growing distance.

    `code` is a stable word for the reason; `seconds` is a wait that the outside asked for.
    """

    def __init__(self, code: str, seconds: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.seconds = seconds


class GiveUp(Exception):
    """A handler's word that trying again cannot help; the job goes to the dead letters with this reason code."""


@dataclass(frozen=True, slots=True)
class Again:
    """A handler's word that the job is to run again after `seconds` of business time, and is not a failure."""

    seconds: float


class Claim:
    """One worker's hold on one job."""

    def __init__(self, job: Job, clock: Clock) -> None:
        self.id = job.id
        self.kind = job.kind
        self.subject_id = job.subject_id
        self.fence = job.fence
        self.failures = job.failures
        self.waits = job.waits
        self.closed = False
        self.payload: Mapping[str, Any] = orjson.loads(job.payload)
        self._clock = clock

    async def renew(self) -> None:
        """Prove that the job is still ours and push the lease out. Call it right before anything irreversible.

        Raises `LeaseLost` when it is not ours any more.
        """
        leased_until = self._clock.wall() + timedelta(seconds=LEASE_SECONDS)
        if not await self._mine().update(leased_until=leased_until):
            raise LeaseLost(self.id)

    async def close(self) -> None:
        """Mark the job done. Inside a transaction it is done only if that commits. Raises `LeaseLost`."""
        if not await self._mine().update(
            closed_at=self._clock.now(), leased_until=None, leased_by=None, last_error=None
        ):
            raise LeaseLost(self.id)
        self.closed = True

    def _mine(self) -> Any:
        return Job.filter(id=self.id, fence=self.fence, closed_at=None)

    async def put_back(self, due_at: datetime) -> None:
        """Let the job run again at `due_at`; forgets earlier failures."""
        await self._free(due_at=due_at, failures=0, waits=0, last_error=None)

    async def fail(self, error_code: str) -> bool:
        """Note a failure of ours: later again, or dead after the last try; gives whether it is dead now."""
        failures = self.failures + 1
        if failures >= MAX_FAILURES:
            await self.bury(error_code)
            return True
        await self._free(due_at=self._after(_backoff_seconds(failures)), failures=failures, last_error=error_code[:200])
        return False

    async def delay(self, error_code: str, seconds: float | None) -> None:
        """Let the job run again after `seconds`, or after a distance that grows with each wait in a row.

        Waiting for the outside is no failure, however often: it brings no job nearer to the dead letters.
        """
        waits = self.waits + 1
        due_at = self._after(_backoff_seconds(waits) if seconds is None else seconds)
        await self._free(due_at=due_at, waits=waits, last_error=error_code[:200])

    async def _free(self, **columns: Any) -> None:
        await self._mine().update(leased_until=None, leased_by=None, **columns)

    def _after(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    async def bury(self, error_code: str) -> None:
        """Send the job to the dead letters, where HQ sees it."""
        await self._mine().update(
            dead=True, closed_at=self._clock.now(), leased_until=None, leased_by=None, last_error=error_code[:200]
        )


def _backoff_seconds(times: int) -> float:
    # Jitter keeps jobs that failed together from coming back together.
    return min(2.0 ** min(times, 16), MAX_BACKOFF_SECONDS) * random.uniform(0.5, 1.0)  # noqa: S311


Handler = Callable[[Claim], Awaitable[Again | None]]


async def claim_due(clock: Clock, *, worker: str, limit: int) -> list[Claim]:
    """Take up to `limit` jobs that are due and held by nobody alive, for `worker`."""
    now, wall = clock.now(), clock.wall()
    async with transaction():
        free = Job.filter(Q(leased_until=None) | Q(leased_until__lt=wall), closed_at=None, due_at__lte=now)
        jobs = await free.order_by("due_at", "id").limit(limit).select_for_update(skip_locked=True)
        if not jobs:
            return []
        await Job.filter(id__in=[job.id for job in jobs]).update(
            leased_until=wall + timedelta(seconds=LEASE_SECONDS), leased_by=worker, fence=F("fence") + 1
        )
    for job in jobs:
        job.fence += 1
    return [Claim(job, clock) for job in jobs]


async def release_leases_of(worker: str) -> int:
    """Free what an earlier life of this very worker held when it was killed; gives how many.

    Only for a worker whose name cannot be in use twice (the embedded one, which holds the data folder's lock). The
    fence keeps a claim from that life harmless in any case.
    """
    return await Job.filter(leased_by=worker, closed_at=None).update(leased_until=None, leased_by=None)
