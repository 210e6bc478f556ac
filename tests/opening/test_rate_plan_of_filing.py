"""Which rate plan a filing sends: the version that was in force when the form was submitted."""

from __future__ import annotations

from dataclasses import replace

import orjson

from backend.accounts import Viewer
from backend.applications import Application
from backend.handbook.content import RateTerms
from backend.opening.models import FilingAttempt
from tests.builders.applications import an_approved, the
from tests.builders.handbook import a_plan
from tests.builders.handbook_keeping import a_published
from tests.builders.pay import AUDIT_SECONDS, Desk, attempt_of

STANDARD = "MICRO_STANDARD_060"
CAMPAIGN: RateTerms = replace(
    a_plan(STANDARD).content, activities_id="20991231campaign", debit_rate_percent="0.2", credit_rate_percent="0.2"
)


def _filed(desk: Desk, attempt: FilingAttempt) -> dict[str, str]:
    """Give what was filed about fees."""
    assert attempt.snapshot is not None
    form = desk.runtime.keyring.open(bytes(attempt.snapshot), table="filing_attempt", field="snapshot", row=attempt.id)
    settlement: dict[str, str] = orjson.loads(form)["settlement_info"]
    return settlement


async def test_a_later_version_of_the_plan_touches_nobody_who_has_submitted(
    desk: Desk, clerk: Viewer, reviewer: Viewer, admin: Viewer
) -> None:
    """Published between submission and filing, on the very same day; the next shop is filed with it."""
    first = await an_approved(desk.runtime, clerk, reviewer)
    await a_published(desk.runtime, admin, CAMPAIGN, code=STANDARD, title="标准费率")
    second = await an_approved(desk.runtime, clerk, reviewer, micro_name="二郎烧饼")
    assert "activities_id" not in _filed(desk, await desk.file(first))
    filed = _filed(desk, await desk.file(second))
    assert (filed["activities_id"], filed["debit_activities_rate"]) == ("20991231campaign", "0.2")


async def test_a_form_without_a_kept_plan_goes_to_hq(desk: Desk, clerk: Viewer, reviewer: Viewer) -> None:
    """One that was submitted before plans had versions is not filed on a guess."""
    application_id = await an_approved(desk.runtime, clerk, reviewer)
    await Application.filter(id=application_id).update(rate_plan_entry_id=None)
    await desk.let_pass(AUDIT_SECONDS)
    assert (await the(application_id)).state == "PROVIDER_REJECTED"
    assert (await attempt_of(application_id)).raw_state == "FORM_UNSENDABLE"
    assert "submit" not in desk.client.calls
