"""`node`: a thing fetched again by its id."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.schema import cases


async def test_an_application_is_fetched_by_its_id(
    api: Api, runtime: Runtime, clerk: Viewer, other_clerk: Viewer
) -> None:
    """What is not the viewer's and what is not there look alike."""
    case = await cases.filled(runtime, clerk, micro_name="大郎烧饼")
    client = await api.client(clerk)
    assert (await client.call("Node", id=case.id)).value == {
        "__typename": "Application",
        "id": case.id,
        "version": await case.version(),
        "state": "DRAFT",
        "stage": "DRAFT",
        "shopName": "大郎烧饼",
    }
    hidden = await (await api.client(other_clerk)).call("Node", id=case.id)
    missing = await client.call("Node", id=clerk.id)
    assert hidden.body == missing.body == {"data": {"node": None}}
