"""Values of templates: every one obeys WeChat's limits, whatever it is made of."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.messaging.messages import MESSAGES, MessageKind
from backend.messaging.templates import KEYS, ValueDoesNotFit, filled, fit
from tests.builders.clock import START
from tests.messaging.ground import PARAMS

# The table of subscribeMessage.send, written down a second time: what a value of each key looks like.
LIMITS: Final = {
    "thing": r".{1,20}",
    "phrase": r"[一-鿿]{1,5}",
    "character_string": r"[!-~]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "name": r".{1,10}",
    "car_number": r".{1,8}",
    "number": r"(?=.{1,32}$)-?[0-9]+(\.[0-9]+)?",
    "amount": r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]+)?元?",
    "phone_number": r"[0-9+()*# -]{1,17}",
    "time": r"([0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 )?[0-9]{1,2}:[0-9]{2}( ?~ ?.+)?",
    "date": r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日.*",
}
CUT: Final = ("thing", "phrase", "character_string", "letter", "symbol", "name", "car_number")


def obeys(key: str, value: str) -> bool:
    """Tell whether WeChat takes a value; its phones count a character beyond the first 65536 as two."""
    kind = re.sub(r"[0-9]+$", "", key)
    longest = re.search(r"\{1,([0-9]+)\}$", LIMITS[kind])
    units = len(value.encode("utf-16-le")) // 2
    shown = all(unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in value)
    return bool(re.fullmatch(LIMITS[kind], value)) and shown and (longest is None or units <= int(longest[1]))


@given(st.sampled_from(CUT), st.text(st.characters(), max_size=60))
def test_any_text_is_made_to_fit(kind: str, text: str) -> None:
    """Whatever is put in, what comes out is taken; and what was taken already is left as it is."""
    value = fit(f"{kind}1", text)
    assert obeys(kind, value), (kind, text, value)
    assert fit(f"{kind}1", value) == value


@given(
    st.sampled_from(sorted(set(LIMITS) - set(CUT))), st.one_of(st.text(max_size=40), st.from_regex(r"[0-9.:年月日 ]+"))
)
def test_what_means_something_fits_or_is_refused(kind: str, text: str) -> None:
    """A number or a time is never cut into another."""
    # What cannot be shown is no part of any value.
    shown = " ".join("".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in text).split())
    if obeys(kind, shown) and kind == "number":
        assert fit(f"{kind}9", text) == shown
        return
    try:
        value = fit(f"{kind}9", text)
    except ValueDoesNotFit:
        return
    assert obeys(kind, value)
    assert value == shown


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("thing1", "一二三四五六七八九十一二三四五六七八九十", "一二三四五六七八九十一二三四五六七八九十"),
        ("thing1", "一二三四五六七八九十一二三四五六七八九十一", "一二三四五六七八九十一二三四五六七八九…"),
        ("thing1", "第一行\n第二行\u200b", "第一行 第二行"),
        ("thing1", "", "无"),
        ("thing1", "😀" * 11, "😀" * 9 + "…"),
        ("phrase2", "审核通过!", "审核通过"),
        ("phrase2", "一二三四五六", "一二三四五"),
        ("phrase2", "OK", "无"),
        ("character_string1", "x" * 40, "x" * 29 + "..."),
        ("amount1", "¥12.50", "¥12.50"),
        ("number1", "-3.5", "-3.5"),
        ("time3", "2019年10月1日 15:01", "2019年10月1日 15:01"),
        ("date3", "2019年10月1日", "2019年10月1日"),
        ("phone_number1", "138****2222", "138****2222"),
    ],
)
def test_examples(key: str, text: str, value: str) -> None:
    """The rules one by one."""
    assert fit(key, text) == value


@pytest.mark.parametrize("key", ["thing", "1", "colour1", "", "enum1"])
def test_unknown_keys_are_refused(key: str) -> None:
    """A key that is none of WeChat's is a fault of ours."""
    with pytest.raises(ValueDoesNotFit):
        fit(key, "x")


@given(st.sampled_from(list(MessageKind)), st.text(max_size=200))
def test_every_kind_of_message_fills_its_template(kind: MessageKind, text: str) -> None:
    """In the template's order, whatever the shop is called and whatever the reason is."""
    params = {name: PARAMS[name] if name == "count" else text for name in MESSAGES[kind].params}
    values = filled(kind, params, START)
    assert list(values) == list(KEYS[MESSAGES[kind].template])
    assert all(obeys(key, value) for key, value in values.items())


def test_the_words_of_the_table_are_never_cut() -> None:
    """Our own phrases and briefs fit as they stand, and times are those of China."""
    for kind in MessageKind:
        values = filled(kind, {name: PARAMS[name] for name in MESSAGES[kind].params}, START)
        assert "…" not in "".join(values.values())
        assert all(len(value) > 1 for value in values.values())
        assert values[list(values)[-1]] == "2026年11月22日 10:00"
