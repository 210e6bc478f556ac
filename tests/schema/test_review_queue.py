"""`reviewQueue`: what waits for HQ, first in first out."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.schema import cases


async def test_what_waits_longest_comes_first(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, partner_clerk: Viewer, reviewer: Viewer
) -> None:
    """Claimed ones stay in it with their claimer; what was sent back joins at the end again."""
    client = await api.client(reviewer)
    first = await cases.submitted(runtime, clerk)
    clock.advance(60)
    second = await cases.claimed(runtime, partner_clerk, reviewer)
    clock.advance(60)
    await cases.filled(runtime, clerk)
    edges = (await client.call("ReviewQueue", first=20)).value["edges"]
    assert [(edge["node"]["id"], edge["node"]["review"]["claimerId"]) for edge in edges] == [
        (first.id, None),
        (second.id, reviewer.id),
    ]
    await first.claim(reviewer)
    await first.send_back(reviewer, "micro_name")
    await first.save(micro_name="改过的店名")
    await first.submit()
    page = (await client.call("ReviewQueue", first=1)).value
    assert [edge["node"]["id"] for edge in page["edges"]] == [second.id]
    page = (await client.call("ReviewQueue", first=1, after=page["pageInfo"]["endCursor"])).value
    assert [(edge["node"]["id"], edge["node"]["queuedAt"]) for edge in page["edges"]] == [
        (first.id, "2026-11-22T02:02:00.000Z")
    ]
    assert page["pageInfo"]["hasNextPage"] is False
