"""Claim: one reviewer takes an application, and only that one sees it in clear and decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from backend.accounts import Permission, Viewer, require
from backend.applications import changing, move_for
from backend.applications.rules import CLAIM_MINUTES, Action, Facts, claimed_by_another
from backend.foundation.runtime import Runtime


@dataclass(frozen=True, slots=True)
class ClaimApplication:
    """The input of `claimApplication` and `releaseApplication`."""

    idempotency_key: str
    application_id: str
    expected_version: int


CLAIM_OPERATION: Final = "claimApplication"
RELEASE_OPERATION: Final = "releaseApplication"


async def claim_application(runtime: Runtime, viewer: Viewer, command: ClaimApplication) -> str:
    """Take an application for review, or prolong one's own claim, for fifteen minutes; give its id.

    The claim is what opens the clear view, and its event is the record that this reviewer saw the values. Refuses with
    CLAIMED_BY_ANOTHER while somebody else's claim runs, and to whoever filed it or works where it was filed.
    """
    require(viewer, Permission.REVIEW_APPLICATIONS)
    async with changing(runtime, viewer, CLAIM_OPERATION, command) as change:
        if change is not None:
            until = change.work.now + timedelta(minutes=CLAIM_MINUTES)
            await move_for(
                change.work,
                viewer,
                change.application,
                Action.CLAIM,
                expected_version=command.expected_version,
                facts=Facts(claimed_by_another=claimed_by_another(viewer, change.application, change.work.now)),
                changes={"claimer_id": viewer.id, "claimed_until": until},
                body={"claimed_until": until.isoformat()},
            )
    return command.application_id


async def release_application(runtime: Runtime, viewer: Viewer, command: ClaimApplication) -> str:
    """Give a claimed application back to the queue, and with it the clear view; give its id."""
    require(viewer, Permission.REVIEW_APPLICATIONS)
    async with changing(runtime, viewer, RELEASE_OPERATION, command) as change:
        if change is not None:
            await move_for(
                change.work,
                viewer,
                change.application,
                Action.RELEASE,
                expected_version=command.expected_version,
                changes={"claimer_id": None, "claimed_until": None},
            )
    return command.application_id
