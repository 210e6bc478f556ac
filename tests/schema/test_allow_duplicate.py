"""`allowDuplicate`: HQ lets a draft be submitted although its shop is taken."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused, assert_stale

ALLOW = "AllowDuplicate"


async def _given(case: cases.Case, reason: str = "两个档口") -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version(), "reason": reason}


async def test_an_allowed_double_can_be_submitted(
    api: Api, runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer
) -> None:
    """The draft stays a draft; what blocked it blocks it no more."""
    await cases.submitted(runtime, other_clerk, micro_name="大郎烧饼总店")
    case = await cases.filled(runtime, clerk, micro_name="大郎烧饼总店")
    author, hq = await api.client(clerk), await api.client(admin)
    submission = {"applicationId": case.id, "expectedVersion": await case.version()}
    await assert_refused(author.change("SubmitApplication", **submission), ("DUPLICATE", ""))
    given = await _given(case)
    await assert_stale(hq, ALLOW, given, version=given["expectedVersion"], state="DRAFT")
    changed = await assert_done_once(hq, ALLOW, given, {"reason": "另一个原因"})
    assert (changed["state"], changed["isClearView"]) == ("DRAFT", False)
    submission["expectedVersion"] = changed["version"]
    assert (await author.change("SubmitApplication", **submission)).outcome == "OK"


async def test_it_wants_a_reason_and_an_open_draft(api: Api, runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """Blank is no reason; after submission there is nothing to allow."""
    hq, case = await api.client(admin), await cases.filled(runtime, clerk)
    await assert_refused(hq.change(ALLOW, **await _given(case, "")), ("REASON_MISSING", ""))
    await assert_refused(hq.change(ALLOW, **await _given(case, "因" * 501)), ("TEXT_TOO_LONG", "reason"))
    await case.submit()
    (error,) = await assert_refused(hq.change(ALLOW, **await _given(case)), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "IN_REVIEW"
