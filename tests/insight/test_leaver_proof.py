"""The receipt of somebody without access: what was cut off, and whether anything came after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from structlog.contextvars import bound_contextvars

from backend.accounts import Role, Viewer, open_session, reauthenticate, reinstate_staff, report_leaver, suspend_staff
from backend.accounts.models import Invitation, Session, Staff
from backend.foundation.events import Actor, Event
from backend.foundation.runtime import Runtime
from backend.foundation.views import Reading
from backend.foundation.work import work
from backend.insight.leavers import proof_of
from tests.builders.applications import a_draft, a_submitted, claim
from tests.builders.clock import FixedClock
from tests.builders.people import a_change, invite, offboard, reassign, the_person
from tests.conftest import MakeViewer

NOTHING = {
    "sessions_ended": 0,
    "keys_ended": 0,
    "invitations_revoked": 0,
    "applications_handed_over": 0,
    "claims_released": 0,
    "events_after": 0,
    "sessions_alive": 0,
    "invitations_open": 0,
    "applications_left": 0,
    "is_clean": True,
}


async def proof(runtime: Runtime, viewer: Viewer, staff_id: str) -> dict[str, Any]:
    """Work the receipt out as the viewer may have it."""
    row = await proof_of(Reading(viewer, runtime), staff_id)
    assert row is not None
    return dict(row)


async def test_a_leavers_receipt(
    runtime: Runtime, partner_clerk: Viewer, partner_key: Viewer, admin: Viewer, a_viewer: MakeViewer
) -> None:
    """It counts what was ended and handed over, by this cut-off and no other, and that nothing came after."""
    heir = await a_viewer("heir", Role.FIELD_STAFF, "partner")
    await reassign(runtime, admin, partner_clerk.id, Role.FIELD_STAFF, Role.PARTNER_ADMIN)
    leaver = await reauthenticate(runtime, partner_clerk)
    await open_session(runtime, leaver.id)
    await open_session(runtime, partner_key.id, issued_by_id=leaver.id)
    await invite(runtime, leaver, leaver.organisation_id)
    for _ in range(2):
        await a_draft(runtime, leaver)
    await offboard(runtime, admin, leaver.id, heir.id)
    assert await proof(runtime, admin, leaver.id) == {
        **NOTHING,
        "staff_id": leaver.id,
        "cut_off_at": (await the_person(leaver.id)).cut_off_at,
        "sessions_ended": 2,
        "keys_ended": 1,
        "invitations_revoked": 1,
        "applications_handed_over": 2,
    }


async def test_a_reviewers_receipt(runtime: Runtime, clerk: Viewer, reviewer: Viewer, admin: Viewer) -> None:
    """What they had in hand and gave back is on it."""
    await claim(runtime, reviewer, await a_submitted(runtime, clerk))
    await suspend_staff(runtime, admin, await a_change(reviewer.id))
    told = await proof(runtime, admin, reviewer.id)
    assert (told["claims_released"], told["sessions_ended"], told["is_clean"]) == (1, 1, True)


async def test_what_somebody_suspended_still_holds(
    runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer
) -> None:
    """Reported, their work waits for HQ to name a successor: told, and no stain."""
    await a_draft(runtime, partner_clerk)
    await report_leaver(runtime, partner_admin, await a_change(partner_clerk.id))
    told = await proof(runtime, partner_admin, partner_clerk.id)
    assert (told["applications_left"], told["applications_handed_over"], told["is_clean"]) == (1, 0, True)


async def test_whatever_came_after_is_found(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, partner_key: Viewer, admin: Viewer
) -> None:
    """Planted past the use cases: a session, a key, an invitation, a fact. Each makes the receipt unclean."""
    await offboard(runtime, admin, clerk.id)
    assert (await proof(runtime, admin, clerk.id))["is_clean"] is True
    now = clock.wall()
    columns: dict[str, Any] = {"token_hash": "0" * 64, "created_at": now, "expires_at": now + timedelta(hours=1)}

    session = await Session.create(id="ses_planted", staff_id=clerk.id, **columns)
    assert _differs(await proof(runtime, admin, clerk.id)) == {"sessions_alive": 1, "is_clean": False}
    await session.delete()

    key = await Session.create(id="ses_planted", staff_id=partner_key.id, issued_by_id=clerk.id, kind="KEY", **columns)
    assert _differs(await proof(runtime, admin, clerk.id)) == {"sessions_alive": 1, "is_clean": False}
    await key.delete()

    invitation = await Invitation.create(
        id="inv_planted",
        state="OPEN",
        token_sealed=b"",
        role="FIELD_STAFF",
        organisation_id=clerk.organisation_id,
        inviter_id=clerk.id,
        updated_at=now,
        **columns,
    )
    assert _differs(await proof(runtime, admin, clerk.id)) == {"invitations_open": 1, "is_clean": False}
    await invitation.delete()

    clock.advance(1)
    async with work(runtime, Actor("STAFF", clerk.id)) as current:
        person = await current.lock(Staff, admin.id)
        assert person is not None
        current.record(person, "STAFF_SESSION_ENDED", {"session_id": "ses_planted"})
        await person.save()
    assert _differs(await proof(runtime, admin, clerk.id)) == {"events_after": 1, "is_clean": False}
    assert await Event.filter(actor_id=clerk.id).count() == 1


def _differs(told: dict[str, Any]) -> dict[str, Any]:
    """Give what differs from the receipt of somebody who had one session and nothing else."""
    usual = {**NOTHING, "sessions_ended": 1}
    return {name: value for name, value in told.items() if name in usual and value != usual[name]}


async def test_an_expired_session_is_not_alive(
    runtime: Runtime, clock: FixedClock, clerk: Viewer, admin: Viewer
) -> None:
    """One that nobody ended, whose time is over, lets nobody in."""
    now = clock.wall()
    await offboard(runtime, admin, clerk.id)
    await Session.create(id="ses_planted", staff_id=clerk.id, token_hash="0" * 64, created_at=now, expires_at=now)
    assert (await proof(runtime, admin, clerk.id))["is_clean"] is True


async def test_who_has_no_receipt(
    runtime: Runtime, clerk: Viewer, partner_clerk: Viewer, partner_admin: Viewer, admin: Viewer
) -> None:
    """Whoever works with us, whoever came back, and whom the viewer may not know of."""
    await suspend_staff(runtime, admin, await a_change(partner_clerk.id))
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    assert await proof_of(Reading(partner_admin, runtime), partner_clerk.id) is not None
    assert await proof_of(Reading(partner_admin, runtime), clerk.id) is None
    await reinstate_staff(runtime, admin, await a_change(clerk.id))
    for staff_id in (clerk.id, admin.id, partner_admin.id, "stf_00000000000000000000000000", "no id"):
        assert await proof_of(Reading(admin, runtime), staff_id) is None


async def test_the_last_cut_off_counts(runtime: Runtime, clock: FixedClock, clerk: Viewer, admin: Viewer) -> None:
    """Cut off twice, the receipt is of the second time; what was done in between is none of its business."""
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    clock.advance(60)
    await reinstate_staff(runtime, admin, await a_change(clerk.id))
    clock.advance(60)
    for _ in range(3):
        await open_session(runtime, clerk.id)
    await offboard(runtime, admin, clerk.id)
    told = await proof(runtime, admin, clerk.id)
    assert (told["sessions_ended"], told["cut_off_at"], told["is_clean"]) == (3, clock.now(), True)


async def test_two_who_leave_in_one_request_are_two_receipts(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, reviewer: Viewer, admin: Viewer, a_viewer: MakeViewer
) -> None:
    """Each counts what went with that person, also where one cause ties the facts of both."""
    heir = await a_viewer("heir", Role.FIELD_STAFF, "hq_field")
    for _ in range(2):
        await a_draft(runtime, clerk)
    await claim(runtime, reviewer, await a_submitted(runtime, other_clerk))
    with bound_contextvars(trace_id="one-request"):
        for leaver, successor_id in ((clerk, heir.id), (other_clerk, heir.id), (reviewer, None)):
            await offboard(runtime, admin, leaver.id, successor_id)
    told = [await proof(runtime, admin, leaver.id) for leaver in (clerk, other_clerk, reviewer)]
    assert [row["applications_handed_over"] for row in told] == [2, 1, 0]
    assert [row["claims_released"] for row in told] == [0, 0, 1]
