"""What an uploaded photo becomes before it is kept: checked, decoded in full, and drawn anew as a plain JPEG."""

import asyncio
import hashlib
import io
import re
import struct
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from PIL import BmpImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin

# WeChat Pay's own pages say 2 MB or 5 MB (pay.weixin.qq.com, docs/partner/apis/contracted-merchant-application/upload,
# 2024-11 to 2026-05); this stays under the smallest, whichever way a megabyte is counted.
LIMIT_BYTES: Final = 1_950_000
MAX_UPLOAD_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
MIN_SHORT_SIDE_PIXELS: Final = 300
MAX_LONG_SIDE_PIXELS: Final = 2560
# A camera's progressive JPEG has about ten scans. Each costs a pass over all pixels, and thousands fit into an upload.
_MAX_JPEG_SCANS: Final = 64
_QUALITIES: Final = (90, 85, 80, 72, 60)
_SHRINK: Final = 0.8
# Below this a limit is a mistake of the caller, and the search for a fitting size would end in a thumbnail.
_MIN_LIMIT_BYTES: Final = 20_000
_EXIF_ORIENTATION: Final = 0x0112
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's decoders raise on missing, changed and hostile bytes.
_BROKEN_CONTENT: Final = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(struct.error, zlib.error),
)
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_FTYP_BRANDS: Final = {
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"hevc": "HEIC",
    b"heim": "HEIC",
    b"heis": "HEIC",
    b"mif1": "HEIC",
    b"msf1": "HEIC",
    b"avif": "AVIF",
}
# Two photos at a time: decoding is where memory goes, and Pillow frees the interpreter while it works.
# Threads of our own, not a semaphore: a cancelled request does not stop its thread, so it must keep its place.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pictures")


class SourceFormat(StrEnum):
    """The types that are taken."""

    JPEG = "JPEG"
    PNG = "PNG"
    BMP = "BMP"


class PictureRefusal(StrEnum):
    """Why a photo is not taken; a file whose header reads well and whose pixels do not is TRUNCATED."""

    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    NOT_AN_IMAGE = "NOT_AN_IMAGE"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    TRUNCATED = "TRUNCATED"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    ANIMATED = "ANIMATED"
    TOO_SMALL = "TOO_SMALL"


class PictureRefused(Exception):
    """The photo is not taken, for the reason `code`; `params` has the figures a text about it needs."""

    def __init__(self, code: PictureRefusal, params: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.params = dict(params or {})


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it is kept and filed: a JPEG without metadata, upright, on white, within the limits."""

    content: bytes = field(repr=False)
    sha256: str
    width: int
    height: int
    source_format: SourceFormat


async def normalise_in_thread(content: bytes, *, limit_bytes: int = LIMIT_BYTES) -> Picture:
    """`normalise` in one of two threads; waits for its turn without blocking the loop. Raises `PictureRefused`."""
    work = partial(normalise, content, limit_bytes=limit_bytes)
    return await asyncio.get_running_loop().run_in_executor(_threads, work)


def normalise(content: bytes, *, limit_bytes: int = LIMIT_BYTES) -> Picture:
    """The picture of an uploaded file.

    The type is read from the first bytes, never from a name. Every pixel is decoded and drawn anew, so nothing of the
    file but its pixels is kept: no EXIF or place, no comment, no profile, nothing hidden behind the image. At most
    2560 pixels on the long side; quality, then size, goes down until the JPEG has at most `limit_bytes`.

    Raises `PictureRefused`; ValueError when `limit_bytes` is below 20 000. The checks that need no decoding come
    first, and nothing process-wide is changed.
    """
    if limit_bytes < _MIN_LIMIT_BYTES:
        raise ValueError(f"limit_bytes is below {_MIN_LIMIT_BYTES}")
    if not content:
        raise PictureRefused(PictureRefusal.EMPTY)
    if len(content) > MAX_UPLOAD_BYTES:
        raise PictureRefused(PictureRefusal.TOO_LARGE, {"size_bytes": len(content), "max_bytes": MAX_UPLOAD_BYTES})
    source_format = _source_format(content)
    if source_format is SourceFormat.JPEG and _has_too_many_scans(content):
        raise PictureRefused(PictureRefusal.NOT_AN_IMAGE)
    plain, orientation = _decoded(content, source_format)
    return _encoded(_upright_on_white(plain, orientation), source_format, limit_bytes)


def _source_format(content: bytes) -> SourceFormat:
    if content.startswith(b"\xff\xd8\xff"):
        return SourceFormat.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return SourceFormat.PNG
    if content.startswith(b"BM"):
        return SourceFormat.BMP
    named = _name_of_unsupported(content)
    if named is None:
        raise PictureRefused(PictureRefusal.NOT_AN_IMAGE)
    raise PictureRefused(PictureRefusal.UNSUPPORTED_TYPE, {"type": named})


def _name_of_unsupported(content: bytes) -> str | None:
    """The type of a file people do send, so that they can be told which setting of the phone to change."""
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp":
        return _FTYP_BRANDS.get(content[8:12])
    if content.startswith(b"%PDF-"):
        return "PDF"
    if content.startswith((b"II*\x00", b"MM\x00*")):
        return "TIFF"
    head = content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(b"<") and b"<svg" in head:
        return "SVG"
    return None


def _has_too_many_scans(content: bytes) -> bool:
    """Walk the markers of a JPEG without decoding it."""
    scans, position = 0, 2
    while (marker := _JPEG_MARKER.search(content, position)) is not None:
        kind, position = content[marker.start() + 1], marker.end()
        if kind == 0xD9:  # end of image: what follows is never decoded
            return False
        if kind == 0xDA:
            scans += 1
            if scans > _MAX_JPEG_SCANS:
                return True
        if kind not in (0x01, 0xD8):  # every other marker starts a segment that begins with its length
            position += max(int.from_bytes(content[position : position + 2]), 2)
    return False


def _opened(content: bytes, source_format: SourceFormat) -> ImageFile.ImageFile:
    # The decoder itself instead of Image.open, whose pixel guard is a setting of the whole process; ours comes next.
    # JpegImageFile also takes the first picture of the several in a phone's MPO file, which is the photo.
    file = io.BytesIO(content)
    try:
        match source_format:
            case SourceFormat.JPEG:
                return JpegImagePlugin.JpegImageFile(file)
            case SourceFormat.PNG:
                return PngImagePlugin.PngImageFile(file)
            case SourceFormat.BMP:
                return BmpImagePlugin.BmpImageFile(file)
    except _BROKEN_CONTENT:
        raise PictureRefused(PictureRefusal.NOT_AN_IMAGE) from None


def _check_header(image: ImageFile.ImageFile) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureRefused(
            PictureRefusal.TOO_MANY_PIXELS, {"width": width, "height": height, "max_pixels": MAX_PIXELS}
        )
    if getattr(image, "is_animated", False):
        raise PictureRefused(PictureRefusal.ANIMATED)
    # Measured as it will be kept: a strip of 12000 by 320 is 68 pixels high after scaling, and nobody can read it.
    if min(_scaled(image.size)) < MIN_SHORT_SIDE_PIXELS:
        raise PictureRefused(
            PictureRefusal.TOO_SMALL, {"width": width, "height": height, "min_short_side": MIN_SHORT_SIDE_PIXELS}
        )


def _scaled(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    factor = min(1.0, MAX_LONG_SIDE_PIXELS / max(width, height, 1))
    return round(width * factor), round(height * factor)


def _decoded(content: bytes, source_format: SourceFormat) -> tuple[Image.Image, int]:
    """The pixels, not much larger than they will be kept, and how the camera was held."""
    image = _opened(content, source_format)
    _check_header(image)
    target = _scaled(image.size)
    orientation = _orientation(image)
    # Lets the JPEG decoder skip detail that is scaled away: a quarter of the memory for a 50 megapixel photo.
    image.draft("RGB", target)
    try:
        image.load()
        return _roughly_shrunk(image, target), orientation
    except _BROKEN_CONTENT:
        raise PictureRefused(PictureRefusal.TRUNCATED) from None


def _upright_on_white(plain: Image.Image, orientation: int) -> Image.Image:
    target = _scaled(plain.size)
    if plain.size != target:
        plain = plain.resize(target, Image.Resampling.LANCZOS)
    if orientation in _UPRIGHT:
        plain = plain.transpose(_UPRIGHT[orientation])
    if plain.mode == "RGB":
        drawn = plain.copy()
    else:
        drawn = Image.new("RGB", plain.size, "white")
        drawn.paste(plain, mask=plain.getchannel("A"))
    # Pillow writes a comment it finds here into the new file.
    drawn.info = {}
    return drawn


def _orientation(image: ImageFile.ImageFile) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except _BROKEN_CONTENT:
        # Broken EXIF says nothing about the pixels: the photo is taken as it lies.
        return 1


def _roughly_shrunk(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """The pixels in a plain mode, at a size not far above the target's.

    A big PNG or BMP is taken strip by strip, so that only its decoded form is ever held whole: a conversion of all of
    it at once would take 200 MB for 50 megapixels, and scaling with transparency as much again.
    """
    factor = min(image.width // target[0], image.height // target[1])
    if factor < 2:
        return _in_plain_mode(image)
    rows = 64 * factor
    small = Image.new(_plain_mode(image), (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        strip = _in_plain_mode(image.crop((0, top, image.width, min(top + rows, image.height)))).reduce(factor)
        small.paste(strip, (0, top // factor))
    return small


def _plain_mode(image: Image.Image) -> str:
    """RGBA when some of it may be transparent, else RGB: the modes that scaling treats well."""
    return "RGBA" if image.has_transparency_data else "RGB"


def _in_plain_mode(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Sixteen bits of grey; converting straight to eight would cut everything above 255 to white.
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    wanted = _plain_mode(image)
    return image if image.mode == wanted else image.convert(wanted)


def _encoded(image: Image.Image, source_format: SourceFormat, limit_bytes: int) -> Picture:
    for quality in _QUALITIES:
        content = _jpeg(image, quality)
        if len(content) <= limit_bytes:
            break
    while len(content) > limit_bytes:
        width, height = image.size
        image = image.resize((max(1, int(width * _SHRINK)), max(1, int(height * _SHRINK))), Image.Resampling.LANCZOS)
        content = _jpeg(image, _QUALITIES[-1])
    return Picture(content, hashlib.sha256(content).hexdigest(), *image.size, source_format)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
