"""offboardStaff: everything ends at once, and the open work goes on."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from backend.accounts import (
    OffboardStaff,
    Role,
    SessionInvalid,
    StaffState,
    Viewer,
    authenticate,
    is_active,
    offboard_staff,
    open_session,
    reauthenticate,
    suspend_staff,
)
from backend.accounts.models import Invitation, Session, Staff
from backend.applications import start_application
from backend.applications.models import Application
from backend.foundation.events import Event
from backend.foundation.keyring import Keyring
from backend.foundation.runtime import Runtime
from tests.builders.applications import (
    a_draft,
    a_key,
    a_start,
    a_submitted,
    claim,
    refused,
    save,
    the,
    withdraw,
)
from tests.builders.everything import everything_in_database
from tests.builders.people import a_change, body_of, invite, kinds_of, offboard, reassign, the_person, trail_of
from tests.builders.pool import open_connections
from tests.conftest import Database, MakeViewer

ROOT = Path(__file__).parents[2]


async def test_everything_ends_and_the_work_goes_on(
    runtime: Runtime, partner_clerk: Viewer, partner_key: Viewer, admin: Viewer, a_viewer: MakeViewer
) -> None:
    """Sessions, keys, invitations end; drafts and what HQ has go to the successor; what has ended stays as it was."""
    heir = await a_viewer("heir", Role.FIELD_STAFF, "partner")
    await reassign(runtime, admin, partner_clerk.id, Role.FIELD_STAFF, Role.PARTNER_ADMIN)
    leaver = await reauthenticate(runtime, partner_clerk)
    tokens = [
        await open_session(runtime, leaver.id),
        await open_session(runtime, partner_key.id, issued_by_id=leaver.id),
    ]
    await invite(runtime, leaver, leaver.organisation_id)
    draft, submitted = await a_draft(runtime, leaver), await a_submitted(runtime, leaver, merchant_shortname="二店")
    ended = await a_draft(runtime, leaver, merchant_shortname="三店")
    await withdraw(runtime, leaver, ended)
    command = OffboardStaff(a_key(), leaver.id, (await the_person(leaver.id)).version, " 已离职 ", heir.id)
    assert await offboard_staff(runtime, admin, command) == leaver.id

    person = await the_person(leaver.id)
    assert (person.state, person.cut_off_at, person.successor_id) == ("LEFT", runtime.clock.now(), heir.id)
    for token in tokens:
        with pytest.raises(SessionInvalid):
            await authenticate(runtime, token)
    assert not await is_active(leaver.id)
    assert not await Invitation.filter(inviter_id=leaver.id, state="OPEN").exists()
    for application_id in (draft, submitted):
        application = await the(application_id)
        assert (application.successor_id, application.author_id) == (heir.id, leaver.id)
        assert application.handed_over_at == runtime.clock.now()
    assert (await the(ended)).successor_id is None
    last = (await trail_of(Staff, leaver.id))[-1]
    assert (last.kind, last.actor_id) == ("STAFF_LEFT", admin.id)
    assert body_of(last) == {
        "from": "APPROVED",
        "to": "LEFT",
        "reason": "已离职",
        "successor_id": heir.id,
        "sessions": 2,
        "keys": 1,
        "invitations": 1,
    }
    assert await Event.filter(cause=last.cause, kind="HANDED_OVER").count() == 2
    await save(runtime, heir, draft, account_bank="农业银行")
    before = await everything_in_database()
    assert await offboard_staff(runtime, admin, command) == leaver.id
    assert await everything_in_database() == before


async def test_work_without_a_successor_stops_it(
    runtime: Runtime, partner_clerk: Viewer, partner_key: Viewer, admin: Viewer
) -> None:
    """Nothing is ended then: neither session nor key, and the work stays with them."""
    key = await open_session(runtime, partner_key.id, issued_by_id=partner_clerk.id)
    await a_draft(runtime, partner_clerk)
    async with refused("SUCCESSOR_MISSING"):
        await offboard(runtime, admin, partner_clerk.id)
    assert await reauthenticate(runtime, partner_clerk) == partner_clerk
    assert (await authenticate(runtime, key)).id == partner_key.id


async def test_who_cannot_take_it_over(
    runtime: Runtime,
    partner_clerk: Viewer,
    partner_admin: Viewer,
    partner_key: Viewer,
    clerk: Viewer,
    reviewer: Viewer,
    admin: Viewer,
    guest: Viewer,
    a_viewer: MakeViewer,
) -> None:
    """Only a colleague who files and is in: of the same organisation, approved, and not the leaver."""
    await a_draft(runtime, partner_clerk)
    suspended = await a_viewer("suspended", Role.FIELD_STAFF, "partner")
    await suspend_staff(runtime, admin, await a_change(suspended.id))
    waiting = await a_viewer("waiting", Role.FIELD_STAFF, "partner", StaffState.PENDING)
    nobody = "stf_00000000000000000000000000"
    others = (partner_clerk, partner_admin, partner_key, clerk, reviewer, admin, guest, suspended, waiting)
    for successor_id in (*(each.id for each in others), nobody, "no id"):
        async with refused("SUCCESSOR_INVALID"):
            await offboard(runtime, admin, partner_clerk.id, successor_id)


async def test_what_is_refused(
    runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer, admin: Viewer, guest: Viewer, reviewer: Viewer
) -> None:
    """No reason, an old look, a guest, oneself, somebody who has left; and nobody but HQ's admin does it."""
    for viewer in (partner_admin, reviewer, partner_clerk):
        async with refused("PermissionMissing"):
            await offboard(runtime, viewer, partner_clerk.id)
    for code, staff_id, reason in (
        ("REASON_MISSING", partner_clerk.id, " "),
        ("TEXT_TOO_LONG", partner_clerk.id, "长" * 501),
        ("NotFound", guest.id, "离职"),
        ("NOT_ALLOWED", admin.id, "离职"),
    ):
        async with refused(code):
            await offboard(runtime, admin, staff_id, reason=reason)
    async with refused("StaleVersion"):
        await offboard_staff(runtime, admin, OffboardStaff(a_key(), partner_clerk.id, 9, "离职"))
    async with refused("NotFound"):
        await offboard_staff(runtime, admin, OffboardStaff(a_key(), "stf_00000000000000000000000000", 1, "离职"))
    await offboard(runtime, admin, partner_clerk.id)
    async with refused("ILLEGAL_STATE"):
        await offboard(runtime, admin, partner_clerk.id)


async def test_a_reviewers_claims_go_back(
    runtime: Runtime, clerk: Viewer, reviewer: Viewer, other_reviewer: Viewer, admin: Viewer
) -> None:
    """What they had in hand is anybody's again, in the transaction that ended their access."""
    application_id = await a_submitted(runtime, clerk)
    await claim(runtime, reviewer, application_id)
    await offboard(runtime, admin, reviewer.id)
    application = await the(application_id)
    assert (application.state, application.claimer_id, application.claimed_until) == ("IN_REVIEW", None, None)
    last = (await trail_of(Staff, reviewer.id))[-1]
    assert await Event.filter(cause=last.cause, kind="CLAIM_RELEASED", subject_id=application_id).count() == 1
    await claim(runtime, other_reviewer, application_id)


async def test_a_suspended_person_can_leave_too(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer
) -> None:
    """Reported first, settled later: the work goes on from there."""
    application_id = await a_draft(runtime, clerk)
    await suspend_staff(runtime, admin, await a_change(clerk.id))
    async with refused("SUCCESSOR_MISSING"):
        await offboard(runtime, admin, clerk.id)
    await offboard(runtime, admin, clerk.id, other_clerk.id)
    assert (await the(application_id)).successor_id == other_clerk.id
    assert (await kinds_of(Staff, clerk.id))[-2:] == ["STAFF_SUSPENDED", "STAFF_LEFT"]


async def test_work_that_was_taken_over_goes_on_to_the_next(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer, a_viewer: MakeViewer
) -> None:
    """A successor who leaves hands on what they took over, not only what they began."""
    third = await a_viewer("third", Role.FIELD_STAFF, "hq_field")
    application_id = await a_draft(runtime, clerk)
    await offboard(runtime, admin, clerk.id, other_clerk.id)
    async with refused("SUCCESSOR_MISSING"):
        await offboard(runtime, admin, other_clerk.id)
    await offboard(runtime, admin, other_clerk.id, third.id)
    application = await the(application_id)
    assert (application.author_id, application.successor_id) == (clerk.id, third.id)


async def test_whoever_writes_while_they_are_cut_off_writes_nothing_after(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, admin: Viewer
) -> None:
    """Three phones that file without a pause: after the cut-off there is no fact of theirs, and no work is left."""
    started, stopped = asyncio.Event(), []

    async def keep_filing() -> None:
        try:
            while True:
                application_id = await start_application(runtime, clerk, a_start())
                started.set()
                await save(runtime, clerk, application_id, micro_name="烧饼店")
        except SessionInvalid:
            stopped.append("cut off")

    async def cut_off() -> None:
        await started.wait()
        await offboard(runtime, admin, clerk.id, other_clerk.id)

    await open_connections(4)
    await asyncio.gather(*(keep_filing() for _ in range(3)), cut_off())
    assert stopped == ["cut off"] * 3
    left = await Event.get(subject_id=clerk.id, kind="STAFF_LEFT")
    assert not await Event.filter(actor_id=clerk.id, position__gt=left.position).exists()
    assert not await Event.filter(actor_id=clerk.id, occurred_at__gt=left.occurred_at).exists()
    assert await Application.filter(author_id=clerk.id).count() > 0
    assert not await Application.filter(author_id=clerk.id, successor_id=None).exists()


async def test_whoever_writes_in_another_process_is_cut_off_there(
    runtime: Runtime, database: Database, tmp_path: Path, clerk: Viewer, other_clerk: Viewer, admin: Viewer
) -> None:
    """What one process ends, another does not go on with: after the cut-off there is no fact of theirs either."""
    keyring = tmp_path / "keyring.json"
    Keyring.generate(keyring)
    token = await open_session(runtime, clerk.id)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.accounts.keep_filing", database.url, str(keyring), token),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).decode() == "filing\n"
    await offboard(runtime, admin, clerk.id, other_clerk.id)
    said, complaint = await process.communicate()
    assert (process.returncode, said.decode()) == (0, "cut off\n"), complaint
    left = await Event.get(subject_id=clerk.id, kind="STAFF_LEFT")
    assert not await Event.filter(actor_id=clerk.id, position__gt=left.position).exists()
    assert not await Application.filter(author_id=clerk.id, successor_id=None).exists()


async def test_two_admins_who_end_each_other(runtime: Runtime, a_viewer: MakeViewer) -> None:
    """Of two who do it at the same moment one does, and the other is told that their session is over."""
    for number in range(5):
        one, two = [await a_viewer(f"admin_{number}_{each}", Role.ADMIN, "hq") for each in "ab"]
        await open_connections(2)
        ends = await asyncio.gather(
            offboard(runtime, one, two.id), offboard(runtime, two, one.id), return_exceptions=True
        )
        assert [type(end) for end in ends if isinstance(end, BaseException)] == [SessionInvalid]
        assert sorted([(await the_person(each.id)).state for each in (one, two)]) == ["APPROVED", "LEFT"]


async def test_ending_somebody_and_the_key_they_issued_at_once(
    runtime: Runtime, admin: Viewer, organisations: dict[str, str], a_viewer: MakeViewer
) -> None:
    """Whoever ends a key while its issuer is cut off: both go through or one is refused, and nobody waits for ever."""
    assert organisations
    for number in range(4):
        issuer = await a_viewer(f"issuer_{number}", Role.ADMIN, "hq")
        key = await a_viewer(f"key_{number}", Role.PARTNER_KEY, "partner")
        await open_session(runtime, key.id, issued_by_id=issuer.id)
        await open_connections(2)
        ends = await asyncio.gather(
            suspend_staff(runtime, admin, await a_change(issuer.id)),
            suspend_staff(runtime, issuer, await a_change(key.id)),
            return_exceptions=True,
        )
        assert ends[0] == issuer.id
        assert ends[1] == key.id or type(ends[1]) is SessionInvalid
        assert not await Session.filter(issued_by_id=issuer.id, ended_at=None).exists()
        await trail_of(Staff, key.id)
