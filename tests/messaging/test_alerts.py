"""Alerts: HQ's group is told what waits, in few messages, without anybody's data, and never twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import Final

import pytest

from backend.accounts import Viewer
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Job, claim_due
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading, Selection, fetch
from backend.foundation.work import work
from backend.messaging import AlertKind, alert
from backend.messaging.alerts import alert_at_most_once_a_minute
from backend.messaging.models import Alert
from backend.messaging.queries import ABOUT_PEOPLE, ALERT
from backend.messaging.send_alerts import SPACING_SECONDS
from backend.wechat import PlatformFailure
from tests.builders.clock import FixedClock
from tests.builders.pay import LEASE_OVER_SECONDS, Crash, CrashAt
from tests.messaging.ground import Outside, a_worker, channels_to, dead_or_failed, run_due

pytestmark = pytest.mark.usefixtures("database")

SQLITE: Final = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
_F = PlatformFailure


async def an_alert(runtime: Runtime, kind: AlertKind, **params: str) -> str:
    """Write one alert."""
    async with work(runtime, SYSTEM) as current:
        return await alert(current, kind, subject_id="stf_1", **params)


async def let_pass(runtime: Runtime, clock: FixedClock, outside: Outside, seconds: float) -> None:
    """Let time pass and do what falls due on the way."""
    for _ in range(int(seconds)):
        clock.advance(1)
        await run_due(runtime, channels_to(outside))


@SQLITE
async def test_one_message_tells_all_that_waits(runtime: Runtime, clock: FixedClock) -> None:
    """With a link to the console; the same line is told once."""
    for name in ("王**", "李**"):
        await an_alert(runtime, AlertKind.REGISTRATION_WAITING, name=name)
        clock.advance(1)
    await an_alert(runtime, AlertKind.APPLICATION_WAITING)
    await an_alert(runtime, AlertKind.APPLICATION_WAITING)
    outside = Outside()
    await run_due(runtime, channels_to(outside))
    await let_pass(runtime, clock, outside, 30)
    [sent] = outside.sent
    assert sent.what["text"].splitlines() == [
        "> 新的注册待审核：王**",
        "> 新的注册待审核：李**",
        "> 有新的进件等待前审",
        "[打开总部后台](http://127.0.0.1:8000/console)",
    ]
    assert {row.result for row in await Alert.all()} == {"SENT"}
    assert not await Job.filter(closed_at=None).exists()
    assert await dead_or_failed() == []


@SQLITE
async def test_the_robot_is_not_asked_too_often(runtime: Runtime, clock: FixedClock) -> None:
    """Two alerts a second for a minute: fewer than twenty messages, and nothing is left out."""
    outside = Outside()
    for number in range(120):
        await an_alert(runtime, AlertKind.REGISTRATION_WAITING, name=f"{number}号")
        if number % 2:
            await let_pass(runtime, clock, outside, 1)
    assert len(outside.sent) <= 20
    await let_pass(runtime, clock, outside, 3 * SPACING_SECONDS)
    told = "".join(sent.what["text"] for sent in outside.sent)
    assert all(told.count(f"：{number}号\n") == 1 for number in range(120))


@SQLITE
@pytest.mark.parametrize(
    ("failures", "calls", "result", "outcome"),
    [
        ([_F.BUSY, _F.UNREACHABLE], 3, "SENT", None),
        ([_F.UNKNOWN_OUTCOME], 1, "UNKNOWN", "UNKNOWN_OUTCOME"),
        ([_F.CONFIGURATION], 1, "FAILED", "CONFIGURATION"),
    ],
)
async def test_what_the_robot_says(
    runtime: Runtime,
    clock: FixedClock,
    failures: list[PlatformFailure],
    calls: int,
    result: str,
    outcome: str | None,
) -> None:
    """Busy is waited for; where nobody knows, it is not said again."""
    outside = Outside()
    outside.fail("robot", *failures)
    await an_alert(runtime, AlertKind.APPLICATION_WAITING)
    await run_due(runtime, channels_to(outside))
    await let_pass(runtime, clock, outside, 30)
    row = await Alert.get()
    assert (len(outside.sent), row.result, row.outcome) == (calls, result, outcome)


@SQLITE
async def test_without_a_robot_the_console_has_it(runtime: Runtime, reviewer: Viewer) -> None:
    """The job ends, the row stays, and a robot that comes later tells nothing old."""
    await an_alert(runtime, AlertKind.APPLICATION_WAITING)
    outside = Outside()
    await run_due(runtime, channels_to(outside, robot=None))
    assert not await Job.filter(closed_at=None).exists()
    rows = await fetch(ALERT, Selection.of("id", "kind", "text", "created_at"), Reading(reviewer, runtime))
    assert [row["text"] for row in rows] == ["有新的进件等待前审"]
    clock = runtime.clock
    assert isinstance(clock, FixedClock)
    clock.advance(60)
    await an_alert(runtime, AlertKind.OPENED_AFTER_ABANDON)
    await run_due(runtime, channels_to(outside))
    assert "前审" not in outside.sent[0].what["text"]


@SQLITE
async def test_a_worker_that_dies_at_any_moment_says_nothing_twice(runtime: Runtime, clock: FixedClock) -> None:
    """At every single moment: at most one message, and a lost one only where it may have been sent."""
    for at in itertools.count(1):
        alert_id = await an_alert(runtime, AlertKind.APPLICATION_WAITING)
        outside = Outside()
        [claim] = await claim_due(clock, worker="mortal", limit=10)
        running = CrashAt(a_worker(runtime, channels_to(outside)).run_one(claim), at)

        async def until_the_crash(running: CrashAt = running) -> None:
            await running

        with contextlib.suppress(Crash):
            await asyncio.create_task(until_the_crash())
        clock.advance(LEASE_OVER_SECONDS)
        await run_due(runtime, channels_to(outside))
        row = await Alert.get(id=alert_id)
        assert len(outside.sent) <= 1
        assert row.result in {"SENT", "UNKNOWN"}
        assert (row.result == "SENT") <= (len(outside.sent) == 1)
        clock.advance(LEASE_OVER_SECONDS)
        if running.suspensions < at:
            break
    assert at > 5


async def test_a_busy_queue_alerts_once_a_minute(runtime: Runtime, clock: FixedClock) -> None:
    """Also when many are submitted at once."""

    async def submitted() -> None:
        async with work(runtime, SYSTEM) as current:
            await alert_at_most_once_a_minute(current, AlertKind.APPLICATION_WAITING, subject_id="app_1")

    await asyncio.gather(*(submitted() for _ in range(6)))
    assert await Alert.all().count() == 1
    clock.advance(59)
    await submitted()
    assert await Alert.all().count() == 1
    clock.advance(2)
    await submitted()
    assert await Alert.all().count() == 2


@SQLITE
async def test_who_sees_which_alerts(
    runtime: Runtime,
    clerk: Viewer,
    partner_admin: Viewer,
    auditor: Viewer,
    admin: Viewer,
    reviewer: Viewer,
) -> None:
    """Those who settle it: people for who decides about them, applications for reviewers; nobody else any."""
    for kind in AlertKind:
        await an_alert(runtime, kind, name="王**")
    seen = {
        viewer.name: {row["kind"] for row in await fetch(ALERT, Selection.of("kind"), Reading(viewer, runtime))}
        for viewer in (clerk, partner_admin, auditor, admin, reviewer)
    }
    assert list(seen.values()) == [set(), set(), set(), set(ABOUT_PEOPLE), set(AlertKind)]
