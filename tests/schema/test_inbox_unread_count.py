"""`inboxUnreadCount`: how many messages wait."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.schema import cases


async def test_what_is_read_counts_no_more(api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """Before the first message it is nought, and other people's do not count."""
    client = await api.client(clerk)
    assert (await client.call("InboxUnreadCount")).value == 0
    await cases.returned(runtime, clerk, reviewer, "micro_name")
    assert (await client.call("InboxUnreadCount")).value == 1
    assert (await (await api.client(reviewer)).call("InboxUnreadCount")).value == 0
    message = (await client.call("Inbox", first=5)).value["edges"][0]["node"]
    assert (await client.change("MarkInboxRead", messageIds=[message["id"]])).changed == 0
    assert (await client.call("InboxUnreadCount")).value == 0
