"""`staff`: one person, as this viewer may see them."""

from __future__ import annotations

from backend.accounts import Viewer
from tests.builders.api import Api


async def test_a_person_is_shown_to_whoever_leads_them(
    api: Api, admin: Viewer, partner_admin: Viewer, partner_clerk: Viewer, clerk: Viewer
) -> None:
    """With what this viewer can do; a stranger and nobody look alike."""
    client, leads = await api.client(admin), await api.client(partner_admin)
    shown = (await client.call("Staff", id=partner_clerk.id)).value
    assert (shown["name"], shown["state"], shown["mobile"]) == ("测试partner_clerk", "APPROVED", None)
    assert [item["action"] for item in shown["availableActions"]] == ["REASSIGN", "SUSPEND", "OFFBOARD"]
    led = (await leads.call("Staff", id=partner_clerk.id)).value
    assert [item["action"] for item in led["availableActions"]] == ["REPORT"]
    assert led["organisation"]["name"] == "示例渠道"
    for hidden in (clerk.id, "stf_0", "x" * 500, "\u0000"):
        assert (await leads.call("Staff", id=hidden)).body == {"data": {"staff": None}}
