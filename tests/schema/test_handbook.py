"""`currentNotice`, `currentConsentText`, `ratePlans`, `returnReasons`: what staff read before and while they file."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from backend.handbook import rate_plans
from backend.handbook.return_reasons import RETURN_REASONS
from tests.builders.api import Api
from tests.builders.clock import FixedClock


async def test_the_texts_in_force_are_given(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """The version that is read is the one that is wanted back."""
    client = await api.client(clerk)
    notice = (await client.call("CurrentNotice")).value
    assert (notice["version"], notice["title"]) == ("2026-01", "小微商户开户须知")
    assert all(notice["paragraphs"])
    consent = (await client.call("CurrentConsentText")).value
    text = current_text(date_in_china(runtime.clock.now()))
    assert consent == {"version": text.version, "title": text.title, "paragraphs": list(text.paragraphs)}


async def test_only_todays_rate_plans_are_offered(api: Api, clock: FixedClock, clerk: Viewer) -> None:
    """Each with its rates and dates."""
    client = await api.client(clerk)
    today = date_in_china(clock.now())
    plans = (await client.call("RatePlans")).value
    assert [plan["code"] for plan in plans] == [plan.code for plan in rate_plans.current(today)]
    for plan in plans:
        assert plan["validFrom"] <= today.isoformat() <= (plan["validThrough"] or "9999")
    standard = next(plan for plan in plans if plan["code"] == "MICRO_STANDARD_060")
    assert (standard["baseRatePercent"], standard["debitRatePercent"]) == ("0.6", None)


async def test_the_reasons_of_a_return_are_listed(api: Api, reviewer: Viewer) -> None:
    """Code and what staff read, as the handbook has them."""
    reasons = (await (await api.client(reviewer)).call("ReturnReasons")).value
    assert {item["code"]: item["title"] for item in reasons} == RETURN_REASONS
