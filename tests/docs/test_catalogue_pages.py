"""The pages that are written from the code hold all of it."""

from __future__ import annotations

from itertools import chain

import pytest

from backend.accounts.rules import Permission, Role
from backend.applications.events import EventKind
from backend.applications.form import FIELDS
from backend.applications.problems import ProblemCode
from backend.applications.rules import TRANSITIONS, WITH_PROVIDER, State
from backend.opening.rules import ApplymentState
from backend.sandbox import magic_values
from schema.build import MUTATIONS, QUERIES, SUBSCRIPTIONS
from schema.catalogue_pages import (
    DIAGRAM_END,
    DIAGRAM_START,
    MagicValueRow,
    life_cycle_diagram,
    pages,
    readme_with_diagram,
)
from schema.common.user_errors import UserErrorCode
from schema.transport import Code
from tests.docs.examples import ROOT

VALUES = [MagicValueRow(value.phone, value.name, value.meaning) for value in magic_values()]
PAGES = pages(VALUES)


def _first_cells(page: str) -> list[str]:
    return [line.split(" | ")[0].strip("|` ") for line in PAGES[page].splitlines() if line.startswith("| `")]


def test_the_folder_holds_these_pages_and_no_others() -> None:
    """A page that is written no more does not stay behind."""
    assert {page.name for page in (ROOT / "docs" / "reference").iterdir()} == PAGES.keys()


def test_every_row_of_the_table_is_on_its_page() -> None:
    """As many rows as the table has, and each state with its stage."""
    rows = [line for line in PAGES["life-cycle.md"].splitlines() if line.startswith("| `")]
    assert len(rows) == len(TRANSITIONS) + len(State)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("form-fields.md", list(FIELDS)),
        ("events.md", list(EventKind)),
        ("errors.md", [*Code, *(code.value for code in UserErrorCode), *ProblemCode]),
        ("provider-states.md", list(ApplymentState)),
        ("magic-values.md", [value.phone for value in VALUES]),
    ],
)
def test_a_page_has_a_row_for_each_entry(page: str, expected: list[str]) -> None:
    """One row each, in the order of the code."""
    assert sorted(_first_cells(page)) == sorted(expected)


def test_the_access_page_has_every_role_and_operation() -> None:
    """Each role with a column for each permission, each operation with its access."""
    page = PAGES["access.md"]
    assert all(f"| `{role}` |" in page for role in Role)
    assert all(f" `{permission}` |" in page for permission in Permission)
    operations = len([*QUERIES, *MUTATIONS, *SUBSCRIPTIONS])
    assert len(_first_cells("access.md")) == len(Role) + operations


def test_every_table_is_whole() -> None:
    """Each line of a table has as many cells as its head; no cell breaks it."""
    for text in PAGES.values():
        blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
        for head, *lines in blocks:
            assert {line.replace("\\|", "").count("|") for line in lines} == {head.count("|")}


def test_the_diagram_draws_every_move() -> None:
    """Each row that changes the state has its arrow, from the state or from the frame around it."""
    arrows = {
        (source, target): labels.split(", ")
        for source, target, labels in (
            line.strip().replace(" --> ", ": ").split(": ")
            for line in life_cycle_diagram().splitlines()
            if line.count(": ") == 1 and "-->" in line
        )
    }
    drawn = {(source, label) for (source, _), labels in arrows.items() for label in labels}
    moves = [row for row in TRANSITIONS if row.targets]
    framed = {("WITH_PROVIDER", row.action) for row in moves if row.sources == WITH_PROVIDER}
    single = chain.from_iterable(((source, row.action) for source in row.sources) for row in moves)
    assert drawn == {
        ("[*]", "START"),
        *framed,
        *(pair for pair in single if ("WITH_PROVIDER", pair[1]) not in framed or pair[0] not in WITH_PROVIDER),
    }
    assert {target for _, target in arrows} >= set(State)


def test_the_diagram_is_put_between_its_markers() -> None:
    """What stood between them is replaced, everything else stays; doing it again changes nothing."""
    written = readme_with_diagram(f"before\n{DIAGRAM_START}\nold\n{DIAGRAM_END}\nafter\n")
    assert written == f"before\n{DIAGRAM_START}\n\n{life_cycle_diagram()}\n{DIAGRAM_END}\nafter\n"
    assert readme_with_diagram(written) == written


@pytest.mark.parametrize("text", ["", DIAGRAM_START, DIAGRAM_END, f"{DIAGRAM_END} {DIAGRAM_START}"])
def test_a_readme_without_its_markers_is_refused(text: str) -> None:
    """Rather than to lose the diagram without a word."""
    with pytest.raises(ValueError, match="markers"):
        readme_with_diagram(text)
