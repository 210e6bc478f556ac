"""`sessions`: one's own ways in that have not ended."""

from __future__ import annotations

from backend.accounts import Viewer, open_session
from backend.accounts.models import Session
from backend.accounts.sessions import SESSION_HOURS
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock


async def test_ones_own_are_listed_the_newest_first(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, other_clerk: Viewer
) -> None:
    """The one that asks is marked; neither ended nor expired ones are there, nor anybody else's."""
    await api.client(other_clerk)
    clock.advance(SESSION_HOURS * 3600 / 2)
    await open_session(runtime, clerk.id, device="Mate 60")
    ended = await open_session(runtime, clerk.id, device="ended")
    await Session.filter(device="ended").update(ended_at=clock.wall())
    clock.advance(1)
    client = await api.client(clerk)
    shown = (await client.call("Sessions")).value
    assert [(item["kind"], item["device"], item["isCurrent"]) for item in shown] == [
        ("SESSION", None, True),
        ("SESSION", "Mate 60", False),
        ("SESSION", None, False),
    ]
    assert ended not in str(shown)
    clock.advance(SESSION_HOURS * 3600 / 2)
    assert len((await client.call("Sessions")).value) == 2
