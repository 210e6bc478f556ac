"""`reinstateStaff`: a suspended or former person is let in again."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer, suspend_staff
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_change, offboard
from tests.schema.mutations import assert_refused

REINSTATE: Final = "ReinstateStaff"


def _about(person: Viewer, **given: Any) -> dict[str, Any]:
    return {"staffId": person.id, "expectedVersion": 2, "reason": "误报", **given}


async def test_they_come_in_anew(api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer, other_clerk: Viewer) -> None:
    """With the rights they had; the session that was ended stays so."""
    theirs, client = await api.client(clerk), await api.client(admin)
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    await offboard(runtime, admin, other_clerk.id)
    for person in (clerk, other_clerk):
        shown = (await client.change(REINSTATE, **_about(person))).changed
        assert (shown["state"], shown["roles"], shown["cutOffAt"]) == ("APPROVED", ["FIELD_STAFF"], None)
    assert (await theirs.call("Me")).status == 401
    assert (await (await api.client(clerk)).call("Me")).outcome == "OK"


async def test_each_refusal_names_its_member(api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer) -> None:
    """A reason is needed, and somebody who was cut off."""
    client = await api.client(admin)
    await assert_refused(client.change(REINSTATE, **_about(clerk, expectedVersion=1)), ("ILLEGAL_STATE", ""))
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    await assert_refused(client.change(REINSTATE, **_about(clerk, reason="")), ("REASON_MISSING", ""))
    await assert_refused(client.change(REINSTATE, **_about(clerk, reason="x" * 501)), ("TEXT_TOO_LONG", "reason"))
