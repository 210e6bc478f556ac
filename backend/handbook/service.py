"""What every change of one version shares: finding it with the right to it, once per call, and the snapshots after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from backend.accounts import Permission, Viewer, require
from backend.accounts.service import Command
from backend.accounts.service import changing as changing_subject
from backend.foundation.lifecycle import move
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook import rules
from backend.handbook.models import HandbookEntry
from backend.handbook.rules import Action, Facts


class EntryCommand(Command, Protocol):
    """The input of a change to one version, as every such operation takes it."""

    @property
    def entry_id(self) -> str: ...

    @property
    def expected_version(self) -> int: ...


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A version that is locked for one change, and the transaction it is locked in."""

    work: Work
    entry: HandbookEntry


@asynccontextmanager
async def changing(
    runtime: Runtime, viewer: Viewer, operation: str, command: EntryCommand
) -> AsyncIterator[EntryChange | None]:
    """Open the transaction of one change; gives None when this very call was done before.

    Refuses who may not edit the handbook, and with `NotFound` what is not there. What this process keeps of the
    handbook is fresh when the block has ended.
    """
    require(viewer, Permission.EDIT_HANDBOOK)
    found = changing_subject(runtime, viewer, operation, command, HandbookEntry, command.entry_id, lambda _entry: True)
    async with found as change:
        yield None if change is None else EntryChange(*change)
    await runtime.snapshots.refresh()


async def move_entry(
    work: Work,
    viewer: Viewer,
    entry: HandbookEntry,
    action: Action,
    *,
    expected_version: int,
    facts: Facts | None = None,
    changes: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
) -> None:
    """Apply one row of the handbook's table for a person; see `foundation.lifecycle.move`."""
    await move(
        work,
        rules.LIFECYCLE,
        entry,
        action,
        standing=rules.standing_of(viewer),
        facts=facts or Facts(),
        expected_version=expected_version,
        changes=changes,
        body=body,
    )
