"""Reactions: how a later feature answers to a fact of an earlier one, in the same transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from backend.foundation.subjects import Subject

# Called with the open work, the locked subject and the event's body, after the event was recorded. The work is `Any`
# here because it is made on the runtime that holds the reactions.
Reaction = Callable[[Any, Subject, Mapping[str, Any]], Awaitable[None]]


class Reactions:
    """Which reactions follow which kind of event; the composition root is the one place that fills it."""

    def __init__(self, by_kind: Mapping[str, Sequence[Reaction]]) -> None:
        self._by_kind = {kind: tuple(reactions) for kind, reactions in by_kind.items()}

    async def run(self, work: Any, subject: Subject, kind: str, body: Mapping[str, Any]) -> None:
        """Run what follows an event of `kind`, in the order it was registered."""
        for reaction in self._by_kind.get(kind, ()):
            await reaction(work, subject, body)
