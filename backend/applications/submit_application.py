"""Submit: the draft is locked and goes to HQ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from backend.accounts import Viewer
from backend.applications.form import is_empty
from backend.applications.models import Application
from backend.applications.record import shop_key, values_of
from backend.applications.rules import Action
from backend.applications.service import Change, changing, move_for, submission_facts
from backend.foundation.clock import date_in_china
from backend.foundation.database import lock_name
from backend.foundation.runtime import Runtime
from backend.handbook import rate_plans_on

OPERATION: Final = "submitApplication"


@dataclass(frozen=True, slots=True)
class SubmitApplication:
    """The input of `submitApplication`."""

    idempotency_key: str
    application_id: str
    expected_version: int


async def submit_application(runtime: Runtime, viewer: Viewer, command: SubmitApplication) -> str:
    """Send a complete draft to HQ's review and give its id. From here the shop is taken.

    Refuses as the table says: INCOMPLETE, CONSENT_MISSING, POLICY_REFUSES, DUPLICATE.
    """
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            await _submit(change, viewer, command)
    return command.application_id


async def _submit(change: Change, viewer: Viewer, command: SubmitApplication) -> None:
    work, application = change.work, change.application
    values = values_of(work.runtime.keyring, application)
    shop = shop_of(work.runtime, values)
    # Two applications for one shop, submitted at the same moment: the second waits here and then finds the first.
    if shop is not None:
        await lock_name(f"shop|{shop}")
    plans = await rate_plans_on(date_in_china(work.now))
    facts = submission_facts(application, values, work.now, plans, duplicate=await is_taken(application, shop))
    chosen = plans.offered.get(values.get("rate_plan", ""))
    await move_for(
        work,
        viewer,
        application,
        Action.SUBMIT,
        expected_version=command.expected_version,
        facts=facts,
        changes={
            "live_key": _live_key(application, shop),
            "rate_plan_entry_id": chosen.id if chosen is not None else None,
            "submitted_at": application.submitted_at or work.now,
            "queued_at": work.now,
        },
        body={"form_version": application.version},
    )


def shop_of(runtime: Runtime, values: Mapping[str, Any]) -> str | None:
    """Give the key of this owner's shop; None while owner or shop is not filled in."""
    if any(is_empty(values.get(name)) for name in ("id_card_number", "micro_address_code", "micro_name")):
        return None
    return shop_key(runtime.keyring, values)


async def is_taken(application: Application, shop: str | None) -> bool:
    """Tell whether another live application stands in the way of this one; none does once HQ has allowed it."""
    if shop is None or application.duplicate_allowed:
        return False
    return await Application.filter(live_key__startswith=shop).exclude(id=application.id).exists()


def _live_key(application: Application, shop: str | None) -> str | None:
    """Give the key that holds the shop for this application; one that HQ has allowed holds it beside the others."""
    return f"{shop}.{application.id[-20:]}" if shop is not None and application.duplicate_allowed else shop
