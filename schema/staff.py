"""People in the API: who there is, who waits, what is decided about them, and proof of who is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final

import strawberry

import backend.accounts as service
from backend.accounts import Permission, RegistrationDecision, Role
from backend.accounts.queries import NEWEST_FIRST, STAFF, WAITING_ORDER, in_state
from backend.accounts.rules import StaffState
from backend.applications import HandOverApplications
from backend.applications import hand_over_applications as hand_over
from backend.foundation.pages import fetch_page
from backend.foundation.runtime import Runtime
from backend.foundation.views import Row, fetch_by_id
from backend.insight import leavers
from schema.common.access import Otherwise, access, gated, needs, viewer_of
from schema.common.connection import DEFAULT_FIRST, After, First, checked_first, connection_of
from schema.common.context import Info
from schema.common.selection import selection_of
from schema.common.user_errors import UserError, checked_key, payload
from schema.people_types import Staff
from schema.transport import ApiError, Code

READS_STAFF: Final = needs(Permission.READ_ORGANISATION_STAFF, Permission.READ_ALL_STAFF)
DECIDES: Final = needs(Permission.DECIDE_REGISTRATIONS)
MANAGES: Final = needs(Permission.MANAGE_STAFF)
PROVES: Final = needs(Permission.MANAGE_STAFF, Permission.READ_AUDIT)
_KEY: Final = "16 to 64 characters; the same call has the same key."
_ERRORS: Final = "Why nothing was done; empty when it was."

StaffId = Annotated[strawberry.ID, strawberry.argument(description="The person's id.")]


@strawberry.input
class StaffInput:
    """What every change of a person takes."""

    idempotency_key: str = strawberry.field(description=_KEY)
    staff_id: strawberry.ID = strawberry.field(description="The person.")
    expected_version: int = strawberry.field(description="The version that was looked at.")


@strawberry.input
class StaffReasonInput(StaffInput):
    """A change of a person that needs a reason."""

    reason: str = strawberry.field(description="Why, in at most 500 characters.")


@strawberry.input(description="Input of `decideRegistration`.")
class DecideRegistrationInput(StaffInput):
    """Decide."""

    decision: RegistrationDecision = strawberry.field(description="What is decided.")
    reason: str = strawberry.field(
        description="REJECT: why, in at most 500 characters; the person reads it.", default=""
    )
    roles: list[Role] = strawberry.field(
        description="APPROVE: what they become; empty keeps what they registered as.", default_factory=list
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        description="APPROVE: where they belong; absent keeps where they registered.", default=None
    )


@strawberry.input(description="Input of `reassignStaff`.")
class ReassignStaffInput(StaffInput):
    """Reassign."""

    roles: list[Role] = strawberry.field(
        description="What they become; empty keeps what they are.", default_factory=list
    )
    organisation_id: strawberry.ID | None = strawberry.field(
        description="Where they belong from now on; absent keeps where they are.", default=None
    )


@strawberry.input(description="Input of `reportLeaver`.")
class ReportLeaverInput(StaffReasonInput):
    """Report."""


@strawberry.input(description="Input of `suspendStaff`.")
class SuspendStaffInput(StaffReasonInput):
    """Suspend."""


@strawberry.input(description="Input of `reinstateStaff`.")
class ReinstateStaffInput(StaffReasonInput):
    """Reinstate."""


@strawberry.input(description="Input of `offboardStaff`.")
class OffboardStaffInput(StaffReasonInput):
    """Offboard."""

    successor_id: strawberry.ID | None = strawberry.field(
        description="The colleague who takes over the open work; absent where there is none.", default=None
    )


@strawberry.input(description="Input of `handOverApplications`.")
class HandOverApplicationsInput:
    """Hand over."""

    idempotency_key: str = strawberry.field(description=_KEY)
    staff_id: strawberry.ID = strawberry.field(description="Whose unfinished applications.")
    successor_id: strawberry.ID = strawberry.field(description="The colleague who files them from now on.")


@strawberry.input(description="Input of `revealMobile`.")
class RevealMobileInput:
    """Reveal."""

    idempotency_key: str = strawberry.field(description=_KEY)
    staff_id: strawberry.ID = strawberry.field(description="Whose mobile number.")
    reason: str = strawberry.field(description="Why; it stays on record.")


@strawberry.type(description="A mobile number in clear, or why it is not shown.")
class RevealMobilePayload:
    """The answer of `revealMobile`."""

    mobile: str | None = strawberry.field(description="The number; null where there is none.")
    user_errors: list[UserError] = strawberry.field(description=_ERRORS)


@strawberry.type
class StaffPayload:
    """What every change of a person answers with; each mutation's payload is named after it."""

    staff: Staff | None = strawberry.field(description="The person as they are now; null when nothing was done.")
    user_errors: list[UserError] = strawberry.field(description=_ERRORS)


@strawberry.type(
    description=gated(
        "LeaverProof",
        "What was cut off when a person's access ended, and proof that nothing came after.",
        Permission.MANAGE_STAFF,
        Permission.READ_AUDIT,
        otherwise=Otherwise.ABSENT,
    )
)
class LeaverProof:
    """A receipt, worked out afresh from the tables and the log each time."""

    staff_id: strawberry.ID = strawberry.field(description="The person.")
    cut_off_at: datetime = strawberry.field(description="Since when they have no access.")
    sessions_ended: int = strawberry.field(description="Sessions that ended then.")
    keys_ended: int = strawberry.field(description="Keys they had issued that ended then.")
    invitations_revoked: int = strawberry.field(description="Invitations of theirs that were revoked then.")
    applications_handed_over: int = strawberry.field(description="Unfinished applications that went to the successor.")
    claims_released: int = strawberry.field(description="Reviews they held that went back to the queue.")
    events_after: int = strawberry.field(description="What they have done since, by the log. Must be 0.")
    sessions_alive: int = strawberry.field(description="Sessions and keys of theirs that still hold. Must be 0.")
    invitations_open: int = strawberry.field(description="Invitations of theirs that could be used. Must be 0.")
    applications_left: int = strawberry.field(description="Unfinished applications that are still theirs to file.")
    is_clean: bool = strawberry.field(description="Whether everything that must be 0 is.")


@strawberry.type(description="The person after `offboardStaff` with the receipt, or why nothing was done.")
class OffboardStaffPayload(StaffPayload):
    """The answer of `offboardStaff`."""

    receipt: LeaverProof | None = strawberry.field(description="What was cut off, and when.")


@access(READS_STAFF)
async def staff(info: Info, id: StaffId) -> Row | None:  # noqa: A002 - as `application`
    """Give one person; null alike for who is not there and who is not the viewer's to know of."""
    return await fetch_by_id(STAFF, selection_of(info), info.context.reading, id)


@access(READS_STAFF)
async def staff_members(
    info: Info,
    first: First = DEFAULT_FIRST,
    after: After = None,
    state: Annotated[StaffState | None, strawberry.argument(description="Only those who stand there.")] = None,
) -> Row:
    """List the people the viewer may know of, the newest first."""
    page = await fetch_page(
        STAFF,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=NEWEST_FIRST,
        first=checked_first(first),
        after=after,
        where=None if state is None else in_state(state),
    )
    return connection_of(page)


@access(DECIDES)
async def registrations(info: Info, first: First = DEFAULT_FIRST, after: After = None) -> Row:
    """List who waits to be let in, first in first out."""
    page = await fetch_page(
        STAFF,
        selection_of(info, "edges", "node"),
        info.context.reading,
        order=WAITING_ORDER,
        first=checked_first(first),
        after=after,
        where=in_state(StaffState.PENDING),
    )
    return connection_of(page)


@access(PROVES)
async def leaver_proof(info: Info, staff_id: StaffId) -> Row | None:
    """Prove what a person without access was cut off from, and that nothing came after; null for everybody else."""
    return await leavers.proof_of(info.context.reading, staff_id)


async def _staff_row(info: Info, staff_id: str) -> Row:
    row = await fetch_by_id(STAFF, selection_of(info, "staff"), info.context.reading, staff_id)
    if row is None:
        raise ApiError(Code.NOT_FOUND)
    return row


@access(DECIDES)
async def decide_registration(info: Info, input: DecideRegistrationInput) -> Row:  # noqa: A002 - every mutation's argument
    """Let a person in or not."""

    async def change() -> Row:
        command = service.DecideRegistration(
            idempotency_key=checked_key(input.idempotency_key),
            staff_id=input.staff_id,
            expected_version=input.expected_version,
            decision=input.decision,
            reason=input.reason,
            roles=tuple(input.roles),
            organisation_id=input.organisation_id,
        )
        return await _staff_row(
            info, await service.decide_registration(info.context.runtime, viewer_of(info.context), command)
        )

    return await payload("staff", change)


@access(MANAGES)
async def reassign_staff(info: Info, input: ReassignStaffInput) -> Row:  # noqa: A002 - as above
    """Give a person other roles, or another organisation."""

    async def change() -> Row:
        command = service.ReassignStaff(
            idempotency_key=checked_key(input.idempotency_key),
            staff_id=input.staff_id,
            expected_version=input.expected_version,
            roles=tuple(input.roles),
            organisation_id=input.organisation_id,
        )
        return await _staff_row(
            info, await service.reassign_staff(info.context.runtime, viewer_of(info.context), command)
        )

    return await payload("staff", change)


async def _change_staff(
    info: Info,
    use_case: Callable[[Runtime, service.Viewer, service.ChangeStaff], Awaitable[str]],
    given: StaffReasonInput,
) -> Row:
    async def change() -> Row:
        command = service.ChangeStaff(
            checked_key(given.idempotency_key), given.staff_id, given.expected_version, given.reason
        )
        return await _staff_row(info, await use_case(info.context.runtime, viewer_of(info.context), command))

    return await payload("staff", change)


@access(needs(Permission.REPORT_LEAVERS))
async def report_leaver(info: Info, input: ReportLeaverInput) -> Row:  # noqa: A002 - as above
    """Suspend a person of one's own organisation at once, and tell HQ."""
    return await _change_staff(info, service.report_leaver, input)


@access(MANAGES)
async def suspend_staff(info: Info, input: SuspendStaffInput) -> Row:  # noqa: A002 - as above
    """End a person's access until they are let in again; their work stays with them."""
    return await _change_staff(info, service.suspend_staff, input)


@access(MANAGES)
async def reinstate_staff(info: Info, input: ReinstateStaffInput) -> Row:  # noqa: A002 - as above
    """Let a suspended or former person in again, with the rights they had."""
    return await _change_staff(info, service.reinstate_staff, input)


@access(MANAGES)
async def offboard_staff(info: Info, input: OffboardStaffInput) -> Row:  # noqa: A002 - as above
    """End everything a person has with us at once, and hand their open work to a colleague."""

    async def change() -> Row:
        command = service.OffboardStaff(
            idempotency_key=checked_key(input.idempotency_key),
            staff_id=input.staff_id,
            expected_version=input.expected_version,
            reason=input.reason,
            successor_id=input.successor_id,
        )
        return await _staff_row(
            info, await service.offboard_staff(info.context.runtime, viewer_of(info.context), command)
        )

    outcome = await payload("staff", change)
    done = outcome["staff"] is not None
    return {**outcome, "receipt": await leavers.proof_of(info.context.reading, input.staff_id) if done else None}


@access(needs(Permission.HAND_OVER_APPLICATIONS))
async def hand_over_applications(info: Info, input: HandOverApplicationsInput) -> Row:  # noqa: A002 - as above
    """Give all unfinished applications of one person to a colleague; answers with the colleague."""

    async def change() -> Row:
        command = HandOverApplications(checked_key(input.idempotency_key), input.staff_id, input.successor_id)
        return await _staff_row(info, await hand_over(info.context.runtime, viewer_of(info.context), command))

    return await payload("staff", change)


@access(DECIDES)
async def reveal_mobile(info: Info, input: RevealMobileInput) -> Row:  # noqa: A002 - as above
    """Show a person's mobile number in clear, for a reason, on record."""

    async def change() -> str | None:
        command = service.RevealMobile(checked_key(input.idempotency_key), input.staff_id, input.reason)
        return await service.reveal_mobile(info.context.runtime, viewer_of(info.context), command)

    return await payload("mobile", change)
