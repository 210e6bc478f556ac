"""The tree of organisations and invitations into it, in the API."""

from __future__ import annotations

import base64
from typing import Annotated, Final

import strawberry

import backend.accounts as service
from backend.accounts import OrganisationKind, Permission, Role
from backend.accounts.queries import INVITATION, NEWEST_FIRST, ORGANISATION
from backend.foundation.pages import fetch_page
from backend.foundation.views import Row, fetch, fetch_by_id
from schema.common.access import access, needs, viewer_of
from schema.common.connection import DEFAULT_FIRST, After, First, checked_first, connection_of
from schema.common.context import Info
from schema.common.selection import selection_of
from schema.common.user_errors import UserError, checked_key, payload
from schema.people_types import Invitation, Organisation
from schema.transport import ApiError, Code

READS: Final = needs(Permission.READ_ORGANISATION_STAFF, Permission.READ_ALL_STAFF, Permission.MANAGE_ORGANISATIONS)
MANAGES: Final = needs(Permission.MANAGE_ORGANISATIONS)
INVITES: Final = needs(Permission.INVITE_STAFF)
_KEY: Final = "16 to 64 characters; the same call has the same key."
_ERRORS: Final = "Why nothing was done; empty when it was."


@strawberry.input(description="Input of `createOrganisation`.")
class CreateOrganisationInput:
    """Create."""

    idempotency_key: str = strawberry.field(description=_KEY)
    name: str = strawberry.field(description="2 to 80 characters.")
    kind: OrganisationKind = strawberry.field(description="What it is to us; there is one HQ already.")
    parent_id: strawberry.ID = strawberry.field(description="The node above it.")
    accepts_registrations: bool = strawberry.field(description="Whether newcomers may choose it.", default=False)


@strawberry.input
class OrganisationInput:
    """What every change of an organisation takes."""

    idempotency_key: str = strawberry.field(description=_KEY)
    organisation_id: strawberry.ID = strawberry.field(description="The organisation.")
    expected_version: int = strawberry.field(description="The version that was looked at.")


@strawberry.input(description="Input of `changeOrganisation`. What is absent stays.")
class ChangeOrganisationInput(OrganisationInput):
    """Change."""

    name: str | None = strawberry.field(description="2 to 80 characters.", default=None)
    accepts_registrations: bool | None = strawberry.field(description="Whether newcomers may choose it.", default=None)


@strawberry.input(description="Input of `closeOrganisation`.")
class CloseOrganisationInput(OrganisationInput):
    """Close."""

    reason: str = strawberry.field(description="Why, in at most 500 characters.")


@strawberry.input(description="Input of `reopenOrganisation`.")
class ReopenOrganisationInput(OrganisationInput):
    """Reopen."""

    reason: str = strawberry.field(description="Why, in at most 500 characters.")


@strawberry.type
class OrganisationPayload:
    """What every change of an organisation answers with; each mutation's payload is named after it."""

    organisation: Organisation | None = strawberry.field(description="As it is now; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description=_ERRORS)


@strawberry.input(description="Input of `createInvitation`.")
class CreateInvitationInput:
    """Invite."""

    idempotency_key: str = strawberry.field(description=_KEY)
    organisation_id: strawberry.ID = strawberry.field(description="Where the invited person will belong.")
    role: Role = strawberry.field(description="What they will be; one that the viewer may give.")
    note: str = strawberry.field(description="Whom it is for, in at most 80 characters.", default="")


@strawberry.input(description="Input of `revokeInvitation`.")
class RevokeInvitationInput:
    """Revoke."""

    idempotency_key: str = strawberry.field(description=_KEY)
    invitation_id: strawberry.ID = strawberry.field(description="The invitation.")
    expected_version: int = strawberry.field(description="The version that was looked at.")


@strawberry.type
class InvitationPayload:
    """What every change of an invitation answers with; each mutation's payload is named after it."""

    invitation: Invitation | None = strawberry.field(description="As it is now; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description=_ERRORS)


@access(READS)
async def organisations(info: Info) -> list[Row]:
    """List the organisations the viewer may know of, by name."""
    return await fetch(ORGANISATION, selection_of(info), info.context.reading, order_by=("name", "id"))


@access(INVITES)
async def invitations(info: Info, first: First = DEFAULT_FIRST, after: After = None) -> Row:
    """List the invitations into the viewer's organisations, the newest first."""
    page = await fetch_page(
        INVITATION,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=NEWEST_FIRST,
        first=checked_first(first),
        after=after,
    )
    return connection_of(page)


@access(INVITES)
async def invitation_code(
    info: Info, invitation_id: Annotated[strawberry.ID, strawberry.argument(description="One's own invitation.")]
) -> Row | None:
    """Draw the code of an open invitation of one's own; null while WeChat does not draw."""
    context = info.context
    code = await service.invitation_code(context.runtime, context.mini_program, viewer_of(context), invitation_id)
    if code is None:
        return None
    kind = "png" if code.picture.startswith(b"\x89PNG") else "jpeg"
    picture = f"data:image/{kind};base64,{base64.b64encode(code.picture).decode()}"
    return {"scene": code.scene, "page": code.page, "picture": picture}


async def _organisation_row(info: Info, organisation_id: str) -> Row:
    row = await fetch_by_id(ORGANISATION, selection_of(info, "organisation"), info.context.reading, organisation_id)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return row


@access(MANAGES)
async def create_organisation(info: Info, input: CreateOrganisationInput) -> Row:  # noqa: A002 - every mutation's argument
    """Add an organisation to the tree."""

    async def change() -> Row:
        command = service.CreateOrganisation(
            idempotency_key=checked_key(input.idempotency_key),
            name=input.name,
            kind=input.kind,
            parent_id=input.parent_id,
            accepts_registrations=input.accepts_registrations,
        )
        created = await service.create_organisation(info.context.runtime, viewer_of(info.context), command)
        return await _organisation_row(info, created)

    return await payload("organisation", change)


@access(MANAGES)
async def change_organisation(info: Info, input: ChangeOrganisationInput) -> Row:  # noqa: A002 - as above
    """Rename an organisation, or let newcomers choose it or not."""

    async def change() -> Row:
        command = service.ChangeOrganisation(
            idempotency_key=checked_key(input.idempotency_key),
            organisation_id=input.organisation_id,
            expected_version=input.expected_version,
            name=input.name,
            accepts_registrations=input.accepts_registrations,
        )
        changed = await service.change_organisation(info.context.runtime, viewer_of(info.context), command)
        return await _organisation_row(info, changed)

    return await payload("organisation", change)


def _closing(given: CloseOrganisationInput | ReopenOrganisationInput) -> service.CloseOrganisation:
    return service.CloseOrganisation(
        checked_key(given.idempotency_key), given.organisation_id, given.expected_version, given.reason
    )


@access(MANAGES)
async def close_organisation(info: Info, input: CloseOrganisationInput) -> Row:  # noqa: A002 - as above
    """Close an organisation in which nobody has access any more."""

    async def change() -> Row:
        closed = await service.close_organisation(info.context.runtime, viewer_of(info.context), _closing(input))
        return await _organisation_row(info, closed)

    return await payload("organisation", change)


@access(MANAGES)
async def reopen_organisation(info: Info, input: ReopenOrganisationInput) -> Row:  # noqa: A002 - as above
    """Open a closed organisation again."""

    async def change() -> Row:
        opened = await service.reopen_organisation(info.context.runtime, viewer_of(info.context), _closing(input))
        return await _organisation_row(info, opened)

    return await payload("organisation", change)


async def _invitation_row(info: Info, invitation_id: str) -> Row:
    row = await fetch_by_id(INVITATION, selection_of(info, "invitation"), info.context.reading, invitation_id)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return row


@access(INVITES)
async def create_invitation(info: Info, input: CreateInvitationInput) -> Row:  # noqa: A002 - as above
    """Invite one person; `invitationCode` draws what they scan."""

    async def change() -> Row:
        command = service.CreateInvitation(
            checked_key(input.idempotency_key), input.organisation_id, input.role, input.note
        )
        created = await service.create_invitation(info.context.runtime, viewer_of(info.context), command)
        return await _invitation_row(info, created)

    return await payload("invitation", change)


@access(INVITES)
async def revoke_invitation(info: Info, input: RevokeInvitationInput) -> Row:  # noqa: A002 - as above
    """Make an unused invitation good for nothing."""

    async def change() -> Row:
        command = service.RevokeInvitation(
            checked_key(input.idempotency_key), input.invitation_id, input.expected_version
        )
        revoked = await service.revoke_invitation(info.context.runtime, viewer_of(info.context), command)
        return await _invitation_row(info, revoked)

    return await payload("invitation", change)
