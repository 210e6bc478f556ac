"""Coming in: who a bearer token stands for, and tokens for the seeded people."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from backend.accounts.errors import PermissionMissing, SessionInvalid
from backend.accounts.models import Organisation, Session, Staff
from backend.accounts.rules import OrganisationKind, Permission, Role, StaffState, Viewer
from backend.foundation.events import Actor
from backend.foundation.ids import hash_token
from backend.foundation.runtime import Runtime

SESSION_DAYS: Final = 30

# Who may still come in: the pending and the rejected see where they stand, the suspended and the left see nothing.
_MAY_COME_IN = frozenset({StaffState.PENDING, StaffState.APPROVED, StaffState.REJECTED})


async def authenticate(runtime: Runtime, token: str) -> Viewer:
    """Give the viewer that `token` stands for now. Refuses with `SessionInvalid`; reads one row, writes nothing."""
    rows = await Session.filter(token_hash=hash_token(token), ended_at=None).values(*_VIEWER_COLUMNS, "expires_at")
    if not rows or rows[0]["expires_at"] <= runtime.clock.wall():
        raise SessionInvalid
    return _viewer(rows[0])


async def reauthenticate(runtime: Runtime, viewer: Viewer) -> Viewer:
    """Give the same session's viewer as it is now, for streams that outlive the moment. Refuses as `authenticate`."""
    rows = await Session.filter(id=viewer.session_id, ended_at=None).values(*_VIEWER_COLUMNS, "expires_at")
    if not rows or rows[0]["expires_at"] <= runtime.clock.wall():
        raise SessionInvalid
    return _viewer(rows[0])


_VIEWER_COLUMNS = (
    "id",
    "staff_id",
    "staff__name",
    "staff__state",
    "staff__roles",
    "staff__organisation_id",
    "staff__organisation__kind",
)


def _viewer(row: dict[str, str]) -> Viewer:
    state = StaffState(row["staff__state"])
    if state not in _MAY_COME_IN:
        raise SessionInvalid
    return Viewer(
        id=row["staff_id"],
        session_id=row["id"],
        name=row["staff__name"],
        state=state,
        roles=frozenset(Role(role) for role in row["staff__roles"].split(",")),
        organisation_id=row["staff__organisation_id"],
        organisation_kind=OrganisationKind(row["staff__organisation__kind"]),
    )


async def is_active(staff_id: str) -> bool:
    """Tell whether this person may still see things now; for links that were handed out earlier."""
    return await Staff.filter(id=staff_id, state=StaffState.APPROVED).exists()


def require(viewer: Viewer, permission: Permission) -> None:
    """Refuse with `PermissionMissing` unless `viewer` holds `permission`."""
    if not viewer.may(permission):
        raise PermissionMissing(permission)


def actor_of(viewer: Viewer) -> Actor:
    """Name the viewer as the log names who did something."""
    return Actor("PARTNER_KEY" if viewer.is_key else "STAFF", viewer.id)


async def open_session(runtime: Runtime, staff_id: str) -> str:
    """Open a session for a member of staff and give its token, which is stored nowhere."""
    staff = await Staff.get(id=staff_id)
    token = runtime.ids.token("t" if Role.PARTNER_KEY in staff.roles.split(",") else "s")
    wall = runtime.clock.wall()
    await Session.create(
        id=runtime.ids.new("ses"),
        token_hash=hash_token(token),
        staff_id=staff.id,
        created_at=wall,
        expires_at=wall + timedelta(days=SESSION_DAYS),
    )
    return token


async def ensure_organisation(
    runtime: Runtime, *, code: str, name: str, kind: OrganisationKind, parent_id: str | None
) -> str:
    """Give the id of the organisation with this code, making it where it is missing."""
    found = await Organisation.get_or_none(code=code)
    if found is None:
        found = await Organisation.create(
            id=runtime.ids.new("org"),
            code=code,
            name=name,
            kind=kind,
            parent_id=parent_id,
            created_at=runtime.clock.now(),
        )
    return found.id


async def ensure_staff(
    runtime: Runtime, *, code: str, name: str, roles: frozenset[Role], organisation_id: str, state: StaffState
) -> str:
    """Give the id of the member of staff with this code, making it where it is missing."""
    found = await Staff.get_or_none(code=code)
    if found is None:
        now = runtime.clock.now()
        found = await Staff.create(
            id=runtime.ids.new("stf"),
            code=code,
            name=name,
            roles=",".join(sorted(roles)),
            organisation_id=organisation_id,
            state=state,
            created_at=now,
            updated_at=now,
        )
    return found.id
