"""`startApplication`: the notice is acknowledged, the pre-check answered, a draft opened."""

from __future__ import annotations

import asyncio
from typing import Any

from backend.accounts import Viewer
from backend.applications import Application
from tests.builders.api import Api, a_key, nothing_written
from tests.schema.inputs import START
from tests.schema.mutations import assert_done_once, assert_refused


def _given(pre_check: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    return {**START, **changed, "preCheck": {**START["preCheck"], **(pre_check or {})}}


async def test_a_draft_is_opened_once(api: Api, clerk: Viewer) -> None:
    """The draft is the caller's, its answers stand in the form, and the call sent again opens no second one."""
    client = await api.client(clerk)
    given = _given({"groupMembership": "BRANCH_OF", "groupName": "大郎餐饮", "plannedOpeningOn": "2026-12-01"})
    changed = await assert_done_once(client, "StartApplication", given, {"kind": "SWITCH_FROM_CORPORATE"})
    assert (changed["state"], changed["stage"], changed["kind"]) == ("DRAFT", "DRAFT", "NEW")
    assert changed["isClearView"] is True
    assert {item["action"]: item["blockedReason"] for item in changed["availableActions"]} == {
        "SAVE": None,
        "SUBMIT": "INCOMPLETE",
        "WITHDRAW": None,
    }
    shown = (await client.call("Application", id=changed["id"])).value
    assert (shown["authorId"], shown["organisationId"]) == (clerk.id, clerk.organisation_id)
    filled = {name: value for name, value in shown["form"].items() if value is not None}
    assert filled == {
        "groupMembership": "BRANCH_OF",
        "groupName": "大郎餐饮",
        "settlementHolder": "OPERATOR",
        "licenceHeld": False,
    }
    assert await Application.all().count() == 1


async def test_the_same_call_twice_at_one_moment_opens_one_draft(api: Api, clerk: Viewer) -> None:
    """An impatient finger, or a retry that overtakes its first try."""
    client, key = await api.client(clerk), a_key()
    answers = await asyncio.gather(*(client.change("StartApplication", **START, idempotencyKey=key) for _ in range(4)))
    assert len({answer.changed["id"] for answer in answers}) == 1
    assert await Application.all().count() == 1


async def test_what_cannot_be_started_is_told_before_any_photo(api: Api, clerk: Viewer) -> None:
    """Each refusal names its member of the input, and leaves no draft."""
    client = await api.client(clerk)
    for given, expected in [
        (_given(noticeVersion="2025-12"), ("NOTICE_OUTDATED", "noticeVersion")),
        (_given({"settlementHolder": "OTHER"}), ("HOLDER_MUST_BE_OPERATOR", "preCheck")),
        (_given({"groupName": "店" * 129}), ("PRE_CHECK_INVALID", "preCheck.groupName")),
        (_given({"groupNote": "一\u0000店"}), ("PRE_CHECK_INVALID", "preCheck.groupNote")),
    ]:
        await assert_refused(client.change("StartApplication", **given), expected)


async def test_the_test_channel_takes_another_persons_card(api: Api, clerk: Viewer) -> None:
    """Whose card may be used hangs on the channel, and proof can still be brought."""
    client = await api.client(clerk)
    given = _given({"settlementHolder": "OTHER"}, channel="TEST")
    assert (await client.change("StartApplication", **given)).outcome == "OK"


async def test_a_malformed_input_is_a_bad_request(api: Api, clerk: Viewer) -> None:
    """What no client of this contract sends is refused before anything runs."""
    client = await api.client(clerk)
    for given in (
        _given(kind="OLD"),
        _given({"plannedOpeningOn": "20261201"}),
        _given({"plannedOpeningOn": "2026-12-01T00:00:00Z"}),
        _given({"plannedOpeningOn": 1}),
        _given({"licenceHeld": None}),
        {**START, "preCheck": None},
        {**START, "surprise": 1},
    ):
        async with nothing_written():
            answer = await client.change("StartApplication", **given)
        assert (answer.status, answer.codes) == (400, ["BAD_REQUEST"]), given
        assert "data" not in answer.body
