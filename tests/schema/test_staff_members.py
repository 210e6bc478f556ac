"""`staffMembers`: the people the viewer may know of."""

from __future__ import annotations

import pytest

from backend.accounts import Role, StaffState, Viewer
from tests.builders.api import Api
from tests.conftest import MakeViewer
from tests.schema.cursors import BAD_CURSORS

LIST = "StaffMembers"


async def test_pages_hold_everybody_once(
    api: Api, a_viewer: MakeViewer, partner_admin: Viewer, partner_clerk: Viewer, clerk: Viewer
) -> None:
    """Of the own organisation only; a state narrows it."""
    waiting = await a_viewer("waiting", Role.FIELD_STAFF, "partner", StaffState.PENDING)
    client = await api.client(partner_admin)
    seen: list[str] = []
    after = None
    while True:
        page = (await client.call(LIST, first=1, after=after)).value
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == sorted([waiting.id, partner_admin.id, partner_clerk.id])
    assert clerk.id not in seen
    pending = (await client.call(LIST, first=5, state="PENDING")).value["edges"]
    assert [edge["node"]["id"] for edge in pending] == [waiting.id]


@pytest.mark.parametrize("operation", [LIST, "Registrations", "Invitations", "Inbox", "Alerts"])
async def test_pages_that_cannot_be_are_refused(api: Api, admin: Viewer, operation: str) -> None:
    """Too long, too short, or behind a cursor that was never given."""
    client = await api.client(admin)
    for first in (0, -1, 101):
        assert (await client.call(operation, first=first)).codes == ["BAD_REQUEST"], first
    for cursor in BAD_CURSORS:
        assert (await client.call(operation, first=5, after=cursor)).codes == ["BAD_REQUEST"], cursor
