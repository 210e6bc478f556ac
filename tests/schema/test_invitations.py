"""`invitations`: what was offered into the viewer's organisations."""

from __future__ import annotations

from backend.accounts import Role, Viewer
from backend.accounts.invitations import VALID_DAYS
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.people import invite
from tests.conftest import MakeViewer

DAY_SECONDS = 86_400


async def test_the_newest_comes_first_and_an_old_one_is_expired(
    api: Api, runtime: Runtime, clock: FixedClock, a_viewer: MakeViewer, partner_admin: Viewer
) -> None:
    """A colleague who invites sees it, too; only the inviter and HQ can revoke it."""
    first = await invite(runtime, partner_admin, partner_admin.organisation_id)
    clock.advance(VALID_DAYS * DAY_SECONDS)
    peer = await a_viewer("peer", Role.PARTNER_ADMIN, "partner")
    second = await invite(runtime, peer, peer.organisation_id)
    page = (await (await api.client(peer)).call("Invitations", first=5)).value
    shown = [edge["node"] for edge in page["edges"]]
    assert [(node["id"], node["isExpired"], bool(node["availableActions"])) for node in shown] == [
        (second, False, True),
        (first, True, False),
    ]
