"""Reactions: how a later feature answers to a fact of an earlier one, in the same transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.foundation.subjects import Subject
    from backend.foundation.work import Work

# Called with the open work, the locked subject and the event's body, after the event was recorded.
Reaction = Callable[["Work", "Subject", Mapping[str, Any]], Awaitable[None]]


class Reactions:
    """Which reactions follow which kind of event; the composition root is the one place that fills it."""

    def __init__(self, by_kind: Mapping[str, Sequence[Reaction]]) -> None:
        self._by_kind = {kind: tuple(reactions) for kind, reactions in by_kind.items()}

    async def run(self, work: Work, subject: Subject, kind: str, body: Mapping[str, Any]) -> None:
        """Run what follows an event of `kind`, in the order it was registered."""
        for reaction in self._by_kind.get(kind, ()):
            await reaction(work, subject, body)
