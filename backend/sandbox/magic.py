"""Magic values: an owner's mobile phone chooses what becomes of a filing."""

import json
import sys
import unicodedata
from dataclasses import dataclass
from importlib import resources
from typing import TextIO

from .lifecycle import Verdict


@dataclass(frozen=True, slots=True)
class MagicValue:
    """One phone number and what it makes happen; `plan` holds a verdict for each submission, the last one repeats."""

    phone: str
    name: str
    meaning: str
    plan: tuple[Verdict, ...]


def magic_values() -> tuple[MagicValue, ...]:
    """Give the table of values.json."""
    return _VALUES


def verdict_for(phone: str, submissions_before: int) -> Verdict:
    """Give the verdict of the next submission for this owner's phone; any phone outside the table is accepted."""
    plan = _PLANS.get(phone, (Verdict(),))
    return plan[min(submissions_before, len(plan) - 1)]


def print_values(out: TextIO | None = None) -> None:
    """Write the table for people, in columns, to `out` (standard output when None)."""
    rows = [("手机号", "名称", "效果"), *((value.phone, value.name, value.meaning) for value in _VALUES)]
    widths = [max(_columns(row[column]) for row in rows) for column in (0, 1)]
    stream = out or sys.stdout
    for phone, name, meaning in rows:
        padded = [text + " " * (width - _columns(text)) for text, width in zip((phone, name), widths, strict=True)]
        stream.write("  ".join([*padded, meaning]) + "\n")


def _columns(text: str) -> int:
    """Count terminal columns: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _load() -> tuple[MagicValue, ...]:
    rows = json.loads(resources.files(__package__).joinpath("values.json").read_text("utf-8"))
    return tuple(
        MagicValue(row["phone"], row["name"], row["meaning"], tuple(map(Verdict.from_json, row["plan"])))
        for row in rows
    )


_VALUES = _load()
_PLANS = {value.phone: value.plan for value in _VALUES}
