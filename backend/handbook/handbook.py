"""The handbook as it was published: which version of what is in force on a day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeAlias, TypeVar

from backend.handbook.content import KINDS, Contact, Content, Kind, Notice, PhotoGuide, RateTerms, ReturnReason
from backend.handbook.rules import START_NOTICE

ContentT = TypeVar("ContentT", Notice, PhotoGuide, ReturnReason, Contact, RateTerms)
# The same in a result, where any kind may stand.
ContentT_co = TypeVar("ContentT_co", bound=Content, covariant=True)


@dataclass(frozen=True, slots=True)
class Entry(Generic[ContentT_co]):
    """One published version; `retired_on` is the first day on which it is in force no more."""

    id: str
    kind: Kind
    code: str
    number: int
    position: int
    title: str
    needs_acknowledgement: bool
    effective_on: date
    retired_on: date | None
    content: ContentT_co

    @property
    def version_name(self) -> str:
        """Give what the version is called among people: the month it took effect in, and its number after the first."""
        return version_name(self.effective_on, self.number)

    def comes_into_force(self) -> bool:
        """Tell whether it ever is in force; one that is retired before its first day never is."""
        return self.retired_on is None or self.retired_on > self.effective_on


RatePlan: TypeAlias = Entry[RateTerms]


def version_name(effective_on: date, number: int) -> str:
    """Give what a published version is called among people."""
    month = f"{effective_on:%Y-%m}"
    return month if number == 1 else f"{month}.{number}"


class NoNoticeYet(LookupError):
    """A day before the first notice."""


@dataclass(frozen=True, slots=True)
class RatePlans:
    """The rate plans as they stand on a day: those that may be filed, in the order they are offered, and what was."""

    offered: Mapping[str, RatePlan]
    ended: frozenset[str]


class Handbook:
    """Published versions, of all kinds or of those that were read."""

    def __init__(self, entries: Iterable[Entry[Any]]) -> None:
        """Take the versions in any order."""
        self._versions: dict[tuple[Kind, str], list[Entry[Any]]] = {}
        for entry in sorted(entries, key=lambda entry: (entry.effective_on, entry.number)):
            self._versions.setdefault((entry.kind, entry.code), []).append(entry)

    def entry_on(self, kind: Kind, code: str, on: date) -> Entry[Any] | None:
        """Give the version in force on a day: the last that took effect. None before the first, and once retired."""
        begun = self._begun(kind, code, on)
        return begun if begun is not None and (begun.retired_on is None or on < begun.retired_on) else None

    def in_force(self, kind: Kind, on: date) -> list[Entry[Any]]:
        """List what is in force on a day of one kind, in the order it is shown."""
        codes = [code for of_kind, code in self._versions if of_kind is kind]
        found = [entry for code in codes if (entry := self.entry_on(kind, code, on)) is not None]
        return sorted(found, key=lambda entry: (entry.position, entry.code))

    def of_type(self, content: type[ContentT], on: date) -> list[Entry[ContentT]]:
        """List what is in force on a day, by the type of its content."""
        return self.in_force(KINDS[content], on)

    def is_superseded(self, kind: Kind, code: str, number: int, on: date) -> bool:
        """Tell whether a version has had its time: another took effect after it, or it never comes into force."""
        begun = self._begun(kind, code, on)
        if begun is not None and begun.number == number:
            return False
        return not any(
            entry.number == number and entry.effective_on > on and entry.comes_into_force()
            for entry in self._versions.get((kind, code), ())
        )

    def before(self, kind: Kind, code: str, number: int) -> Entry[Any] | None:
        """Give the version that was published before this one; None for the first."""
        earlier = [entry for entry in self._versions.get((kind, code), ()) if entry.number < number]
        return max(earlier, key=lambda entry: entry.number, default=None)

    def start_notice(self, on: date) -> Entry[Notice]:
        """Give the notice to acknowledge before an application. Refuses a day before the first with `NoNoticeYet`."""
        notice = self.entry_on(Kind.NOTICE, START_NOTICE, on)
        if notice is None:
            raise NoNoticeYet
        return notice

    def rate_plans(self, on: date) -> RatePlans:
        """Give the rate plans as they stand on a day."""
        offered = {plan.code: plan for plan in self.of_type(RateTerms, on) if plan.content.may_be_filed(on)}
        begun = (
            plan
            for kind, code in self._versions
            if kind is Kind.RATE_PLAN and (plan := self._begun(kind, code, on)) is not None
        )
        known = {plan.code for plan in begun if plan.content.valid_from <= on}
        return RatePlans(offered, frozenset(known - offered.keys()))

    def _begun(self, kind: Kind, code: str, on: date) -> Entry[Any] | None:
        """Give the last version that took effect by a day, retired since or not."""
        begun = [
            entry
            for entry in self._versions.get((kind, code), ())
            if entry.effective_on <= on and entry.comes_into_force()
        ]
        return begun[-1] if begun else None
