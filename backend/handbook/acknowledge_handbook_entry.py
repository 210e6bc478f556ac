"""Acknowledge: a person has read a version that wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import Permission, Viewer, acting, call_of, require
from backend.foundation.clock import date_in_china
from backend.foundation.refusal import NotFound, Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook.content import Kind
from backend.handbook.errors import HandbookRefusal
from backend.handbook.events import EventKind
from backend.handbook.models import HandbookAcknowledgement, HandbookEntry
from backend.handbook.queries import read_handbook
from backend.handbook.rules import PUBLIC

OPERATION: Final = "acknowledgeHandbookEntry"


@dataclass(frozen=True, slots=True)
class AcknowledgeHandbookEntry:
    """The input of `acknowledgeHandbookEntry`: the very version that was read."""

    idempotency_key: str
    entry_id: str


async def acknowledge_handbook_entry(runtime: Runtime, viewer: Viewer, command: AcknowledgeHandbookEntry) -> str:
    """Write down that the viewer has read a version, once, and give its id.

    Refuses with `NotFound` what was never published, and with NOTHING_TO_ACKNOWLEDGE what does not want it or is not
    in force today.
    """
    require(viewer, Permission.READ_HANDBOOK)
    async with acting(runtime, viewer, call_of(viewer, OPERATION, command)) as outcome:
        if not outcome.replayed:
            await _acknowledge(outcome.work, viewer, command.entry_id)
            outcome.result_id = command.entry_id
    return outcome.result_id


async def _acknowledge(work: Work, viewer: Viewer, entry_id: str) -> None:
    entry = await work.lock(HandbookEntry, entry_id)
    if entry is None or entry.state not in PUBLIC:
        raise NotFound
    kind = Kind(entry.kind)
    in_force = (await read_handbook(kind)).entry_on(kind, entry.code, date_in_china(work.now))
    if in_force is None or in_force.id != entry.id or not entry.needs_acknowledgement:
        raise Refused(Refusal(HandbookRefusal.NOTHING_TO_ACKNOWLEDGE, ("entry_id",)))
    if await HandbookAcknowledgement.exists(entry_id=entry.id, staff_id=viewer.id):
        return
    await HandbookAcknowledgement.create(
        id=work.runtime.ids.new("hba"), entry_id=entry.id, staff_id=viewer.id, acknowledged_at=work.now
    )
    # The version stays: what one person has read changes nothing of the entry.
    work.record(entry, EventKind.ACKNOWLEDGED, {})
    await entry.save(update_fields=["event_sequence", "event_hash"])
