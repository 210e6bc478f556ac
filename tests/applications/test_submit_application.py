"""submitApplication: complete, consented, allowed, and the only one for its shop."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts import Viewer
from backend.applications import SubmitApplication, submit_application
from backend.applications.models import Application
from backend.foundation.lifecycle import NeedUnmet
from backend.foundation.runtime import Runtime
from tests.builders.applications import (
    a_draft,
    a_key,
    a_submitted,
    an_approved,
    events_of,
    refused,
    save,
    send_back,
    submit,
    the,
    withdraw,
)


async def test_it_waits_for_hq(runtime: Runtime, clerk: Viewer) -> None:
    """The draft is locked, stands in the queue and holds its shop."""
    application_id = await a_submitted(runtime, clerk)
    application = await the(application_id)
    assert (application.state, application.submitted_at) == ("IN_REVIEW", runtime.clock.now())
    assert application.queued_at == runtime.clock.now()
    assert application.live_key is not None
    assert (await events_of(application_id))[-1].kind == "SUBMITTED"


LACKING = (
    ({"owner_name": None}, "INCOMPLETE"),
    ({"id_card_copy": None}, "INCOMPLETE"),
    ({"id_card_number": "440305198801010004"}, "INCOMPLETE"),
    ({"consent_text_version": None}, "INCOMPLETE"),
)


async def test_what_is_lacking(runtime: Runtime, clerk: Viewer) -> None:
    """Missing, or there and not right: it stays a draft."""
    for fields, code in LACKING:
        application_id = await a_draft(runtime, clerk, **fields)
        async with refused(code):
            await submit(runtime, clerk, application_id)


async def test_consent_to_an_old_text(runtime: Runtime, clerk: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner has agreed to a wording that is in force no more."""
    application_id = await a_draft(runtime, clerk)
    newer = type("Text", (), {"version": "2027-01"})
    monkeypatch.setattr("backend.applications.service.current_text", lambda _on: newer)
    async with refused("CONSENT_MISSING"):
        await submit(runtime, clerk, application_id)


async def test_a_card_that_the_channel_does_not_take(runtime: Runtime, clerk: Viewer) -> None:
    """Everything is filled in, but the card is somebody else's."""
    application_id = await a_draft(
        runtime,
        clerk,
        settlement_holder="OTHER",
        holder_name="李四",
        holder_relation="SPOUSE",
        holder_id_number="440305199203040004",
        holder_consent_pic="photo",
    )
    async with refused("POLICY_REFUSES"):
        await submit(runtime, clerk, application_id)


async def test_a_version_that_is_not_the_present_one(runtime: Runtime, clerk: Viewer) -> None:
    """What the caller has not seen is not submitted."""
    application_id = await a_draft(runtime, clerk)
    async with refused("StaleVersion"):
        await submit_application(runtime, clerk, SubmitApplication(a_key(), application_id, 1))


async def test_who_may_not_submit(runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer) -> None:
    """Only the author."""
    application_id = await a_draft(runtime, clerk)
    for viewer, code in ((other_clerk, "NotFound"), (admin, "NOT_ALLOWED")):
        async with refused(code):
            await submit(runtime, viewer, application_id)


async def test_a_second_application_for_a_shop(runtime: Runtime, clerk: Viewer, partner_clerk: Viewer) -> None:
    """The shop is taken by whoever was first, whatever the spelling; another shop of the owner is free."""
    first = await a_submitted(runtime, clerk)
    second = await a_draft(runtime, partner_clerk, id_card_number="４４０３０５198801010003", micro_name="大郎 烧饼")
    async with refused("DUPLICATE"):
        await submit(runtime, partner_clerk, second)
    await a_submitted(runtime, clerk, micro_name="大郎烧饼二店")
    await withdraw(runtime, clerk, first)
    assert (await the(first)).live_key is None
    await submit(runtime, partner_clerk, second)
    assert (await the(second)).state == "IN_REVIEW"


async def test_two_at_the_same_moment(runtime: Runtime, clerk: Viewer, partner_clerk: Viewer) -> None:
    """Of two that are submitted at once for one shop exactly one gets through."""
    drafts = [(clerk, await a_draft(runtime, clerk)), (partner_clerk, await a_draft(runtime, partner_clerk))]
    ends = await asyncio.gather(*(submit(runtime, *each) for each in drafts), return_exceptions=True)
    refusals = [end for end in ends if end is not None]
    assert [type(end) for end in refusals] == [NeedUnmet]
    assert await Application.filter(live_key__not_isnull=True).count() == 1


async def test_a_shop_that_changes_its_name_on_return(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """Until it is submitted again the application holds the shop that it was submitted for."""
    application_id = await a_submitted(runtime, clerk)
    held = (await the(application_id)).live_key
    await send_back(runtime, reviewer, application_id, "micro_name")
    await save(runtime, clerk, application_id, micro_name="二郎烧饼")
    assert (await the(application_id)).live_key == held
    await submit(runtime, clerk, application_id)
    assert (await the(application_id)).live_key != held


async def test_an_approved_shop_is_still_taken(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """A shop is taken from submission to the end."""
    await an_approved(runtime, clerk, reviewer)
    second = await a_draft(runtime, clerk)
    async with refused("DUPLICATE"):
        await submit(runtime, clerk, second)
