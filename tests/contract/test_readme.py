"""The README of the contract says what the code does: codes, sentences, close codes, limits, files."""

from __future__ import annotations

import re
from typing import Final

from backend.app import CONTRACT
from backend.commands.serving import MOST_SOCKET_BYTES
from backend.images.service import GRANT_SECONDS
from schema.common.user_errors import KEY_LENGTH, UserErrorCode
from schema.texts.refusals import REFUSALS
from schema.transport import Code, Limits
from schema.transport.socket import CloseCode

TEXT: Final = (CONTRACT / "README.md").read_text("utf-8")


def _table(heading: str) -> dict[str, str]:
    """Give the first two cells of the rows of the table with this heading."""
    rows = TEXT.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [row.strip("| ").split(" | ") for row in rows]
    return {row[0].strip("`"): row[1] for row in cells}


def test_every_user_error_is_there_with_its_sentence() -> None:
    """In the order of the schema, and none that does not exist."""
    told = _table("code | what the person reads")
    assert list(told) == [code.value for code in UserErrorCode]
    assert {code: sentence for code, sentence in told.items() if code in REFUSALS} == REFUSALS


def test_every_top_level_code_and_close_code_is_there() -> None:
    """With what a client does about it."""
    assert set(_table("code | means | do")) == set(Code)
    assert {int(code) for code in _table("close code | means | do")} == {int(code) for code in CloseCode}


def test_the_figures_are_those_of_the_code() -> None:
    """Sizes, lengths and times."""
    limits = Limits()
    for figure in (
        f"at most {limits.upload_file_bytes // 1024**2} MB",
        f"at most {limits.json_body_bytes // 1024} KiB",
        f"Frames are at most {MOST_SOCKET_BYTES // 1024} KiB",
        f"operations at most {limits.socket_operations} at once",
        f"init must come within {limits.init_seconds:.0f} seconds",
        f"{KEY_LENGTH.start} to {KEY_LENGTH.stop - 1} printable ASCII characters",
    ):
        assert figure in TEXT, figure
    assert ("alone for ten minutes" in TEXT) is (GRANT_SECONDS == 600)


def test_every_file_and_link_is_there() -> None:
    """What the README points at exists, and what lies in the folder is told."""
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (CONTRACT / target).exists(), target
    there = {f"{path.name}/" if path.is_dir() else path.name for path in CONTRACT.iterdir()}
    assert there == {*_table("here | is"), "README.md"}
