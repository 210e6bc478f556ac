"""createOrganisation, changeOrganisation, closeOrganisation, reopenOrganisation: the tree, kept by HQ."""

from __future__ import annotations

from typing import Any

import pytest

from backend.accounts import (
    ChangeOrganisation,
    CloseOrganisation,
    CreateOrganisation,
    OrganisationKind,
    Role,
    Viewer,
    change_organisation,
    close_organisation,
    create_organisation,
    reauthenticate,
    reopen_organisation,
    suspend_staff,
)
from backend.accounts.models import Organisation
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key, refused
from tests.builders.everything import everything_in_database
from tests.builders.people import (
    a_change,
    a_team,
    body_of,
    close,
    kinds_of,
    reassign,
    the_organisation,
    trail_of,
)
from tests.conftest import MakeViewer

PARENTS = {
    OrganisationKind.HQ: set[OrganisationKind](),
    OrganisationKind.HQ_FIELD: {OrganisationKind.HQ},
    OrganisationKind.HQ_REVIEW: {OrganisationKind.HQ},
    OrganisationKind.PARTNER: {OrganisationKind.HQ, OrganisationKind.PARTNER},
}


@pytest.mark.parametrize("kind", list(OrganisationKind))
async def test_which_node_hangs_below_which(
    runtime: Runtime, admin: Viewer, organisations: dict[str, str], kind: OrganisationKind
) -> None:
    """There is one HQ, its teams lie below it, and partners below it or below a partner."""
    for parent in OrganisationKind:
        command = CreateOrganisation(a_key(), "新机构", kind, organisations[parent.lower()])
        if parent not in PARENTS[kind]:
            async with refused("ORGANISATION_UNKNOWN"):
                await create_organisation(runtime, admin, command)
            continue
        organisation_id = await create_organisation(runtime, admin, command)
        organisation = await the_organisation(organisation_id)
        assert (organisation.state, organisation.kind, organisation.parent_id) == ("OPEN", kind, command.parent_id)
        assert not organisation.accepts_registrations
        assert body_of((await trail_of(Organisation, organisation_id))[0]) == {
            "to": "OPEN",
            "name": "新机构",
            "kind": kind,
            "parent_id": command.parent_id,
        }
        before = await everything_in_database()
        assert await create_organisation(runtime, admin, command) == organisation_id
        assert await everything_in_database() == before


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("NAME_INVALID", {"name": "新"}),
    ("NAME_INVALID", {"name": "新" * 81}),
    ("NAME_INVALID", {"name": "新\u202e机构"}),
    ("ORGANISATION_UNKNOWN", {"parent_id": "org_00000000000000000000000000"}),
    ("ORGANISATION_UNKNOWN", {"parent_id": "no id"}),
)


@pytest.mark.parametrize(("code", "given"), WRONG)
async def test_what_is_refused(runtime: Runtime, admin: Viewer, code: str, given: dict[str, Any]) -> None:
    """Names that cannot be read, parents that are not there."""
    command = {"name": "新机构", "kind": OrganisationKind.PARTNER, "parent_id": admin.organisation_id, **given}
    async with refused(code):
        await create_organisation(runtime, admin, CreateOrganisation(a_key(), **command))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
async def test_only_hqs_admin_keeps_the_tree(
    runtime: Runtime, organisations: dict[str, str], a_viewer: MakeViewer, role: Role
) -> None:
    """Nobody else adds, changes, closes or reopens."""
    viewer = await a_viewer(f"one_{role}", role, "partner")
    partner = organisations["partner"]
    async with refused("PermissionMissing"):
        await a_team(runtime, viewer)
    async with refused("PermissionMissing"):
        await change_organisation(runtime, viewer, ChangeOrganisation(a_key(), partner, 1, name="别的名字"))
    for change in (close_organisation, reopen_organisation):
        async with refused("PermissionMissing"):
            await change(runtime, viewer, CloseOrganisation(a_key(), partner, 1, "停止合作"))


async def test_a_change_says_what_changed(runtime: Runtime, admin: Viewer, organisations: dict[str, str]) -> None:
    """What is left out stays; an old look, a closed and an unknown one are refused."""
    partner = organisations["partner"]
    await change_organisation(runtime, admin, ChangeOrganisation(a_key(), partner, 1, name=" 新  名字 "))
    await change_organisation(runtime, admin, ChangeOrganisation(a_key(), partner, 2, accepts_registrations=True))
    organisation = await the_organisation(partner)
    assert (organisation.name, organisation.accepts_registrations, organisation.version) == ("新 名字", True, 3)
    told = [body_of(event) for event in await trail_of(Organisation, partner)]
    assert [{**body, "from": None, "to": None} for body in told] == [
        {"from": None, "to": None, "name": "新 名字"},
        {"from": None, "to": None, "accepts_registrations": True},
    ]
    async with refused("NAME_INVALID"):
        await change_organisation(runtime, admin, ChangeOrganisation(a_key(), partner, 3, name=" "))
    async with refused("StaleVersion"):
        await change_organisation(runtime, admin, ChangeOrganisation(a_key(), partner, 2, name="别的名字"))
    async with refused("NotFound"):
        await change_organisation(
            runtime, admin, ChangeOrganisation(a_key(), "org_00000000000000000000000000", 1, name="别的名字")
        )
    await close(runtime, admin, partner)
    async with refused("ILLEGAL_STATE"):
        await change_organisation(runtime, admin, ChangeOrganisation(a_key(), partner, 4, name="别的名字"))


async def test_in_use_it_is_not_closed(
    runtime: Runtime, admin: Viewer, partner_clerk: Viewer, organisations: dict[str, str]
) -> None:
    """Not while anybody with access is in it, nor while an open one lies below it; the cut off do not count."""
    partner = organisations["partner"]
    async with refused("ORGANISATION_IN_USE"):
        await close(runtime, admin, partner)
    await suspend_staff(runtime, admin, await a_change(partner_clerk.id))
    below = await a_team(runtime, admin, parent_id=partner)
    async with refused("ORGANISATION_IN_USE"):
        await close(runtime, admin, partner)
    await close(runtime, admin, below)
    async with refused("REASON_MISSING"):
        await close_organisation(runtime, admin, CloseOrganisation(a_key(), partner, 1, " "))
    await close(runtime, admin, partner)
    assert (await the_organisation(partner)).state == "CLOSED"
    assert await kinds_of(Organisation, partner) == ["ORGANISATION_CLOSED"]
    async with refused("ILLEGAL_STATE"):
        await close(runtime, admin, partner)
    async with refused("ORGANISATION_UNKNOWN"):
        await a_team(runtime, admin, parent_id=partner)


async def test_the_tree_is_reopened_from_above(
    runtime: Runtime, admin: Viewer, organisations: dict[str, str], clerk: Viewer
) -> None:
    """Below a closed one nothing is open; reopened, people may belong to it again."""
    partner = organisations["partner"]
    below = await a_team(runtime, admin, parent_id=partner)
    await close(runtime, admin, below)
    await close(runtime, admin, partner)
    async with refused("ORGANISATION_UNKNOWN"):
        await reopen_organisation(runtime, admin, CloseOrganisation(a_key(), below, 2, "恢复合作"))
    async with refused("REASON_MISSING"):
        await reopen_organisation(runtime, admin, CloseOrganisation(a_key(), partner, 2, ""))
    await reopen_organisation(runtime, admin, CloseOrganisation(a_key(), partner, 2, "恢复合作"))
    await reopen_organisation(runtime, admin, CloseOrganisation(a_key(), below, 2, "恢复合作"))
    await reassign(runtime, admin, clerk.id, to=below)
    assert (await reauthenticate(runtime, clerk)).organisation_id == below
