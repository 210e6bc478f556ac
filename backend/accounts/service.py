"""Coming in: who a bearer token stands for, and acting only while one may."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any, ClassVar, Final, Protocol, TypeVar

from backend.accounts.errors import AccountRefusal, PermissionMissing, SessionInvalid
from backend.accounts.models import Organisation, Session, Staff
from backend.accounts.organisation_rules import OrganisationState
from backend.accounts.rules import PERMISSIONS, OrganisationKind, Permission, Role, StaffState, Viewer
from backend.foundation.database import connection, is_postgres
from backend.foundation.events import Actor
from backend.foundation.ids import hash_token
from backend.foundation.refusal import NotFound, Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.subjects import Subject
from backend.foundation.work import Call, Once, Work, once

REASON_LIMIT: Final = 500

# Who may still come in: a guest may register, the pending and the rejected see where they stand, the suspended and the
# left see nothing.
MAY_COME_IN: Final = frozenset({StaffState.GUEST, StaffState.PENDING, StaffState.APPROVED, StaffState.REJECTED})

# Whose rights reach over an organisation and all below it.
_REACHES = frozenset(
    {
        Permission.READ_ORGANISATION_APPLICATIONS,
        Permission.READ_ORGANISATION_STAFF,
        Permission.REPORT_LEAVERS,
        Permission.INVITE_STAFF,
    }
)

_BRANCH = """
WITH RECURSIVE branch (id) AS (
  SELECT id FROM organisation WHERE id = {parameter}
  UNION SELECT organisation.id FROM organisation JOIN branch ON organisation.parent_id = branch.id)
SELECT id FROM branch
"""


async def authenticate(runtime: Runtime, token: str) -> Viewer:
    """Give the viewer that `token` stands for now. Refuses with `SessionInvalid`; writes nothing."""
    return await _viewer_of(runtime, token_hash=hash_token(token))


async def reauthenticate(runtime: Runtime, viewer: Viewer) -> Viewer:
    """Give the same session's viewer as it is now, for streams that outlive the moment. Refuses as `authenticate`."""
    return await _viewer_of(runtime, id=viewer.session_id)


_VIEWER_COLUMNS = (
    "id",
    "staff_id",
    "expires_at",
    "staff__name",
    "staff__state",
    "staff__roles",
    "staff__organisation_id",
    "staff__organisation__kind",
)


async def _viewer_of(runtime: Runtime, **session: str) -> Viewer:
    rows = await Session.filter(ended_at=None, **session).values(*_VIEWER_COLUMNS)
    if not rows or rows[0]["expires_at"] <= runtime.clock.wall():
        raise SessionInvalid
    row = rows[0]
    state = StaffState(row["staff__state"])
    if state not in MAY_COME_IN:
        raise SessionInvalid
    roles = roles_of(row["staff__roles"])
    kind, organisation_id = row["staff__organisation__kind"], row["staff__organisation_id"] or ""
    return Viewer(
        id=row["staff_id"],
        session_id=row["id"],
        name=row["staff__name"],
        state=state,
        roles=roles,
        organisation_id=organisation_id,
        organisation_kind=OrganisationKind(kind) if kind else None,
        reach=await branch_of(organisation_id) if any(PERMISSIONS[role] & _REACHES for role in roles) else frozenset(),
    )


def roles_of(text: str) -> frozenset[Role]:
    """Read the roles as a row keeps them."""
    return frozenset(Role(role) for role in text.split(",") if role)


def roles_text(roles: frozenset[Role]) -> str:
    """Write roles as a row keeps them."""
    return ",".join(sorted(roles))


async def branch_of(organisation_id: str) -> frozenset[str]:
    """Give the ids of an organisation and of all below it; empty for an unknown one."""
    statement = _BRANCH.format(parameter="$1" if is_postgres() else "?")
    rows = await connection().execute_query_dict(statement, [organisation_id])
    return frozenset(row["id"] for row in rows)


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


@asynccontextmanager
async def acting(runtime: Runtime, viewer: Viewer, call: Call) -> AsyncIterator[Once]:
    """Open a use case's transaction (see `once`) that commits only if `viewer` may still come in by then.

    Whoever cuts a person off waits for what that person is writing, and nothing of theirs is written after. Refuses
    with `SessionInvalid` whoever was cut off, or given other rights, since the call began.
    """
    async with once(runtime, actor_of(viewer), call) as outcome:
        await _hold_access(viewer)
        await _require_unchanged(runtime, viewer)
        yield outcome


async def _require_unchanged(runtime: Runtime, viewer: Viewer) -> None:
    """Refuse with `SessionInvalid` unless the viewer may still do what they might when the call began.

    An organisation that was added below theirs meanwhile takes nothing away.
    """
    now = await reauthenticate(runtime, viewer)
    if replace(now, reach=viewer.reach) != viewer or not viewer.reach <= now.reach:
        raise SessionInvalid


async def _hold_access(viewer: Viewer) -> None:
    """Keep the viewer's state, rights and session as they are until the transaction ends. SQLite has one writer."""
    if is_postgres():
        await connection().execute_query(
            "SELECT 1 FROM staff JOIN session ON session.staff_id = staff.id WHERE session.id = $1 FOR SHARE",
            [viewer.session_id],
        )


class Command(Protocol):
    """The input of a write; a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def idempotency_key(self) -> str: ...


def call_of(viewer: Viewer, operation: str, command: Command) -> Call:
    """Name a write: its caller, the operation, the key, and the input it came with."""
    given: Mapping[str, Any] = asdict(command)
    rest = {name: value for name, value in given.items() if name != "idempotency_key"}
    return Call(viewer.id, operation, command.idempotency_key, rest)


SubjectT = TypeVar("SubjectT", bound=Subject)


@asynccontextmanager
async def changing(
    runtime: Runtime,
    viewer: Viewer,
    operation: str,
    command: Command,
    model: type[SubjectT],
    subject_id: str,
    may_read: Callable[[SubjectT], bool],
) -> AsyncIterator[tuple[Work, SubjectT] | None]:
    """Open the transaction of one change to one subject, which is locked; gives None when this very call was done.

    Refuses with `NotFound` what is not there and what `may_read` keeps from the viewer, alike.
    """
    async with acting(runtime, viewer, call_of(viewer, operation, command)) as outcome:
        if outcome.replayed:
            yield None
            return
        subject = await outcome.work.lock(model, subject_id)
        if subject is None or not may_read(subject):
            raise NotFound
        yield outcome.work, subject
        outcome.result_id = subject.id


@asynccontextmanager
async def deciding(runtime: Runtime, viewer: Viewer, operation: str, command: Command) -> AsyncIterator[Once]:
    """Open the transaction of a change to people; the block locks them all at once with `lock_people`, the viewer too.

    Two who decide about each other at the same moment take turns that way, and the later one is refused.
    """
    async with once(runtime, actor_of(viewer), call_of(viewer, operation, command)) as outcome:
        yield outcome


async def lock_people(work: Work, viewer: Viewer, *staff_ids: str) -> dict[str, Staff]:
    """Lock the viewer and other people in one order; gives those that exist, by id.

    Refuses with `SessionInvalid` a viewer who was cut off, or given other rights, meanwhile.
    """
    people: dict[str, Staff] = {}
    for staff_id in sorted({viewer.id, *staff_ids}):
        person = await work.lock(Staff, staff_id)
        if person is not None:
            people[staff_id] = person
    await _require_unchanged(work.runtime, viewer)
    return people


async def lock_open(work: Work, organisation_id: str | None) -> Organisation | None:
    """Lock an organisation that somebody or something is to belong to; None unless it works with us.

    Whoever closes it waits, and then finds it in use.
    """
    organisation = await work.lock(Organisation, organisation_id or "")
    return organisation if organisation is not None and organisation.state == OrganisationState.OPEN else None


def checked_reason(reason: str) -> str:
    """Give a reason as it is stored. Refuses with TEXT_TOO_LONG; an empty one is for the table to refuse."""
    # The one character that a database cannot keep; no keyboard has it.
    text = reason.replace("\x00", "").strip()
    if len(text) > REASON_LIMIT:
        raise Refused(Refusal(AccountRefusal.TEXT_TOO_LONG, ("reason",), {"max": REASON_LIMIT}))
    return text


async def ensure_organisation(
    runtime: Runtime,
    *,
    code: str,
    name: str,
    kind: OrganisationKind,
    parent_id: str | None,
    accepts_registrations: bool = False,
) -> str:
    """Give the id of the organisation with this code, making it where it is missing."""
    found = await Organisation.get_or_none(code=code)
    if found is None:
        now = runtime.clock.now()
        found = await Organisation.create(
            id=runtime.ids.new("org"),
            code=code,
            name=name,
            kind=kind,
            parent_id=parent_id,
            accepts_registrations=accepts_registrations,
            state=OrganisationState.OPEN,
            created_at=now,
            updated_at=now,
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
            roles=roles_text(roles),
            organisation_id=organisation_id,
            state=state,
            created_at=now,
            updated_at=now,
            applied_at=now if state is StaffState.PENDING else None,
        )
    return found.id
