"""Uploads: the multipart form, the photo, and what is signed."""

import json
from collections.abc import Callable

import pytest

from tests.sandbox.provider import JPEG, Provider

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
BMP = b"BM" + b"pixels"


@pytest.mark.parametrize(
    ("content", "filename", "media_type"),
    [
        (JPEG, "a.jpg", "image/jpeg"),
        (JPEG, "a.JPG", "image/jpg"),
        (PNG, "a.png", "image/png"),
        (BMP, "a.bmp", "image/bmp"),
        (JPEG + b"\r\n\r\n--sea\r\n" + bytes(range(256)), "a.jpg", "image/jpeg"),
        (JPEG.ljust(2 * 1024 * 1024, b"x"), "a.jpg", "image/jpeg"),
    ],
)
async def test_a_photo_gets_a_media_id(provider: Provider, content: bytes, filename: str, media_type: str) -> None:
    """Every kind of photo is taken up to two megabytes, whatever bytes it holds; the answer is signed."""
    answer = await provider.upload(content, filename=filename, media_type=media_type)
    assert answer.status_code == 200, answer.text
    assert answer.json().keys() == {"media_id"}
    assert len(answer.json()["media_id"]) <= 512
    provider.verify(answer)


async def test_each_upload_has_its_own_media_id(provider: Provider) -> None:
    """The same bytes twice are two photos."""
    assert (await provider.upload()).json() != (await provider.upload()).json()


@pytest.mark.parametrize(
    ("content", "filename", "media_type", "status", "code"),
    [
        (b"", "a.jpg", "image/jpeg", 400, "PARAM_ERROR"),
        (JPEG.ljust(2 * 1024 * 1024 + 1, b"x"), "a.jpg", "image/jpeg", 400, "PARAM_ERROR"),
        (b"GIF89a", "a.gif", "image/gif", 403, "REQUEST_BLOCKED"),
        (b"GIF89a", "a.jpg", "image/jpeg", 403, "REQUEST_BLOCKED"),
        (PNG, "a.jpg", "image/jpeg", 403, "REQUEST_BLOCKED"),
        (JPEG, "a.jpeg", "image/jpeg", 403, "REQUEST_BLOCKED"),
        (JPEG, "jpg", "text/plain", 403, "REQUEST_BLOCKED"),
        (JPEG, "", "image/jpeg", 400, "PARAM_ERROR"),
    ],
)
async def test_a_file_that_is_no_small_photo_is_refused(
    provider: Provider, content: bytes, filename: str, media_type: str, status: int, code: str
) -> None:
    """Size, name and first bytes are checked; the refusal is signed."""
    answer = await provider.upload(content, filename=filename, media_type=media_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    provider.verify(answer)


@pytest.mark.parametrize(
    ("meta", "status"),
    [
        (json.dumps({"filename": "a.jpg", "sha256": "0" * 64}).encode(), 403),
        (json.dumps({"filename": "a.jpg", "sha256": "散列"}).encode(), 403),
        (b"{}", 400),
        (b"[]", 400),
        (b"not json", 400),
        (json.dumps({"filename": "a.jpg", "sha256": 7}).encode(), 400),
        (json.dumps({"filename": "a.jpg", "sha256": "0" * 64, "more": "x"}).encode(), 400),
    ],
)
async def test_the_meta_must_describe_the_photo(provider: Provider, meta: bytes, status: int) -> None:
    """A hash of other bytes is blocked; a meta that is not the documented object is a parameter error."""
    assert (await provider.upload(meta=meta)).status_code == status


async def test_the_signature_is_over_the_meta_and_nothing_else(provider: Provider) -> None:
    """A signature over the file, or over a meta with one space more, is refused."""
    for signed in (JPEG, json.dumps({"filename": "shop.jpg", "sha256": "0" * 64}).encode(), b""):
        answer = await provider.upload(signed=signed)
        assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=other",
        "application/json",
        "multipart/form-data; boundary=",
    ],
)
async def test_the_boundary_must_be_named_and_kept(provider: Provider, content_type: str) -> None:
    """A body that cannot be split by the named boundary is refused, signed."""
    answer = await provider.upload(content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")
    provider.verify(answer)


@pytest.mark.parametrize(
    "bend",
    [
        pytest.param(lambda body: body.replace(b'name="meta"', b'name="mata"'), id="no meta"),
        pytest.param(lambda body: body.replace(b'name="file"', b'name="meta"'), id="two metas"),
        pytest.param(lambda body: body.replace(b"application/json", b"text/plain"), id="meta type"),
        pytest.param(lambda body: body.removesuffix(b"--\r\n"), id="no end"),
        pytest.param(lambda body: body + b"more", id="text after the end"),
        pytest.param(lambda body: b"text before" + body, id="text before the start"),
        pytest.param(lambda body: body.replace(b"\r\n\r\n", b"\r\n"), id="no empty line"),
        pytest.param(lambda body: body.replace(b"form-data;", b"attachment;"), id="disposition"),
        pytest.param(lambda body: body.replace(b"Content-Disposition", b"Content-\xff"), id="bytes in a header"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda body: body[: body.rindex(b"--seam\r\n")] + b"--seam--\r\n", id="no file"),
    ],
)
async def test_a_body_that_is_not_two_parts_is_refused(provider: Provider, bend: Callable[[bytes], bytes]) -> None:
    """Exactly meta, then file."""
    answer = await provider.upload(body=bend)
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


async def test_a_body_longer_than_any_photo_is_not_read_to_its_end(provider: Provider) -> None:
    """Five megabytes are refused before they are parsed."""
    answer = await provider.upload(b"x" * (5 * 1024 * 1024))
    assert answer.status_code == 413
    provider.verify(answer)
