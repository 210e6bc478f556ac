"""`claimApplication`: one reviewer takes an application, and only that one sees it in clear."""

from __future__ import annotations

from typing import Any

from backend.accounts import Role, Viewer
from backend.applications.rules import CLAIM_MINUTES
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.forms import OWNER_ID_NUMBER
from tests.conftest import MakeViewer
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused, assert_stale

CLAIM = "ClaimApplication"


async def _given(case: cases.Case) -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version()}


async def test_a_claim_opens_the_clear_view_until_it_ends(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """The claimer sees the values and decides; others see masks, and may claim when the fifteen minutes are over."""
    client, case = await api.client(reviewer), await cases.submitted(runtime, clerk)
    given = await _given(case)
    await assert_stale(client, CLAIM, given, version=given["expectedVersion"], state="IN_REVIEW")
    changed = await assert_done_once(client, CLAIM, given, {"expectedVersion": given["expectedVersion"] + 1})
    assert (changed["state"], changed["isClearView"]) == ("IN_REVIEW", True)
    shown = (await client.call("Application", id=case.id)).value
    assert (shown["form"]["idCardNumber"], shown["review"]["claimerId"]) == (OWNER_ID_NUMBER, reviewer.id)

    other = await api.client(other_reviewer)
    assert (await other.call("Application", id=case.id)).value["isClearView"] is False
    (error,) = await assert_refused(other.change(CLAIM, **await _given(case)), ("CLAIMED_BY_ANOTHER", ""))
    assert error["currentState"] == "IN_REVIEW"

    clock.advance(CLAIM_MINUTES * 60)
    assert (await client.call("Application", id=case.id)).value["isClearView"] is False
    assert (await other.change(CLAIM, **await _given(case))).changed["isClearView"] is True


async def test_only_what_waits_for_hq_is_claimed(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, a_viewer: MakeViewer
) -> None:
    """A draft is not HQ's yet, and nobody reviews what their own organisation filed."""
    client, case = await api.client(reviewer), await cases.started(runtime, clerk)
    (error,) = await assert_refused(client.change(CLAIM, **await _given(case)), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "DRAFT"
    insider = await a_viewer("insider", Role.FIELD_STAFF, "hq_review")
    own = await cases.submitted(runtime, insider)
    await assert_refused(client.change(CLAIM, **await _given(own)), ("NOT_ALLOWED", ""))
