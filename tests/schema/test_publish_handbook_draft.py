"""`publishHandbookDraft`: a draft takes effect on a day, and never changes from then on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import pytest

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from backend.handbook.content import Notice
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.handbook_keeping import Kept, a_draft, a_published
from tests.schema.inputs import NIGHT_NOTICE, START
from tests.schema.mutations import assert_done_once, assert_refused

PUBLISH: Final = "PublishHandbookDraft"
DAY_SECONDS: Final = 86_400


async def _given(kept: Kept, **more: Any) -> dict[str, Any]:
    return {"entryId": kept.id, "expectedVersion": await kept.version(), **more}


async def test_a_draft_takes_effect_today_unless_another_day_is_given(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, clerk: Viewer
) -> None:
    """Who and when is on record, everybody reads it at once, and what it took the place of has ended."""
    client, staff = await api.client(admin), await api.client(clerk)
    first = await a_published(runtime, admin)
    second = await a_draft(runtime, admin, Notice(("门店照片须当天拍摄。", "夜间须开灯。")))
    shown = await assert_done_once(client, PUBLISH, await _given(second), {"effectiveOn": "2027-01-01"})
    today = date_in_china(clock.now()).isoformat()
    assert (shown["state"], shown["stage"], shown["effectiveOn"]) == ("PUBLISHED", "IN_FORCE", today)
    assert (shown["editing"]["publisherId"], shown["versionName"]) == (admin.id, f"{today[:7]}.2")
    assert shown["editing"]["changes"] == [{"path": "paragraphs.1", "old": None, "new": "夜间须开灯。"}]
    read = [entry for entry in (await staff.call("Handbook", kind="NOTICE")).value if entry["code"] == "NIGHT_SHIFT"]
    assert [entry["id"] for entry in read] == [second.id]
    page = (await client.call("HandbookVersions", kind="NOTICE", code="NIGHT_SHIFT", first=5)).value
    stages = {edge["node"]["id"]: edge["node"]["stage"] for edge in page["edges"]}
    assert stages == {first.id: "ENDED", second.id: "IN_FORCE"}


async def test_a_version_waits_for_its_day(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, clerk: Viewer
) -> None:
    """Until then it is scheduled, nobody but editors reads it, and applications start on the notice in force."""
    client, staff = await api.client(admin), await api.client(clerk)
    kept = await a_draft(runtime, admin, code="START")
    tomorrow = date_in_china(clock.now()) + timedelta(days=1)
    shown = (await client.change(PUBLISH, **await _given(kept, effectiveOn=tomorrow.isoformat()))).changed
    assert shown["stage"] == "SCHEDULED"
    before = (await staff.call("CurrentNotice")).value
    assert before["version"] == START["noticeVersion"]
    assert kept.id not in {entry["id"] for entry in (await staff.call("Handbook", kind="NOTICE")).value}
    clock.offset_seconds = DAY_SECONDS
    after = (await staff.call("CurrentNotice")).value
    assert after["version"] == f"{tomorrow:%Y-%m}.2"
    await assert_refused(staff.change("StartApplication", **START), ("NOTICE_OUTDATED", "noticeVersion"))
    started = await staff.change("StartApplication", **{**START, "noticeVersion": after["version"]})
    assert started.changed["state"] == "DRAFT"


@pytest.mark.parametrize("days", [-1, -400])
async def test_nothing_takes_effect_in_the_past(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, days: int
) -> None:
    """What was in force then has been acted on."""
    kept = await a_draft(runtime, admin)
    day: date = date_in_china(clock.now()) + timedelta(days=days)
    client = await api.client(admin)
    await assert_refused(client.change(PUBLISH, **await _given(kept, effectiveOn=day.isoformat())), ("DATE_PAST", ""))


async def test_what_is_published_never_changes(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """It is not published twice, nor discarded; a save begins the next version beside it."""
    client, kept = await api.client(admin), await a_published(runtime, admin)
    before = await kept.row()
    await assert_refused(client.change(PUBLISH, **await _given(kept)), ("ILLEGAL_STATE", ""))
    await assert_refused(client.change("DiscardHandbookDraft", **await _given(kept)), ("ILLEGAL_STATE", ""))
    await client.change("SaveHandbookDraft", **{**NIGHT_NOTICE, "title": "改了"})
    after = await kept.row()
    assert (after.title, after.content, after.version) == (before.title, before.content, before.version)


async def test_a_draft_that_changed_is_not_published_unseen(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """Whoever publishes has seen what they publish."""
    client, kept = await api.client(admin), await a_draft(runtime, admin)
    for wrong in (0, 2):
        given = {**await _given(kept), "expectedVersion": wrong}
        (error,) = await assert_refused(client.change(PUBLISH, **given), ("STALE_VERSION", "expectedVersion"))
        assert error["currentVersion"] == 1
    missing = await client.change(PUBLISH, entryId=f"{kept.id[:-1]}0", expectedVersion=1)
    assert missing.codes == ["NOT_FOUND"]
