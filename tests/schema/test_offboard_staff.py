"""`offboardStaff`: everything a person has with us ends at once, with a receipt."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api, a_key, nothing_written
from tests.builders.people import invite
from tests.schema import cases
from tests.schema.mutations import assert_refused

OFFBOARD: Final = "OffboardStaff"


def _about(person: Viewer, **given: Any) -> dict[str, Any]:
    return {"staffId": person.id, "expectedVersion": 1, "reason": "离职", "idempotencyKey": a_key(), **given}


async def test_the_receipt_says_what_was_cut_off(
    api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer, other_clerk: Viewer
) -> None:
    """The successor has the work, and the same call again has the same answer."""
    case, theirs, client = await cases.started(runtime, clerk), await api.client(clerk), await api.client(admin)
    given = _about(clerk, successorId=other_clerk.id)
    done = (await client.change(OFFBOARD, **given)).value
    assert done["userErrors"] == []
    assert (done["staff"]["state"], done["staff"]["successorId"]) == ("LEFT", other_clerk.id)
    receipt = done["receipt"]
    assert {name: receipt[name] for name in ("sessionsEnded", "applicationsHandedOver", "eventsAfter", "isClean")} == {
        "sessionsEnded": 2,
        "applicationsHandedOver": 1,
        "eventsAfter": 0,
        "isClean": True,
    }
    assert (await theirs.call("Me")).status == 401
    successors = await api.client(other_clerk)
    assert (await successors.call("Application", id=case.id)).value["isClearView"] is True
    async with nothing_written():
        assert (await client.change(OFFBOARD, **given)).value == done


async def test_invitations_of_an_admin_end_too(
    api: Api, runtime: Runtime, admin: Viewer, partner_admin: Viewer
) -> None:
    """They are revoked, and counted."""
    invitation = await invite(runtime, partner_admin, partner_admin.organisation_id)
    client = await api.client(admin)
    done = (await client.change(OFFBOARD, **_about(partner_admin))).value
    assert (done["receipt"]["invitationsRevoked"], done["receipt"]["invitationsOpen"]) == (1, 0)
    assert (await client.call("Node", id=invitation)).value["invitationState"] == "REVOKED"


async def test_each_refusal_names_its_member(
    api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer, partner_clerk: Viewer, reviewer: Viewer
) -> None:
    """Then nothing is ended: the person goes on working."""
    await cases.started(runtime, clerk)
    theirs, client = await api.client(clerk), await api.client(admin)
    for given, told in (
        (_about(clerk), ("SUCCESSOR_MISSING", "successorId")),
        (_about(clerk, successorId=clerk.id), ("SUCCESSOR_INVALID", "successorId")),
        (_about(clerk, successorId=partner_clerk.id), ("SUCCESSOR_INVALID", "successorId")),
        (_about(clerk, successorId=reviewer.id), ("SUCCESSOR_INVALID", "successorId")),
        (_about(clerk, successorId="stf_0"), ("SUCCESSOR_INVALID", "successorId")),
        (_about(clerk, reason=""), ("REASON_MISSING", "")),
        (_about(clerk, reason="x" * 501), ("TEXT_TOO_LONG", "reason")),
        (_about(admin), ("NOT_ALLOWED", "")),
    ):
        await assert_refused(client.change(OFFBOARD, **given), told)
    assert (await theirs.call("Me")).outcome == "OK"
