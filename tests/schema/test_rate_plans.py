"""`ratePlans`: the offers of fees that may be filed today."""

from __future__ import annotations

from backend.accounts import Viewer
from backend.foundation.clock import date_in_china
from tests.builders.api import Api
from tests.builders.clock import FixedClock


async def test_only_todays_rate_plans_are_offered(api: Api, clock: FixedClock, clerk: Viewer) -> None:
    """Each with its rates and dates."""
    today = date_in_china(clock.now())
    plans = (await (await api.client(clerk)).call("RatePlans")).value
    assert [plan["code"] for plan in plans] == ["MICRO_STANDARD_060", "MICRO_CAMPAIGN_020"]
    for plan in plans:
        assert plan["validFrom"] <= today.isoformat() <= (plan["validThrough"] or "9999")
    standard = next(plan for plan in plans if plan["code"] == "MICRO_STANDARD_060")
    assert (standard["baseRatePercent"], standard["debitRatePercent"]) == ("0.6", None)
