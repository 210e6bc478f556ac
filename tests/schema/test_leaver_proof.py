"""`leaverProof`: that nothing came after."""

from __future__ import annotations

from backend.accounts import Viewer, suspend_staff
from backend.accounts.models import Session
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.people import a_change


async def test_it_is_worked_out_anew_each_time(
    api: Api, runtime: Runtime, admin: Viewer, auditor: Viewer, clerk: Viewer
) -> None:
    """Null while somebody has access; clean after; and not clean when a session comes back to life."""
    client = await api.client(auditor)
    assert (await client.call("LeaverProof", staffId=clerk.id)).value is None
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    proof = (await client.call("LeaverProof", staffId=clerk.id)).value
    assert (proof["sessionsEnded"], proof["sessionsAlive"], proof["isClean"]) == (1, 0, True)
    await Session.filter(staff_id=clerk.id).update(ended_at=None)
    proof = (await client.call("LeaverProof", staffId=clerk.id)).value
    assert (proof["sessionsAlive"], proof["isClean"]) == (1, False)
    for nobody in ("stf_0", "x" * 500, "\u0000"):
        assert (await client.call("LeaverProof", staffId=nobody)).value is None
