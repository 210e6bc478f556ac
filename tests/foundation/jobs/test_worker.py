"""The worker, in this process and in processes that are killed."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest

from backend.foundation import worker as worker_module
from backend.foundation.clock import SystemClock
from backend.foundation.database import connection
from backend.foundation.jobs import LEASE_SECONDS, MAX_FAILURES, Again, Claim, GiveUp, Handler, Job, TryLater, claim_due
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.foundation.worker import HEARTBEAT_SECONDS, MOST_AT_ONCE, Worker, WorkerHeartbeat, has_live_worker
from tests.builders.clock import FixedClock
from tests.builders.doors import KEEPER
from tests.builders.runtime import a_runtime
from tests.conftest import Database

ROOT = Path(__file__).parents[3]
HANG_SECONDS = 10.0


async def _leave(runtime: Runtime, *names: str) -> None:
    async with work(runtime, KEEPER) as current:
        for name in names:
            current.enqueue("doors.oil", subject_id="stf_1", dedupe=name, name=name)


@asynccontextmanager
async def _working(runtime: Runtime, handlers: Mapping[str, Handler]) -> AsyncIterator[Worker]:
    worker = Worker("one", clock=runtime.clock, bus=runtime.bus, handlers=handlers)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(HANG_SECONDS):
            yield worker
    finally:
        worker.stop()
        async with asyncio.timeout(HANG_SECONDS):
            await running


async def _run_one(runtime: Runtime, handler: Handler) -> Job:
    """Let a worker run the one job there is, once, and give how it stands then."""
    ran = asyncio.Event()

    async def once(claim: Claim) -> Again | None:
        try:
            return await handler(claim)
        finally:
            ran.set()

    async with _working(runtime, {"doors.oil": once}):
        await ran.wait()
    [job] = await Job.all()
    return job


async def _nothing(_claim: Claim) -> None:
    return


async def _again(_claim: Claim) -> Again:
    return Again(60)


async def _try_later(_claim: Claim) -> None:
    raise TryLater("BUSY", 30)


async def _give_up(_claim: Claim) -> None:
    raise GiveUp("HOPELESS")


async def _break(_claim: Claim) -> None:
    raise KeyError("13800138000")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("handler", "is_open", "is_dead", "reason", "due_after_seconds"),
    [
        (_nothing, False, False, None, 0),
        (_again, True, False, None, 60),
        (_try_later, True, False, "BUSY", 30),
        (_give_up, False, True, "HOPELESS", 0),
        (_break, True, False, "KeyError", None),
    ],
)
async def test_how_a_handler_ends_is_how_its_job_stands(
    runtime: Runtime,
    clock: FixedClock,
    handler: Handler,
    *,
    is_open: bool,
    is_dead: bool,
    reason: str | None,
    due_after_seconds: int | None,
) -> None:
    """Done, again, later, given up or failed: each is noted, the lease is free, and no value of an error is kept."""
    await _leave(runtime, "a")
    job = await _run_one(runtime, handler)
    assert ((job.closed_at is None), job.dead, job.last_error) == (is_open, is_dead, reason)
    assert (job.leased_by, job.leased_until) == (None, None)
    if due_after_seconds is not None:
        assert job.due_at == clock.now() + timedelta(seconds=due_after_seconds)
    else:
        assert job.due_at > clock.now()


@pytest.mark.usefixtures("database")
async def test_a_job_of_a_kind_nobody_knows_is_a_failure(runtime: Runtime) -> None:
    """A kind without a handler is told like any failure, and goes to the dead letters in the end."""
    await _leave(runtime, "a")
    worker = Worker("one", clock=runtime.clock, bus=runtime.bus, handlers={})
    job = await Job.get(dedupe="a")
    job.failures = MAX_FAILURES - 1
    await worker.run_one(Claim(job, runtime.clock))
    assert (await Job.get(dedupe="a")).dead


@pytest.mark.usefixtures("database")
async def test_a_handler_that_takes_too_long_has_failed(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that never ends is cut off, and its job is tried again like after any failure."""
    monkeypatch.setattr(worker_module, "HANDLER_SECONDS", 0.01)
    await _leave(runtime, "a")

    async def hang(_claim: Claim) -> None:
        await asyncio.Event().wait()

    job = await _run_one(runtime, hang)
    assert (job.last_error, job.failures, job.closed_at) == ("TimeoutError", 1, None)


@pytest.mark.usefixtures("database")
async def test_a_lost_lease_changes_nothing(runtime: Runtime) -> None:
    """A handler that finds its job taken stops, and the job is left to whoever holds it."""
    await _leave(runtime, "a")

    async def too_slow(claim: Claim) -> None:
        await Job.filter(id=claim.id).update(fence=claim.fence + 1, leased_by="two")
        await claim.renew()

    job = await _run_one(runtime, too_slow)
    assert (job.leased_by, job.failures, job.closed_at) == ("two", 0, None)


@pytest.mark.usefixtures("database")
async def test_stopping_lets_what_runs_end_and_starts_nothing(runtime: Runtime) -> None:
    """After a stop, jobs in hand are completed and no other is taken, even when hands were full."""
    names = [f"job{number:02}" for number in range(MOST_AT_ONCE + 2)]
    await _leave(runtime, *names)
    started: list[str] = []
    full, finish = asyncio.Event(), asyncio.Event()

    async def slow(claim: Claim) -> None:
        started.append(str(claim.payload["name"]))
        if len(started) == MOST_AT_ONCE:
            full.set()
        await finish.wait()

    async with _working(runtime, {"doors.oil": slow}) as worker:
        await full.wait()
        worker.stop()
        finish.set()
    assert len(started) == MOST_AT_ONCE
    assert await Job.filter(closed_at=None).count() == len(names) - MOST_AT_ONCE
    assert await Job.filter(leased_by=None).count() == len(names)


@pytest.mark.usefixtures("database")
async def test_a_full_worker_hears_its_stop(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs that do not end keep a worker no longer than its time to drain; their leases run out by themselves."""
    monkeypatch.setattr(worker_module, "DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 0.05)
    await _leave(runtime, *(f"job{number:02}" for number in range(MOST_AT_ONCE)))
    started = 0
    full = asyncio.Event()

    async def hang(_claim: Claim) -> None:
        nonlocal started
        started += 1
        if started == MOST_AT_ONCE:
            full.set()
        await asyncio.Event().wait()

    async with _working(runtime, {"doors.oil": hang}):
        await full.wait()
    assert await Job.filter(closed_at=None, failures=0, leased_by="one").count() == MOST_AT_ONCE


@pytest.mark.usefixtures("database")
async def test_a_worker_outlives_a_database_that_is_away(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database fails the worker waits, and when it is back jobs are done again."""
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 0.01)
    failures = iter([OSError(), *_errors_of_the_driver()])

    async def flaky(*args: object, **options: object) -> list[Claim]:
        if error := next(failures, None):
            raise error
        return await claim_due(*args, **options)  # type: ignore[arg-type]  # handed through as they came

    monkeypatch.setattr("backend.foundation.worker.claim_due", flaky)
    await _leave(runtime, "a")
    job = await _run_one(runtime, _nothing)
    assert job.closed_at is not None
    assert next(failures, None) is None


def _errors_of_the_driver() -> list[Exception]:
    if connection().capabilities.dialect == "sqlite":
        return [sqlite3.OperationalError("disk I/O error")]
    return [asyncpg.InterfaceError("connection is closed"), asyncpg.AdminShutdownError("terminating connection")]


@pytest.mark.usefixtures("database")
async def test_a_worker_says_that_it_is_there(runtime: Runtime, clock: FixedClock) -> None:
    """A running worker is seen as alive for a few of its beats, by wall time, and no longer."""
    assert not await has_live_worker(clock)
    await _leave(runtime, "a")

    async def until_seen(_claim: Claim) -> None:
        await _until(WorkerHeartbeat.exists)

    await _run_one(runtime, until_seen)
    assert await has_live_worker(clock)
    clock.offset_seconds = timedelta(days=1).total_seconds()
    clock.advance(HEARTBEAT_SECONDS * 3)
    assert await has_live_worker(clock)
    clock.advance(0.001)
    assert not await has_live_worker(clock)


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what another process or task writes; neither has an event that it could set here."""
    while not await is_so():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def _start(database: Database, name: str, journal: Path, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.foundation.jobs.working", database.url, name, str(journal), *options),
        cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def test_a_killed_process_loses_no_job_and_doubles_none(database: Database, tmp_path: Path) -> None:
    """Of two worker processes one is killed in the middle of its jobs: every job is done, and done once."""
    runtime = a_runtime(clock=SystemClock())
    names = [f"job{number:02}" for number in range(MOST_AT_ONCE + 12)]
    await _leave(runtime, *names)
    held, finished = tmp_path / "held", tmp_path / "finished"
    held.touch()

    async def hands_full() -> bool:
        return len(held.read_text().splitlines()) == MOST_AT_ONCE

    async def all_done() -> bool:
        return not await Job.filter(kind="doors.oil", closed_at=None).exists()

    async with asyncio.timeout(HANG_SECONDS * 2):
        doomed = await _start(database, "doomed", held, "holds on")
        await _until(hands_full)
        survivor = await _start(database, "survivor", finished)
        doomed.kill()
        await doomed.wait()
        # What the killed one held is free when its lease runs out; here that is at once.
        freed = Job.filter(leased_by="doomed", closed_at=None)
        past = runtime.clock.wall() - timedelta(seconds=LEASE_SECONDS)
        assert await freed.update(leased_until=past) == MOST_AT_ONCE
        await _until(all_done)
        survivor.terminate()
        assert await survivor.wait() == 0
    assert len(set(held.read_text().splitlines())) == MOST_AT_ONCE
    assert sorted(finished.read_text().splitlines()) == names
    assert await Job.filter(kind="doors.oil", dead=False, failures=0).count() == len(names)
    assert await Job.filter(kind="doors.oiled").count() == len(names)
