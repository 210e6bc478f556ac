"""The commands that the documents tell are commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.__main__ import main
from tests.docs.examples import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "backend" / "decisions").glob("*.md")),
]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

_MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)
_SESAME = re.compile(r"(?:^|`)(?:\.venv/bin/)?sesame ([a-z][a-z-]*)", re.MULTILINE)


def _told(pattern: re.Pattern[str]) -> list[tuple[Path, str]]:
    return sorted({(page, name) for page in PAGES for name in pattern.findall(page.read_text("utf-8"))})


def test_every_make_target_exists() -> None:
    """What a page tells to make can be made."""
    told = _told(_MAKE)
    assert told
    assert [(page.name, target) for page, target in told if target not in TARGETS] == []


@pytest.mark.parametrize("verb", sorted({verb for _, verb in _told(_SESAME)}))
def test_every_verb_exists(verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A verb that a page tells answers to --help."""
    monkeypatch.setattr("sys.argv", ["sesame", verb, "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert f"usage: sesame {verb}" in capsys.readouterr().out
