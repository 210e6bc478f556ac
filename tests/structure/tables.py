"""The tables of all life cycles, and what the design says of each: written down from it, not from the code."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from backend.accounts import events as accounts_events
from backend.accounts import invitation_rules, organisation_rules
from backend.accounts import rules as staff_rules
from backend.accounts.models import Invitation, Organisation, Staff
from backend.applications import events as applications_events
from backend.applications import rules as applications_rules
from backend.applications.models import Application
from backend.foundation.lifecycle import Lifecycle
from backend.foundation.subjects import Subject
from backend.handbook import events as handbook_events
from backend.handbook import rules as handbook_rules
from backend.handbook.models import HandbookEntry

# from | action | who | to | needs | event. `=` stays as it is.
# Claiming, releasing, handing over and allowing a double are the design's words about the queue, leavers and the shop.
_APPLICATION: Final = """
DRAFT RETURNED | SAVE | AUTHOR | = | | DRAFT_SAVED
DRAFT RETURNED | SUBMIT | AUTHOR | IN_REVIEW | COMPLETE CONSENT POLICIES NO_DUPLICATE | SUBMITTED
DRAFT RETURNED | ALLOW_DUPLICATE | HQ | = | REASON | DUPLICATE_ALLOWED
DRAFT RETURNED | EXPIRE | SYSTEM | EXPIRED | UNTOUCHED | EXPIRED
DRAFT IN_REVIEW RETURNED APPROVED | WITHDRAW | AUTHOR HQ | WITHDRAWN | REASON | WITHDRAWN
IN_REVIEW | CLAIM | REVIEWER | = | UNCLAIMED | CLAIMED
IN_REVIEW | RELEASE | CLAIMER SYSTEM | = | | CLAIM_RELEASED
IN_REVIEW | RETURN | CLAIMER | RETURNED | FIELD_REASONS | RETURNED
IN_REVIEW | REFUSE | CLAIMER | REFUSED | REASON | REFUSED
IN_REVIEW | APPROVE | CLAIMER | APPROVED | FIELDS_PASSED MEMBERSHIP POLICIES | APPROVED
APPROVED | RECALL | APPROVER | IN_REVIEW | HOLD_RUNNING | RECALLED
APPROVED | FILE | SYSTEM | FILING | HOLD_OVER CHANNEL_OPEN | FILING_STARTED
FILING | ACCEPT | SYSTEM | PROVIDER_REVIEW | PROVIDER_ID | PROVIDER_ACCEPTED
FILING PROVIDER_REVIEW AWAITING_VERIFICATION AWAITING_SIGNATURE | REJECT | SYSTEM | PROVIDER_REJECTED | | PROVIDER_REJECTED
PROVIDER_REJECTED | RETURN | SYSTEM | RETURNED | ALL_REASONS_MAPPED | RETURNED
PROVIDER_REJECTED | RETURN | HQ | RETURNED | FIELD_REASONS | RETURNED
PROVIDER_REJECTED | REFILE | HQ | FILING | REASON | REFILED
PROVIDER_REJECTED | REFUSE | HQ | REFUSED | REASON | REFUSED
PROVIDER_REVIEW AWAITING_VERIFICATION AWAITING_SIGNATURE OPENING | OBSERVE | SYSTEM | PROVIDER_REVIEW AWAITING_VERIFICATION AWAITING_SIGNATURE OPENING OPENED | FORWARD | PROVIDER_MOVED
FILING PROVIDER_REVIEW PROVIDER_REJECTED AWAITING_VERIFICATION AWAITING_SIGNATURE OPENING | VOID | SYSTEM | VOIDED | | VOIDED
VOIDED | REFILE | HQ | APPROVED | REASON | REFILED
VOIDED | CLOSE | AUTHOR HQ | WITHDRAWN | REASON | WITHDRAWN
FILING PROVIDER_REVIEW PROVIDER_REJECTED AWAITING_VERIFICATION AWAITING_SIGNATURE OPENING | ABANDON | AUTHOR HQ | ABANDONED | REASON | ABANDONED
ABANDONED | OBSERVE | SYSTEM | OPENED | | OPENED_AFTER_ABANDON
ABANDONED | VOID REJECT | SYSTEM | WITHDRAWN | | WITHDRAWN
DRAFT IN_REVIEW RETURNED APPROVED FILING PROVIDER_REVIEW PROVIDER_REJECTED AWAITING_VERIFICATION AWAITING_SIGNATURE OPENING VOIDED ABANDONED | HAND_OVER | DISPATCHER SYSTEM | = | | HANDED_OVER
"""  # noqa: E501 - one row a line

_STAFF: Final = """
GUEST REJECTED | REGISTER | SELF | PENDING | | STAFF_REGISTERED
PENDING | HURRY | SELF | = | HOUR_PASSED | STAFF_HURRIED
PENDING | APPROVE | DECIDER | APPROVED | GRANTABLE_ROLES | STAFF_APPROVED
PENDING | REJECT | DECIDER | REJECTED | REASON | STAFF_REJECTED
APPROVED | REASSIGN | HQ_ADMIN | = | GRANTABLE_ROLES | STAFF_REASSIGNED
APPROVED | REPORT | ORGANISATION_ADMIN | SUSPENDED | REASON | STAFF_REPORTED
APPROVED | SUSPEND | HQ_ADMIN | SUSPENDED | REASON | STAFF_SUSPENDED
SUSPENDED LEFT | REINSTATE | HQ_ADMIN | APPROVED | REASON | STAFF_REINSTATED
APPROVED SUSPENDED | OFFBOARD | HQ_ADMIN | LEFT | REASON | STAFF_LEFT
"""

_INVITATION: Final = """
OPEN | SPEND | GUEST | SPENT | NOT_EXPIRED | INVITATION_SPENT
OPEN | REVOKE | INVITER HQ_ADMIN SYSTEM | REVOKED | | INVITATION_REVOKED
"""

_ORGANISATION: Final = """
OPEN | CHANGE | HQ_ADMIN | = | | ORGANISATION_CHANGED
OPEN | CLOSE | HQ_ADMIN | CLOSED | REASON EMPTY | ORGANISATION_CLOSED
CLOSED | REOPEN | HQ_ADMIN | OPEN | REASON | ORGANISATION_REOPENED
"""

_HANDBOOK: Final = """
DRAFT | SAVE | EDITOR | = | | HANDBOOK_DRAFT_SAVED
DRAFT | PUBLISH | EDITOR | PUBLISHED | NOT_PAST | HANDBOOK_PUBLISHED
DRAFT | DISCARD | EDITOR | DISCARDED | | HANDBOOK_DRAFT_DISCARDED
PUBLISHED | RETIRE | EDITOR | RETIRED | NOT_PAST NOT_SUPERSEDED NOT_RELIED_ON | HANDBOOK_RETIRED
"""

Cell = tuple[StrEnum, StrEnum, StrEnum]
# What a row leads to, what it needs, and which event it leaves.
Outcome = tuple[tuple[StrEnum, ...], tuple[StrEnum, ...], str]


@dataclass(frozen=True)
class Table:
    """One life cycle: where it stands in the code, its words, and the design's rows."""

    subject: type[Subject]
    # The module and the name by which the code knows it.
    place: tuple[str, str]
    lifecycle: Lifecycle[Any, Any, Any, Any, Any]
    states: type[StrEnum]
    actions: type[StrEnum]
    who: type[StrEnum]
    needs: type[StrEnum]
    facts: type[Any]
    design: str
    # Where a new subject begins.
    first: StrEnum
    # The kinds of facts that subjects of this table leave, and those of them that no row leaves.
    events: frozenset[str]
    beside_the_table: frozenset[str]
    # What the body of each kind may hold.
    bodies: Mapping[Any, frozenset[str]]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every state, action and standing there is."""
        return tuple(itertools.product(self.states, self.actions, self.who))

    def expected(self) -> dict[Cell, list[Outcome]]:
        """Read the design: what each of its cells leads to."""
        found: dict[Cell, list[Outcome]] = {}
        for line in self.design.strip().splitlines():
            sources, actions, who, targets, needs, event = (part.split() for part in line.split("|"))
            to = () if targets == ["="] else tuple(self.states(name) for name in targets)
            for source, action, somebody in itertools.product(sources, actions, who):
                cell = (self.states(source), self.actions(action), self.who(somebody))
                found.setdefault(cell, []).append((to, tuple(self.needs[name] for name in needs), event[0]))
        return found

    def met(self, needs: tuple[StrEnum, ...]) -> Any:
        """Give facts that meet all of these needs."""
        return next(facts for facts in self._near(self.facts()) if all(map(self._test(facts), needs)))

    def unmet(self, need: StrEnum, others: tuple[StrEnum, ...]) -> Any:
        """Give facts that meet all of `others` but not `need`."""
        rest = [other for other in others if other is not need]
        near = self._near(self.met(others))
        return next(facts for facts in near if not self._test(facts)(need) and all(map(self._test(facts), rest)))

    def deciding_facts(self, need: StrEnum) -> set[str]:
        """Name the facts that a need hangs on, each by itself."""
        met = self.met((need,))
        return {
            fact.name
            for fact in fields(self.facts)
            if not self._test(replace(met, **{fact.name: not getattr(met, fact.name)}))(need)
        }

    def _test(self, facts: Any) -> Any:
        row = {need: row for row in self.lifecycle.transitions for need in row.needs}
        return lambda need: need in row and self.lifecycle.first_unmet(replace(row[need], needs=(need,)), facts) is None

    def _near(self, facts: Any) -> list[Any]:
        """Give these facts, and all that differ from them in one."""
        return [facts, *(replace(facts, **{f.name: not getattr(facts, f.name)}) for f in fields(facts))]


APPLICATION: Final = Table(
    Application,
    ("backend.applications.rules", "LIFECYCLE"),
    applications_rules.LIFECYCLE,
    applications_rules.State,
    applications_rules.Action,
    applications_rules.Who,
    applications_rules.Need,
    applications_rules.Facts,
    _APPLICATION,
    first=applications_rules.State.DRAFT,
    events=frozenset(applications_events.EventKind),
    beside_the_table=frozenset({"STARTED", "IMAGE_UPLOADED", "FIELD_REVEALED"}),
    bodies=applications_events.BODIES,
)
STAFF: Final = Table(
    Staff,
    ("backend.accounts.rules", "STAFF_LIFECYCLE"),
    staff_rules.STAFF_LIFECYCLE,
    staff_rules.StaffState,
    staff_rules.StaffAction,
    staff_rules.StaffWho,
    staff_rules.StaffNeed,
    staff_rules.StaffFacts,
    _STAFF,
    first=staff_rules.StaffState.GUEST,
    events=frozenset(accounts_events.StaffEvent),
    beside_the_table=frozenset(
        {
            "STAFF_ARRIVED",
            "STAFF_MOBILE_VERIFIED",
            "STAFF_SIGNED_IN",
            "STAFF_SESSION_ENDED",
            "STAFF_FIELD_REVEALED",
        }
    ),
    bodies=accounts_events.BODIES,
)
INVITATION: Final = Table(
    Invitation,
    ("backend.accounts.invitation_rules", "INVITATION_LIFECYCLE"),
    invitation_rules.INVITATION_LIFECYCLE,
    invitation_rules.InvitationState,
    invitation_rules.InvitationAction,
    invitation_rules.InvitationWho,
    invitation_rules.InvitationNeed,
    invitation_rules.InvitationFacts,
    _INVITATION,
    first=invitation_rules.InvitationState.OPEN,
    events=frozenset(accounts_events.InvitationEvent),
    beside_the_table=frozenset({"INVITATION_CREATED"}),
    bodies=accounts_events.BODIES,
)
ORGANISATION: Final = Table(
    Organisation,
    ("backend.accounts.organisation_rules", "ORGANISATION_LIFECYCLE"),
    organisation_rules.ORGANISATION_LIFECYCLE,
    organisation_rules.OrganisationState,
    organisation_rules.OrganisationAction,
    organisation_rules.OrganisationWho,
    organisation_rules.OrganisationNeed,
    organisation_rules.OrganisationFacts,
    _ORGANISATION,
    first=organisation_rules.OrganisationState.OPEN,
    events=frozenset(accounts_events.OrganisationEvent),
    beside_the_table=frozenset({"ORGANISATION_CREATED"}),
    bodies=accounts_events.BODIES,
)
HANDBOOK: Final = Table(
    HandbookEntry,
    ("backend.handbook.rules", "LIFECYCLE"),
    handbook_rules.LIFECYCLE,
    handbook_rules.State,
    handbook_rules.Action,
    handbook_rules.Who,
    handbook_rules.Need,
    handbook_rules.Facts,
    _HANDBOOK,
    first=handbook_rules.State.DRAFT,
    events=frozenset(handbook_events.EventKind),
    beside_the_table=frozenset({"HANDBOOK_DRAFT_STARTED", "HANDBOOK_ACKNOWLEDGED"}),
    bodies=handbook_events.BODIES,
)
TABLES: Final = (APPLICATION, STAFF, INVITATION, ORGANISATION, HANDBOOK)
