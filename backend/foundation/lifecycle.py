"""Life cycles as tables, and `move`: the one function that changes a state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from backend.foundation.subjects import Subject
from backend.foundation.work import Work

StateT = TypeVar("StateT", bound=StrEnum)
ActionT = TypeVar("ActionT", bound=StrEnum)
WhoT = TypeVar("WhoT", bound=StrEnum)
NeedT = TypeVar("NeedT", bound=StrEnum)
FactsT = TypeVar("FactsT")


@dataclass(frozen=True, slots=True)
class Transition(Generic[StateT, ActionT, WhoT, NeedT]):
    """One row: in any of `sources`, `action` by one of `who` leads to one of `targets` if every need is met.

    An empty `targets` means that the state stays as it is. `event` is the kind of fact it leaves in the log.
    """

    sources: frozenset[StateT]
    action: ActionT
    targets: tuple[StateT, ...]
    who: frozenset[WhoT]
    needs: tuple[NeedT, ...]
    event: str


@dataclass(frozen=True, slots=True)
class Availability(Generic[ActionT]):
    """What a person can do now, or why not: `blocked_reason` is the code of the first unmet need."""

    action: ActionT
    allowed: bool
    blocked_reason: str | None


class MoveRefused(Exception):
    """A move that the table does not allow. `code` is stable, `state` is where the subject stands."""

    code = "NOT_ALLOWED"

    def __init__(self, action: str, state: str) -> None:
        super().__init__(f"{action} refused in {state}: {self.code}")
        self.action = action
        self.state = state


class IllegalMove(MoveRefused):
    """No row of the table has this action in this state."""

    code = "ILLEGAL_STATE"


class NotYours(MoveRefused):
    """The action exists in this state, but for others."""

    code = "NOT_ALLOWED"


class NeedUnmet(MoveRefused):
    """The action is this person's to take, but something must be true first; `need` says what."""

    code = "NEED_UNMET"

    def __init__(self, action: str, state: str, need: str) -> None:
        super().__init__(action, state)
        self.need = need


class StaleVersion(Exception):
    """Somebody changed the subject since the caller looked. Carries both versions and the state it is in now."""

    def __init__(self, *, expected: int, current: int, state: str) -> None:
        super().__init__(f"expected version {expected}, is {current}")
        self.expected = expected
        self.current = current
        self.state = state


class Lifecycle(Generic[StateT, ActionT, WhoT, NeedT, FactsT]):
    """A table of transitions with the tests of its needs. Pure: it reads no database and knows no clock."""

    def __init__(
        self,
        transitions: Iterable[Transition[StateT, ActionT, WhoT, NeedT]],
        needs: Mapping[NeedT, Callable[[FactsT], bool]],
        on_entry: Mapping[StateT, Mapping[str, Any]],
    ) -> None:
        """Take the rows, the test of each need, and the columns that entering a state sets."""
        self.transitions = tuple(transitions)
        self.on_entry = on_entry
        self._needs = needs
        self._by_key: dict[tuple[StateT, ActionT], list[Transition[StateT, ActionT, WhoT, NeedT]]] = {}
        for row in self.transitions:
            for source in row.sources:
                self._by_key.setdefault((source, row.action), []).append(row)

    def find(
        self, state: StateT, action: ActionT, *, to: StateT | None, standing: frozenset[WhoT], facts: FactsT
    ) -> tuple[Transition[StateT, ActionT, WhoT, NeedT], StateT]:
        """Give the row that applies and the state it leads to.

        `to` chooses among several targets, and must where there are several. Refuses with `IllegalMove`, `NotYours` or
        `NeedUnmet`, in this order.
        """
        rows = self._by_key.get((state, action), [])
        if to is not None:
            rows = [row for row in rows if to in row.targets]
        if not rows:
            raise IllegalMove(action, state)
        mine = [row for row in rows if row.who & standing]
        if not mine:
            raise NotYours(action, state)
        unmet: NeedT | None = None
        for row in mine:
            missing = self.first_unmet(row, facts)
            if missing is None:
                return row, self._target(row, state, to)
            unmet = unmet or missing
        assert unmet is not None  # noqa: S101 - `mine` is not empty, and no row of it had all its needs met
        raise NeedUnmet(action, state, unmet)

    def first_unmet(self, row: Transition[StateT, ActionT, WhoT, NeedT], facts: FactsT) -> NeedT | None:
        """Give the first need of `row` that `facts` do not meet, in the table's order."""
        return next((need for need in row.needs if not self._needs[need](facts)), None)

    def available(self, state: StateT, standing: frozenset[WhoT], facts: FactsT) -> list[Availability[ActionT]]:
        """List the actions that are this person's to take in this state, in the table's order."""
        listed: dict[ActionT, Availability[ActionT]] = {}
        for row in self.transitions:
            if state not in row.sources or not row.who & standing or listed.get(row.action, _NOT_ALLOWED).allowed:
                continue
            need = self.first_unmet(row, facts)
            listed[row.action] = Availability(row.action, allowed=need is None, blocked_reason=need)
        return list(listed.values())

    @staticmethod
    def _target(row: Transition[StateT, ActionT, WhoT, NeedT], state: StateT, to: StateT | None) -> StateT:
        if to is not None:
            return to
        if len(row.targets) > 1:
            raise ValueError(f"{row.action} leads to several states: say which")
        return row.targets[0] if row.targets else state


_NOT_ALLOWED: Availability[Any] = Availability(None, allowed=False, blocked_reason=None)


async def move(
    work: Work,
    table: Lifecycle[StateT, ActionT, WhoT, NeedT, FactsT],
    subject: Subject,
    action: ActionT,
    *,
    standing: frozenset[WhoT],
    facts: FactsT,
    expected_version: int | None = None,
    to: StateT | None = None,
    changes: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Apply one row of `table` to a locked subject: state, version and `changes` in its row, and one event.

    `subject` must come from `Work.lock` of the same work. `body` goes into the event beside the two states; the caller
    has masked what is sensitive in it. `expected_version` None is for the system, which decides on what it has locked.
    Refuses with `StaleVersion` before anything else, then as `Lifecycle.find`; a refusal has changed nothing.
    """
    if expected_version is not None and expected_version != subject.version:
        raise StaleVersion(expected=expected_version, current=subject.version, state=subject.state)
    state = _state_of(table, subject)
    row, target = table.find(state, action, to=to, standing=standing, facts=facts)
    columns = {**table.on_entry.get(target, {}), **(changes or {})}
    if unknown := columns.keys() - subject._meta.fields_db_projection.keys():  # noqa: SLF001 - no public name
        raise ValueError(f"{subject.subject_type} has no column {', '.join(sorted(unknown))}")
    for name, value in columns.items():
        setattr(subject, name, value)
    subject.state = target
    subject.version += 1
    subject.updated_at = work.now
    told = {"from": state, "to": target, **(body or {})}
    work.record(subject, row.event, told)
    await subject.save()
    await work.runtime.reactions.run(work, subject, row.event, told)


def _state_of(table: Lifecycle[StateT, Any, Any, Any, Any], subject: Subject) -> StateT:
    states = {state for row in table.transitions for state in (*row.sources, *row.targets)}
    return next(state for state in states if state == subject.state)
