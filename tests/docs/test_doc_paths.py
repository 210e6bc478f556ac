"""The documents name what exists, and the folder map names all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.examples import ROOT

READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
DECISIONS = sorted((ROOT / "backend" / "decisions").glob("*.md"))
PAGES = [
    *READMES,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *DECISIONS,
]

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:backend|schema|tests|docs|miniprogram_contract)/[^`\s*]*)`")
_MAP_ROW = re.compile(r"^\| `([^`]+/)` \|", re.MULTILINE)

# The folders whose parts the map names one by one; elsewhere the top is enough.
_MAPPED = (".", "backend", "schema", "miniprogram_contract", "docs")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link into the repository leads to a file or folder of it."""
    targets = [link.partition("#")[0] for link in _LINK.findall(page.read_text("utf-8"))]
    broken = [link for link in targets if link and "://" not in link and not (page.parent / link).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_path_exists(page: Path) -> None:
    """A path in code type that begins in one of our folders exists."""
    assert [path for path in _PATH.findall(page.read_text("utf-8")) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", READMES, ids=_name)
def test_the_map_names_every_folder(page: Path) -> None:
    """Every folder named exists, and every folder that holds something of ours is named."""
    assert set(_MAP_ROW.findall(page.read_text("utf-8"))) == _folders()


def _folders() -> set[str]:
    left_out = {
        line.strip("/*\n") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines() if line.endswith("/")
    }
    found: set[str] = set()
    for parent in _MAPPED:
        for folder in (ROOT / parent).iterdir():
            ours = folder.is_dir() and not folder.name.startswith(".") and not folder.name.endswith(".egg-info")
            if ours and folder.name not in left_out and any(_is_ours(file) for file in folder.rglob("*")):
                found.add(f"{folder.relative_to(ROOT)}/")
    return found


def _is_ours(file: Path) -> bool:
    return file.is_file() and "__pycache__" not in file.parts


def test_decisions_are_numbered_in_order() -> None:
    """Each decision has the next number, in its name and in its heading."""
    headings = [page.read_text("utf-8").partition("\n")[0] for page in DECISIONS]
    assert [page.name[:4] for page in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert [heading[2:6] for heading in headings] == [page.name[:4] for page in DECISIONS]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_all_of_it(page: Path) -> None:
    """Context, decision, consequences, what was rejected, and the files that embody it."""
    sections = re.findall(r"^## (.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert sections == ["Context", "Decision", "Consequences", "Rejected", "Files"]
    assert _PATH.search(page.read_text("utf-8").partition("## Files")[2])
