"""Reveal: one sensitive value in clear, for a reason, on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import Permission, Viewer, acting, call_of, checked_reason, require
from backend.applications.errors import ApplicationRefusal
from backend.applications.events import EventKind
from backend.applications.form import FIELDS
from backend.applications.record import values_of
from backend.applications.service import lock_visible
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime

OPERATION: Final = "revealField"


@dataclass(frozen=True, slots=True)
class RevealField:
    """The input of `revealField` for a field of an application."""

    idempotency_key: str
    application_id: str
    field: str
    reason: str


async def reveal_field(runtime: Runtime, viewer: Viewer, command: RevealField) -> str | None:
    """Give one sensitive value of a form in clear, or None where it is empty; leaves an event with the reason.

    Refuses with FIELD_UNKNOWN a field that is not masked anyway and with REASON_MISSING; then nothing is shown and
    nothing is on record. The same call sent again shows the value as it is then, under the same event.
    """
    require(viewer, Permission.REVEAL_FIELDS)
    reason = checked_reason(command.reason)
    field = FIELDS.get(command.field)
    if field is None or field.mask is None:
        raise Refused(Refusal(ApplicationRefusal.FIELD_UNKNOWN, ("field",)))
    if not reason:
        raise Refused(Refusal(ApplicationRefusal.REASON_MISSING, ("reason",)))
    async with acting(runtime, viewer, call_of(viewer, OPERATION, command)) as outcome:
        application = await lock_visible(outcome.work, viewer, command.application_id)
        if not outcome.replayed:
            # The version stays: to look at a value changes nothing that somebody else could be working on.
            outcome.work.record(application, EventKind.FIELD_REVEALED, {"field": command.field, "reason": reason})
            await application.save(update_fields=["event_sequence", "event_hash"])
            outcome.result_id = application.id
        value = values_of(runtime.keyring, application).get(command.field)
    return None if value is None else str(value)
