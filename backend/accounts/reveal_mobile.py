"""Reveal: the mobile number of a member of staff in clear, for a reason, on record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts.errors import AccountRefusal
from backend.accounts.events import StaffEvent
from backend.accounts.register_staff import mobile_in_clear
from backend.accounts.rules import Permission, Viewer, may_see_staff
from backend.accounts.service import checked_reason, deciding, lock_people, require
from backend.foundation.refusal import NotFound, Refusal, Refused
from backend.foundation.runtime import Runtime

OPERATION: Final = "revealMobile"


@dataclass(frozen=True, slots=True)
class RevealMobile:
    """The input of `revealMobile`."""

    idempotency_key: str
    staff_id: str
    reason: str


async def reveal_mobile(runtime: Runtime, viewer: Viewer, command: RevealMobile) -> str | None:
    """Give a person's mobile number in clear, so that HQ can call; None where there is none. Leaves an event.

    Refuses with REASON_MISSING, and with `NotFound` somebody the viewer may not know of.
    """
    require(viewer, Permission.DECIDE_REGISTRATIONS)
    reason = checked_reason(command.reason)
    if not reason:
        raise Refused(Refusal(AccountRefusal.REASON_MISSING, ("reason",)))
    async with deciding(runtime, viewer, OPERATION, command) as outcome:
        person = (await lock_people(outcome.work, viewer, command.staff_id)).get(command.staff_id)
        if person is None or not may_see_staff(viewer, person.id, person.organisation_id, person.state):
            raise NotFound
        if not outcome.replayed:
            outcome.work.record(person, StaffEvent.STAFF_FIELD_REVEALED, {"field": "mobile", "reason": reason})
            await person.save(update_fields=["event_sequence", "event_hash"])
            outcome.result_id = person.id
        sealed = person.mobile_sealed
    return mobile_in_clear(runtime.keyring, person.id, bytes(sealed)) if sealed is not None else None
