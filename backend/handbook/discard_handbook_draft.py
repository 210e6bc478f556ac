"""Discard: a draft is put away, and another may be begun."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from backend.handbook.rules import Action
from backend.handbook.service import changing, move_entry

OPERATION: Final = "discardHandbookDraft"


@dataclass(frozen=True, slots=True)
class DiscardHandbookDraft:
    """The input of `discardHandbookDraft`."""

    idempotency_key: str
    entry_id: str
    expected_version: int


async def discard_handbook_draft(runtime: Runtime, viewer: Viewer, command: DiscardHandbookDraft) -> str:
    """Put a draft away and give its id; its number is not given again."""
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            await move_entry(
                change.work, viewer, change.entry, Action.DISCARD, expected_version=command.expected_version
            )
    return command.entry_id
