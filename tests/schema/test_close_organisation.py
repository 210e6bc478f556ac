"""`closeOrganisation`: a node in which nobody has access any more is closed."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_team
from tests.schema.mutations import assert_refused

CLOSE: Final = "CloseOrganisation"


def _about(organisation_id: str, reason: str = "合作到期") -> dict[str, Any]:
    return {"organisationId": organisation_id, "expectedVersion": 1, "reason": reason}


async def test_newcomers_choose_it_no_more(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """And it can be reopened."""
    team, client = await a_team(runtime, admin), await api.client(admin)
    assert team in {item["id"] for item in (await client.call("RegistrationOrganisations")).value}
    shown = (await client.change(CLOSE, **_about(team))).changed
    assert (shown["state"], [item["action"] for item in shown["availableActions"]]) == ("CLOSED", ["REOPEN"])
    assert team not in {item["id"] for item in (await client.call("RegistrationOrganisations")).value}


async def test_each_refusal_names_its_member(api: Api, runtime: Runtime, admin: Viewer, partner_clerk: Viewer) -> None:
    """While anybody, or an open node, is in it; without a reason; twice."""
    team, client = await a_team(runtime, admin), await api.client(admin)
    below = await a_team(runtime, admin, "下级渠道", parent_id=team)
    for organisation_id in (team, partner_clerk.organisation_id):
        await assert_refused(client.change(CLOSE, **_about(organisation_id)), ("ORGANISATION_IN_USE", ""))
    await assert_refused(client.change(CLOSE, **_about(below, "")), ("REASON_MISSING", ""))
    await assert_refused(client.change(CLOSE, **_about(below, "x" * 501)), ("TEXT_TOO_LONG", "reason"))
    assert (await client.change(CLOSE, **_about(below))).changed
    await assert_refused(client.change(CLOSE, **{**_about(below), "expectedVersion": 2}), ("ILLEGAL_STATE", ""))
