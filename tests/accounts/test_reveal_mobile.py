"""revealMobile: a number in clear, for a reason, on record."""

from __future__ import annotations

import pytest

from backend.accounts import RevealMobile, Role, Viewer, reveal_mobile
from backend.accounts.models import Staff
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key, refused
from tests.builders.everything import everything_in_database
from tests.builders.people import MOBILE, body_of, register, the_person, trail_of
from tests.conftest import MakeViewer


async def test_the_number_is_told_and_that_it_was_told(
    runtime: Runtime, guest: Viewer, partner: str, reviewer: Viewer
) -> None:
    """The fact says who saw it and why, without the number; sent again, it is one fact."""
    await register(runtime, guest, organisation_id=partner, mobile=MOBILE)
    version = (await the_person(guest.id)).version
    command = RevealMobile(a_key(), guest.id, " 核实身份 ")
    assert await reveal_mobile(runtime, reviewer, command) == MOBILE
    last = (await trail_of(Staff, guest.id))[-1]
    assert (last.kind, last.actor_id) == ("STAFF_FIELD_REVEALED", reviewer.id)
    assert body_of(last) == {"field": "mobile", "reason": "核实身份"}
    assert (await the_person(guest.id)).version == version
    before = await everything_in_database()
    assert await reveal_mobile(runtime, reviewer, command) == MOBILE
    assert await everything_in_database() == before
    assert MOBILE not in repr(before)


async def test_somebody_without_a_number_has_none(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """That somebody looked is on record all the same."""
    assert await reveal_mobile(runtime, admin, RevealMobile(a_key(), clerk.id, "核实身份")) is None
    assert [event.kind for event in await trail_of(Staff, clerk.id)] == ["STAFF_FIELD_REVEALED"]


async def test_what_is_refused(runtime: Runtime, guest: Viewer, clerk: Viewer, admin: Viewer) -> None:
    """Without a reason nothing is shown, and nothing of a guest, who has told us nothing yet."""
    for code, staff_id, reason in (
        ("REASON_MISSING", clerk.id, " "),
        ("TEXT_TOO_LONG", clerk.id, "长" * 501),
        ("NotFound", guest.id, "核实身份"),
        ("NotFound", "stf_00000000000000000000000000", "核实身份"),
        ("NotFound", "no id", "核实身份"),
    ):
        async with refused(code):
            await reveal_mobile(runtime, admin, RevealMobile(a_key(), staff_id, reason))


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.REVIEWER}])
async def test_who_may_not(runtime: Runtime, clerk: Viewer, a_viewer: MakeViewer, role: Role) -> None:
    """Only whoever decides about people calls them; an auditor sees everything masked."""
    viewer = await a_viewer(f"one_{role}", role, "hq")
    async with refused("PermissionMissing"):
        await reveal_mobile(runtime, viewer, RevealMobile(a_key(), clerk.id, "核实身份"))
