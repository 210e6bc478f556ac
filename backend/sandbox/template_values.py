"""The values of subscribe messages: what each kind of key takes (the limits of subscribeMessage.send)."""

import re
from collections.abc import Mapping

from .platform_refusal import PlatformRefusal

_DAY = r"[0-9]{4}年(?:0?[1-9]|1[0-2])月(?:0?[1-9]|[12][0-9]|3[01])日"
_HOUR = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_CHINESE = r"[\u4e00-\u9fff]"


def _range(moment: str) -> str:
    return rf"{moment}(?: ?~ ?{moment})?"


_PATTERNS: dict[str, str] = {
    "thing": r".{1,20}",
    "phrase": rf"{_CHINESE}{{1,5}}",
    "character_string": r"[!-~]{1,32}",
    "number": r"(?=.{1,32}$)-?[0-9]+(?:\.[0-9]+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "time": _range(rf"(?:{_DAY} )?{_HOUR}"),
    "date": _range(rf"{_DAY}(?: {_HOUR})?"),
    "amount": r"[¥￥$€£]?[0-9]{1,10}(?:\.[0-9]+)?元?",
    "phone_number": r"[0-9+()*# -]{1,17}",
    "car_number": r".{1,8}",
    # Ten Chinese characters or twenty letters; a mixture counts as Chinese.
    "name": r"(?:[A-Za-z .·'-]{1,20}|.{1,10})",
    "enum": r".+",
}
_RULES = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}
_KEY = re.compile(r"([a-z_]+?)[0-9]{0,2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_key(key: str) -> bool:
    """Tell whether a template can have this key: a kind and a number."""
    match = _KEY.fullmatch(key)
    return match is not None and match[1] in _RULES


def check_values(keys: Mapping[str, tuple[str, ...]], data: object) -> dict[str, str]:
    """Give the value of each key; refuse with 47003, naming the key, one that is absent or breaks its kind's rule.

    A key that the template does not have is refused too: the real one is not known to, but it is always a mistake.
    """
    if not isinstance(data, dict):
        raise PlatformRefusal(47003, "data is empty")
    for key in [*keys, *data]:
        if key not in keys:
            raise PlatformRefusal(47003, f"data.{key} is not in the template" if is_key(key) else "unknown key")
        if not _holds(key, keys[key], data.get(key)):
            raise PlatformRefusal(47003, f"data.{key}.value invalid")
    return {key: data[key]["value"] for key in keys}


def _holds(key: str, listed: tuple[str, ...], entry: object) -> bool:
    value = entry.get("value") if isinstance(entry, dict) else None
    match = _KEY.fullmatch(key)
    if match is None or not isinstance(value, str) or _CONTROL.search(value):
        return False
    return _RULES[match[1]].fullmatch(value) is not None and (not listed or value in listed)
