"""Refusals: what was expected to go wrong, as values. Everything else is a bug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why nothing was done: a stable code, where in the input it lies, and what fills its sentence.

    `path` names members of the input in snake case. `params` never hold a sentence or a person's data.
    """

    code: str
    path: tuple[str, ...] = ()
    params: Mapping[str, str | int] = field(default_factory=dict)


class Refused(Exception):
    """A call that was refused, with every reason at once. Whoever raises it has written nothing."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__(", ".join(refusal.code for refusal in refusals))
        self.refusals = refusals


class NotFound(Exception):
    """There is no such thing, or none for this viewer; the two are told alike."""
