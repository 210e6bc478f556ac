"""Painting a door: a call with an idempotency key, whose result is the event it left."""

from __future__ import annotations

from backend.accounts.models import Staff
from backend.foundation.lifecycle import move
from backend.foundation.runtime import Runtime
from backend.foundation.work import Call, once
from tests.builders.doors import DOORS, KEEPER, DoorAction, DoorFacts, DoorUser

KEY = "key-0123456789abcdef"


async def paint_once(
    runtime: Runtime, door_id: str, colour: str, *, key: str = KEY, caller: str = KEEPER.id, version: int | None = None
) -> str:
    """Paint a door, at most once under this key; gives an id that only the painting itself makes."""
    call = Call(caller, "paintDoor", key, {"door_id": door_id, "colour": colour})
    async with once(runtime, KEEPER, call) as outcome:
        if not outcome.replayed:
            door = await outcome.work.lock(Staff, door_id)
            assert door is not None
            keeper = frozenset({DoorUser.KEEPER})
            await move(
                outcome.work,
                DOORS,
                door,
                DoorAction.PAINT,
                standing=keeper,
                facts=DoorFacts(),
                expected_version=version,
            )
            outcome.result_id = runtime.ids.new("paint")
    return outcome.result_id
