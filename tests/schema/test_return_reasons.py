"""`returnReasons`: why HQ may send a field back."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.handbook.return_reasons import RETURN_REASONS
from tests.builders.api import Api


async def test_the_reasons_of_a_return_are_listed(api: Api, reviewer: Viewer) -> None:
    """Code and what staff read, as the handbook has them."""
    reasons = (await (await api.client(reviewer)).call("ReturnReasons")).value
    assert {item["code"]: item["title"] for item in reasons} == RETURN_REASONS
