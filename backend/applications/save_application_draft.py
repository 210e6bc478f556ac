"""Save: any part of the form, at any time, as long as the field is open and the value has the right shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backend.accounts import Viewer
from backend.applications import rules
from backend.applications.completeness import missing
from backend.applications.errors import ApplicationRefusal, DraftConflict, FieldConflict
from backend.applications.fields import Kind
from backend.applications.form import FIELDS, Section, check_shape, is_empty, mask, normalise
from backend.applications.models import Application
from backend.applications.record import Values, columns_for, open_fields_of, values_of, versions_of
from backend.applications.rules import Action, State
from backend.applications.service import Change, changing, move_for
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.events import canonical
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.handbook import rate_plans_on
from backend.images import purposes_of

OPERATION: Final = "saveApplicationDraft"


@dataclass(frozen=True, slots=True)
class SaveApplicationDraft:
    """The input of `saveApplicationDraft`. `fields` holds what is to change; None or an empty list clears a field."""

    idempotency_key: str
    application_id: str
    expected_version: int
    fields: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"SaveApplicationDraft({self.application_id}, fields={sorted(self.fields)})"


async def save_application_draft(runtime: Runtime, viewer: Viewer, command: SaveApplicationDraft) -> str:
    """Change some fields of an open draft and give its id.

    A value that is not right yet is kept and told as missing; only what cannot be a value of the field is refused
    (FIELD_INVALID), and so are fields that are locked after a return (FIELD_LOCKED) and photos of something else.
    All or nothing. Refuses with `DraftConflict`, showing both values, when the draft changed in between.
    """
    async with changing(runtime, viewer, OPERATION, command) as change:
        if change is not None:
            await _save(change, viewer, command)
    return command.application_id


async def _save(change: Change, viewer: Viewer, command: SaveApplicationDraft) -> None:
    work, application = change.work, change.application
    before = values_of(work.runtime.keyring, application)
    given = {name: _stored(name, value) for name, value in command.fields.items() if name in FIELDS}
    if command.expected_version != application.version:
        raise _conflict(application, viewer, work, before, given)
    # The table comes first: who may not save at all learns nothing about the fields.
    rules.LIFECYCLE.find(
        State(application.state),
        Action.SAVE,
        to=None,
        standing=rules.standing_of(viewer, application, work.now),
        facts=rules.Facts(),
    )
    await _check(application, command.fields, given, await _unlocked(application, before, work.now))

    changed = {name: value for name, value in given.items() if not _same(before.get(name), value)}
    if not changed:
        return
    after = {name: value for name, value in {**before, **changed}.items() if not is_empty(value)}
    version = application.version + 1
    await move_for(
        work,
        viewer,
        application,
        Action.SAVE,
        expected_version=command.expected_version,
        changes={
            **columns_for(work.runtime.keyring, application.id, after),
            "field_versions": canonical({**versions_of(application.field_versions), **dict.fromkeys(changed, version)}),
        },
        body={"changes": {name: _told(name, before.get(name), value) for name, value in changed.items()}},
    )


def _stored(name: str, value: Any) -> Any:
    return None if is_empty(value) else normalise(FIELDS[name], value)


def _same(old: Any, new: Any) -> bool:
    return (is_empty(old) and is_empty(new)) or old == new


def _told(name: str, old: Any, new: Any) -> dict[str, Any]:
    """Tell a change in the log: the two values, masked where they are sensitive."""
    field = FIELDS[name]
    if field.mask is None:
        return {"old": old, "new": new}
    return {"old": mask(field, old) or None, "new": mask(field, new) or None}


async def _unlocked(application: Application, before: Values, now: datetime) -> frozenset[str] | None:
    """Name the fields that are open after a return; None while all are.

    Beside those that were sent back that is what has come to stand in the way of a submission since: an ID card that
    has expired, a newer text to consent to. Else nobody could ever submit it again.
    """
    if application.state != State.RETURNED:
        return None
    on = date_in_china(now)
    lacking = {item.field for item in missing(before, on, await rate_plans_on(on))}
    if before.get("consent_text_version") != current_text(on).version:
        lacking |= {name for name, field in FIELDS.items() if field.section is Section.CONSENT}
    return frozenset(lacking | open_fields_of(application.open_fields).keys())


async def _check(
    application: Application, fields: Mapping[str, Any], given: Values, unlocked: frozenset[str] | None
) -> None:
    """Refuse what must not be stored, with every reason at once."""
    refusals = [Refusal(ApplicationRefusal.FIELD_UNKNOWN, ("fields", name)) for name in fields if name not in FIELDS]
    for name, value in given.items():
        if unlocked is not None and name not in unlocked:
            refusals.append(Refusal(ApplicationRefusal.FIELD_LOCKED, ("fields", name)))
        elif problem := check_shape(FIELDS[name], value):
            refusals.append(
                Refusal(ApplicationRefusal.FIELD_INVALID, ("fields", name), {"problem": problem.code, **problem.params})
            )
    if not refusals:
        refusals = await _check_images(application.id, given)
    if refusals:
        raise Refused(*refusals)


async def _check_images(application_id: str, given: Values) -> list[Refusal]:
    """Find photos that are not of this application, or not of what the field is for."""
    wanted = {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in given.items()
        if FIELDS[name].kind in {Kind.IMAGE, Kind.IMAGES} and value is not None
    }
    if not wanted:
        return []
    purposes = await purposes_of(application_id, {image_id for ids in wanted.values() for image_id in ids})
    refusals = []
    for name, image_ids in wanted.items():
        if any(image_id not in purposes for image_id in image_ids):
            refusals.append(Refusal(ApplicationRefusal.IMAGE_UNKNOWN, ("fields", name)))
        elif any(purposes[image_id] != name for image_id in image_ids):
            refusals.append(Refusal(ApplicationRefusal.IMAGE_PURPOSE_DIFFERS, ("fields", name)))
    return refusals


def _conflict(application: Application, viewer: Viewer, work: Work, stored: Values, given: Values) -> DraftConflict:
    """Show both values of each field that differs; in clear only to whom the draft itself is shown in clear."""
    clear = rules.sees_clear_values(viewer, application, work.now)

    def shown(name: str, value: Any) -> str:
        if is_empty(value):
            return ""
        field = FIELDS[name]
        return mask(field, value) if field.mask is not None and not clear else _as_text(value)

    return DraftConflict(
        current_version=application.version,
        state=application.state,
        conflicts=tuple(
            FieldConflict(name, yours=shown(name, value), theirs=shown(name, stored.get(name)))
            for name, value in given.items()
            if not _same(stored.get(name), value)
        ),
    )


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list | tuple) else str(value)
