"""Entries of the handbook brought to where a test needs them, through the use cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import backend.handbook as service
from backend.accounts import (
    OrganisationKind,
    Role,
    StaffState,
    Viewer,
    authenticate,
    ensure_organisation,
    ensure_staff,
    open_session,
)
from backend.foundation.runtime import Runtime
from backend.handbook.content import Content, Notice
from backend.handbook.models import HandbookEntry
from tests.builders.applications import a_key

TEXT = Notice(("门店照片须当天拍摄。",))


async def an_editor(runtime: Runtime) -> Viewer:
    """Give an HQ admin of this name, with a new session."""
    hq = await ensure_organisation(runtime, code="hq", name="总部", kind=OrganisationKind.HQ, parent_id=None)
    staff_id = await ensure_staff(
        runtime,
        code="handbook_editor",
        name="手册编辑",
        roles=frozenset({Role.ADMIN}),
        organisation_id=hq,
        state=StaffState.APPROVED,
    )
    return await authenticate(runtime, await open_session(runtime, staff_id))


@dataclass(frozen=True, slots=True)
class Kept:
    """One version of an entry, and who keeps it."""

    runtime: Runtime
    editor: Viewer
    id: str

    async def version(self) -> int:
        """Give the version number it is at."""
        return (await self.row()).version

    async def row(self) -> HandbookEntry:
        """Give it as it stands in the database."""
        return await HandbookEntry.get(id=self.id)

    async def publish(self, effective_on: date | None = None) -> None:
        """Let it take effect."""
        command = service.PublishHandbookDraft(a_key(), self.id, await self.version(), effective_on)
        await service.publish_handbook_draft(self.runtime, self.editor, command)

    async def retire(self, retired_on: date | None = None) -> None:
        """Let it be in force no more."""
        command = service.RetireHandbookEntry(a_key(), self.id, await self.version(), retired_on)
        await service.retire_handbook_entry(self.runtime, self.editor, command)


def a_save(content: Content = TEXT, **members: Any) -> service.SaveHandbookDraft:
    """Give the input that begins a draft, of the code NIGHT_SHIFT unless another is given."""
    return service.SaveHandbookDraft(
        **{
            "idempotency_key": a_key(),
            "code": "NIGHT_SHIFT",
            "expected_version": 0,
            "title": "夜间开户",
            "position": 50,
            "needs_acknowledgement": False,
            "content": content,
            **members,
        }
    )


async def a_draft(runtime: Runtime, editor: Viewer, content: Content = TEXT, **members: Any) -> Kept:
    """Begin a draft."""
    return Kept(runtime, editor, await service.save_handbook_draft(runtime, editor, a_save(content, **members)))


async def a_published(
    runtime: Runtime, editor: Viewer, content: Content = TEXT, *, effective_on: date | None = None, **members: Any
) -> Kept:
    """Publish an entry, from today on unless another day is given."""
    kept = await a_draft(runtime, editor, content, **members)
    await kept.publish(effective_on)
    return kept
