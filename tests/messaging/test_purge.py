"""The daily purge: what cannot come again goes, the rest stays."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts import Viewer
from backend.accounts.identities import WeChatApp, issue_ticket, spend_code
from backend.accounts.models import DoorTicket, SpentCode
from backend.foundation.events import SYSTEM
from backend.foundation.jobs import Job
from backend.foundation.runtime import Runtime
from backend.foundation.work import work
from backend.messaging import Channels, begin_purging
from backend.messaging.models import PushNonce, ReceivedPush
from tests.builders.clock import FixedClock
from tests.messaging.ground import dead_or_failed, make_known, run_due

DAY_SECONDS = 86_400.0


async def keep_one_of_each(runtime: Runtime, staff_id: str, name: str) -> None:
    """Keep a push, a nonce, a code and a ticket."""
    now = runtime.clock.wall()
    await ReceivedPush.create(dedupe_index=name, received_at=now, reply_sealed=b"")
    await PushNonce.create(nonce_index=name, dedupe_index=name, received_at=now)
    await spend_code(runtime, "login", name)
    identity = await make_known(runtime, staff_id, WeChatApp.OFFICIAL_ACCOUNT, f"o{name}")
    async with work(runtime, SYSTEM) as current:
        await issue_ticket(current, identity)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_is_days_old_goes(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """Every day, what is more than three days old; one job for good, whoever starts it."""
    await begin_purging(runtime)
    await keep_one_of_each(runtime, clerk.id, "old")
    clock.advance(2 * DAY_SECONDS)
    await keep_one_of_each(runtime, clerk.id, "new")
    kept = []
    for _ in range(5):
        await run_due(runtime, Channels())
        kept.append([await model.all().count() for model in (ReceivedPush, PushNonce, SpentCode, DoorTicket)])
        clock.advance(DAY_SECONDS)
    assert kept == [[2] * 4, [2] * 4, [1] * 4, [1] * 4, [0] * 4]
    assert await dead_or_failed() == []


@pytest.mark.usefixtures("database")
async def test_there_is_one_job(runtime: Runtime) -> None:
    """However many processes start at once; and another when the last was given up."""
    await asyncio.gather(*(begin_purging(runtime) for _ in range(5)))
    assert await Job.filter(kind="messaging.purge").count() == 1
    await Job.filter(kind="messaging.purge").update(closed_at=runtime.clock.now(), dead=True)
    await begin_purging(runtime)
    assert await Job.filter(kind="messaging.purge", closed_at=None).count() == 1
