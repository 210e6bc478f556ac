"""The photo pipeline: what is taken, what becomes of it, and what is refused."""

import asyncio
import hashlib
import io
import os
import struct
import threading
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from backend.commands.demo_pictures import DEMO_PICTURES, jpeg_of
from backend.images.pictures import (
    LIMIT_BYTES,
    Picture,
    PictureRefusal,
    PictureRefused,
    SourceFormat,
    normalise,
    normalise_in_thread,
)
from tests.builders.pictures import (
    GPS,
    ORIENTATION,
    a_bank_card,
    a_jpeg_of_many_scans,
    a_photo,
    a_png_bomb,
    a_shop_indoor,
    an_animated_png,
    an_id_card_emblem,
    an_id_card_portrait,
    encoded,
    noise,
    with_marked_corner,
    with_png_chunk,
)

CANARY = b"canary-31.2304N-121.4737E"
RED, WHITE = (255, 0, 0), (255, 255, 255)

# Pillow warns about odd metadata and goes on; only this suite's settings would make an error of it.
pillow_may_remark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.*")


def opened(picture: Picture) -> Image.Image:
    """The picture as any reader sees it."""
    return Image.open(io.BytesIO(picture.content))


def colour_at(picture: Picture, x_share: float, y_share: float) -> tuple[int, ...]:
    """The colour at a place given in shares of width and height, rounded to 0, 128 or 255 a channel."""
    found = opened(picture).getpixel((int(picture.width * x_share), int(picture.height * y_share)))
    assert isinstance(found, tuple)
    return tuple(min((0, 128, 255), key=lambda level: abs(level - channel)) for channel in found)


@pytest.mark.parametrize("source_format", list(SourceFormat))
def test_the_three_types_become_a_jpeg(source_format: SourceFormat) -> None:
    """Each type that is taken becomes an RGB JPEG of the same size, and says what it was."""
    picture = normalise(encoded(with_marked_corner(), format=source_format.value))
    reread = opened(picture)
    assert (reread.format, reread.mode, reread.size) == ("JPEG", "RGB", (800, 600))
    assert (picture.width, picture.height, picture.source_format) == (800, 600, source_format)
    assert picture.sha256 == hashlib.sha256(picture.content).hexdigest()
    assert (colour_at(picture, 0.25, 0.25), colour_at(picture, 0.75, 0.75)) == (RED, WHITE)


@pytest.mark.parametrize("drawn", [*DEMO_PICTURES.values()])
def test_the_made_up_photos_are_taken(drawn: Callable[[], Image.Image]) -> None:
    """What the demo uploads passes the checks."""
    assert normalise(jpeg_of(drawn())).width == 1200


def test_the_builders_give_five_different_photos() -> None:
    """No two of the photos of an application are the same file."""
    photos = {a_photo(), an_id_card_portrait(), an_id_card_emblem(), a_bank_card(), a_shop_indoor()}
    assert len({normalise(photo).sha256 for photo in photos}) == 5


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ((300, 300), (300, 300)),
        ((2560, 1000), (2560, 1000)),
        ((4000, 3000), (2560, 1920)),
        ((3000, 4000), (1920, 2560)),
        ((2600, 1300), (2560, 1280)),
        ((6001, 2999), (2560, 1279)),
    ],
)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
def test_big_photos_are_scaled_down_and_small_ones_left(
    size: tuple[int, int], kept: tuple[int, int], file_format: str
) -> None:
    """The long side has at most 2560 pixels, the proportions stay, and the content keeps its place."""
    picture = normalise(encoded(with_marked_corner(*size), format=file_format))
    assert abs(picture.width - kept[0]) + abs(picture.height - kept[1]) <= 1
    assert max(picture.width, picture.height) == max(kept)
    assert [colour_at(picture, x, y) for x, y in ((0.1, 0.1), (0.45, 0.45), (0.55, 0.45), (0.45, 0.55))] == [
        RED,
        RED,
        WHITE,
        WHITE,
    ]


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_upright(orientation: int, file_format: str) -> None:
    """Whichever way the phone was held, the picture is upright, and its size is that of the upright picture."""
    as_held = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = with_marked_corner()
    if orientation in as_held:
        stored = stored.transpose(as_held[orientation])
    picture = normalise(encoded(stored, format=file_format, exif={ORIENTATION: orientation}))
    assert (picture.width, picture.height) == (800, 600)
    corners = [colour_at(picture, x, y) for x, y in ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))]
    assert corners == [RED, WHITE, WHITE, WHITE]


def with_text(picture: Image.Image) -> bytes:
    """A PNG with the canary in all three kinds of text chunk."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", CANARY.decode())
    texts.add_text("Zipped", CANARY.decode(), zip=True)
    texts.add_itxt("International", CANARY.decode())
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=texts)
    return file.getvalue()


def with_profile(picture: Image.Image) -> bytes:
    """A JPEG with the canary in its colour profile."""
    file = io.BytesIO()
    picture.save(file, "JPEG", icc_profile=CANARY * 10)
    return file.getvalue()


PHOTO = with_marked_corner()
CARRIERS = {
    "exif": encoded(PHOTO, exif={0x010E: CANARY.decode(), 0x9286: CANARY.decode()}),
    "place": encoded(PHOTO, exif={GPS: {1: "N", 29: CANARY.decode()}}),
    "png_exif": encoded(PHOTO, format="PNG", exif={0x010E: CANARY.decode()}),
    "comment": encoded(PHOTO, comment=CANARY),
    "profile": with_profile(PHOTO),
    "png_text": with_text(PHOTO),
    "unknown_chunk": with_png_chunk(encoded(PHOTO, format="PNG"), b"prVt", CANARY),
    "behind_jpeg": encoded(PHOTO) + b"PK\x03\x04" + CANARY,
    "behind_png": encoded(PHOTO, format="PNG") + b"<script>" + CANARY,
    "behind_bmp": encoded(PHOTO, format="BMP") + b"%PDF-1.7" + CANARY,
    "second_jpeg": encoded(PHOTO) + encoded(PHOTO, comment=CANARY),
}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_nothing_but_pixels_is_kept(carrier: str) -> None:
    """Metadata and whatever is hidden in or behind the image are gone, and so is any trace of where it was taken."""
    picture = normalise(CARRIERS[carrier])
    assert CANARY not in picture.content
    reread = opened(picture)
    reread.load()
    assert dict(reread.getexif()) == {}
    assert reread.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert picture.content.endswith(b"\xff\xd9")
    assert picture.content.count(b"\xff\xd9") == 1


def a_png_of_mode(mode: str) -> bytes:
    """A PNG whose left half is red (or black, or see-through) and whose right half is white, in this mode."""
    half = Image.new("RGBA", (400, 600), (255, 0, 0, 255))
    picture = Image.new("RGBA", (800, 600), "white")
    picture.paste(half, (0, 0))
    file = io.BytesIO()
    match mode:
        case "I;16":
            row = b"\x00\x80" * 400 + b"\xff\xff" * 400
            Image.frombytes("I;16", (800, 600), row * 600).save(file, "PNG")
        case "clear":
            picture.paste((255, 0, 0, 0), (0, 0, 400, 600))
            picture.save(file, "PNG")
        case "half clear":
            picture.paste((0, 0, 0, 127), (0, 0, 400, 600))
            picture.save(file, "PNG")
        case "clear by key":
            picture.convert("RGB").save(file, "PNG", transparency=RED)
        case "clear by palette":
            picture.paste((255, 0, 0, 0), (0, 0, 400, 600))
            picture.convert("P").save(file, "PNG", transparency=picture.convert("P").getpixel((0, 0)))
        case _:
            picture.convert(mode).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "left"),
    [
        ("RGB", RED),
        ("RGBA", RED),
        ("P", RED),
        ("clear", WHITE),
        ("clear by key", WHITE),
        ("clear by palette", WHITE),
        ("half clear", (128, 128, 128)),
        ("I;16", (128, 128, 128)),
    ],
)
def test_every_kind_of_pixel_is_drawn_on_white(mode: str, left: tuple[int, ...]) -> None:
    """Palettes, deep greys and transparency come out as a viewer would show them on white."""
    picture = normalise(a_png_of_mode(mode))
    assert (colour_at(picture, 0.25, 0.5), colour_at(picture, 0.75, 0.5)) == (left, WHITE)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_pictures_are_taken(mode: str) -> None:
    """A scan without colours keeps its light and dark."""
    picture = normalise(a_png_of_mode(mode))
    assert opened(picture).mode == "RGB"
    assert colour_at(picture, 0.75, 0.5) == WHITE
    assert colour_at(picture, 0.25, 0.5) != WHITE


def test_a_printers_jpeg_is_taken() -> None:
    """Four ink channels become three light ones."""
    assert colour_at(normalise(encoded(PHOTO.convert("CMYK"))), 0.25, 0.25) == RED


def test_the_first_picture_of_a_phones_double_file_is_taken() -> None:
    """Phones put a depth map behind the photo (MPO); the photo counts, and it is not called animated."""
    file = io.BytesIO()
    PHOTO.save(file, "MPO", save_all=True, append_images=[Image.new("RGB", (800, 600), "blue")])
    assert colour_at(normalise(file.getvalue()), 0.25, 0.25) == RED


@pytest.mark.parametrize(("width", "limit_bytes"), [(2560, LIMIT_BYTES), (1280, 200_000), (640, 20_000)])
def test_any_photo_gets_under_the_limit(width: int, limit_bytes: int) -> None:
    """Quality goes first, then size, until even noise fits."""
    picture = normalise(encoded(noise(width, width * 5 // 8)), limit_bytes=limit_bytes)
    assert 0.3 * limit_bytes < len(picture.content) <= limit_bytes
    assert abs(picture.width / picture.height - 1.6) < 0.05
    opened(picture).load()


def test_a_photo_that_fits_is_not_made_worse() -> None:
    """Of the qualities that fit the best is kept."""
    roomy = normalise(a_photo())
    tight = normalise(a_photo(), limit_bytes=len(roomy.content) - 1)
    assert len(tight.content) < len(roomy.content) <= LIMIT_BYTES
    assert (tight.width, tight.height) == (roomy.width, roomy.height) == (1200, 900)


def test_a_senseless_limit_is_the_callers_mistake() -> None:
    """A limit that would leave a thumbnail is refused before any work."""
    with pytest.raises(ValueError, match="limit_bytes"):
        normalise(a_photo(), limit_bytes=19_999)


def text_bomb() -> bytes:
    """A PNG with a zipped text chunk of 64 MB."""
    return with_png_chunk(encoded(PHOTO, format="PNG"), b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(1 << 26), 9))


def saved(picture: Image.Image, file_format: str) -> bytes:
    """The picture in a type that is not taken."""
    file = io.BytesIO()
    picture.save(file, file_format)
    return file.getvalue()


R = PictureRefusal
REFUSED: dict[str, tuple[bytes, PictureRefusal, dict[str, str | int]]] = {
    "empty": (b"", R.EMPTY, {}),
    "30 MB": (b"\xff\xd8\xff" + bytes(30_000_000), R.TOO_LARGE, {"size_bytes": 30_000_003, "max_bytes": 10_485_760}),
    "text": (b"hello, I am a photo.jpg", R.NOT_AN_IMAGE, {}),
    "html": (b"<html><img src=x.svg></html>", R.NOT_AN_IMAGE, {}),
    "zip": (b"PK\x03\x04" + bytes(100), R.NOT_AN_IMAGE, {}),
    "photo behind html": (b"<html>" + encoded(PHOTO), R.NOT_AN_IMAGE, {}),
    "gif": (saved(PHOTO, "GIF"), R.UNSUPPORTED_TYPE, {"type": "GIF"}),
    "webp": (saved(PHOTO, "WEBP"), R.UNSUPPORTED_TYPE, {"type": "WEBP"}),
    "tiff": (saved(PHOTO, "TIFF"), R.UNSUPPORTED_TYPE, {"type": "TIFF"}),
    "pdf": (saved(PHOTO, "PDF"), R.UNSUPPORTED_TYPE, {"type": "PDF"}),
    "heic": (b"\x00\x00\x00\x18ftypheic" + bytes(20), R.UNSUPPORTED_TYPE, {"type": "HEIC"}),
    "heic, generic": (b"\x00\x00\x00\x18ftypmif1" + bytes(20), R.UNSUPPORTED_TYPE, {"type": "HEIC"}),
    "avif": (b"\x00\x00\x00\x18ftypavif" + bytes(20), R.UNSUPPORTED_TYPE, {"type": "AVIF"}),
    "film": (b"\x00\x00\x00\x18ftypisom" + bytes(20), R.NOT_AN_IMAGE, {}),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>', R.UNSUPPORTED_TYPE, {"type": "SVG"}),
    "svg, declared": (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<svg/>', R.UNSUPPORTED_TYPE, {"type": "SVG"}),
    "jpeg magic alone": (b"\xff\xd8\xff", R.NOT_AN_IMAGE, {}),
    "png magic, then text": (b"\x89PNG\r\n\x1a\n" + b"not chunks at all", R.NOT_AN_IMAGE, {}),
    "bmp magic, then text": (b"BM" + b"W owners' magazine", R.NOT_AN_IMAGE, {}),
    "half a jpeg": (encoded(PHOTO)[: len(encoded(PHOTO)) // 2], R.TRUNCATED, {}),
    "half a png": (encoded(PHOTO, format="PNG")[:-1000], R.TRUNCATED, {}),
    "half a bmp": (encoded(PHOTO, format="BMP")[:-1000], R.TRUNCATED, {}),
    "56 megapixels": (
        a_png_bomb(8000, 7000),
        R.TOO_MANY_PIXELS,
        {"width": 8000, "height": 7000, "max_pixels": 50_000_000},
    ),
    "claimed 4 gigapixels": (
        a_png_bomb(400, 400).replace(struct.pack(">II", 400, 400), struct.pack(">II", 65535, 65535)),
        R.NOT_AN_IMAGE,  # the header's own check sum gives it away
        {},
    ),
    "bmp of 4 gigapixels": (
        encoded(PHOTO, format="BMP").replace(struct.pack("<ii", 800, 600), struct.pack("<ii", 65535, 65535)),
        R.TOO_MANY_PIXELS,
        {"width": 65535, "height": 65535, "max_pixels": 50_000_000},
    ),
    "animated": (an_animated_png(), R.ANIMATED, {}),
    "small": (encoded(with_marked_corner(800, 299)), R.TOO_SMALL, {"width": 800, "height": 299, "min_short_side": 300}),
    "strip": (
        encoded(with_marked_corner(6000, 320)),
        R.TOO_SMALL,
        {"width": 6000, "height": 320, "min_short_side": 300},
    ),
    "zipped text of 64 MB": (text_bomb(), R.NOT_AN_IMAGE, {}),
    "jpeg of 500 scans": (a_jpeg_of_many_scans(500), R.NOT_AN_IMAGE, {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_files_are_refused_with_their_reason(case: str) -> None:
    """Each hostile or mistaken file has one code, with the figures a text needs and nothing of the file."""
    content, code, params = REFUSED[case]
    with pytest.raises(PictureRefused) as refusal:
        normalise(content)
    assert (refusal.value.code, refusal.value.params) == (code, params)
    assert str(refusal.value) == code.value
    assert refusal.value.__cause__ is None


def test_every_code_has_a_case() -> None:
    """No code of the closed list goes untested."""
    assert {code for _, code, _ in REFUSED.values()} == set(PictureRefusal)


def test_an_ordinary_progressive_jpeg_is_taken() -> None:
    """The guard against too many scans leaves photos as cameras and browsers write them."""
    file = io.BytesIO()
    PHOTO.save(file, "JPEG", progressive=True)
    assert colour_at(normalise(file.getvalue()), 0.25, 0.25) == RED


@pillow_may_remark
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\x00\x00",
        b"Exif\x00\x00garbage",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff" + bytes(60_000),
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\xff\xff\xff\xff\x00\x00\x00\x00",
        b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x02\x00\x00\x00\x02x\x00\x00\x00\x00\x00\x00\x00",
    ],
)
def test_broken_exif_does_not_spoil_a_photo(exif: bytes) -> None:
    """A photo whose notes are nonsense, huge or lying is taken as it lies."""
    plain = encoded(PHOTO)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    picture = normalise(plain[:2] + segment + plain[2:])
    assert (picture.width, picture.height) == (800, 600)


SMALL = {name: encoded(with_marked_corner(320, 300), format=name) for name in ("JPEG", "PNG", "BMP")}


@pillow_may_remark
@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(sorted(SMALL)), data=st.data())
def test_damaged_files_are_taken_or_refused_and_nothing_else(name: str, data: st.DataObject) -> None:
    """Wherever bytes are changed or cut, the answer is a sound picture or a refusal."""
    content = bytearray(SMALL[name])
    for at in data.draw(st.lists(st.integers(2, min(len(content), 3000) - 1), max_size=6)):
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        try:
            picture = normalise(damaged)
        except PictureRefused:
            continue
        opened(picture).load()


async def test_in_threads_at_most_two_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many uploads at once give the same results as one, from two threads, while the loop goes on."""
    at_work, most, lock = 0, 0, threading.Lock()
    real = Image.Image.resize

    def counted(self: Image.Image, size: tuple[int, int], resample: Image.Resampling) -> Image.Image:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        try:
            return real(self, size, resample)
        finally:
            with lock:
                at_work -= 1

    monkeypatch.setattr(Image.Image, "resize", counted)
    content = encoded(with_marked_corner(2700, 1000))
    results = await asyncio.gather(*(normalise_in_thread(content) for _ in range(6)))
    assert {result.sha256 for result in results} == {normalise(content).sha256}
    assert 1 <= most <= 2
    assert len([thread for thread in threading.enumerate() if thread.name.startswith("pictures")]) <= 2


async def test_in_threads_refusals_arrive() -> None:
    """A refusal in a thread is the caller's, with its limit passed on."""
    with pytest.raises(PictureRefused) as refusal:
        await normalise_in_thread(b"")
    assert refusal.value.code is PictureRefusal.EMPTY
    assert len((await normalise_in_thread(encoded(noise(600, 600)), limit_bytes=40_000)).content) <= 40_000


def test_the_process_is_left_as_it_was() -> None:
    """Other users of the image library keep their own guard."""
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(PictureRefused):
        normalise(a_png_bomb(8000, 7000))
    assert before == Image.MAX_IMAGE_PIXELS


def test_a_picture_does_not_print_its_content() -> None:
    """Only sizes and the hash are shown."""
    picture = normalise(encoded(noise(400, 400)) + os.urandom(8))
    assert "content" not in repr(picture)
    assert len(repr(picture)) < 200
