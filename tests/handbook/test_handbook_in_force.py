"""Which version is in force on a day: pure, over any history of publishing and retiring."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handbook.content import Contact, ContactChannel, Kind, Notice, RateTerms
from backend.handbook.handbook import Handbook, NoNoticeYet, version_name
from backend.handbook.rules import START_NOTICE
from tests.builders.handbook import an_entry, the_shipped

DAY = date(2026, 6, 1)
TEXT = Notice(("一",))
# Of each version, in the order of their numbers: its first day, and from when it is retired.
History = list[tuple[date, date | None]]
_days = st.integers(0, 12).map(lambda days: DAY + timedelta(days=days))
HISTORIES = st.lists(st.tuples(_days, st.none() | _days), max_size=5)


def _handbook(history: History) -> Handbook:
    return Handbook(
        an_entry(TEXT, number=number, effective_on=effective_on, retired_on=retired_on)
        for number, (effective_on, retired_on) in enumerate(history, start=1)
    )


@given(HISTORIES, _days)
def test_the_last_to_take_effect_is_in_force(history: History, on: date) -> None:
    """Of those whose day has come; retired by its first day one never takes effect, retired later it ends the entry."""
    begun = [
        (effective_on, number, retired_on)
        for number, (effective_on, retired_on) in enumerate(history, start=1)
        if effective_on <= on and (retired_on is None or retired_on > effective_on)
    ]
    expected = None
    if begun:
        _, number, retired_on = max(begun, key=lambda item: item[:2])
        expected = number if retired_on is None or on < retired_on else None
    entry = _handbook(history).entry_on(Kind.NOTICE, "X", on)
    assert (entry.number if entry else None) == expected


@given(HISTORIES, _days)
def test_what_is_in_force_or_will_be_is_not_superseded(history: History, on: date) -> None:
    """Everything else has had its time."""
    handbook = _handbook(history)
    entry = handbook.entry_on(Kind.NOTICE, "X", on)
    for number, (effective_on, retired_on) in enumerate(history, start=1):
        ahead = effective_on > on and (retired_on is None or retired_on > effective_on)
        if ahead or (entry is not None and entry.number == number):
            assert not handbook.is_superseded(Kind.NOTICE, "X", number, on)
        elif entry is not None:
            assert handbook.is_superseded(Kind.NOTICE, "X", number, on)


def test_a_later_version_does_not_change_the_past() -> None:
    """A day that has been keeps its version, whatever is published after it."""
    first = an_entry(TEXT, number=1, effective_on=DAY)
    second = an_entry(TEXT, number=2, effective_on=DAY + timedelta(days=5))
    for on in (DAY, DAY + timedelta(days=4)):
        assert Handbook([first, second]).entry_on(Kind.NOTICE, "X", on) == first
    assert Handbook([first, second]).before(Kind.NOTICE, "X", 2) == first
    assert Handbook([first, second]).before(Kind.NOTICE, "X", 1) is None


def test_what_is_in_force_is_listed_by_its_place() -> None:
    """By position, then by code; each code once."""
    contact = Contact(ContactChannel.QQ, "10001")
    entries = [
        an_entry(contact, code="B", position=1, effective_on=DAY),
        an_entry(contact, code="A", position=1, effective_on=DAY),
        an_entry(contact, code="C", position=0, effective_on=DAY),
        an_entry(contact, code="D", position=0, effective_on=DAY + timedelta(days=1)),
    ]
    assert [entry.code for entry in Handbook(entries).of_type(Contact, DAY)] == ["C", "A", "B"]
    assert Handbook(entries).in_force(Kind.NOTICE, DAY) == []


def test_the_notice_of_a_start_is_the_one_in_force() -> None:
    """A day before the first has none."""
    handbook = Handbook(the_shipped().values())
    assert handbook.start_notice(date(2026, 1, 1)).code == START_NOTICE
    with pytest.raises(NoNoticeYet):
        handbook.start_notice(date(2025, 12, 31))


def test_a_version_has_a_name_of_its_own() -> None:
    """The month it took effect in; from the second on with its number."""
    assert version_name(date(2026, 1, 1), 1) == "2026-01"
    assert version_name(date(2026, 1, 9), 2) == "2026-01.2"


def test_a_retired_plan_is_known_as_ended() -> None:
    """Staff who chose it are told that it has expired, not that there is no such plan."""
    terms = RateTerms(DAY, None, "0.6", "703", "餐饮")
    plans = Handbook([an_entry(terms, effective_on=DAY, retired_on=DAY + timedelta(days=3))]).rate_plans
    assert list(plans(DAY + timedelta(days=2)).offered) == ["X"]
    assert plans(DAY + timedelta(days=3)).offered == {}
    assert plans(DAY + timedelta(days=3)).ended == {"X"}
    assert plans(DAY - timedelta(days=1)).ended == frozenset()
