"""People at every point of their way with us, brought there through the use cases."""

from __future__ import annotations

import itertools
from typing import Any, Final

import orjson

from backend.accounts import (
    ChangeStaff,
    CloseOrganisation,
    CreateInvitation,
    CreateOrganisation,
    DecideRegistration,
    OffboardStaff,
    OrganisationKind,
    ReassignStaff,
    RegisterStaff,
    RegistrationDecision,
    Role,
    SignedIn,
    SignIn,
    Viewer,
    WorkKind,
    authenticate,
    close_organisation,
    create_invitation,
    create_organisation,
    decide_registration,
    invitation_code,
    offboard_staff,
    reassign_staff,
    register_staff,
    sign_in,
)
from backend.accounts.events import BODIES as ACCOUNT_BODIES
from backend.accounts.models import Invitation, Organisation, Staff
from backend.applications.events import BODIES as APPLICATION_BODIES
from backend.foundation.events import Event, first_break
from backend.foundation.runtime import Runtime
from backend.foundation.subjects import Subject
from backend.wechat import WeChatPerson
from tests.builders.applications import a_key
from tests.builders.mini_program import PlayedMiniProgram

MOBILE: Final = "13800138000"
_BODIES: Final = {
    str(kind): members for bodies in (ACCOUNT_BODIES, APPLICATION_BODIES) for kind, members in bodies.items()
}

_numbers = itertools.count()


def a_wechat_person(name: str = "", *, unionid: str | None = None) -> WeChatPerson:
    """Give somebody in the mini program; the same name is the same person, no name is somebody new."""
    return WeChatPerson(f"openid-of-{name or next(_numbers)}", unionid)


def a_code(mini_program: PlayedMiniProgram, person: WeChatPerson) -> str:
    """Give a code of `wx.login` that stands for a person."""
    code = f"login-code-{next(_numbers):06}"
    mini_program.logins[code] = person
    return code


async def come_in(
    runtime: Runtime, mini_program: PlayedMiniProgram, person: WeChatPerson, ticket: str | None = None
) -> SignedIn:
    """Sign a person in."""
    return await sign_in(runtime, mini_program, SignIn(a_code(mini_program, person), ticket))


async def a_guest(runtime: Runtime, mini_program: PlayedMiniProgram, person: WeChatPerson | None = None) -> Viewer:
    """Give somebody who has signed in and not registered yet."""
    signed_in = await come_in(runtime, mini_program, person or a_wechat_person())
    return await authenticate(runtime, signed_in.token)


async def the_person(staff_id: str) -> Staff:
    """Give a person as they stand in the database."""
    return await Staff.get(id=staff_id)


def a_mobile() -> str:
    """Give a mobile number that nobody has."""
    return f"139{next(_numbers):08}"


async def register(runtime: Runtime, viewer: Viewer, **given: Any) -> str:
    """Register a guest, with an organisation or an invitation."""
    person = await the_person(viewer.id)
    command = {
        "idempotency_key": a_key(),
        "expected_version": person.version,
        "name": "王小五",
        "work_kind": WorkKind.SALES,
        "mobile": a_mobile(),
        **given,
    }
    return await register_staff(runtime, viewer, RegisterStaff(**command))


async def decide(
    runtime: Runtime,
    viewer: Viewer,
    staff_id: str,
    decision: RegistrationDecision = RegistrationDecision.APPROVE,
    **given: Any,
) -> str:
    """Decide about a registration as it stands."""
    version = (await the_person(staff_id)).version
    return await decide_registration(runtime, viewer, DecideRegistration(a_key(), staff_id, version, decision, **given))


async def a_change(staff_id: str, reason: str = "已离职") -> ChangeStaff:
    """Give the input that reports, suspends or reinstates a person as they stand."""
    return ChangeStaff(a_key(), staff_id, (await the_person(staff_id)).version, reason)


async def invite(runtime: Runtime, viewer: Viewer, organisation_id: str, role: Role = Role.FIELD_STAFF) -> str:
    """Make an invitation; give its id."""
    return await create_invitation(runtime, viewer, CreateInvitation(a_key(), organisation_id, role))


async def token_of(runtime: Runtime, mini_program: PlayedMiniProgram, inviter: Viewer, invitation_id: str) -> str:
    """Give what stands in the code of an invitation."""
    code = await invitation_code(runtime, mini_program, inviter, invitation_id)
    assert code is not None
    return code.scene


async def the_invitation(invitation_id: str) -> Invitation:
    """Give an invitation as it stands in the database."""
    return await Invitation.get(id=invitation_id)


async def a_team(
    runtime: Runtime,
    admin: Viewer,
    name: str = "新渠道",
    *,
    kind: OrganisationKind = OrganisationKind.PARTNER,
    parent_id: str | None = None,
) -> str:
    """Add an organisation that newcomers may choose, below HQ or below another; give its id."""
    return await create_organisation(
        runtime,
        admin,
        CreateOrganisation(a_key(), name, kind, parent_id or admin.organisation_id, accepts_registrations=True),
    )


async def close(runtime: Runtime, admin: Viewer, organisation_id: str) -> str:
    """Close an organisation as it stands."""
    version = (await the_organisation(organisation_id)).version
    return await close_organisation(runtime, admin, CloseOrganisation(a_key(), organisation_id, version, "停止合作"))


async def the_organisation(organisation_id: str) -> Organisation:
    """Give an organisation as it stands in the database."""
    return await Organisation.get(id=organisation_id)


async def trail_of(model: type[Subject], subject_id: str) -> list[Event]:
    """Give the facts about a subject, oldest first, after checking that the chain is whole and says what it may say."""
    events = await Event.filter(subject_id=subject_id).order_by("sequence")
    subject = await model.get(id=subject_id)
    assert first_break(events, last_sequence=subject.event_sequence, last_hash=subject.event_hash) is None
    for event in events:
        assert body_of(event).keys() - {"from", "to"} <= _BODIES[event.kind], event.kind
    return events


async def kinds_of(model: type[Subject], subject_id: str) -> list[str]:
    """Give the kinds of the facts about a subject, oldest first."""
    return [event.kind for event in await trail_of(model, subject_id)]


def body_of(event: Event) -> dict[str, Any]:
    """Give what an event says."""
    body: dict[str, Any] = orjson.loads(event.body or "{}")
    return body


async def offboard(
    runtime: Runtime, viewer: Viewer, staff_id: str, successor_id: str | None = None, reason: str = "已离职"
) -> str:
    """End everything a person has with us."""
    version = (await the_person(staff_id)).version
    return await offboard_staff(runtime, viewer, OffboardStaff(a_key(), staff_id, version, reason, successor_id))


async def reassign(runtime: Runtime, viewer: Viewer, staff_id: str, *roles: Role, to: str | None = None) -> str:
    """Give a person other roles, or another organisation."""
    version = (await the_person(staff_id)).version
    return await reassign_staff(runtime, viewer, ReassignStaff(a_key(), staff_id, version, roles, to))
