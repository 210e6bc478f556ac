"""The page of life cycles: every table of moves, each with its diagram. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, TypeAlias

from backend.accounts.invitation_rules import INVITATION_LIFECYCLE, InvitationState
from backend.accounts.organisation_rules import ORGANISATION_LIFECYCLE, OrganisationState
from backend.accounts.rules import STAFF_LIFECYCLE, STAFF_STAGES, StaffState
from backend.applications.rules import LIFECYCLE, PROVIDER_PATH, STAGES, WITH_PROVIDER, Need, State
from backend.foundation.lifecycle import Lifecycle, Transition
from backend.handbook import rules as handbook
from schema.catalogue_pages.markdown import NONE, codes, page, table

Row: TypeAlias = Transition[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """One life cycle as it is shown.

    `begins` is the first state and what leads to it. States of `frame` have arrows in common, which leave the frame
    instead of each of them; `path` is along which jumps forward are allowed, of which the shortest are drawn.
    """

    subject: str
    rules: str
    table: Lifecycle[Any, Any, Any, Any, Any]
    states: type[StrEnum]
    begins: tuple[StrEnum, str]
    remark: str
    stages: Mapping[Any, str] | None = None
    frame: frozenset[Any] = field(default=frozenset())
    path: tuple[Any, ...] = ()


APPLICATION: Final = Life(
    subject="an application",
    rules="backend/applications/rules.py",
    table=LIFECYCLE,
    states=State,
    begins=(State.DRAFT, "START"),
    remark="Of the jumps forward on the provider's path only the shortest are drawn; `OBSERVE` may skip any of them. "
    "Nobody is REVIEWER, CLAIMER, APPROVER or HQ towards an application that they or their own organisation filed.",
    stages=STAGES,
    frame=WITH_PROVIDER,
    path=PROVIDER_PATH,
)
PERSON: Final = Life(
    subject="a person",
    rules="backend/accounts/rules.py",
    table=STAFF_LIFECYCLE,
    states=StaffState,
    begins=(StaffState.GUEST, "SIGN_IN"),
    remark="A person has a row from the first sign-in. Towards oneself one is SELF and nothing else, so nobody decides "
    "about themselves. ORGANISATION_ADMIN is the admin of the person's own organisation or of one above it, towards "
    "people whose roles that admin could have given.",
    stages=STAFF_STAGES,
)
INVITATION: Final = Life(
    subject="an invitation",
    rules="backend/accounts/invitation_rules.py",
    table=INVITATION_LIFECYCLE,
    states=InvitationState,
    begins=(InvitationState.OPEN, "CREATE"),
    remark="One that has expired stays OPEN and is good for nothing. SYSTEM revokes what somebody has open whose "
    "access ends.",
)
ORGANISATION: Final = Life(
    subject="an organisation",
    rules="backend/accounts/organisation_rules.py",
    table=ORGANISATION_LIFECYCLE,
    states=OrganisationState,
    begins=(OrganisationState.OPEN, "CREATE"),
    remark="`ORGANISATION_IN_USE` means that somebody with access is in it, or an open organisation is below it.",
)
HANDBOOK_ENTRY: Final = Life(
    subject="an entry of the handbook",
    rules="backend/handbook/rules.py",
    table=handbook.LIFECYCLE,
    states=handbook.State,
    begins=(handbook.State.DRAFT, "SAVE"),
    remark="Each row is one version. Which of the published ones is in force follows from the day.",
)
LIVES: Final = (APPLICATION, PERSON, INVITATION, ORGANISATION, HANDBOOK_ENTRY)

_FRAME: Final = "WITH_PROVIDER"


def life_cycle_page() -> str:
    """Give the page with every table of moves."""
    return page(
        "Life cycles",
        "Each is one table. `move` in `backend/foundation/lifecycle.py` applies its rows, and nothing else changes a "
        "state. `Needs` are the codes that a blocked action tells as its reason, in the order in which they are tried.",
        *(block for life in LIVES for block in _blocks_of(life)),
    )


def _blocks_of(life: Life) -> Iterable[str]:
    yield f"## The life of {life.subject}"
    yield f"The rows are in `{life.rules}`. {life.remark}"
    yield diagram_of(life)
    yield table(
        ("From", "Action", "To", "Who", "Needs", "Event"), [_cells(life, row) for row in life.table.transitions]
    )
    if life.stages is not None:
        yield "The stage is for display."
        yield table(("State", "Stage"), [(f"`{state}`", life.stages[state]) for state in life.states])


def _cells(life: Life, row: Row) -> tuple[str, ...]:
    return (
        codes(_in_order(life, row.sources)),
        f"`{row.action}`",
        codes(row.targets) or "same",
        ", ".join(sorted(row.who)),
        codes(row.needs) or NONE,
        f"`{row.event}`",
    )


def diagram_of(life: Life) -> str:
    """Draw a life as a Mermaid state diagram, without the actions that keep the state."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in life.table.transitions:
        for source, target in _arrows_of(life, row):
            labels = arrows.setdefault((source, target), [])
            if row.action not in labels:
                labels.append(row.action)
    state, action = life.begins
    drawn = "".join(f"    {source} --> {target}: {', '.join(labels)}\n" for (source, target), labels in arrows.items())
    left = {state for row in life.table.transitions if row.targets for state in row.sources}
    ends = "".join(f"    {state} --> [*]\n" for state in life.states if state not in left)
    return f"```mermaid\nstateDiagram-v2\n    [*] --> {state}: {action}\n{_framed(life)}{drawn}{ends}```\n"


def _framed(life: Life) -> str:
    if not life.frame:
        return ""
    inside = "".join(f"        {state}\n" for state in _in_order(life, life.frame))
    return f'    state "with WeChat Pay" as {_FRAME} {{\n{inside}    }}\n'


def _arrows_of(life: Life, row: Row) -> Iterable[tuple[str, str]]:
    if life.frame and row.sources == life.frame:
        return [(_FRAME, target) for target in row.targets]
    sources = _in_order(life, row.sources)
    if Need.FORWARD in row.needs:
        steps = dict(pairwise(life.path))
        return [(source, steps[source]) for source in sources]
    return [(source, target) for source in sources for target in row.targets]


def _in_order(life: Life, states: Iterable[str]) -> list[StrEnum]:
    wanted = set(states)
    return [state for state in life.states if state in wanted]
