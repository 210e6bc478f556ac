"""withdrawApplication: ended in the way its state still allows."""

from __future__ import annotations

import pytest

from backend.accounts import Viewer
from backend.applications import WithdrawApplication, withdraw_application
from backend.foundation.runtime import Runtime
from tests.builders.applications import (
    a_draft,
    a_key,
    a_submitted,
    an_approved,
    claim,
    events_of,
    refused,
    send_back,
    the,
    withdraw,
)


@pytest.mark.parametrize("state", ["DRAFT", "IN_REVIEW", "RETURNED", "APPROVED"])
async def test_before_it_is_filed(runtime: Runtime, clerk: Viewer, reviewer: Viewer, state: str) -> None:
    """It ends at once, and the shop and the claim are free."""
    if state == "DRAFT":
        application_id = await a_draft(runtime, clerk)
    elif state == "APPROVED":
        application_id = await an_approved(runtime, clerk, reviewer)
    else:
        application_id = await a_submitted(runtime, clerk)
        if state == "RETURNED":
            await send_back(runtime, reviewer, application_id, "account_bank")
        else:
            await claim(runtime, reviewer, application_id)
    assert (await the(application_id)).state == state
    await withdraw(runtime, clerk, application_id, "  店主改变主意 ")
    application = await the(application_id)
    assert (application.state, application.live_key, application.claimer_id) == ("WITHDRAWN", None, None)
    event = (await events_of(application_id))[-1]
    assert (event.kind, "店主改变主意" in (event.body or "")) == ("WITHDRAWN", True)
    async with refused("ILLEGAL_STATE"):
        await withdraw(runtime, clerk, application_id)


async def test_hq_may(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """HQ ends an application too."""
    application_id = await a_submitted(runtime, clerk)
    await withdraw(runtime, admin, application_id)
    assert (await the(application_id)).state == "WITHDRAWN"


async def test_what_is_refused(
    runtime: Runtime, partner_clerk: Viewer, partner_admin: Viewer, clerk: Viewer, auditor: Viewer
) -> None:
    """No reason, too long a one, an old version, somebody else."""
    application_id = await a_draft(runtime, partner_clerk)
    async with refused("REASON_MISSING"):
        await withdraw(runtime, partner_clerk, application_id, " ")
    async with refused("TEXT_TOO_LONG"):
        await withdraw(runtime, partner_clerk, application_id, "长" * 501)
    async with refused("StaleVersion"):
        await withdraw_application(runtime, partner_clerk, WithdrawApplication(a_key(), application_id, 1, "原因"))
    for viewer, code in ((partner_admin, "NOT_ALLOWED"), (auditor, "NOT_ALLOWED"), (clerk, "NotFound")):
        async with refused(code):
            await withdraw(runtime, viewer, application_id)
