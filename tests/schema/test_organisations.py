"""`organisations`: the part of the tree the viewer may know of."""

from __future__ import annotations

from backend.accounts import Viewer
from tests.builders.api import Api


async def test_hq_sees_the_tree_and_a_partner_its_own(api: Api, admin: Viewer, partner_admin: Viewer) -> None:
    """By name, with what this viewer can do."""
    shown = (await (await api.client(admin)).call("Organisations")).value
    assert {item["name"] for item in shown} == {"总部", "总部系统优化部", "总部前审组", "示例渠道", "另一渠道"}
    assert [item["name"] for item in shown] == sorted(item["name"] for item in shown)
    top = next(item for item in shown if item["parentId"] is None)
    assert {item["parentId"] for item in shown if item is not top} == {top["id"]}
    assert [item["action"] for item in top["availableActions"]] == ["CHANGE", "CLOSE"]
    (own,) = (await (await api.client(partner_admin)).call("Organisations")).value
    assert (own["id"], own["availableActions"]) == (partner_admin.organisation_id, [])
