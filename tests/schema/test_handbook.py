"""`handbook`: what is in force today, for everybody who works with us."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.handbook.content import Kind
from tests.builders.api import Api
from tests.builders.handbook import the_shipped


async def test_what_comes_with_the_system_is_read_in_its_order(api: Api, clerk: Viewer) -> None:
    """A new database needs nobody to fill it; staff read, and do nothing to it."""
    client = await api.client(clerk)
    entries = [entry for kind in Kind for entry in (await client.call("Handbook", kind=kind)).value]
    told = {(entry["kind"], entry["code"], entry["title"]) for entry in entries}
    assert told == {(kind, code, entry.title) for (kind, code), entry in the_shipped().items()}
    assert [entry["position"] for entry in entries if entry["kind"] == "RETURN_REASON"] == sorted(
        entry.position for (kind, _), entry in the_shipped().items() if kind is Kind.RETURN_REASON
    )
    for entry in entries:
        # A plan that can no longer be filed stays to be read.
        assert (entry["state"], entry["stage"], entry["number"]) == ("PUBLISHED", "IN_FORCE", 1)
        assert (entry["editing"], entry["availableActions"], entry["acknowledgement"]) == (None, [], None)


async def test_each_kind_has_its_own_content(api: Api, clerk: Viewer) -> None:
    """As its type in the schema says."""
    client = await api.client(clerk)
    types = {kind: (await client.call("Handbook", kind=kind)).value[0]["content"]["__typename"] for kind in Kind}
    assert types == {
        Kind.NOTICE: "NoticeContent",
        Kind.PHOTO_GUIDE: "PhotoGuideContent",
        Kind.RETURN_REASON: "ReturnReasonContent",
        Kind.CONTACT: "ContactContent",
        Kind.RATE_PLAN: "RateTermsContent",
    }


async def test_a_kind_that_is_none_is_a_bad_request(api: Api, clerk: Viewer) -> None:
    """As any other input that is none."""
    assert (await (await api.client(clerk)).call("Handbook", kind="POEMS")).codes == ["BAD_REQUEST"]
