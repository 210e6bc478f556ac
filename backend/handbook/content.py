"""What an entry of the handbook says, by kind: its types, what may be wrong with it, and how it is stored. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, TypeAlias

import orjson

from backend.foundation.events import canonical
from backend.handbook.errors import HandbookRefusal

TITLE_LIMIT: Final = 60
MOST_PARAGRAPHS: Final = 30
PARAGRAPH_LIMIT: Final = 1000
MOST_STEPS: Final = 12
MOST_SAMPLES: Final = 12
LINE_LIMIT: Final = 100
MOST_FIELDS: Final = 60
VALUE_LIMIT: Final = 64


class Kind(StrEnum):
    """What HQ keeps in the handbook."""

    NOTICE = "NOTICE"
    PHOTO_GUIDE = "PHOTO_GUIDE"
    RETURN_REASON = "RETURN_REASON"
    CONTACT = "CONTACT"
    RATE_PLAN = "RATE_PLAN"


class ContactChannel(StrEnum):
    """How somebody at HQ is reached."""

    WECHAT = "WECHAT"
    QQ = "QQ"
    PHONE = "PHONE"
    MAIL = "MAIL"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice (须知): the text that staff read, and acknowledge before they start an application."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample photo, and what is right or wrong with it."""

    image_id: str
    is_good: bool
    caption: str


@dataclass(frozen=True, slots=True)
class PhotoGuide:
    """How the photo of one form field is taken; the entry's code is the name of the field."""

    steps: tuple[str, ...]
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnReason:
    """Why a field is sent back; staff read the entry's title. `form_fields` are those it fits, () when it fits any.

    A field that the form does not have (any more) fits nothing: what is published outlives the form.
    """

    form_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach HQ; the entry's title says whom."""

    channel: ContactChannel
    value: str


@dataclass(frozen=True, slots=True)
class RateTerms:
    """What a rate plan offers, and what a filing sends for it.

    Rates are percent as WeChat Pay writes them (4012722249): at most two decimals and no percent sign.
    `base_rate_percent` is what the settlement id stands for; the debit and credit rates are sent only with an activity,
    and then both (since 2023-09-18). `settlement_id` is None for a plan of the interface that closed in 2023: known
    for old merchants, never filed again.
    """

    valid_from: date
    valid_through: date | None
    base_rate_percent: str
    settlement_id: str | None
    qualification_type: str
    activities_id: str | None = None
    debit_rate_percent: str | None = None
    credit_rate_percent: str | None = None

    def may_be_filed(self, on: date) -> bool:
        """Tell whether a filing may name this plan on a day; both ends of its time are included."""
        begun = self.valid_from <= on and (self.valid_through is None or on <= self.valid_through)
        return begun and self.settlement_id is not None


Content: TypeAlias = Notice | PhotoGuide | ReturnReason | Contact | RateTerms

KINDS: Final[Mapping[type[Content], Kind]] = {
    Notice: Kind.NOTICE,
    PhotoGuide: Kind.PHOTO_GUIDE,
    ReturnReason: Kind.RETURN_REASON,
    Contact: Kind.CONTACT,
    RateTerms: Kind.RATE_PLAN,
}


@dataclass(frozen=True, slots=True)
class ContentProblem:
    """One thing wrong with a content: a code, where it lies, and what fills the sentence of the code."""

    code: HandbookRefusal
    path: tuple[str, ...]
    params: Mapping[str, str | int] = field(default_factory=dict)


def stored(content: Content) -> str:
    """Give a content as its row keeps it: canonical JSON."""
    return canonical(asdict(content))


def read_content(kind: Kind, text: str) -> Content:
    """Give the content of a row."""
    return _READERS[kind](orjson.loads(text))


def _read_rate_terms(members: dict[str, Any]) -> RateTerms:
    through = members["valid_through"]
    return RateTerms(
        **{
            **members,
            "valid_from": date.fromisoformat(members["valid_from"]),
            "valid_through": date.fromisoformat(through) if through else None,
        }
    )


_READERS: Final[Mapping[Kind, Callable[[dict[str, Any]], Content]]] = {
    Kind.NOTICE: lambda members: Notice(tuple(members["paragraphs"])),
    Kind.PHOTO_GUIDE: lambda members: PhotoGuide(
        tuple(members["steps"]), tuple(Sample(**sample) for sample in members["samples"])
    ),
    Kind.RETURN_REASON: lambda members: ReturnReason(tuple(members["form_fields"])),
    Kind.CONTACT: lambda members: Contact(ContactChannel(members["channel"]), members["value"]),
    Kind.RATE_PLAN: _read_rate_terms,
}


def title_problems(title: str) -> list[ContentProblem]:
    """Give what is wrong with the title of an entry; [] when it may stand."""
    return list(_text(("title",), title, TITLE_LIMIT))


def problems(content: Content) -> list[ContentProblem]:
    """Give what is wrong with a content, in the order of its members; [] when it may be published."""
    return list(_CHECKS[type(content)](content))


def _check_notice(content: Notice) -> Iterator[ContentProblem]:
    yield from _texts("paragraphs", content.paragraphs, MOST_PARAGRAPHS, PARAGRAPH_LIMIT)


def _check_photo_guide(content: PhotoGuide) -> Iterator[ContentProblem]:
    yield from _texts("steps", content.steps, MOST_STEPS, LINE_LIMIT)
    if len(content.samples) > MOST_SAMPLES:
        yield ContentProblem(HandbookRefusal.CONTENT_TOO_MANY, ("samples",), {"max": MOST_SAMPLES})
    for index, sample in enumerate(content.samples):
        yield from _text(("samples", str(index), "caption"), sample.caption, LINE_LIMIT)


def _check_return_reason(content: ReturnReason) -> Iterator[ContentProblem]:
    if len(content.form_fields) > MOST_FIELDS:
        yield ContentProblem(HandbookRefusal.CONTENT_TOO_MANY, ("form_fields",), {"max": MOST_FIELDS})
    for index, name in enumerate(content.form_fields):
        yield from _pattern(("form_fields", str(index)), name, _FIELD_NAME)


def _check_contact(content: Contact) -> Iterator[ContentProblem]:
    found = list(_text(("value",), content.value, VALUE_LIMIT))
    yield from found or _pattern(("value",), content.value, _CONTACT_VALUES[content.channel])


def _check_rate_terms(content: RateTerms) -> Iterator[ContentProblem]:
    if content.valid_through is not None and content.valid_through < content.valid_from:
        yield ContentProblem(HandbookRefusal.PERIOD_REVERSED, ("valid_through",))
    yield from _pattern(("base_rate_percent",), content.base_rate_percent, _RATE)
    yield from _pattern(("settlement_id",), content.settlement_id, _SETTLEMENT_ID)
    yield from _text(("qualification_type",), content.qualification_type, VALUE_LIMIT)
    yield from _pattern(("activities_id",), content.activities_id, _ACTIVITY)
    yield from _pattern(("debit_rate_percent",), content.debit_rate_percent, _RATE)
    yield from _pattern(("credit_rate_percent",), content.credit_rate_percent, _RATE)
    activity = (content.activities_id, content.debit_rate_percent, content.credit_rate_percent)
    if any(activity) and not all(activity):
        yield ContentProblem(HandbookRefusal.ACTIVITY_INCOMPLETE, ("activities_id",))


_CHECKS: Final[Mapping[type[Content], Callable[[Any], Iterator[ContentProblem]]]] = {
    Notice: _check_notice,
    PhotoGuide: _check_photo_guide,
    ReturnReason: _check_return_reason,
    Contact: _check_contact,
    RateTerms: _check_rate_terms,
}

_FIELD_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}", re.ASCII)
# Up to one percent: a 2 for a 0.2 would be filed as it stands.
_RATE: Final = re.compile(r"0(?:\.\d{1,2})?|1(?:\.0{1,2})?", re.ASCII)
_SETTLEMENT_ID: Final = re.compile(r"\d{1,3}", re.ASCII)
_ACTIVITY: Final = re.compile(r"[0-9A-Za-z]{1,32}", re.ASCII)
_CONTACT_VALUES: Final[Mapping[ContactChannel, re.Pattern[str]]] = {
    # A WeChat number, or the name under which an official account is found.
    ContactChannel.WECHAT: re.compile(r"\S+"),
    ContactChannel.QQ: re.compile(r"[1-9]\d{4,11}", re.ASCII),
    ContactChannel.PHONE: re.compile(r"\+?\d[\d-]{3,18}\d", re.ASCII),
    ContactChannel.MAIL: re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII),
}


def _texts(name: str, texts: Sequence[str], most: int, limit: int) -> Iterator[ContentProblem]:
    """Check a list that must hold something, and each text in it."""
    if not texts:
        yield ContentProblem(HandbookRefusal.CONTENT_MISSING, (name,))
    if len(texts) > most:
        yield ContentProblem(HandbookRefusal.CONTENT_TOO_MANY, (name,), {"max": most})
    for index, text in enumerate(texts):
        yield from _text((name, str(index)), text, limit)


def _text(path: tuple[str, ...], text: str, limit: int) -> Iterator[ContentProblem]:
    if not text.strip():
        yield ContentProblem(HandbookRefusal.CONTENT_MISSING, path)
    elif any(unicodedata.category(c) in ("Cc", "Cs") and c != "\n" for c in text):
        # PostgreSQL stores no NUL, and a lone surrogate has no UTF-8.
        yield ContentProblem(HandbookRefusal.CONTENT_BAD_FORMAT, path)
    elif len(text) > limit:
        yield ContentProblem(HandbookRefusal.CONTENT_TOO_LONG, path, {"max": limit})


def _pattern(path: tuple[str, ...], text: str | None, pattern: re.Pattern[str]) -> Iterator[ContentProblem]:
    if text is not None and pattern.fullmatch(text) is None:
        yield ContentProblem(HandbookRefusal.CONTENT_BAD_FORMAT, path)
