"""Recall: the reviewer takes an approval back before the system has filed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from backend.accounts import Permission, Viewer, require
from backend.applications import changing, checked_reason, move_for
from backend.applications.rules import CLAIM_MINUTES, Action, Facts
from backend.foundation.runtime import Runtime

OPERATION: Final = "recallApplication"


@dataclass(frozen=True, slots=True)
class RecallApplication:
    """The input of `recallApplication`."""

    idempotency_key: str
    application_id: str
    expected_version: int
    reason: str = ""


async def recall_application(runtime: Runtime, viewer: Viewer, command: RecallApplication) -> str:
    """Put an approved application back under the same reviewer's claim and give its id.

    Refuses with HOLD_OVER once the ten seconds have passed, and to everybody but who approved it.
    """
    require(viewer, Permission.REVIEW_APPLICATIONS)
    reason = checked_reason(command.reason)
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            now = change.work.now
            hold_until = change.application.hold_until
            await move_for(
                change.work,
                viewer,
                change.application,
                Action.RECALL,
                expected_version=command.expected_version,
                facts=Facts(hold_over=hold_until is None or hold_until <= now),
                changes={
                    "hold_until": None,
                    "claimer_id": viewer.id,
                    "claimed_until": now + timedelta(minutes=CLAIM_MINUTES),
                },
                body={"reason": reason},
            )
    return command.application_id
