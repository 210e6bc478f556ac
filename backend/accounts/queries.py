"""What may be read of people, organisations, sessions and invitations, and by whom."""

from __future__ import annotations

from tortoise.expressions import Q

from backend.accounts.invitation_rules import (
    INVITATION_LIFECYCLE,
    InvitationFacts,
    InvitationState,
    invitation_standing,
)
from backend.accounts.models import Invitation, Organisation, Session, Staff
from backend.accounts.organisation_rules import (
    ORGANISATION_LIFECYCLE,
    OrganisationFacts,
    OrganisationState,
    organisation_standing,
)
from backend.accounts.rules import (
    ROLES_IN,
    STAFF_LIFECYCLE,
    STAFF_STAGES,
    Permission,
    Role,
    StaffFacts,
    StaffState,
    Viewer,
    hour_passed,
    staff_standing,
)
from backend.accounts.service import roles_of
from backend.foundation.pages import Order
from backend.foundation.views import Derived, Reading, Relation, Row, View


def staff_scope(viewer: Viewer) -> Q:
    """Limit a read to the people `viewer` may know of; the same reaches as `rules.may_see_staff`."""
    known = ~Q(state=StaffState.GUEST)
    if viewer.may(Permission.READ_ALL_STAFF):
        return Q(known, Q(id=viewer.id), join_type="OR")
    if viewer.may(Permission.READ_ORGANISATION_STAFF):
        return Q(Q(known, organisation_id__in=list(viewer.reach)), Q(id=viewer.id), join_type="OR")
    return Q(id=viewer.id)


def organisation_scope(viewer: Viewer) -> Q:
    """Limit a read to the organisations `viewer` may know of: all for HQ, else the own one and those below it."""
    if viewer.may(Permission.READ_ALL_STAFF) or viewer.may(Permission.MANAGE_ORGANISATIONS):
        return Q()
    return Q(id__in=sorted({*viewer.reach, viewer.organisation_id}))


def _actions(row: Row, reading: Reading) -> list[Row]:
    viewer: Viewer = reading.viewer
    standing = staff_standing(viewer, row["id"], row["organisation_id"], roles_of(row["roles"]))
    facts = StaffFacts(hour_passed=hour_passed(row["hurried_at"], reading.runtime.clock.now()))
    return [
        {"action": item.action, "allowed": item.allowed, "blocked_reason": item.blocked_reason}
        for item in STAFF_LIFECYCLE.available(StaffState(row["state"]), standing, facts)
    ]


ORGANISATION = View(
    type_name="Organisation",
    model=Organisation,
    columns=frozenset(
        {"id", "version", "state", "name", "kind", "parent_id", "accepts_registrations", "created_at", "updated_at"}
    ),
    scope=lambda reading: organisation_scope(reading.viewer),
    derived={
        # It either works with us or not: there is nothing coarser to show.
        "stage": Derived(("state",), lambda row, _reading: row["state"]),
        "available_actions": Derived(
            ("state",),
            lambda row, reading: [
                {"action": item.action, "allowed": item.allowed, "blocked_reason": item.blocked_reason}
                for item in ORGANISATION_LIFECYCLE.available(
                    OrganisationState(row["state"]), organisation_standing(reading.viewer), OrganisationFacts()
                )
            ],
        ),
    },
)

STAFF = View(
    type_name="Staff",
    model=Staff,
    columns=frozenset(
        {
            "id",
            "version",
            "state",
            "name",
            "organisation_id",
            "work_kind",
            "mobile_verified_at",
            "applied_at",
            "hurried_at",
            "decided_at",
            "decision_reason",
            "cut_off_at",
            "cut_off_reason",
            "successor_id",
            "created_at",
            "updated_at",
            "event_sequence",
        }
    ),
    scope=lambda reading: staff_scope(reading.viewer),
    derived={
        "stage": Derived(("state",), lambda row, _reading: STAFF_STAGES[StaffState(row["state"])]),
        "roles": Derived(("roles",), lambda row, _reading: sorted(roles_of(row["roles"]))),
        "mobile": Derived(("mobile_mask",), lambda row, _reading: row["mobile_mask"]),
        "available_actions": Derived(("id", "state", "roles", "organisation_id", "hurried_at"), _actions),
    },
    relations={"organisation": Relation(view=ORGANISATION, local="organisation_id", remote="id")},
)

# What a newcomer chooses from; by invitation they may come to others, too.
ORGANISATION_CHOICE = View(
    type_name="OrganisationChoice",
    model=Organisation,
    columns=frozenset({"id", "name", "kind"}),
    scope=lambda _reading: Q(
        state=OrganisationState.OPEN,
        accepts_registrations=True,
        kind__in=[kind for kind, roles in ROLES_IN.items() if Role.FIELD_STAFF in roles],
    ),
)

SESSION = View(
    type_name="Session",
    model=Session,
    columns=frozenset({"id", "kind", "device", "created_at", "expires_at", "ended_at"}),
    # One's own, and nobody else's.
    scope=lambda reading: Q(staff_id=reading.viewer.id, ended_at=None, expires_at__gt=reading.runtime.clock.wall()),
    derived={"is_current": Derived(("id",), lambda row, reading: row["id"] == reading.viewer.session_id)},
)


def _invitation_scope(viewer: Viewer) -> Q | None:
    if viewer.may(Permission.MANAGE_STAFF):
        return Q()
    if viewer.may(Permission.INVITE_STAFF):
        return Q(organisation_id__in=list(viewer.reach))
    return None


def _invitation_expired(row: Row, reading: Reading) -> bool:
    return bool(row["expires_at"] <= reading.runtime.clock.wall())


def _invitation_actions(row: Row, reading: Reading) -> list[Row]:
    facts = InvitationFacts(expired=_invitation_expired(row, reading))
    standing = invitation_standing(reading.viewer, row["inviter_id"])
    return [
        {"action": item.action, "allowed": item.allowed, "blocked_reason": item.blocked_reason}
        for item in INVITATION_LIFECYCLE.available(InvitationState(row["state"]), standing, facts)
    ]


INVITATION = View(
    type_name="Invitation",
    model=Invitation,
    columns=frozenset(
        {"id", "version", "state", "role", "organisation_id", "inviter_id", "note", "expires_at", "created_at"}
    ),
    scope=lambda reading: _invitation_scope(reading.viewer),
    derived={
        "stage": Derived(("state",), lambda row, _reading: row["state"]),
        "is_expired": Derived(("expires_at",), _invitation_expired),
        "available_actions": Derived(("state", "inviter_id", "expires_at"), _invitation_actions),
    },
    relations={"organisation": Relation(view=ORGANISATION, local="organisation_id", remote="id")},
)


def in_state(state: StaffState) -> Q:
    """Limit a read to people who stand there."""
    return Q(state=state)


# Registrations wait first in, first out; lists of people and of what was made show the newest first.
WAITING_ORDER = Order("applied_at")
NEWEST_FIRST = Order("created_at", descending=True)
