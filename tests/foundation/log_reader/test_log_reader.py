"""The log reader: one reading for all subscriptions of a process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest

from backend.accounts.models import Staff
from backend.foundation import log_reader
from backend.foundation.bus import InProcessBus, Topic, wait_for_wake
from backend.foundation.log_reader import BATCH, MAX_WAITING_EVENTS, LogReader, Subscription
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from tests.builders.doors import KEEPER, a_door
from tests.builders.runtime import a_runtime

pytestmark = pytest.mark.usefixtures("database")

HANG_SECONDS = 10.0


async def _record(runtime: Runtime, door_id: str, *kinds: str) -> None:
    async with work(runtime, KEEPER) as current:
        door = await current.lock(Staff, door_id)
        assert door is not None
        for kind in kinds:
            current.record(door, kind, {})
        await door.save()


async def _kinds(subscription: Subscription, count: int) -> list[str]:
    events = [await subscription.next(HANG_SECONDS) for _ in range(count)]
    return [event.kind for event in events if event is not None]


@asynccontextmanager
async def _reading(runtime: Runtime) -> AsyncIterator[LogReader]:
    reader = LogReader(runtime.bus, runtime.snapshots)
    async with reader.running():
        yield reader


async def test_a_subscription_gets_its_subject_from_now_on(runtime: Runtime) -> None:
    """What was before is read elsewhere; from then on every event of this subject comes, in order, and no other."""
    mine, other = await a_door(runtime, "mine"), await a_door(runtime, "other")
    await _record(runtime, mine.id, "BEFORE")
    async with _reading(runtime) as reader:
        with reader.subscribe(mine.id) as subscription:
            await _record(runtime, other.id, "OTHER")
            await _record(runtime, mine.id, "ONE", "TWO")
            await _record(runtime, mine.id, "THREE")
            assert await _kinds(subscription, 3) == ["ONE", "TWO", "THREE"]
            assert await subscription.next(0) is None
            assert not subscription.lagged


async def test_many_subscriptions_cost_one_reading(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty subscriptions to one subject all get the event, and the log was not read once for each."""
    door = await a_door(runtime)
    readings = 0
    read_batch = LogReader._read_batch  # noqa: SLF001 - each call of it is one statement

    async def counted(reader: LogReader) -> bool:
        nonlocal readings
        readings += 1
        return await read_batch(reader)

    monkeypatch.setattr(LogReader, "_read_batch", counted)
    async with _reading(runtime) as reader:
        with ExitStack() as stack:
            subscriptions = [stack.enter_context(reader.subscribe(door.id)) for _ in range(50)]
            await _record(runtime, door.id, "ONE")
            for subscription in subscriptions:
                assert await _kinds(subscription, 1) == ["ONE"]
            assert readings <= 3


async def test_a_slow_subscription_is_told_that_it_lags(runtime: Runtime) -> None:
    """Beyond its bound nothing is kept for it and nothing comes after the gap; others are not held up."""
    door = await a_door(runtime)
    kinds = [f"EVENT_{number}" for number in range(MAX_WAITING_EVENTS + 3)]
    async with _reading(runtime) as reader:
        with reader.subscribe(door.id) as slow, reader.subscribe(door.id) as quick:
            for start in range(0, len(kinds), 100):
                await _record(runtime, door.id, *kinds[start : start + 100])
                assert await _kinds(quick, len(kinds[start : start + 100])) == kinds[start : start + 100]
            assert slow.lagged
            assert not quick.lagged
            assert await _kinds(slow, MAX_WAITING_EVENTS) == kinds[:MAX_WAITING_EVENTS]
            await _record(runtime, door.id, "LATER")
            assert await _kinds(quick, 1) == ["LATER"]
            assert await slow.next(0) is None


async def test_more_than_a_batch_is_read_to_the_end(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much has come at once, the reader does not wait between batches."""
    monkeypatch.setattr(log_reader, "BATCH", 3)
    monkeypatch.setattr(log_reader, "POLL_SECONDS", HANG_SECONDS * 2)
    door = await a_door(runtime)
    kinds = [f"EVENT_{number}" for number in range(11)]
    assert len(kinds) < BATCH
    async with _reading(runtime) as reader:
        with reader.subscribe(door.id) as subscription:
            await _record(runtime, door.id, *kinds)
            assert await _kinds(subscription, len(kinds)) == kinds


class SilentBus(InProcessBus):
    """A bus that is down: it takes every word and passes on none."""

    def wake(self, topic: Topic) -> None:
        """Say nothing."""


async def test_a_silent_bus_only_makes_it_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the bus says nothing the reader looks by itself."""
    monkeypatch.setattr(log_reader, "POLL_SECONDS", 0.01)
    runtime = a_runtime(bus=SilentBus())
    door = await a_door(runtime)
    async with _reading(runtime) as reader:
        with reader.subscribe(door.id) as subscription:
            await _record(runtime, door.id, "ONE")
            assert await _kinds(subscription, 1) == ["ONE"]


@pytest.mark.parametrize(
    "error",
    [
        OSError("connection reset"),
        sqlite3.OperationalError("disk I/O error"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.AdminShutdownError("terminating connection"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_after_a_database_error_nothing_is_missing(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """What was written while the reader could not read comes as soon as it can again."""
    monkeypatch.setattr(log_reader, "POLL_SECONDS", 0.01)
    door = await a_door(runtime)
    read_batch = LogReader._read_batch  # noqa: SLF001 - where the database is asked
    is_away, has_failed = True, asyncio.Event()

    async def flaky(reader: LogReader) -> bool:
        if is_away:
            has_failed.set()
            raise error
        return await read_batch(reader)

    monkeypatch.setattr(LogReader, "_read_batch", flaky)
    async with _reading(runtime) as reader:
        with reader.subscribe(door.id) as subscription:
            async with asyncio.timeout(HANG_SECONDS):
                await has_failed.wait()
            await _record(runtime, door.id, "ONE")
            is_away = False
            assert await _kinds(subscription, 1) == ["ONE"]


async def test_a_subscription_that_has_ended_is_forgotten(runtime: Runtime) -> None:
    """Neither one of several nor the last one leaves anything behind, however its block ended."""
    door = await a_door(runtime)

    async with _reading(runtime) as reader:
        with reader.subscribe(door.id) as staying:
            with reader.subscribe(door.id) as leaving:
                pass
            await _record(runtime, door.id, "ONE")
            assert await _kinds(staying, 1) == ["ONE"]
            assert await leaving.next(0) is None
        with pytest.raises(ZeroDivisionError), reader.subscribe(door.id):
            raise ZeroDivisionError
        assert reader._followers == {}  # noqa: SLF001 - what is kept is exactly the question


async def test_a_wake_between_looking_and_waiting_is_not_lost() -> None:
    """Whoever clears, looks and then waits is woken at once by what came in between; without it the wait ends alone."""
    bus = InProcessBus()
    with bus.listen(Topic.EVENTS) as listener, bus.listen(Topic.JOBS) as other:
        listener.clear()
        bus.wake(Topic.EVENTS)
        async with asyncio.timeout(HANG_SECONDS):
            await wait_for_wake(listener, HANG_SECONDS * 2)
        assert not other.is_set()
        await wait_for_wake(other, 0.001)
    bus.wake(Topic.EVENTS)
    listener.clear()
    bus.wake(Topic.EVENTS)
    assert not listener.is_set()
