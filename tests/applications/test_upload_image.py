"""uploadImage: checked, sealed, and kept only with a row."""

from __future__ import annotations

import obstore
import pytest
from obstore.store import MemoryStore

from backend.accounts import Viewer
from backend.applications import UploadImage, upload_image
from backend.applications.upload_image import MOST_IMAGES
from backend.foundation.runtime import Runtime
from backend.foundation.storage import ObjectStorage
from backend.images import read
from backend.images.models import Image
from tests.builders.applications import a_draft, a_kept_photo, a_key, a_submitted, events_of, refused, save, the
from tests.builders.clock import FixedClock
from tests.builders.everything import everything_in_database
from tests.builders.pictures import a_png_bomb, an_animated_png, encoded, with_marked_corner
from tests.builders.runtime import a_runtime

PICTURE = encoded(with_marked_corner())


@pytest.fixture
def store() -> MemoryStore:
    """The object storage of the test, to look into."""
    return MemoryStore()


@pytest.fixture
def runtime(clock: FixedClock, store: MemoryStore) -> Runtime:
    """A runtime over that storage."""
    return a_runtime(clock=clock, storage=ObjectStorage(store))


def stored(store: MemoryStore) -> dict[str, bytes]:
    """Give everything in the storage."""
    keys = [item["path"] for item in obstore.list(store).collect()]
    return {key: bytes(obstore.get(store, key).bytes()) for key in keys}


async def test_a_photo_is_kept_sealed(runtime: Runtime, clerk: Viewer, store: MemoryStore) -> None:
    """Its bytes are nowhere in clear; the draft's version stays until the photo is saved into its field."""
    application_id = await a_draft(runtime, clerk)
    before, version = stored(store), (await the(application_id)).version
    image_id = await upload_image(runtime, clerk, UploadImage(a_key(), application_id, "id_card_copy", PICTURE))
    image = await Image.get(id=image_id)
    assert (image.subject_id, image.purpose, image.uploader_id) == (application_id, "id_card_copy", clerk.id)
    (new,) = stored(store).keys() - before.keys()
    assert new == image.storage_key
    content = await read(runtime, image_id)
    assert content[:3] == b"\xff\xd8\xff"
    assert content not in stored(store)[new]
    assert b"\xff\xd8\xff" not in stored(store)[new][:64]
    assert ((await the(application_id)).version, len(content)) == (version, image.size_bytes)
    assert (await events_of(application_id))[-1].kind == "IMAGE_UPLOADED"
    await save(runtime, clerk, application_id, id_card_copy=image_id)


async def test_the_same_call_keeps_one(runtime: Runtime, clerk: Viewer, store: MemoryStore) -> None:
    """Sent again the photo is the same one, and no second object is left in the storage."""
    command = UploadImage(a_key(), await a_draft(runtime, clerk), "id_card_copy", PICTURE)
    first = await upload_image(runtime, clerk, command)
    before, objects = await everything_in_database(), stored(store)
    assert await upload_image(runtime, clerk, command) == first
    assert (await everything_in_database(), stored(store)) == (before, objects)


NOT_TAKEN = (
    ("id_card_copy", b"", "EMPTY"),
    ("id_card_copy", b"no picture at all, only text", "NOT_AN_IMAGE"),
    ("id_card_copy", PICTURE[: len(PICTURE) // 2], "TRUNCATED"),
    ("id_card_copy", an_animated_png(), "ANIMATED"),
    ("id_card_copy", a_png_bomb(20000, 20000), "TOO_MANY_PIXELS"),
    ("owner_name", PICTURE, "PURPOSE_UNKNOWN"),
    ("portrait", PICTURE, "PURPOSE_UNKNOWN"),
)


async def test_what_is_not_taken(runtime: Runtime, clerk: Viewer, store: MemoryStore) -> None:
    """Nothing is kept of it, in neither place."""
    application_id = await a_draft(runtime, clerk)
    objects = stored(store)
    for purpose, content, code in NOT_TAKEN:
        async with refused(code):
            await upload_image(runtime, clerk, UploadImage(a_key(), application_id, purpose, content))
        assert stored(store) == objects


async def test_who_may_not_upload(
    runtime: Runtime, clerk: Viewer, other_clerk: Viewer, reviewer: Viewer, store: MemoryStore
) -> None:
    """Only the author, and only while the draft is open."""
    draft = await a_draft(runtime, clerk)
    submitted = await a_submitted(runtime, clerk)
    objects = stored(store)
    for viewer, application_id, code in (
        (other_clerk, draft, "NotFound"),
        (reviewer, draft, "NOT_ALLOWED"),
        (clerk, submitted, "ILLEGAL_STATE"),
        (clerk, "apl_nothing", "NotFound"),
    ):
        async with refused(code):
            await upload_image(runtime, viewer, UploadImage(a_key(), application_id, "id_card_copy", PICTURE))
    assert stored(store) == objects


async def test_too_many(runtime: Runtime, clerk: Viewer, store: MemoryStore) -> None:
    """An application has room for so many photos; the one too many leaves nothing behind."""
    assert MOST_IMAGES == 100
    application_id = await a_draft(runtime, clerk)
    await a_kept_photo(runtime, clerk, application_id, "id_card_copy")
    count = await Image.filter(subject_id=application_id).count()
    for _ in range(MOST_IMAGES - count):
        await a_kept_photo(runtime, clerk, application_id, "id_card_copy")
    objects = stored(store)
    async with refused("TOO_MANY_IMAGES"):
        await upload_image(runtime, clerk, UploadImage(a_key(), application_id, "id_card_copy", PICTURE))
    assert stored(store) == objects
