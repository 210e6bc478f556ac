"""`changeOrganisation`: another name, or open to newcomers or not."""

from __future__ import annotations

from typing import Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_team, close
from tests.schema.mutations import assert_refused

CHANGE: Final = "ChangeOrganisation"


async def test_what_is_absent_stays(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Each member by itself."""
    team, client = await a_team(runtime, admin), await api.client(admin)
    renamed = (await client.change(CHANGE, organisationId=team, expectedVersion=1, name="改名渠道")).changed
    assert (renamed["name"], renamed["acceptsRegistrations"], renamed["version"]) == ("改名渠道", True, 2)
    shut = (await client.change(CHANGE, organisationId=team, expectedVersion=2, acceptsRegistrations=False)).changed
    assert (shut["name"], shut["acceptsRegistrations"], shut["version"]) == ("改名渠道", False, 3)


async def test_each_refusal_names_its_member(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Names, what is closed, and what is not there."""
    team, client = await a_team(runtime, admin), await api.client(admin)
    given = {"organisationId": team, "expectedVersion": 1}
    for name in ("", "一", "一" * 81, "a\u0000b"):
        await assert_refused(client.change(CHANGE, **given, name=name), ("NAME_INVALID", "name"))
    await close(runtime, admin, team)
    await assert_refused(
        client.change(CHANGE, organisationId=team, expectedVersion=2, name="改名"), ("ILLEGAL_STATE", "")
    )
    assert (await client.change(CHANGE, organisationId="org_0", expectedVersion=1)).codes == ["NOT_FOUND"]
