"""The log reader: one per process reads the tail of the event log and hands it to all subscriptions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import structlog

from backend.foundation.bus import Bus, Topic, wait_for_wake
from backend.foundation.database import DATABASE_ERRORS
from backend.foundation.events import Event
from backend.foundation.snapshots import Snapshots

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# How late an event may come when the bus is down: subscriptions go on by polling.
POLL_SECONDS: Final = 1.0
BATCH: Final = 500
# What a slow subscription may fall behind before it is told that it lags and must start again from its cursor.
MAX_WAITING_EVENTS: Final = 256


class Subscription:
    """The events that somebody follows as they are read; bounded, and marked `lagged` instead of growing."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue(MAX_WAITING_EVENTS)
        self.lagged = False

    def offer(self, event: Event) -> None:
        """Hand over one event; the reader never waits for a subscription. After a lost one nothing more comes."""
        if self.lagged:
            return
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            self.lagged = True

    def clear(self) -> None:
        """Forget what waits, for whoever looks at the whole anyway; what comes from now on is handed over again."""
        while not self._events.empty():
            self._events.get_nowait()
        self.lagged = False

    async def next(self, timeout_seconds: float) -> Event | None:
        """Give the next event, or None when none came in time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._events.get()
        except TimeoutError:
            return None


class LogReader:
    """Reads the tail of the log once per process, for all its subscriptions and for its snapshots."""

    def __init__(self, bus: Bus, snapshots: Snapshots) -> None:
        self._bus = bus
        self._snapshots = snapshots
        # By subject id, and by subject type: no id looks like a type.
        self._followers: dict[str, set[Subscription]] = {}
        self._position = 0

    @contextmanager
    def subscribe(self, *subjects: str) -> Iterator[Subscription]:
        """Follow subjects from now on: one by its id, all of a type by the type's name.

        Subscribe before reading the past, so that nothing falls in between.
        """
        subscription = Subscription()
        for subject in subjects:
            self._followers.setdefault(subject, set()).add(subscription)
        try:
            yield subscription
        finally:
            for subject in subjects:
                self._leave(subject, subscription)

    def _leave(self, subject: str, subscription: Subscription) -> None:
        followers = self._followers.get(subject, set())
        followers.discard(subscription)
        if not followers:
            self._followers.pop(subject, None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Read the log while the block runs, from its present end on; the snapshots are read before it begins."""
        newest = await Event.all().order_by("-position").first()
        self._position = newest.position if newest else 0
        await self._snapshots.refresh()
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        with self._bus.listen(Topic.EVENTS) as listener:
            while True:
                listener.clear()
                try:
                    while await self._read_batch():
                        pass
                except DATABASE_ERRORS as error:
                    # The database is away for a moment; what was written meanwhile is read when it is back.
                    log.warning("log_reader_failed", error=type(error).__name__)
                await wait_for_wake(listener, POLL_SECONDS)

    async def _read_batch(self) -> bool:
        """Hand on the next events; tells whether there may be more."""
        events = await Event.filter(position__gt=self._position).order_by("position").limit(BATCH)
        # First: when it fails, the same events are read again.
        await self._snapshots.refresh_after({event.kind for event in events})
        for event in events:
            self._position = event.position
            by_type = self._followers.get(event.subject_type, set())
            for subscription in self._followers.get(event.subject_id, set()) | by_type:
                subscription.offer(event)
        return len(events) == BATCH
