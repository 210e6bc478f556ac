"""`reopenOrganisation`: a closed node works with us again."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_team, close
from tests.schema.mutations import assert_refused

REOPEN: Final = "ReopenOrganisation"


def _about(organisation_id: str, **given: Any) -> dict[str, Any]:
    return {"organisationId": organisation_id, "expectedVersion": 2, "reason": "续签", **given}


async def test_it_is_as_it_was(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Newcomers may choose it where they might before."""
    team, client = await a_team(runtime, admin), await api.client(admin)
    await close(runtime, admin, team)
    await assert_refused(client.change(REOPEN, **_about(team, reason=" ")), ("REASON_MISSING", ""))
    await assert_refused(client.change(REOPEN, **_about(team, reason="x" * 501)), ("TEXT_TOO_LONG", "reason"))
    shown = (await client.change(REOPEN, **_about(team))).changed
    assert (shown["state"], shown["acceptsRegistrations"]) == ("OPEN", True)
    await assert_refused(client.change(REOPEN, **_about(team, expectedVersion=3)), ("ILLEGAL_STATE", ""))
    assert (await client.change(REOPEN, **_about("org_0"))).codes == ["NOT_FOUND"]
