"""What the form chooses from: dated rate plans and consent texts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from backend.consent import texts
from backend.handbook import rate_plans
from backend.handbook.rate_plans import RatePlan


@pytest.mark.parametrize(
    ("on", "codes"),
    [
        (date(2018, 6, 1), []),
        (date(2023, 5, 22), []),
        (date(2023, 5, 23), ["MICRO_STANDARD_060"]),
        (date(2023, 9, 18), ["MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"]),
        (date(2030, 1, 1), ["MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"]),
    ],
)
def test_the_plans_of_a_day(on: date, codes: list[str]) -> None:
    """Only what is in force and can be filed is offered."""
    assert [plan.code for plan in rate_plans.current(on)] == codes


def test_a_plan_is_in_force_from_its_first_to_its_last_day() -> None:
    """Both ends are included; an old plan stays known."""
    plan = rate_plans.plan("MICRO_2018_040")
    last = date(2023, 5, 22)
    assert (plan.base_rate_percent, plan.valid_through) == ("0.4", last)
    assert plan.in_force(plan.valid_from)
    assert plan.in_force(last)
    assert not plan.in_force(last + timedelta(days=1))
    assert not plan.in_force(plan.valid_from - timedelta(days=1))


@pytest.mark.parametrize("plan", rate_plans.PLANS.values(), ids=list(rate_plans.PLANS))
def test_rates_are_written_as_wechat_pay_wants_them(plan: RatePlan) -> None:
    """At most two decimals, no percent sign, an activity within its range of 0.2 to 0.6."""
    for rate in (plan.base_rate_percent, plan.debit_rate_percent, plan.credit_rate_percent):
        if rate is not None:
            exponent = Decimal(rate).as_tuple().exponent
            assert isinstance(exponent, int)
            assert -2 <= exponent <= 0
            assert Decimal("0.2") <= Decimal(rate) <= Decimal("0.6")


@pytest.mark.parametrize(
    "part",
    [{"activities_id": "a"}, {"activities_id": "a", "debit_rate_percent": "0.2"}, {"credit_rate_percent": "0.2"}],
)
def test_an_activity_needs_both_rates(part: dict[str, str]) -> None:
    """Since 2023-09-18 one rate alone is refused, so such a plan cannot be written down."""
    with pytest.raises(ValueError, match="an activity needs"):
        RatePlan("X", "x", date(2024, 1, 1), None, "0.6", "703", "餐饮", **part)


def test_a_plan_does_not_end_before_it_begins() -> None:
    """A mistyped date is caught when the handbook is read."""
    with pytest.raises(ValueError, match="ends before"):
        RatePlan("X", "x", date(2024, 1, 2), date(2024, 1, 1), "0.6", "703", "餐饮")


def test_an_unknown_plan_is_refused() -> None:
    """A code from nowhere has its own error."""
    with pytest.raises(rate_plans.UnknownRatePlanError):
        rate_plans.plan("FREE")


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
