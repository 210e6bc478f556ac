"""`withdrawApplication`: the author or HQ ends it, in the way its state still allows."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused, assert_stale

WITHDRAW = "WithdrawApplication"


async def _given(case: cases.Case, reason: str = "店主改了主意") -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version(), "reason": reason}


async def test_the_author_ends_it_once(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Nothing can be done to it afterwards, and its timeline tells the reason."""
    client, case = await api.client(clerk), await cases.submitted(runtime, clerk)
    given = await _given(case)
    await assert_stale(client, WITHDRAW, given, version=given["expectedVersion"], state="IN_REVIEW")
    changed = await assert_done_once(client, WITHDRAW, given, {"reason": "另一个原因"})
    assert (changed["state"], changed["stage"], changed["availableActions"]) == ("WITHDRAWN", "ENDED", [])
    events = (await client.call("ApplicationTimeline", applicationId=case.id, first=50)).value["edges"]
    last = events[-1]["node"]
    assert (last["kind"], last["reason"], last["fromState"], last["toState"]) == (
        "WITHDRAWN",
        "店主改了主意",
        "IN_REVIEW",
        "WITHDRAWN",
    )


async def test_a_reason_is_wanted_and_bounded(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Blank is no reason; an end is no state to withdraw from."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    await assert_refused(client.change(WITHDRAW, **await _given(case, " \n")), ("REASON_MISSING", ""))
    await assert_refused(client.change(WITHDRAW, **await _given(case, "因" * 501)), ("TEXT_TOO_LONG", "reason"))
    assert (await client.change(WITHDRAW, **await _given(case, "因" * 500))).outcome == "OK"
    (error,) = await assert_refused(client.change(WITHDRAW, **await _given(case)), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "WITHDRAWN"


async def test_what_wechat_pay_holds_is_abandoned(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, admin: Viewer
) -> None:
    """WeChat Pay has no call that cancels a form, so it is watched to its end; a voided one is closed at once."""
    client, case = await api.client(clerk), await cases.filed(runtime, clock, clerk, reviewer)
    assert (await client.change(WITHDRAW, **await _given(case))).changed["state"] == "ABANDONED"

    voided = await cases.filed(runtime, clock, clerk, reviewer)
    await voided.observe("APPLYMENT_STATE_CANCELED")
    hq = await api.client(admin)
    assert (await hq.change(WITHDRAW, **await _given(voided))).changed["state"] == "WITHDRAWN"
