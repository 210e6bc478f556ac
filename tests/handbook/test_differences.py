"""What changed from one version to the next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.handbook.differences import Difference, differences

# What contents are made of: text, flags and numbers, alone, in lists and in members.
LEAVES = st.booleans() | st.integers(2, 9) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
MEMBERS = st.fixed_dictionaries(
    {
        "title": LEAVES,
        "lines": st.lists(st.sampled_from("一二三四"), max_size=5),
        "samples": st.lists(st.fixed_dictionaries({"id": st.sampled_from("abc"), "good": st.booleans()}), max_size=3),
    }
)


@given(MEMBERS, MEMBERS)
def test_only_what_says_the_same_has_no_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Whatever else differs is told, at the member that differs."""
    found = differences(old, new)
    assert {item.path.partition(".")[0] for item in found} == {name for name in old if old[name] != new[name]}
    assert differences(old, old) == ()
    assert all(item.old != item.new for item in found)


@given(st.lists(st.sampled_from("一二三四"), max_size=6), st.lists(st.sampled_from("一二三四"), max_size=6))
def test_each_item_told_stands_where_it_is_told(old: list[str], new: list[str]) -> None:
    """What is new stands in the new list at that place; what is gone stood in the old one."""
    found = differences({"p": old}, {"p": new})
    for item in found:
        index = int(item.path.partition(".")[2])
        assert (old if item.new is None else new)[index] == (item.old if item.new is None else item.new)
    put_in = sum(item.old is None for item in found)
    taken_out = sum(item.new is None for item in found)
    assert len(old) + put_in - taken_out == len(new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"title": "旧"}, {"title": "新"}, [("title", "旧", "新")]),
        ({"p": ["一", "二"]}, {"p": ["零", "一", "二"]}, [("p.0", None, "零")]),
        ({"p": ["一", "二", "三"]}, {"p": ["一", "三"]}, [("p.1", "二", None)]),
        ({"p": ["一", "二"]}, {"p": ["一", "两"]}, [("p.1", "二", "两")]),
        ({"p": ["一"]}, {"p": ["两", "三"]}, [("p.0", "一", "两"), ("p.1", None, "三")]),
        ({"until": None}, {"until": "2026-12-31"}, [("until", None, "2026-12-31")]),
        ({"ack": False}, {"ack": True}, [("ack", "false", "true")]),
        ({"s": [{"id": "a", "ok": True}]}, {"s": [{"id": "a", "ok": False}]}, [("s.0.ok", "true", "false")]),
        ({"s": []}, {"s": [{"id": "a"}]}, [("s.0", None, '{"id":"a"}')]),
    ],
)
def test_a_difference_names_its_place_and_both_values(
    old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, str | None, str | None]]
) -> None:
    """An item put into a list is one difference, and so is one taken out: those behind it only moved."""
    assert differences(old, new) == tuple(Difference(*item) for item in expected)
