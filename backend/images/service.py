"""Keeping photos: sealed in the object storage, served only by a short grant."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from backend.accounts import is_active
from backend.foundation.ids import may_be_id
from backend.foundation.refusal import NotFound
from backend.foundation.runtime import Runtime
from backend.foundation.work import Work
from backend.images.models import Image
from backend.images.pictures import Picture

GRANT_SECONDS: Final = 600
_GRANT_PURPOSE: Final = "image-grant"


async def keep(runtime: Runtime, picture: Picture) -> str:
    """Seal a checked picture, put it into the object storage and give the image id it will have.

    No row is written: `register` does that in the caller's transaction, and `discard` undoes this if that fails.
    """
    image_id = runtime.ids.new("img")
    sealed = runtime.keyring.seal(picture.content, table="image", field="content", row=image_id)
    await runtime.storage.put(_storage_key(image_id), sealed)
    return image_id


async def discard(runtime: Runtime, image_id: str) -> None:
    """Remove a kept picture if no row was written for it; what has a row stays."""
    if not await Image.exists(id=image_id):
        await runtime.storage.delete(_storage_key(image_id))


async def register(
    work: Work, image_id: str, picture: Picture, *, subject_id: str, purpose: str, uploader_id: str
) -> None:
    """Write the row of a kept picture in the transaction of `work`."""
    await Image.create(
        id=image_id,
        subject_id=subject_id,
        purpose=purpose,
        uploader_id=uploader_id,
        sha256=picture.sha256,
        size_bytes=len(picture.content),
        width=picture.width,
        height=picture.height,
        storage_key=_storage_key(image_id),
        created_at=work.now,
    )


async def purposes_of(subject_id: str, image_ids: set[str]) -> dict[str, str]:
    """Tell the purpose of each of `image_ids` that was taken for this subject; the others are left out."""
    known = [image_id for image_id in image_ids if may_be_id(image_id)]
    rows = await Image.filter(subject_id=subject_id, id__in=known).values("id", "purpose")
    return {row["id"]: row["purpose"] for row in rows}


async def read(runtime: Runtime, image_id: str) -> bytes:
    """Give the JPEG bytes of an image. Refuses with `NotFound`."""
    image = await Image.get_or_none(id=image_id)
    if image is None:
        raise NotFound
    sealed = await runtime.storage.get(image.storage_key)
    return runtime.keyring.open(sealed, table="image", field="content", row=image.id)


def granted_url(runtime: Runtime, image_id: str, viewer_id: str) -> str:
    """Give the link by which this viewer, and nobody after they have left, sees the image for ten minutes."""
    expires = int((runtime.clock.wall() + timedelta(seconds=GRANT_SECONDS)).timestamp())
    signature = runtime.keyring.sign(_GRANT_PURPOSE, _granted(image_id, viewer_id, expires))
    return f"{runtime.public_url}/images/{image_id}?grant={viewer_id}.{expires}.{signature}"


async def read_by_grant(runtime: Runtime, image_id: str, grant: str) -> bytes:
    """Give the JPEG bytes that a grant opens.

    Refuses alike, with `NotFound`, what is forged, has expired, names another image or belongs to somebody who may
    not come in any more.
    """
    parts = grant.split(".")
    # Twelve digits of seconds outlast us; Python refuses to read thousands of them.
    if len(parts) != 3 or not parts[1].isascii() or not parts[1].isdigit() or len(parts[1]) > 12:
        raise NotFound
    viewer_id, expires, signature = parts[0], int(parts[1]), parts[2]
    if not runtime.keyring.verify(_GRANT_PURPOSE, _granted(image_id, viewer_id, expires), signature):
        raise NotFound
    if runtime.clock.wall().timestamp() >= expires or not await is_active(viewer_id):
        raise NotFound
    return await read(runtime, image_id)


def _granted(image_id: str, viewer_id: str, expires: int) -> bytes:
    return f"{image_id}|{viewer_id}|{expires}".encode()


def _storage_key(image_id: str) -> str:
    return f"images/{image_id}"
