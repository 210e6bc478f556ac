"""`releaseApplication`: a claimed application goes back to the queue."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused, assert_stale

RELEASE = "ReleaseApplication"


async def _given(case: cases.Case) -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version()}


async def test_the_clear_view_ends_with_the_claim(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Whoever released it sees masks again, and everybody in HQ may claim it."""
    client, case = await api.client(reviewer), await cases.claimed(runtime, clerk, reviewer)
    given = await _given(case)
    await assert_stale(client, RELEASE, given, version=given["expectedVersion"], state="IN_REVIEW")
    changed = await assert_done_once(client, RELEASE, given, {"expectedVersion": given["expectedVersion"] + 1})
    assert changed["isClearView"] is False
    assert [item["action"] for item in changed["availableActions"] if item["allowed"]] == ["WITHDRAW", "CLAIM"]
    assert (await (await api.client(other_reviewer)).change("ClaimApplication", **await _given(case))).outcome == "OK"


async def test_only_the_claimer_releases(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Neither a colleague, nor anybody after it has left review."""
    case = await cases.claimed(runtime, clerk, reviewer)
    client, other = await api.client(reviewer), await api.client(other_reviewer)
    await assert_refused(other.change(RELEASE, **await _given(case)), ("NOT_ALLOWED", ""))
    await case.send_back(reviewer, "micro_name")
    (error,) = await assert_refused(client.change(RELEASE, **await _given(case)), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "RETURNED"
