"""Coming in with a token."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.accounts import (
    OrganisationKind,
    Role,
    SessionInvalid,
    StaffState,
    Viewer,
    authenticate,
    ensure_staff,
    is_active,
    open_session,
    reauthenticate,
)
from backend.accounts.models import Session, Staff
from backend.accounts.sessions import SESSION_HOURS
from backend.foundation.runtime import Runtime
from tests.builders.clock import FixedClock

pytestmark = pytest.mark.usefixtures("database")


async def _token(runtime: Runtime, organisations: dict[str, str], state: StaffState, role: Role) -> tuple[str, str]:
    staff_id = await ensure_staff(
        runtime,
        code="someone",
        name="王五",
        roles=frozenset({role}),
        organisation_id=organisations["partner"],
        state=state,
    )
    return staff_id, await open_session(runtime, staff_id)


async def test_a_token_stands_for_its_person(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Whoever sends the token is the person it was opened for, with role, organisation and session."""
    staff_id, token = await _token(runtime, organisations, StaffState.APPROVED, Role.FIELD_STAFF)
    session = await Session.get(staff_id=staff_id)
    assert await authenticate(runtime, token) == Viewer(
        id=staff_id,
        session_id=session.id,
        name="王五",
        state=StaffState.APPROVED,
        roles=frozenset({Role.FIELD_STAFF}),
        organisation_id=organisations["partner"],
        organisation_kind=OrganisationKind.PARTNER,
    )


@pytest.mark.parametrize(
    ("state", "comes_in"),
    [
        (StaffState.PENDING, True),
        (StaffState.APPROVED, True),
        (StaffState.REJECTED, True),
        (StaffState.SUSPENDED, False),
        (StaffState.LEFT, False),
    ],
)
async def test_the_state_of_the_person_decides(
    runtime: Runtime, organisations: dict[str, str], state: StaffState, *, comes_in: bool
) -> None:
    """The pending and the rejected see where they stand; the suspended and the left see nothing; none of them acts."""
    staff_id, token = await _token(runtime, organisations, state, Role.ADMIN)
    if comes_in:
        viewer = await authenticate(runtime, token)
        assert viewer.state is state
        assert await reauthenticate(runtime, viewer) == viewer
    else:
        with pytest.raises(SessionInvalid):
            await authenticate(runtime, token)
    assert await is_active(staff_id) is (state is StaffState.APPROVED)


async def test_a_suspension_ends_an_open_session(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Whoever came in before they were suspended is out at the next look."""
    staff_id, token = await _token(runtime, organisations, StaffState.APPROVED, Role.FIELD_STAFF)
    viewer = await authenticate(runtime, token)
    await Staff.filter(id=staff_id).update(state=StaffState.SUSPENDED)
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, viewer)
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, token)


async def test_a_session_runs_out(runtime: Runtime, clock: FixedClock, organisations: dict[str, str]) -> None:
    """A token is good to the last second of its days, by wall time, and not at the end itself."""
    _, token = await _token(runtime, organisations, StaffState.APPROVED, Role.FIELD_STAFF)
    viewer = await authenticate(runtime, token)
    clock.offset_seconds = timedelta(hours=SESSION_HOURS * 2).total_seconds()
    clock.advance(timedelta(hours=SESSION_HOURS).total_seconds() - 1)
    assert await authenticate(runtime, token) == viewer
    clock.advance(1)
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, token)
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, viewer)


async def test_an_ended_session_is_over(runtime: Runtime, organisations: dict[str, str]) -> None:
    """A session that was ended lets nobody in, however young it is."""
    staff_id, token = await _token(runtime, organisations, StaffState.APPROVED, Role.FIELD_STAFF)
    viewer = await authenticate(runtime, token)
    await Session.filter(staff_id=staff_id).update(ended_at=runtime.clock.wall())
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, token)
    with pytest.raises(SessionInvalid):
        await reauthenticate(runtime, viewer)


@pytest.mark.parametrize("token", ["", "ssm_s_", "ssm_s_" + "A" * 43, "令牌", "\ud800"])
async def test_an_unknown_token_is_refused(runtime: Runtime, organisations: dict[str, str], token: str) -> None:
    """A text that was never given out lets nobody in, whatever it holds."""
    await _token(runtime, organisations, StaffState.APPROVED, Role.FIELD_STAFF)
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, token)


async def test_only_the_hash_of_a_token_is_kept(runtime: Runtime, organisations: dict[str, str]) -> None:
    """Whoever reads the table can sign in as nobody; the kind of the token tells a key from a person."""
    _, person = await _token(runtime, organisations, StaffState.APPROVED, Role.FIELD_STAFF)
    key_id = await ensure_staff(
        runtime,
        code="key",
        name="收银系统",
        roles=frozenset({Role.PARTNER_KEY}),
        organisation_id=organisations["partner"],
        state=StaffState.APPROVED,
    )
    key = await open_session(runtime, key_id)
    assert person.startswith("ssm_s_")
    assert key.startswith("ssm_t_")
    rows = str(await Session.all().values())
    assert person not in rows
    assert key not in rows
    with pytest.raises(SessionInvalid):
        await authenticate(runtime, (await Session.all().first()).token_hash)  # type: ignore[union-attr]  # it is there
