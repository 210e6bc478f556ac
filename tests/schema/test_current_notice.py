"""`currentNotice`: what staff acknowledge before they start."""

from __future__ import annotations

from backend.accounts import Viewer
from tests.builders.api import Api
from tests.schema.inputs import START


async def test_the_notice_in_force_is_the_one_that_is_wanted_back(api: Api, clerk: Viewer) -> None:
    """Its version starts an application."""
    client = await api.client(clerk)
    notice = (await client.call("CurrentNotice")).value
    assert (notice["version"], notice["title"]) == ("2026-01", "小微商户开户须知")
    assert all(notice["paragraphs"])
    given = {**START, "noticeVersion": notice["version"]}
    assert (await client.change("StartApplication", **given)).outcome == "OK"
