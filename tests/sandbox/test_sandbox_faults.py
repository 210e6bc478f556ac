"""Faults, permission and rate limits, in process."""

from typing import Any

import pytest

from tests.sandbox.provider import Provider, Wall

FIELDS = [{"field": "id_card_copy", "field_name": "身份证人像面照片", "reject_reason": "照片模糊"}]


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("status_500", 500, "SYSTEM_ERROR"), ("status_429", 429, "RATE_LIMITED")]
)
async def test_an_error_on_demand_is_signed_and_files_nothing(
    provider: Provider, kind: str, status: int, code: str
) -> None:
    """The call is not processed; the next one is."""
    await provider.order("faults", {"call": "submit", "kind": kind})
    answer = await provider.submit()
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    provider.verify(answer)
    assert (await provider.query()).json()["code"] == "APPLYMENT_NOTEXIST"
    assert (await provider.submit()).status_code == 200
    assert [(line["outcome"], line["fault"]) for line in (await provider.book())["requests"]] == [
        ("unprocessed", kind),
        ("APPLYMENT_NOTEXIST", None),
        ("accepted", None),
    ]


async def test_a_bad_gateway_is_html_and_unsigned(provider: Provider) -> None:
    """The proxy in front holds no key."""
    await provider.order("faults", {"kind": "status_502_html"})
    answer = await provider.submit()
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert "Wechatpay-Signature" not in answer.headers
    assert answer.headers["Request-ID"]


@pytest.mark.parametrize("kind", ["accept_then_lose", "bad_signature", "signtest", "delay"])
async def test_a_fault_of_the_answer_leaves_the_filing_done(provider: Provider, kind: str) -> None:
    """Whatever happens to the answer, the form is filed once, and a repeat is PROCESSING."""
    await provider.order("faults", {"call": "submit", "kind": kind})
    if kind == "accept_then_lose":
        with pytest.raises(ConnectionAbortedError):
            await provider.submit()
    else:
        assert (await provider.submit()).status_code == 200
    assert (await provider.submit()).json()["code"] == "PROCESSING"
    book = await provider.book()
    assert book["times_accepted"] == 1
    assert [(line["outcome"], line["fault"]) for line in book["requests"]] == [("accepted", kind), ("PROCESSING", None)]


async def test_a_fault_strikes_its_call_as_often_as_ordered(provider: Provider) -> None:
    """Other calls pass; after the last time all is well."""
    await provider.order("faults", {"call": "upload", "kind": "status_500", "times": 2})
    assert (await provider.submit()).status_code == 200
    assert [(await provider.upload()).status_code for _ in range(3)] == [500, 500, 200]
    assert (await provider.http.get("/_sandbox/state")).json()["faults"] == []


async def test_any_call_is_struck_and_the_first_fault_goes_first(provider: Provider) -> None:
    """Faults are used up in the order in which they were given."""
    await provider.order("faults", {"kind": "status_429"})
    await provider.order("faults", {"call": "query", "kind": "status_500"})
    assert [(await provider.query()).status_code for _ in range(3)] == [429, 500, 400]


async def test_an_unsigned_request_uses_up_no_fault(provider: Provider) -> None:
    """Only a request that passed the door can be struck."""
    await provider.order("faults", {"kind": "status_500"})
    assert (await provider.http.get("/v3/applyment4sub/applyment/business_code/a")).status_code == 401
    assert (await provider.query()).status_code == 500


async def draws(provider: Provider, seed: int) -> list[int]:
    """Give the statuses of 40 queries under a fault of even odds."""
    await provider.order("faults", {"call": "query", "kind": "status_500", "probability": 0.5, "seed": seed})
    statuses = [(await provider.query()).status_code for _ in range(40)]
    await provider.http.delete("/_sandbox/faults")
    return statuses


async def test_odds_repeat_with_their_seed(provider: Provider) -> None:
    """One seed gives one run, another seed another; deleting ends it."""
    first = await draws(provider, 7)
    assert {400, 500} == set(first)
    assert await draws(provider, 7) == first
    assert await draws(provider, 8) != first
    assert (await provider.query()).status_code == 400


async def test_an_ordered_rejection_comes_before_the_plan(provider: Provider) -> None:
    """The next verdict rejects the named fields; the one after it is the phone's own again."""
    await provider.order("faults", {"kind": "reject", "fields": FIELDS})
    await provider.submit()
    assert await provider.state() == "AUDITING"
    await provider.advance(300)
    assert (await provider.query()).json()["audit_detail"] == FIELDS
    await provider.submit()
    await provider.advance(300)
    assert await provider.state() == "TO_BE_SIGNED"


async def test_a_refused_form_uses_up_no_ordered_rejection(provider: Provider) -> None:
    """Only a filing that is accepted is audited."""
    await provider.order("faults", {"kind": "reject", "fields": FIELDS})
    await provider.submit(provider.form() | {"unknown": "x"})
    left: list[dict[str, Any]] = (await provider.http.get("/_sandbox/state")).json()["faults"]
    assert [(fault["kind"], fault["times_left"], fault["fields"]) for fault in left] == [
        ("reject", 1, ["id_card_copy"])
    ]


async def test_without_permission_every_submit_is_refused(provider: Provider) -> None:
    """403 NO_AUTH, signed, until the permission is back; queries go on."""
    await provider.order("permission", {"micro": False})
    answer = await provider.submit()
    assert (answer.status_code, answer.json()["code"]) == (403, "NO_AUTH")
    provider.verify(answer)
    assert (await provider.query()).json()["code"] == "APPLYMENT_NOTEXIST"
    await provider.order("permission", {"micro": True})
    assert (await provider.submit()).status_code == 200


async def test_the_limits_are_the_published_ones_within_one_second(provider: Provider, wall: Wall) -> None:
    """15 submits and 10 uploads each second; the next second is free again."""
    await provider.order("limits", {"submit": 15, "upload": 10})
    wall.now += 1
    body = provider.sealed(provider.form())
    assert [(await provider.post(body)).status_code for _ in range(16)] == [200, *[400] * 14, 429]
    uploads = [await provider.upload() for _ in range(11)]
    assert [answer.status_code for answer in uploads] == [*[200] * 10, 429]
    assert uploads[-1].json()["code"] == "RATE_LIMITED"
    provider.verify(uploads[-1])
    wall.now += 1
    assert (await provider.upload()).status_code == 200


async def test_a_limit_can_be_set_for_each_call(provider: Provider) -> None:
    """A limit set by order holds at once, null lifts it."""
    assert (await provider.order("limits", {"query": 1}))["limits"] == {"submit": None, "upload": None, "query": 1}
    assert [(await provider.query()).status_code for _ in range(2)] == [400, 429]
    await provider.order("limits", {"query": None})
    assert (await provider.query()).status_code == 400
