"""The life of an organisation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.accounts.events import OrganisationEvent
from backend.accounts.rules import Permission, Viewer
from backend.foundation.lifecycle import Lifecycle, Transition


class OrganisationState(StrEnum):
    """Whether an organisation works with us."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class OrganisationAction(StrEnum):
    """What can be done to an organisation."""

    CHANGE = "CHANGE"
    CLOSE = "CLOSE"
    REOPEN = "REOPEN"


class OrganisationWho(StrEnum):
    """What somebody is to an organisation."""

    HQ_ADMIN = "HQ_ADMIN"


class OrganisationNeed(StrEnum):
    """What must be true before an action."""

    REASON = "REASON_MISSING"
    EMPTY = "ORGANISATION_IN_USE"


@dataclass(frozen=True, slots=True)
class OrganisationFacts:
    """What the needs are tested on."""

    reason_given: bool = True
    empty: bool = True


_O, _OA, _OW, _ON, _OE = OrganisationState, OrganisationAction, OrganisationWho, OrganisationNeed, OrganisationEvent

OrganisationTransition = Transition[OrganisationState, OrganisationAction, OrganisationWho, OrganisationNeed]

# fmt: off
ORGANISATION_TRANSITIONS: Final[tuple[OrganisationTransition, ...]] = (
    Transition(frozenset({_O.OPEN}),   _OA.CHANGE, (),           frozenset({_OW.HQ_ADMIN}), (),                       _OE.ORGANISATION_CHANGED),
    Transition(frozenset({_O.OPEN}),   _OA.CLOSE,  (_O.CLOSED,), frozenset({_OW.HQ_ADMIN}), (_ON.REASON, _ON.EMPTY),  _OE.ORGANISATION_CLOSED),
    Transition(frozenset({_O.CLOSED}), _OA.REOPEN, (_O.OPEN,),   frozenset({_OW.HQ_ADMIN}), (_ON.REASON,),            _OE.ORGANISATION_REOPENED),
)
# fmt: on

ORGANISATION_LIFECYCLE: Final[
    Lifecycle[OrganisationState, OrganisationAction, OrganisationWho, OrganisationNeed, OrganisationFacts]
] = Lifecycle(
    ORGANISATION_TRANSITIONS,
    {_ON.REASON: lambda facts: facts.reason_given, _ON.EMPTY: lambda facts: facts.empty},
    on_entry={},
)


def organisation_standing(viewer: Viewer) -> frozenset[OrganisationWho]:
    """List what `viewer` is to any organisation."""
    return frozenset({OrganisationWho.HQ_ADMIN}) if viewer.may(Permission.MANAGE_ORGANISATIONS) else frozenset()
