"""The handbook's table: every state, every action, everyone."""

from __future__ import annotations

import itertools

import pytest

from backend.foundation.lifecycle import IllegalMove, NeedUnmet, NotYours
from backend.handbook.events import BODIES, EventKind
from backend.handbook.models import HandbookEntry
from backend.handbook.rules import LIFECYCLE, NEEDS, TRANSITIONS, Action, Facts, Need, State, Who

# What leads where; every other pair of state and action is refused.
EXPECTED = {
    (State.DRAFT, Action.SAVE): (State.DRAFT, ()),
    (State.DRAFT, Action.PUBLISH): (State.PUBLISHED, (Need.NOT_PAST,)),
    (State.DRAFT, Action.DISCARD): (State.DISCARDED, ()),
    (State.PUBLISHED, Action.RETIRE): (State.RETIRED, (Need.NOT_PAST, Need.NOT_SUPERSEDED, Need.NOT_RELIED_ON)),
}
UNMET = {
    Need.NOT_PAST: Facts(past=True),
    Need.NOT_SUPERSEDED: Facts(superseded=True),
    Need.NOT_RELIED_ON: Facts(relied_on=True),
}
EDITOR = frozenset({Who.EDITOR})


@pytest.mark.parametrize(("state", "action"), list(itertools.product(State, Action)))
def test_every_cell(state: State, action: Action) -> None:
    """An editor does what the table says, when its needs are met; nobody else does anything."""
    if (state, action) not in EXPECTED:
        with pytest.raises(IllegalMove):
            LIFECYCLE.find(state, action, to=None, standing=EDITOR, facts=Facts())
        return
    target, needs = EXPECTED[state, action]
    row, reached = LIFECYCLE.find(state, action, to=None, standing=EDITOR, facts=Facts())
    assert (reached, row.needs) == (target, needs)
    with pytest.raises(NotYours):
        LIFECYCLE.find(state, action, to=None, standing=frozenset(), facts=Facts())
    for need in needs:
        with pytest.raises(NeedUnmet) as refused:
            LIFECYCLE.find(state, action, to=None, standing=EDITOR, facts=UNMET[need])
        assert refused.value.need == need


def test_everything_is_used() -> None:
    """No need without a row and its test, no kind of event without a row or a use case and its body."""
    assert {need for row in TRANSITIONS for need in row.needs} == set(Need) == NEEDS.keys() == UNMET.keys()
    beside_the_table = {EventKind.DRAFT_STARTED, EventKind.ACKNOWLEDGED}
    assert {EventKind(row.event) for row in TRANSITIONS} | beside_the_table == set(EventKind) == BODIES.keys()


@pytest.mark.usefixtures("database")
def test_what_entering_a_state_sets_are_columns() -> None:
    """The end of a draft makes room for another."""
    columns = HandbookEntry._meta.fields_db_projection.keys()  # noqa: SLF001 - no public name
    assert all(set(sets) <= columns for sets in LIFECYCLE.on_entry.values())
