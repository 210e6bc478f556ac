"""The event log: one gapless chain per subject, and an order over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from backend.accounts.models import Staff
from backend.foundation.database import transaction
from backend.foundation.events import ChainBreak, Event, first_break
from backend.foundation.lifecycle import move
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from tests.builders.doors import DOORS, KEEPER, DoorAction, DoorFacts, DoorUser, a_door, events_of
from tests.builders.pool import open_connections

pytestmark = pytest.mark.usefixtures("database")

WRITERS = 20


async def _paint(runtime: Runtime, door_id: str, colour: str) -> None:
    async with work(runtime, KEEPER) as current:
        door = await current.lock(Staff, door_id)
        assert door is not None
        keeper = frozenset({DoorUser.KEEPER})
        await move(current, DOORS, door, DoorAction.PAINT, standing=keeper, facts=DoorFacts(), body={"colour": colour})


async def _break_in_chain(door_id: str) -> ChainBreak | None:
    door = await Staff.get(id=door_id)
    return first_break(await events_of(door_id), last_sequence=door.event_sequence, last_hash=door.event_hash)


async def _painted_door(runtime: Runtime, times: int) -> str:
    door = await a_door(runtime)
    for number in range(times):
        await _paint(runtime, door.id, f"红{number}")
    return door.id


async def test_concurrent_writers_of_one_subject_leave_no_gap(runtime: Runtime) -> None:
    """Twenty at once: every one of them gets a sequence of its own, and the chain is whole."""
    door = await a_door(runtime)
    await open_connections(10)
    await asyncio.gather(*(_paint(runtime, door.id, str(number)) for number in range(WRITERS)))
    assert [event.sequence for event in await events_of(door.id)] == list(range(1, WRITERS + 1))
    assert (await Staff.get(id=door.id)).version == 1 + WRITERS
    assert await _break_in_chain(door.id) is None


async def test_a_subject_without_events_has_a_whole_chain(runtime: Runtime) -> None:
    """Nothing said is nothing broken."""
    assert await _break_in_chain((await a_door(runtime)).id) is None


def _set(**columns: object) -> Callable[[Event], None]:
    def change(event: Event) -> None:
        for name, value in columns.items():
            setattr(event, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set(body='{"colour":"绿"}'), ChainBreak(2, "body changed")),
        (_set(body_hash="0" * 64, body=None), ChainBreak(2, "hash differs")),
        (_set(hash="0" * 64), ChainBreak(2, "hash differs")),
        (_set(kind="KICKED"), ChainBreak(2, "hash differs")),
        (_set(actor_id="stf_other"), ChainBreak(2, "hash differs")),
        (_set(actor_kind="SYSTEM"), ChainBreak(2, "hash differs")),
        (_set(cause="another"), ChainBreak(2, "hash differs")),
        (_set(subject_type="application"), ChainBreak(2, "hash differs")),
        (_set(sequence=9), ChainBreak(2, "missing")),
    ],
    ids=["body", "body-hash", "hash", "kind", "actor", "actor-kind", "cause", "subject-type", "sequence"],
)
async def test_a_changed_event_is_found(
    runtime: Runtime, change: Callable[[Event], None], expected: ChainBreak
) -> None:
    """Whoever changes what an event says in the database is found at that event."""
    door_id = await _painted_door(runtime, 3)
    event = (await events_of(door_id))[1]
    change(event)
    await event.save()
    assert await _break_in_chain(door_id) == expected


async def test_a_moved_time_is_found(runtime: Runtime) -> None:
    """An event cannot be dated differently by so much as a millisecond."""
    door_id = await _painted_door(runtime, 2)
    event = (await events_of(door_id))[0]
    event.occurred_at += timedelta(milliseconds=1)
    await event.save()
    assert await _break_in_chain(door_id) == ChainBreak(1, "hash differs")


async def test_a_deleted_event_is_found(runtime: Runtime) -> None:
    """A missing event is found wherever it is: at the start, in the middle, or at the end that the row remembers."""
    door_id = await _painted_door(runtime, 3)
    await Event.filter(subject_id=door_id, sequence=3).delete()
    assert await _break_in_chain(door_id) == ChainBreak(3, "end differs from the row")
    await Event.filter(subject_id=door_id, sequence=1).delete()
    assert await _break_in_chain(door_id) == ChainBreak(1, "missing")


async def test_two_swapped_events_are_found(runtime: Runtime) -> None:
    """The order of events is part of the chain."""
    door_id = await _painted_door(runtime, 3)
    first, second, _ = await events_of(door_id)
    async with transaction():
        await Event.filter(position=first.position).update(sequence=99)
        await Event.filter(position=second.position).update(sequence=1)
        await Event.filter(position=first.position).update(sequence=2)
    assert await _break_in_chain(door_id) == ChainBreak(1, "hash differs")


async def test_a_changed_end_of_the_row_is_found(runtime: Runtime) -> None:
    """Whoever rewrites the row's end of the chain is found as well."""
    door_id = await _painted_door(runtime, 2)
    await Staff.filter(id=door_id).update(event_hash="0" * 64)
    assert await _break_in_chain(door_id) == ChainBreak(3, "end differs from the row")


async def test_an_erased_body_leaves_the_chain_whole(runtime: Runtime) -> None:
    """A person's data can be taken out of the log without breaking what it proves."""
    door_id = await _painted_door(runtime, 3)
    await Event.filter(subject_id=door_id, sequence=2).update(body=None)
    assert await _break_in_chain(door_id) is None


async def test_a_reader_of_positions_never_misses_a_late_commit(runtime: Runtime) -> None:
    """While many subjects are written at once, whoever has seen a position never meets a smaller one later."""
    doors = [await a_door(runtime, f"door{number}") for number in range(8)]
    await open_connections(10)
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        while True:
            last_look = done.is_set()
            after = seen[-1] if seen else 0
            seen.extend([event.position for event in await Event.filter(position__gt=after).order_by("position")])
            if last_look:
                return

    reader = asyncio.create_task(follow())
    await asyncio.gather(*(_paint(runtime, door.id, str(number)) for number in range(5) for door in doors))
    done.set()
    await reader
    assert seen == [event.position for event in await Event.all().order_by("position")]
    assert len(seen) == 40


async def test_the_log_is_locked_from_the_insert_to_the_commit(runtime: Runtime) -> None:
    """While one has appended and not committed, no other gets a position: the one that waits commits later."""
    early, late = await a_door(runtime, "early"), await a_door(runtime, "late")
    appended, commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with work(runtime, KEEPER) as current:
            current.record(early, "FIRST", {})
            await early.save()
            await current.flush()
            current._events.clear()  # noqa: SLF001 - they are written: this block only holds its commit back
            appended.set()
            await commit.wait()

    first = asyncio.create_task(slow())
    await appended.wait()
    second = asyncio.create_task(_paint(runtime, late.id, "白"))
    await asyncio.wait({second}, timeout=0.1)
    assert not second.done()
    commit.set()
    await asyncio.gather(first, second)
    assert [event.kind for event in await Event.all().order_by("position")] == ["FIRST", "PAINTED"]
