"""What WeChat Pay's answers mean for an application, and how often it is asked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.applications.rules import Action, State


class Delivery(StrEnum):
    """How far one round of a filing got. SENDING is written before the call: from then on the outcome is unknown."""

    UNSENT = "UNSENT"
    SENDING = "SENDING"
    DELIVERED = "DELIVERED"


class ApplymentState(StrEnum):
    """`applyment_state` of a form at WeChat Pay (4012697052); the double T is theirs."""

    EDITTING = "APPLYMENT_STATE_EDITTING"
    AUDITING = "APPLYMENT_STATE_AUDITING"
    REJECTED = "APPLYMENT_STATE_REJECTED"
    TO_BE_CONFIRMED = "APPLYMENT_STATE_TO_BE_CONFIRMED"
    TO_BE_SIGNED = "APPLYMENT_STATE_TO_BE_SIGNED"
    SIGNING = "APPLYMENT_STATE_SIGNING"
    FINISHED = "APPLYMENT_STATE_FINISHED"
    CANCELED = "APPLYMENT_STATE_CANCELED"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an applyment state asks of us: the action of the application table, its target, and the asking schedule.

    `poll_seconds` is the wait before each next look, the last one repeating; empty when there is nothing more to see.
    """

    action: Action | None
    target: State | None
    poll_seconds: tuple[float, ...]


_AUDIT: Final = (60.0, 60.0, 120.0, 300.0, 600.0, 900.0)
# Fast while the owner probably stands there, then slowly: a form that nobody signs lives for thirty days.
_OWNER: Final = (*(30.0,) * 30, 1800.0)

MEANINGS: Final[Mapping[ApplymentState, Meaning]] = {
    # The submit hit an error at WeChat Pay: the same form is sent again under the same code.
    ApplymentState.EDITTING: Meaning(None, None, ()),
    ApplymentState.AUDITING: Meaning(Action.OBSERVE, State.PROVIDER_REVIEW, _AUDIT),
    ApplymentState.REJECTED: Meaning(Action.REJECT, None, ()),
    ApplymentState.TO_BE_CONFIRMED: Meaning(Action.OBSERVE, State.AWAITING_VERIFICATION, _OWNER),
    ApplymentState.TO_BE_SIGNED: Meaning(Action.OBSERVE, State.AWAITING_SIGNATURE, _OWNER),
    ApplymentState.SIGNING: Meaning(Action.OBSERVE, State.OPENING, (120.0,)),
    ApplymentState.FINISHED: Meaning(Action.OBSERVE, State.OPENED, ()),
    ApplymentState.CANCELED: Meaning(Action.VOID, None, ()),
}

# A state that no document names: kept raw, looked at slowly, told to HQ.
UNKNOWN_STATE: Final = Meaning(None, None, (900.0,))

# After a re-filing the old rejection may still be shown for a while (one integrator's report).
STALE_REJECTION_SECONDS: Final = 180.0
# A held channel is tried this often, by one of the filings that wait for it.
CHANNEL_PROBE_SECONDS: Final = 300.0
# A form that left this long ago and cannot be found by its code has not arrived. Longer than any call may take.
SETTLES_AFTER_SECONDS: Final = 60.0


def meaning_of(raw_state: str) -> Meaning:
    """Give the meaning of a raw `applyment_state`; an unknown one is tolerated."""
    try:
        return MEANINGS[ApplymentState(raw_state)]
    except ValueError:
        return UNKNOWN_STATE


def next_poll_seconds(meaning: Meaning, polls: int) -> float | None:
    """Give the wait before the next look after `polls` looks at one state; None when there is nothing more to see."""
    if not meaning.poll_seconds:
        return None
    return meaning.poll_seconds[min(max(polls - 1, 0), len(meaning.poll_seconds) - 1)]
