"""`createOrganisation`: a node is added to the tree."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_team, close
from tests.schema.mutations import Told, assert_refused

CREATE: Final = "CreateOrganisation"


async def test_it_hangs_where_it_is_put(api: Api, admin: Viewer, partner_admin: Viewer) -> None:
    """Below a partner its admin sees it at once."""
    given = {"name": " 示例渠道  二部 ", "kind": "PARTNER", "parentId": partner_admin.organisation_id}
    shown = (await (await api.client(admin)).change(CREATE, **given)).changed
    assert (shown["name"], shown["state"], shown["acceptsRegistrations"]) == ("示例渠道 二部", "OPEN", False)
    below = (await (await api.client(partner_admin)).call("Organisations")).value
    assert shown["id"] in {item["id"] for item in below}


async def test_each_refusal_names_its_member(
    api: Api, runtime: Runtime, admin: Viewer, partner_admin: Viewer, reviewer: Viewer
) -> None:
    """A name, and a parent that is open and may have such a node below it."""
    closed = await a_team(runtime, admin)
    await close(runtime, admin, closed)
    client, hq = await api.client(admin), admin.organisation_id
    cases: list[tuple[dict[str, Any], Told]] = [
        ({"name": "一", "kind": "PARTNER", "parentId": hq}, ("NAME_INVALID", "name")),
        ({"name": "一" * 81, "kind": "PARTNER", "parentId": hq}, ("NAME_INVALID", "name")),
        ({"name": "总部", "kind": "HQ", "parentId": hq}, ("ORGANISATION_UNKNOWN", "parentId")),
        *(
            ({"name": "渠道", "kind": kind, "parentId": parent}, ("ORGANISATION_UNKNOWN", "parentId"))
            for kind, parent in (
                ("HQ_REVIEW", partner_admin.organisation_id),
                ("PARTNER", reviewer.organisation_id),
                ("PARTNER", closed),
                ("PARTNER", "org_0"),
                ("PARTNER", "x" * 500),
            )
        ),
    ]
    for given, told in cases:
        await assert_refused(client.change(CREATE, **given), told)
