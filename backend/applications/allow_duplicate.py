"""Allow duplicate: HQ lets an owner have a second live application for a shop, and says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import Viewer
from backend.applications.rules import Action, Facts
from backend.applications.service import changing, checked_reason, move_for
from backend.foundation.runtime import Runtime

OPERATION: Final = "allowDuplicate"


@dataclass(frozen=True, slots=True)
class AllowDuplicate:
    """The input of `allowDuplicate`."""

    idempotency_key: str
    application_id: str
    expected_version: int
    reason: str


async def allow_duplicate(runtime: Runtime, viewer: Viewer, command: AllowDuplicate) -> str:
    """Let this one draft be submitted although its shop is taken, and give its id. Refuses as the table says."""
    reason = checked_reason(command.reason)
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            await move_for(
                change.work,
                viewer,
                change.application,
                Action.ALLOW_DUPLICATE,
                expected_version=command.expected_version,
                facts=Facts(reason_given=bool(reason)),
                changes={"duplicate_allowed": True},
                body={"reason": reason},
            )
    return command.application_id
