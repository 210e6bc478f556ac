"""`reportLeaver`: a partner's admin ends a person's access at once."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Role, Viewer
from tests.builders.api import Api
from tests.conftest import MakeViewer
from tests.schema.mutations import Told, assert_refused

REPORT: Final = "ReportLeaver"


def _about(person: Viewer, reason: str = "已离职") -> dict[str, Any]:
    return {"staffId": person.id, "expectedVersion": 1, "reason": reason}


async def test_the_person_is_out_at_once_and_hq_is_told(
    api: Api, partner_admin: Viewer, partner_clerk: Viewer, reviewer: Viewer
) -> None:
    """Their token is refused; when and why is shown."""
    theirs, client = await api.client(partner_clerk), await api.client(partner_admin)
    shown = (await client.change(REPORT, **_about(partner_clerk))).changed
    assert (shown["state"], shown["stage"], shown["cutOffReason"]) == ("SUSPENDED", "CUT_OFF", "已离职")
    assert shown["cutOffAt"] is not None
    assert shown["availableActions"] == []
    assert (await theirs.call("Me")).status == 401
    alerts = (await (await api.client(reviewer)).call("Alerts", first=5)).value["edges"]
    assert [(edge["node"]["kind"], edge["node"]["subjectId"]) for edge in alerts] == [
        ("LEAVER_REPORTED", partner_clerk.id)
    ]


async def test_only_ones_own_field_staff_is_reported(
    api: Api, a_viewer: MakeViewer, partner_admin: Viewer, partner_clerk: Viewer, partner_key: Viewer, clerk: Viewer
) -> None:
    """Not other admins, keys, oneself, or people of elsewhere; and not without a reason."""
    client = await api.client(partner_admin)
    peer = await a_viewer("peer", Role.PARTNER_ADMIN, "partner")
    cases: list[tuple[dict[str, Any], Told]] = [
        (_about(peer), ("NOT_ALLOWED", "")),
        (_about(partner_key), ("NOT_ALLOWED", "")),
        (_about(partner_admin), ("NOT_ALLOWED", "")),
        (_about(partner_clerk, ""), ("REASON_MISSING", "")),
        (_about(partner_clerk, "x" * 501), ("TEXT_TOO_LONG", "reason")),
    ]
    for given, told in cases:
        await assert_refused(client.change(REPORT, **given), told)
    assert (await client.change(REPORT, **_about(clerk))).codes == ["NOT_FOUND"]
