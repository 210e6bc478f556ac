"""Who sees what of an application: in clear, masked, or nothing."""

from __future__ import annotations

from typing import Any

import orjson

from backend.accounts import Viewer
from backend.applications.queries import APPLICATION, timeline
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading, Selection, fetch_by_id
from tests.builders.applications import SECRETS, a_draft, a_submitted, claim, refused, save, send_back, submit, the
from tests.builders.clock import FixedClock

EVERYTHING = Selection.of(
    "form",
    "is_clear_view",
    "sections",
    "missing",
    "open_fields",
    "available_actions",
    "shop_name",
    images=Selection.of("url"),
)


async def seen(runtime: Runtime, viewer: Viewer, application_id: str) -> dict[str, Any] | None:
    """Read an application as this viewer sees it."""
    return await fetch_by_id(APPLICATION, EVERYTHING, Reading(viewer, runtime), application_id)


async def is_clear(runtime: Runtime, viewer: Viewer, application_id: str) -> bool:
    """Tell whether this viewer sees it in clear, after checking that it is all or nothing."""
    row = await seen(runtime, viewer, application_id)
    assert row is not None
    shown = orjson.dumps(row, default=str).decode()
    if row["is_clear_view"]:
        assert all(secret in shown for secret in SECRETS)
        assert len(row["images"]) == 5
    else:
        assert [secret for secret in SECRETS if secret in shown] == []
        assert row["images"] == []
        assert row["form"]["owner_name"] == "张*"
    return bool(row["is_clear_view"])


async def test_clear_views_follow_draft_and_claim(
    runtime: Runtime,
    clock: FixedClock,
    partner_clerk: Viewer,
    partner_admin: Viewer,
    reviewer: Viewer,
    other_reviewer: Viewer,
    auditor: Viewer,
) -> None:
    """The author's open draft, then the reviewer's claim until it ends; everybody else reads masks."""
    everybody = (partner_clerk, partner_admin, reviewer, other_reviewer, auditor)

    async def clear_to() -> list[Viewer]:
        return [viewer for viewer in everybody if await is_clear(runtime, viewer, application_id)]

    application_id = await a_draft(runtime, partner_clerk, merchant_shortname="大郎烧饼店")
    assert await clear_to() == [partner_clerk]
    await submit(runtime, partner_clerk, application_id)
    assert await clear_to() == []
    await claim(runtime, reviewer, application_id)
    assert await clear_to() == [reviewer]
    clock.advance(15 * 60)
    assert await clear_to() == []
    await claim(runtime, other_reviewer, application_id)
    assert await clear_to() == [other_reviewer]
    async with refused("CLAIMED_BY_ANOTHER"):
        await claim(runtime, reviewer, application_id)
    clock.advance(15 * 60)
    await send_back(runtime, reviewer, application_id, "account_bank")
    assert await clear_to() == [partner_clerk]


async def test_who_reads_nothing(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, partner_clerk: Viewer, partner_admin: Viewer
) -> None:
    """A colleague, another organisation: for them there is no such application."""
    application_id = await a_draft(runtime, clerk)
    for viewer in (other_clerk, partner_clerk, partner_admin):
        assert await seen(runtime, viewer, application_id) is None
        assert (
            await timeline(Reading(viewer, runtime), application_id, Selection.of("kind"), first=9, after=None) is None
        )


async def test_a_returned_section_asks_for_action(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """Until the field that was sent back has changed."""
    application_id = await a_submitted(runtime, clerk)
    await send_back(runtime, reviewer, application_id, "account_bank")

    async def states() -> dict[str, str]:
        row = await seen(runtime, clerk, application_id)
        assert row is not None
        (item,) = row["open_fields"]
        assert (item["field"], item["code"], item["note"]) == ("account_bank", "BLURRED", "请重拍")
        return {section["section"]: section["state"] for section in row["sections"]}

    assert (await states())["SETTLEMENT"] == "ACTION_REQUIRED"
    await save(runtime, clerk, application_id, account_bank="农业银行")
    assert set((await states()).values()) == {"COMPLETE"}


async def test_staff_do_not_learn_who_reviews(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """Claims are HQ's own facts: left out for the author, who still sees the sequence go on."""
    application_id = await a_submitted(runtime, clerk)
    await claim(runtime, reviewer, application_id)
    selection = Selection.of("kind", "sequence")
    mine = await timeline(Reading(clerk, runtime), application_id, selection, first=50, after=None)
    theirs = await timeline(Reading(reviewer, runtime), application_id, selection, first=50, after=None)
    assert mine is not None
    assert theirs is not None
    assert [row["kind"] for row in theirs][-1] == "CLAIMED"
    assert [row["kind"] for row in mine] == [row["kind"] for row in theirs][:-1]
    assert theirs[-1]["sequence"] == (await the(application_id)).event_sequence


async def test_actions_say_why_not(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """What can be done now, and what blocks the rest."""
    application_id = await a_draft(runtime, clerk, owner_name=None)
    row = await seen(runtime, clerk, application_id)
    assert row is not None
    actions = {item["action"]: item["blocked_reason"] for item in row["available_actions"]}
    assert actions == {"SAVE": None, "SUBMIT": "INCOMPLETE", "WITHDRAW": None}
    row = await seen(runtime, reviewer, application_id)
    assert row is not None
    assert [item["action"] for item in row["available_actions"]] == ["ALLOW_DUPLICATE", "WITHDRAW"]
