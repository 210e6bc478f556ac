"""`returnReasons`: why HQ may send a field back."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.handbook.content import Kind
from tests.builders.api import Api
from tests.builders.handbook import the_shipped


async def test_the_reasons_of_a_return_are_listed(api: Api, reviewer: Viewer) -> None:
    """Code, what staff read and the fields it fits, as the handbook has them and in its order."""
    reasons = (await (await api.client(reviewer)).call("ReturnReasons")).value
    assert reasons == [
        {"code": entry.code, "title": entry.title, "formFields": list(entry.content.form_fields)}
        for (kind, _), entry in the_shipped().items()
        if kind is Kind.RETURN_REASON
    ]
