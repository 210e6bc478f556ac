"""The application table against the design: every state, every action, everyone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Final

import pytest

from backend.applications.events import BODIES, EventKind
from backend.applications.models import Application
from backend.applications.rules import (
    AWAITING,
    EDITABLE,
    ENDED,
    ENDING_ACTIONS,
    LIFECYCLE,
    LIVE,
    NEEDS,
    PROVIDER_PATH,
    STAGES,
    TRANSITIONS,
    WITH_PROVIDER,
    Action,
    Facts,
    Need,
    Stage,
    State,
    Who,
    is_forward,
)
from backend.foundation.lifecycle import IllegalMove, NeedUnmet, NotYours

# from | action | who | to | needs | event. Written down from the design, not from the code. `=` stays as it is.
# Claiming, releasing and allowing a double are the design's words about the queue and the shop's key.
DESIGN: Final = """
DRAFT RETURNED | SAVE | AUTHOR | = | | DRAFT_SAVED
DRAFT RETURNED | SUBMIT | AUTHOR | IN_REVIEW | COMPLETE CONSENT POLICIES NO_DUPLICATE | SUBMITTED
DRAFT RETURNED | ALLOW_DUPLICATE | HQ | = | REASON | DUPLICATE_ALLOWED
DRAFT RETURNED | EXPIRE | SYSTEM | EXPIRED | UNTOUCHED | EXPIRED
DRAFT IN_REVIEW RETURNED APPROVED | WITHDRAW | AUTHOR HQ | WITHDRAWN | REASON | WITHDRAWN
IN_REVIEW | CLAIM | REVIEWER | = | UNCLAIMED | CLAIMED
IN_REVIEW | RELEASE | CLAIMER | = | | CLAIM_RELEASED
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
"""  # noqa: E501 - one row a line

# What a row leads to, what it needs, and which event it leaves.
Outcome = tuple[tuple[State, ...], tuple[Need, ...], str]


def _design() -> dict[tuple[State, Action, Who], list[Outcome]]:
    expected: dict[tuple[State, Action, Who], list[Outcome]] = {}
    for line in DESIGN.strip().splitlines():
        sources, actions, who, targets, needs, event = (part.split() for part in line.split("|"))
        for source, action, somebody in itertools.product(sources, actions, who):
            state = State(source)
            to = () if targets == ["="] else tuple(State(name) for name in targets)
            expected.setdefault((state, Action(action), Who(somebody)), []).append(
                (to, tuple(Need[name] for name in needs), event[0])
            )
    return expected


EXPECTED: Final = _design()
CELLS: Final = tuple(itertools.product(State, Action, Who))

# For each need, the facts that do not meet it, from facts that meet all others.
UNMET: Final[Mapping[Need, Facts]] = {
    Need.COMPLETE: Facts(complete=False),
    Need.CONSENT: Facts(consented=False),
    Need.NO_DUPLICATE: Facts(duplicate=True),
    Need.POLICIES: Facts(policies_satisfied=False),
    Need.UNTOUCHED: Facts(untouched=False),
    Need.REASON: Facts(reason_given=False),
    Need.FIELD_REASONS: Facts(field_reasons_given=False),
    Need.UNCLAIMED: Facts(claimed_by_another=True),
    Need.FIELDS_PASSED: Facts(fields_passed=False),
    Need.MEMBERSHIP: Facts(membership_settled=False),
    Need.HOLD_RUNNING: Facts(hold_over=True),
    Need.HOLD_OVER: Facts(hold_over=False),
    Need.CHANNEL_OPEN: Facts(channel_open=False),
    Need.PROVIDER_ID: Facts(provider_id_known=False),
    Need.ALL_REASONS_MAPPED: Facts(all_reasons_mapped=False),
    Need.FORWARD: Facts(forward=False),
}


def _all_met(needs: tuple[Need, ...]) -> Facts:
    return Facts(hold_over=Need.HOLD_RUNNING not in needs)


def test_every_cell_is_what_the_design_says() -> None:
    """For every state, action and person the table has exactly the design's rows, in targets, needs and event."""
    actual: dict[tuple[State, Action, Who], list[Outcome]] = {}
    for row in TRANSITIONS:
        for state, who in itertools.product(row.sources, row.who):
            actual.setdefault((state, row.action, who), []).append((row.targets, row.needs, row.event))
    differing = [cell for cell in CELLS if actual.get(cell) != EXPECTED.get(cell)]
    assert differing == []


def test_every_cell_behaves_as_the_design_says() -> None:
    """Whoever tries any action in any state gets what the design says, or the refusal that says why not."""
    possible = {(state, action) for state, action, _ in EXPECTED}
    for state, action, who in CELLS:
        standing = frozenset({who})
        outcomes = EXPECTED.get((state, action, who))
        if outcomes is None:
            refusal = NotYours if (state, action) in possible else IllegalMove
            with pytest.raises(refusal):
                LIFECYCLE.find(state, action, to=None, standing=standing, facts=Facts())
            continue
        [(targets, needs, event)] = outcomes
        for target in targets or (state,):
            to = target if len(targets) > 1 else None
            row, reached = LIFECYCLE.find(state, action, to=to, standing=standing, facts=_all_met(needs))
            assert (row.event, reached) == (event, target)
            for need in needs:
                with pytest.raises(NeedUnmet) as refused:
                    LIFECYCLE.find(state, action, to=to, standing=standing, facts=UNMET[need])
                assert refused.value.need in needs


def test_nobody_can_jump_to_a_state_the_row_does_not_name() -> None:
    """Choosing a target chooses among the row's own: any other is refused, whoever asks."""
    for (state, action, who), [(targets, needs, _)] in EXPECTED.items():
        for other in set(State) - set(targets):
            with pytest.raises(IllegalMove):
                LIFECYCLE.find(state, action, to=other, standing=frozenset({who}), facts=_all_met(needs))


@pytest.mark.parametrize("need", list(Need))
def test_each_need_is_met_and_unmet_by_one_fact(need: Need) -> None:
    """A need hangs on one fact and on no other."""
    met, unmet = _all_met((need,)), UNMET[need]
    assert NEEDS[need](met)
    assert not NEEDS[need](unmet)
    decisive = {
        fact.name for fact in fields(Facts) if not NEEDS[need](replace(met, **{fact.name: not getattr(met, fact.name)}))
    }
    assert len(decisive) == 1


def test_needs_and_facts_are_all_used() -> None:
    """No need without a row, no row without a tested need, no need without its test."""
    assert {need for row in TRANSITIONS for need in row.needs} == set(Need) == NEEDS.keys() == UNMET.keys()
    assert {action for _, action, _ in EXPECTED} == set(Action)
    assert {who for _, _, who in EXPECTED} == set(Who)


def test_every_state_can_be_reached() -> None:
    """From a new draft there is a way to every state."""
    reached, more = {State.DRAFT}, {State.DRAFT}
    while more:
        more = {to for row in TRANSITIONS if row.sources & more for to in row.targets} - reached
        reached |= more
    assert reached == set(State)


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


def test_event_kinds_are_all_used_and_all_described() -> None:
    """Each kind is left by a row, or is one of the two facts that no row leaves; each has its body written down."""
    beside_the_table = {EventKind.STARTED, EventKind.IMAGE_UPLOADED}
    assert {EventKind(row.event) for row in TRANSITIONS} | beside_the_table == set(EventKind)
    assert {EventKind(row.event) for row in TRANSITIONS} & beside_the_table == set()
    assert BODIES.keys() == set(EventKind)


def test_the_sets_of_states_are_what_the_rows_say() -> None:
    """What other code asks by a set is what the table says by its rows."""

    def sources(action: Action) -> frozenset[State]:
        return frozenset(state for row in TRANSITIONS if row.action is action for state in row.sources)

    assert sources(Action.SAVE) == sources(Action.SUBMIT) == EDITABLE
    assert sources(Action.ABANDON) == WITH_PROVIDER
    assert frozenset({State.WITHDRAWN, State.REFUSED, State.EXPIRED}) == ENDED
    assert set(State) == LIVE | ENDED
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
