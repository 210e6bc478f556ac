"""`hurryRegistration`: HQ is reminded, at most once an hour."""

from __future__ import annotations

from typing import Final

from backend.accounts import Role, StaffState, Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.conftest import MakeViewer
from tests.schema.mutations import assert_refused

HURRY: Final = "HurryRegistration"


async def test_hq_is_reminded_once_an_hour(
    api: Api, runtime: Runtime, clock: FixedClock, a_viewer: MakeViewer, reviewer: Viewer
) -> None:
    """The action says beforehand that it is too early."""
    client = await api.client(await a_viewer("newcomer", Role.FIELD_STAFF, "partner", StaffState.PENDING))
    me = (await client.change(HURRY, expectedVersion=1)).changed
    assert me["hurriedAt"] is not None
    assert me["availableActions"] == [{"action": "HURRY", "allowed": False, "blockedReason": "HURRIED_ALREADY"}]
    (error,) = await assert_refused(client.change(HURRY, expectedVersion=2), ("HURRIED_ALREADY", ""))
    assert error["currentState"] == "PENDING"
    alerts = (await (await api.client(reviewer)).call("Alerts", first=5)).value["edges"]
    assert [edge["node"]["kind"] for edge in alerts] == ["REGISTRATION_HURRIED"]
    clock.advance(3600)
    assert runtime.clock is clock
    assert (await client.change(HURRY, expectedVersion=2)).changed["version"] == 3


async def test_only_who_waits_hurries(api: Api, clerk: Viewer) -> None:
    """Whoever is in already has nothing to wait for."""
    client = await api.client(clerk)
    await assert_refused(client.change(HURRY, expectedVersion=1), ("ILLEGAL_STATE", ""))
