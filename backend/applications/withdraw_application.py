"""Withdraw: the author or HQ ends an application, in the way its state still allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import Viewer
from backend.applications import rules
from backend.applications.models import Application
from backend.applications.rules import ENDING_ACTIONS, Action, Facts, State
from backend.applications.service import changing, checked_reason, move_for
from backend.foundation.runtime import Runtime

OPERATION: Final = "withdrawApplication"


@dataclass(frozen=True, slots=True)
class WithdrawApplication:
    """The input of `withdrawApplication`."""

    idempotency_key: str
    application_id: str
    expected_version: int
    reason: str


async def withdraw_application(runtime: Runtime, viewer: Viewer, command: WithdrawApplication) -> str:
    """End an application and give its id.

    Before filing it is withdrawn and the shop is free again. Once WeChat Pay has the form it is abandoned instead, and
    watched to its end, because WeChat Pay has no call that cancels it. Refuses as the table says.
    """
    reason = checked_reason(command.reason)
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            await move_for(
                change.work,
                viewer,
                change.application,
                _ending_action(change.application),
                expected_version=command.expected_version,
                facts=Facts(reason_given=bool(reason)),
                body={"reason": reason},
            )
    return command.application_id


def _ending_action(application: Application) -> Action:
    """Choose the word of the table that ends an application in this state; WITHDRAW where none does."""
    state = State(application.state)
    return next(
        (row.action for row in rules.TRANSITIONS if row.action in ENDING_ACTIONS and state in row.sources),
        Action.WITHDRAW,
    )
