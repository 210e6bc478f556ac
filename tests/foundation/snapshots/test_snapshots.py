"""Snapshots: read at the start and after each event that changes them, never older than what was read before."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts.models import Staff
from backend.foundation.events import Event
from backend.foundation.log_reader import LogReader
from backend.foundation.runtime import Runtime
from backend.foundation.snapshots import Snapshot, Snapshots
from backend.foundation.work import work
from tests.builders.doors import KEEPER, a_door

SLAMMED = frozenset({"SLAMMED"})
HANG_SECONDS = 20.0


async def _slams() -> int:
    return await Event.filter(kind="SLAMMED").count()


async def _record(runtime: Runtime, door_id: str, kind: str) -> None:
    async with work(runtime, KEEPER) as current:
        door = await current.lock(Staff, door_id)
        assert door is not None
        current.record(door, kind, {})
        await door.save()


async def test_nothing_is_told_before_the_first_reading() -> None:
    """A process that forgot to read is told so, and does not go on with nothing."""
    snapshot = Snapshot(_slams, SLAMMED)
    with pytest.raises(KeyError):
        Snapshots((snapshot,))[snapshot]


@pytest.mark.usefixtures("database")
async def test_the_log_reader_reads_again_after_what_changes_it(runtime: Runtime) -> None:
    """At its start, and before it hands on the event; an event of another kind is no reason to read."""
    times: list[str] = []

    async def read() -> int:
        times.append("read")
        return await _slams()

    door = await a_door(runtime)
    await _record(runtime, door.id, "SLAMMED")
    snapshot = Snapshot(read, SLAMMED)
    snapshots = Snapshots((snapshot,))
    reader = LogReader(runtime.bus, snapshots)
    async with reader.running():
        assert snapshots[snapshot] == 1
        with reader.subscribe(door.id) as subscription:
            await _record(runtime, door.id, "PAINTED")
            assert await subscription.next(HANG_SECONDS) is not None
            assert times == ["read"]
            await _record(runtime, door.id, "SLAMMED")
            assert await subscription.next(HANG_SECONDS) is not None
            assert snapshots[snapshot] == 2


@pytest.mark.usefixtures("database")
async def test_a_reading_that_fails_is_made_up_for(runtime: Runtime) -> None:
    """The database is away at the wrong moment: the same events are read again, and each is handed on once."""
    failures = iter([None, OSError("away"), None])

    async def read() -> int:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await _slams()

    door = await a_door(runtime)
    snapshot = Snapshot(read, SLAMMED)
    snapshots = Snapshots((snapshot,))
    reader = LogReader(runtime.bus, snapshots)
    async with reader.running():
        with reader.subscribe(door.id) as subscription:
            await _record(runtime, door.id, "SLAMMED")
            assert await subscription.next(HANG_SECONDS) is not None
            assert snapshots[snapshot] == 1
            assert await subscription.next(0) is None


async def test_what_was_read_earlier_never_takes_the_place_of_what_was_read_later() -> None:
    """Two refresh at the same moment, and the first is slow."""
    go_on = asyncio.Event()
    numbers = iter((1, 2))

    async def read() -> int:
        number = next(numbers)
        if number == 1:
            await go_on.wait()
        return number

    snapshot = Snapshot(read, SLAMMED)
    snapshots = Snapshots((snapshot,))
    slow, quick = asyncio.create_task(snapshots.refresh()), asyncio.create_task(snapshots.refresh_after({"SLAMMED"}))
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(slow, quick)
    assert snapshots[snapshot] == 2
