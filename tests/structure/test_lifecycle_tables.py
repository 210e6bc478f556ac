"""Every life cycle's table against the design: every state, every action, everyone."""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum

import pytest
from tortoise import Tortoise

from backend.foundation.database import APP_LABEL
from backend.foundation.lifecycle import IllegalMove, NeedUnmet, NotYours
from backend.foundation.subjects import Subject
from backend.messaging.events import BODIES as INBOX_BODIES
from backend.messaging.events import InboxEvent
from schema.texts.refusals import REFUSALS
from tests.structure.source import imports, modules, place
from tests.structure.tables import TABLES, Cell, Outcome, Table

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.subject.__name__)

# Subjects whose facts are told and who stand nowhere: they have no table, so nothing moves them.
WITHOUT_TABLE = {"Inbox": frozenset(InboxEvent)}


def test_every_table_of_the_code_is_tested_here() -> None:
    """A new life cycle is written down in `tables.py`, and is then held to everything below."""
    found = {
        (module.name, node.target.id)
        for module in modules("backend")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "Lifecycle"
    }
    assert found == {table.place for table in TABLES}


@pytest.mark.usefixtures("database")
def test_every_subject_has_its_table() -> None:
    """Whatever carries a state has a table that moves it, or stands here among those that nothing moves."""
    apps = Tortoise.apps
    assert apps is not None
    subjects = {model.__name__ for model in apps[APP_LABEL].values() if issubclass(model, Subject)}
    assert subjects == {table.subject.__name__ for table in TABLES} | WITHOUT_TABLE.keys()


@each_table
def test_every_cell_is_what_the_design_says(table: Table) -> None:
    """For every state, action and person the table has exactly the design's rows, in targets, needs and event."""
    actual: dict[Cell, list[Outcome]] = {}
    for row in table.lifecycle.transitions:
        for state, who in itertools.product(row.sources, row.who):
            actual.setdefault((state, row.action, who), []).append((row.targets, row.needs, row.event))
    expected = table.expected()
    differing = [cell for cell in table.cells if actual.get(cell) != expected.get(cell)]
    assert differing == []


@each_table
def test_every_cell_behaves_as_the_design_says(table: Table) -> None:
    """Whoever tries any action in any state gets what the design says, or the refusal that says why not."""
    expected, lifecycle = table.expected(), table.lifecycle
    possible = {(state, action) for state, action, _ in expected}
    for state, action, who in table.cells:
        standing = frozenset({who})
        outcomes = expected.get((state, action, who))
        if outcomes is None:
            refusal = NotYours if (state, action) in possible else IllegalMove
            with pytest.raises(refusal):
                lifecycle.find(state, action, to=None, standing=standing, facts=table.facts())
            continue
        [(targets, needs, event)] = outcomes
        for target in targets or (state,):
            to = target if len(targets) > 1 else None
            row, reached = lifecycle.find(state, action, to=to, standing=standing, facts=table.met(needs))
            assert (row.event, reached) == (event, target)
            for need in needs:
                with pytest.raises(NeedUnmet) as refused:
                    lifecycle.find(state, action, to=to, standing=standing, facts=table.unmet(need, needs))
                assert refused.value.need == need


@each_table
def test_nobody_can_jump_to_a_state_the_row_does_not_name(table: Table) -> None:
    """Choosing a target chooses among the row's own: any other is refused, whoever asks."""
    for (state, action, who), [(targets, needs, _)] in table.expected().items():
        for other in set(table.states) - set(targets):
            with pytest.raises(IllegalMove):
                table.lifecycle.find(state, action, to=other, standing=frozenset({who}), facts=table.met(needs))


@each_table
def test_what_is_shown_as_available_is_what_can_be_done(table: Table) -> None:
    """For every set of up to two standings in every state: an action is listed as allowed just where it would go."""
    standings = [frozenset(who) for size in (0, 1, 2) for who in itertools.combinations(table.who, size)]
    every_need = {need for row in table.lifecycle.transitions for need in row.needs}
    facts = [table.facts(), *(table.unmet(need, (need,)) for need in sorted(every_need))]
    for state, standing, known in itertools.product(table.states, standings, facts):
        listed = {item.action: item for item in table.lifecycle.available(state, standing, known)}
        for action in table.actions:
            to = _one_of_several(table, state, action)
            try:
                table.lifecycle.find(state, action, to=to, standing=standing, facts=known)
                blocked_reason = None
            except NeedUnmet as error:
                blocked_reason = error.need
            except (IllegalMove, NotYours):
                assert action not in listed
                continue
            assert listed[action].blocked_reason == blocked_reason
            assert listed[action].allowed is (blocked_reason is None)


def _one_of_several(table: Table, state: StrEnum, action: StrEnum) -> StrEnum | None:
    """Give one of the states to choose from; None where there is no choice."""
    rows = [row for row in table.lifecycle.transitions if row.action == action and state in row.sources]
    return next((row.targets[0] for row in rows if len(row.targets) > 1), None)


@each_table
def test_each_need_hangs_on_one_fact(table: Table) -> None:
    """A need hangs on one fact and on no other, and no fact is there for nothing."""
    deciding = {need: table.deciding_facts(need) for need in table.needs}
    assert {need: len(names) for need, names in deciding.items()} == dict.fromkeys(table.needs, 1)
    assert {name for names in deciding.values() for name in names} == set(table.facts.__dataclass_fields__)


@each_table
def test_words_are_all_used(table: Table) -> None:
    """No need, action or standing without a row."""
    rows = table.lifecycle.transitions
    assert {need for row in rows for need in row.needs} == set(table.needs)
    assert {row.action for row in rows} == set(table.actions)
    assert {who for row in rows for who in row.who} == set(table.who)


@each_table
def test_every_state_can_be_reached(table: Table) -> None:
    """From a new subject there is a way to every state."""
    reached, more = {table.first}, {table.first}
    while more:
        more = {to for row in table.lifecycle.transitions if row.sources & more for to in row.targets} - reached
        reached |= more
    assert reached == set(table.states)


@each_table
def test_event_kinds_are_all_used_and_all_described(table: Table) -> None:
    """Each kind is left by a row, or is one of the facts that no row leaves; each has its body written down."""
    left = {row.event for row in table.lifecycle.transitions}
    assert left | table.beside_the_table == table.events
    assert left & table.beside_the_table == set()
    assert table.events <= {str(kind) for kind in table.bodies}


def test_no_two_subjects_share_a_kind_of_event() -> None:
    """Reactions are keyed by the kind alone: one that two types left would be answered for both."""
    kinds = [kind for table in TABLES for kind in table.events]
    kinds += [kind for events in WITHOUT_TABLE.values() for kind in events]
    assert [kind for kind, count in Counter(map(str, kinds)).items() if count > 1] == []


@each_table
def test_every_need_has_its_sentence(table: Table) -> None:
    """A blocked action tells the code of its need, and somebody reads what to do about it."""
    assert {str(need) for need in table.needs} <= REFUSALS.keys()


def _facts_beside_the_tables() -> Iterator[tuple[str, str, set[str]]]:
    """Find every fact recorded without `move`: where, its kind, and the members written out in its body."""
    for module in modules("backend"):
        if module.name == "backend.foundation.lifecycle":
            continue
        imported = {item.imported.rpartition(".")[2]: item.imported for item in imports(module)}
        for function in ast.walk(module.tree):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record":
                    _, kind, body = node.args
                    where = place(module, node)
                    assert isinstance(kind, ast.Attribute), f"{where}: name the kind where it is recorded"
                    assert isinstance(kind.value, ast.Name), f"{where}: name the kind where it is recorded"
                    yield where, f"{imported[kind.value.id]}.{kind.attr}", _members(function, body, where)


def _members(function: ast.AST, body: ast.expr, where: str) -> set[str]:
    """Name the members of a body that is written out, in its place or as a name given in the same function."""
    if isinstance(body, ast.Name):
        [body] = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == body.id
        ]
    assert isinstance(body, ast.Dict), f"{where}: write the body out in the function that records it"
    return {str(key.value) for key in body.keys if isinstance(key, ast.Constant)}


def test_facts_hold_what_the_catalogue_says() -> None:
    """What is recorded without a table holds no member that the catalogue of events does not name."""
    bodies = {
        f"{type(kind).__module__}.{type(kind).__name__}.{kind.name}": members | {"from", "to"}
        for catalogue in (*(table.bodies for table in TABLES), INBOX_BODIES)
        for kind, members in catalogue.items()
    }
    recorded = list(_facts_beside_the_tables())
    assert len(recorded) > 5
    wrong = [f"{where}: {kind} may not hold {more}" for where, kind, said in recorded if (more := said - bodies[kind])]
    assert wrong == [], "\n".join(wrong)
