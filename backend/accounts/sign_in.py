"""Sign-in: a code of `wx.login` becomes a session of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from backend.accounts.errors import AccountRefusal
from backend.accounts.events import StaffEvent
from backend.accounts.identities import (
    WeChatApp,
    identity_of,
    refusal_of,
    required,
    spend_code,
    spend_ticket,
    staff_by_unionid,
    tie,
)
from backend.accounts.models import Session, Staff, WeChatIdentity
from backend.accounts.ports import MiniProgram
from backend.accounts.rules import StaffState
from backend.accounts.service import MAY_COME_IN
from backend.accounts.sessions import SESSION_HOURS, SessionKind
from backend.foundation.events import Actor
from backend.foundation.ids import hash_token
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work, work
from backend.wechat import PlatformError

DEVICE_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class SignIn:
    """The input of `signIn`. `ticket` came with the official account's link, `device` is shown in the session list."""

    code: str = field(repr=False)
    ticket: str | None = field(default=None, repr=False)
    device: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was opened. The token is told here and nowhere else."""

    staff_id: str
    token: str = field(repr=False)
    expires_at: datetime


async def sign_in(runtime: Runtime, mini_program: MiniProgram | None, command: SignIn) -> SignedIn:
    """Open a session for whoever the code stands for; somebody new becomes a guest.

    Refuses with CODE_SPENT (sign in again with a fresh code), PERSON_BLOCKED, WECHAT_BUSY or WECHAT_MISCONFIGURED, and
    with ACCESS_ENDED somebody suspended or gone; none of these opens a session. The code serves as the key of this
    write: the same one never opens a second session. The official account's ticket ties both identities, or nothing.
    """
    mini_program = required(mini_program)
    await spend_code(runtime, "login", command.code)
    try:
        person = await mini_program.code_to_session(command.code)
    except PlatformError as error:
        raise refusal_of(error) from None
    async with work(runtime, Actor("STAFF", "arriving")) as current:
        identity = await identity_of(current, WeChatApp.MINI_PROGRAM, mini_program.appid, person)
        staff = await _staff_of(current, identity)
        if StaffState(staff.state) not in MAY_COME_IN:
            raise Refused(Refusal(AccountRefusal.ACCESS_ENDED))
        # From here on it is this person who acts.
        current.actor = Actor("STAFF", staff.id)
        if identity.staff_id != staff.id:
            await tie(current, identity, staff)
        if command.ticket:
            await spend_ticket(current, command.ticket, identity, staff)
        return await _open(current, staff, command.device.strip()[:DEVICE_CHARACTERS])


async def _staff_of(current: Work, identity: WeChatIdentity) -> Staff:
    """Give the locked row of who this is with us, by this app or by another of ours; somebody new gets one."""
    known = identity.staff_id or await staff_by_unionid(identity)
    staff = await current.lock(Staff, known) if known else None
    if staff is not None:
        return staff
    staff = Staff(
        id=current.runtime.ids.new("stf"),
        name="",
        roles="",
        state=StaffState.GUEST,
        created_at=current.now,
        updated_at=current.now,
    )
    current.actor = Actor("STAFF", staff.id)
    current.record(staff, StaffEvent.STAFF_ARRIVED, {"to": StaffState.GUEST})
    await staff.save(force_create=True)
    return staff


async def _open(current: Work, staff: Staff, device: str) -> SignedIn:
    token = current.runtime.ids.token("s")
    wall = current.runtime.clock.wall()
    session = await Session.create(
        id=current.runtime.ids.new("ses"),
        token_hash=hash_token(token),
        staff_id=staff.id,
        kind=SessionKind.SESSION,
        device=device or None,
        created_at=wall,
        expires_at=wall + timedelta(hours=SESSION_HOURS),
    )
    current.record(staff, StaffEvent.STAFF_SIGNED_IN, {"session_id": session.id, "app": WeChatApp.MINI_PROGRAM})
    await staff.save(update_fields=["event_sequence", "event_hash"])
    return SignedIn(staff.id, token, session.expires_at)
