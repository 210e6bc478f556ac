"""Dated rate plans: what a filing sends about fees, and from when to when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RatePlan:
    """One offer of fees to a micro-merchant.

    Rates are percent as WeChat Pay writes them (4012722249): at most two decimals and no percent sign.
    `base_rate_percent` is what the settlement id stands for; the debit and credit rates are sent only with an activity,
    and then both (since 2023-09-18). `settlement_id` is None for a plan of the interface that closed in 2023: known
    for old merchants, never filed again.
    """

    code: str
    title_key: str
    valid_from: date
    valid_through: date | None
    base_rate_percent: str
    settlement_id: str | None
    qualification_type: str
    activities_id: str | None = None
    debit_rate_percent: str | None = None
    credit_rate_percent: str | None = None

    def __post_init__(self) -> None:
        activity = (self.activities_id, self.debit_rate_percent, self.credit_rate_percent)
        if any(activity) and not all(activity):
            raise ValueError(f"rate plan {self.code}: an activity needs its debit rate and its credit rate")
        if self.valid_through is not None and self.valid_through < self.valid_from:
            raise ValueError(f"rate plan {self.code}: ends before it begins")

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_through is None or on <= self.valid_through)


# 703 is the settlement rule of micro-merchants, 0.6 %, paid out the next day. The activity is the general one, whose
# range is 0.2 to 0.6. The first plan ended with the V2 interface, on 2023-05-23.
_PLANS = (
    RatePlan(
        code="MICRO_2018_040",
        title_key="rate_plan.micro_2018_040",
        valid_from=date(2018, 1, 1),
        valid_through=date(2023, 5, 22),
        base_rate_percent="0.4",
        settlement_id=None,
        qualification_type="餐饮",
    ),
    RatePlan(
        code="MICRO_STANDARD_060",
        title_key="rate_plan.micro_standard_060",
        valid_from=date(2023, 5, 23),
        valid_through=None,
        base_rate_percent="0.6",
        settlement_id="703",
        qualification_type="餐饮",
    ),
    RatePlan(
        code="MICRO_CAMPAIGN_020",
        title_key="rate_plan.micro_campaign_020",
        valid_from=date(2023, 9, 18),
        valid_through=None,
        base_rate_percent="0.6",
        settlement_id="703",
        qualification_type="餐饮",
        activities_id="20191030111cff5b5e",
        debit_rate_percent="0.2",
        credit_rate_percent="0.2",
    ),
)

PLANS: Mapping[str, RatePlan] = MappingProxyType({plan.code: plan for plan in _PLANS})


class UnknownRatePlanError(LookupError):
    """No rate plan has this code."""


def plan(code: str) -> RatePlan:
    """Give the plan of a code, in force or not. Refuses an unknown code with `UnknownRatePlanError`."""
    try:
        return PLANS[code]
    except KeyError:
        raise UnknownRatePlanError(code) from None


def current(on: date) -> tuple[RatePlan, ...]:
    """Give the plans that may be filed on a day, in the order they are offered."""
    return tuple(p for p in PLANS.values() if p.settlement_id is not None and p.in_force(on))
