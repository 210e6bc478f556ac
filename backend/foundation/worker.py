"""The worker: claims due jobs and runs their handlers, as many processes as one likes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import structlog
from tortoise import fields
from tortoise.models import Model

from backend.foundation.bus import Bus, Topic, wait_for_wake
from backend.foundation.clock import Clock
from backend.foundation.database import DATABASE_ERRORS
from backend.foundation.jobs import Again, Claim, GiveUp, Handler, LeaseLost, TryLater, claim_due

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.5
HEARTBEAT_SECONDS: Final = 5.0
MOST_AT_ONCE: Final = 8
DRAIN_SECONDS: Final = 6.0
# The longest a handler may take in all; within it, each call out is shorter than the lease and renews it.
HANDLER_SECONDS: Final = 120.0


class WorkerHeartbeat(Model):
    """When a worker last said that it is there. `/readyz` asks for it."""

    id = fields.CharField(primary_key=True, max_length=64)
    beat_at = fields.DatetimeField()

    class Meta:
        table = "worker_heartbeat"


async def has_live_worker(clock: Clock) -> bool:
    """Tell whether any worker has given a sign of life lately (wall time)."""
    return await WorkerHeartbeat.filter(beat_at__gte=clock.wall() - timedelta(seconds=HEARTBEAT_SECONDS * 3)).exists()


class Worker:
    """Runs jobs until stopped. `name` is who holds the leases; two live workers never share one."""

    def __init__(self, name: str, *, clock: Clock, bus: Bus, handlers: Mapping[str, Handler]) -> None:
        self.name = name
        self._clock = clock
        self._bus = bus
        self._handlers = handlers
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Take no more jobs; `run` returns when those in hand have ended, or have had their time."""
        self._stopping.set()
        self._bus.wake(Topic.JOBS)

    async def run(self) -> None:
        """Work until `stop`."""
        beat = asyncio.create_task(self._beat())
        try:
            with self._bus.listen(Topic.JOBS) as listener:
                while not self._stopping.is_set():
                    listener.clear()
                    if not await self._take_some():
                        await wait_for_wake(listener, POLL_SECONDS)
        finally:
            beat.cancel()
            await self._drain()
            await asyncio.gather(beat, return_exceptions=True)

    async def _take_some(self) -> bool:
        """Claim and start what there is room for; tells whether to look again at once."""
        room = MOST_AT_ONCE - len(self._running)
        if room <= 0:
            # Not for longer: whoever stops the worker waits for this.
            await asyncio.wait(self._running, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            return True
        try:
            claims = await claim_due(self._clock, worker=self.name, limit=room)
        except DATABASE_ERRORS as error:
            log.warning("claim_failed", error=type(error).__name__)
            return False
        for claim in claims:
            task = asyncio.create_task(self.run_one(claim))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return bool(claims)

    async def run_one(self, claim: Claim) -> None:
        """Run one claimed job to whatever end it has; never raises for what the handler or the database did."""
        with structlog.contextvars.bound_contextvars(
            trace_id=claim.id, job_kind=claim.kind, subject_id=claim.subject_id
        ):
            try:
                await self._run_to_its_end(claim)
            except LeaseLost:
                log.info("job_lease_lost")
            except DATABASE_ERRORS as error:
                # Nobody could note how it ended: the lease runs out, and the job is taken up again.
                log.warning("job_end_unknown", error=type(error).__name__)

    async def _run_to_its_end(self, claim: Claim) -> None:
        try:
            async with asyncio.timeout(HANDLER_SECONDS):
                again = await self._handlers[claim.kind](claim)
            if isinstance(again, Again):
                await claim.put_back(self._clock.now() + timedelta(seconds=again.seconds))
            elif not claim.closed:
                await claim.close()
        except LeaseLost:
            raise
        except TryLater as error:
            await claim.delay(error.code, error.seconds)
            log.info("job_delayed", reason=error.code, waits=claim.waits + 1)
        except GiveUp as error:
            await claim.bury(str(error))
            log.warning("job_given_up", reason=str(error))
        except Exception as error:
            dead = await claim.fail(type(error).__name__)
            log.warning("job_failed", dead=dead, failures=claim.failures + 1, exc_info=True)

    async def _beat(self) -> None:
        while True:
            try:
                await WorkerHeartbeat.update_or_create({"beat_at": self._clock.wall()}, id=self.name)
            except DATABASE_ERRORS as error:
                log.warning("heartbeat_failed", error=type(error).__name__)
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _drain(self) -> None:
        """Let what runs end; what does not end in time is dropped, and its lease runs out."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
