"""Ways in: opened, listed, ended one by one or all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from backend.accounts.errors import AccountRefusal
from backend.accounts.events import StaffEvent
from backend.accounts.invitation_rules import (
    INVITATION_LIFECYCLE,
    InvitationAction,
    InvitationFacts,
    InvitationState,
    InvitationWho,
)
from backend.accounts.models import Invitation, Session, Staff
from backend.accounts.rules import Role, Viewer
from backend.accounts.service import deciding, lock_people
from backend.foundation.ids import hash_token, may_be_id
from backend.foundation.lifecycle import move
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work

# A phone signs in again by itself, without a word of its owner; a program cannot.
SESSION_HOURS: Final = 24
KEY_DAYS: Final = 365
OPERATION: Final = "endSession"


class SessionKind(StrEnum):
    """Whose way in it is: a person's, or a partner system's."""

    SESSION = "SESSION"
    KEY = "KEY"


async def open_session(
    runtime: Runtime, staff_id: str, *, device: str | None = None, issued_by_id: str | None = None
) -> str:
    """Open a session for a member of staff (a key, for a partner's system) and give its token, stored nowhere."""
    staff = await Staff.get(id=staff_id)
    is_key = Role.PARTNER_KEY in staff.roles.split(",")
    token = runtime.ids.token("t" if is_key else "s")
    wall = runtime.clock.wall()
    await Session.create(
        id=runtime.ids.new("ses"),
        token_hash=hash_token(token),
        staff_id=staff.id,
        kind=SessionKind.KEY if is_key else SessionKind.SESSION,
        issued_by_id=issued_by_id,
        device=device,
        created_at=wall,
        expires_at=wall + (timedelta(days=KEY_DAYS) if is_key else timedelta(hours=SESSION_HOURS)),
    )
    return token


@dataclass(frozen=True, slots=True)
class EndSession:
    """The input of `endSession`. Without `session_id` it is the one that asks."""

    idempotency_key: str
    session_id: str | None = None


async def end_session(runtime: Runtime, viewer: Viewer, command: EndSession) -> str:
    """End one of one's own sessions and give its id; its streams and sockets end with it.

    Refuses with SESSION_UNKNOWN one that is not the viewer's. Ending one that has ended changes nothing.
    """
    session_id = command.session_id or viewer.session_id
    async with deciding(runtime, viewer, OPERATION, command) as outcome:
        if outcome.replayed:
            return outcome.result_id
        person = (await lock_people(outcome.work, viewer))[viewer.id]
        session = await Session.get_or_none(id=session_id, staff_id=viewer.id) if may_be_id(session_id) else None
        if session is None:
            raise Refused(Refusal(AccountRefusal.SESSION_UNKNOWN, ("session_id",)))
        if session.ended_at is None:
            session.ended_at = runtime.clock.wall()
            await session.save(update_fields=["ended_at"])
            outcome.work.record(person, StaffEvent.STAFF_SESSION_ENDED, {"session_id": session.id})
            await person.save(update_fields=["event_sequence", "event_hash"])
        outcome.result_id = session.id
    return session_id


@dataclass(frozen=True, slots=True)
class CutOff:
    """How much of a person's access was ended: sessions, keys they answer for, invitations they sent."""

    sessions: int
    keys: int
    invitations: int


async def holders_of_keys(staff_id: str) -> list[str]:
    """Give the ids of the systems whose keys a person answers for, to be locked together with the person."""
    if not may_be_id(staff_id):
        return []
    keys = Session.filter(issued_by_id=staff_id, kind=SessionKind.KEY, ended_at=None)
    return [str(holder) for holder in await keys.distinct().values_list("staff_id", flat=True)]


async def end_all_access(work: Work, person: Staff) -> CutOff:
    """End every way in of a locked person: own sessions, keys they issued, their open invitations.

    Links to photos carry the person's id and are asked for the person's state at each use, so they end by themselves.
    """
    wall = work.runtime.clock.wall()
    sessions = await Session.filter(staff_id=person.id, ended_at=None).update(ended_at=wall)
    keys = await Session.filter(issued_by_id=person.id, kind=SessionKind.KEY, ended_at=None).order_by("staff_id")
    for key in keys:
        await _end_key(work, key, wall)
    open_ids = (
        await Invitation.filter(inviter_id=person.id, state=InvitationState.OPEN)
        .order_by("id")
        .values_list("id", flat=True)
    )
    for invitation_id in open_ids:
        invitation = await work.lock(Invitation, str(invitation_id))
        if invitation is not None and invitation.state == InvitationState.OPEN:
            await move(
                work,
                INVITATION_LIFECYCLE,
                invitation,
                InvitationAction.REVOKE,
                standing=frozenset({InvitationWho.SYSTEM}),
                facts=InvitationFacts(),
            )
    return CutOff(sessions, len(keys), len(open_ids))


async def _end_key(work: Work, key: Session, wall: datetime) -> None:
    system = await work.lock(Staff, key.staff_id)
    if system is None:
        return
    key.ended_at = wall
    await key.save(update_fields=["ended_at"])
    work.record(system, StaffEvent.STAFF_SESSION_ENDED, {"session_id": key.id})
    await system.save(update_fields=["event_sequence", "event_hash"])
