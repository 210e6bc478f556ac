"""`retireHandbookEntry`: a published version, and with it its entry, is in force no more from a day on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from backend.handbook.content import Content, Notice, ReturnReason
from backend.handbook.models import HandbookEntry
from tests.builders.api import Api
from tests.builders.clock import FixedClock
from tests.builders.handbook_keeping import Kept, a_published
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused

RETIRE: Final = "RetireHandbookEntry"
DAY_SECONDS: Final = 86_400


async def _given(kept: Kept, **more: Any) -> dict[str, Any]:
    return {"entryId": kept.id, "expectedVersion": await kept.version(), **more}


async def test_a_reason_that_is_retired_is_given_no_more(
    api: Api, runtime: Runtime, admin: Viewer, clerk: Viewer, reviewer: Viewer
) -> None:
    """From that moment it is neither listed nor taken; until then it was."""
    client, judge = await api.client(admin), await api.client(reviewer)
    kept = await a_published(runtime, admin, ReturnReason(), code="TOO_DARK", title="照片太暗")
    case = await cases.claimed(runtime, clerk, reviewer)
    reasons = [{"field": "id_card_copy", "code": "TOO_DARK"}]
    given = {"applicationId": case.id, "decision": "RETURN", "fieldReasons": reasons}
    assert "TOO_DARK" in {reason["code"] for reason in (await judge.call("ReturnReasons")).value}

    shown = await assert_done_once(client, RETIRE, await _given(kept), {"expectedVersion": 9})
    assert (shown["state"], shown["stage"], shown["availableActions"]) == ("RETIRED", "ENDED", [])
    assert "TOO_DARK" not in {reason["code"] for reason in (await judge.call("ReturnReasons")).value}
    await assert_refused(
        judge.change("DecideApplication", expectedVersion=await case.version(), **given),
        ("REASON_FIELD_UNKNOWN", "fieldReasons.0"),
    )


async def test_an_entry_stays_in_force_until_its_last_day_is_over(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, clerk: Viewer
) -> None:
    """Retired from a day to come, it is read until then."""
    client, staff = await api.client(admin), await api.client(clerk)
    kept = await a_published(runtime, admin)
    tomorrow = date_in_china(clock.now()) + timedelta(days=1)
    shown = (await client.change(RETIRE, **await _given(kept, retiredOn=tomorrow.isoformat()))).changed
    assert (shown["state"], shown["stage"], shown["retiredOn"]) == ("RETIRED", "IN_FORCE", tomorrow.isoformat())
    assert kept.id in {entry["id"] for entry in (await staff.call("Handbook", kind="NOTICE")).value}
    clock.offset_seconds = DAY_SECONDS
    assert kept.id not in {entry["id"] for entry in (await staff.call("Handbook", kind="NOTICE")).value}


@pytest.mark.parametrize(
    ("content", "code"),
    [(Notice(("一",)), "START"), (ReturnReason(), "PROVIDER"), (ReturnReason(), "OTHER")],
)
async def test_what_the_system_relies_on_stays(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer, content: Content, code: str
) -> None:
    """There is always one in force; only a version whose day has not come may be taken back, and the old one stays."""
    client = await api.client(admin)
    shipped = await HandbookEntry.get(code=code, number=1)
    old = Kept(runtime, admin, shipped.id)
    await assert_refused(client.change(RETIRE, **await _given(old)), ("ENTRY_RELIED_ON", ""))
    page = (await client.call("HandbookVersions", kind=shipped.kind, code=code, first=1)).value
    (retire,) = page["edges"][0]["node"]["availableActions"]
    assert retire == {"action": "RETIRE", "allowed": False, "blockedReason": "ENTRY_RELIED_ON"}

    tomorrow = date_in_china(clock.now()) + timedelta(days=1)
    ahead = await a_published(runtime, admin, content, code=code, effective_on=tomorrow)
    too_late = await _given(ahead, retiredOn=(tomorrow + timedelta(days=1)).isoformat())
    await assert_refused(client.change(RETIRE, **too_late), ("ENTRY_RELIED_ON", ""))
    assert (await client.change(RETIRE, **await _given(ahead))).changed["stage"] == "ENDED"
    clock.offset_seconds = DAY_SECONDS
    in_force = (await client.call("Handbook", kind=shipped.kind)).value
    assert old.id in {entry["id"] for entry in in_force}


async def test_what_has_had_its_time_is_not_retired(
    api: Api, runtime: Runtime, clock: FixedClock, admin: Viewer
) -> None:
    """Neither a version that another took the place of, nor any on a day that is over, nor a draft."""
    client, first = await api.client(admin), await a_published(runtime, admin)
    yesterday = date_in_china(clock.now()) - timedelta(days=1)
    past = await _given(first, retiredOn=yesterday.isoformat())
    await assert_refused(client.change(RETIRE, **past), ("DATE_PAST", ""))
    await a_published(runtime, admin)
    await assert_refused(client.change(RETIRE, **await _given(first)), ("ENTRY_SUPERSEDED", ""))
    (error,) = await assert_refused(
        client.change(RETIRE, **{**await _given(first), "expectedVersion": 1}), ("STALE_VERSION", "expectedVersion")
    )
    assert error["currentVersion"] == 2
