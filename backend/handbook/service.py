"""What every change of one version shares: finding it with the right to it, once per call, and the snapshots after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from backend.accounts import Permission, Viewer, acting, call_of, require
from backend.foundation.lifecycle import move
from backend.foundation.refusal import NotFound
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook import rules
from backend.handbook.models import HandbookEntry
from backend.handbook.rules import Action, Facts


class EntryCommand(Protocol):
    """The input of a change to one version, as every such operation takes it; a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def idempotency_key(self) -> str: ...

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
    async with acting(runtime, viewer, call_of(viewer, operation, command)) as outcome:
        if outcome.replayed:
            yield None
            return
        entry = await outcome.work.lock(HandbookEntry, command.entry_id)
        if entry is None:
            raise NotFound
        yield EntryChange(outcome.work, entry)
        outcome.result_id = entry.id
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
