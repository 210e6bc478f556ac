"""`node`: a thing fetched again by its id."""

from __future__ import annotations

from typing import Any

from backend.accounts import CreateInvitation, Role, Viewer, create_invitation
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, a_key
from tests.builders.handbook_keeping import a_draft
from tests.schema import cases


async def test_an_application_is_fetched_by_its_id(
    api: Api, runtime: Runtime, clerk: Viewer, other_clerk: Viewer
) -> None:
    """What is not the viewer's and what is not there look alike."""
    case = await cases.filled(runtime, clerk, micro_name="大郎烧饼")
    client = await api.client(clerk)
    assert (await client.call("Node", id=case.id)).value == {
        "__typename": "Application",
        "id": case.id,
        "version": await case.version(),
        "state": "DRAFT",
        "stage": "DRAFT",
        "shopName": "大郎烧饼",
    }
    hidden = await (await api.client(other_clerk)).call("Node", id=case.id)
    for nothing in ("apl_00000000000000000000000000", "stf_", "fil_00000000000000000000000000", "nonsense", ""):
        assert (await client.call("Node", id=nothing)).body == hidden.body == {"data": {"node": None}}


async def test_people_organisations_and_invitations_are_fetched_by_theirs(
    api: Api, runtime: Runtime, partner_admin: Viewer, partner_clerk: Viewer, clerk: Viewer
) -> None:
    """Each by its own type, to whoever may read it; a stranger's are not there."""
    command = CreateInvitation(a_key(), partner_admin.organisation_id, Role.FIELD_STAFF, "")
    invitation_id = await create_invitation(runtime, partner_admin, command)
    shown: dict[str, dict[str, Any]] = {
        partner_clerk.id: {
            "__typename": "Staff",
            "staffState": "APPROVED",
            "staffStage": "ACTIVE",
            "name": "测试partner_clerk",
        },
        partner_admin.organisation_id: {
            "__typename": "Organisation",
            "organisationState": "OPEN",
            "name": "示例渠道",
        },
        invitation_id: {
            "__typename": "Invitation",
            "invitationState": "OPEN",
            "role": "FIELD_STAFF",
            "isExpired": False,
        },
    }
    client, stranger = await api.client(partner_admin), await api.client(clerk)
    for target, members in shown.items():
        told = (await client.call("Node", id=target)).value
        assert told == {"id": target, "version": told["version"], **members}
        assert (await stranger.call("Node", id=target)).outcome == "NULL"


async def test_an_entry_of_the_handbook_is_fetched_by_its_id(
    api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer
) -> None:
    """What has been in force is there for staff, a draft for editors alone."""
    draft = await a_draft(runtime, admin)
    editor, staff = await api.client(admin), await api.client(clerk)
    assert (await editor.call("Node", id=draft.id)).value["handbookState"] == "DRAFT"
    assert (await staff.call("Node", id=draft.id)).value is None
    await draft.publish()
    assert (await staff.call("Node", id=draft.id)).value == {
        "__typename": "HandbookEntry",
        "id": draft.id,
        "version": 2,
        "handbookState": "PUBLISHED",
        "handbookStage": "IN_FORCE",
        "kind": "NOTICE",
        "code": "NIGHT_SHIFT",
        "title": "夜间开户",
    }
