"""endSession: signing out, here or on another phone."""

from __future__ import annotations

import pytest

from backend.accounts import EndSession, SessionInvalid, Viewer, authenticate, end_session, open_session, reauthenticate
from backend.accounts.models import Session, Staff
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_key, refused
from tests.builders.everything import everything_in_database
from tests.builders.people import body_of, kinds_of, trail_of


async def test_ones_own_session_ends(runtime: Runtime, clerk: Viewer) -> None:
    """Without a word it is the one that asks; the others go on."""
    other = await open_session(runtime, clerk.id)
    assert await end_session(runtime, clerk, EndSession(a_key())) == clerk.session_id
    assert body_of((await trail_of(Staff, clerk.id))[-1]) == {"session_id": clerk.session_id}
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, clerk)
    assert (await authenticate(runtime, other)).id == clerk.id
    async with refused("SessionInvalid"):
        await end_session(runtime, clerk, EndSession(a_key()))


async def test_another_of_ones_own_ends(runtime: Runtime, clerk: Viewer, other_clerk: Viewer) -> None:
    """A lost phone is signed out from another; once, however often; somebody else's stays."""
    lost = await authenticate(runtime, await open_session(runtime, clerk.id, device="丢失的手机"))
    command = EndSession(a_key(), lost.session_id)
    assert await end_session(runtime, clerk, command) == lost.session_id
    before = await everything_in_database()
    assert await end_session(runtime, clerk, command) == lost.session_id
    assert await everything_in_database() == before
    assert await end_session(runtime, clerk, EndSession(a_key(), lost.session_id)) == lost.session_id
    assert await kinds_of(Staff, clerk.id) == ["STAFF_SESSION_ENDED"]
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, lost)
    for session_id in (other_clerk.session_id, "ses_00000000000000000000000000", ""):
        if session_id:
            async with refused("SESSION_UNKNOWN"):
                await end_session(runtime, clerk, EndSession(a_key(), session_id))
    assert await reauthenticate(runtime, other_clerk) == other_clerk
    assert await Session.filter(ended_at=None).count() == 2


async def test_whoever_waits_can_sign_out(runtime: Runtime, guest: Viewer) -> None:
    """It is no right of a role."""
    await end_session(runtime, guest, EndSession(a_key()))
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, guest)
