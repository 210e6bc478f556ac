"""The pages about WeChat Pay: what its states mean here, and the sandbox's magic values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backend.applications.rules import LIFECYCLE, State
from backend.opening.rules import MEANINGS, UNKNOWN_STATE, Meaning
from schema.catalogue_pages.markdown import NONE, codes, page, table


class MagicValueRow(NamedTuple):
    """One magic value of the sandbox; the caller hands them in, because nothing here knows the sandbox."""

    phone: str
    name: str
    meaning: str


def provider_states_page() -> str:
    """Give the page of states at WeChat Pay."""
    known = [(f"`{state}`", *_meaning(meaning)) for state, meaning in MEANINGS.items()]
    return page(
        "States at WeChat Pay and what they mean here",
        "The table is in `backend/opening/rules.py`; the raw state is kept beside ours. `Asked again after` is the "
        "wait in seconds before each next look, the last one repeating.",
        table(
            ("applyment_state", "Action", "Leads to", "Asked again after"),
            [*known, ("any other", *_meaning(UNKNOWN_STATE))],
        ),
    )


def _meaning(meaning: Meaning) -> tuple[str, str, str]:
    action = f"`{meaning.action}`" if meaning.action else NONE
    target = f"`{meaning.target}`" if meaning.target else _targets_of(meaning)
    return action, target, _waits(meaning.poll_seconds)


def _targets_of(meaning: Meaning) -> str:
    reached = {target for row in LIFECYCLE.transitions if row.action == meaning.action for target in row.targets}
    return codes(state for state in State if state in reached) or NONE


def _waits(seconds: Sequence[float]) -> str:
    told: list[list[float]] = []
    for wait in seconds:
        if told and told[-1][0] == wait:
            told[-1][1] += 1
        else:
            told.append([wait, 1])
    return ", ".join(f"{wait:g}" if times == 1 else f"{wait:g} ({times:g} times)" for wait, times in told) or NONE


def magic_values_page(values: Iterable[MagicValueRow]) -> str:
    """Give the page of magic values."""
    return page(
        "Magic values of the sandbox",
        "The mobile phone of the owner chooses what becomes of a filing. The table is in "
        "`backend/sandbox/values.json`; `sesame sandbox --values` prints it. How to play with it: "
        "[the sandbox](../sandbox.md).",
        table(("手机号", "名称", "效果"), [(f"`{value.phone}`", value.name, value.meaning) for value in values]),
    )
