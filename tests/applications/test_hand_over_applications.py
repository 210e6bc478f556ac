"""handOverApplications: the open work of one person goes to a colleague who files."""

from __future__ import annotations

import asyncio

import pytest

from backend.accounts import Role, Viewer, reauthenticate, suspend_staff
from backend.applications import HandOverApplications, hand_over_applications
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
from tests.builders.everything import everything_in_database
from tests.builders.people import a_change, a_team, body_of
from tests.builders.pool import open_connections
from tests.conftest import MakeViewer


async def hand_over(runtime: Runtime, viewer: Viewer, staff_id: str, successor_id: str) -> str:
    """Give the work of one to another."""
    return await hand_over_applications(runtime, viewer, HandOverApplications(a_key(), staff_id, successor_id))


@pytest.fixture
async def heir(a_viewer: MakeViewer) -> Viewer:
    """A colleague of `partner_clerk`."""
    return await a_viewer("heir", Role.FIELD_STAFF, "partner")


async def test_all_open_work_goes_over(
    runtime: Runtime, partner_clerk: Viewer, heir: Viewer, partner_admin: Viewer, reviewer: Viewer
) -> None:
    """Whatever state it is in, as it is; what has ended stays. Each application's trail tells from whom to whom."""
    ids = [
        await a_draft(runtime, partner_clerk),
        await a_submitted(runtime, partner_clerk, merchant_shortname="二店", micro_name="二店"),
        await an_approved(runtime, partner_clerk, reviewer, merchant_shortname="三店", micro_name="三店"),
    ]
    ended = await a_draft(runtime, partner_clerk)
    await withdraw(runtime, partner_clerk, ended)
    before = [(await the(each)).state for each in ids]
    assert await hand_over(runtime, partner_admin, partner_clerk.id, heir.id) == heir.id
    assert [(await the(each)).state for each in ids] == before
    for application_id in ids:
        application = await the(application_id)
        assert (application.author_id, application.successor_id) == (partner_clerk.id, heir.id)
        last = (await events_of(application_id))[-1]
        assert (last.kind, last.actor_id) == ("HANDED_OVER", partner_admin.id)
        told = body_of(last)
        assert (told["from_staff_id"], told["to_staff_id"]) == (partner_clerk.id, heir.id)
    assert (await the(ended)).successor_id is None


async def test_the_successor_files_and_the_author_only_reads(
    runtime: Runtime, partner_clerk: Viewer, heir: Viewer, partner_admin: Viewer, reviewer: Viewer
) -> None:
    """Saves, photos and submission are the successor's from then on; a return comes to the successor."""
    application_id = await a_draft(runtime, partner_clerk)
    await hand_over(runtime, partner_admin, partner_clerk.id, heir.id)
    async with refused("NOT_ALLOWED"):
        await save(runtime, partner_clerk, application_id, account_bank="农业银行")
    await save(runtime, heir, application_id, account_bank="农业银行")
    await submit(runtime, heir, application_id)
    await send_back(runtime, reviewer, application_id, "account_bank")
    await save(runtime, heir, application_id, account_bank="工商银行")
    async with refused("NOT_ALLOWED"):
        await withdraw(runtime, partner_clerk, application_id)


async def test_it_can_go_back(runtime: Runtime, partner_clerk: Viewer, heir: Viewer, partner_admin: Viewer) -> None:
    """Handed back, the author files again."""
    application_id = await a_draft(runtime, partner_clerk)
    await hand_over(runtime, partner_admin, partner_clerk.id, heir.id)
    await hand_over(runtime, partner_admin, heir.id, partner_clerk.id)
    await save(runtime, partner_clerk, application_id, account_bank="农业银行")


async def test_whose_work_one_may_distribute(
    runtime: Runtime,
    partner_clerk: Viewer,
    heir: Viewer,
    partner_admin: Viewer,
    clerk: Viewer,
    other_clerk: Viewer,
    admin: Viewer,
    a_viewer: MakeViewer,
    organisations: dict[str, str],
) -> None:
    """A partner admin that of the own branch, HQ's admin everybody's, nobody else anybody's."""
    organisations["below"] = await a_team(runtime, admin, parent_id=partner_admin.organisation_id)
    sub_clerk = await a_viewer("sub_clerk", Role.FIELD_STAFF, "below")
    sub_heir = await a_viewer("sub_heir", Role.FIELD_STAFF, "below")
    chief = await reauthenticate(runtime, partner_admin)
    for author in (partner_clerk, clerk, sub_clerk):
        await a_draft(runtime, author)
    for viewer in (partner_clerk, heir):
        async with refused("PermissionMissing"):
            await hand_over(runtime, viewer, partner_clerk.id, heir.id)
    for staff_id in (clerk.id, "stf_00000000000000000000000000", "no id"):
        async with refused("NotFound"):
            await hand_over(runtime, chief, staff_id, heir.id)
    await hand_over(runtime, chief, sub_clerk.id, sub_heir.id)
    await hand_over(runtime, admin, clerk.id, other_clerk.id)
    await hand_over(runtime, admin, partner_clerk.id, heir.id)


async def test_to_whom_it_cannot_go(
    runtime: Runtime,
    partner_clerk: Viewer,
    partner_admin: Viewer,
    partner_key: Viewer,
    clerk: Viewer,
    heir: Viewer,
    admin: Viewer,
) -> None:
    """Not to oneself, a key, an admin who does not file, somebody of another organisation or without access."""
    await a_draft(runtime, partner_clerk)
    await suspend_staff(runtime, admin, await a_change(heir.id))
    for successor_id in (partner_clerk.id, partner_key.id, partner_admin.id, clerk.id, heir.id, "no id"):
        async with refused("SUCCESSOR_INVALID"):
            await hand_over(runtime, partner_admin, partner_clerk.id, successor_id)


async def test_the_same_call_again_hands_over_once(
    runtime: Runtime, partner_clerk: Viewer, heir: Viewer, partner_admin: Viewer
) -> None:
    """What was begun since stays with who began it."""
    await a_draft(runtime, partner_clerk)
    command = HandOverApplications(a_key(), partner_clerk.id, heir.id)
    await hand_over_applications(runtime, partner_admin, command)
    later = await a_draft(runtime, partner_clerk)
    before = await everything_in_database()
    assert await hand_over_applications(runtime, partner_admin, command) == heir.id
    assert await everything_in_database() == before
    assert (await the(later)).successor_id is None


async def test_handed_over_while_it_is_written(
    runtime: Runtime, partner_clerk: Viewer, heir: Viewer, partner_admin: Viewer
) -> None:
    """A save and a hand-over at once: whichever is first, nothing is lost and one of them files after."""
    application_id = await a_draft(runtime, partner_clerk)
    await open_connections(2)
    await asyncio.gather(
        save(runtime, partner_clerk, application_id, account_bank="农业银行"),
        hand_over(runtime, partner_admin, partner_clerk.id, heir.id),
        return_exceptions=True,
    )
    assert (await the(application_id)).successor_id == heir.id
    kinds = [event.kind for event in await events_of(application_id)]
    assert kinds.count("HANDED_OVER") == 1
    assert "DRAFT_SAVED" not in kinds[kinds.index("HANDED_OVER") :]
