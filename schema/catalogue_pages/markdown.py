"""The Markdown that every catalogue page is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

NONE: Final = "–"
_NOTE: Final = "Written from the code by `sesame export-schema`. Do not edit by hand."


def page(title: str, *blocks: str) -> str:
    """Give a page of blocks under a title, with the note that it is written."""
    return "\n\n".join((f"# {title}", _NOTE, *(block.strip() for block in blocks))) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a table; what would break a cell is escaped."""
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(_cell(text) for text in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


def codes(names: Iterable[str]) -> str:
    """Give names in code type, one after the other."""
    return ", ".join(f"`{name}`" for name in names)
