"""Registration: a guest says who they are and where they work; HQ decides. Until then they may hurry HQ."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final

from backend.accounts.errors import AccountRefusal
from backend.accounts.events import StaffEvent
from backend.accounts.identities import refusal_of, required, spend_code
from backend.accounts.invitation_rules import (
    INVITATION_LIFECYCLE,
    InvitationAction,
    InvitationFacts,
    InvitationState,
    InvitationWho,
)
from backend.accounts.mobile import masked_mobile, mobile_of
from backend.accounts.models import Invitation, Staff
from backend.accounts.ports import MiniProgram
from backend.accounts.rules import (
    ROLES_IN,
    STAFF_LIFECYCLE,
    OrganisationKind,
    Role,
    StaffAction,
    StaffFacts,
    StaffState,
    StaffWho,
    Viewer,
    WorkKind,
    hour_passed,
)
from backend.accounts.service import deciding, lock_open, lock_people
from backend.foundation.database import lock_name
from backend.foundation.ids import hash_token
from backend.foundation.keyring import Keyring
from backend.foundation.lifecycle import StaleVersion, move
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.wechat import PlatformError

VERIFY_OPERATION: Final = "verifyMobile"
REGISTER_OPERATION: Final = "registerStaff"
HURRY_OPERATION: Final = "hurryRegistration"
NAME_CHARACTERS: Final = range(2, 41)
_SELF: Final = frozenset({StaffWho.SELF})
_TABLE, _SEALED = "staff", "mobile"


@dataclass(frozen=True, slots=True)
class VerifyMobile:
    """The input of `verifyMobile`: a code of the phone button, which is not a code of `wx.login`."""

    idempotency_key: str
    code: str = field(repr=False)


async def verify_mobile(
    runtime: Runtime, mini_program: MiniProgram | None, viewer: Viewer, command: VerifyMobile
) -> str:
    """Keep the mobile number that WeChat vouches for and give the person's id.

    Refuses with CODE_SPENT, WECHAT_BUSY, WECHAT_MISCONFIGURED, and MOBILE_INVALID a number that is not of the
    mainland: it can then be typed.
    """
    mini_program = required(mini_program)
    try:
        await spend_code(runtime, "phone", command.code)
    except Refused:
        # Perhaps it was spent by this very call, and only the answer was lost.
        async with deciding(runtime, viewer, VERIFY_OPERATION, command) as outcome:
            if not outcome.replayed:
                raise
        return viewer.id
    try:
        mobile = mobile_of(await mini_program.phone_number(command.code))
    except PlatformError as error:
        raise refusal_of(error) from None
    if mobile is None:
        raise Refused(Refusal(AccountRefusal.MOBILE_INVALID, ("code",)))
    async with deciding(runtime, viewer, VERIFY_OPERATION, command) as outcome:
        if not outcome.replayed:
            person = (await lock_people(outcome.work, viewer))[viewer.id]
            for name, value in mobile_columns(runtime.keyring, person.id, mobile).items():
                setattr(person, name, value)
            person.mobile_verified_at = outcome.work.now
            person.version += 1
            outcome.work.record(person, StaffEvent.STAFF_MOBILE_VERIFIED, {"mobile": masked_mobile(mobile)})
            await person.save()
            outcome.result_id = person.id
    return viewer.id


def mobile_columns(keyring: Keyring, staff_id: str, mobile: str) -> dict[str, bytes | str]:
    """Give the columns that hold a mobile number: sealed, masked, and to be found by."""
    return {
        "mobile_sealed": keyring.seal(mobile.encode(), table=_TABLE, field=_SEALED, row=staff_id),
        "mobile_mask": masked_mobile(mobile),
        "mobile_index": keyring.blind_index("mobile", mobile),
    }


def mobile_in_clear(keyring: Keyring, staff_id: str, sealed: bytes) -> str:
    """Give a mobile number in clear; the caller answers for who gets to see it."""
    return keyring.open(sealed, table=_TABLE, field=_SEALED, row=staff_id).decode()


@dataclass(frozen=True, slots=True)
class RegisterStaff:
    """The input of `registerStaff`.

    `mobile` may be left out where WeChat has vouched for one. Either an invitation or an organisation is given; the
    invitation also sets the role.
    """

    idempotency_key: str
    expected_version: int
    name: str
    work_kind: WorkKind
    mobile: str | None = field(default=None, repr=False)
    organisation_id: str | None = None
    invitation: str | None = field(default=None, repr=False)


async def register_staff(runtime: Runtime, viewer: Viewer, command: RegisterStaff) -> str:
    """Ask HQ to be let in, the first time or again after a rejection; give the person's id.

    Refuses with NAME_INVALID, MOBILE_MISSING, MOBILE_INVALID, with MOBILE_TAKEN a number of somebody who works with
    us, with ORGANISATION_UNKNOWN or ORGANISATION_CLOSED_TO_NEWCOMERS, with INVITATION_INVALID one that is spent,
    revoked, expired, unknown or of a closed organisation, and as the table says. An invitation that was used is spent.
    """
    name = _checked_name(command.name)
    typed = _checked_mobile(command.mobile)
    async with deciding(runtime, viewer, REGISTER_OPERATION, command) as outcome:
        if not outcome.replayed:
            person = (await lock_people(outcome.work, viewer))[viewer.id]
            # Before the invitation is looked at: only whoever may register may learn about one.
            if command.expected_version != person.version:
                raise StaleVersion(expected=command.expected_version, current=person.version, state=person.state)
            STAFF_LIFECYCLE.find(
                StaffState(person.state), StaffAction.REGISTER, to=None, standing=_SELF, facts=StaffFacts()
            )
            mobile = _mobile_columns_for(runtime.keyring, person, typed)
            await refuse_taken(person, str(mobile.get("mobile_index") or person.mobile_index))
            organisation_id, role, invitation_id = await _place(outcome.work, person, command)
            await move(
                outcome.work,
                STAFF_LIFECYCLE,
                person,
                StaffAction.REGISTER,
                standing=_SELF,
                facts=StaffFacts(),
                expected_version=command.expected_version,
                changes={
                    "name": name,
                    "work_kind": command.work_kind,
                    "organisation_id": organisation_id,
                    "roles": role,
                    "applied_at": outcome.work.now,
                    "hurried_at": None,
                    "decided_at": None,
                    "decision_reason": None,
                    **mobile,
                },
                body={
                    "organisation_id": organisation_id,
                    "role": role,
                    "work_kind": command.work_kind,
                    "invitation_id": invitation_id,
                },
            )
            outcome.result_id = person.id
    return viewer.id


def _checked_name(text: str) -> str:
    """Give a person's name as it is stored: no control characters, one space at a time."""
    name = " ".join(text.split())
    shown = all(unicodedata.category(character)[0] != "C" for character in name)
    if len(name) not in NAME_CHARACTERS or not shown:
        raise Refused(
            Refusal(
                AccountRefusal.NAME_INVALID, ("name",), {"min": NAME_CHARACTERS.start, "max": NAME_CHARACTERS.stop - 1}
            )
        )
    return name


def _checked_mobile(text: str | None) -> str | None:
    if text is None:
        return None
    mobile = mobile_of(text)
    if mobile is None:
        raise Refused(Refusal(AccountRefusal.MOBILE_INVALID, ("mobile",)))
    return mobile


def _mobile_columns_for(keyring: Keyring, person: Staff, typed: str | None) -> dict[str, object]:
    """Give what changes about the mobile: a typed one replaces a vouched one only where it differs."""
    if typed is None:
        if person.mobile_index is None:
            raise Refused(Refusal(AccountRefusal.MOBILE_MISSING, ("mobile",)))
        return {}
    columns = mobile_columns(keyring, person.id, typed)
    if columns["mobile_index"] == person.mobile_index:
        return {}
    return {**columns, "mobile_verified_at": None}


async def refuse_taken(person: Staff, index: str) -> None:
    """Refuse the number of somebody who works with us: a second account would outlive the first one's end.

    Whoever else comes with the number waits until the transaction ends.
    """
    await lock_name(f"mobile|{index}")
    taken = Staff.filter(mobile_index=index, state__in=[StaffState.APPROVED, StaffState.SUSPENDED, StaffState.LEFT])
    if await taken.exclude(id=person.id).exists():
        raise Refused(Refusal(AccountRefusal.MOBILE_TAKEN, ("mobile",)))


async def _place(work: Work, person: Staff, command: RegisterStaff) -> tuple[str, Role, str | None]:
    """Give where and as what this person registers, and the invitation that said so, which is spent by this."""
    if command.invitation is not None:
        invitation = await _spend(work, person, command.invitation)
        return invitation.organisation_id, Role(invitation.role), invitation.id
    organisation = await lock_open(work, command.organisation_id)
    if organisation is None:
        raise Refused(Refusal(AccountRefusal.ORGANISATION_UNKNOWN, ("organisation_id",)))
    if not organisation.accepts_registrations or Role.FIELD_STAFF not in ROLES_IN[OrganisationKind(organisation.kind)]:
        raise Refused(Refusal(AccountRefusal.ORGANISATION_CLOSED_TO_NEWCOMERS, ("organisation_id",)))
    return organisation.id, Role.FIELD_STAFF, None


async def _spend(work: Work, person: Staff, token: str) -> Invitation:
    row = await Invitation.get_or_none(token_hash=hash_token(token))
    invitation = await work.lock(Invitation, row.id) if row else None
    expired = invitation is not None and invitation.expires_at <= work.runtime.clock.wall()
    if (
        invitation is None
        or invitation.state != InvitationState.OPEN
        or expired
        or await lock_open(work, invitation.organisation_id) is None
    ):
        # Alike for all: whoever tries tokens learns nothing.
        raise Refused(Refusal(AccountRefusal.INVITATION_INVALID, ("invitation",)))
    await move(
        work,
        INVITATION_LIFECYCLE,
        invitation,
        InvitationAction.SPEND,
        standing=frozenset({InvitationWho.GUEST}),
        facts=InvitationFacts(expired=expired),
        changes={"spent_by_id": person.id},
        body={"staff_id": person.id},
    )
    return invitation


@dataclass(frozen=True, slots=True)
class HurryRegistration:
    """The input of `hurryRegistration`."""

    idempotency_key: str
    expected_version: int


async def hurry_registration(runtime: Runtime, viewer: Viewer, command: HurryRegistration) -> str:
    """Remind HQ of a registration that waits, at most once an hour; give the person's id."""
    async with deciding(runtime, viewer, HURRY_OPERATION, command) as outcome:
        if not outcome.replayed:
            person = (await lock_people(outcome.work, viewer))[viewer.id]
            await move(
                outcome.work,
                STAFF_LIFECYCLE,
                person,
                StaffAction.HURRY,
                standing=_SELF,
                facts=StaffFacts(hour_passed=hour_passed(person.hurried_at, outcome.work.now)),
                expected_version=command.expected_version,
                changes={"hurried_at": outcome.work.now},
            )
            outcome.result_id = person.id
    return viewer.id
