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
from backend.foundation.database import lock_name
from backend.foundation.runtime import Runtime

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
    key = live_key(work.runtime, application, values)
    # Two applications for one shop, submitted at the same moment: the second waits here and then finds the first.
    if key is not None:
        await lock_name(f"shop|{key}")
    facts = submission_facts(application, values, work.now, duplicate=await is_taken(application, key))
    await move_for(
        work,
        viewer,
        application,
        Action.SUBMIT,
        expected_version=command.expected_version,
        facts=facts,
        changes={
            "live_key": key,
            "submitted_at": application.submitted_at or work.now,
            "queued_at": work.now,
        },
        body={"form_version": application.version},
    )


def live_key(runtime: Runtime, application: Application, values: Mapping[str, Any]) -> str | None:
    """Give the key that holds the shop for this application; None while owner or shop is not filled in.

    A duplicate that HQ has allowed gets a key of its own.
    """
    if any(is_empty(values.get(name)) for name in ("id_card_number", "micro_address_code", "micro_name")):
        return None
    key = shop_key(runtime.keyring, values)
    if application.duplicate_allowed:
        return runtime.keyring.blind_index("shop", f"{key}|{application.id}")
    return key


async def is_taken(application: Application, key: str | None) -> bool:
    """Tell whether another live application holds this shop."""
    return key is not None and await Application.filter(live_key=key).exclude(id=application.id).exists()
