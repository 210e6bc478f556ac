"""revealField: one value in clear, for a reason, on record."""

from __future__ import annotations

import pytest

from backend.accounts import Role, Viewer
from backend.applications import RevealField, reveal_field
from backend.applications.form import FIELDS
from backend.foundation.runtime import Runtime
from tests.builders.applications import a_draft, a_key, events_of, refused, the
from tests.builders.everything import everything_in_database
from tests.builders.forms import CARD_NUMBER
from tests.builders.people import body_of
from tests.conftest import MakeViewer


async def test_the_value_is_told_and_that_it_was_told(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """The fact says which field and why, without the value; sent again, it is one fact and no change."""
    application_id = await a_draft(runtime, clerk)
    version = (await the(application_id)).version
    command = RevealField(a_key(), application_id, "account_number", " 与银行核对 ")
    assert await reveal_field(runtime, reviewer, command) == CARD_NUMBER
    last = (await events_of(application_id))[-1]
    assert (last.kind, last.actor_id) == ("FIELD_REVEALED", reviewer.id)
    assert body_of(last) == {"field": "account_number", "reason": "与银行核对"}
    assert (await the(application_id)).version == version
    before = await everything_in_database()
    assert await reveal_field(runtime, reviewer, command) == CARD_NUMBER
    assert await everything_in_database() == before
    assert CARD_NUMBER not in repr(before)


async def test_what_is_empty_is_none(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """That somebody looked is on record all the same."""
    application_id = await a_draft(runtime, clerk, contact_email=None)
    assert await reveal_field(runtime, reviewer, RevealField(a_key(), application_id, "contact_email", "核对")) is None
    assert (await events_of(application_id))[-1].kind == "FIELD_REVEALED"


async def test_every_masked_field_and_no_other(runtime: Runtime, clerk: Viewer, reviewer: Viewer) -> None:
    """What is shown to everybody anyway needs no reason, and leaves no fact."""
    application_id = await a_draft(runtime, clerk)
    shown = [name for name, field in FIELDS.items() if field.mask is None]
    assert shown
    for name in (*shown, "no_field", ""):
        async with refused("FIELD_UNKNOWN"):
            await reveal_field(runtime, reviewer, RevealField(a_key(), application_id, name, "核对"))
    masked = [name for name, field in FIELDS.items() if field.mask is not None]
    for name in masked:
        await reveal_field(runtime, reviewer, RevealField(a_key(), application_id, name, "核对"))
    revealed = [body_of(event)["field"] for event in await events_of(application_id) if event.kind == "FIELD_REVEALED"]
    assert revealed == masked


async def test_what_is_refused(runtime: Runtime, clerk: Viewer, admin: Viewer) -> None:
    """Without a reason nothing is shown, and nothing is on record."""
    application_id = await a_draft(runtime, clerk)
    for code, subject_id, reason in (
        ("REASON_MISSING", application_id, " "),
        ("TEXT_TOO_LONG", application_id, "长" * 501),
        ("NotFound", "apl_00000000000000000000000000", "核对"),
        ("NotFound", "no id", "核对"),
    ):
        async with refused(code):
            await reveal_field(runtime, admin, RevealField(a_key(), subject_id, "owner_name", reason))


@pytest.mark.parametrize("role", [Role.FIELD_STAFF, Role.PARTNER_ADMIN, Role.AUDITOR, Role.PARTNER_KEY])
async def test_who_may_not(runtime: Runtime, clerk: Viewer, a_viewer: MakeViewer, role: Role) -> None:
    """Only HQ's people who work with applications; an auditor sees everything masked."""
    application_id = await a_draft(runtime, clerk)
    viewer = await a_viewer(f"one_{role}", role, "hq_field")
    async with refused("PermissionMissing"):
        await reveal_field(runtime, viewer, RevealField(a_key(), application_id, "owner_name", "核对"))
