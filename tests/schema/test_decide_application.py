"""`decideApplication`: approve, return, refuse; file again what came back from WeChat Pay."""

from __future__ import annotations

from typing import Any

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.schema import cases
from tests.schema.mutations import Told, assert_done_once, assert_refused, assert_stale

DECIDE = "DecideApplication"


async def _given(case: cases.Case, decision: str, **more: Any) -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version(), "decision": decision, **more}


async def test_an_approval_starts_the_hold_once(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, auditor: Viewer
) -> None:
    """Every field passed and the group settled; the claim and with it the clear view end."""
    client, case = await api.client(reviewer), await cases.claimed(runtime, clerk, reviewer)
    to_pass = (await client.call("Application", id=case.id)).value["review"]["fieldsToPass"]
    given = await _given(
        case, "APPROVE", passedFields=to_pass, groupMembership="BRANCH_OF", groupName="大郎餐饮", reason=""
    )
    await assert_stale(client, DECIDE, given, version=given["expectedVersion"], state="IN_REVIEW")
    changed = await assert_done_once(client, DECIDE, given, {"groupName": "二郎餐饮"})
    assert (changed["state"], changed["isClearView"]) == ("APPROVED", False)
    assert changed["holdUntil"] == "2026-11-22T02:00:10.000Z"
    review = (await client.call("Application", id=case.id)).value["review"]
    assert (review["settledMembership"], review["settledGroupName"], review["approverId"], review["fieldsToPass"]) == (
        "BRANCH_OF",
        "大郎餐饮",
        reviewer.id,
        [],
    )
    assert (await (await api.client(auditor)).call("Application", id=case.id)).value["review"] is None


async def test_what_is_not_settled_is_not_approved(api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """A field not passed, a group not known or not named."""
    client = await api.client(reviewer)
    case = await cases.claimed(runtime, clerk, reviewer, group_membership="UNKNOWN")
    every = await case.to_pass()
    table: list[tuple[dict[str, Any], Told]] = [
        ({"passedFields": every[1:], "groupMembership": "STANDALONE"}, ("FIELDS_NOT_PASSED", "")),
        ({"passedFields": every}, ("MEMBERSHIP_UNKNOWN", "")),
        ({"passedFields": every, "groupMembership": "UNKNOWN"}, ("MEMBERSHIP_UNKNOWN", "")),
        ({"passedFields": every, "groupMembership": "BRANCH_OF"}, ("GROUP_NAME_MISSING", "groupName")),
        (
            {"passedFields": every, "groupMembership": "BRANCH_OF", "groupName": "团" * 129},
            ("FIELD_INVALID", "groupName"),
        ),
    ]
    for more, expected in table:
        await assert_refused(client.change(DECIDE, **await _given(case, "APPROVE", **more)), expected)


async def test_a_return_unlocks_the_named_fields_only(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer
) -> None:
    """Staff read which fields, why, and the note; nothing else opens."""
    client, case = await api.client(reviewer), await cases.claimed(runtime, clerk, reviewer)
    reasons = [{"field": "id_card_copy", "code": "BLURRED", "note": "看不清号码"}]
    changed = (await client.change(DECIDE, **await _given(case, "RETURN", fieldReasons=reasons))).changed
    assert (changed["state"], changed["stage"]) == ("RETURNED", "DRAFT")
    author = await api.client(clerk)
    shown = (await author.call("Application", id=case.id)).value
    assert shown["openFields"] == [
        {"field": "id_card_copy", "code": "BLURRED", "note": "看不清号码", "isChanged": False}
    ]
    assert [item["state"] for item in shown["sections"] if item["section"] == "OWNER"] == ["ACTION_REQUIRED"]
    last = (await author.call("ApplicationTimeline", applicationId=case.id, first=50)).value["edges"][-1]["node"]
    assert last["reasons"] == [{"field": "id_card_copy", "code": "BLURRED", "note": "看不清号码"}]


async def test_reasons_are_checked_one_by_one(api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """No reason, an unknown field or code, a long note, too many; each bad one is named by its place."""
    client, case = await api.client(reviewer), await cases.claimed(runtime, clerk, reviewer)
    good = {"field": "micro_name", "code": "WRONG_CONTENT", "note": ""}
    for reasons, expected in [
        ([], [("FIELD_REASONS_MISSING", "")]),
        (
            [{**good, "field": "nonsense"}, good, {**good, "code": "NONSENSE"}, {**good, "note": "注" * 201}],
            [("REASON_FIELD_UNKNOWN", f"fieldReasons.{place}") for place in (0, 2, 3)],
        ),
        ([good] * 61, [("TOO_MANY_REASONS", "fieldReasons")]),
    ]:
        await assert_refused(client.change(DECIDE, **await _given(case, "RETURN", fieldReasons=reasons)), *expected)


async def test_a_refusal_wants_its_reason(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer
) -> None:
    """Only the claimer refuses, and says why."""
    case = await cases.claimed(runtime, clerk, reviewer)
    client, other = await api.client(reviewer), await api.client(other_reviewer)
    await assert_refused(client.change(DECIDE, **await _given(case, "REFUSE")), ("REASON_MISSING", ""))
    await assert_refused(
        client.change(DECIDE, **await _given(case, "REFUSE", reason="因" * 501)), ("TEXT_TOO_LONG", "reason")
    )
    await assert_refused(other.change(DECIDE, **await _given(case, "REFUSE", reason="假证")), ("NOT_ALLOWED", ""))
    (error,) = await assert_refused(
        client.change(DECIDE, **await _given(case, "REFILE", reason="再来")), ("ILLEGAL_STATE", "")
    )
    assert error["currentState"] == "IN_REVIEW"
    changed = (await client.change(DECIDE, **await _given(case, "REFUSE", reason="假证"))).changed
    assert (changed["state"], changed["stage"]) == ("REFUSED", "ENDED")


async def test_hq_files_again_what_came_back(
    api: Api, runtime: Runtime, clock: FixedClock, clerk: Viewer, reviewer: Viewer, admin: Viewer
) -> None:
    """A rejection without reasons is HQ's to settle: filed again under its code, with a reason, by the admin too."""
    case, hq = await cases.filed(runtime, clock, clerk, reviewer), await api.client(admin)
    await case.observe("APPLYMENT_STATE_REJECTED")
    await assert_refused(hq.change(DECIDE, **await _given(case, "REFILE")), ("REASON_MISSING", ""))
    changed = (await hq.change(DECIDE, **await _given(case, "REFILE", reason="总部材料有误"))).changed
    assert (changed["state"], changed["stage"]) == ("FILING", "PROVIDER")
    attempts = (await hq.call("Application", id=case.id)).value["provider"]
    assert [(attempt["number"], attempt["round"]) for attempt in attempts] == [(1, 2)]
