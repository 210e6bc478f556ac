"""One use case, one transaction: facts, jobs and calls that are done at most once."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import structlog
from tortoise.exceptions import IntegrityError

from backend.accounts.models import Staff
from backend.foundation.bus import Topic
from backend.foundation.events import Event
from backend.foundation.idempotency import Idempotency, IdempotencyKeyReused
from backend.foundation.jobs import Job
from backend.foundation.keyring import Keyring
from backend.foundation.lifecycle import StaleVersion
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from tests.builders.clock import FixedClock
from tests.builders.doors import KEEPER, a_door, events_of
from tests.builders.everything import everything_in_database
from tests.builders.pool import open_connections
from tests.builders.runtime import a_runtime
from tests.conftest import Database
from tests.foundation.work.painting import KEY, paint_once

ROOT = Path(__file__).parents[3]


@pytest.mark.usefixtures("database")
async def test_an_exception_leaves_no_fact_and_no_job(runtime: Runtime) -> None:
    """A use case that fails after it recorded and enqueued leaves everything as it was, and wakes nobody."""
    door = await a_door(runtime)
    before = await everything_in_database()

    async def fail() -> None:
        async with work(runtime, KEEPER) as current:
            locked = await current.lock(Staff, door.id)
            assert locked is not None
            current.record(locked, "PAINTED", {})
            current.enqueue("doors.oil", subject_id=door.id, dedupe="oil")
            locked.name = "别的"
            await locked.save()
            raise ZeroDivisionError

    with runtime.bus.listen(Topic.EVENTS) as events, runtime.bus.listen(Topic.JOBS) as jobs:
        with pytest.raises(ZeroDivisionError):
            await fail()
        assert not events.is_set()
        assert not jobs.is_set()
    assert await everything_in_database() == before


@pytest.mark.usefixtures("database")
async def test_facts_and_jobs_are_there_after_the_block(runtime: Runtime, clock: FixedClock) -> None:
    """What was recorded and enqueued is written in its order, with one cause, and listeners are woken after it."""
    door = await a_door(runtime)
    later = clock.now() + timedelta(minutes=5)
    with (
        structlog.contextvars.bound_contextvars(trace_id="trace-1"),
        runtime.bus.listen(Topic.EVENTS) as events,
        runtime.bus.listen(Topic.JOBS) as jobs,
    ):
        async with work(runtime, KEEPER) as current:
            locked = await current.lock(Staff, door.id)
            assert locked is not None
            current.record(locked, "ONE", {"n": 1})
            current.record(locked, "TWO", {"n": 2})
            current.enqueue("doors.oil", subject_id=door.id, dedupe="oil", due_at=later, door_id=door.id, drops=3)
            await locked.save()
            assert not events.is_set()
            assert await Event.all().count() == 0
        assert events.is_set()
        assert jobs.is_set()
    assert [(event.kind, event.sequence, event.cause) for event in await events_of(door.id)] == [
        ("ONE", 1, "trace-1"),
        ("TWO", 2, "trace-1"),
    ]
    job = await Job.get(dedupe="oil")
    assert (job.kind, job.due_at, job.created_at, job.closed_at) == ("doors.oil", later, clock.now(), None)
    assert orjson.loads(job.payload) == {"door_id": door.id, "drops": 3}


@pytest.mark.usefixtures("database")
async def test_a_job_with_a_known_dedupe_key_is_refused(runtime: Runtime) -> None:
    """The same work cannot be left twice, and the second decision is undone with it."""
    door = await a_door(runtime)

    async def leave() -> None:
        async with work(runtime, KEEPER) as current:
            current.enqueue("doors.oil", subject_id=door.id, dedupe="oil")

    await leave()
    before = await everything_in_database()
    with pytest.raises(IntegrityError):
        await leave()
    assert await everything_in_database() == before


@pytest.mark.usefixtures("database")
async def test_locking_what_is_not_there_gives_none(runtime: Runtime) -> None:
    """There is nothing to lock, and that is told."""
    async with work(runtime, KEEPER) as current:
        assert await current.lock(Staff, "stf_none") is None


@pytest.mark.usefixtures("database")
async def test_the_same_call_twice_is_done_once(runtime: Runtime) -> None:
    """The second call changes nothing and is answered with the first one's result."""
    door = await a_door(runtime)
    first = await paint_once(runtime, door.id, "红")
    before = await everything_in_database()
    assert await paint_once(runtime, door.id, "红") == first
    assert await everything_in_database() == before
    assert len(await events_of(door.id)) == 1


@pytest.mark.usefixtures("database")
async def test_a_key_counts_per_caller_and_operation(runtime: Runtime) -> None:
    """Another person may use the same key, and another key is another call."""
    door = await a_door(runtime)
    results = {
        await paint_once(runtime, door.id, "红"),
        await paint_once(runtime, door.id, "红", caller="stf_other"),
        await paint_once(runtime, door.id, "红", key="key-fedcba9876543210"),
    }
    assert len(results) == 3
    assert len(await events_of(door.id)) == 3


@pytest.mark.usefixtures("database")
async def test_a_key_with_another_input_is_refused(runtime: Runtime) -> None:
    """A key stands for one input: with another one it is refused, and nothing is written."""
    door = await a_door(runtime)
    await paint_once(runtime, door.id, "红")
    before = await everything_in_database()
    with pytest.raises(IdempotencyKeyReused):
        await paint_once(runtime, door.id, "绿")
    assert await everything_in_database() == before


@pytest.mark.usefixtures("database")
async def test_a_refused_call_may_be_mended_and_sent_again(runtime: Runtime) -> None:
    """A call that was refused leaves no row, so that its key still stands for nothing."""
    door = await a_door(runtime)
    before = await everything_in_database()
    with pytest.raises(StaleVersion):
        await paint_once(runtime, door.id, "红", version=9)
    assert await everything_in_database() == before
    await paint_once(runtime, door.id, "绿", version=1)
    assert len(await events_of(door.id)) == 1


@pytest.mark.usefixtures("database")
async def test_the_row_of_a_call_holds_no_input(runtime: Runtime) -> None:
    """The input may be a person's data: of it the row has a keyed hash, and nothing else."""
    door = await a_door(runtime)
    await paint_once(runtime, door.id, "13800138000")
    [row] = await Idempotency.all().values()
    assert "13800138000" not in str(row)
    assert row["key"] == KEY
    assert len(row["fingerprint"]) == 64


@pytest.mark.usefixtures("database")
async def test_the_same_call_from_many_tasks_is_done_once(runtime: Runtime) -> None:
    """However many send it at the same moment, one does it and all are answered alike."""
    door = await a_door(runtime)
    await open_connections(6)
    results = await asyncio.gather(*(paint_once(runtime, door.id, "红") for _ in range(6)))
    assert len(set(results)) == 1
    assert len(await events_of(door.id)) == 1


async def test_the_same_call_from_two_processes_is_done_once(database: Database, tmp_path: Path) -> None:
    """Two processes that get it at the same moment do it once and give one answer."""
    keyring = tmp_path / "keyring.json"
    Keyring.generate(keyring)
    door = await a_door(a_runtime())
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.foundation.work.call_once", database.url, str(keyring), door.id, seed),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for seed in ("one", "two")
    ]
    said = [await process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert said[0][0] == said[1][0] != b""
    assert len(await events_of(door.id)) == 1
