"""allowDuplicate: HQ lets one application stand beside another for the same shop."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.applications import AllowDuplicate, allow_duplicate
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_draft, a_key, a_submitted, events_of, refused, submit, the, withdraw


async def allow(runtime: Runtime, viewer: Viewer, application_id: str, reason: str = "店主确有两个收款点") -> None:
    """Allow an application as it stands."""
    version = (await the(application_id)).version
    await allow_duplicate(runtime, viewer, AllowDuplicate(a_key(), application_id, version, reason))


async def test_one_is_allowed_and_no_other(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """The allowed one goes in beside the first; a third still finds the shop taken, by whichever of them is left."""
    first, second, third = (
        await a_submitted(runtime, clerk),
        await a_draft(runtime, clerk),
        await a_draft(runtime, clerk),
    )
    async with refused("DUPLICATE"):
        await submit(runtime, clerk, second)
    await allow(runtime, reviewer, second)
    await submit(runtime, clerk, second)
    assert (await events_of(second))[-2].kind == "DUPLICATE_ALLOWED"
    async with refused("DUPLICATE"):
        await submit(runtime, clerk, third)
    await withdraw(runtime, clerk, first)
    async with refused("DUPLICATE"):
        await submit(runtime, clerk, third)
    await withdraw(runtime, clerk, second)
    await submit(runtime, clerk, third)


async def test_what_is_refused(runtime: Runtime, clerk: Viewer, reviewer: Viewer, auditor: Viewer) -> None:
    """No reason, not HQ, not a draft any more."""
    application_id = await a_draft(runtime, clerk)
    async with refused("REASON_MISSING"):
        await allow(runtime, reviewer, application_id, "")
    for viewer in (clerk, auditor):
        async with refused("NOT_ALLOWED"):
            await allow(runtime, viewer, application_id)
    await submit(runtime, clerk, application_id)
    async with refused("ILLEGAL_STATE"):
        await allow(runtime, reviewer, application_id)
