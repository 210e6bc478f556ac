"""Doors: subjects with a small life cycle of their own, to test what moves any subject. They are kept as staff rows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.accounts import OrganisationKind, ensure_organisation
from backend.accounts.models import Staff
from backend.foundation.events import Actor, Event
from backend.foundation.lifecycle import Lifecycle, Transition
from backend.foundation.runtime import Runtime

KEEPER: Final = Actor("STAFF", "stf_keeper")


class DoorState(StrEnum):
    """How a door stands."""

    SHUT = "SHUT"
    OPEN = "OPEN"
    BROKEN = "BROKEN"


class DoorAction(StrEnum):
    """What can be done to a door."""

    UNLOCK = "UNLOCK"
    SHUT = "SHUT"
    PAINT = "PAINT"
    KICK = "KICK"


class DoorUser(StrEnum):
    """Who deals with doors."""

    KEEPER = "KEEPER"
    GUEST = "GUEST"
    THIEF = "THIEF"


class DoorNeed(StrEnum):
    """What must be true first."""

    KEY = "KEY_MISSING"
    LIGHT = "DARK"
    INVITED = "NOT_INVITED"


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """What the needs are tested on."""

    has_key: bool = True
    is_light: bool = True
    is_invited: bool = True


_S, _A, _U, _N = DoorState, DoorAction, DoorUser, DoorNeed

DOORS: Final[Lifecycle[DoorState, DoorAction, DoorUser, DoorNeed, DoorFacts]] = Lifecycle(
    (
        Transition(frozenset({_S.SHUT}), _A.UNLOCK, (_S.OPEN,), frozenset({_U.KEEPER}), (_N.KEY, _N.LIGHT), "UNLOCKED"),
        Transition(frozenset({_S.SHUT}), _A.UNLOCK, (_S.OPEN,), frozenset({_U.GUEST}), (_N.INVITED,), "LET_IN"),
        Transition(frozenset({_S.OPEN}), _A.SHUT, (_S.SHUT,), frozenset({_U.KEEPER}), (), "WAS_SHUT"),
        Transition(frozenset({_S.SHUT, _S.OPEN}), _A.PAINT, (), frozenset({_U.KEEPER}), (), "PAINTED"),
        Transition(frozenset({_S.SHUT}), _A.KICK, (_S.OPEN, _S.BROKEN), frozenset({_U.THIEF}), (), "KICKED"),
    ),
    {
        _N.KEY: lambda facts: facts.has_key,
        _N.LIGHT: lambda facts: facts.is_light,
        _N.INVITED: lambda facts: facts.is_invited,
    },
    on_entry={_S.BROKEN: {"roles": "SPLINTERS"}},
)


async def a_door(runtime: Runtime, code: str = "door") -> Staff:
    """Give a shut door that stands in the database."""
    organisation_id = await ensure_organisation(
        runtime, code="house", name="房子", kind=OrganisationKind.HQ, parent_id=None
    )
    now = runtime.clock.now()
    return await Staff.create(
        id=runtime.ids.new("stf"),
        code=code,
        name="门",
        roles="OAK",
        organisation_id=organisation_id,
        state=DoorState.SHUT,
        created_at=now,
        updated_at=now,
    )


async def events_of(subject_id: str) -> list[Event]:
    """Give a subject's events, oldest first."""
    return await Event.filter(subject_id=subject_id).order_by("sequence")
