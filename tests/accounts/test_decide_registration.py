"""decideRegistration: HQ lets a person in or not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.accounts import (
    DecideRegistration,
    RegistrationDecision,
    Role,
    StaffState,
    Viewer,
    decide_registration,
    reauthenticate,
)
from backend.accounts.models import Staff
from backend.foundation.lifecycle import StaleVersion
from backend.foundation.refusal import Refused
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key, refused
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PlayedMiniProgram
from tests.builders.people import (
    a_guest,
    a_team,
    body_of,
    close,
    decide,
    invite,
    kinds_of,
    register,
    the_person,
    token_of,
    trail_of,
)
from tests.builders.pool import open_connections
from tests.conftest import MakeViewer

REJECT = RegistrationDecision.REJECT
# Which kind of organisation has which roles, and who may let somebody in as what.
HOMES = {
    Role.FIELD_STAFF: "partner",
    Role.PARTNER_ADMIN: "partner",
    Role.REVIEWER: "hq_review",
    Role.BUSINESS: "hq",
    Role.ADMIN: "hq",
    Role.AUDITOR: "hq",
}
DECIDERS = {
    Role.REVIEWER: {Role.FIELD_STAFF},
    Role.ADMIN: set(HOMES),
}


async def test_whoever_is_let_in_works_with_us(runtime: Runtime, guest: Viewer, pending: str, reviewer: Viewer) -> None:
    """As they registered, from the next request on."""
    await decide(runtime, reviewer, pending)
    viewer = await reauthenticate(runtime, guest)
    assert (viewer.state, viewer.roles) == (StaffState.APPROVED, frozenset({Role.FIELD_STAFF}))
    person = await the_person(pending)
    assert (person.decided_at, person.decision_reason) == (runtime.clock.now(), None)
    last = (await trail_of(Staff, pending))[-1]
    assert (last.kind, last.actor_id) == ("STAFF_APPROVED", reviewer.id)
    assert body_of(last) == {
        "from": "PENDING",
        "to": "APPROVED",
        "organisation_id": person.organisation_id,
        "roles": "FIELD_STAFF",
    }


async def test_a_rejection_says_why(runtime: Runtime, guest: Viewer, pending: str, reviewer: Viewer) -> None:
    """They see the reason and hold no right; the state they registered in stays for a second attempt."""
    async with refused("REASON_MISSING"):
        await decide(runtime, reviewer, pending, REJECT, reason="  ")
    async with refused("TEXT_TOO_LONG"):
        await decide(runtime, reviewer, pending, REJECT, reason="长" * 501)
    await decide(runtime, reviewer, pending, REJECT, reason=" 请写全名 ")
    person = await the_person(pending)
    assert (person.state, person.decision_reason) == ("REJECTED", "请写全名")
    assert (await reauthenticate(runtime, guest)).state is StaffState.REJECTED


@pytest.mark.parametrize("decider", list(Role))
async def test_who_may_let_in_as_what(
    runtime: Runtime,
    pending: str,
    organisations: dict[str, str],
    a_viewer: MakeViewer,
    decider: Role,
) -> None:
    """Every role by every decider: only HQ's admin makes more than field staff, and nobody makes a key."""
    viewer = await a_viewer(f"decider_{decider}", decider, HOMES.get(decider, "partner"))
    for role in Role:
        where = organisations[HOMES.get(role, "partner")]
        if decider not in DECIDERS:
            code = "PermissionMissing"
        elif role is Role.PARTNER_KEY:
            code = "ROLE_NOT_IN_ORGANISATION"
        elif role not in DECIDERS[decider]:
            code = "ROLES_NOT_GRANTABLE"
        else:
            await decide(runtime, viewer, pending, roles=(role,), organisation_id=where)
            person = await the_person(pending)
            assert (person.state, person.roles, person.organisation_id) == ("APPROVED", role, where)
            await Staff.filter(id=pending).update(state="PENDING")
            continue
        async with refused(code):
            await decide(runtime, viewer, pending, roles=(role,), organisation_id=where)


WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ROLE_NOT_IN_ORGANISATION", {"roles": (Role.REVIEWER,)}),
    ("ROLE_NOT_IN_ORGANISATION", {"roles": (Role.FIELD_STAFF, Role.ADMIN)}),
    ("ROLE_NOT_IN_ORGANISATION", {"roles": (Role.PARTNER_KEY,)}),
    ("ORGANISATION_UNKNOWN", {"organisation_id": "org_00000000000000000000000000"}),
    ("ORGANISATION_UNKNOWN", {"organisation_id": "no id"}),
)


@pytest.mark.parametrize(("code", "given"), WRONG)
async def test_where_a_role_does_not_belong(
    runtime: Runtime, pending: str, admin: Viewer, code: str, given: dict[str, Any]
) -> None:
    """Nobody reviews from within a partner, and nobody belongs to an organisation that is not there."""
    async with refused(code):
        await decide(runtime, admin, pending, **given)


async def test_a_reviewer_lets_in_nobody_invited_higher(
    runtime: Runtime, mini_program: PlayedMiniProgram, guest: Viewer, admin: Viewer, reviewer: Viewer
) -> None:
    """Whom an admin invited as admin only an admin lets in; a reviewer may send them away."""
    token = await token_of(
        runtime, mini_program, admin, await invite(runtime, admin, admin.organisation_id, Role.ADMIN)
    )
    await register(runtime, guest, invitation=token)
    async with refused("ROLES_NOT_GRANTABLE"):
        await decide(runtime, reviewer, guest.id)
    await decide(runtime, reviewer, guest.id, REJECT, reason="未核实")
    assert (await the_person(guest.id)).state == "REJECTED"


async def test_nobody_decides_about_themselves(runtime: Runtime, a_viewer: MakeViewer, admin: Viewer) -> None:
    """Nor does anybody twice: what was decided is decided."""
    for decision in RegistrationDecision:
        async with refused("ILLEGAL_STATE"):
            await decide(runtime, admin, admin.id, decision, reason="自己")
    other = await a_viewer("other_admin", Role.ADMIN, "hq")
    await Staff.filter(id=other.id).update(state="PENDING")
    async with refused("PermissionMissing"):
        await decide(runtime, await reauthenticate(runtime, other), other.id)
    # Somebody who was sent back to the queue while their call ran.
    async with refused("SessionInvalid"):
        await decide(runtime, other, other.id)


async def test_whom_nobody_may_decide_about(runtime: Runtime, guest: Viewer, partner: str, reviewer: Viewer) -> None:
    """A guest is nobody's business yet; unknown and malformed ids are told alike; an old look is refused."""
    async with refused("NotFound"):
        await decide(runtime, reviewer, guest.id)
    for staff_id in ("stf_00000000000000000000000000", "no id", partner):
        async with refused("NotFound"):
            await decide_registration(
                runtime, reviewer, DecideRegistration(a_key(), staff_id, 1, RegistrationDecision.APPROVE)
            )
    await register(runtime, guest, organisation_id=partner)
    async with refused("StaleVersion"):
        await decide_registration(
            runtime, reviewer, DecideRegistration(a_key(), guest.id, 1, RegistrationDecision.APPROVE)
        )


async def test_the_same_call_again_decides_once(runtime: Runtime, pending: str, reviewer: Viewer) -> None:
    """Sent again under its key it is answered alike."""
    command = DecideRegistration(a_key(), pending, (await the_person(pending)).version, RegistrationDecision.APPROVE)
    assert await decide_registration(runtime, reviewer, command) == pending
    before = await everything_in_database()
    assert await decide_registration(runtime, reviewer, command) == pending
    assert await everything_in_database() == before


async def test_one_number_lets_in_one_person(
    runtime: Runtime, mini_program: PlayedMiniProgram, partner: str, reviewer: Viewer, admin: Viewer
) -> None:
    """Two who wait with one number: whichever is let in first, also when both are at once."""
    for number in range(6):
        mobile = f"1390013900{number}"
        waiting = [await a_guest(runtime, mini_program) for _ in range(2)]
        for each in waiting:
            await register(runtime, each, organisation_id=partner, mobile=mobile)
        await open_connections(2)
        ends = await asyncio.gather(
            decide(runtime, reviewer, waiting[0].id), decide(runtime, admin, waiting[1].id), return_exceptions=True
        )
        assert [str(end) for end in ends if isinstance(end, Refused)] == ["MOBILE_TAKEN"]
        assert sorted([(await the_person(each.id)).state for each in waiting]) == ["APPROVED", "PENDING"]


async def test_one_decision_of_two(runtime: Runtime, pending: str, reviewer: Viewer, admin: Viewer) -> None:
    """Of two who decide at once one is told that the other was first."""
    await open_connections(2)
    ends = await asyncio.gather(
        decide(runtime, reviewer, pending),
        decide(runtime, admin, pending, REJECT, reason="重复"),
        return_exceptions=True,
    )
    assert [type(end) for end in ends if isinstance(end, BaseException)] == [StaleVersion]
    assert len([kind for kind in await kinds_of(Staff, pending) if kind in {"STAFF_APPROVED", "STAFF_REJECTED"}]) == 1


async def test_approving_and_registering_again_at_once(
    runtime: Runtime, guest: Viewer, pending: str, reviewer: Viewer, partner: str
) -> None:
    """A second registration with a viewer of before and an approval meet: the approval stands, whole."""
    viewer = await reauthenticate(runtime, guest)
    await open_connections(2)
    ends = await asyncio.gather(
        decide(runtime, reviewer, pending),
        register(runtime, viewer, organisation_id=partner, name="另一个名字"),
        return_exceptions=True,
    )
    assert ends[0] == pending
    assert isinstance(ends[1], BaseException)
    person = await the_person(pending)
    assert (person.state, person.name) == ("APPROVED", "王小五")
    assert (await kinds_of(Staff, pending))[-2:] == ["STAFF_REGISTERED", "STAFF_APPROVED"]


async def test_into_a_closed_organisation_nobody_is_let(runtime: Runtime, pending: str, admin: Viewer) -> None:
    """Somebody who waits may be let into another organisation, if that one works with us."""
    team = await a_team(runtime, admin)
    await close(runtime, admin, team)
    async with refused("ORGANISATION_UNKNOWN"):
        await decide(runtime, admin, pending, organisation_id=team)
