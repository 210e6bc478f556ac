"""`suspendStaff`: HQ ends a person's access until they are let in again."""

from __future__ import annotations

from typing import Any, Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.schema import cases
from tests.schema.mutations import assert_refused

SUSPEND: Final = "SuspendStaff"


def _about(person: Viewer, **given: Any) -> dict[str, Any]:
    return {"staffId": person.id, "expectedVersion": 1, "reason": "核实中", **given}


async def test_access_ends_and_work_stays(api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer) -> None:
    """What they filed is still theirs; nobody may suspend them twice."""
    case, theirs, client = await cases.started(runtime, clerk), await api.client(clerk), await api.client(admin)
    shown = (await client.change(SUSPEND, **_about(clerk))).changed
    assert (shown["state"], shown["cutOffReason"]) == ("SUSPENDED", "核实中")
    assert [item["action"] for item in shown["availableActions"]] == ["REINSTATE", "OFFBOARD"]
    assert (await theirs.call("Me")).status == 401
    assert (await client.call("Application", id=case.id)).value["authorId"] == clerk.id
    (error,) = await assert_refused(client.change(SUSPEND, **_about(clerk, expectedVersion=2)), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "SUSPENDED"


async def test_each_refusal_names_its_member(api: Api, admin: Viewer, clerk: Viewer) -> None:
    """A reason is needed, and nobody suspends themselves."""
    client = await api.client(admin)
    await assert_refused(client.change(SUSPEND, **_about(clerk, reason=" ")), ("REASON_MISSING", ""))
    await assert_refused(client.change(SUSPEND, **_about(clerk, reason="x" * 501)), ("TEXT_TOO_LONG", "reason"))
    await assert_refused(client.change(SUSPEND, **_about(admin)), ("NOT_ALLOWED", ""))
    assert (await client.change(SUSPEND, **_about(clerk, staffId="stf_0"))).codes == ["NOT_FOUND"]
