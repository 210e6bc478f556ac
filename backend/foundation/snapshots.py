"""Snapshots: data that changes seldom, read whole and kept by each process, for what must be told without waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Snapshot(Generic[T]):
    """One thing that is kept: how it is read, and the kinds of events after which it must be read again."""

    read: Callable[[], Awaitable[T]]
    event_kinds: frozenset[str]


class Snapshots:
    """What one process keeps of its snapshots. The log reader refreshes them at its start and after each change."""

    def __init__(self, snapshots: Iterable[Snapshot[Any]] = ()) -> None:
        self._snapshots = tuple(snapshots)
        self._kept: dict[Snapshot[Any], Any] = {}
        # One reads at a time: what was read earlier never takes the place of what was read later.
        self._refreshing = asyncio.Lock()

    def __getitem__(self, snapshot: Snapshot[T]) -> T:
        """Give what was last read. Raises KeyError before the first refresh."""
        kept: T = self._kept[snapshot]
        return kept

    async def refresh(self) -> None:
        """Read everything again."""
        await self._read(self._snapshots)

    async def refresh_after(self, event_kinds: Collection[str]) -> None:
        """Read again what these kinds of events have changed."""
        await self._read([item for item in self._snapshots if not item.event_kinds.isdisjoint(event_kinds)])

    async def _read(self, snapshots: Iterable[Snapshot[Any]]) -> None:
        async with self._refreshing:
            for snapshot in snapshots:
                self._kept[snapshot] = await snapshot.read()
