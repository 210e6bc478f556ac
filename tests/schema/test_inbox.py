"""`inbox`: one's own messages, the newest first."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.events import SYSTEM
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging import MessageKind, notify
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.schema import cases


async def test_messages_are_told_in_words(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, other_clerk: Viewer, reviewer: Viewer
) -> None:
    """With the page to open; nobody else's are there."""
    case = await cases.returned(runtime, clerk, reviewer, "micro_name")
    clock.advance(60)
    async with work(runtime, SYSTEM) as current:
        await notify(current, clerk.id, MessageKind.STAFF_REINSTATED, subject_id=clerk.id)
    client = await api.client(clerk)
    first = (await client.call("Inbox", first=1)).value
    rest = (await client.call("Inbox", first=5, after=first["pageInfo"]["endCursor"])).value
    shown = [edge["node"] for edge in (*first["edges"], *rest["edges"])]
    assert [(node["kind"], node["subjectId"], node["sequence"], node["cursor"]) for node in shown] == [
        ("STAFF_REINSTATED", clerk.id, 2, "e1.2"),
        ("APPLICATION_RETURNED", case.id, 1, "e1.1"),
    ]
    assert "大郎烧饼" in shown[1]["text"]
    assert case.id in shown[1]["page"]
    assert {node["readAt"] for node in shown} == {None}
    assert (await (await api.client(other_clerk)).call("Inbox", first=5)).value["edges"] == []
