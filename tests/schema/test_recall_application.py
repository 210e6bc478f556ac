"""`recallApplication`: the reviewer takes an approval back before the system has filed it."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.applications.rules import HOLD_SECONDS
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused, assert_stale

RECALL = "RecallApplication"


async def _given(case: cases.Case, reason: str = "看错了") -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version(), "reason": reason}


async def test_an_approval_is_taken_back_once(api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """It is under the same reviewer's claim again."""
    client, case = await api.client(reviewer), await cases.approved(runtime, clerk, reviewer)
    given = await _given(case)
    await assert_stale(client, RECALL, given, version=given["expectedVersion"], state="APPROVED")
    changed = await assert_done_once(client, RECALL, given, {"reason": "另一个原因"})
    assert (changed["state"], changed["isClearView"], changed["holdUntil"]) == ("IN_REVIEW", True, None)


async def test_only_in_time_and_only_by_whoever_approved(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """A colleague may not; after ten seconds nobody may, though nothing was filed yet."""
    case = await cases.approved(runtime, clerk, reviewer)
    client, other = await api.client(reviewer), await api.client(other_reviewer)
    await assert_refused(other.change(RECALL, **await _given(case)), ("NOT_ALLOWED", ""))
    await assert_refused(client.change(RECALL, **await _given(case, "因" * 501)), ("TEXT_TOO_LONG", "reason"))
    clock.advance(HOLD_SECONDS)
    (error,) = await assert_refused(client.change(RECALL, **await _given(case)), ("HOLD_OVER", ""))
    assert error["currentState"] == "APPROVED"
    await case.file()
    await assert_refused(client.change(RECALL, **await _given(case)), ("ILLEGAL_STATE", ""))
