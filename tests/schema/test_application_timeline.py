"""`applicationTimeline`: the events of one application, for whoever polls."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.forms import OWNER_ID_NUMBER
from tests.schema import cases


async def test_what_happened_is_told_in_order_and_masked(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer
) -> None:
    """Who holds a review is HQ's own; the numbers of the hidden events stay, and no value is told in clear."""
    case = await cases.claimed(runtime, clerk, reviewer)
    told = {}
    for viewer in (clerk, reviewer):
        client = await api.client(viewer)
        edges = (await client.call("ApplicationTimeline", applicationId=case.id, first=50)).value["edges"]
        assert all(edge["cursor"] == edge["node"]["cursor"] for edge in edges)
        told[viewer.id] = [(edge["node"]["sequence"], edge["node"]["kind"]) for edge in edges]
        assert OWNER_ID_NUMBER not in str(edges)
    assert told[clerk.id] == [(1, "STARTED"), (2, "DRAFT_SAVED"), (3, "SUBMITTED")]
    assert told[reviewer.id] == [*told[clerk.id], (4, "CLAIMED")]


async def test_a_save_tells_what_changed(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Old and new value of each field, the sensitive ones masked."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    await case.save(micro_name="大郎烧饼", owner_name="张三", licence_held=True)
    (edge,) = (await client.call("ApplicationTimeline", applicationId=case.id, first=5, after="e1.1")).value["edges"]
    assert edge["node"]["kind"] == "DRAFT_SAVED"
    changes = {item["field"]: (item["old"], item["new"]) for item in edge["node"]["changes"]}
    assert changes["micro_name"] == (None, "大郎烧饼")
    assert changes["licence_held"] == ("false", "true")
    assert changes["owner_name"][1] != "张三"


async def test_pages_go_on_behind_a_cursor(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Each event once, and the end is told."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    for number in range(4):
        await case.save(micro_name=f"大郎烧饼{number}")
    seen, after, has_next = [], None, True
    while has_next:
        page = (await client.call("ApplicationTimeline", applicationId=case.id, first=2, after=after)).value
        seen += [edge["node"]["sequence"] for edge in page["edges"]]
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert seen == [1, 2, 3, 4, 5]


async def test_bad_sizes_and_cursors_are_refused(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """1 to 100 events; a cursor is what the stream or this list gave."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    for first, after in [
        (0, None), (101, None), (5, "nonsense"), (5, "e2.1"), (5, "e1.-1"), (5, "e1."), (5, "e1.1e3"), (5, "e1.٣"),
        (5, "e1.99999999999"),
    ]:  # fmt: skip
        answer = await client.call("ApplicationTimeline", applicationId=case.id, first=first, after=after)
        assert answer.codes == ["BAD_REQUEST"], (first, after)
