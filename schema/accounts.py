"""Coming in, in the API: sign-in, sessions, registration, who I am."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import strawberry

import backend.accounts as service
from backend.accounts import OrganisationKind, Role, StaffState, WorkKind
from backend.accounts.queries import ORGANISATION_CHOICE, SESSION, STAFF
from backend.accounts.rules import PERMISSIONS, StaffStage
from backend.foundation.clock import date_in_china
from backend.foundation.views import Reading, Row, Selection, fetch, fetch_by_id
from backend.handbook import contacts_in_force
from backend.handbook.content import ContactChannel
from schema.common.access import ANYBODY, SIGNED_IN, access, viewer_of
from schema.common.context import Info
from schema.common.selection import selection_of
from schema.common.user_errors import UserError, checked_key, payload
from schema.people_types import Organisation, StaffAvailableAction
from schema.transport import ApiError, Code

_KEY: Final = "16 to 64 characters; the same call has the same key."
_VERSION: Final = "The version of `me` that was looked at."
_ERRORS: Final = "Why nothing was done; empty when it was."


@strawberry.type(description="Whom to reach at HQ.")
class ContactPoint:
    """One contact of the handbook."""

    title: str = strawberry.field(description="Who answers there, in Chinese, for display.")
    channel: ContactChannel = strawberry.field(description="How: decides whether to call or to copy it.")
    value: str = strawberry.field(description="The number, name or address.")


@strawberry.type(description="The person or key that asks.")
class Me:
    """The viewer, told to themselves."""

    id: strawberry.ID = strawberry.field(description="Our id of this person.")
    version: int = strawberry.field(description="Grows with each change; send it as `expectedVersion`.")
    name: str = strawberry.field(description="The name HQ knows them by; empty before they register.")
    state: StaffState = strawberry.field(description="Only APPROVED may do anything.")
    stage: StaffStage = strawberry.field(description="The coarse state for display.")
    available_actions: list[StaffAvailableAction] = strawberry.field(description="What they can do about themselves.")
    roles: list[Role] = strawberry.field(description="What they are, or ask to be.")
    permissions: list[str] = strawberry.field(description="What their roles allow, by name.")
    organisation_id: strawberry.ID | None = strawberry.field(description="Where they belong; null for a guest.")
    organisation_kind: OrganisationKind | None = strawberry.field(description="What kind of organisation that is.")
    organisation: Organisation | None = strawberry.field(description="Where they belong; null for a guest.")
    work_kind: WorkKind | None = strawberry.field(description="What kind of work they registered for.")
    mobile: str | None = strawberry.field(description="Their mobile number, masked.")
    mobile_verified_at: datetime | None = strawberry.field(description="When WeChat vouched for the number.")
    applied_at: datetime | None = strawberry.field(description="When they last registered.")
    hurried_at: datetime | None = strawberry.field(description="When they last hurried HQ.")
    decided_at: datetime | None = strawberry.field(description="When HQ decided about them.")
    decision_reason: str | None = strawberry.field(description="HQ's reason, where it gave one.")
    contacts: list[ContactPoint] = strawberry.field(description="Whom to reach at HQ, in the order to show.")


@strawberry.input(description="Input of `signIn`. The code is used up by it, whatever the answer is.")
class SignInInput:
    """Sign-in."""

    code: str = strawberry.field(description="Of `wx.login`, fresh: it serves as the key of this call.")
    ticket: str | None = strawberry.field(
        description="From the link of the official account, where the person came by one.", default=None
    )
    device: str = strawberry.field(description="What to call this phone in the list of sessions.", default="")


@strawberry.type(description="A session, or why none was opened.")
class SignInPayload:
    """The answer of `signIn`."""

    token: str | None = strawberry.field(description="Send it as `Authorization: Bearer …`. It is told once.")
    expires_at: datetime | None = strawberry.field(description="When the session ends by itself; sign in again then.")
    user_errors: list[UserError] = strawberry.field(description="Why no session was opened; empty when one was.")


@strawberry.input(description="Input of `endSession`.")
class EndSessionInput:
    """Signing out, here or elsewhere."""

    idempotency_key: str = strawberry.field(description=_KEY)
    session_id: strawberry.ID | None = strawberry.field(
        description="One of one's own; absent: the one that asks.", default=None
    )


@strawberry.type(description="The session that was ended, or why none was.")
class EndSessionPayload:
    """The answer of `endSession`."""

    ended_session_id: strawberry.ID | None = strawberry.field(description="The session; its sockets end too.")
    user_errors: list[UserError] = strawberry.field(description=_ERRORS)


@strawberry.input(description="Input of `verifyMobile`.")
class VerifyMobileInput:
    """The phone button of the mini program."""

    idempotency_key: str = strawberry.field(description=_KEY)
    code: str = strawberry.field(description="Of the phone button (getPhoneNumber), fresh; not the one of `wx.login`.")


@strawberry.input(description="Input of `registerStaff`. Either an invitation or an organisation is given.")
class RegisterStaffInput:
    """Registration."""

    idempotency_key: str = strawberry.field(description=_KEY)
    expected_version: int = strawberry.field(description=_VERSION)
    name: str = strawberry.field(description="The real name, 2 to 40 characters.")
    work_kind: WorkKind = strawberry.field(description="What kind of work.")
    mobile: str | None = strawberry.field(
        description="Absent where `verifyMobile` has told one; typed where it cannot.", default=None
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        description="One of `registrationOrganisations`.", default=None
    )
    invitation: str | None = strawberry.field(
        description="The `scene` that an invitation's code opened the page with.", default=None
    )


@strawberry.input(description="Input of `hurryRegistration`.")
class HurryRegistrationInput:
    """A reminder to HQ."""

    idempotency_key: str = strawberry.field(description=_KEY)
    expected_version: int = strawberry.field(description=_VERSION)


@strawberry.type
class MePayload:
    """What every change of oneself answers with; each mutation's payload is named after it."""

    me: Me | None = strawberry.field(description="As one is now; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description=_ERRORS)


@access(SIGNED_IN)
async def me(info: Info) -> Row:
    """Tell the caller who they are."""
    return await read_me(info)


async def read_me(info: Info, *path: str) -> Row:
    """Read the viewer as the document asks along `path`, with the rights of this moment."""
    # Anew, and not from the context: a change of oneself is shown as it is after it.
    viewer = await service.reauthenticate(info.context.runtime, viewer_of(info.context))
    reading = Reading(viewer, info.context.runtime)
    wanted = selection_of(info, *path)
    row = await fetch_by_id(STAFF, Selection({**wanted.fields, "roles": Selection()}), reading, viewer.id)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    contacts = await contacts_in_force(date_in_china(info.context.runtime.clock.now())) if "contacts" in wanted else []
    held = frozenset().union(*(PERMISSIONS[role] for role in viewer.roles))
    return {
        **row,
        "permissions": sorted(permission for permission in held if viewer.may(permission)),
        "organisation_kind": viewer.organisation_kind,
        "contacts": [
            {"title": entry.title, "channel": entry.content.channel, "value": entry.content.value} for entry in contacts
        ],
    }


@access(SIGNED_IN)
async def sessions(info: Info) -> list[Row]:
    """List one's own ways in that have not ended, the newest first."""
    return await fetch(SESSION, selection_of(info), info.context.reading, order_by=("-created_at", "-id"))


@access(SIGNED_IN)
async def registration_organisations(info: Info) -> list[Row]:
    """List the organisations that newcomers may choose, by name."""
    return await fetch(ORGANISATION_CHOICE, selection_of(info), info.context.reading, order_by=("name", "id"))


@access(ANYBODY)
async def sign_in(info: Info, input: SignInInput) -> Row:  # noqa: A002 - every mutation's argument
    """Exchange a code of `wx.login` for a session; somebody new becomes a guest, who may register."""
    command = service.SignIn(code=input.code, ticket=input.ticket, device=input.device)

    async def change() -> Row:
        signed_in = await service.sign_in(info.context.runtime, info.context.mini_program, command)
        return {"token": signed_in.token, "expires_at": signed_in.expires_at}

    outcome = await payload("session", change)
    opened = outcome.pop("session") or {"token": None, "expires_at": None}
    return {**opened, **outcome}


@access(SIGNED_IN)
async def end_session(info: Info, input: EndSessionInput) -> Row:  # noqa: A002 - as above
    """End one of one's own sessions: by default the one that asks."""

    async def change() -> str:
        command = service.EndSession(checked_key(input.idempotency_key), input.session_id)
        return await service.end_session(info.context.runtime, viewer_of(info.context), command)

    return await payload("ended_session_id", change)


@access(SIGNED_IN)
async def verify_mobile(info: Info, input: VerifyMobileInput) -> Row:  # noqa: A002 - as above
    """Keep the mobile number that WeChat vouches for."""

    async def change() -> Row:
        command = service.VerifyMobile(checked_key(input.idempotency_key), input.code)
        context = info.context
        await service.verify_mobile(context.runtime, context.mini_program, viewer_of(context), command)
        return await read_me(info, "me")

    return await payload("me", change)


@access(SIGNED_IN)
async def register_staff(info: Info, input: RegisterStaffInput) -> Row:  # noqa: A002 - as above
    """Ask HQ to be let in: the first time, or again after a rejection."""

    async def change() -> Row:
        command = service.RegisterStaff(
            idempotency_key=checked_key(input.idempotency_key),
            expected_version=input.expected_version,
            name=input.name,
            work_kind=input.work_kind,
            mobile=input.mobile,
            organisation_id=input.organisation_id,
            invitation=input.invitation,
        )
        await service.register_staff(info.context.runtime, viewer_of(info.context), command)
        return await read_me(info, "me")

    return await payload("me", change)


@access(SIGNED_IN)
async def hurry_registration(info: Info, input: HurryRegistrationInput) -> Row:  # noqa: A002 - as above
    """Remind HQ of one's registration, at most once an hour."""

    async def change() -> Row:
        command = service.HurryRegistration(checked_key(input.idempotency_key), input.expected_version)
        await service.hurry_registration(info.context.runtime, viewer_of(info.context), command)
        return await read_me(info, "me")

    return await payload("me", change)
