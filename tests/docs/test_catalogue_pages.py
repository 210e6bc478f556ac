"""The pages that are written from the code hold all of it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest

from backend.accounts import events as accounts
from backend.accounts.rules import GRANTABLE, ROLES_IN, OrganisationKind, Permission, Role
from backend.applications import events as applications
from backend.applications.form import FIELDS
from backend.applications.problems import ProblemCode
from backend.handbook import events as handbook
from backend.messaging import AlertKind, MessageKind
from backend.messaging import events as messaging
from backend.messaging.conversation import Ask
from backend.messaging.messages import TemplateName
from backend.opening.rules import ApplymentState
from backend.sandbox import magic_values
from schema.build import MUTATIONS, QUERIES, SUBSCRIPTIONS
from schema.catalogue_pages import README_DIAGRAMS, MagicValueRow, markers_of, pages, readme_with_diagram
from schema.catalogue_pages.life_cycles import APPLICATION, LIVES, Life, diagram_of
from schema.common.access import OBJECTS
from schema.common.user_errors import UserErrorCode
from schema.transport import Code
from tests.docs.examples import ROOT

VALUES = [MagicValueRow(value.phone, value.name, value.meaning) for value in magic_values()]
PAGES = pages(VALUES)
EVENTS = [*applications.BODIES, *accounts.BODIES, *handbook.BODIES, *messaging.BODIES]


def _first_cells(page: str) -> list[str]:
    return [line.split(" | ")[0].strip("|` ") for line in PAGES[page].splitlines() if line.startswith("| `")]


def _life_id(life: Life) -> str:
    return life.subject


def test_the_folder_holds_these_pages_and_no_others() -> None:
    """A page that is written no more does not stay behind."""
    assert {page.name for page in (ROOT / "docs" / "reference").iterdir()} == PAGES.keys()


def test_every_row_of_every_table_is_on_its_page() -> None:
    """As many rows as the tables have, and each state with its stage where there is one."""
    staged = sum(len(life.states) for life in LIVES if life.stages is not None)
    rows = sum(len(life.table.transitions) for life in LIVES)
    assert len(_first_cells("life-cycle.md")) == rows + staged


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("form-fields.md", list(FIELDS)),
        ("events.md", EVENTS),
        ("errors.md", [*Code, *(code.value for code in UserErrorCode), *ProblemCode]),
        ("messages.md", [*MessageKind, *TemplateName, *AlertKind]),
        ("provider-states.md", list(ApplymentState)),
        ("magic-values.md", [value.phone for value in VALUES]),
    ],
)
def test_a_page_has_a_row_for_each_entry(page: str, expected: Iterable[str]) -> None:
    """One row each, in the order of the code."""
    assert sorted(_first_cells(page)) == sorted(expected)


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    """Two features do not call different facts the same, so one page can list them all."""
    kinds = [*applications.EventKind, *accounts.BODIES, *handbook.EventKind, *messaging.InboxEvent]
    assert len({str(kind) for kind in kinds}) == len(kinds)
    assert sorted(kinds) == sorted(EVENTS)


def test_the_access_page_has_every_right_and_operation() -> None:
    """Permissions with a column for each role, who gives which role and where it fits, operations, gated objects."""
    operations = len([*QUERIES, *MUTATIONS, *SUBSCRIPTIONS])
    cells = _first_cells("access.md")
    assert all(f" `{role}` |" in PAGES["access.md"] for role in Role)
    tables = [*Permission, *Role, *OrganisationKind]
    assert cells[: len(tables)] == tables
    assert len(set(cells[len(tables) : -len(OBJECTS)])) == operations
    assert cells[-len(OBJECTS) :] == sorted(OBJECTS)


@pytest.mark.parametrize("role", Role)
def test_the_access_page_tells_whom_a_role_may_make(role: Role) -> None:
    """The roles it may give, in one order, or none."""
    given = [f"`{other}`" for other in Role if other in GRANTABLE.get(role, ())]
    assert f"| `{role}` | {', '.join(given) or '–'} |" in PAGES["access.md"]


@pytest.mark.parametrize("kind", OrganisationKind)
def test_the_access_page_tells_which_roles_fit_where(kind: OrganisationKind) -> None:
    """The roles that people of this kind of organisation can have."""
    assert f"| `{kind}` | {', '.join(f'`{role}`' for role in Role if role in ROLES_IN[kind])} |" in PAGES["access.md"]


def test_the_door_page_answers_every_ask() -> None:
    """Each ask is explained once, and has an answer to everybody."""
    cells = _first_cells("door.md")
    assert cells[: len(Ask)] == list(Ask)
    assert set(cells[len(Ask) :]) == set(Ask)


def test_the_door_page_shows_no_anchor() -> None:
    """A link is shown as its text and its page; the tag itself would be taken for markup."""
    assert "<a " not in PAGES["door.md"]
    assert "pages/index/index?ticket={ticket}" in PAGES["door.md"]


def test_every_table_is_whole() -> None:
    """Each line of a table has as many cells as its head; no cell breaks it."""
    for text in PAGES.values():
        blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
        for head, *lines in blocks:
            assert {line.replace("\\|", "").count("|") for line in lines} == {head.count("|")}


@pytest.mark.parametrize("life", LIVES, ids=_life_id)
def test_a_diagram_draws_every_move(life: Life) -> None:
    """Each row that changes the state has its arrow, from the state or from the frame around it."""
    arrows = {
        (source, target): labels.split(", ")
        for source, target, labels in (
            line.strip().replace(" --> ", ": ").split(": ")
            for line in diagram_of(life).splitlines()
            if line.count(": ") == 1 and "-->" in line
        )
    }
    drawn = {(source, label) for (source, _), labels in arrows.items() for label in labels}
    moves = [row for row in life.table.transitions if row.targets]
    framed = {("WITH_PROVIDER", row.action) for row in moves if life.frame and row.sources == life.frame}
    single: Iterable[tuple[Any, Any]] = chain.from_iterable(
        ((source, row.action) for source in row.sources) for row in moves
    )
    assert drawn == {
        ("[*]", life.begins[1]),
        *framed,
        *(pair for pair in single if ("WITH_PROVIDER", pair[1]) not in framed or pair[0] not in life.frame),
    }
    assert {target for _, target in arrows} >= set(life.states)


def _readme(between: str) -> str:
    parts = (f"{start}\n{between}\n{end}\n" for start, end in map(markers_of, README_DIAGRAMS))
    return "before\n" + "middle\n".join(parts) + "after\n"


def test_the_diagrams_are_put_between_their_markers() -> None:
    """What stood between them is replaced, everything else stays; doing it again changes nothing."""
    written = readme_with_diagram(_readme("old"))
    blocks = (
        f"{markers_of(name)[0]}\n\n{diagram_of(life)}\n{markers_of(name)[1]}\n"
        for name, life in README_DIAGRAMS.items()
    )
    assert written == "before\n" + "middle\n".join(blocks) + "after\n"
    assert readme_with_diagram(written) == written


@pytest.mark.parametrize("marker", [marker for name in README_DIAGRAMS for marker in markers_of(name)])
def test_a_readme_without_a_marker_is_refused(marker: str) -> None:
    """Rather than to lose a diagram without a word."""
    with pytest.raises(ValueError, match="markers"):
        readme_with_diagram(_readme("old").replace(marker, ""))


def test_markers_in_the_wrong_order_are_refused() -> None:
    """An end before its start encloses nothing."""
    start, end = markers_of("life cycle")
    with pytest.raises(ValueError, match="markers"):
        readme_with_diagram(f"{end} {start}")


def test_the_frame_is_that_of_the_application_alone() -> None:
    """Only one life has states with WeChat Pay."""
    assert [life for life in LIVES if life.frame] == [APPLICATION]
