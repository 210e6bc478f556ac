"""Whatever moment the process dies at, a code is accepted exactly once and the application goes on."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

import pytest

from backend.accounts import Viewer
from backend.applications.events import EventKind
from backend.foundation.jobs import Claim, Job
from backend.opening.models import FilingAttempt, ProviderMedia
from backend.review import Decision
from tests.builders.applications import (
    a_kept_photo,
    an_approved,
    approve,
    decide,
    events_of,
    save,
    submit,
    the,
)
from tests.builders.pay import AUDIT_SECONDS, HOLD_SECONDS, Crash, Desk, attempt_of, dead_jobs

# Far more than any handler waits for: with it, none is ended.
NEVER = 1_000_000

Prepare = Callable[[int], Awaitable[str]]
Check = Callable[[str], Awaitable[None]]


@pytest.fixture
def desk(desk: Desk, engine: str) -> Desk:
    """A desk that looks at some of the moments, on PostgreSQL at fewer; at each one when SESAME_TEST_SOAK is set."""
    desk.stride = 1 if os.environ.get("SESAME_TEST_SOAK") else {"sqlite": 3, "postgresql": 6}[engine]
    return desk


async def at_every_suspension(desk: Desk, kind: str, prepare: Prepare, check: Check) -> None:
    """Let the worker die at each thing that one kind of job ever waits for, each time with a fresh application."""
    at, suspensions = 0, 1
    while at <= suspensions:
        application_id = await prepare(at)
        seen = await desk.crash(kind, at=at or NEVER)
        suspensions = seen if at == 0 else suspensions
        await desk.work()
        await check(application_id)
        assert await dead_jobs() == []
        await Job.all().delete()
        at += desk.stride if at else 1
    assert suspensions >= 5


async def a_filing(desk: Desk, clerk: Viewer, reviewer: Viewer, number: int, **fields: object) -> str:
    """Give an application whose submit job is due; WeChat Pay has its photos already."""
    application_id = await an_approved(desk.runtime, clerk, reviewer, micro_name=f"第{number}家店", **fields)
    await desk.know_photos(application_id)
    desk.pass_time(HOLD_SECONDS)
    await desk.worker().run_one(await desk.take("opening.file"))
    assert (await the(application_id)).state == "FILING"
    return application_id


async def accepted(desk: Desk, application_id: str, *, times_refiled: int = 0) -> None:
    """Find the code accepted once, and the acceptance told once for each round."""
    if (await the(application_id)).state == "FILING":
        # What was sent in a round before is given ten seconds to show itself.
        await desk.let_pass(10)
    assert (await the(application_id)).state == "PROVIDER_REVIEW"
    filing = desk.filing(await attempt_of(application_id))
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, times_refiled)
    kinds = [event.kind for event in await events_of(application_id)]
    assert kinds.count(EventKind.PROVIDER_ACCEPTED) == 1 + times_refiled


async def test_a_crash_anywhere_in_the_first_filing(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """The code is accepted once wherever the worker dies: at a statement, within the call, before its answer."""

    async def prepare(number: int) -> str:
        return await a_filing(desk, clerk, reviewer, number)

    async def check(application_id: str) -> None:
        await accepted(desk, application_id)

    await at_every_suspension(desk, "opening.submit", prepare, check)


async def test_a_crash_anywhere_in_settling_a_lost_answer(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """The answer to the submit was lost; dying at any point of the question that settles it sends nothing twice."""

    async def prepare(number: int) -> str:
        application_id = await a_filing(desk, clerk, reviewer, number)
        desk.sandbox.fault("submit", "accept_then_lose")
        await desk.worker().run_one(await desk.take("opening.submit"))
        assert (await the(application_id)).state == "FILING"
        desk.pass_time(10)
        return application_id

    async def check(application_id: str) -> None:
        await accepted(desk, application_id)
        assert [r["call"] for r in desk.filing(await attempt_of(application_id))["requests"]].count("submit") == 1

    await at_every_suspension(desk, "opening.submit", prepare, check)


async def test_a_crash_anywhere_in_a_refiling(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """A rejected form that was mended overwrites the first one once, under the same code and number."""

    async def prepare(number: int) -> str:
        application_id = await a_filing(desk, clerk, reviewer, number, mobile_phone="13900000002")
        await desk.worker().run_one(await desk.take("opening.submit"))
        desk.pass_time(AUDIT_SECONDS)
        await desk.worker().run_one(await desk.take("opening.poll"))
        assert (await the(application_id)).state == "RETURNED"
        photo = await a_kept_photo(desk.runtime, clerk, application_id, "id_card_copy")
        await save(desk.runtime, clerk, application_id, id_card_copy=photo)
        await submit(desk.runtime, clerk, application_id)
        await approve(desk.runtime, reviewer, application_id)
        known = await ProviderMedia.first()
        assert known is not None
        await ProviderMedia.create(
            id=desk.runtime.ids.new("med"),
            mchid=known.mchid,
            image_id=photo,
            media_id=known.media_id,
            uploaded_at=desk.clock.now(),
        )
        desk.pass_time(HOLD_SECONDS)
        await desk.worker().run_one(await desk.take("opening.file"))
        assert (await the(application_id)).state == "FILING"
        return application_id

    async def check(application_id: str) -> None:
        await accepted(desk, application_id, times_refiled=1)
        assert await FilingAttempt.filter(application_id=application_id).count() == 1

    await at_every_suspension(desk, "opening.submit", prepare, check)


async def test_a_crash_anywhere_before_the_filing(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """An approval becomes one attempt with one code, wherever the worker dies while it writes that down."""

    async def prepare(number: int) -> str:
        application_id = await an_approved(desk.runtime, clerk, reviewer, micro_name=f"第{number}家店")
        await desk.know_photos(application_id)
        desk.pass_time(HOLD_SECONDS)
        return application_id

    async def check(application_id: str) -> None:
        await accepted(desk, application_id)
        (attempt,) = await FilingAttempt.filter(application_id=application_id)
        assert (attempt.number, attempt.round) == (1, 1)

    await at_every_suspension(desk, "opening.file", prepare, check)


async def test_a_crash_anywhere_in_taking_in_an_answer(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """A verdict moves the application once, wherever the worker dies that asked for it."""

    async def prepare(number: int) -> str:
        application_id = await a_filing(desk, clerk, reviewer, number)
        await desk.worker().run_one(await desk.take("opening.submit"))
        desk.pass_time(AUDIT_SECONDS)
        return application_id

    async def check(application_id: str) -> None:
        assert (await the(application_id)).state == "AWAITING_SIGNATURE"
        kinds = [event.kind for event in await events_of(application_id)]
        assert kinds.count(EventKind.PROVIDER_MOVED) == 1

    await at_every_suspension(desk, "opening.poll", prepare, check)


@pytest.mark.parametrize("number", [1, 4])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_crash_around_an_upload(desk: Desk, clerk: Viewer, reviewer: Viewer, moment: str, number: int) -> None:
    """Photos that WeChat Pay was told about are not uploaded again; only the one in hand may be."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    desk.pass_time(HOLD_SECONDS)
    await desk.worker().run_one(await desk.take("opening.file"))

    async def die(_name: str) -> None:
        if len(desk.client.calls) == number:
            raise Crash

    setattr(desk.client, moment, die)
    with pytest.raises(Crash):
        await desk.worker().run_one(await desk.take("opening.submit"))
    setattr(desk.client, moment, None)
    assert desk.sandbox.filing((await attempt_of(application_id)).business_code) is None
    desk.clock.advance(31)
    await desk.work()
    await accepted(desk, application_id)
    assert desk.client.calls.count("upload") == 5
    assert await ProviderMedia.all().count() == 4


async def test_a_lease_that_is_lost_before_the_mark_sends_nothing(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """A worker that was taken for dead while it uploaded stops; the one that took over files, once."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    desk.pass_time(HOLD_SECONDS)
    await desk.worker().run_one(await desk.take("opening.file"))
    held = await desk.take("opening.submit")
    taken: list[Claim] = []

    async def lose(_name: str) -> None:
        if desk.client.calls.count("upload") == 4 and not taken:
            desk.clock.advance(31)
            taken.append(await desk.take("opening.submit", "another"))

    desk.client.after = lose
    await desk.worker().run_one(held)
    desk.client.after = None
    assert "submit" not in desk.client.calls
    attempt = await attempt_of(application_id)
    assert (attempt.delivery, attempt.sent_at) == ("UNSENT", None)
    assert desk.sandbox.filing(attempt.business_code) is None
    await desk.worker("another").run_one(taken[0])
    await accepted(desk, application_id)


async def test_a_lease_that_is_lost_right_before_the_call_sends_nothing(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """The mark is written, the commit takes long, another takes the job: the first one does not send."""
    application_id = await a_filing(desk, clerk, reviewer, 1)
    held = await desk.take("opening.submit")
    renew = held.renew
    taken: list[Claim] = []

    async def renew_or_lose() -> None:
        if (await attempt_of(application_id)).delivery == "SENDING" and not taken:
            desk.clock.advance(31)
            taken.append(await desk.take("opening.submit", "another"))
        await renew()

    in_transaction = held.renew

    async def first_in_the_transaction() -> None:
        # The renewal beside the mark belongs to its transaction; the next one is the last before the call.
        held.renew = renew_or_lose  # type: ignore[method-assign]  # the moment to test lies between two statements
        await in_transaction()

    held.renew = first_in_the_transaction  # type: ignore[method-assign]  # as above
    await desk.worker().run_one(held)
    assert taken
    assert "submit" not in desk.client.calls
    await desk.worker("another").run_one(taken[0])
    await accepted(desk, application_id)
    assert desk.client.calls.count("submit") == 1


async def test_a_late_failure_does_not_take_back_the_mark_of_another(
    desk: Desk, clerk: Viewer, reviewer: Viewer
) -> None:
    """A worker without the job, whose connection failed, leaves the other's filing marked as under way."""
    application_id = await a_filing(desk, clerk, reviewer, 1)
    held = await desk.take("opening.submit")
    reached: list[str] = []

    async def lose(name: str) -> None:
        if name == "submit" and not reached:
            reached.append(name)
            desk.clock.advance(31)
            desk.sandbox.fault("submit", "accept_then_lose")
            await desk.worker("another").run_one(await desk.take("opening.submit", "another"))
            desk.sandbox.fault("submit", "status_429")

    desk.client.before = lose
    await desk.worker().run_one(held)
    desk.client.before = None
    assert (await attempt_of(application_id)).delivery == "SENDING"
    desk.pass_time(10)
    await accepted(desk, application_id)


async def test_a_refusal_after_a_lost_answer_keeps_the_doubt(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """The first sending may have arrived: a later one that certainly did not does not make the filing unsent."""
    application_id = await a_filing(desk, clerk, reviewer, 1)
    desk.sandbox.fault("submit", "status_500")
    await desk.work()
    assert (await attempt_of(application_id)).delivery == "SENDING"
    desk.sandbox.fault("submit", "status_429")
    desk.pass_time(10)
    await desk.work()
    assert desk.client.calls == ["submit", "query", "submit"]
    assert (await attempt_of(application_id)).delivery == "SENDING"
    desk.pass_time(10)
    await desk.work()
    assert desk.client.calls[3:] == ["query", "submit", "query"]
    await accepted(desk, application_id)


async def test_a_question_under_way_does_not_reject_the_next_round(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """An answer about the round before comes in after HQ has filed again: it is not taken for the new one."""
    application_id = await a_filing(desk, clerk, reviewer, 1, mobile_phone="13900000004")
    await desk.worker().run_one(await desk.take("opening.submit"))
    desk.pass_time(AUDIT_SECONDS)
    late = await desk.take("opening.poll")
    first: list[str] = []

    async def settle_meanwhile(name: str) -> None:
        if name == "query" and not first:
            first.append(name)
            desk.clock.advance(31)
            await desk.worker("another").run_one(await desk.take("opening.poll", "another"))
            await decide_refile()

    async def decide_refile() -> None:
        assert (await the(application_id)).state == "PROVIDER_REJECTED"
        await decide(desk.runtime, reviewer, application_id, Decision.REFILE, reason="我方问题，已与微信支付确认")

    desk.client.after = settle_meanwhile
    await desk.worker().run_one(late)
    desk.client.after = None
    assert (await the(application_id)).state == "FILING"
    await desk.work()
    await accepted(desk, application_id, times_refiled=1)
