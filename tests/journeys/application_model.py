"""What must happen to an application, written from the design and from nothing of the code that does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from tests.builders.forms import a_complete_form
from tests.journeys.application_ground import PEOPLE, Person

EDITABLE: Final = ("DRAFT", "RETURNED")
ENDED: Final = ("WITHDRAWN", "REFUSED", "EXPIRED")
# The provider's path, in its order: nothing ever goes back on it.
PATH: Final = ("PROVIDER_REVIEW", "AWAITING_VERIFICATION", "AWAITING_SIGNATURE", "OPENING", "OPENED")
WITH_PROVIDER: Final = ("FILING", "PROVIDER_REJECTED", *PATH[:-1])
CLAIM: Final = timedelta(minutes=15)
HOLD: Final = timedelta(seconds=10)
UNTOUCHED: Final = timedelta(days=30)
STALE: Final = timedelta(seconds=180)

SHOWS: Final = {
    "AUDITING": "PROVIDER_REVIEW",
    "TO_BE_CONFIRMED": "AWAITING_VERIFICATION",
    "TO_BE_SIGNED": "AWAITING_SIGNATURE",
    "SIGNING": "OPENING",
    "FINISHED": "OPENED",
}


@dataclass
class Attempt:
    """What is known of one form at WeChat Pay."""

    code: str
    applyment_id: str | None = None
    raw: str = ""
    round: int = 1
    delivered: bool = False
    sent_at: datetime | None = None
    looked: bool = False


@dataclass
class Model:
    """One application as it must be."""

    id: str
    author: Person
    shop: str
    updated_at: datetime
    state: str = "DRAFT"
    version: int = 1
    filled: bool = False
    shop_named: bool = False
    owner_named: bool = False
    bank: str = "工商银行"
    held_shop: str | None = None
    allowed: bool = False
    successor: Person | None = None
    claimer: str | None = None
    claimed_until: datetime | None = None
    approver: str | None = None
    hold_until: datetime | None = None
    open_fields: set[str] = field(default_factory=set)
    unpassed: set[str] = field(default_factory=lambda: set(a_complete_form()))
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def attempt(self) -> Attempt | None:
        """The attempt in force."""
        return self.attempts[-1] if self.attempts else None

    def read_by(self, person: Person) -> bool:
        """Whether this person may know of it."""
        return (
            person.reads == "all"
            or (person.reads == "organisation" and person.organisation == self.author.organisation)
            or (person.reads == "own" and self.is_involved(person))
        )

    @property
    def filer(self) -> Person:
        """Who files it now."""
        return self.successor or self.author

    def is_author(self, person: Person) -> bool:
        """Whether this person files it and still may."""
        return person.files and person.name == self.filer.name

    def is_involved(self, person: Person) -> bool:
        """Whether this person filed it or took it over."""
        return person.name in (self.author.name, self.filer.name)

    def is_impartial(self, person: Person) -> bool:
        """Whether this person neither had to do with it nor works where it was filed."""
        return not self.is_involved(person) and person.organisation != self.author.organisation

    def is_reviewer(self, person: Person) -> bool:
        """Whether this person may review it."""
        return person.reviews and self.is_impartial(person)

    def is_hq(self, person: Person) -> bool:
        """Whether this person settles what WeChat Pay says of it."""
        return person.settles and self.is_impartial(person)

    def claim_runs(self, now: datetime) -> bool:
        """Whether somebody holds its review."""
        return self.claimed_until is not None and self.claimed_until > now

    def is_claimer(self, person: Person, now: datetime) -> bool:
        """Whether this person holds its review."""
        return self.is_reviewer(person) and self.claimer == person.name and self.claim_runs(now)

    def seen_clear_by(self, person: Person, now: datetime) -> bool:
        """Whether this person sees it in clear: the author's open draft, the reviewer's claim."""
        if not self.read_by(person):
            return False
        return (self.is_author(person) and self.state in EDITABLE) or (
            self.is_claimer(person, now) and self.state == "IN_REVIEW"
        )

    # What may be done.

    @property
    def is_unfinished(self) -> bool:
        """Whether somebody still has to do, or follow, something about it."""
        return self.state not in (*ENDED, "OPENED")

    def may_submit(self, person: Person, others: list[Model]) -> bool:
        """Complete, consented, and no other live application for the shop."""
        taken = not self.allowed and any(other.held_shop == self.shop for other in others if other is not self)
        return self.is_author(person) and self.state in EDITABLE and self.filled and self.owner_named and not taken

    def may_withdraw(self, person: Person, reason: str) -> bool:
        """Author or HQ, with a reason, until it has ended or opened."""
        return (
            bool(reason)
            and (self.is_author(person) or self.is_hq(person))
            and self.state not in (*ENDED, "OPENED", "ABANDONED")
        )

    def may_decide(
        self, person: Person, now: datetime, decision: str, *, reason: str, fields: bool, passed: bool
    ) -> bool:
        """The claimer while it is in review, HQ after WeChat Pay has spoken."""
        reviewing = self.state == "IN_REVIEW" and self.is_claimer(person, now)
        rejected = self.state == "PROVIDER_REJECTED" and self.is_hq(person)
        voided = self.state == "VOIDED" and self.is_hq(person)
        match decision:
            case "APPROVE":
                return reviewing and (passed or not self.unpassed)
            case "RETURN":
                return (reviewing or rejected) and fields
            case "REFUSE":
                return (reviewing or rejected) and bool(reason)
            case _:
                return (rejected or voided) and bool(reason)

    # What comes of it.

    def enter(self, state: str, now: datetime) -> None:
        """Go to a state; the same one counts as a change too."""
        self.state, self.version, self.updated_at = state, self.version + 1, now
        if state in ENDED:
            self.held_shop = None
        if state in (*ENDED, "APPROVED", "RETURNED"):
            self.claimer = self.claimed_until = None

    def give_back(self, fields: set[str], now: datetime, *, passed: bool = False) -> None:
        """Return it for these fields."""
        self.open_fields = set(fields)
        self.unpassed = (set() if passed else self.unpassed) | fields
        self.enter("RETURNED", now)

    def refile(self, now: datetime) -> None:
        """HQ files again: a voided form the way of an approval, any other under its own code."""
        if self.state == "VOIDED":
            self.hold_until = now
            self.enter("APPROVED", now)
            return
        self.next_round()
        self.enter("FILING", now)

    def next_round(self) -> None:
        """The same code once more."""
        assert self.attempt is not None
        self.attempt.round += 1
        self.attempt.delivered = self.attempt.looked = False
        self.attempt.sent_at = None

    def file(self, now: datetime) -> None:
        """The hold is over: a new code only where there is none, or where the old form is void."""
        if self.attempt is None or self.attempt.raw == "CANCELED":
            self.attempts.append(Attempt(f"{len(self.attempts) + 1}"))
        else:
            self.next_round()
        self.enter("FILING", now)

    def accept(self, applyment_id: str, now: datetime) -> None:
        """WeChat Pay has the form."""
        assert self.attempt is not None
        self.attempt.applyment_id, self.attempt.delivered, self.attempt.looked = applyment_id, True, False
        if self.state == "FILING":
            self.enter("PROVIDER_REVIEW", now)

    def reject(self, fields: set[str], now: datetime) -> None:
        """WeChat Pay does not want it: the staff mend what is named, HQ reads what is not."""
        if self.state == "ABANDONED":
            self.enter("WITHDRAWN", now)
            return
        self.enter("PROVIDER_REJECTED", now)
        if fields:
            self.give_back(fields, now)

    def observe(self, raw: str, fields: set[str], now: datetime) -> None:
        """Take in what WeChat Pay shows; `raw` without its prefix, `fields` those of a rejection if all are ours."""
        attempt = self.attempt
        assert attempt is not None
        fresh = attempt.sent_at is not None and now - attempt.sent_at < STALE
        if raw in ("REJECTED", "EDITTING") and attempt.round > 1 and not attempt.looked and attempt.delivered and fresh:
            return
        before, attempt.raw, attempt.looked = attempt.raw, raw, True
        if raw == "EDITTING":
            self._observe_editing(before, now)
        elif raw == "REJECTED":
            if self.state not in ("OPENING", "PROVIDER_REJECTED"):
                self.reject(fields, now)
        elif raw == "CANCELED":
            self.enter("WITHDRAWN" if self.state == "ABANDONED" else "VOIDED", now)
        elif raw in SHOWS:
            self._observe_forward(SHOWS[raw], now)

    def _observe_editing(self, before: str, now: datetime) -> None:
        """Sent again once by ourselves; then HQ looks at it."""
        if self.state == "PROVIDER_REVIEW":
            if before == "EDITTING":
                self.reject(set(), now)
            else:
                self.next_round()

    def _observe_forward(self, target: str, now: datetime) -> None:
        """Any jump forward; what was abandoned only ends."""
        if self.state == "ABANDONED":
            if target == "OPENED":
                self.enter("OPENED", now)
        elif self.state in PATH and PATH.index(target) > PATH.index(self.state):
            self.enter(target, now)


__all__ = ["CLAIM", "EDITABLE", "ENDED", "HOLD", "PATH", "PEOPLE", "UNTOUCHED", "WITH_PROVIDER", "Attempt", "Model"]
