"""createInvitation, revokeInvitation, invitationCode: bringing one person in, and no more than one may give."""

from __future__ import annotations

import asyncio
import itertools
import re

import pytest

from backend.accounts import (
    CreateInvitation,
    RevokeInvitation,
    Role,
    Viewer,
    create_invitation,
    invitation_code,
    reauthenticate,
    revoke_invitation,
    suspend_staff,
)
from backend.accounts.identities import scene_token
from backend.accounts.models import Invitation
from backend.accounts.rules import ROLES_IN, OrganisationKind
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from backend.wechat import PlatformFailure
from tests.builders.applications import REFUSALS, a_key, codes_of, refused
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PICTURE, PlayedMiniProgram
from tests.builders.people import (
    a_change,
    a_guest,
    a_team,
    body_of,
    close,
    invite,
    kinds_of,
    register,
    the_invitation,
    token_of,
    trail_of,
)
from tests.builders.pool import open_connections
from tests.conftest import MakeViewer

KINDS = {
    "hq": OrganisationKind.HQ,
    "hq_field": OrganisationKind.HQ_FIELD,
    "hq_review": OrganisationKind.HQ_REVIEW,
    "partner": OrganisationKind.PARTNER,
    "other_partner": OrganisationKind.PARTNER,
}


async def test_an_invitation_is_good_for_a_week(runtime: Runtime, clock: FixedClock, partner_admin: Viewer) -> None:
    """Made once under its key; the fact says where and as what, and nothing says the token."""
    command = CreateInvitation(a_key(), partner_admin.organisation_id, Role.FIELD_STAFF, " 南山组 ")
    invitation_id = await create_invitation(runtime, partner_admin, command)
    invitation = await the_invitation(invitation_id)
    assert (invitation.state, invitation.note, invitation.inviter_id) == ("OPEN", "南山组", partner_admin.id)
    assert (invitation.expires_at - clock.wall()).days == 7
    assert body_of((await trail_of(Invitation, invitation_id))[0]) == {
        "to": "OPEN",
        "role": "FIELD_STAFF",
        "organisation_id": partner_admin.organisation_id,
        "expires_at": invitation.expires_at.isoformat(),
    }
    before = await everything_in_database()
    assert await create_invitation(runtime, partner_admin, command) == invitation_id
    assert await everything_in_database() == before


@pytest.mark.parametrize("inviter", list(Role))
async def test_who_may_invite_whom_where(
    runtime: Runtime, organisations: dict[str, str], a_viewer: MakeViewer, inviter: Role
) -> None:
    """Every role into every organisation: nobody gives more than they may, nor beyond their own branch."""
    viewer = await a_viewer(f"inviter_{inviter}", inviter, "partner" if inviter is Role.PARTNER_ADMIN else "hq")
    before, allowed = await everything_in_database(), []
    for (code, kind), role in itertools.product(KINDS.items(), Role):
        if inviter not in {Role.PARTNER_ADMIN, Role.ADMIN}:
            expected = "PermissionMissing"
        elif inviter is Role.PARTNER_ADMIN and code != "partner":
            expected = "ORGANISATION_UNKNOWN"
        elif role is Role.PARTNER_KEY or (inviter is Role.PARTNER_ADMIN and role is not Role.FIELD_STAFF):
            expected = "ROLES_NOT_GRANTABLE"
        elif role not in ROLES_IN[kind]:
            expected = "ROLE_NOT_IN_ORGANISATION"
        else:
            allowed.append((organisations[code], role))
            continue
        with pytest.raises(REFUSALS) as refusal:
            await invite(runtime, viewer, organisations[code], role)
        assert codes_of(refusal.value) == [expected], (code, role)
    assert await everything_in_database() == before
    for organisation_id, role in allowed:
        invitation = await the_invitation(await invite(runtime, viewer, organisation_id, role))
        assert (invitation.role, invitation.organisation_id) == (role, organisation_id)
    assert len(allowed) == {Role.ADMIN: 9, Role.PARTNER_ADMIN: 1}.get(inviter, 0)


async def test_a_partner_admin_invites_below_too(runtime: Runtime, partner_admin: Viewer, admin: Viewer) -> None:
    """Into the own branch of the tree, as far down as it goes; and not into what is closed."""
    below = await a_team(runtime, admin, parent_id=partner_admin.organisation_id)
    further_below = await a_team(runtime, await reauthenticate(runtime, admin), parent_id=below)
    async with refused("ORGANISATION_UNKNOWN"):
        await invite(runtime, partner_admin, below)
    chief = await reauthenticate(runtime, partner_admin)
    await invite(runtime, chief, below)
    await invite(runtime, chief, further_below)
    await close(runtime, admin, further_below)
    for organisation_id in (further_below, "org_00000000000000000000000000", "no id"):
        async with refused("ORGANISATION_UNKNOWN"):
            await invite(runtime, chief, organisation_id)
    async with refused("TEXT_TOO_LONG"):
        await create_invitation(runtime, chief, CreateInvitation(a_key(), below, Role.FIELD_STAFF, "长" * 81))


async def test_whoever_lost_the_right_invites_nobody(runtime: Runtime, partner_admin: Viewer, admin: Viewer) -> None:
    """Suspended while the call ran: nothing of it is written."""
    await suspend_staff(runtime, admin, await a_change(partner_admin.id))
    async with refused("SessionInvalid"):
        await invite(runtime, partner_admin, partner_admin.organisation_id)


async def test_who_may_revoke(
    runtime: Runtime, partner_admin: Viewer, admin: Viewer, auditor: Viewer, a_viewer: MakeViewer
) -> None:
    """Whoever made it, and HQ's admin; for everybody else it is not there."""
    first, second = [await invite(runtime, partner_admin, partner_admin.organisation_id) for _ in range(2)]
    colleague = await a_viewer("colleague", Role.PARTNER_ADMIN, "partner")
    async with refused("NotFound"):
        await revoke_invitation(runtime, colleague, RevokeInvitation(a_key(), first, 1))
    async with refused("PermissionMissing"):
        await revoke_invitation(runtime, auditor, RevokeInvitation(a_key(), first, 1))
    for invitation_id in ("inv_00000000000000000000000000", "no id"):
        async with refused("NotFound"):
            await revoke_invitation(runtime, admin, RevokeInvitation(a_key(), invitation_id, 1))
    async with refused("StaleVersion"):
        await revoke_invitation(runtime, partner_admin, RevokeInvitation(a_key(), first, 2))
    command = RevokeInvitation(a_key(), first, 1)
    await revoke_invitation(runtime, partner_admin, command)
    before = await everything_in_database()
    assert await revoke_invitation(runtime, partner_admin, command) == first
    assert await everything_in_database() == before
    await revoke_invitation(runtime, admin, RevokeInvitation(a_key(), second, 1))
    async with refused("ILLEGAL_STATE"):
        await revoke_invitation(runtime, admin, RevokeInvitation(a_key(), second, 2))
    assert await kinds_of(Invitation, second) == ["INVITATION_CREATED", "INVITATION_REVOKED"]


async def test_revoked_and_used_at_once(
    runtime: Runtime, mini_program: PlayedMiniProgram, partner_admin: Viewer
) -> None:
    """Either somebody came in by it or it was revoked, never both."""
    for _ in range(4):
        invitation_id = await invite(runtime, partner_admin, partner_admin.organisation_id)
        token = await token_of(runtime, mini_program, partner_admin, invitation_id)
        newcomer = await a_guest(runtime, mini_program)
        await open_connections(2)
        ends = await asyncio.gather(
            register(runtime, newcomer, invitation=token),
            revoke_invitation(runtime, partner_admin, RevokeInvitation(a_key(), invitation_id, 1)),
            return_exceptions=True,
        )
        state = (await the_invitation(invitation_id)).state
        if state == "REVOKED":
            assert isinstance(ends[0], Refused)
        else:
            assert state == "SPENT"
            assert ends[0] == newcomer.id
            assert not isinstance(ends[1], str)
        assert len(await trail_of(Invitation, invitation_id)) == 2


async def test_the_code_brings_to_the_page(
    runtime: Runtime, mini_program: PlayedMiniProgram, partner_admin: Viewer
) -> None:
    """It fits into the scene of a mini program code, is the same each time, and stands nowhere in clear."""
    invitation_id = await invite(runtime, partner_admin, partner_admin.organisation_id)
    code = await invitation_code(runtime, mini_program, partner_admin, invitation_id)
    assert code is not None
    assert (code.page, code.picture) == ("pages/register/index", PICTURE)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", code.scene)
    assert await invitation_code(runtime, mini_program, partner_admin, invitation_id) == code
    assert code.scene not in repr(await everything_in_database())
    mini_program.failure = PlatformFailure.BUSY
    assert await invitation_code(runtime, mini_program, partner_admin, invitation_id) is None


def test_the_text_of_a_code_is_never_shorter(runtime: Runtime) -> None:
    """Chance may put any character anywhere; all 22 are there, and no two are alike."""
    scenes = [scene_token(runtime.ids) for _ in range(2000)]
    assert [scene for scene in scenes if not re.fullmatch(r"[A-Za-z0-9_-]{22}", scene)] == []
    assert len(set(scenes)) == len(scenes)
    assert any("_" in scene for scene in scenes)


async def test_whose_code_is_not_drawn(
    runtime: Runtime,
    clock: FixedClock,
    mini_program: PlayedMiniProgram,
    partner_admin: Viewer,
    admin: Viewer,
    clerk: Viewer,
) -> None:
    """Only the inviter's own, while it is good: nobody carries somebody else's into a chat."""
    invitation_id = await invite(runtime, partner_admin, partner_admin.organisation_id)
    async with refused("NotFound"):
        await invitation_code(runtime, mini_program, admin, invitation_id)
    async with refused("PermissionMissing"):
        await invitation_code(runtime, mini_program, clerk, invitation_id)
    for unknown in ("inv_00000000000000000000000000", "no id"):
        async with refused("NotFound"):
            await invitation_code(runtime, mini_program, partner_admin, unknown)
    revoked = await invite(runtime, partner_admin, partner_admin.organisation_id)
    await revoke_invitation(runtime, partner_admin, RevokeInvitation(a_key(), revoked, 1))
    async with refused("NotFound"):
        await invitation_code(runtime, mini_program, partner_admin, revoked)
    clock.advance(7 * 86_400)
    async with refused("NotFound"):
        await invitation_code(runtime, mini_program, partner_admin, invitation_id)
    assert mini_program.calls == []
