"""Jobs: leases, fences, failures, on both engines."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from backend.foundation.clock import Clock
from backend.foundation.database import transaction
from backend.foundation.jobs import (
    LEASE_SECONDS,
    MAX_BACKOFF_SECONDS,
    MAX_FAILURES,
    Claim,
    Job,
    LeaseLost,
    claim_due,
    release_leases_of,
)
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from tests.builders.clock import FixedClock
from tests.builders.doors import KEEPER
from tests.builders.pool import open_connections

pytestmark = pytest.mark.usefixtures("database")


async def _leave(runtime: Runtime, *names: str, due_at: datetime | None = None) -> None:
    async with work(runtime, KEEPER) as current:
        for name in names:
            current.enqueue("doors.oil", subject_id=f"stf_{name}", dedupe=name, due_at=due_at, name=name)


async def _claim(clock: Clock, worker: str = "one") -> Claim:
    [claim] = await claim_due(clock, worker=worker, limit=1)
    return claim


async def _names(clock: Clock, worker: str = "one", limit: int = 10) -> list[str]:
    return [str(claim.payload["name"]) for claim in await claim_due(clock, worker=worker, limit=limit)]


async def test_a_claimed_job_is_nobody_elses(runtime: Runtime, clock: FixedClock) -> None:
    """A claim has the job's words, and while its lease runs the job is not given out again."""
    await _leave(runtime, "a")
    claim = await _claim(clock)
    assert (claim.kind, claim.subject_id, claim.payload) == ("doors.oil", "stf_a", {"name": "a"})
    assert (claim.fence, claim.failures, claim.waits, claim.closed) == (1, 0, 0, False)
    clock.advance(LEASE_SECONDS)
    assert await _names(clock, "two") == []
    clock.advance(0.001)
    assert await _names(clock, "two") == ["a"]


async def test_jobs_are_claimed_in_the_order_they_are_due(runtime: Runtime, clock: FixedClock) -> None:
    """First due, first taken, whatever came first into the table; what is not due stays."""
    now = clock.now()
    await _leave(runtime, "late", due_at=now + timedelta(seconds=2))
    await _leave(runtime, "early", due_at=now + timedelta(seconds=1))
    await _leave(runtime, "future", due_at=now + timedelta(seconds=10))
    assert await _names(clock) == []
    clock.advance(2)
    assert await _names(clock, limit=1) == ["early"]
    assert await _names(clock, limit=1) == ["late"]
    assert await _names(clock) == []


async def test_business_time_makes_due_and_wall_time_ends_leases(runtime: Runtime, clock: FixedClock) -> None:
    """Moving the business clock makes a job due; it does not take one from a worker that is alive."""
    await _leave(runtime, "a", due_at=clock.now() + timedelta(days=1))
    clock.offset_seconds = timedelta(days=1).total_seconds()
    await _claim(clock)
    clock.offset_seconds = timedelta(days=30).total_seconds()
    assert await _names(clock, "two") == []


async def test_many_workers_at_once_share_the_jobs(runtime: Runtime, clock: FixedClock) -> None:
    """No job goes to two of several workers that look at the same moment."""
    await _leave(runtime, *(f"job{number:02}" for number in range(12)))
    await open_connections(6)
    shares = await asyncio.gather(*(_names(clock, f"worker{number}", limit=3) for number in range(6)))
    taken = [name for share in shares for name in share] + await _names(clock, limit=20)
    assert sorted(taken) == [f"job{number:02}" for number in range(12)]


async def test_an_old_claim_can_do_nothing(runtime: Runtime, clock: FixedClock) -> None:
    """Once another holds the job, the one before can neither renew, close, delay, fail, bury nor put it back."""
    await _leave(runtime, "a")
    old = await _claim(clock)
    clock.advance(LEASE_SECONDS + 1)
    new = await _claim(clock, "two")
    before = await Job.all().values()
    with pytest.raises(LeaseLost):
        await old.renew()
    with pytest.raises(LeaseLost):
        await old.close()
    assert not old.closed
    await old.delay("BUSY", None)
    await old.fail("KeyError")
    await old.bury("HOPELESS")
    await old.put_back(clock.now())
    assert await Job.all().values() == before
    await new.close()
    assert (await Job.get(id=new.id)).closed_at == clock.now()


async def test_a_closed_job_is_over(runtime: Runtime, clock: FixedClock) -> None:
    """A job that is done is not given out again, and its own claim can do no more with it."""
    await _leave(runtime, "a")
    claim = await _claim(clock)
    await claim.close()
    assert claim.closed
    with pytest.raises(LeaseLost):
        await claim.renew()
    with pytest.raises(LeaseLost):
        await claim.close()
    clock.advance(LEASE_SECONDS * 10)
    assert await _names(clock) == []
    job = await Job.get(id=claim.id)
    assert (job.dead, job.leased_by, job.leased_until) == (False, None, None)


async def test_a_job_is_closed_with_the_transaction_that_did_it(runtime: Runtime, clock: FixedClock) -> None:
    """Closing inside a transaction that is undone is undone with it."""
    await _leave(runtime, "a")
    claim = await _claim(clock)

    async def break_off() -> None:
        async with transaction():
            await claim.close()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    await claim.renew()
    assert (await Job.get(id=claim.id)).closed_at is None


async def test_a_renewed_lease_runs_from_now(runtime: Runtime, clock: FixedClock) -> None:
    """Whoever renews in time keeps the job for a whole lease from then on."""
    await _leave(runtime, "a")
    claim = await _claim(clock)
    clock.advance(LEASE_SECONDS - 1)
    await claim.renew()
    clock.advance(LEASE_SECONDS - 1)
    assert await _names(clock, "two") == []
    await claim.close()


async def test_a_restarted_worker_frees_its_own_leases_only(runtime: Runtime, clock: FixedClock) -> None:
    """What an earlier life of this worker held is free at once; what others hold and what is done stays as it is."""
    await _leave(runtime, "a", "b", "c")
    killed, other, done = await _claim(clock, "me"), await _claim(clock, "other"), await _claim(clock, "me")
    await done.close()
    assert await release_leases_of("me") == 1
    assert await _names(clock, "me") == [killed.payload["name"]]
    with pytest.raises(LeaseLost):
        await killed.close()
    await other.close()


async def test_a_job_that_is_put_back_starts_afresh(runtime: Runtime, clock: FixedClock) -> None:
    """A job that asked to run again does so at its time, without what went wrong before."""
    await _leave(runtime, "a")
    await (await _claim(clock)).fail("KeyError")
    clock.advance(MAX_BACKOFF_SECONDS)
    await (await _claim(clock)).delay("BUSY", 1)
    clock.advance(1)
    claim = await _claim(clock)
    assert (claim.failures, claim.waits, claim.fence) == (1, 1, 3)
    await claim.put_back(clock.now() + timedelta(seconds=60))
    clock.advance(59)
    assert await _names(clock) == []
    clock.advance(1)
    again = await _claim(clock)
    assert (again.failures, again.waits, again.fence) == (0, 0, 4)
    assert (await Job.get(id=again.id)).last_error is None


async def test_failures_grow_apart_and_end_in_the_dead_letters(runtime: Runtime, clock: FixedClock) -> None:
    """Each failure in a row waits longer; the last of them sends the job to where HQ sees it, with its reason."""
    await _leave(runtime, "a")
    waits = []
    for number in range(1, MAX_FAILURES + 1):
        claim = await _claim(clock)
        assert claim.failures == number - 1
        assert await claim.fail("KeyError") is (number == MAX_FAILURES)
        job = await Job.get(id=claim.id)
        if not job.dead:
            waits.append((job.due_at - clock.now()).total_seconds())
            clock.advance(waits[-1] + 0.001)
    # Each lies between half of its distance and the whole of it, so that what failed together comes back apart.
    for number, seconds in enumerate(waits, start=1):
        assert min(2.0**number, MAX_BACKOFF_SECONDS) / 2 <= seconds <= min(2.0**number, MAX_BACKOFF_SECONDS)
    assert all(first <= second for first, second in pairwise(waits))
    assert (job.dead, job.closed_at, job.last_error, job.leased_by) == (True, clock.now(), "KeyError", None)
    clock.advance(MAX_BACKOFF_SECONDS * 10)
    assert await _names(clock) == []


async def test_waiting_for_the_outside_never_kills_a_job(runtime: Runtime, clock: FixedClock) -> None:
    """However long the outside is not ready, the job goes on, no further apart than the longest wait."""
    await _leave(runtime, "a")
    for number in range(MAX_FAILURES * 2):
        claim = await _claim(clock)
        assert (claim.waits, claim.failures) == (number, 0)
        await claim.delay("BUSY", None)
        seconds = ((await Job.get(id=claim.id)).due_at - clock.now()).total_seconds()
        assert 0 < seconds <= MAX_BACKOFF_SECONDS
        clock.advance(seconds + 0.001)
    claim = await _claim(clock)
    assert await claim.fail("KeyError") is False
    assert not (await Job.get(id=claim.id)).dead


async def test_the_outside_may_name_its_own_wait(runtime: Runtime, clock: FixedClock) -> None:
    """Where the outside says how long, that is how long it is, to the second."""
    await _leave(runtime, "a")
    await (await _claim(clock)).delay("RATE_LIMITED", 17)
    clock.advance(16.9)
    assert await _names(clock) == []
    clock.advance(0.1)
    assert await _names(clock) == ["a"]
    assert (await Job.get(dedupe="a")).last_error == "RATE_LIMITED"


async def test_a_long_reason_is_cut_to_its_column(runtime: Runtime, clock: FixedClock) -> None:
    """A reason of any length can be noted: no column is too narrow for a job to fail."""
    await _leave(runtime, "a", "b", "c")
    await (await _claim(clock)).fail("x" * 1000)
    await (await _claim(clock)).delay("x" * 1000, None)
    await (await _claim(clock)).bury("x" * 1000)
    assert {job.last_error for job in await Job.all()} == {"x" * 200}
