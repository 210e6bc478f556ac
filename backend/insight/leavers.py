"""Proof about people without access: what was cut off, when, and that nothing came after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from tortoise.expressions import Q

from backend.accounts.events import StaffEvent
from backend.accounts.invitation_rules import InvitationState
from backend.accounts.models import Invitation, Session
from backend.accounts.queries import STAFF
from backend.accounts.rules import CUT_OFF
from backend.applications import unfinished_of
from backend.applications.events import EventKind
from backend.foundation.events import Event
from backend.foundation.views import Reading, Row, Selection, fetch_by_id

_CUTS = (StaffEvent.STAFF_LEFT, StaffEvent.STAFF_SUSPENDED, StaffEvent.STAFF_REPORTED)


async def proof_of(reading: Reading, staff_id: str) -> Row | None:
    """Work out the receipt of a person without access from the tables and the log; None for everybody else.

    None as well for whoever the viewer may not know of.
    """
    person = await fetch_by_id(STAFF, Selection.of("id", "state", "cut_off_at"), reading, staff_id)
    if person is None or person["state"] not in CUT_OFF or person["cut_off_at"] is None:
        return None
    cut_off_at: datetime = person["cut_off_at"]
    cut = await Event.filter(subject_id=staff_id, kind__in=list(_CUTS)).order_by("-sequence").first()
    ended: dict[str, Any] = orjson.loads(cut.body) if cut is not None and cut.body else {}
    with_cut = await _went_with(cut) if cut is not None else []
    after = await Event.filter(actor_id=staff_id, occurred_at__gt=cut_off_at).count()
    alive = await Session.filter(
        Q(staff_id=staff_id) | Q(issued_by_id=staff_id), ended_at=None, expires_at__gt=reading.runtime.clock.wall()
    ).count()
    invitations_open = await Invitation.filter(inviter_id=staff_id, state=InvitationState.OPEN).count()
    return {
        "staff_id": staff_id,
        "cut_off_at": cut_off_at,
        "sessions_ended": ended.get("sessions", 0),
        "keys_ended": ended.get("keys", 0),
        "invitations_revoked": ended.get("invitations", 0),
        "applications_handed_over": with_cut.count(EventKind.HANDED_OVER),
        "claims_released": with_cut.count(EventKind.CLAIM_RELEASED),
        "events_after": after,
        "sessions_alive": alive,
        "invitations_open": invitations_open,
        "applications_left": len(await unfinished_of(staff_id)),
        "is_clean": not (after or alive or invitations_open),
    }


async def _went_with(cut: Event) -> list[str]:
    """Give the kinds of the facts that followed a cut-off in its own transaction, which the log holds in one piece."""
    behind = Event.filter(cause=cut.cause, position__gt=cut.position)
    next_cut = await behind.filter(kind__in=list(_CUTS)).order_by("position").first()
    mine = behind.filter(position__lt=next_cut.position) if next_cut is not None else behind
    return [str(kind) for kind in await mine.values_list("kind", flat=True)]
