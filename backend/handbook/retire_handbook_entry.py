"""Retire: a published version, and with it its entry, is in force no more from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from backend.handbook.content import Kind
from backend.handbook.queries import read_handbook
from backend.handbook.rules import RELIED_ON, Action, Facts
from backend.handbook.service import changing, move_entry

OPERATION: Final = "retireHandbookEntry"


@dataclass(frozen=True, slots=True)
class RetireHandbookEntry:
    """The input of `retireHandbookEntry`: from which day on, today where none is given."""

    idempotency_key: str
    entry_id: str
    expected_version: int
    retired_on: date | None = None


async def retire_handbook_entry(runtime: Runtime, viewer: Viewer, command: RetireHandbookEntry) -> str:
    """Let a published version be in force no more from a day on and give its id.

    One that is retired by its first day never comes into force, and the version before it stays. Refuses with
    DATE_PAST, with ENTRY_SUPERSEDED a version that has had its time, and with ENTRY_RELIED_ON what must always have one
    in force.
    """
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            entry, today = change.entry, date_in_china(change.work.now)
            kind, retired_on = Kind(entry.kind), command.retired_on or today
            handbook = await read_handbook(kind)
            ends_something = entry.effective_on is not None and retired_on > entry.effective_on
            await move_entry(
                change.work,
                viewer,
                entry,
                Action.RETIRE,
                expected_version=command.expected_version,
                facts=Facts(
                    past=retired_on < today,
                    superseded=handbook.is_superseded(kind, entry.code, entry.number, today),
                    relied_on=ends_something and (kind, entry.code) in RELIED_ON,
                ),
                changes={"retired_on": retired_on},
                body={"retired_on": retired_on.isoformat()},
            )
    return command.entry_id
