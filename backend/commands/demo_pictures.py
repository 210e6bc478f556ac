"""Made-up photos for the demo and the tests: drawn, marked as specimens, and nobody's."""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_CARD_SIZE: Final = (1200, 756)  # the proportions of ISO/IEC 7810 ID-1, which ID and bank cards have
_PHOTO_SIZE: Final = (1200, 900)
_INK: Final = "#20242c"


def id_card_portrait(text: str = "SPECIMEN 000000190001010000") -> Image.Image:
    """The side of an ID card with the face and the number."""
    picture, pen = _card("#dfe9f2")
    pen.rounded_rectangle((830, 140, 1110, 500), 12, fill="#f7f7f5", outline="#9db2c4", width=4)
    pen.ellipse((900, 190, 1040, 350), fill="#c9a98a")
    pen.pieslice((850, 360, 1090, 640), 180, 360, fill="#51647a")
    for line, width in enumerate((320, 180, 420, 520)):
        pen.rounded_rectangle((90, 140 + 90 * line, 90 + width, 180 + 90 * line), 8, fill="#8fa3b5")
    _write(pen, (90, 620), text, 46)
    return picture


def id_card_emblem(text: str = "SPECIMEN 2020.01.01-2040.01.01") -> Image.Image:
    """The side of an ID card with the emblem and the dates."""
    picture, pen = _card("#eee3d6")
    pen.ellipse((100, 100, 340, 340), fill="#c0392b")
    pen.regular_polygon((220, 220, 90), 5, fill="#f2c94c")
    _write(pen, (420, 180), "MADE UP - NOT A DOCUMENT", 44)
    _write(pen, (300, 600), text, 46)
    return picture


def bank_card(text: str = "6200 0000 0000 0000 SPECIMEN") -> Image.Image:
    """The front of a bank card; the number shown fails the check digit of real ones."""
    picture, pen = _card("#1f4e79")
    pen.rounded_rectangle((110, 250, 270, 370), 16, fill="#d9b45b")
    pen.ellipse((880, 520, 1030, 670), fill="#c0392b")
    pen.ellipse((970, 520, 1120, 670), fill="#2e86ab")
    _write(pen, (110, 430), text, 56, "#f4f6f8")
    return picture


def shop_front(text: str = "SESAME NOODLES") -> Image.Image:
    """A shop from the street, with its sign."""
    picture, pen = _canvas(_PHOTO_SIZE, "#bcd3e6")
    pen.rectangle((100, 200, 1100, 800), fill="#e8dcc8")
    pen.rectangle((100, 200, 1100, 340), fill="#a93226")
    _write(pen, (300, 235), text, 64, "#fdf2d0")
    pen.rectangle((180, 420, 560, 700), fill="#8fb8d0", outline=_INK, width=6)
    pen.rectangle((700, 420, 940, 800), fill="#6e4b2a", outline=_INK, width=6)
    pen.rectangle((0, 800, 1200, 900), fill="#8a8d91")
    return picture


def shop_indoor(text: str = "MENU") -> Image.Image:
    """The same shop inside: counter, board and tables."""
    picture, pen = _canvas(_PHOTO_SIZE, "#f1e7d8")
    pen.polygon(((0, 900), (1200, 900), (960, 600), (240, 600)), fill="#b58d63")
    pen.rectangle((240, 420, 960, 620), fill="#7a5230")
    pen.rectangle((430, 120, 780, 330), fill="#2d4739")
    _write(pen, (530, 185), text, 64, "#f4f6f8")
    for left in (90, 890):
        pen.ellipse((left, 660, left + 220, 760), fill="#d9c2a0", outline=_INK, width=4)
    return picture


# By what each shows; the five photos that an application of a shop needs.
DEMO_PICTURES: Final[Mapping[str, Callable[[], Image.Image]]] = MappingProxyType(
    {
        "id_card_portrait": id_card_portrait,
        "id_card_emblem": id_card_emblem,
        "bank_card": bank_card,
        "shop_front": shop_front,
        "shop_indoor": shop_indoor,
    }
)


def jpeg_of(picture: Image.Image) -> bytes:
    """The picture as a phone would send it: a JPEG file of some tens of kilobytes."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def _canvas(size: tuple[int, int], colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture = Image.new("RGB", size, colour)
    return picture, ImageDraw.Draw(picture)


def _card(colour: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    picture, pen = _canvas(_CARD_SIZE, "#50555c")
    pen.rounded_rectangle((20, 20, _CARD_SIZE[0] - 20, _CARD_SIZE[1] - 20), 40, fill=colour)
    return picture, pen


def _write(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size_pixels: int, colour: str = _INK) -> None:
    pen.text(at, text, fill=colour, font=ImageFont.load_default(size_pixels))
