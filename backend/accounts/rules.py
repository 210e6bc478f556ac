"""Who may do what: organisations, roles, the permissions a role carries, and a person's life with us. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from backend.accounts.events import StaffEvent
from backend.foundation.lifecycle import Lifecycle, Transition


class StaffState(StrEnum):
    """Where a person stands with us. Only APPROVED may do anything beyond looking at themselves.

    A GUEST has signed in and not registered yet.
    """

    GUEST = "GUEST"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    SUSPENDED = "SUSPENDED"
    LEFT = "LEFT"


class OrganisationKind(StrEnum):
    """What an organisation is to us. HQ's field team and HQ's reviewers are different nodes of the tree."""

    HQ = "HQ"
    HQ_FIELD = "HQ_FIELD"
    HQ_REVIEW = "HQ_REVIEW"
    PARTNER = "PARTNER"


class Role(StrEnum):
    """What a person (or key) is. The reviewer is 前审, the business desk 商务."""

    FIELD_STAFF = "FIELD_STAFF"
    PARTNER_ADMIN = "PARTNER_ADMIN"
    REVIEWER = "REVIEWER"
    BUSINESS = "BUSINESS"
    ADMIN = "ADMIN"
    AUDITOR = "AUDITOR"
    PARTNER_KEY = "PARTNER_KEY"


class Permission(StrEnum):
    """What a role may do. A read permission also says how far it reaches: own, organisation or all."""

    FILE_APPLICATIONS = "application.file"
    READ_OWN_APPLICATIONS = "application.read.own"
    READ_ORGANISATION_APPLICATIONS = "application.read.organisation"
    READ_ALL_APPLICATIONS = "application.read.all"
    REVIEW_APPLICATIONS = "application.review"
    SETTLE_PROVIDER_ANSWERS = "application.provider"
    REVEAL_FIELDS = "application.reveal"
    HAND_OVER_APPLICATIONS = "application.hand_over"
    READ_AUDIT = "application.audit"
    READ_ORGANISATION_STAFF = "staff.read.organisation"
    READ_ALL_STAFF = "staff.read.all"
    DECIDE_REGISTRATIONS = "staff.decide"
    REPORT_LEAVERS = "staff.report"
    MANAGE_STAFF = "staff.manage"
    INVITE_STAFF = "staff.invite"
    MANAGE_ORGANISATIONS = "organisation.manage"
    READ_HANDBOOK = "handbook.read"
    EDIT_HANDBOOK = "handbook.edit"


_P = Permission

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.FIELD_STAFF: frozenset({_P.FILE_APPLICATIONS, _P.READ_OWN_APPLICATIONS, _P.READ_HANDBOOK}),
    Role.PARTNER_ADMIN: frozenset(
        {
            _P.READ_ORGANISATION_APPLICATIONS,
            _P.HAND_OVER_APPLICATIONS,
            _P.READ_ORGANISATION_STAFF,
            _P.REPORT_LEAVERS,
            _P.INVITE_STAFF,
            _P.READ_HANDBOOK,
        }
    ),
    Role.REVIEWER: frozenset(
        {
            _P.READ_ALL_APPLICATIONS,
            _P.REVIEW_APPLICATIONS,
            _P.SETTLE_PROVIDER_ANSWERS,
            _P.REVEAL_FIELDS,
            _P.READ_ALL_STAFF,
            _P.DECIDE_REGISTRATIONS,
            _P.READ_HANDBOOK,
        }
    ),
    Role.BUSINESS: frozenset({_P.READ_ALL_APPLICATIONS, _P.REVEAL_FIELDS, _P.READ_ALL_STAFF, _P.READ_HANDBOOK}),
    Role.ADMIN: frozenset(
        {
            _P.READ_ALL_APPLICATIONS,
            _P.SETTLE_PROVIDER_ANSWERS,
            _P.REVEAL_FIELDS,
            _P.HAND_OVER_APPLICATIONS,
            _P.READ_AUDIT,
            _P.READ_ALL_STAFF,
            _P.DECIDE_REGISTRATIONS,
            _P.MANAGE_STAFF,
            _P.INVITE_STAFF,
            _P.MANAGE_ORGANISATIONS,
            _P.READ_HANDBOOK,
            _P.EDIT_HANDBOOK,
        }
    ),
    Role.AUDITOR: frozenset({_P.READ_ALL_APPLICATIONS, _P.READ_AUDIT, _P.READ_ALL_STAFF, _P.READ_HANDBOOK}),
    Role.PARTNER_KEY: frozenset({_P.FILE_APPLICATIONS, _P.READ_ORGANISATION_APPLICATIONS, _P.READ_HANDBOOK}),
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking: one person or key, as of now. Made afresh for each operation from the session.

    `organisation_id` is empty for a guest. `reach` holds the viewer's organisation and all below it, for whoever reads
    or changes what belongs to an organisation; for the others it is empty.
    """

    id: str
    session_id: str
    name: str
    state: StaffState
    roles: frozenset[Role]
    organisation_id: str
    organisation_kind: OrganisationKind | None
    reach: frozenset[str] = field(default=frozenset())

    @property
    def is_key(self) -> bool:
        """Whether a program asks, not a person."""
        return Role.PARTNER_KEY in self.roles

    def may(self, permission: Permission) -> bool:
        """Tell whether this viewer holds `permission` now; nobody who is not APPROVED holds any."""
        return self.state is StaffState.APPROVED and any(permission in PERMISSIONS[role] for role in self.roles)


class WorkKind(StrEnum):
    """What kind of work a person registers for."""

    SALES = "SALES"
    ENGINEERING = "ENGINEERING"
    OPTIMISATION = "OPTIMISATION"
    HQ = "HQ"


# Which roles a person in an organisation of this kind can have at all; a key is not a person.
ROLES_IN: Final[Mapping[OrganisationKind, frozenset[Role]]] = {
    OrganisationKind.HQ: frozenset({Role.BUSINESS, Role.ADMIN, Role.AUDITOR}),
    OrganisationKind.HQ_FIELD: frozenset({Role.FIELD_STAFF}),
    OrganisationKind.HQ_REVIEW: frozenset({Role.REVIEWER}),
    OrganisationKind.PARTNER: frozenset({Role.FIELD_STAFF, Role.PARTNER_ADMIN}),
}

# Which roles somebody may give to others: by inviting, by approving a registration, by changing them later.
GRANTABLE: Final[Mapping[Role, frozenset[Role]]] = {
    Role.PARTNER_ADMIN: frozenset({Role.FIELD_STAFF}),
    Role.REVIEWER: frozenset({Role.FIELD_STAFF}),
    Role.ADMIN: frozenset(set(Role) - {Role.PARTNER_KEY}),
}


def may_grant(viewer: Viewer, roles: frozenset[Role]) -> bool:
    """Tell whether `viewer` may give somebody all of `roles`."""
    return roles <= frozenset().union(*(GRANTABLE.get(role, frozenset()) for role in viewer.roles))


class StaffAction(StrEnum):
    """What can be done about a person."""

    REGISTER = "REGISTER"
    HURRY = "HURRY"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    REASSIGN = "REASSIGN"
    REPORT = "REPORT"
    SUSPEND = "SUSPEND"
    REINSTATE = "REINSTATE"
    OFFBOARD = "OFFBOARD"


class StaffWho(StrEnum):
    """What somebody is to a person of ours."""

    SELF = "SELF"
    DECIDER = "DECIDER"
    ORGANISATION_ADMIN = "ORGANISATION_ADMIN"
    HQ_ADMIN = "HQ_ADMIN"


class StaffNeed(StrEnum):
    """What must be true before an action; the code is what a blocked action tells as its reason."""

    REASON = "REASON_MISSING"
    HOUR_PASSED = "HURRIED_ALREADY"
    GRANTABLE_ROLES = "ROLES_NOT_GRANTABLE"


@dataclass(frozen=True, slots=True)
class StaffFacts:
    """What the needs are tested on; what only an action's input tells is taken for true until it is there."""

    reason_given: bool = True
    hour_passed: bool = True
    roles_grantable: bool = True


_S, _A, _W, _N, _E = StaffState, StaffAction, StaffWho, StaffNeed, StaffEvent

# A person without access: nothing that was handed to them works any more.
CUT_OFF: Final = frozenset({_S.SUSPENDED, _S.LEFT})
HURRY_AGAIN_AFTER: Final = timedelta(hours=1)

StaffTransition = Transition[StaffState, StaffAction, StaffWho, StaffNeed]


def _row(
    sources: set[StaffState],
    action: StaffAction,
    targets: tuple[StaffState, ...],
    who: set[StaffWho],
    needs: tuple[StaffNeed, ...],
    event: StaffEvent,
) -> StaffTransition:
    return Transition(frozenset(sources), action, targets, frozenset(who), needs, event)


# fmt: off
STAFF_TRANSITIONS: Final[tuple[StaffTransition, ...]] = (
    #    from                        action         to               who                        needs                    event
    _row({_S.GUEST, _S.REJECTED},    _A.REGISTER,   (_S.PENDING,),   {_W.SELF},                 (),                      _E.STAFF_REGISTERED),
    _row({_S.PENDING},               _A.HURRY,      (),              {_W.SELF},                 (_N.HOUR_PASSED,),       _E.STAFF_HURRIED),
    _row({_S.PENDING},               _A.APPROVE,    (_S.APPROVED,),  {_W.DECIDER},              (_N.GRANTABLE_ROLES,),   _E.STAFF_APPROVED),
    _row({_S.PENDING},               _A.REJECT,     (_S.REJECTED,),  {_W.DECIDER},              (_N.REASON,),            _E.STAFF_REJECTED),
    _row({_S.APPROVED},              _A.REASSIGN,   (),              {_W.HQ_ADMIN},             (_N.GRANTABLE_ROLES,),   _E.STAFF_REASSIGNED),
    _row({_S.APPROVED},              _A.REPORT,     (_S.SUSPENDED,), {_W.ORGANISATION_ADMIN},   (_N.REASON,),            _E.STAFF_REPORTED),
    _row({_S.APPROVED},              _A.SUSPEND,    (_S.SUSPENDED,), {_W.HQ_ADMIN},             (_N.REASON,),            _E.STAFF_SUSPENDED),
    _row({_S.SUSPENDED, _S.LEFT},    _A.REINSTATE,  (_S.APPROVED,),  {_W.HQ_ADMIN},             (_N.REASON,),            _E.STAFF_REINSTATED),
    _row({_S.APPROVED, _S.SUSPENDED}, _A.OFFBOARD,  (_S.LEFT,),      {_W.HQ_ADMIN},             (_N.REASON,),            _E.STAFF_LEFT),
)
# fmt: on

STAFF_LIFECYCLE: Final[Lifecycle[StaffState, StaffAction, StaffWho, StaffNeed, StaffFacts]] = Lifecycle(
    STAFF_TRANSITIONS,
    {
        _N.REASON: lambda facts: facts.reason_given,
        _N.HOUR_PASSED: lambda facts: facts.hour_passed,
        _N.GRANTABLE_ROLES: lambda facts: facts.roles_grantable,
    },
    on_entry={_S.APPROVED: {"cut_off_at": None, "cut_off_reason": None}},
)


class StaffStage(StrEnum):
    """The coarse state for display."""

    JOINING = "JOINING"
    ACTIVE = "ACTIVE"
    CUT_OFF = "CUT_OFF"


STAFF_STAGES: Final[Mapping[StaffState, StaffStage]] = {
    _S.GUEST: StaffStage.JOINING,
    _S.PENDING: StaffStage.JOINING,
    _S.REJECTED: StaffStage.JOINING,
    _S.APPROVED: StaffStage.ACTIVE,
    _S.SUSPENDED: StaffStage.CUT_OFF,
    _S.LEFT: StaffStage.CUT_OFF,
}


def staff_standing(
    viewer: Viewer, staff_id: str, organisation_id: str | None, roles: frozenset[Role]
) -> frozenset[StaffWho]:
    """List what `viewer` is to a person. Nobody decides about themselves, and nobody about whom they could not make.

    An organisation's admin reports people of the own organisation and those below it, keys and other admins excepted:
    that is for HQ.
    """
    if viewer.id == staff_id:
        return frozenset({StaffWho.SELF})
    who: set[StaffWho] = set()
    if viewer.may(Permission.DECIDE_REGISTRATIONS):
        who.add(StaffWho.DECIDER)
    if viewer.may(Permission.REPORT_LEAVERS) and organisation_id in viewer.reach and may_grant(viewer, roles):
        who.add(StaffWho.ORGANISATION_ADMIN)
    if viewer.may(Permission.MANAGE_STAFF):
        who.add(StaffWho.HQ_ADMIN)
    return frozenset(who)


def may_see_staff(viewer: Viewer, staff_id: str, organisation_id: str | None, state: str) -> bool:
    """Tell whether `viewer` may know of a person; the same reaches as `queries.staff_scope`, which a test holds.

    Nobody but themselves sees a guest: they have told us nothing yet.
    """
    if viewer.id == staff_id:
        return True
    if state == StaffState.GUEST:
        return False
    return viewer.may(Permission.READ_ALL_STAFF) or (
        viewer.may(Permission.READ_ORGANISATION_STAFF) and organisation_id in viewer.reach
    )


def hour_passed(hurried_at: datetime | None, now: datetime) -> bool:
    """Tell whether HQ may be hurried (again)."""
    return hurried_at is None or now - hurried_at >= HURRY_AGAIN_AFTER
