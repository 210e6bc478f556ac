"""`reassignStaff`: other roles, or another organisation."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from tests.builders.api import Api
from tests.schema.mutations import Told, assert_refused

REASSIGN: Final = "ReassignStaff"


async def test_new_rights_count_from_the_next_call_on(api: Api, admin: Viewer, partner_clerk: Viewer) -> None:
    """With the session they have."""
    client, theirs = await api.client(admin), await api.client(partner_clerk)
    given = {"staffId": partner_clerk.id, "expectedVersion": 1, "roles": ["PARTNER_ADMIN"]}
    shown = (await client.change(REASSIGN, **given)).changed
    assert (shown["roles"], shown["organisation"]["id"]) == (["PARTNER_ADMIN"], partner_clerk.organisation_id)
    me = (await theirs.call("Me")).value
    assert "staff.invite" in me["permissions"]
    assert "application.file" not in me["permissions"]


async def test_each_refusal_names_its_member(
    api: Api, admin: Viewer, partner_clerk: Viewer, partner_key: Viewer, reviewer: Viewer
) -> None:
    """Keys are no people, and a reviewer has no place at a partner."""
    client = await api.client(admin)
    given: dict[str, Any] = {"staffId": partner_clerk.id, "expectedVersion": 1}
    cases: list[tuple[dict[str, Any], Told]] = [
        ({**given, "roles": ["REVIEWER"]}, ("ROLE_NOT_IN_ORGANISATION", "roles")),
        ({**given, "roles": ["PARTNER_KEY"]}, ("ROLE_NOT_IN_ORGANISATION", "roles")),
        ({**given, "organisationId": reviewer.organisation_id}, ("ROLE_NOT_IN_ORGANISATION", "roles")),
        ({**given, "organisationId": "org_0"}, ("ORGANISATION_UNKNOWN", "organisationId")),
        ({**given, "staffId": partner_key.id, "roles": ["FIELD_STAFF"]}, ("ROLES_NOT_GRANTABLE", "")),
        ({**given, "staffId": admin.id}, ("NOT_ALLOWED", "")),
    ]
    for sent, told in cases:
        await assert_refused(client.change(REASSIGN, **sent), told)
