"""`uploadHandbookSample`: one sample photo for the guide of one form field."""

from __future__ import annotations

from importlib import import_module

import pytest

from backend.accounts import Viewer
from backend.foundation.runtime import Runtime
from backend.images import read
from backend.images.models import Image
from tests.builders.api import Api, a_key, nothing_written
from tests.schema.inputs import PHOTO
from tests.schema.mutations import assert_refused

UPLOAD = "UploadHandbookSample"


async def test_a_sample_is_kept_once(api: Api, runtime: Runtime, admin: Viewer) -> None:
    """The same call sent again keeps no second one; the same key with another photo's field is refused."""
    client, key = await api.client(admin), a_key()
    shown = (await client.upload(PHOTO, UPLOAD, code="id_card_copy", idempotencyKey=key)).changed
    assert (shown["purpose"], shown["width"], shown["height"]) == ("id_card_copy", 400, 300)
    assert await read(runtime, shown["id"])
    async with nothing_written():
        again = await client.upload(PHOTO, UPLOAD, code="id_card_copy", idempotencyKey=key)
    assert again.changed["id"] == shown["id"]
    assert await Image.all().count() == 1
    await assert_refused(
        client.upload(PHOTO, UPLOAD, code="bank_card_photo", idempotencyKey=key),
        ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey"),
    )


@pytest.mark.parametrize(
    ("content", "code", "expected"),
    [
        (PHOTO, "owner_name", ("ENTRY_CODE_INVALID", "code")),
        (PHOTO, "START", ("ENTRY_CODE_INVALID", "code")),
        (b"GIF89a, hardly", "id_card_copy", ("UNSUPPORTED_TYPE", "file")),
        (b"no picture at all", "id_card_copy", ("NOT_AN_IMAGE", "file")),
    ],
)
async def test_what_is_no_sample_is_not_kept(
    api: Api, admin: Viewer, content: bytes, code: str, expected: tuple[str, str]
) -> None:
    """Of a field that holds no photo, or no photo at all."""
    await assert_refused((await api.client(admin)).upload(content, UPLOAD, code=code), expected)


async def test_samples_do_not_pile_up_for_ever(api: Api, admin: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a number that no handbook needs."""
    monkeypatch.setattr(import_module("backend.handbook.upload_handbook_sample"), "MOST_SAMPLES", 1)
    client = await api.client(admin)
    await client.upload(PHOTO, UPLOAD, code="id_card_copy")
    (error,) = await assert_refused(client.upload(PHOTO, UPLOAD, code="id_card_copy"), ("TOO_MANY_SAMPLES", "file"))
    assert "1" in error["message"]
