"""Delivery: which channel a message goes over, when it does not, and that it never goes twice."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import replace
from typing import Any, Final

import pytest
import structlog

from backend.accounts import StaffState, Viewer
from backend.accounts.identities import WeChatApp
from backend.foundation.jobs import Claim, Job, claim_due
from backend.foundation.runtime import Runtime
from backend.messaging import Channel, MarkInboxRead, MessageKind, Templates, mark_inbox_read
from backend.messaging.deliver import GIVE_UP_AFTER
from backend.messaging.messages import MESSAGES, TemplateName
from backend.messaging.models import Delivery, InboxMessage, SubscribeConsent
from backend.wechat import PlatformFailure
from tests.builders.applications import a_key
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.pay import LEASE_OVER_SECONDS, Crash, CrashAt
from tests.messaging.ground import (
    MINI_APPID,
    MOBILE,
    TEMPLATES,
    Outside,
    a_message,
    a_worker,
    channels_to,
    dead_or_failed,
    give_consents,
    give_mobile,
    make_known,
    run_due,
    set_staff,
)

SQLITE: Final = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
OPENID, ACCOUNT_OPENID = "oMiniCanary-9876543210", "oAccountCanary-9876543210"
_F = PlatformFailure

# What stands in the way of the first channel or the first two, and over which it goes then.
HINDRANCES: Final[dict[str, tuple[frozenset[str], list[str]]]] = {
    "nothing": (frozenset(), ["subscribe"]),
    "no consent": (frozenset({"consent"}), ["template"]),
    "not in the mini program": (frozenset({"mini"}), ["template"]),
    "no consent, not following": (frozenset({"consent", "following"}), ["sms"]),
    "no consent, not tied": (frozenset({"consent", "account"}), ["sms"]),
    "no mobile either": (frozenset({"consent", "account", "mobile"}), []),
}


async def a_person(runtime: Runtime, staff_id: str, kind: MessageKind, *, lacks: frozenset[str] = frozenset()) -> None:
    """Let a person be reachable over every channel but those that are lacking."""
    if "mini" not in lacks:
        await make_known(runtime, staff_id, WeChatApp.MINI_PROGRAM, OPENID)
    if "account" not in lacks:
        following = "following" not in lacks
        await make_known(runtime, staff_id, WeChatApp.OFFICIAL_ACCOUNT, ACCOUNT_OPENID, following=following)
    if "consent" not in lacks:
        await give_consents(runtime, staff_id, MESSAGES[kind].template)
    if "mobile" not in lacks:
        await give_mobile(runtime, staff_id)


@SQLITE
@pytest.mark.parametrize("hindrance", HINDRANCES)
async def test_the_first_channel_that_is_there_takes_it(runtime: Runtime, clerk: Viewer, hindrance: str) -> None:
    """Subscribe message, then template message, then SMS; what is absent is passed by."""
    lacks, expected = HINDRANCES[hindrance]
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN, lacks=lacks)
    await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside = Outside()
    await run_due(runtime, channels_to(outside))
    assert outside.calls == expected
    assert await dead_or_failed() == []
    assert await InboxMessage.filter(staff_id=clerk.id, read_at=None).count() == 1


@SQLITE
@pytest.mark.parametrize("absent", ["mini_program", "official_account", "sms", "templates"])
async def test_channels_that_a_deployment_does_not_have(runtime: Runtime, clerk: Viewer, absent: str) -> None:
    """Each may be missing; the others go on."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside = Outside()
    without: dict[str, Any] = {absent: Templates() if absent == "templates" else None}
    await run_due(runtime, replace(channels_to(outside), **without))
    assert outside.calls == {"mini_program": ["template"], "templates": ["sms"]}.get(absent, ["subscribe"])


# What a channel says, in turn, and over which it goes in the end; `W` lets time pass in between.
@SQLITE
@pytest.mark.parametrize(
    ("failures", "calls", "results"),
    [
        ({"subscribe": [_F.NO_CONSENT]}, ["subscribe", "template"], ["FAILED NO_CONSENT", "SENT"]),
        ({"subscribe": [_F.PERSON_UNKNOWN]}, ["subscribe", "template"], ["FAILED PERSON_UNKNOWN", "SENT"]),
        ({"subscribe": [_F.CONFIGURATION]}, ["subscribe", "template"], ["FAILED CONFIGURATION", "SENT"]),
        ({"subscribe": [_F.TEMPLATE_UNKNOWN]}, ["subscribe", "template"], ["FAILED TEMPLATE_UNKNOWN", "SENT"]),
        ({"subscribe": [_F.PAGE_UNKNOWN]}, ["subscribe", "template"], ["FAILED PAGE_UNKNOWN", "SENT"]),
        ({"subscribe": [_F.VALUE_INVALID]}, ["subscribe", "template"], ["FAILED VALUE_INVALID", "SENT"]),
        ({"subscribe": [_F.REFUSED]}, ["subscribe", "template"], ["FAILED REFUSED", "SENT"]),
        (
            {"subscribe": [_F.NO_CONSENT], "template": [_F.NOT_FOLLOWING]},
            ["subscribe", "template", "sms"],
            ["FAILED NO_CONSENT", "FAILED NOT_FOLLOWING", "SENT"],
        ),
        (
            {"subscribe": [_F.NO_CONSENT], "template": [_F.CONFIGURATION], "sms": [_F.REFUSED]},
            ["subscribe", "template", "sms"],
            ["FAILED NO_CONSENT", "FAILED CONFIGURATION", "FAILED REFUSED"],
        ),
        ({"subscribe": [_F.BUSY, _F.UNREACHABLE]}, ["subscribe"] * 3, ["SENT"]),
        ({"subscribe": [_F.UNKNOWN_OUTCOME]}, ["subscribe"], ["UNKNOWN UNKNOWN_OUTCOME"]),
        (
            {"subscribe": [_F.NO_CONSENT], "template": [_F.BUSY, _F.UNKNOWN_OUTCOME]},
            ["subscribe", "template", "template"],
            ["FAILED NO_CONSENT", "UNKNOWN UNKNOWN_OUTCOME"],
        ),
    ],
)
async def test_what_a_channel_says_decides_what_comes_next(
    runtime: Runtime,
    clock: FixedClock,
    clerk: Viewer,
    failures: dict[str, list[PlatformFailure]],
    calls: list[str],
    results: list[str],
) -> None:
    """Refused goes to the next channel, busy waits for the same one, and where nobody knows nothing follows."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    message = await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside = Outside()
    for channel, kinds in failures.items():
        outside.fail(channel, *kinds)
    for _ in range(4):
        await run_due(runtime, channels_to(outside))
        clock.advance(60)
    assert outside.calls == calls
    rows = {Channel(row.channel): row for row in await Delivery.filter(message_id=message.id)}
    told = [f"{rows[name].result} {rows[name].outcome or ''}".strip() for name in Channel if name in rows]
    assert told == results
    assert all(row.settled_at is not None for row in rows.values())
    assert not await Job.filter(closed_at=None, kind="messaging.deliver").exists()
    assert await dead_or_failed() == []


@SQLITE
@pytest.mark.parametrize(("kind", "given_back"), [(_F.UNREACHABLE, True), (_F.BUSY, False)])
async def test_a_channel_that_stays_away_is_given_up(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, kind: PlatformFailure, *, given_back: bool
) -> None:
    """After a while the next one is tried; the consent comes back only where WeChat surely never heard of it."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside = Outside()
    outside.fail("subscribe", *([kind] * 1000))
    await run_due(runtime, channels_to(outside))
    assert (await SubscribeConsent.get()).message_id is not None
    for _ in range(40):
        clock.advance(GIVE_UP_AFTER.total_seconds() / 20)
        await run_due(runtime, channels_to(outside))
    assert outside.calls[-1] == "template"
    assert outside.calls.count("template") == 1
    assert 2 < outside.calls.count("subscribe") < 30
    consent = await SubscribeConsent.get()
    assert ((consent.spent_at is None), (consent.message_id is None)) == (given_back, given_back)


async def test_a_consent_is_good_for_one_of_many_messages(runtime: Runtime, clerk: Viewer) -> None:
    """Three messages and two consents: the third goes the other way."""
    await a_person(runtime, clerk.id, MessageKind.APPLICATION_OPENED, lacks=frozenset({"consent"}))
    await give_consents(runtime, clerk.id, TemplateName.APPLICATION_RESULT, 2)
    for _ in range(3):
        await a_message(runtime, clerk.id, MessageKind.APPLICATION_OPENED)
    outside = Outside()
    channels = channels_to(outside)
    worker = a_worker(runtime, channels)
    claims = await claim_due(runtime.clock, worker=worker.name, limit=10)
    await asyncio.gather(*(asyncio.create_task(worker.run_one(claim)) for claim in claims))
    assert sorted(outside.calls) == ["subscribe", "subscribe", "template"]
    assert [consent.spend_outcome for consent in await SubscribeConsent.all()] == ["SENT", "SENT"]


@SQLITE
async def test_what_is_sent(runtime: Runtime, clerk: Viewer) -> None:
    """To the person of the right app, with the page of the application and the values of the template."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    message = await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside = Outside()
    outside.fail("subscribe", _F.NO_CONSENT)
    outside.fail("template", _F.NOT_FOLLOWING)
    await run_due(runtime, channels_to(outside))
    subscribe, template, sms = outside.sent
    values = {
        "thing1": "张记面馆",
        "phrase2": "待店主签约",
        "thing3": "请店主本人扫码验证并签约",
        "time4": "2026年11月22日 10:00",
    }
    assert (subscribe.to, subscribe.what["data"]) == (OPENID, values)
    assert subscribe.what["template"] == TEMPLATES.subscribe[TemplateName.OWNER_ACTION]
    assert subscribe.what["page"] == "pages/application/index?id=app_1"
    assert (template.to, template.what["data"]) == (ACCOUNT_OPENID, values)
    assert template.what["mini_program_page"] == "pages/application/index?id=app_1"
    assert template.what["mini_appid"] == MINI_APPID
    assert (template.what["client_msg_id"], len(message.id) <= 32) == (message.id, True)
    assert (sms.to, sms.what["params"], sms.what["client_id"]) == (MOBILE, {"shop": "张记面馆"}, message.id)


@SQLITE
@pytest.mark.parametrize("kind", list(MessageKind))
async def test_only_what_cannot_wait_goes_by_sms(runtime: Runtime, clerk: Viewer, kind: MessageKind) -> None:
    """The table says so, kind by kind."""
    await a_person(runtime, clerk.id, kind, lacks=frozenset({"consent", "account"}))
    await a_message(runtime, clerk.id, kind)
    outside = Outside()
    await run_due(runtime, channels_to(outside))
    assert outside.calls == (["sms"] if MESSAGES[kind].by_sms else [])


@SQLITE
@pytest.mark.parametrize("state", [StaffState.SUSPENDED, StaffState.LEFT])
async def test_nothing_goes_to_somebody_whose_access_has_ended(
    runtime: Runtime, clerk: Viewer, state: StaffState
) -> None:
    """What waited for them stays where it is, and their consents with it."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    await set_staff(clerk.id, state)
    outside = Outside()
    await run_due(runtime, channels_to(outside))
    assert outside.calls == []
    assert await Delivery.all().count() == 0
    assert await SubscribeConsent.filter(spent_at=None).count() == 1


@SQLITE
async def test_nothing_goes_out_after_it_was_read(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """Also when it is read while a channel is waited for."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    read = await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    await mark_inbox_read(runtime, clerk, MarkInboxRead(a_key(), (read.id,)))
    outside = Outside()
    await run_due(runtime, channels_to(outside))
    assert outside.calls == []
    waits = await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside.fail("subscribe", _F.BUSY)
    await run_due(runtime, channels_to(outside))
    await mark_inbox_read(runtime, clerk, MarkInboxRead(a_key(), (waits.id,)))
    clock.advance(60)
    await run_due(runtime, channels_to(outside))
    assert outside.calls == ["subscribe"]


async def _crash_at(runtime: Runtime, outside: Outside, claim: Claim, at: int) -> int:
    """Run a job and let its process die at a suspension; give how many there were."""
    running = CrashAt(a_worker(runtime, channels_to(outside)).run_one(claim), at)

    async def until_the_crash() -> None:
        await running

    with contextlib.suppress(Crash):
        await asyncio.create_task(until_the_crash())
    return running.suspensions


@SQLITE
async def test_a_worker_that_dies_at_any_moment_sends_nothing_twice(
    runtime: Runtime, clock: FixedClock, clerk: Viewer
) -> None:
    """At every single moment: at most one call in all, and none is lost where none was made."""
    await a_person(runtime, clerk.id, MessageKind.APPLICATION_OPENED, lacks=frozenset({"consent"}))
    endings = set()
    for at in itertools.count(1):
        await give_consents(runtime, clerk.id, TemplateName.APPLICATION_RESULT)
        message = await a_message(runtime, clerk.id, MessageKind.APPLICATION_OPENED)
        outside = Outside()
        [claim] = await claim_due(clock, worker="mortal", limit=10)
        suspensions = await _crash_at(runtime, outside, claim, at)
        called_before = len(outside.calls)
        clock.advance(LEASE_OVER_SECONDS)
        await run_due(runtime, channels_to(outside))
        delivery = await Delivery.get(message_id=message.id)
        endings.add((called_before, len(outside.calls), delivery.result))
        assert len(outside.calls) <= 1, (at, outside.calls)
        # Sent, or nobody knows: and nobody knows only where the call was about to be made.
        assert delivery.result in {"SENT", "UNKNOWN"}, (at, delivery.result)
        assert (delivery.result == "SENT") <= (len(outside.calls) == 1)
        assert await SubscribeConsent.filter(message_id=message.id).count() == 1
        assert await SubscribeConsent.filter(spent_at=None).count() == 0
        if suspensions < at:
            break
    # Before the call, after it, and through to the end.
    assert {(0, 1, "SENT"), (1, 1, "UNKNOWN"), (1, 1, "SENT")} <= endings


async def test_two_workers_with_one_job_send_it_once(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """The one whose lease has run out stops at its claim, before anything irreversible."""
    await a_person(runtime, clerk.id, MessageKind.APPLICATION_OPENED)
    await a_message(runtime, clerk.id, MessageKind.APPLICATION_OPENED)
    outside = Outside()
    worker = a_worker(runtime, channels_to(outside))
    [slow] = await claim_due(clock, worker="slow", limit=10)
    clock.advance(LEASE_OVER_SECONDS)
    [quick] = await claim_due(clock, worker="quick", limit=10)
    await asyncio.gather(asyncio.create_task(worker.run_one(slow)), asyncio.create_task(worker.run_one(quick)))
    assert outside.calls == ["subscribe"]
    assert (await Delivery.get()).result == "SENT"


@SQLITE
async def test_nothing_of_a_person_is_told_to_the_log_or_kept(runtime: Runtime, clerk: Viewer) -> None:
    """Neither openids nor the number nor the template's values, whatever goes wrong."""
    await a_person(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
    outside = Outside()
    outside.fail("subscribe", _F.NO_CONSENT)
    outside.fail("template", _F.BUSY, _F.UNKNOWN_OUTCOME)
    outside.fail("sms", _F.REFUSED)
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            await a_message(runtime, clerk.id, MessageKind.OWNER_MUST_SIGN)
            await run_due(runtime, channels_to(outside))
    kept = await everything_in_database()
    told = repr(logs) + repr([kept[table] for table in ("event", "job", "delivery")])
    assert logs
    for canary in (OPENID, ACCOUNT_OPENID, MOBILE, "张记面馆"):
        assert canary not in told
    for canary in (OPENID, ACCOUNT_OPENID, MOBILE):
        assert canary not in repr(kept)
