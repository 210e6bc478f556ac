"""`applications`: the list of what the viewer may see, page by page."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, Client
from tests.builders.clock import FixedClock
from tests.schema import cases
from tests.schema.cursors import BAD_CURSORS, a_cursor_of


async def _page(client: Client, first: int, after: str | None = None) -> Any:
    return (await client.call("Applications", first=first, after=after)).value


async def test_the_newest_come_first_and_only_ones_own(
    api: Api, runtime: Runtime, clock: FixedClock, partner_clerk: Viewer, partner_admin: Viewer, clerk: Viewer
) -> None:
    """Staff list their own, the partner admin the organisation's, nobody another organisation's."""
    mine = []
    for _ in range(3):
        mine.append((await cases.started(runtime, partner_clerk)).id)
        clock.advance(1)
    other = await cases.started(runtime, clerk)
    for viewer, expected in [(partner_clerk, mine[::-1]), (partner_admin, mine[::-1]), (clerk, [other.id])]:
        page = await _page(await api.client(viewer), 20)
        assert [edge["node"]["id"] for edge in page["edges"]] == expected
        assert page["pageInfo"] == {
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": page["edges"][0]["cursor"],
            "endCursor": page["edges"][-1]["cursor"],
        }


async def test_pages_hold_still_while_rows_come_in_between(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer
) -> None:
    """New ones push nothing over the edge of a page: nothing repeats, nothing is left out, at one moment or several."""
    client = await api.client(clerk)
    # Two share each moment, so that the id has to decide.
    there = []
    for _ in range(3):
        there += [(await cases.started(runtime, clerk)).id for _ in range(2)]
        clock.advance(1)
    seen: list[str] = []
    after, has_next = None, True
    while has_next:
        page = await _page(client, 2, after)
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        clock.advance(1)
        await cases.started(runtime, clerk)
    assert len(seen) == len(set(seen))
    assert sorted(seen) == sorted(there)


async def test_an_empty_list_is_a_page(api: Api, clerk: Viewer) -> None:
    """No rows, no cursors, nothing behind."""
    assert await _page(await api.client(clerk), 20) == {
        "edges": [],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }


@pytest.mark.parametrize("operation", ["Applications", "ReviewQueue"])
async def test_bad_sizes_and_cursors_are_refused(api: Api, reviewer: Viewer, operation: str) -> None:
    """1 to 100 rows; a cursor is what this list gave, and nothing else."""
    client = await api.client(reviewer)
    for first in (0, -1, 101, 2**31 - 1):
        assert (await client.call(operation, first=first)).codes == ["BAD_REQUEST"], first
    for first in (1, 100):
        assert (await client.call(operation, first=first)).outcome == "OK"
    for cursor in BAD_CURSORS:
        answer = await client.call(operation, first=5, after=cursor)
        assert answer.codes == ["BAD_REQUEST"], (cursor, answer.body)


async def test_a_forged_cursor_shows_nothing_more(
    api: Api, runtime: Runtime, clerk: Viewer, partner_clerk: Viewer
) -> None:
    """A cursor says where to go on, not what may be seen."""
    await cases.started(runtime, partner_clerk)
    forged = a_cursor_of(orjson.dumps(["k1", "2099-01-01T00:00:00+00:00", "zzz"]))
    assert (await _page(await api.client(clerk), 20, forged))["edges"] == []
