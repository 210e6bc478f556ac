"""The facts of a person's, an organisation's and an invitation's life with us, and what each event's body holds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class StaffEvent(StrEnum):
    """Every kind of event a person leaves in the log."""

    STAFF_ARRIVED = "STAFF_ARRIVED"
    STAFF_MOBILE_VERIFIED = "STAFF_MOBILE_VERIFIED"
    STAFF_REGISTERED = "STAFF_REGISTERED"
    STAFF_HURRIED = "STAFF_HURRIED"
    STAFF_APPROVED = "STAFF_APPROVED"
    STAFF_REJECTED = "STAFF_REJECTED"
    STAFF_REASSIGNED = "STAFF_REASSIGNED"
    STAFF_REPORTED = "STAFF_REPORTED"
    STAFF_SUSPENDED = "STAFF_SUSPENDED"
    STAFF_REINSTATED = "STAFF_REINSTATED"
    STAFF_LEFT = "STAFF_LEFT"
    STAFF_SIGNED_IN = "STAFF_SIGNED_IN"
    STAFF_SESSION_ENDED = "STAFF_SESSION_ENDED"
    STAFF_FIELD_REVEALED = "STAFF_FIELD_REVEALED"


class OrganisationEvent(StrEnum):
    """Every kind of event an organisation leaves in the log."""

    ORGANISATION_CREATED = "ORGANISATION_CREATED"
    ORGANISATION_CHANGED = "ORGANISATION_CHANGED"
    ORGANISATION_CLOSED = "ORGANISATION_CLOSED"
    ORGANISATION_REOPENED = "ORGANISATION_REOPENED"


class InvitationEvent(StrEnum):
    """Every kind of event an invitation leaves in the log."""

    INVITATION_CREATED = "INVITATION_CREATED"
    INVITATION_SPENT = "INVITATION_SPENT"
    INVITATION_REVOKED = "INVITATION_REVOKED"


# After these a person's ways in may have ended: sockets and streams look again at once.
ACCESS_CHANGED = frozenset(
    {
        StaffEvent.STAFF_REPORTED,
        StaffEvent.STAFF_SUSPENDED,
        StaffEvent.STAFF_LEFT,
        StaffEvent.STAFF_SESSION_ENDED,
        StaffEvent.STAFF_REASSIGNED,
    }
)

# What the body of each kind may hold beside `from` and `to`. Sensitive values stand there masked, or not at all.
BODIES: Mapping[StaffEvent | OrganisationEvent | InvitationEvent, frozenset[str]] = {
    StaffEvent.STAFF_ARRIVED: frozenset(),
    StaffEvent.STAFF_MOBILE_VERIFIED: frozenset({"mobile"}),
    StaffEvent.STAFF_REGISTERED: frozenset({"organisation_id", "role", "work_kind", "invitation_id"}),
    StaffEvent.STAFF_HURRIED: frozenset(),
    StaffEvent.STAFF_APPROVED: frozenset({"organisation_id", "roles"}),
    StaffEvent.STAFF_REJECTED: frozenset({"reason"}),
    StaffEvent.STAFF_REASSIGNED: frozenset({"organisation_id", "roles", "old_organisation_id", "old_roles"}),
    StaffEvent.STAFF_REPORTED: frozenset({"reason", "sessions", "keys", "invitations"}),
    StaffEvent.STAFF_SUSPENDED: frozenset({"reason", "sessions", "keys", "invitations"}),
    StaffEvent.STAFF_REINSTATED: frozenset({"reason"}),
    StaffEvent.STAFF_LEFT: frozenset({"reason", "successor_id", "sessions", "keys", "invitations"}),
    StaffEvent.STAFF_SIGNED_IN: frozenset({"session_id", "app"}),
    StaffEvent.STAFF_SESSION_ENDED: frozenset({"session_id"}),
    StaffEvent.STAFF_FIELD_REVEALED: frozenset({"field", "reason"}),
    OrganisationEvent.ORGANISATION_CREATED: frozenset({"name", "kind", "parent_id"}),
    OrganisationEvent.ORGANISATION_CHANGED: frozenset({"name", "accepts_registrations"}),
    OrganisationEvent.ORGANISATION_CLOSED: frozenset({"reason"}),
    OrganisationEvent.ORGANISATION_REOPENED: frozenset({"reason"}),
    InvitationEvent.INVITATION_CREATED: frozenset({"role", "organisation_id", "expires_at"}),
    InvitationEvent.INVITATION_SPENT: frozenset({"staff_id"}),
    InvitationEvent.INVITATION_REVOKED: frozenset(),
}
