"""What an entry says: what may be wrong with it, and that it is stored as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.applications.fields import Kind as FieldKind
from backend.applications.form import FIELDS
from backend.handbook.content import (
    KINDS,
    Contact,
    ContactChannel,
    Content,
    Kind,
    Notice,
    PhotoGuide,
    RateTerms,
    ReturnReason,
    Sample,
    problems,
    read_content,
    stored,
    title_problems,
)
from backend.handbook.rules import PHOTO_FIELDS, RELIED_ON, may_be_code
from tests.builders.handbook import the_shipped

TERMS = RateTerms(date(2024, 1, 1), None, "0.6", "703", "餐饮")
CAMPAIGN = replace(TERMS, activities_id="20191030111cff5b5e", debit_rate_percent="0.2", credit_rate_percent="0.2")

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_lines = st.lists(_text, max_size=4).map(tuple)
_optional = st.none() | _text
_samples = st.lists(st.builds(Sample, _text, st.booleans(), _text), max_size=3).map(tuple)
CONTENTS = st.one_of(
    st.builds(Notice, _lines),
    st.builds(PhotoGuide, _lines, _samples),
    st.builds(ReturnReason, _lines),
    st.builds(Contact, st.sampled_from(ContactChannel), _text),
    st.builds(RateTerms, st.dates(), st.none() | st.dates(), _text, _optional, _text, _optional, _optional, _optional),
)


@given(CONTENTS)
def test_a_content_is_read_as_it_was_stored(content: Content) -> None:
    """Whatever it holds; and what is wrong with it is told at members that it has."""
    assert read_content(KINDS[type(content)], stored(content)) == content
    for problem in problems(content):
        assert hasattr(content, problem.path[0])


def test_what_comes_with_the_system_may_be_published() -> None:
    """It is held to the rules that HQ's own entries are held to, and has what the code relies on."""
    for (kind, code), entry in the_shipped().items():
        assert title_problems(entry.title) == problems(entry.content) == [], code
        assert may_be_code(kind, code)
    assert the_shipped().keys() >= RELIED_ON
    assert {kind for kind, _ in the_shipped()} == set(Kind)


def test_every_photo_of_the_form_has_its_guide() -> None:
    """The handbook stands before the form and names its photos by itself; here the two are held together."""
    photos = {name for name, field in FIELDS.items() if field.kind in {FieldKind.IMAGE, FieldKind.IMAGES}}
    assert set(PHOTO_FIELDS) == photos == {code for kind, code in the_shipped() if kind is Kind.PHOTO_GUIDE}
    reasons = [entry.content for (kind, _), entry in the_shipped().items() if kind is Kind.RETURN_REASON]
    assert {field for reason in reasons for field in reason.form_fields} <= set(FIELDS)


@pytest.mark.parametrize(
    ("content", "code", "path"),
    [
        (Notice(()), "CONTENT_MISSING", "paragraphs"),
        (Notice(("一", " \n")), "CONTENT_MISSING", "paragraphs.1"),
        (Notice(("一",) * 31), "CONTENT_TOO_MANY", "paragraphs"),
        (Notice(("长" * 1001,)), "CONTENT_TOO_LONG", "paragraphs.0"),
        (Notice(("a\x00b",)), "CONTENT_BAD_FORMAT", "paragraphs.0"),
        (PhotoGuide(()), "CONTENT_MISSING", "steps"),
        (PhotoGuide(("拍",), (Sample("img", True, ""),)), "CONTENT_MISSING", "samples.0.caption"),
        (PhotoGuide(("拍",), (Sample("img", True, "好"),) * 13), "CONTENT_TOO_MANY", "samples"),
        (ReturnReason(("idCardCopy",)), "CONTENT_BAD_FORMAT", "form_fields.0"),
        (ReturnReason(("a",) * 61), "CONTENT_TOO_MANY", "form_fields"),
        (Contact(ContactChannel.PHONE, ""), "CONTENT_MISSING", "value"),
        (Contact(ContactChannel.PHONE, "请打前台"), "CONTENT_BAD_FORMAT", "value"),
        (Contact(ContactChannel.QQ, "0123456"), "CONTENT_BAD_FORMAT", "value"),
        (Contact(ContactChannel.MAIL, "help@"), "CONTENT_BAD_FORMAT", "value"),
        (Contact(ContactChannel.WECHAT, "zhima kaimen"), "CONTENT_BAD_FORMAT", "value"),
        (replace(TERMS, valid_through=date(2023, 12, 31)), "PERIOD_REVERSED", "valid_through"),
        (replace(TERMS, base_rate_percent="0.6%"), "CONTENT_BAD_FORMAT", "base_rate_percent"),
        (replace(TERMS, base_rate_percent="6"), "CONTENT_BAD_FORMAT", "base_rate_percent"),
        (replace(TERMS, base_rate_percent="0.601"), "CONTENT_BAD_FORMAT", "base_rate_percent"),
        (replace(TERMS, settlement_id="7030"), "CONTENT_BAD_FORMAT", "settlement_id"),
        (replace(TERMS, qualification_type=""), "CONTENT_MISSING", "qualification_type"),
        (replace(CAMPAIGN, debit_rate_percent="2"), "CONTENT_BAD_FORMAT", "debit_rate_percent"),
        (replace(CAMPAIGN, activities_id="活动"), "CONTENT_BAD_FORMAT", "activities_id"),
        (replace(TERMS, activities_id="a"), "ACTIVITY_INCOMPLETE", "activities_id"),
        (replace(CAMPAIGN, credit_rate_percent=None), "ACTIVITY_INCOMPLETE", "activities_id"),
        (replace(CAMPAIGN, activities_id=None), "ACTIVITY_INCOMPLETE", "activities_id"),
    ],
)
def test_what_may_not_be_published_is_told_where_it_lies(content: Content, code: str, path: str) -> None:
    """One thing is wrong with each, and nothing else is told."""
    assert [(problem.code, ".".join(problem.path)) for problem in problems(content)] == [(code, path)]


@pytest.mark.parametrize(
    "content",
    [
        TERMS,
        CAMPAIGN,
        replace(TERMS, base_rate_percent="1.00", settlement_id=None, valid_through=date(2024, 1, 1)),
        Contact(ContactChannel.PHONE, "0755-1234567"),
        Contact(ContactChannel.QQ, "10001"),
        ReturnReason(),
        Notice(("第一段\n第二行",)),
    ],
)
def test_what_may_be_published_is_let_through(content: Content) -> None:
    """At the edges, too."""
    assert problems(content) == []


@pytest.mark.parametrize(
    ("kind", "code", "allowed"),
    [
        (Kind.NOTICE, "NIGHT_SHIFT", True),
        (Kind.NOTICE, "night_shift", False),
        (Kind.NOTICE, "", False),
        (Kind.NOTICE, "A" * 41, False),
        (Kind.PHOTO_GUIDE, "id_card_copy", True),
        (Kind.PHOTO_GUIDE, "owner_name", False),
        (Kind.RATE_PLAN, "MICRO_STANDARD_060", True),
    ],
)
def test_codes_are_capitals_and_guides_have_the_name_of_a_photo(kind: Kind, code: str, *, allowed: bool) -> None:
    """What staff and other systems hold on to never needs escaping."""
    assert may_be_code(kind, code) is allowed
