"""Every field, section, choice and code has a text."""

import re
from datetime import date

import pytest

from backend.applications.checks import check
from backend.applications.completeness import SectionState
from backend.applications.form import FIELDS, Section
from backend.applications.policies import LicenceAdvice, PolicyRefusal
from backend.applications.problems import ProblemCode
from schema.texts import fields as texts
from tests.builders.forms import a_complete_form
from tests.builders.handbook import plans_on

HAN = re.compile(r"[\u4e00-\u9fff]")


def test_every_name_has_a_text_and_no_text_is_left_over() -> None:
    """Catalogues and texts hold the same names."""
    assert set(texts.FIELDS) == set(FIELDS)
    assert set(texts.SECTIONS) == set(Section)
    assert set(texts.SECTION_STATES) == set(SectionState)
    assert set(texts.PROBLEMS) == set(ProblemCode)
    assert set(texts.POLICIES) == {*PolicyRefusal, *LicenceAdvice}
    assert {n: set(c) for n, c in texts.CHOICES.items()} == {n: set(f.choices) for n, f in FIELDS.items() if f.choices}


@pytest.mark.parametrize(
    "text",
    [
        *(part for text in (*texts.FIELDS.values(), *texts.SECTIONS.values()) for part in text),
        *texts.PROBLEMS.values(),
        *texts.POLICIES.values(),
        *texts.SECTION_STATES.values(),
        *(label for choices in texts.CHOICES.values() for label in choices.values()),
    ],
)
def test_a_text_is_short_chinese(text: str) -> None:
    """Nobody in a shop reads a paragraph."""
    assert HAN.search(text)
    assert 2 <= len(text) <= 45


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ({"micro_address": "1号"}, "门店地址至少4个字"),
        ({"micro_name": "店" * 51}, "门店名称最多50个字"),
        ({"qualifications": list("abcdef")}, "特殊资质照片最多5张"),
        ({"card_period_end": "2026-08-15"}, "身份证还有14天到期，审核可能被驳回"),
        ({"merchant_shortname": "大郎基金"}, "商户简称含有“基金”，可能需要相应资质，微信支付可能驳回"),
        ({"store_longitude": "1", "store_latitude": "22.5"}, "门店经度应在73到136之间"),
        ({"id_card_number": "440305201101010003"}, "身份证号码校验不通过，请核对是否有输错的数字"),
        ({"account_bank": "其他银行"}, "请填写开户支行全称"),
    ],
)
def test_a_problem_reads_as_a_sentence(overrides: dict[str, object], sentence: str) -> None:
    """The params of a problem fit its sentence."""
    (problem,) = check(a_complete_form(**overrides), date(2026, 8, 1), plans_on(date(2026, 8, 1)))
    assert texts.sentence(problem.field, problem.code, problem.params) == sentence


def test_a_choice_reads_as_a_label() -> None:
    """Choices are shown in the words of staff."""
    assert texts.choice("settlement_holder", "OPERATOR") == "经营者本人"
