"""`createInvitation`: a place is offered to one person."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.accounts.invitations import VALID_DAYS
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_team, close
from tests.schema.mutations import Told, assert_refused

INVITE: Final = "CreateInvitation"


async def test_it_is_open_for_a_week(api: Api, partner_admin: Viewer) -> None:
    """The payload holds no token: whoever invites draws the code."""
    given = {"organisationId": partner_admin.organisation_id, "role": "FIELD_STAFF", "note": " 城东的小王 "}
    shown = (await (await api.client(partner_admin)).change(INVITE, **given)).changed
    assert (shown["state"], shown["role"], shown["note"], shown["isExpired"]) == (
        "OPEN",
        "FIELD_STAFF",
        "城东的小王",
        False,
    )
    assert shown["organisation"]["name"] == "示例渠道"
    assert [item["action"] for item in shown["availableActions"]] == ["REVOKE"]
    assert VALID_DAYS == 7


async def test_nobody_offers_more_than_they_may_give(
    api: Api, runtime: Runtime, admin: Viewer, partner_admin: Viewer, clerk: Viewer
) -> None:
    """Neither a role, nor a place; notes are short."""
    closed = await a_team(runtime, admin)
    await close(runtime, admin, closed)
    leads, manages = await api.client(partner_admin), await api.client(admin)
    own, hq = partner_admin.organisation_id, admin.organisation_id
    cases: list[tuple[Any, dict[str, Any], Told]] = [
        (leads, {"organisationId": own, "role": "PARTNER_ADMIN"}, ("ROLES_NOT_GRANTABLE", "role")),
        (leads, {"organisationId": own, "role": "ADMIN"}, ("ROLES_NOT_GRANTABLE", "role")),
        (leads, {"organisationId": hq, "role": "FIELD_STAFF"}, ("ORGANISATION_UNKNOWN", "organisationId")),
        (
            leads,
            {"organisationId": clerk.organisation_id, "role": "FIELD_STAFF"},
            ("ORGANISATION_UNKNOWN", "organisationId"),
        ),
        (leads, {"organisationId": own, "role": "FIELD_STAFF", "note": "x" * 81}, ("TEXT_TOO_LONG", "note")),
        (manages, {"organisationId": own, "role": "ADMIN"}, ("ROLE_NOT_IN_ORGANISATION", "role")),
        (manages, {"organisationId": own, "role": "PARTNER_KEY"}, ("ROLES_NOT_GRANTABLE", "role")),
        (manages, {"organisationId": closed, "role": "FIELD_STAFF"}, ("ORGANISATION_UNKNOWN", "organisationId")),
        (manages, {"organisationId": "org_0", "role": "FIELD_STAFF"}, ("ORGANISATION_UNKNOWN", "organisationId")),
    ]
    for client, given, told in cases:
        await assert_refused(client.change(INVITE, **given), told)
