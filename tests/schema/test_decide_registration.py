"""`decideRegistration`: HQ lets a person in or not."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Role, StaffState, Viewer
from tests.builders.api import Api
from tests.conftest import MakeViewer
from tests.schema.mutations import Told, assert_refused

DECIDE: Final = "DecideRegistration"


def _about(person: Viewer, **given: Any) -> dict[str, Any]:
    return {"staffId": person.id, "expectedVersion": 1, "decision": "APPROVE", **given}


async def test_approved_people_may_begin_at_once(api: Api, a_viewer: MakeViewer, reviewer: Viewer) -> None:
    """With the session they have; they are told in their inbox."""
    newcomer = await a_viewer("newcomer", Role.FIELD_STAFF, "partner", StaffState.PENDING)
    theirs, client = await api.client(newcomer), await api.client(reviewer)
    assert (await theirs.call("Applications", first=5)).codes == ["FORBIDDEN"]
    shown = (await client.change(DECIDE, **_about(newcomer))).changed
    assert (shown["state"], shown["stage"], shown["roles"]) == ("APPROVED", "ACTIVE", ["FIELD_STAFF"])
    assert shown["decidedAt"] is not None
    assert (await theirs.call("Applications", first=5)).outcome == "OK"
    assert (await theirs.call("InboxUnreadCount")).value == 1


async def test_a_rejection_needs_a_reason_which_they_read(api: Api, a_viewer: MakeViewer, reviewer: Viewer) -> None:
    """And they may register again."""
    newcomer = await a_viewer("newcomer", Role.FIELD_STAFF, "partner", StaffState.PENDING)
    client = await api.client(reviewer)
    for reason, told in (
        ("", ("REASON_MISSING", "")),
        ("  ", ("REASON_MISSING", "")),
        ("x" * 501, ("TEXT_TOO_LONG", "reason")),
    ):
        await assert_refused(client.change(DECIDE, **_about(newcomer, decision="REJECT", reason=reason)), told)
    shown = (await client.change(DECIDE, **_about(newcomer, decision="REJECT", reason="照片与本人不符"))).changed
    assert (shown["state"], shown["decisionReason"]) == ("REJECTED", "照片与本人不符")
    me = (await (await api.client(newcomer)).call("Me")).value
    assert (me["state"], me["decisionReason"]) == ("REJECTED", "照片与本人不符")
    assert [item["action"] for item in me["availableActions"]] == ["REGISTER"]


async def test_each_refusal_names_its_member(
    api: Api, a_viewer: MakeViewer, reviewer: Viewer, admin: Viewer, clerk: Viewer
) -> None:
    """Nobody gives what they may not give, or what the place does not have."""
    newcomer = await a_viewer("newcomer", Role.FIELD_STAFF, "partner", StaffState.PENDING)
    reviews, manages = await api.client(reviewer), await api.client(admin)
    cases: list[tuple[dict[str, Any], Told]] = [
        (_about(newcomer, roles=["PARTNER_ADMIN"]), ("ROLES_NOT_GRANTABLE", "")),
        (_about(newcomer, roles=["ADMIN"]), ("ROLE_NOT_IN_ORGANISATION", "roles")),
        (_about(newcomer, organisationId="org_0"), ("ORGANISATION_UNKNOWN", "organisationId")),
        (_about(clerk), ("ILLEGAL_STATE", "")),
        (_about(reviewer), ("ILLEGAL_STATE", "")),
    ]
    for given, told in cases:
        await assert_refused(reviews.change(DECIDE, **given), told)
    for staff_id in ("stf_0", "x" * 500, "org_0"):
        assert (await reviews.change(DECIDE, **{**_about(newcomer), "staffId": staff_id})).codes == ["NOT_FOUND"]
    shown = (await manages.change(DECIDE, **_about(newcomer, roles=["PARTNER_ADMIN"]))).changed
    assert shown["roles"] == ["PARTNER_ADMIN"]
