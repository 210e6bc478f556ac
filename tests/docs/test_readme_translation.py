"""The two READMEs say the same: structure, commands, names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.accounts.rules import StaffState
from backend.applications.rules import State
from tests.docs.examples import ROOT, blocks_of

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"


def _headings(text: str) -> list[str]:
    return re.findall(r"^(#+) ", text, re.MULTILINE)


def _names(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def test_both_have_the_same_sections() -> None:
    """As many headings, of the same levels, in the same order."""
    assert _headings(ENGLISH.read_text("utf-8")) == _headings(CHINESE.read_text("utf-8"))


def test_both_give_the_same_commands() -> None:
    """The same commands, whatever the comments beside them say."""
    commands = [
        [line.partition("#")[0].rstrip() for block in blocks_of(page, "sh") for line in block.splitlines()]
        for page in (ENGLISH, CHINESE)
    ]
    assert commands[0] == commands[1]
    assert commands[0]


def test_both_name_the_same_things() -> None:
    """What stands in code type in one stands in the other."""
    assert _names(ENGLISH.read_text("utf-8")) == _names(CHINESE.read_text("utf-8"))


def test_both_lead_to_the_same_pages() -> None:
    """The same links, but for the one to each other."""
    links = [set(re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))) for page in (ENGLISH, CHINESE)]
    assert links[0] - {CHINESE.name} == links[1] - {ENGLISH.name}


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=lambda page: page.name)
def test_both_explain_every_state(page: Path) -> None:
    """Each state of an application, and then each of a person, is a row of its table."""
    explained = re.findall(r"^\| `([A-Z_]+)` \|", page.read_text("utf-8"), re.MULTILINE)
    assert explained == [*State, *StaffState]
