"""registerStaff: a guest says who they are and where they work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.accounts import (
    CreateInvitation,
    OrganisationKind,
    RegisterStaff,
    RegistrationDecision,
    RevokeInvitation,
    Role,
    VerifyMobile,
    Viewer,
    WorkKind,
    create_invitation,
    reauthenticate,
    register_staff,
    revoke_invitation,
    verify_mobile,
)
from backend.accounts.mobile import masked_mobile, mobile_of
from backend.accounts.models import Invitation, Staff
from backend.accounts.register_staff import _checked_name, mobile_in_clear
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key, refused
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.people import (
    MOBILE,
    a_guest,
    a_mobile,
    a_team,
    body_of,
    close,
    decide,
    invite,
    kinds_of,
    register,
    the_invitation,
    the_organisation,
    the_person,
    token_of,
    trail_of,
)
from tests.builders.pool import open_connections


async def test_a_guest_registers_with_an_organisation(runtime: Runtime, guest: Viewer, partner: str) -> None:
    """They wait, as field staff of the organisation they chose; name, mobile and kind of work are kept."""
    await register(runtime, guest, organisation_id=partner, name="  王  小五 ", mobile=f"86-{MOBILE}")
    person = await the_person(guest.id)
    assert (person.state, person.roles, person.organisation_id) == ("PENDING", "FIELD_STAFF", partner)
    assert (person.name, person.work_kind, person.mobile_mask) == ("王 小五", "SALES", "138****8000")
    assert (person.applied_at, person.mobile_verified_at) == (runtime.clock.now(), None)
    assert person.mobile_sealed is not None
    assert mobile_in_clear(runtime.keyring, person.id, bytes(person.mobile_sealed)) == MOBILE
    told = body_of((await trail_of(Staff, guest.id))[-1])
    assert told == {
        "from": "GUEST",
        "to": "PENDING",
        "organisation_id": partner,
        "role": "FIELD_STAFF",
        "work_kind": "SALES",
        "invitation_id": None,
    }


async def test_name_and_mobile_stand_in_no_log(runtime: Runtime, guest: Viewer, partner: str) -> None:
    """The row alone holds the name, and nothing the number in clear."""
    await register(runtime, guest, organisation_id=partner, name="诸葛孔明", mobile=MOBILE)
    rows = await everything_in_database()
    assert MOBILE not in repr(rows)
    assert [table for table, lines in rows.items() if "诸葛孔明" in repr(lines)] == ["staff"]
    command = RegisterStaff(a_key(), 1, "王小五", WorkKind.SALES, mobile=MOBILE, invitation="canary")
    assert MOBILE not in repr(command)
    assert "canary" not in repr(command)


async def test_the_same_call_again_registers_once(runtime: Runtime, guest: Viewer, partner: str) -> None:
    """Sent again under its key it is answered alike; with another input it is refused."""
    command = RegisterStaff(a_key(), 1, "王小五", WorkKind.SALES, mobile=MOBILE, organisation_id=partner)
    assert await register_staff(runtime, guest, command) == guest.id
    before = await everything_in_database()
    assert await register_staff(runtime, guest, command) == guest.id
    assert await everything_in_database() == before
    again = RegisterStaff(command.idempotency_key, 1, "王小六", WorkKind.SALES, mobile=MOBILE, organisation_id=partner)
    async with refused("IdempotencyKeyReused"):
        await register_staff(runtime, guest, again)


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("NAME_INVALID", {"name": "王"}),
    ("NAME_INVALID", {"name": "王" * 41}),
    ("NAME_INVALID", {"name": " \t\n"}),
    ("NAME_INVALID", {"name": "王\u202e小五"}),
    ("NAME_INVALID", {"name": "王\x00五"}),
    ("MOBILE_INVALID", {"mobile": "1380013800"}),
    ("MOBILE_INVALID", {"mobile": ""}),
    ("MOBILE_MISSING", {"mobile": None}),
    ("ORGANISATION_UNKNOWN", {"organisation_id": None}),
    ("ORGANISATION_UNKNOWN", {"organisation_id": "org_00000000000000000000000000"}),
    ("ORGANISATION_UNKNOWN", {"organisation_id": "'; --"}),
    ("INVITATION_INVALID", {"invitation": ""}),
    ("INVITATION_INVALID", {"invitation": "0" * 22}),
    ("StaleVersion", {"expected_version": 7}),
)


@pytest.mark.parametrize(("code", "given"), WRONG)
async def test_what_is_refused(runtime: Runtime, guest: Viewer, partner: str, code: str, given: dict[str, Any]) -> None:
    """Nothing is written, whatever is wrong."""
    async with refused(code):
        await register(runtime, guest, **{"organisation_id": partner, **given})


@pytest.mark.parametrize("organisation", ["hq", "hq_field", "hq_review", "partner"])
async def test_where_a_newcomer_may_not_register(
    runtime: Runtime, guest: Viewer, organisations: dict[str, str], organisation: str
) -> None:
    """Organisations come by invitation unless they are open for newcomers."""
    async with refused("ORGANISATION_CLOSED_TO_NEWCOMERS"):
        await register(runtime, guest, organisation_id=organisations[organisation])


async def test_reviewers_come_by_invitation_only(runtime: Runtime, guest: Viewer, admin: Viewer) -> None:
    """Even where newcomers are let in, nobody chooses an organisation without field staff."""
    review = await a_team(runtime, admin, kind=OrganisationKind.HQ_REVIEW)
    async with refused("ORGANISATION_CLOSED_TO_NEWCOMERS"):
        await register(runtime, guest, organisation_id=review)


async def test_a_closed_organisation_takes_nobody(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, admin: Viewer
) -> None:
    """Neither whoever chooses it nor whoever was invited before; the invitation stays as it was."""
    team = await a_team(runtime, admin)
    token = await token_of(runtime, mini_program, admin, await invite(runtime, admin, team))
    await close(runtime, admin, team)
    async with refused("ORGANISATION_UNKNOWN"):
        await register(runtime, guest, organisation_id=team)
    async with refused("INVITATION_INVALID"):
        await register(runtime, guest, invitation=token)


async def test_an_invitation_says_where_and_as_what(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, admin: Viewer, organisations: dict[str, str]
) -> None:
    """Role and organisation are the inviter's, not the newcomer's; it is spent by this, and both trails tell."""
    invitation_id = await invite(runtime, admin, organisations["hq_review"], Role.REVIEWER)
    token = await token_of(runtime, mini_program, admin, invitation_id)
    await register(runtime, guest, invitation=token, organisation_id=organisations["partner"])
    person = await the_person(guest.id)
    assert (person.state, person.roles, person.organisation_id) == ("PENDING", "REVIEWER", organisations["hq_review"])
    invitation = await the_invitation(invitation_id)
    assert (invitation.state, invitation.spent_by_id) == ("SPENT", guest.id)
    assert await kinds_of(Invitation, invitation_id) == ["INVITATION_CREATED", "INVITATION_SPENT"]
    assert body_of((await trail_of(Staff, guest.id))[-1])["invitation_id"] == invitation_id
    another = await a_guest(runtime, mini_program)
    async with refused("INVITATION_INVALID"):
        await register(runtime, another, invitation=token)


async def test_an_invitation_that_is_good_for_nothing(
    runtime: Runtime, clock: FixedClock, mini_program: PlayedMiniProgram, guest: Viewer, admin: Viewer
) -> None:
    """Revoked and expired are told like unknown; to the last second of the week it is good."""
    revoked_id = await invite(runtime, admin, admin.organisation_id, Role.AUDITOR)
    revoked = await token_of(runtime, mini_program, admin, revoked_id)
    await revoke_invitation(runtime, admin, RevokeInvitation(a_key(), revoked_id, 1))
    async with refused("INVITATION_INVALID"):
        await register(runtime, guest, invitation=revoked)
    stale, last_second = [
        await token_of(runtime, mini_program, admin, await invite(runtime, admin, admin.organisation_id, Role.AUDITOR))
        for _ in range(2)
    ]
    clock.advance(7 * 86_400 - 1)
    newcomers = [await a_guest(runtime, mini_program) for _ in range(2)]
    await register(runtime, newcomers[0], invitation=last_second)
    clock.advance(1)
    async with refused("INVITATION_INVALID"):
        await register(runtime, newcomers[1], invitation=stale)


async def test_an_invitation_brings_one_person(
    runtime: Runtime, mini_program: PlayedMiniProgram, partner: str, admin: Viewer
) -> None:
    """Of eight who bring it at once one registers; the others stay guests."""
    invitation_id = await invite(runtime, admin, partner)
    token = await token_of(runtime, mini_program, admin, invitation_id)
    guests = [await a_guest(runtime, mini_program) for _ in range(8)]
    await open_connections(8)
    ends = await asyncio.gather(*(register(runtime, each, invitation=token) for each in guests), return_exceptions=True)
    assert sorted(str(end) for end in ends if isinstance(end, Refused)) == ["INVITATION_INVALID"] * 7
    states = [(await the_person(each.id)).state for each in guests]
    assert sorted(states) == ["GUEST"] * 7 + ["PENDING"]
    assert (await the_invitation(invitation_id)).spent_by_id == guests[states.index("PENDING")].id


async def test_whoever_may_not_register_learns_nothing_of_an_invitation(
    runtime: Runtime, mini_program: PlayedMiniProgram, clerk: Viewer, partner: str, admin: Viewer
) -> None:
    """Somebody who works with us is refused before the invitation is looked at, good or not."""
    token = await token_of(runtime, mini_program, admin, await invite(runtime, admin, partner))
    for tried in (token, "0" * 22):
        async with refused("ILLEGAL_STATE"):
            await register(runtime, clerk, invitation=tried)


async def test_a_number_is_one_persons(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, partner: str, admin: Viewer
) -> None:
    """Of somebody who works with us it is taken, also after they were cut off; of somebody who waits it is not."""
    await register(runtime, guest, organisation_id=partner, mobile=MOBILE)
    second, third = [await a_guest(runtime, mini_program) for _ in range(2)]
    await register(runtime, second, organisation_id=partner, mobile=MOBILE)
    await decide(runtime, admin, guest.id)
    for state in ("APPROVED", "SUSPENDED", "LEFT"):
        await Staff.filter(id=guest.id).update(state=state)
        async with refused("MOBILE_TAKEN"):
            await register(runtime, third, organisation_id=partner, mobile=f"+86{MOBILE}")
    await register(runtime, third, organisation_id=partner)


async def test_a_vouched_number_need_not_be_typed(
    runtime: Runtime, mini_program: PlayedMiniProgram, partner: str, organisations: dict[str, str]
) -> None:
    """Left out or typed alike it stays vouched for; another one replaces it and is not."""
    assert organisations
    for typed, verified in ((None, True), (f"0086 {MOBILE}", True), (a_mobile(), False)):
        guest = await a_guest(runtime, mini_program)
        mini_program.phones[guest.id] = MOBILE
        await verify_mobile(runtime, mini_program, guest, VerifyMobile(a_key(), guest.id))
        await register(runtime, guest, organisation_id=partner, mobile=typed)
        person = await the_person(guest.id)
        assert (person.mobile_verified_at is not None, person.state) == (verified, "PENDING")
        await Staff.filter(id=guest.id).update(state="REJECTED")


async def test_whoever_was_rejected_registers_again(
    runtime: Runtime, clock: FixedClock, guest: Viewer, partner: str, organisations: dict[str, str], reviewer: Viewer
) -> None:
    """With other answers, at the end of the queue; the earlier decision is in the trail and no longer in the row."""
    await register(runtime, guest, organisation_id=partner)
    await decide(runtime, reviewer, guest.id, RegistrationDecision.REJECT, reason="请写全名")
    clock.advance(60)
    viewer = await reauthenticate(runtime, guest)
    await register(runtime, viewer, organisation_id=partner, name="王小五六", mobile=None)
    person = await the_person(guest.id)
    assert (person.state, person.name, person.decided_at, person.decision_reason) == ("PENDING", "王小五六", None, None)
    assert person.applied_at == clock.now()
    assert (await kinds_of(Staff, guest.id))[-3:] == ["STAFF_REGISTERED", "STAFF_REJECTED", "STAFF_REGISTERED"]
    assert organisations


async def test_a_viewer_of_before_is_not_believed(runtime: Runtime, guest: Viewer, partner: str) -> None:
    """A call that began before the person registered writes nothing after."""
    await register(runtime, guest, organisation_id=partner)
    async with refused("SessionInvalid"):
        await register(runtime, guest, organisation_id=partner)


async def test_closing_and_registering_at_once(
    runtime: Runtime, mini_program: PlayedMiniProgram, admin: Viewer
) -> None:
    """Whichever comes first: nobody waits to be let into a closed organisation."""
    for number in range(4):
        team = await a_team(runtime, admin, f"渠道{number}")
        newcomer = await a_guest(runtime, mini_program)
        await open_connections(2)
        await asyncio.gather(
            register(runtime, newcomer, organisation_id=team),
            close(runtime, admin, team),
            return_exceptions=True,
        )
        ends = ((await the_person(newcomer.id)).state, (await the_organisation(team)).state)
        assert ends in {("PENDING", "OPEN"), ("GUEST", "CLOSED")}


async def test_a_partner_admin_invites_into_their_own(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, partner_admin: Viewer
) -> None:
    """Whoever comes by a partner's invitation still waits for HQ."""
    invitation_id = await create_invitation(
        runtime, partner_admin, CreateInvitation(a_key(), partner_admin.organisation_id, Role.FIELD_STAFF)
    )
    token = await token_of(runtime, mini_program, partner_admin, invitation_id)
    await register(runtime, guest, invitation=token)
    viewer = await reauthenticate(runtime, guest)
    assert (viewer.state, viewer.organisation_id) == ("PENDING", partner_admin.organisation_id)


@given(text=st.text(max_size=60))
def test_a_name_is_refused_or_harmless(text: str) -> None:
    """Whatever is typed: a name that is taken has two to forty characters, shows all of them, and stays as it is."""
    try:
        name = _checked_name(text)
    except Refused:
        return
    assert 2 <= len(name) <= 40
    assert name == name.strip()
    assert "  " not in name
    assert _checked_name(name) == name
    assert not set(name) & {"\u202e", "\u200b", "\ufeff", "\x00", "\n", "\t", "\u2028"}


DIGITS = st.text("0123456789", min_size=9, max_size=9)
GAPS = st.sampled_from(["", " ", "-", "\u200b", "\u2003", "(", ") "])


@given(
    prefix=st.sampled_from(["", "+86", "86", "0086", "+86 ", "(86)", "＋８６"]),
    second=st.sampled_from("3456789"),
    rest=DIGITS,
    gaps=st.lists(GAPS, min_size=11, max_size=11),
)
def test_a_mobile_is_read_however_it_is_written(prefix: str, second: str, rest: str, gaps: list[str]) -> None:
    """Brackets, hyphens, blanks, invisible marks and the country's number make no difference."""
    digits = f"1{second}{rest}"
    written = prefix + "".join(digit + gap for digit, gap in zip(digits, gaps, strict=True))
    assert mobile_of(written) == digits
    assert masked_mobile(digits) == f"{digits[:3]}****{digits[-4:]}"


@given(text=st.text(max_size=20))
def test_what_is_no_mobile_is_none(text: str) -> None:
    """Whatever is typed gives eleven digits of the mainland, or nothing."""
    mobile = mobile_of(text)
    assert mobile is None or (len(mobile) == 11 and mobile.isascii() and mobile.isdigit() and mobile[0] == "1")
