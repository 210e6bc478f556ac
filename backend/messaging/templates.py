"""Templates as data: which keys each has, what fills them, and the limits that WeChat holds values to. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from backend.foundation.clock import CHINA
from backend.messaging.messages import MESSAGES, MessageKind, TemplateName
from backend.messaging.texts import BRIEF, PHRASES, TEMPLATE_TITLES

# What ends a text that was cut; it counts as one character.
_ELLIPSIS: Final = "…"
_KEY: Final = re.compile(r"([a-z_]+?)[0-9]{1,2}")


class ValueDoesNotFit(ValueError):
    """A value that cannot be made to obey its key without another meaning; names the key alone."""


@dataclass(frozen=True, slots=True)
class _Limit:
    """What WeChat takes under a kind of key: single characters, the whole, and how many UTF-16 units."""

    whole: re.Pattern[str]
    longest: int
    character: re.Pattern[str] | None = None
    placeholder: str = ""
    ellipsis: str = ""


def _text(character: str, longest: int, placeholder: str, ellipsis: str = "") -> _Limit:
    """Limit text that may lose characters and be cut; what nothing is left of becomes the placeholder."""
    return _Limit(re.compile(f"{character}+"), longest, re.compile(character), placeholder, ellipsis)


def _exact(whole: str, longest: int) -> _Limit:
    """Limit what means another thing when it is cut: it fits or does not."""
    return _Limit(re.compile(whole, re.ASCII), longest)


_DAY: Final = r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日"
_HOUR: Final = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"

# The table of subscribeMessage.send. Longer ones are refused by WeChat, and cut silently in template messages.
_LIMITS: Final[Mapping[str, _Limit]] = {
    "thing": _text(r"[^\n]", 20, "无", _ELLIPSIS),
    "phrase": _text(r"[\u4e00-\u9fff]", 5, "无"),
    "character_string": _text(r"[!-~]", 32, "-", "..."),
    "letter": _text(r"[A-Za-z]", 32, "N"),
    "symbol": _text(r"[!-/:-@\[-^`{-~]", 5, "-"),
    "name": _text(r"[^\n]", 10, "无", _ELLIPSIS),
    "car_number": _text(r"[^\n]", 8, "无"),
    "number": _exact(r"-?[0-9]+(?:\.[0-9]+)?", 32),
    "amount": _exact(r"[¥￥$€£]?[0-9]{1,10}(?:\.[0-9]{1,2})?元?", 16),
    "phone_number": _exact(r"[0-9+()*# -]+", 17),
    "time": _exact(f"(?:{_DAY} )?{_HOUR}(?: ?~ ?(?:{_DAY} )?{_HOUR})?", 64),
    "date": _exact(f"{_DAY}(?: {_HOUR})?(?: ?~ ?{_DAY}(?: {_HOUR})?)?", 64),
}


def fit(key: str, value: str) -> str:
    """Give a value as the key takes it: without what is not allowed there, and cut to the longest there is.

    Refuses with `ValueDoesNotFit` a number, an amount, a phone number or a time that is none, and unknown keys.
    """
    match = _KEY.fullmatch(key)
    limit = _LIMITS.get(match[1]) if match else None
    if limit is None:
        raise ValueDoesNotFit(key)
    shown = " ".join("".join(_shown(letter) for letter in value).split())
    if limit.character is None:
        if not limit.whole.fullmatch(shown) or _units(shown) > limit.longest:
            raise ValueDoesNotFit(key)
        return shown
    kept = "".join(limit.character.findall(shown)).strip()
    return _cut(kept, limit.longest, limit.ellipsis) or limit.placeholder


def _shown(letter: str) -> str:
    """Give a space for control characters, line ends and what stands for nothing."""
    return " " if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} else letter


def _units(text: str) -> int:
    # As the phone counts: a character beyond the first 65536 is two.
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, longest: int, ellipsis: str) -> str:
    if _units(text) <= longest:
        return text
    kept = text[: longest - len(ellipsis)]
    while _units(kept) > longest - len(ellipsis):
        kept = kept[:-1]
    return kept.rstrip() + ellipsis


# What fills a key: of the message's params, its kind and its time.
_Source = Callable[[MessageKind, Mapping[str, Any], datetime], str]


def _shop(_kind: MessageKind, params: Mapping[str, Any], _at: datetime) -> str:
    return str(params.get("shop", ""))


def _phrase(kind: MessageKind, _params: Mapping[str, Any], _at: datetime) -> str:
    return PHRASES[kind]


def _brief(kind: MessageKind, params: Mapping[str, Any], _at: datetime) -> str:
    return BRIEF[kind].format(**params)


def _time(_kind: MessageKind, _params: Mapping[str, Any], at: datetime) -> str:
    moment = at.astimezone(CHINA)
    return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"


# The keys of each template, in its order, and what fills them.
KEYS: Final[Mapping[TemplateName, Mapping[str, _Source]]] = {
    TemplateName.REGISTRATION_RESULT: {"phrase1": _phrase, "thing2": _brief, "time3": _time},
    TemplateName.APPLICATION_RESULT: {"thing1": _shop, "phrase2": _phrase, "thing3": _brief, "time4": _time},
    TemplateName.OWNER_ACTION: {"thing1": _shop, "phrase2": _phrase, "thing3": _brief, "time4": _time},
    TemplateName.WORK_CHANGED: {"phrase1": _phrase, "thing2": _brief, "time3": _time},
}


def filled(kind: MessageKind, params: Mapping[str, Any], at: datetime) -> dict[str, str]:
    """Give the values of a message's template, each as its key takes it."""
    keys = KEYS[MESSAGES[kind].template]
    return {key: fit(key, source(kind, params, at)) for key, source in keys.items()}


def title_of_template(name: TemplateName) -> str:
    """Give the title under which a template is known at WeChat."""
    return TEMPLATE_TITLES[name]


@dataclass(frozen=True, slots=True)
class Templates:
    """The ids that this deployment's templates have at WeChat; a channel without one is absent for that template."""

    subscribe: Mapping[TemplateName, str] = field(default_factory=dict)
    template: Mapping[TemplateName, str] = field(default_factory=dict)

    def subscribe_id(self, name: TemplateName) -> str | None:
        """Give the id of the mini program's subscribe template."""
        return self.subscribe.get(name)

    def template_id(self, name: TemplateName) -> str | None:
        """Give the id of the official account's template."""
        return self.template.get(name)

    def named(self, subscribe_id: str) -> TemplateName | None:
        """Give the template of an id that a phone or WeChat told."""
        return next((name for name, given in self.subscribe.items() if given == subscribe_id), None)
