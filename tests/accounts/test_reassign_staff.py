"""reassignStaff: other roles, another organisation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.accounts import ReassignStaff, Role, SessionInvalid, Viewer, reassign_staff, reauthenticate
from backend.accounts.models import Staff
from backend.accounts.rules import ROLES_IN, OrganisationKind
from backend.accounts.service import roles_of
from backend.applications import HandOverApplications, hand_over_applications, start_application
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_draft, a_key, a_start, refused, save, the
from tests.builders.everything import everything_in_database
from tests.builders.people import a_change, a_team, body_of, close, reassign, the_person, trail_of
from tests.conftest import MakeViewer


async def test_rights_change_from_the_next_request_on(
    runtime: Runtime, partner_clerk: Viewer, admin: Viewer, organisations: dict[str, str]
) -> None:
    """A call that is under way with the old rights is refused; the session goes on with the new ones."""
    await reassign(runtime, admin, partner_clerk.id, Role.PARTNER_ADMIN)
    with pytest.raises(SessionInvalid):
        await start_application(runtime, partner_clerk, a_start())
    viewer = await reauthenticate(runtime, partner_clerk)
    assert viewer.roles == {Role.PARTNER_ADMIN}
    assert viewer.reach == {organisations["partner"]}
    told = body_of((await trail_of(Staff, partner_clerk.id))[-1])
    assert told == {
        "from": "APPROVED",
        "to": "APPROVED",
        "roles": "PARTNER_ADMIN",
        "old_roles": "FIELD_STAFF",
        "organisation_id": organisations["partner"],
        "old_organisation_id": organisations["partner"],
    }


async def test_open_work_is_handed_over_first(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer, organisations: dict[str, str]
) -> None:
    """An organisation keeps its applications; whoever files them stays in it, in whatever role."""
    application_id = await a_draft(runtime, clerk)
    async with refused("OPEN_WORK"):
        await reassign(runtime, admin, clerk.id, to=organisations["partner"])
    await hand_over_applications(runtime, admin, HandOverApplications(a_key(), clerk.id, other_clerk.id))
    await reassign(runtime, admin, clerk.id, to=organisations["partner"])
    assert (await reauthenticate(runtime, clerk)).organisation_id == organisations["partner"]
    await save(runtime, other_clerk, application_id, account_bank="农业银行")
    assert (await the(application_id)).organisation_id == organisations["hq_field"]


@pytest.mark.parametrize("kind", list(OrganisationKind))
async def test_only_roles_that_the_organisation_has(
    runtime: Runtime, clerk: Viewer, admin: Viewer, organisations: dict[str, str], kind: OrganisationKind
) -> None:
    """Every role in every kind of organisation: what the table has is given, all else refused."""
    where = organisations[kind.lower()]
    for role in Role:
        if role in ROLES_IN[kind]:
            await reassign(runtime, admin, clerk.id, role, to=where)
            person = await the_person(clerk.id)
            assert (person.organisation_id, roles_of(person.roles)) == (where, frozenset({role}))
        else:
            async with refused("ROLE_NOT_IN_ORGANISATION"):
                await reassign(runtime, admin, clerk.id, role, to=where)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_only_hqs_admin_does(runtime: Runtime, clerk: Viewer, a_viewer: MakeViewer, role: Role) -> None:
    """Nobody else gives or takes rights."""
    viewer = await a_viewer(f"one_{role}", role, "hq")
    async with refused("PermissionMissing"):
        await reassign(runtime, viewer, clerk.id, Role.FIELD_STAFF)


async def test_what_is_refused(
    runtime: Runtime, guest: Viewer, clerk: Viewer, partner_key: Viewer, pending: str, admin: Viewer
) -> None:
    """Oneself, a key, somebody who is not in yet, a closed organisation, an old look."""
    team = await a_team(runtime, admin)
    await close(runtime, admin, team)
    cases: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("NOT_ALLOWED", admin.id, {"roles": (Role.AUDITOR,)}),
        ("ROLE_NOT_IN_ORGANISATION", partner_key.id, {}),
        ("ROLES_NOT_GRANTABLE", partner_key.id, {"roles": (Role.FIELD_STAFF,)}),
        ("ILLEGAL_STATE", pending, {}),
        ("ORGANISATION_UNKNOWN", clerk.id, {"organisation_id": team}),
        ("StaleVersion", clerk.id, {"expected_version": 9}),
        ("NotFound", "stf_00000000000000000000000000", {"expected_version": 1}),
    )
    for code, staff_id, given in cases:
        version = given.pop("expected_version", None) or (await the_person(staff_id)).version
        async with refused(code):
            await reassign_staff(runtime, admin, ReassignStaff(a_key(), staff_id, version, **given))
    assert guest.id == pending


async def test_the_same_call_again_is_done_once(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """Sent again under its key it is answered alike."""
    command = ReassignStaff(a_key(), clerk.id, (await the_person(clerk.id)).version, (Role.FIELD_STAFF,))
    assert await reassign_staff(runtime, admin, command) == clerk.id
    before = await everything_in_database()
    assert await reassign_staff(runtime, admin, command) == clerk.id
    assert await everything_in_database() == before
    assert (await a_change(clerk.id)).expected_version == command.expected_version + 1


async def test_an_organisation_added_below_ends_nobodys_call(
    runtime: Runtime, admin: Viewer, partner_admin: Viewer, clerk: Viewer
) -> None:
    """A viewer whose reach has grown since is still the same; with less than they came with they are not."""
    await a_team(runtime, admin, parent_id=partner_admin.organisation_id)
    await reassign(runtime, admin, clerk.id, Role.FIELD_STAFF)
    assert (await reauthenticate(runtime, admin)).reach > admin.reach
    async with refused("SessionInvalid"):
        await reassign(runtime, replace(admin, reach=admin.reach | {"org_of_before"}), clerk.id, Role.FIELD_STAFF)
