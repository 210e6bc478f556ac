"""The life of an invitation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.accounts.events import InvitationEvent
from backend.accounts.rules import Permission, Viewer
from backend.foundation.lifecycle import Lifecycle, Transition


class InvitationState(StrEnum):
    """Where an invitation stands; one that has expired stays OPEN and is good for nothing."""

    OPEN = "OPEN"
    SPENT = "SPENT"
    REVOKED = "REVOKED"


class InvitationAction(StrEnum):
    """What can be done with an invitation."""

    SPEND = "SPEND"
    REVOKE = "REVOKE"


class InvitationWho(StrEnum):
    """What somebody is to an invitation."""

    INVITER = "INVITER"
    HQ_ADMIN = "HQ_ADMIN"
    GUEST = "GUEST"
    SYSTEM = "SYSTEM"


class InvitationNeed(StrEnum):
    """What must be true before an action."""

    NOT_EXPIRED = "INVITATION_EXPIRED"


@dataclass(frozen=True, slots=True)
class InvitationFacts:
    """What the needs are tested on."""

    expired: bool = False


_I, _IA, _IW, _IN, _IE = InvitationState, InvitationAction, InvitationWho, InvitationNeed, InvitationEvent

InvitationTransition = Transition[InvitationState, InvitationAction, InvitationWho, InvitationNeed]

# fmt: off
INVITATION_TRANSITIONS: Final[tuple[InvitationTransition, ...]] = (
    Transition(frozenset({_I.OPEN}), _IA.SPEND,  (_I.SPENT,),   frozenset({_IW.GUEST}),                                  (_IN.NOT_EXPIRED,), _IE.INVITATION_SPENT),
    Transition(frozenset({_I.OPEN}), _IA.REVOKE, (_I.REVOKED,), frozenset({_IW.INVITER, _IW.HQ_ADMIN, _IW.SYSTEM}),      (),                 _IE.INVITATION_REVOKED),
)
# fmt: on

INVITATION_LIFECYCLE: Final[
    Lifecycle[InvitationState, InvitationAction, InvitationWho, InvitationNeed, InvitationFacts]
] = Lifecycle(INVITATION_TRANSITIONS, {_IN.NOT_EXPIRED: lambda facts: not facts.expired}, on_entry={})


def invitation_standing(viewer: Viewer, inviter_id: str) -> frozenset[InvitationWho]:
    """List what `viewer` is to an invitation."""
    who: set[InvitationWho] = set()
    if viewer.may(Permission.INVITE_STAFF) and viewer.id == inviter_id:
        who.add(InvitationWho.INVITER)
    if viewer.may(Permission.MANAGE_STAFF):
        who.add(InvitationWho.HQ_ADMIN)
    return frozenset(who)
