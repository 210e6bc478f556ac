"""Photo files for tests: good ones in every type that is taken, and ones that must be refused."""

import io
import struct
import zlib

from PIL import Image, ImageDraw

from backend.commands import demo_pictures
from backend.commands.demo_pictures import jpeg_of

ORIENTATION = 0x0112
GPS = 0x8825


def a_photo(
    text: str = "SESAME NOODLES",
    *,
    width: int = 1200,
    height: int = 900,
    format: str = "JPEG",  # noqa: A002 - Pillow's own word for it
    exif: dict[int, object] | None = None,
) -> bytes:
    """A shop front as a file; `exif` maps tag numbers to values."""
    picture = demo_pictures.shop_front(text)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.NEAREST)
    return encoded(picture, format=format, exif=exif)


def an_id_card_portrait(text: str = "SPECIMEN 000000190001010000") -> bytes:
    """The face side of a made-up ID card, as a JPEG file."""
    return jpeg_of(demo_pictures.id_card_portrait(text))


def an_id_card_emblem() -> bytes:
    """The emblem side of a made-up ID card, as a JPEG file."""
    return jpeg_of(demo_pictures.id_card_emblem())


def a_bank_card(text: str = "6200 0000 0000 0000 SPECIMEN") -> bytes:
    """A made-up bank card, as a JPEG file."""
    return jpeg_of(demo_pictures.bank_card(text))


def a_shop_indoor() -> bytes:
    """The inside of a made-up shop, as a JPEG file."""
    return jpeg_of(demo_pictures.shop_indoor())


def noise(width: int, height: int) -> Image.Image:
    """A picture no encoder can make small."""
    return Image.merge("RGB", [Image.effect_noise((width, height), 120) for _ in range(3)])


def with_marked_corner(width: int = 800, height: int = 600) -> Image.Image:
    """White with one red quarter at the top left, to see which way is up."""
    picture = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill="red")
    return picture


def encoded(
    picture: Image.Image,
    *,
    format: str = "JPEG",  # noqa: A002 - Pillow's own word for it
    exif: dict[int, object] | None = None,
    comment: bytes | None = None,
) -> bytes:
    """The picture as a file of this type."""
    file = io.BytesIO()
    tags = Image.Exif()
    for tag, value in (exif or {}).items():
        tags[tag] = value
    if format == "JPEG":
        picture.save(file, format, quality=90, exif=tags, comment=comment or b"")
    elif format == "PNG":
        picture.save(file, format, exif=tags, compress_level=1)
    else:
        picture.save(file, format)
    return file.getvalue()


def an_animated_png() -> bytes:
    """A PNG of two frames."""
    first, second = with_marked_corner(), Image.new("RGB", (800, 600), "blue")
    file = io.BytesIO()
    first.save(file, "PNG", save_all=True, append_images=[second], duration=100)
    return file.getvalue()


def a_png_bomb(width: int, height: int) -> bytes:
    """A small PNG file of one colour that says it has this many pixels, and has them."""
    row = b"\x00" + bytes((width + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(name, body) for name, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )


def with_png_chunk(file: bytes, name: bytes, body: bytes) -> bytes:
    """The PNG file with one more chunk, right behind its header."""
    after_header = 8 + 25
    return file[:after_header] + _png_chunk(name, body) + file[after_header:]


def a_jpeg_of_many_scans(scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated, so that a decoder passes over all pixels this many times more."""
    file = io.BytesIO()
    with_marked_corner().save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * scans + content[-2:]


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
