"""Who may do what: organisations, roles, and the permissions a role carries. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class StaffState(StrEnum):
    """Where a person stands with us. Only APPROVED may do anything beyond looking at themselves."""

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
    """Who is asking: one person or key, as of now. Made afresh for each operation from the session."""

    id: str
    session_id: str
    name: str
    state: StaffState
    roles: frozenset[Role]
    organisation_id: str
    organisation_kind: OrganisationKind

    @property
    def is_key(self) -> bool:
        """Whether a program asks, not a person."""
        return Role.PARTNER_KEY in self.roles

    def may(self, permission: Permission) -> bool:
        """Tell whether this viewer holds `permission` now; nobody who is not APPROVED holds any."""
        return self.state is StaffState.APPROVED and any(permission in PERMISSIONS[role] for role in self.roles)
