"""`uploadImage`: one photo for one field of an open draft."""

from __future__ import annotations

import hashlib
from importlib import import_module
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from backend.accounts import Viewer
from backend.foundation.events import Event
from backend.foundation.runtime import Runtime
from backend.images.http import image_route
from backend.images.models import Image
from backend.images.pictures import PictureRefusal
from tests.builders.api import Api, Client, a_key, nothing_written
from tests.builders.pictures import a_jpeg_of_many_scans, a_png_bomb, an_animated_png, encoded, noise
from tests.schema import cases
from tests.schema.inputs import PHOTO
from tests.schema.mutations import BAD_KEYS, assert_refused

# A file that is refused, and the code; the ninth, TOO_LARGE, is refused by the endpoint before it is a file.
BAD_FILES = {
    PictureRefusal.EMPTY: b"",
    PictureRefusal.NOT_AN_IMAGE: b"hello",
    PictureRefusal.UNSUPPORTED_TYPE: b"GIF89a" + bytes(40),
    PictureRefusal.TRUNCATED: PHOTO[: len(PHOTO) // 2],
    PictureRefusal.TOO_MANY_PIXELS: a_png_bomb(30_000, 30_000),
    PictureRefusal.ANIMATED: an_animated_png(),
    PictureRefusal.TOO_SMALL: encoded(noise(20, 20)),
}


async def _upload(client: Client, case: cases.Case, content: bytes = PHOTO, **changed: Any) -> Any:
    return await client.upload(content, **{"applicationId": case.id, "purpose": "id_card_copy", **changed})


async def test_a_photo_is_kept_once(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """It is told with size and hash, its link gives it to the caller, and the call sent again keeps no second one."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    key = a_key()
    image = (await _upload(client, case, idempotencyKey=key)).changed
    assert (image["purpose"], image["width"], image["height"]) == ("id_card_copy", 400, 300)
    facts = await Event.all().count()
    async with nothing_written():
        assert (await _upload(client, case, idempotencyKey=key)).changed["id"] == image["id"]
    assert (await Event.all().count(), await Image.all().count()) == (facts, 1)

    web = Starlette(routes=[Route("/images/{id}", image_route(runtime), methods=["GET"])])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url=runtime.public_url) as browser:
        shown = await browser.get(image["url"])
    assert hashlib.sha256(shown.content).hexdigest() == image["sha256"]
    assert len(shown.content) == image["sizeBytes"]

    for other in ({"purpose": "id_card_national"}, {"content": cases.a_picture().content}):
        await assert_refused(
            _upload(client, case, idempotencyKey=key, **other), ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")
        )
    for bad in BAD_KEYS:
        await assert_refused(_upload(client, case, idempotencyKey=bad), ("IDEMPOTENCY_KEY_INVALID", "idempotencyKey"))


async def test_a_bad_file_is_refused_and_not_kept(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Each reason has its code and sentence at `file`."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    assert {*BAD_FILES, PictureRefusal.TOO_LARGE} == set(PictureRefusal)
    for code, content in BAD_FILES.items():
        await assert_refused(_upload(client, case, content), (code, "file"))
    await assert_refused(_upload(client, case, a_jpeg_of_many_scans(200)), ("NOT_AN_IMAGE", "file"))


async def test_what_is_no_photo_of_an_open_draft_is_refused(
    api: Api, runtime: Runtime, clerk: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A purpose that takes no photo, a draft that is closed, and too many photos."""
    client, case = await api.client(clerk), await cases.submitted(runtime, clerk)
    for purpose in ("owner_name", "nonsense", ""):
        await assert_refused(_upload(client, case, purpose=purpose), ("PURPOSE_UNKNOWN", "purpose"))
    (error,) = await assert_refused(_upload(client, case), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "IN_REVIEW"

    draft = await cases.started(runtime, clerk)
    monkeypatch.setattr(import_module("backend.applications.upload_image"), "MOST_IMAGES", 1)
    assert (await _upload(client, draft)).outcome == "OK"
    await assert_refused(_upload(client, draft), ("TOO_MANY_IMAGES", "file"))


async def test_a_file_beyond_ten_megabytes_is_not_read(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """The endpoint stops reading at its limit."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    async with nothing_written():
        answer = await _upload(client, case, bytes(10 * 1024 * 1024 + 65 * 1024))
    assert (answer.status, answer.codes) == (413, ["LIMIT_EXCEEDED"])


async def test_a_file_must_come_as_a_file(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Text in the place of the file is a bad request."""
    client, case = await api.client(clerk), await cases.started(runtime, clerk)
    for file in ("aGVsbG8=", None):
        answer = await client.change("UploadImage", applicationId=case.id, purpose="id_card_copy", file=file)
        assert answer.codes == ["BAD_REQUEST"]
