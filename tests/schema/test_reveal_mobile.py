"""`revealMobile`: a number in clear, for a reason, on record."""

from __future__ import annotations

from typing import Final

from backend.accounts import Viewer
from tests.builders.api import Api, nothing_written
from tests.builders.people import MOBILE
from tests.schema.mutations import assert_refused

REVEAL: Final = "RevealMobile"


async def test_it_is_shown_and_on_record(api: Api, admin: Viewer, reviewer: Viewer, clerk: Viewer) -> None:
    """The record says who and why, and not what."""
    api.mini_program.phones["phone-code"] = MOBILE
    assert (await (await api.client(clerk)).change("VerifyMobile", code="phone-code")).changed
    client = await api.client(reviewer)
    assert (await client.call("Staff", id=clerk.id)).value["mobile"] == "138****8000"
    assert (await client.change(REVEAL, staffId=clerk.id, reason="打电话核实")).changed == MOBILE
    trail = (await (await api.client(admin)).call("AuditTrail", subjectId=clerk.id, first=50, after=0)).value
    last = trail["events"][-1]
    assert (last["kind"], last["actorId"]) == ("STAFF_FIELD_REVEALED", reviewer.id)
    assert {"name": "reason", "value": "打电话核实"} in last["facts"]
    assert MOBILE not in str(trail)


async def test_without_a_reason_nothing_is_shown(api: Api, reviewer: Viewer, clerk: Viewer, admin: Viewer) -> None:
    """Nor of whom there is none; whoever has no number has none to show."""
    client = await api.client(reviewer)
    await assert_refused(client.change(REVEAL, staffId=clerk.id, reason=" "), ("REASON_MISSING", "reason"))
    await assert_refused(client.change(REVEAL, staffId=clerk.id, reason="x" * 501), ("TEXT_TOO_LONG", "reason"))
    async with nothing_written():
        assert (await client.change(REVEAL, staffId="stf_0", reason="查")).codes == ["NOT_FOUND"]
    assert (await client.change(REVEAL, staffId=admin.id, reason="查")).value == {"mobile": None, "userErrors": []}
