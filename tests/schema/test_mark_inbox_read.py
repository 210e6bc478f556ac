"""`markInboxRead`: some, or all up to one."""

from __future__ import annotations

from typing import Final

from backend.accounts import Viewer
from backend.foundation.events import SYSTEM
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging import MessageKind, notify
from tests.builders.api import Api
from tests.schema.mutations import assert_done_once, assert_refused

MARK: Final = "MarkInboxRead"


async def _told(runtime: Runtime, person: Viewer, count: int) -> list[str]:
    ids: list[str] = []
    for _ in range(count):
        async with work(runtime, SYSTEM) as current:
            ids.append(await notify(current, person.id, MessageKind.STAFF_REINSTATED, subject_id=person.id))
    return ids


async def test_some_and_all_before_one(api: Api, runtime: Runtime, clerk: Viewer, other_clerk: Viewer) -> None:
    """Other people's messages, and what is no message, change nothing."""
    mine, theirs = await _told(runtime, clerk, 5), await _told(runtime, other_clerk, 2)
    client = await api.client(clerk)
    assert await assert_done_once(client, MARK, {"messageIds": [mine[4]]}, {"messageIds": [mine[3]]}) == 4
    assert (await client.change(MARK, upToMessageId=mine[1])).changed == 2
    assert (await client.change(MARK, messageIds=theirs, upToMessageId=theirs[1])).changed == 2
    assert (await client.change(MARK, messageIds=[])).changed == 2
    for odd in ("x" * 500, "\u0000", "msg_0"):
        assert (await client.change(MARK, messageIds=[odd], upToMessageId=odd)).changed == 2
    read = {
        edge["node"]["id"] for edge in (await client.call("Inbox", first=5)).value["edges"] if edge["node"]["readAt"]
    }
    assert read == {mine[0], mine[1], mine[4]}
    assert (await (await api.client(other_clerk)).call("InboxUnreadCount")).value == 2


async def test_too_many_at_once_are_refused(api: Api, clerk: Viewer) -> None:
    """A page holds a hundred."""
    client = await api.client(clerk)
    await assert_refused(client.change(MARK, messageIds=["msg_0"] * 101), ("TOO_MANY_MESSAGES", "messageIds"))
