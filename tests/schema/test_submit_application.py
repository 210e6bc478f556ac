"""`submitApplication`: the draft is locked and goes to HQ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backend.accounts import Viewer
from backend.consent.texts import current_text
from backend.foundation.clock import date_in_china
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.builders.forms import every_field_filled
from tests.schema import cases
from tests.schema.mutations import assert_done_once, assert_refused, assert_stale

SUBMIT = "SubmitApplication"


async def _given(case: cases.Case) -> dict[str, Any]:
    return {"applicationId": case.id, "expectedVersion": await case.version()}


async def test_a_complete_draft_goes_to_hq_once(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """It waits for HQ, is closed for changes, and its values are masked from now on."""
    client, case = await api.client(clerk), await cases.filled(runtime, clerk)
    given = await _given(case)
    await assert_stale(client, SUBMIT, given, version=given["expectedVersion"], state="DRAFT")
    changed = await assert_done_once(client, SUBMIT, given, {"expectedVersion": given["expectedVersion"] + 1})
    assert (changed["state"], changed["stage"], changed["isClearView"]) == ("IN_REVIEW", "HQ", False)
    assert [item["action"] for item in changed["availableActions"]] == ["WITHDRAW"]
    (error,) = await assert_refused(client.change(SUBMIT, **await _given(case)), ("ILLEGAL_STATE", ""))
    assert error["currentState"] == "IN_REVIEW"


async def test_what_lacks_something_stays_a_draft(
    api: Api, runtime: Runtime, clerk: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal says what kind of thing is missing; the list of what it is stands in the application."""
    client, case = await api.client(clerk), await cases.filled(runtime, clerk)
    await case.save(bank_card_photo=None)
    await assert_refused(client.change(SUBMIT, **await _given(case)), ("INCOMPLETE", ""))

    case = await cases.filled(runtime, clerk, **every_field_filled(licence_held=False, licence_number=None))
    await assert_refused(client.change(SUBMIT, **await _given(case)), ("POLICY_REFUSES", ""))
    actions = (await client.call("Application", id=case.id)).value["availableActions"]
    assert {"action": "SUBMIT", "allowed": False, "blockedReason": "POLICY_REFUSES"} in actions

    case = await cases.filled(runtime, clerk)
    newer = replace(current_text(date_in_china(runtime.clock.now())), version="2026-11")
    monkeypatch.setattr("backend.applications.service.current_text", lambda _on: newer)
    await assert_refused(client.change(SUBMIT, **await _given(case)), ("CONSENT_MISSING", ""))


async def test_a_second_application_for_a_shop_is_refused(
    api: Api, runtime: Runtime, clerk: Viewer, partner_clerk: Viewer
) -> None:
    """The shop is taken by whoever was first, in whichever organisation; another shop of the owner is free."""
    await cases.submitted(runtime, partner_clerk, micro_name="大郎烧饼一店")
    client, case = await api.client(clerk), await cases.filled(runtime, clerk, micro_name="大郎烧饼一店")
    await assert_refused(client.change(SUBMIT, **await _given(case)), ("DUPLICATE", ""))
    await case.save(micro_name="大郎烧饼二店")
    assert (await client.change(SUBMIT, **await _given(case))).outcome == "OK"
