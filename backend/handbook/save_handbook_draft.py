"""Save: the one draft of an entry is begun or changed. Nobody but editors sees it until it is published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from backend.accounts import Permission, Viewer, acting, call_of, require
from backend.foundation.database import lock_name
from backend.foundation.lifecycle import StaleVersion
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook.content import KINDS, Content, Kind, PhotoGuide, problems, stored, title_problems
from backend.handbook.differences import differences
from backend.handbook.errors import HandbookRefusal
from backend.handbook.events import EventKind
from backend.handbook.models import HandbookEntry
from backend.handbook.rules import Action, State, may_be_code
from backend.handbook.service import move_entry
from backend.handbook.upload_handbook_sample import SAMPLES
from backend.images import purposes_of

OPERATION: Final = "saveHandbookDraft"


@dataclass(frozen=True, slots=True)
class SaveHandbookDraft:
    """The input of `saveHandbookDraft`: the whole draft. `expected_version` is 0 where none has been begun yet."""

    idempotency_key: str
    code: str
    expected_version: int
    title: str
    position: int
    needs_acknowledgement: bool
    content: Content

    @property
    def kind(self) -> Kind:
        """What kind of entry it is a draft of."""
        return KINDS[type(self.content)]


async def save_handbook_draft(runtime: Runtime, viewer: Viewer, command: SaveHandbookDraft) -> str:
    """Begin the draft of the next version of an entry, or change the one that there is; give its id.

    Refuses with the codes of `HandbookRefusal`, every reason at once, and with `StaleVersion` when there is a draft
    that the caller has not seen.
    """
    require(viewer, Permission.EDIT_HANDBOOK)
    async with acting(runtime, viewer, call_of(viewer, OPERATION, command)) as outcome:
        if not outcome.replayed:
            outcome.result_id = await _save(outcome.work, viewer, command)
    return outcome.result_id


async def _save(work: Work, viewer: Viewer, command: SaveHandbookDraft) -> str:
    await _check(command)
    draft_key = f"{command.kind}|{command.code}"
    await lock_name(f"handbook|{draft_key}")
    found = await HandbookEntry.get_or_none(draft_key=draft_key)
    if found is None:
        if command.expected_version != 0:
            raise StaleVersion(expected=command.expected_version, current=0, state="NONE")
        return await _begin(work, viewer, command, draft_key)
    draft = await work.lock(HandbookEntry, found.id)
    assert draft is not None  # noqa: S101 - entries are never deleted
    columns = _columns(command)
    before = {name: getattr(draft, name) for name in columns}
    await move_entry(
        work,
        viewer,
        draft,
        Action.SAVE,
        expected_version=command.expected_version,
        changes=columns,
        body={"changes": [asdict(item) for item in differences(_told(before), _told(columns))]},
    )
    return draft.id


async def _begin(work: Work, viewer: Viewer, command: SaveHandbookDraft, draft_key: str) -> str:
    last = await HandbookEntry.filter(kind=command.kind, code=command.code).order_by("-number").first()
    draft = HandbookEntry(
        id=work.runtime.ids.new("hbe"),
        state=State.DRAFT,
        created_at=work.now,
        updated_at=work.now,
        kind=command.kind,
        code=command.code,
        number=last.number + 1 if last is not None else 1,
        draft_key=draft_key,
        author_id=viewer.id,
        **_columns(command),
    )
    told = {"to": State.DRAFT, "kind": draft.kind, "code": draft.code, "number": draft.number}
    work.record(draft, EventKind.DRAFT_STARTED, told)
    await draft.save(force_create=True)
    return draft.id


def _columns(command: SaveHandbookDraft) -> dict[str, Any]:
    return {
        "title": command.title,
        "position": command.position,
        "needs_acknowledgement": command.needs_acknowledgement,
        "content": stored(command.content),
    }


def _told(columns: dict[str, Any]) -> dict[str, Any]:
    return {**columns, "content": orjson.loads(columns["content"])}


async def _check(command: SaveHandbookDraft) -> None:
    """Refuse what must not be published as it is, with every reason at once."""
    # The content lies in the member that is named for its kind.
    where = ("content", command.kind.lower())
    refusals = [
        *(Refusal(item.code, item.path, item.params) for item in title_problems(command.title)),
        *(Refusal(item.code, (*where, *item.path), item.params) for item in problems(command.content)),
    ]
    if not may_be_code(command.kind, command.code):
        refusals.append(Refusal(HandbookRefusal.ENTRY_CODE_INVALID, ("code",)))
    if isinstance(command.content, PhotoGuide):
        known = await purposes_of(SAMPLES, {sample.image_id for sample in command.content.samples})
        refusals += [
            Refusal(HandbookRefusal.SAMPLE_UNKNOWN, (*where, "samples", str(index), "image_id"))
            for index, sample in enumerate(command.content.samples)
            if known.get(sample.image_id) != command.code
        ]
    if refusals:
        raise Refused(*refusals)
