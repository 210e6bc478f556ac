"""`registrations`: who waits to be let in, first in first out."""

from __future__ import annotations

from backend.accounts import Role, StaffState, Viewer
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.conftest import MakeViewer


async def test_who_waits_longest_comes_first(
    api: Api, clock: FixedClock, a_viewer: MakeViewer, reviewer: Viewer, clerk: Viewer
) -> None:
    """And nobody who does not wait."""
    waiting: list[str] = []
    for number in range(3):
        waiting.append((await a_viewer(f"new{number}", Role.FIELD_STAFF, "partner", StaffState.PENDING)).id)
        clock.advance(60)
    client = await api.client(reviewer)
    page = (await client.call("Registrations", first=2)).value
    rest = (await client.call("Registrations", first=2, after=page["pageInfo"]["endCursor"])).value
    shown = [edge["node"] for edge in (*page["edges"], *rest["edges"])]
    assert [node["id"] for node in shown] == waiting
    assert clerk.id not in waiting
    assert [item["action"] for item in shown[0]["availableActions"]] == ["APPROVE", "REJECT"]
