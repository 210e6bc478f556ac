"""Upload: one photo for one field of an open draft, checked, re-encoded and sealed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from backend.accounts import Viewer, acting
from backend.applications import rules
from backend.applications.errors import ApplicationRefusal
from backend.applications.events import EventKind
from backend.applications.fields import Kind
from backend.applications.form import FIELDS
from backend.applications.models import Application
from backend.applications.rules import Action, Facts, State
from backend.applications.service import find_visible, lock_visible
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Call, Work
from backend.images import Picture, PictureRefused, discard, keep, normalise_in_thread, register
from backend.images.models import Image

OPERATION: Final = "uploadImage"
# Retaken photos pile up; more than this for one application is no work any more.
MOST_IMAGES: Final = 100


@dataclass(frozen=True, slots=True)
class UploadImage:
    """The input of `uploadImage`. `purpose` is the name of the form field that the photo is for."""

    idempotency_key: str
    application_id: str
    purpose: str
    content: bytes = field(repr=False)


async def upload_image(runtime: Runtime, viewer: Viewer, command: UploadImage) -> str:
    """Keep one photo and give its id; `saveApplicationDraft` then puts it into its field.

    Refuses with the picture's own code (`PictureRefused` as a refusal of `file`), with PURPOSE_UNKNOWN, and as the
    table refuses a save; in each case nothing is kept.
    """
    form_field = FIELDS.get(command.purpose)
    if form_field is None or form_field.kind not in {Kind.IMAGE, Kind.IMAGES}:
        raise Refused(Refusal(ApplicationRefusal.PURPOSE_UNKNOWN, ("purpose",)))
    # Asked before the work of decoding, and again under the lock.
    application = await find_visible(viewer, command.application_id)
    _require_open(runtime, viewer, application)
    try:
        picture = await normalise_in_thread(command.content)
    except PictureRefused as refused:
        raise Refused(Refusal(refused.code, ("file",), refused.params)) from refused
    image_id = await keep(runtime, picture)
    call = Call(
        viewer.id,
        OPERATION,
        command.idempotency_key,
        {
            "application_id": command.application_id,
            "purpose": command.purpose,
            "sha256": hashlib.sha256(command.content).hexdigest(),
        },
    )
    try:
        async with acting(runtime, viewer, call) as outcome:
            if not outcome.replayed:
                await _register(outcome.work, viewer, command, image_id, picture)
                outcome.result_id = image_id
    finally:
        await discard(runtime, image_id)
    return outcome.result_id


def _require_open(runtime: Runtime, viewer: Viewer, application: Application) -> None:
    now = runtime.clock.now()
    standing = rules.standing_of(viewer, application, now)
    rules.LIFECYCLE.find(State(application.state), Action.SAVE, to=None, standing=standing, facts=Facts())


async def _register(work: Work, viewer: Viewer, command: UploadImage, image_id: str, picture: Picture) -> None:
    application = await lock_visible(work, viewer, command.application_id)
    _require_open(work.runtime, viewer, application)
    if await Image.filter(subject_id=application.id).count() >= MOST_IMAGES:
        raise Refused(Refusal(ApplicationRefusal.TOO_MANY_IMAGES, ("file",), {"max": MOST_IMAGES}))
    await register(
        work,
        image_id,
        picture,
        subject_id=application.id,
        purpose=command.purpose,
        uploader_id=viewer.id,
    )
    # The version stays: a photo changes nothing of the draft until a save puts it into its field.
    work.record(application, EventKind.IMAGE_UPLOADED, {"image_id": image_id, "purpose": command.purpose})
    await application.save(update_fields=["event_sequence", "event_hash"])
