"""From an approval to an opened account, against a real sandbox."""

from __future__ import annotations

import orjson

from backend.accounts import Viewer
from backend.applications.events import BODIES, EventKind
from backend.opening.models import ProviderMedia
from tests.builders.applications import an_approved, events_of, the
from tests.builders.pay import AUDIT_SECONDS, Desk, attempt_of, dead_jobs, open_jobs

ENDED_FILINGS = ("opening.file", "opening.submit", "opening.poll")


async def test_a_shop_is_opened(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """Approved, filed, audited, signed by the owner, opened: each step told once, and nothing is left to do."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    await desk.work()
    assert (await the(application_id)).state == "APPROVED"
    attempt = await desk.file(application_id)
    assert (await the(application_id)).state == "PROVIDER_REVIEW"
    assert attempt.business_code == f"{attempt.mchid}_{application_id}_1"
    assert desk.client.calls == [*["upload"] * 4, "submit", "query"]

    await desk.let_pass(AUDIT_SECONDS)
    assert (await the(application_id)).state == "AWAITING_SIGNATURE"
    attempt = await attempt_of(application_id)
    assert attempt.sub_mchid is not None
    assert attempt.sign_url is not None
    assert attempt.applyment_id is not None
    desk.sandbox.sign(attempt.applyment_id)
    await desk.let_pass(60)
    assert (await the(application_id)).state == "OPENING"
    await desk.let_pass(1800, step_seconds=120)

    application = await the(application_id)
    assert application.state == "OPENED"
    assert application.sub_mchid == desk.filing(attempt)["sub_mchid"]
    assert application.opened_at == desk.clock.now()
    assert application.live_key is not None
    events = await events_of(application_id)
    assert [event.kind for event in events if event.actor_kind == "SYSTEM"] == [
        EventKind.FILING_STARTED,
        EventKind.PROVIDER_ACCEPTED,
        *[EventKind.PROVIDER_MOVED] * 3,
    ]
    assert [await open_jobs(kind) for kind in ENDED_FILINGS] == [[], [], []]
    assert await dead_jobs() == []
    filing = desk.filing(attempt)
    assert (filing["times_accepted"], filing["times_refiled"]) == (1, 0)
    assert await ProviderMedia.all().count() == 4


async def test_events_say_what_the_catalogue_says(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """No event of the main line holds a member that the catalogue of events does not name."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    await desk.file(application_id)
    await desk.let_pass(AUDIT_SECONDS)
    for event in await events_of(application_id):
        told = orjson.loads(event.body or "{}")
        assert told.keys() - {"from", "to"} <= BODIES[EventKind(event.kind)]
