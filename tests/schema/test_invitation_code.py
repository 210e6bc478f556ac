"""`invitationCode`: what the invited person scans."""

from __future__ import annotations

import base64

import pytest

from backend.accounts import Viewer
from backend.accounts.invitations import VALID_DAYS
from backend.accounts.models import Invitation
from backend.foundation.runtime import Runtime
from backend.wechat import PlatformFailure
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.mini_program import PICTURE
from tests.builders.people import invite

CODE = "InvitationCode"


async def test_whoever_invites_draws_it(api: Api, runtime: Runtime, partner_admin: Viewer) -> None:
    """The scene fits into WeChat's 32 characters and is stored nowhere in clear."""
    invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
    drawn = (await (await api.client(partner_admin)).call(CODE, invitationId=invitation)).value
    assert drawn["page"] == "pages/register/index"
    assert len(drawn["scene"]) <= 32
    assert base64.b64decode(drawn["picture"].removeprefix("data:image/png;base64,")) == PICTURE
    assert drawn["scene"] not in str(await Invitation.all().values())


@pytest.mark.parametrize("how", ["revoked", "expired", "unknown"])
async def test_what_is_good_for_nothing_is_not_drawn(
    api: Api, runtime: Runtime, clock: FixedClock, partner_admin: Viewer, how: str
) -> None:
    """All alike."""
    invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
    if how == "revoked":
        await Invitation.filter(id=invitation).update(state="REVOKED")
    if how == "expired":
        clock.advance(VALID_DAYS * 86_400)
    client = await api.client(partner_admin)
    asked = "x" * 500 if how == "unknown" else invitation
    assert (await client.call(CODE, invitationId=asked)).codes == ["NOT_FOUND"]
    assert api.mini_program.calls == []


async def test_while_wechat_does_not_draw_there_is_none(api: Api, runtime: Runtime, partner_admin: Viewer) -> None:
    """Null, to be asked again; the invitation stays as it is."""
    invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
    api.mini_program.failure = PlatformFailure.BUSY
    client = await api.client(partner_admin)
    assert (await client.call(CODE, invitationId=invitation)).value is None
    api.mini_program.failure = None
    assert (await client.call(CODE, invitationId=invitation)).value["scene"]
