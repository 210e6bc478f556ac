"""`revokeInvitation`: an offer is taken back."""

from __future__ import annotations

from typing import Final

from backend.accounts import Role, Viewer
from backend.accounts.models import Invitation
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import invite
from tests.conftest import MakeViewer
from tests.schema.mutations import assert_refused

REVOKE: Final = "RevokeInvitation"


async def test_it_is_good_for_nothing_any_more(
    api: Api, runtime: Runtime, a_viewer: MakeViewer, partner_admin: Viewer, admin: Viewer
) -> None:
    """By whoever made it, or HQ; once, and only while nobody has used it."""
    client, manages = await api.client(partner_admin), await api.client(admin)
    for revoker in (client, manages):
        invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
        shown = (await revoker.change(REVOKE, invitationId=invitation, expectedVersion=1)).changed
        assert (shown["state"], shown["availableActions"]) == ("REVOKED", [])
        again = revoker.change(REVOKE, invitationId=invitation, expectedVersion=2)
        (error,) = await assert_refused(again, ("ILLEGAL_STATE", ""))
        assert error["currentState"] == "REVOKED"
    spent = await invite(runtime, partner_admin, partner_admin.organisation_id)
    await Invitation.filter(id=spent).update(state="SPENT")
    await assert_refused(client.change(REVOKE, invitationId=spent, expectedVersion=1), ("ILLEGAL_STATE", ""))
    peer = await api.client(await a_viewer("peer", Role.PARTNER_ADMIN, "partner"))
    for hidden in (spent, "inv_0", "x" * 500):
        assert (await peer.change(REVOKE, invitationId=hidden, expectedVersion=1)).codes == ["NOT_FOUND"]
