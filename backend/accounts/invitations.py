"""Invitations: a code to scan that brings one person in, with role and organisation set by whoever invites."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from tortoise.expressions import Q

from backend.accounts.errors import AccountRefusal
from backend.accounts.events import InvitationEvent
from backend.accounts.identities import scene_token
from backend.accounts.invitation_rules import (
    INVITATION_LIFECYCLE,
    InvitationAction,
    InvitationFacts,
    InvitationState,
    invitation_standing,
)
from backend.accounts.models import Invitation
from backend.accounts.ports import MiniProgram
from backend.accounts.rules import ROLES_IN, OrganisationKind, Permission, Role, Viewer, may_grant
from backend.accounts.service import acting, call_of, lock_open, require
from backend.foundation.ids import hash_token, may_be_id
from backend.foundation.lifecycle import move
from backend.foundation.refusal import NotFound, Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.wechat import PlatformError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CREATE_OPERATION: Final = "createInvitation"
REVOKE_OPERATION: Final = "revokeInvitation"
VALID_DAYS: Final = 7
NOTE_CHARACTERS: Final = 80
# The page of the mini program that the code opens; `scene` is the invitation.
REGISTER_PAGE: Final = "pages/register/index"
_TABLE, _SEALED = "invitation", "token"


@dataclass(frozen=True, slots=True)
class CreateInvitation:
    """The input of `createInvitation`."""

    idempotency_key: str
    organisation_id: str
    role: Role
    note: str = ""


@dataclass(frozen=True, slots=True)
class RevokeInvitation:
    """The input of `revokeInvitation`."""

    idempotency_key: str
    invitation_id: str
    expected_version: int


async def create_invitation(runtime: Runtime, viewer: Viewer, command: CreateInvitation) -> str:
    """Make an invitation for one person, good for a week, and give its id.

    Refuses with ORGANISATION_UNKNOWN one that is closed or out of the viewer's reach, with ROLES_NOT_GRANTABLE a role
    that the viewer may not give, and with ROLE_NOT_IN_ORGANISATION one that this kind of organisation does not have.
    """
    require(viewer, Permission.INVITE_STAFF)
    note = command.note.strip()
    if len(note) > NOTE_CHARACTERS:
        raise Refused(Refusal(AccountRefusal.TEXT_TOO_LONG, ("note",), {"max": NOTE_CHARACTERS}))
    async with acting(runtime, viewer, call_of(viewer, CREATE_OPERATION, command)) as outcome:
        if outcome.replayed:
            return outcome.result_id
        work, invitation_id = outcome.work, runtime.ids.new("inv")
        await _check_place(work, viewer, command)
        token = scene_token(runtime.ids)
        wall = runtime.clock.wall()
        invitation = Invitation(
            id=invitation_id,
            state=InvitationState.OPEN,
            token_hash=hash_token(token),
            token_sealed=runtime.keyring.seal(token.encode(), table=_TABLE, field=_SEALED, row=invitation_id),
            role=command.role,
            organisation_id=command.organisation_id,
            inviter_id=viewer.id,
            note=note,
            expires_at=wall + timedelta(days=VALID_DAYS),
            created_at=work.now,
            updated_at=work.now,
        )
        work.record(
            invitation,
            InvitationEvent.INVITATION_CREATED,
            {
                "to": InvitationState.OPEN,
                "role": command.role,
                "organisation_id": command.organisation_id,
                "expires_at": invitation.expires_at.isoformat(),
            },
        )
        await invitation.save(force_create=True)
        outcome.result_id = invitation_id
    return invitation_id


async def _check_place(work: Work, viewer: Viewer, command: CreateInvitation) -> None:
    organisation = await lock_open(work, command.organisation_id)
    in_reach = viewer.may(Permission.MANAGE_STAFF) or command.organisation_id in viewer.reach
    if organisation is None or not in_reach:
        raise Refused(Refusal(AccountRefusal.ORGANISATION_UNKNOWN, ("organisation_id",)))
    if not may_grant(viewer, frozenset({command.role})):
        raise Refused(Refusal(AccountRefusal.ROLES_NOT_GRANTABLE, ("role",)))
    if command.role not in ROLES_IN[OrganisationKind(organisation.kind)]:
        raise Refused(Refusal(AccountRefusal.ROLE_NOT_IN_ORGANISATION, ("role",)))


async def revoke_invitation(runtime: Runtime, viewer: Viewer, command: RevokeInvitation) -> str:
    """Make an invitation that nobody has used good for nothing, and give its id."""
    require(viewer, Permission.INVITE_STAFF)
    async with acting(runtime, viewer, call_of(viewer, REVOKE_OPERATION, command)) as outcome:
        if not outcome.replayed:
            invitation = await outcome.work.lock(Invitation, command.invitation_id)
            standing = invitation_standing(viewer, invitation.inviter_id) if invitation else frozenset()
            if invitation is None or not standing:
                raise NotFound
            await move(
                outcome.work,
                INVITATION_LIFECYCLE,
                invitation,
                InvitationAction.REVOKE,
                standing=standing,
                facts=InvitationFacts(),
                expected_version=command.expected_version,
            )
            outcome.result_id = invitation.id
    return command.invitation_id


@dataclass(frozen=True, slots=True)
class InvitationCode:
    """What brings somebody in: the scene, the page it opens, and the code to scan as a picture."""

    scene: str
    page: str
    picture: bytes


async def invitation_code(
    runtime: Runtime, mini_program: MiniProgram | None, viewer: Viewer, invitation_id: str
) -> InvitationCode | None:
    """Draw the code of an open invitation for whoever made it; None while WeChat does not draw.

    Refuses with `NotFound` one that is spent, revoked, expired or somebody else's.
    """
    require(viewer, Permission.INVITE_STAFF)
    invitation = (
        await Invitation.get_or_none(Q(id=invitation_id, inviter_id=viewer.id, state=InvitationState.OPEN))
        if may_be_id(invitation_id)
        else None
    )
    if invitation is None or invitation.expires_at <= runtime.clock.wall():
        raise NotFound
    sealed = bytes(invitation.token_sealed)
    scene = runtime.keyring.open(sealed, table=_TABLE, field=_SEALED, row=invitation.id).decode()
    if mini_program is None:
        return None
    try:
        return InvitationCode(scene, REGISTER_PAGE, await mini_program.draw_code(scene, REGISTER_PAGE))
    except PlatformError as error:
        log.warning("invitation.not_drawn", error=str(error))
        return None
