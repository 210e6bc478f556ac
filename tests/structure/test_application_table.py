"""What is particular about the application table: its ends, its stages, the sets other code asks by."""

from __future__ import annotations

import pytest

from backend.applications.models import Application
from backend.applications.rules import (
    AWAITING,
    EDITABLE,
    ENDED,
    ENDING_ACTIONS,
    LIFECYCLE,
    LIVE,
    PROVIDER_PATH,
    STAGES,
    TRANSITIONS,
    UNFINISHED,
    WITH_PROVIDER,
    Action,
    Stage,
    State,
    is_forward,
)


def test_the_end_is_the_end() -> None:
    """An ended or opened application has no way on; every other state has one."""
    with_way_out = {source for row in TRANSITIONS for source in row.sources if row.targets}
    assert set(State) - with_way_out == {State.OPENED, State.WITHDRAWN, State.REFUSED, State.EXPIRED}
    assert not [row for row in TRANSITIONS if row.sources & (ENDED | {State.OPENED})]


def test_every_state_ends_without_anybody() -> None:
    """From everywhere there is a way to an end: nothing can get stuck by the table itself."""
    ends = ENDED | {State.OPENED}
    leading = set(ends)
    while more := {source for row in TRANSITIONS if set(row.targets) & leading for source in row.sources} - leading:
        leading |= more
    assert leading == set(State)


def test_the_sets_of_states_are_what_the_rows_say() -> None:
    """What other code asks by a set is what the table says by its rows."""

    def sources(action: Action) -> frozenset[State]:
        return frozenset(state for row in TRANSITIONS if row.action is action for state in row.sources)

    assert sources(Action.SAVE) == sources(Action.SUBMIT) == EDITABLE
    assert sources(Action.ABANDON) == WITH_PROVIDER
    assert frozenset({State.WITHDRAWN, State.REFUSED, State.EXPIRED}) == ENDED
    assert set(State) == LIVE | ENDED
    assert sources(Action.HAND_OVER) == UNFINISHED == LIVE - {State.OPENED}
    assert not LIVE & ENDED
    assert AWAITING <= WITH_PROVIDER
    assert set(PROVIDER_PATH) - WITH_PROVIDER == {State.OPENED}


def test_each_state_has_one_word_for_ending_it() -> None:
    """Whoever wants to end an application has one action for it in each state, or none where it has ended."""
    for state in State:
        words = {row.action for row in TRANSITIONS if state in row.sources and row.action in ENDING_ACTIONS}
        assert len(words) == (0 if state in ENDED | {State.OPENED, State.ABANDONED} else 1), state


def test_every_state_has_its_stage() -> None:
    """The coarse state is defined everywhere, and an end is shown as one."""
    assert STAGES.keys() == set(State)
    assert set(STAGES.values()) == set(Stage)
    assert {state for state in State if STAGES[state] is Stage.ENDED} == ENDED | {State.ABANDONED}
    assert {state for state in State if STAGES[state] is Stage.OPENED} == {State.OPENED}
    assert {state for state in State if STAGES[state] is Stage.OWNER} == AWAITING


@pytest.mark.usefixtures("database")
def test_what_entering_a_state_sets_are_columns() -> None:
    """An end gives the shop free; a verdict of the review ends its claim; and all of it are columns that exist."""
    for state, columns in LIFECYCLE.on_entry.items():
        assert columns.keys() <= Application._meta.fields_db_projection.keys(), state  # noqa: SLF001 - no public name
    frees_the_shop = {state for state, columns in LIFECYCLE.on_entry.items() if "live_key" in columns}
    assert frees_the_shop == ENDED
    ends_the_claim = {state for state, columns in LIFECYCLE.on_entry.items() if "claimer_id" in columns}
    assert ends_the_claim == ENDED | {State.APPROVED, State.RETURNED}


@pytest.mark.parametrize("current", PROVIDER_PATH)
def test_forward_is_further_on_the_path(current: State) -> None:
    """Seeing the same or an earlier state again is no way forward; any later one is, however far."""
    here = PROVIDER_PATH.index(current)
    forward = {observed for observed in PROVIDER_PATH if is_forward(current, observed)}
    assert forward == set(PROVIDER_PATH[here + 1 :])
