"""Upload: one sample photo for the guide of one form field."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from backend.accounts import Permission, Viewer, acting, require
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.runtime import Runtime
from backend.foundation.work import Call, Work
from backend.handbook.content import Kind
from backend.handbook.errors import HandbookRefusal
from backend.handbook.rules import may_be_code
from backend.images import Picture, PictureRefused, discard, keep, normalise_in_thread, register
from backend.images.models import Image

OPERATION: Final = "uploadHandbookSample"
# What samples are kept for, in the place of a subject: versions share them.
SAMPLES: Final = "handbook"
# Of all fields together; published versions keep theirs for ever.
MOST_SAMPLES: Final = 1000


@dataclass(frozen=True, slots=True)
class UploadHandbookSample:
    """The input of `uploadHandbookSample`. `code` is the name of the form field that the guide is for."""

    idempotency_key: str
    code: str
    content: bytes = field(repr=False)


async def upload_handbook_sample(runtime: Runtime, viewer: Viewer, command: UploadHandbookSample) -> str:
    """Keep one sample photo and give its id; a saved draft of the guide then shows it.

    Refuses with the picture's own code (`PictureRefused` as a refusal of `file`), with ENTRY_CODE_INVALID and with
    TOO_MANY_SAMPLES; in each case nothing is kept.
    """
    require(viewer, Permission.EDIT_HANDBOOK)
    if not may_be_code(Kind.PHOTO_GUIDE, command.code):
        raise Refused(Refusal(HandbookRefusal.ENTRY_CODE_INVALID, ("code",)))
    try:
        picture = await normalise_in_thread(command.content)
    except PictureRefused as refused:
        raise Refused(Refusal(refused.code, ("file",), refused.params)) from refused
    image_id = await keep(runtime, picture)
    given = {"code": command.code, "sha256": hashlib.sha256(command.content).hexdigest()}
    call = Call(viewer.id, OPERATION, command.idempotency_key, given)
    try:
        async with acting(runtime, viewer, call) as outcome:
            if not outcome.replayed:
                await _register(outcome.work, viewer, command, image_id, picture)
                outcome.result_id = image_id
    finally:
        await discard(runtime, image_id)
    return outcome.result_id


async def _register(work: Work, viewer: Viewer, command: UploadHandbookSample, image_id: str, picture: Picture) -> None:
    if await Image.filter(subject_id=SAMPLES).count() >= MOST_SAMPLES:
        raise Refused(Refusal(HandbookRefusal.TOO_MANY_SAMPLES, ("file",), {"max": MOST_SAMPLES}))
    await register(work, image_id, picture, subject_id=SAMPLES, purpose=command.code, uploader_id=viewer.id)
