"""One use case, one transaction: what it locked, the facts it adds to the log, the jobs it leaves behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import structlog

from backend.foundation.bus import Topic
from backend.foundation.database import lock_event_log, lock_name, transaction
from backend.foundation.events import Actor, Event, canonical, next_event
from backend.foundation.idempotency import Idempotency, IdempotencyKeyReused
from backend.foundation.ids import may_be_id
from backend.foundation.jobs import Job
from backend.foundation.runtime import Runtime
from backend.foundation.subjects import Subject

S = TypeVar("S", bound=Subject)


class Work:
    """The open transaction of one use case. Get one from `work`; nothing it holds is written before the block ends."""

    def __init__(self, runtime: Runtime, actor: Actor) -> None:
        self.runtime = runtime
        self.actor = actor
        self.now = runtime.clock.now()
        # Ties the facts of one call together, and to its log lines.
        self.cause: str = structlog.contextvars.get_contextvars().get("trace_id") or runtime.ids.new("cause")
        self._events: list[Event] = []
        self._jobs: list[Job] = []

    async def lock(self, model: type[S], id: str) -> S | None:  # noqa: A002 - the row's own word
        """Read a subject and hold it against every other writer until the end; None when there is none."""
        if not may_be_id(id):
            return None
        # Not against rows that come to point at this one: those take a key lock on it, and may hold what we want next.
        subject = await model.filter(id=id).select_for_update(no_key=True).get_or_none()
        # The wait for the lock may have been long: the facts of one subject are in the order of their times, too.
        self.now = self.runtime.clock.now()
        return subject

    def record(self, subject: Subject, kind: str, body: Mapping[str, Any]) -> None:
        """Add a fact about a locked (or new) subject; the caller saves the subject's row."""
        self._events.append(
            next_event(subject, kind=kind, actor=self.actor, body=body, occurred_at=self.now, cause=self.cause)
        )

    def enqueue(
        self, kind: str, *, subject_id: str, dedupe: str, due_at: datetime | None = None, **payload: str | int
    ) -> None:
        """Leave a job; a second one with the same `dedupe` is refused by the database."""
        self._jobs.append(
            Job(
                id=self.runtime.ids.new("job"),
                kind=kind,
                dedupe=dedupe,
                subject_id=subject_id,
                payload=canonical(payload),
                due_at=due_at or self.now,
                created_at=self.now,
            )
        )

    async def flush(self) -> None:
        """Write the jobs, then the events, in log order. `work` does this at the end of its block."""
        for job in self._jobs:
            await job.save(force_create=True)
        if self._events:
            await lock_event_log()
            for event in self._events:
                await event.save(force_create=True)

    def wake_listeners(self) -> None:
        """Say "look again" for what was written; for after the commit."""
        if self._events:
            self.runtime.bus.wake(Topic.EVENTS)
        if self._jobs:
            self.runtime.bus.wake(Topic.JOBS)


@asynccontextmanager
async def work(runtime: Runtime, actor: Actor) -> AsyncIterator[Work]:
    """Open a use case's transaction; an exception in the block undoes everything and leaves no fact and no job."""
    async with transaction():
        current = Work(runtime, actor)
        yield current
        await current.flush()
    current.wake_listeners()


@dataclass(frozen=True, slots=True)
class Call:
    """A write as its caller names it: who, which operation, the key, and the input it was sent with."""

    caller_id: str
    operation: str
    key: str
    input: Mapping[str, Any]


@dataclass(slots=True)
class Once:
    """The outcome of a call that is done at most once. `result_id` is set by the block, or found when `replayed`."""

    work: Work
    replayed: bool
    result_id: str


@asynccontextmanager
async def once(runtime: Runtime, actor: Actor, call: Call) -> AsyncIterator[Once]:
    """Open a use case's transaction for a call that must not be done twice.

    The block looks at `replayed` first: when true it changes nothing, and `result_id` is the one of the first time.
    Otherwise it does its work and sets `result_id`. Refuses with `IdempotencyKeyReused` when the key came before with
    another input. Only what commits is remembered, so a refused call may be mended and sent again.
    """
    fingerprint = runtime.keyring.fingerprint(canonical(call.input).encode())
    async with work(runtime, actor) as current:
        # The same call at the same time in two processes: the second waits here and then finds the first one's row.
        await lock_name(f"{call.caller_id}|{call.operation}|{call.key}")
        earlier = await Idempotency.get_or_none(caller_id=call.caller_id, operation=call.operation, key=call.key)
        if earlier is not None:
            if earlier.fingerprint != fingerprint:
                raise IdempotencyKeyReused(call.operation)
            yield Once(current, replayed=True, result_id=earlier.result_id)
            return
        outcome = Once(current, replayed=False, result_id="")
        yield outcome
        await Idempotency.create(
            id=runtime.ids.new("idem"),
            caller_id=call.caller_id,
            operation=call.operation,
            key=call.key,
            fingerprint=fingerprint,
            result_id=outcome.result_id,
            created_at=current.now,
        )
