"""A table of transitions, and `move`, on both engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from backend.accounts.models import Staff
from backend.foundation.lifecycle import (
    Availability,
    IllegalMove,
    MoveRefused,
    NeedUnmet,
    NotYours,
    StaleVersion,
    move,
)
from backend.foundation.reactions import Reactions
from backend.foundation.runtime import Runtime
from backend.foundation.subjects import Subject
from backend.foundation.work import Work, work
from tests.builders.clock import FixedClock
from tests.builders.doors import (
    DOORS,
    KEEPER,
    DoorAction,
    DoorFacts,
    DoorNeed,
    DoorState,
    DoorUser,
    a_door,
    events_of,
)
from tests.builders.everything import everything_in_database
from tests.builders.runtime import a_runtime

pytestmark = pytest.mark.usefixtures("database")

KEEPER_OF_DOOR = frozenset({DoorUser.KEEPER})


async def _move(runtime: Runtime, door_id: str, action: DoorAction, **options: Any) -> Staff:
    async with work(runtime, KEEPER) as current:
        door = await current.lock(Staff, door_id)
        assert door is not None
        given: dict[str, Any] = {"standing": KEEPER_OF_DOOR, "facts": DoorFacts(), **options}
        await move(current, DOORS, door, action, **given)
        return door


async def test_a_move_writes_state_version_columns_and_one_event(runtime: Runtime, clock: FixedClock) -> None:
    """The row and the event of a move say the same: from where to where, by whom, when, and what else changed."""
    door = await a_door(runtime)
    clock.advance(60)
    await _move(
        runtime, door.id, DoorAction.UNLOCK, expected_version=1, changes={"name": "大门"}, body={"reason": "开门"}
    )
    stored = await Staff.get(id=door.id)
    assert (stored.state, stored.version, stored.name) == ("OPEN", 2, "大门")
    assert stored.updated_at == clock.now()
    assert stored.created_at == door.created_at
    [event] = await events_of(door.id)
    assert (event.kind, event.subject_type, event.sequence) == ("UNLOCKED", "staff", 1)
    assert (event.actor_kind, event.actor_id, event.occurred_at) == (KEEPER.kind, KEEPER.id, clock.now())
    assert orjson.loads(event.body or "") == {"from": "SHUT", "to": "OPEN", "reason": "开门"}
    assert (stored.event_sequence, stored.event_hash) == (event.sequence, event.hash)


async def test_a_row_without_a_target_keeps_the_state(runtime: Runtime) -> None:
    """An action without a target is a change like any other: a version and an event, and the same state."""
    door = await a_door(runtime)
    await _move(runtime, door.id, DoorAction.PAINT, expected_version=1)
    stored = await Staff.get(id=door.id)
    assert (stored.state, stored.version) == ("SHUT", 2)
    assert [event.kind for event in await events_of(door.id)] == ["PAINTED"]


async def test_entering_a_state_sets_its_columns(runtime: Runtime) -> None:
    """What the table says of entering a state is done on the way in, unless the move itself says otherwise."""
    first, second = await a_door(runtime, "one"), await a_door(runtime, "two")
    thief = frozenset({DoorUser.THIEF})
    await _move(runtime, first.id, DoorAction.KICK, standing=thief, to=DoorState.BROKEN)
    await _move(runtime, second.id, DoorAction.KICK, standing=thief, to=DoorState.BROKEN, changes={"roles": "DENTS"})
    assert (await Staff.get(id=first.id)).roles == "SPLINTERS"
    assert (await Staff.get(id=second.id)).roles == "DENTS"


@pytest.mark.parametrize(
    ("options", "refusal", "code"),
    [
        ({"expected_version": 2}, StaleVersion, None),
        ({"expected_version": 0}, StaleVersion, None),
        ({"action": DoorAction.SHUT}, IllegalMove, "ILLEGAL_STATE"),
        ({"standing": frozenset({DoorUser.THIEF})}, NotYours, "NOT_ALLOWED"),
        ({"standing": frozenset()}, NotYours, "NOT_ALLOWED"),
        ({"facts": DoorFacts(has_key=False)}, NeedUnmet, "NEED_UNMET"),
        ({"to": DoorState.BROKEN}, IllegalMove, "ILLEGAL_STATE"),
        ({"to": DoorState.SHUT}, IllegalMove, "ILLEGAL_STATE"),
        ({"action": DoorAction.KICK, "standing": frozenset({DoorUser.THIEF})}, ValueError, None),
        ({"changes": {"no_such_column": 1}}, ValueError, None),
    ],
)
async def test_a_refused_move_has_written_nothing(
    runtime: Runtime, options: Mapping[str, Any], refusal: type[Exception], code: str | None
) -> None:
    """Whatever the refusal, every table is as it was, and the refusal says where the subject stands."""
    door = await a_door(runtime)
    before = await everything_in_database()
    given = {"action": DoorAction.UNLOCK, **options}
    with pytest.raises(refusal) as refused:
        await _move(runtime, door.id, given.pop("action"), **given)
    assert await everything_in_database() == before
    if isinstance(refused.value, MoveRefused):
        assert (refused.value.code, refused.value.state) == (code, DoorState.SHUT)
    if isinstance(refused.value, StaleVersion):
        assert (refused.value.current, refused.value.state) == (1, DoorState.SHUT)


async def test_the_version_is_checked_before_anything_else(runtime: Runtime) -> None:
    """Whoever looked at an old version is told so, even where the action is theirs no more."""
    door = await a_door(runtime)
    with pytest.raises(StaleVersion):
        await _move(runtime, door.id, DoorAction.SHUT, standing=frozenset(), expected_version=7)


async def test_the_second_of_two_moves_with_one_version_is_refused(runtime: Runtime) -> None:
    """Two people who looked at the same version cannot both change it."""
    door = await a_door(runtime)
    await _move(runtime, door.id, DoorAction.PAINT, expected_version=1)
    with pytest.raises(StaleVersion) as refused:
        await _move(runtime, door.id, DoorAction.PAINT, expected_version=1)
    assert (refused.value.expected, refused.value.current) == (1, 2)


async def test_a_reaction_is_part_of_the_move(clock: FixedClock) -> None:
    """A reaction sees the subject moved and its event recorded, and what it leaves behind commits with the move."""
    seen: list[tuple[str, int, Mapping[str, Any]]] = []

    async def look(current: Work, subject: Subject, body: Mapping[str, Any]) -> None:
        seen.append((subject.state, subject.event_sequence, body))
        current.enqueue("doors.oil", subject_id=subject.id, dedupe=f"oil:{subject.id}")

    runtime = a_runtime(clock=clock, reactions=Reactions({"UNLOCKED": (look,)}))
    door = await a_door(runtime)
    await _move(runtime, door.id, DoorAction.PAINT)
    assert seen == []
    await _move(runtime, door.id, DoorAction.UNLOCK)
    assert seen == [("OPEN", 2, {"from": "SHUT", "to": "OPEN"})]
    assert [job["kind"] for job in (await everything_in_database())["job"]] == ["doors.oil"]


async def test_a_reaction_that_fails_undoes_the_move(clock: FixedClock) -> None:
    """A fact and what must follow from it stand or fall together."""

    async def refuse(_work: Work, _subject: Subject, _body: Mapping[str, Any]) -> None:
        raise LookupError

    runtime = a_runtime(clock=clock, reactions=Reactions({"UNLOCKED": (refuse,)}))
    door = await a_door(runtime)
    before = await everything_in_database()
    with pytest.raises(LookupError):
        await _move(runtime, door.id, DoorAction.UNLOCK)
    assert await everything_in_database() == before


@pytest.mark.parametrize(
    ("facts", "standing", "event"),
    [
        (DoorFacts(), {DoorUser.KEEPER}, "UNLOCKED"),
        (DoorFacts(), {DoorUser.GUEST}, "LET_IN"),
        (DoorFacts(has_key=False), {DoorUser.KEEPER, DoorUser.GUEST}, "LET_IN"),
    ],
)
def test_the_first_row_that_fits_applies(facts: DoorFacts, standing: set[DoorUser], event: str) -> None:
    """Of several rows for one action the first that this person may take and whose needs are met is the one."""
    found = DOORS.find(DoorState.SHUT, DoorAction.UNLOCK, to=None, standing=frozenset(standing), facts=facts)
    assert (found[0].event, found[1]) == (event, DoorState.OPEN)


@pytest.mark.parametrize(
    ("facts", "standing", "need"),
    [
        (DoorFacts(has_key=False, is_invited=False), {DoorUser.KEEPER, DoorUser.GUEST}, DoorNeed.KEY),
        (DoorFacts(has_key=False, is_light=False), {DoorUser.KEEPER}, DoorNeed.KEY),
        (DoorFacts(is_light=False), {DoorUser.KEEPER}, DoorNeed.LIGHT),
    ],
)
def test_the_first_unmet_need_is_told(facts: DoorFacts, standing: set[DoorUser], need: DoorNeed) -> None:
    """Where no row fits, the refusal names what the first of this person's rows lacks first."""
    with pytest.raises(NeedUnmet) as refused:
        DOORS.find(DoorState.SHUT, DoorAction.UNLOCK, to=None, standing=frozenset(standing), facts=facts)
    assert refused.value.need is need


def test_what_is_available_is_what_would_be_allowed() -> None:
    """The list has each action of this person once, in the table's order, with the first reason that blocks it."""
    both = frozenset({DoorUser.KEEPER, DoorUser.GUEST})
    assert DOORS.available(DoorState.SHUT, both, DoorFacts(has_key=False)) == [
        Availability(DoorAction.UNLOCK, allowed=True, blocked_reason=None),
        Availability(DoorAction.PAINT, allowed=True, blocked_reason=None),
    ]
    assert DOORS.available(DoorState.SHUT, KEEPER_OF_DOOR, DoorFacts(is_light=False)) == [
        Availability(DoorAction.UNLOCK, allowed=False, blocked_reason=DoorNeed.LIGHT),
        Availability(DoorAction.PAINT, allowed=True, blocked_reason=None),
    ]
    assert DOORS.available(DoorState.BROKEN, both, DoorFacts()) == []
