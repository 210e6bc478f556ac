"""What the form chooses from: dated rate plans and consent texts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backend.consent import texts
from tests.builders.handbook import a_plan, plans_on


@pytest.mark.parametrize(
    ("on", "offered", "ended"),
    [
        (date(2017, 12, 31), [], set()),
        (date(2018, 6, 1), [], {"MICRO_2018_040"}),
        (date(2023, 5, 22), [], {"MICRO_2018_040"}),
        (date(2023, 5, 23), ["MICRO_STANDARD_060"], {"MICRO_2018_040"}),
        (date(2023, 9, 18), ["MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"], {"MICRO_2018_040"}),
        (date(2030, 1, 1), ["MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"], {"MICRO_2018_040"}),
    ],
)
def test_the_plans_of_a_day(on: date, offered: list[str], ended: set[str]) -> None:
    """Only what is in force and can be filed is offered; a plan that has begun and cannot be is known as ended."""
    plans = plans_on(on)
    assert list(plans.offered) == offered
    assert plans.ended == ended


def test_a_plan_may_be_filed_from_its_first_to_its_last_day() -> None:
    """Both ends are included; one without a settlement id never may."""
    old, standard = a_plan("MICRO_2018_040").content, a_plan("MICRO_STANDARD_060").content
    assert (old.base_rate_percent, old.valid_through) == ("0.4", date(2023, 5, 22))
    assert not old.may_be_filed(date(2020, 1, 1))
    assert standard.may_be_filed(standard.valid_from)
    assert not standard.may_be_filed(standard.valid_from - timedelta(days=1))


@pytest.mark.parametrize("code", ["MICRO_2018_040", "MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"])
def test_rates_are_written_as_wechat_pay_wants_them(code: str) -> None:
    """At most two decimals, no percent sign, an activity within its range of 0.2 to 0.6."""
    terms = a_plan(code).content
    for rate in (terms.base_rate_percent, terms.debit_rate_percent, terms.credit_rate_percent):
        if rate is not None:
            exponent = Decimal(rate).as_tuple().exponent
            assert isinstance(exponent, int)
            assert -2 <= exponent <= 0
            assert Decimal("0.2") <= Decimal(rate) <= Decimal("0.6")


def test_the_current_consent_text_is_the_newest_published() -> None:
    """A day before the first text has none."""
    assert texts.current_text(date(2024, 1, 1)).version == "2024-01"
    assert texts.current_text(date(2030, 1, 1)) is texts.text("2024-01")
    with pytest.raises(texts.UnknownConsentTextError):
        texts.current_text(date(2023, 12, 31))
    with pytest.raises(texts.UnknownConsentTextError):
        texts.text("1999-01")


def test_a_published_consent_text_never_changes() -> None:
    """What an owner agreed to must be readable for ever: a new wording is a new version with a row here."""
    assert {t.version: t.sha256 for t in texts.TEXTS.values()} == {
        "2024-01": "bde85c8cdccb8506d3d2199dc5fc1f53f8c365501b6c0cdd7e517065dd78a563"
    }


@pytest.mark.parametrize("word", ["身份证", "银行卡", "微信支付", "撤回", "敏感个人信息", "不得代您同意"])
def test_a_consent_text_says_what_it_must(word: str) -> None:
    """Which data, to whom, for what, and how to take it back."""
    assert word in "".join(texts.text("2024-01").paragraphs)
