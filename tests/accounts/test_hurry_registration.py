"""hurryRegistration: whoever waits may remind HQ, once an hour."""

from __future__ import annotations

import asyncio

from backend.accounts import HurryRegistration, RegistrationDecision, Viewer, hurry_registration, reauthenticate
from backend.accounts.models import Staff
from backend.foundation.lifecycle import NeedUnmet, StaleVersion
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key, refused
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.people import decide, kinds_of, register, the_person


async def hurry(runtime: Runtime, viewer: Viewer) -> str:
    """Remind HQ now."""
    version = (await the_person(viewer.id)).version
    return await hurry_registration(runtime, viewer, HurryRegistration(a_key(), version))


async def test_once_an_hour(runtime: Runtime, clock: FixedClock, guest: Viewer, partner: str) -> None:
    """Not a second before the hour is over, and the first time at once; the place in the queue stays."""
    await register(runtime, guest, organisation_id=partner)
    viewer = await reauthenticate(runtime, guest)
    applied_at = (await the_person(viewer.id)).applied_at
    await hurry(runtime, viewer)
    clock.offset_seconds += 3599
    async with refused("HURRIED_ALREADY"):
        await hurry(runtime, viewer)
    clock.offset_seconds += 1
    await hurry(runtime, viewer)
    person = await the_person(viewer.id)
    assert (person.state, person.applied_at, person.hurried_at) == ("PENDING", applied_at, clock.now())
    assert (await kinds_of(Staff, viewer.id))[-3:] == ["STAFF_REGISTERED", "STAFF_HURRIED", "STAFF_HURRIED"]


async def test_the_same_call_again_hurries_once(runtime: Runtime, guest: Viewer, partner: str) -> None:
    """A call whose answer was lost is answered alike, within the hour as well."""
    await register(runtime, guest, organisation_id=partner)
    viewer = await reauthenticate(runtime, guest)
    command = HurryRegistration(a_key(), (await the_person(viewer.id)).version)
    assert await hurry_registration(runtime, viewer, command) == viewer.id
    before = await everything_in_database()
    assert await hurry_registration(runtime, viewer, command) == viewer.id
    assert await everything_in_database() == before


async def test_ten_taps_hurry_once(runtime: Runtime, guest: Viewer, partner: str) -> None:
    """Ten at once are one reminder."""
    await register(runtime, guest, organisation_id=partner)
    viewer = await reauthenticate(runtime, guest)
    ends = await asyncio.gather(*(hurry(runtime, viewer) for _ in range(10)), return_exceptions=True)
    assert {type(end) for end in ends if isinstance(end, BaseException)} <= {NeedUnmet, StaleVersion}
    assert (await kinds_of(Staff, viewer.id)).count("STAFF_HURRIED") == 1


async def test_who_may_not(runtime: Runtime, guest: Viewer, partner: str, reviewer: Viewer, clerk: Viewer) -> None:
    """Nobody who does not wait; and a new wait may be hurried at once."""
    for viewer in (guest, clerk, reviewer):
        async with refused("ILLEGAL_STATE"):
            await hurry(runtime, viewer)
    await register(runtime, guest, organisation_id=partner)
    viewer = await reauthenticate(runtime, guest)
    await hurry(runtime, viewer)
    await decide(runtime, reviewer, guest.id, RegistrationDecision.REJECT, reason="请写全名")
    viewer = await reauthenticate(runtime, guest)
    async with refused("ILLEGAL_STATE"):
        await hurry(runtime, viewer)
    await register(runtime, viewer, organisation_id=partner)
    await hurry(runtime, await reauthenticate(runtime, guest))
    async with refused("StaleVersion"):
        await hurry_registration(runtime, await reauthenticate(runtime, guest), HurryRegistration(a_key(), 1))
