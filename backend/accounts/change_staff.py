"""What is decided about people: let in or not, other rights, suspended, back again, gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from backend.accounts.errors import AccountRefusal
from backend.accounts.models import Staff
from backend.accounts.register_staff import refuse_taken
from backend.accounts.rules import (
    ROLES_IN,
    STAFF_LIFECYCLE,
    OrganisationKind,
    Permission,
    Role,
    StaffAction,
    StaffFacts,
    StaffState,
    Viewer,
    may_grant,
    may_see_staff,
    staff_standing,
)
from backend.accounts.service import checked_reason, deciding, lock_open, lock_people, require, roles_of, roles_text
from backend.accounts.sessions import end_all_access, holders_of_keys
from backend.foundation.lifecycle import move
from backend.foundation.refusal import NotFound, Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work


class RegistrationDecision(StrEnum):
    """What HQ decides about a registration."""

    APPROVE = "APPROVE"
    REJECT = "REJECT"


@dataclass(frozen=True, slots=True)
class DecideRegistration:
    """The input of `decideRegistration`. Roles and organisation that are left out are as the person registered."""

    idempotency_key: str
    staff_id: str
    expected_version: int
    decision: RegistrationDecision
    reason: str = ""
    roles: tuple[Role, ...] = ()
    organisation_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReassignStaff:
    """The input of `reassignStaff`: other roles, another organisation, or both."""

    idempotency_key: str
    staff_id: str
    expected_version: int
    roles: tuple[Role, ...] = ()
    organisation_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeStaff:
    """The input of `reportLeaver`, `suspendStaff` and `reinstateStaff`."""

    idempotency_key: str
    staff_id: str
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True)
class OffboardStaff:
    """The input of `offboardStaff`. `successor_id` takes over the open work; it may be left out where there is none."""

    idempotency_key: str
    staff_id: str
    expected_version: int
    reason: str
    successor_id: str | None = None


DECIDE_OPERATION: Final = "decideRegistration"
REASSIGN_OPERATION: Final = "reassignStaff"
REPORT_OPERATION: Final = "reportLeaver"
SUSPEND_OPERATION: Final = "suspendStaff"
REINSTATE_OPERATION: Final = "reinstateStaff"
OFFBOARD_OPERATION: Final = "offboardStaff"


async def decide_registration(runtime: Runtime, viewer: Viewer, command: DecideRegistration) -> str:
    """Let a person in or not, and give their id.

    Refuses with ROLES_NOT_GRANTABLE roles that the viewer may not give, with ROLE_NOT_IN_ORGANISATION roles that the
    organisation's kind does not have, with ORGANISATION_UNKNOWN, with MOBILE_TAKEN a second person with the number of
    one who works with us, and with REASON_MISSING a rejection without one.
    """
    require(viewer, Permission.DECIDE_REGISTRATIONS)
    reason = checked_reason(command.reason)
    async with deciding(runtime, viewer, DECIDE_OPERATION, command) as outcome:
        if not outcome.replayed:
            person = await _lock_visible(outcome.work, viewer, command.staff_id)
            rejected = command.decision is RegistrationDecision.REJECT
            if not rejected and person.mobile_index is not None:
                await refuse_taken(person, person.mobile_index)
            place = {} if rejected else await _place(outcome.work, person, command.roles, command.organisation_id)
            await _move_for(
                outcome.work,
                viewer,
                person,
                StaffAction.REJECT if rejected else StaffAction.APPROVE,
                expected_version=command.expected_version,
                facts=StaffFacts(
                    reason_given=bool(reason),
                    roles_grantable=rejected or may_grant(viewer, roles_of(place["roles"])),
                ),
                changes={**place, "decided_at": outcome.work.now, "decision_reason": reason or None},
                body={"reason": reason} if rejected else place,
            )
            outcome.result_id = person.id
    return command.staff_id


async def reassign_staff(runtime: Runtime, viewer: Viewer, command: ReassignStaff) -> str:
    """Give a person other roles or another organisation, and give their id; their work stays where it is.

    Refuses as `decide_registration`; the features that know of open work refuse a move away from it.
    """
    require(viewer, Permission.MANAGE_STAFF)
    async with deciding(runtime, viewer, REASSIGN_OPERATION, command) as outcome:
        if not outcome.replayed:
            person = await _lock_visible(outcome.work, viewer, command.staff_id)
            place = await _place(outcome.work, person, command.roles, command.organisation_id)
            # Whoever may not give the rights that a person has may not take them either.
            touched = roles_of(place["roles"]) | roles_of(person.roles)
            await _move_for(
                outcome.work,
                viewer,
                person,
                StaffAction.REASSIGN,
                expected_version=command.expected_version,
                facts=StaffFacts(roles_grantable=may_grant(viewer, touched)),
                changes=place,
                body={**place, "old_organisation_id": person.organisation_id, "old_roles": person.roles},
            )
            outcome.result_id = person.id
    return command.staff_id


async def report_leaver(runtime: Runtime, viewer: Viewer, command: ChangeStaff) -> str:
    """Suspend a person of the viewer's own organisation at once, for HQ to look at; give their id."""
    require(viewer, Permission.REPORT_LEAVERS)
    return await _cut_off(runtime, viewer, REPORT_OPERATION, StaffAction.REPORT, command)


async def suspend_staff(runtime: Runtime, viewer: Viewer, command: ChangeStaff) -> str:
    """End a person's access until HQ lets them in again, and give their id; their work stays with them."""
    require(viewer, Permission.MANAGE_STAFF)
    return await _cut_off(runtime, viewer, SUSPEND_OPERATION, StaffAction.SUSPEND, command)


async def reinstate_staff(runtime: Runtime, viewer: Viewer, command: ChangeStaff) -> str:
    """Let a suspended or former person in again with the rights they had, and give their id.

    What was ended stays ended: they sign in anew, and keys are issued anew. Refuses with ORGANISATION_UNKNOWN somebody
    whose organisation was closed meanwhile.
    """
    require(viewer, Permission.MANAGE_STAFF)
    reason = checked_reason(command.reason)
    async with deciding(runtime, viewer, REINSTATE_OPERATION, command) as outcome:
        if not outcome.replayed:
            person = await _lock_visible(outcome.work, viewer, command.staff_id)
            await _move_for(
                outcome.work,
                viewer,
                person,
                StaffAction.REINSTATE,
                expected_version=command.expected_version,
                facts=StaffFacts(reason_given=bool(reason)),
                changes={"successor_id": None},
                body={"reason": reason},
            )
            if await lock_open(outcome.work, person.organisation_id) is None:
                raise Refused(Refusal(AccountRefusal.ORGANISATION_UNKNOWN, ("staff_id",)))
            outcome.result_id = person.id
    return command.staff_id


async def offboard_staff(runtime: Runtime, viewer: Viewer, command: OffboardStaff) -> str:
    """End everything a person has with us, hand their open work to the successor, and give their id.

    Refuses with SUCCESSOR_INVALID somebody who could not take it over. The work itself is handed over by the features
    that know it, in the same transaction; they refuse where there is some and nobody is named.
    """
    require(viewer, Permission.MANAGE_STAFF)
    reason = checked_reason(command.reason)
    async with deciding(runtime, viewer, OFFBOARD_OPERATION, command) as outcome:
        if not outcome.replayed:
            work = outcome.work
            named = [command.successor_id] if command.successor_id else []
            people = await lock_people(work, viewer, command.staff_id, *named, *await holders_of_keys(command.staff_id))
            person = _visible(people.get(command.staff_id), viewer)
            successor = people.get(command.successor_id or "")
            if command.successor_id is not None and (successor is None or not may_succeed(successor, person)):
                raise Refused(Refusal(AccountRefusal.SUCCESSOR_INVALID, ("successor_id",)))
            await _move_for(
                work,
                viewer,
                person,
                StaffAction.OFFBOARD,
                expected_version=command.expected_version,
                facts=StaffFacts(reason_given=bool(reason)),
                changes={
                    "cut_off_at": work.now,
                    "cut_off_reason": reason,
                    "successor_id": command.successor_id,
                },
                body={"reason": reason, "successor_id": command.successor_id},
                cuts_off=True,
            )
            outcome.result_id = person.id
    return command.staff_id


async def _cut_off(runtime: Runtime, viewer: Viewer, operation: str, action: StaffAction, command: ChangeStaff) -> str:
    reason = checked_reason(command.reason)
    async with deciding(runtime, viewer, operation, command) as outcome:
        if not outcome.replayed:
            person = await _lock_visible(
                outcome.work, viewer, command.staff_id, *await holders_of_keys(command.staff_id)
            )
            await _move_for(
                outcome.work,
                viewer,
                person,
                action,
                expected_version=command.expected_version,
                facts=StaffFacts(reason_given=bool(reason)),
                changes={"cut_off_at": outcome.work.now, "cut_off_reason": reason},
                body={"reason": reason},
                cuts_off=True,
            )
            outcome.result_id = person.id
    return command.staff_id


async def _lock_visible(work: Work, viewer: Viewer, staff_id: str, *with_them: str) -> Staff:
    return _visible((await lock_people(work, viewer, staff_id, *with_them)).get(staff_id), viewer)


def _visible(person: Staff | None, viewer: Viewer) -> Staff:
    """Give a person the viewer may know of. Refuses the others with `NotFound`."""
    if person is None or not may_see_staff(viewer, person.id, person.organisation_id, person.state):
        raise NotFound
    return person


def may_succeed(successor: Staff, person: Staff) -> bool:
    """Tell whether somebody could file what `person` filed: a colleague of the same organisation who files."""
    return (
        successor.id != person.id
        and successor.state == StaffState.APPROVED
        and Role.FIELD_STAFF in roles_of(successor.roles)
        and successor.organisation_id == person.organisation_id
    )


async def _place(work: Work, person: Staff, roles: tuple[Role, ...], organisation_id: str | None) -> dict[str, str]:
    """Give the organisation and roles a person is to have. Refuses roles its kind of organisation does not have."""
    organisation = await lock_open(work, organisation_id or person.organisation_id)
    if organisation is None:
        raise Refused(Refusal(AccountRefusal.ORGANISATION_UNKNOWN, ("organisation_id",)))
    wanted = frozenset(roles) or roles_of(person.roles)
    if not wanted <= ROLES_IN[OrganisationKind(organisation.kind)]:
        raise Refused(Refusal(AccountRefusal.ROLE_NOT_IN_ORGANISATION, ("roles",)))
    return {"organisation_id": organisation.id, "roles": roles_text(wanted)}


async def _move_for(
    work: Work,
    viewer: Viewer,
    person: Staff,
    action: StaffAction,
    *,
    expected_version: int,
    facts: StaffFacts,
    changes: Mapping[str, Any],
    body: Mapping[str, Any],
    cuts_off: bool = False,
) -> None:
    standing = staff_standing(viewer, person.id, person.organisation_id, roles_of(person.roles))
    # Before the move, whose event tells how much it was; undone with the rest if the move is refused.
    ended = asdict(await end_all_access(work, person)) if cuts_off else {}
    await move(
        work,
        STAFF_LIFECYCLE,
        person,
        action,
        standing=standing,
        facts=facts,
        expected_version=expected_version,
        changes=changes,
        body={**body, **ended},
    )
