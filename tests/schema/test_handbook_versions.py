"""`handbookVersions`: every version of one entry, with who, when and what changed; for editors."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from backend.handbook.content import Notice
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.handbook_keeping import a_draft, a_published
from tests.schema.cursors import BAD_CURSORS


async def test_versions_are_listed_newest_first_page_by_page(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer
) -> None:
    """Each with who, when, and what it changed against the one that was published before."""
    client = await api.client(admin)
    await a_published(runtime, admin, Notice(("一", "二")))
    clock.advance(60)
    await a_published(runtime, admin, Notice(("一", "两")), title="夜间开户须知")
    clock.advance(60)
    await a_draft(runtime, admin, Notice(("一", "两", "三")), title="夜间开户须知")
    asked = {"kind": "NOTICE", "code": "NIGHT_SHIFT", "first": 2}
    page = (await client.call("HandbookVersions", **asked)).value
    rest = (await client.call("HandbookVersions", **asked, after=page["pageInfo"]["endCursor"])).value
    versions = [edge["node"] for edge in (*page["edges"], *rest["edges"])]
    assert [item["number"] for item in versions] == [3, 2, 1]
    assert (page["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    assert [item["stage"] for item in versions] == ["DRAFT", "IN_FORCE", "ENDED"]
    assert [item["editing"]["authorId"] for item in versions] == [admin.id] * 3
    assert [item["editing"]["publisherId"] for item in versions] == [None, admin.id, admin.id]
    changes = [[(it["path"], it["old"], it["new"]) for it in item["editing"]["changes"]] for item in versions]
    assert changes == [
        [("paragraphs.2", None, "三")],
        [("title", "夜间开户", "夜间开户须知"), ("paragraphs.1", "二", "两")],
        [],
    ]


async def test_what_came_with_the_system_has_no_author(api: Api, admin: Viewer) -> None:
    """It is nobody's act; a code that was never used has no versions."""
    client = await api.client(admin)
    page = (await client.call("HandbookVersions", kind="NOTICE", code="START", first=5)).value
    (edge,) = page["edges"]
    assert edge["node"]["editing"]["authorId"] is edge["node"]["editing"]["publisherId"] is None
    nothing = (await client.call("HandbookVersions", kind="NOTICE", code="NEVER", first=5)).value
    assert nothing["edges"] == []


async def test_a_page_has_its_limits_and_its_own_cursors(api: Api, admin: Viewer) -> None:
    """As every list."""
    client = await api.client(admin)
    asked = {"kind": "NOTICE", "code": "START"}
    pages: list[dict[str, Any]] = [{"first": 0}, {"first": 101}]
    for page in (*pages, *({"first": 5, "after": cursor} for cursor in BAD_CURSORS)):
        assert (await client.call("HandbookVersions", **asked, **page)).codes == ["BAD_REQUEST"], page
