"""Publish: a draft takes effect on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from backend.handbook.rules import Action, Facts
from backend.handbook.service import changing, move_entry

OPERATION: Final = "publishHandbookDraft"


@dataclass(frozen=True, slots=True)
class PublishHandbookDraft:
    """The input of `publishHandbookDraft`: from which day on, today where none is given."""

    idempotency_key: str
    entry_id: str
    expected_version: int
    effective_on: date | None = None


async def publish_handbook_draft(runtime: Runtime, viewer: Viewer, command: PublishHandbookDraft) -> str:
    """Let a draft take effect on a day and give its id. From here on it never changes.

    Refuses with DATE_PAST a day before today: what was in force then has been acted on.
    """
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            today = date_in_china(change.work.now)
            effective_on = command.effective_on or today
            await move_entry(
                change.work,
                viewer,
                change.entry,
                Action.PUBLISH,
                expected_version=command.expected_version,
                facts=Facts(past=effective_on < today),
                changes={"effective_on": effective_on, "published_at": change.work.now, "publisher_id": viewer.id},
                body={"effective_on": effective_on.isoformat()},
            )
    return command.entry_id
