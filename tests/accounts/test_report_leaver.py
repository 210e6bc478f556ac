"""reportLeaver, suspendStaff, reinstateStaff: access ends at once, and comes back only by HQ."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from backend.accounts import (
    ChangeStaff,
    Role,
    SessionInvalid,
    StaffState,
    Viewer,
    authenticate,
    is_active,
    open_session,
    reauthenticate,
    reinstate_staff,
    report_leaver,
    suspend_staff,
)
from backend.accounts.models import Session, Staff
from backend.applications import start_application
from backend.foundation.lifecycle import IllegalMove
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_draft, a_start, refused, the
from tests.builders.everything import everything_in_database
from tests.builders.people import (
    a_change,
    a_team,
    body_of,
    close,
    invite,
    kinds_of,
    offboard,
    reassign,
    the_invitation,
    the_person,
    trail_of,
)
from tests.conftest import MakeViewer

CutOff = Callable[[Runtime, Viewer, ChangeStaff], Awaitable[str]]
WAYS: tuple[tuple[CutOff, str, str], ...] = (
    (report_leaver, "partner_admin", "STAFF_REPORTED"),
    (suspend_staff, "admin", "STAFF_SUSPENDED"),
)


@pytest.mark.parametrize(("cut_off", "by", "kind"), WAYS)
async def test_access_ends_at_once(
    runtime: Runtime,
    partner_clerk: Viewer,
    partner_admin: Viewer,
    admin: Viewer,
    cut_off: CutOff,
    by: str,
    kind: str,
) -> None:
    """Every session ends, open work stays where it is, and the fact tells how much was ended."""
    viewer = {"partner_admin": partner_admin, "admin": admin}[by]
    second = await open_session(runtime, partner_clerk.id)
    application_id = await a_draft(runtime, partner_clerk)
    command = await a_change(partner_clerk.id, " 离职了 ")
    assert await cut_off(runtime, viewer, command) == partner_clerk.id
    person = await the_person(partner_clerk.id)
    assert (person.state, person.cut_off_at, person.cut_off_reason) == ("SUSPENDED", runtime.clock.now(), "离职了")
    assert not await Session.filter(staff_id=partner_clerk.id, ended_at=None).exists()
    assert not await is_active(partner_clerk.id)
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, second)
    async with refused("SessionInvalid"):
        await start_application(runtime, partner_clerk, a_start())
    application = await the(application_id)
    assert (application.state, application.author_id, application.successor_id) == ("DRAFT", partner_clerk.id, None)
    last = (await trail_of(Staff, partner_clerk.id))[-1]
    assert (last.kind, last.actor_id) == (kind, viewer.id)
    assert body_of(last) == {
        "from": "APPROVED",
        "to": "SUSPENDED",
        "reason": "离职了",
        "sessions": 2,
        "keys": 0,
        "invitations": 0,
    }
    before = await everything_in_database()
    assert await cut_off(runtime, viewer, command) == partner_clerk.id
    assert await everything_in_database() == before


async def test_whom_a_partner_admin_may_report(
    runtime: Runtime,
    partner_clerk: Viewer,
    partner_admin: Viewer,
    partner_key: Viewer,
    clerk: Viewer,
    admin: Viewer,
    a_viewer: MakeViewer,
    organisations: dict[str, str],
) -> None:
    """Field staff of the own organisation and those below it; no admin, no key, nobody beside or above."""
    other_admin = await a_viewer("other_partner_admin", Role.PARTNER_ADMIN, "partner")
    stranger = await a_viewer("stranger", Role.FIELD_STAFF, "other_partner")
    below = await a_team(runtime, admin, "下级渠道", parent_id=partner_admin.organisation_id)
    organisations["below"] = below
    sub_clerk = await a_viewer("sub_clerk", Role.FIELD_STAFF, "below")
    sub_admin = await a_viewer("sub_admin", Role.PARTNER_ADMIN, "below")
    chief = await reauthenticate(runtime, partner_admin)
    cases = (
        (other_admin.id, "NOT_ALLOWED"),
        (partner_key.id, "NOT_ALLOWED"),
        (sub_admin.id, "NOT_ALLOWED"),
        (chief.id, "NOT_ALLOWED"),
        (stranger.id, "NotFound"),
        (clerk.id, "NotFound"),
        (admin.id, "NotFound"),
    )
    for staff_id, code in cases:
        async with refused(code):
            await report_leaver(runtime, chief, await a_change(staff_id))
    async with refused("NotFound"):
        await report_leaver(runtime, sub_admin, await a_change(partner_clerk.id))
    await report_leaver(runtime, chief, await a_change(sub_clerk.id))
    await report_leaver(runtime, chief, await a_change(partner_clerk.id))
    for staff_id in (sub_clerk.id, partner_clerk.id):
        assert (await the_person(staff_id)).state == "SUSPENDED"
    async with refused("ILLEGAL_STATE"):
        await report_leaver(runtime, chief, await a_change(partner_clerk.id))


@pytest.mark.parametrize("role", list(Role))
async def test_who_may(runtime: Runtime, partner_clerk: Viewer, a_viewer: MakeViewer, role: Role) -> None:
    """Reporting is the partner admin's, suspending and reinstating HQ's admin's, and nobody else's."""
    viewer = await a_viewer(f"one_{role}", role, "partner" if role is Role.PARTNER_ADMIN else "hq")
    if role is not Role.PARTNER_ADMIN:
        async with refused("PermissionMissing"):
            await report_leaver(runtime, viewer, await a_change(partner_clerk.id))
    if role is not Role.ADMIN:
        for change in (suspend_staff, reinstate_staff):
            async with refused("PermissionMissing"):
                await change(runtime, viewer, await a_change(partner_clerk.id))


async def test_a_reason_is_needed(
    runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer, admin: Viewer
) -> None:
    """For each way out and back; a refused one ends no session."""
    for code, reason in (("REASON_MISSING", " \n"), ("TEXT_TOO_LONG", "长" * 501)):
        for cut_off, viewer in ((report_leaver, partner_admin), (suspend_staff, admin)):
            async with refused(code):
                await cut_off(runtime, viewer, await a_change(partner_clerk.id, reason))
    async with refused("StaleVersion"):
        await suspend_staff(runtime, admin, ChangeStaff("key-key-key-key-key", partner_clerk.id, 9, "离职"))
    async with refused("NOT_ALLOWED"):
        await suspend_staff(runtime, admin, await a_change(admin.id))
    assert await reauthenticate(runtime, partner_clerk) == partner_clerk


async def test_an_admins_invitations_and_keys_end_too(
    runtime: Runtime, partner_admin: Viewer, partner_key: Viewer, admin: Viewer, a_viewer: MakeViewer
) -> None:
    """What somebody handed out ends with their access; what others handed out goes on."""
    issued = await open_session(runtime, partner_key.id, issued_by_id=partner_admin.id)
    other_admin = await a_viewer("other_admin", Role.ADMIN, "hq")
    of_another = await open_session(runtime, partner_key.id, issued_by_id=other_admin.id)
    open_id, spent_id = [await invite(runtime, partner_admin, partner_admin.organisation_id) for _ in range(2)]
    others_id = await invite(runtime, admin, partner_admin.organisation_id)
    await (await the_invitation(spent_id)).filter(id=spent_id).update(state="SPENT")
    await suspend_staff(runtime, admin, await a_change(partner_admin.id))
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, issued)
    assert (await authenticate(runtime, of_another)).id == partner_key.id
    states = [(await the_invitation(each)).state for each in (open_id, spent_id, others_id)]
    assert states == ["REVOKED", "SPENT", "OPEN"]
    told = body_of((await trail_of(Staff, partner_admin.id))[-1])
    assert (told["sessions"], told["keys"], told["invitations"]) == (1, 1, 1)
    assert await kinds_of(Staff, partner_key.id) == ["STAFF_SESSION_ENDED"]


@pytest.mark.parametrize("way", ["suspended", "left"])
async def test_whoever_is_reinstated_starts_anew(
    runtime: Runtime, partner_clerk: Viewer, admin: Viewer, way: str
) -> None:
    """With the rights they had, without the sessions they had."""
    if way == "suspended":
        await suspend_staff(runtime, admin, await a_change(partner_clerk.id))
    else:
        await offboard(runtime, admin, partner_clerk.id)
    async with refused("REASON_MISSING"):
        await reinstate_staff(runtime, admin, await a_change(partner_clerk.id, ""))
    await reinstate_staff(runtime, admin, await a_change(partner_clerk.id, "误报"))
    person = await the_person(partner_clerk.id)
    assert (person.state, person.cut_off_at, person.cut_off_reason, person.successor_id) == (
        "APPROVED",
        None,
        None,
        None,
    )
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, partner_clerk)
    viewer = await authenticate(runtime, await open_session(runtime, partner_clerk.id))
    assert (viewer.roles, viewer.organisation_id) == (partner_clerk.roles, partner_clerk.organisation_id)
    async with refused("ILLEGAL_STATE"):
        await reinstate_staff(runtime, admin, await a_change(partner_clerk.id))


async def test_nobody_comes_back_into_a_closed_organisation(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """Reinstated would be somebody with access where nobody works any more."""
    team = await a_team(runtime, admin)
    await reassign(runtime, admin, clerk.id, to=team)
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    await close(runtime, admin, team)
    async with refused("ORGANISATION_UNKNOWN"):
        await reinstate_staff(runtime, admin, await a_change(clerk.id))


async def test_somebody_who_waits_is_decided_about_instead(
    runtime: Runtime, guest: Viewer, pending: str, admin: Viewer
) -> None:
    """Nobody who was never let in is suspended: coming back from that would let them in undecided."""
    with pytest.raises(IllegalMove):
        await suspend_staff(runtime, admin, await a_change(pending))
    assert (await reauthenticate(runtime, guest)).id == pending
    assert (await the_person(pending)).state == StaffState.PENDING
