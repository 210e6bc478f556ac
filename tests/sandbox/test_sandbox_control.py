"""The control API: what it takes, what it refuses, and what it never tells."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.provider import Provider, Wall, contents, in_process

ITEM = {"field": "a", "field_name": "b", "reject_reason": "c"}
MERCHANT = {"mchid": "1900013511", "serial_no": "A" * 40, "public_key_pem": "PEM", "api_v3_key": "k" * 32}

BAD_ORDERS: list[tuple[str, Any]] = [
    ("clock", {}),
    ("clock", {"advance_seconds": -1}),
    ("clock", {"advance_seconds": "60"}),
    ("clock", {"advance_seconds": True}),
    ("clock", {"advance_seconds": 1e300}),
    ("clock", {"advance_seconds": 60, "more": 1}),
    ("clock", []),
    ("clock", None),
    ("faults", {}),
    ("faults", {"kind": "unknown"}),
    ("faults", {"kind": ["delay"]}),
    ("faults", {"kind": "delay", "call": "unknown"}),
    ("faults", {"kind": "delay", "call": {}}),
    ("faults", {"kind": "delay", "times": 0}),
    ("faults", {"kind": "delay", "times": 1.5}),
    ("faults", {"kind": "delay", "delay_seconds": -1}),
    ("faults", {"kind": "delay", "delay_seconds": None}),
    ("faults", {"kind": "delay", "probability": 2}),
    ("faults", {"kind": "delay", "seed": "a"}),
    ("faults", {"kind": "delay", "fields": [ITEM]}),
    ("faults", {"kind": "reject", "fields": ITEM}),
    ("faults", {"kind": "reject", "fields": ["a"]}),
    ("faults", {"kind": "reject", "fields": [{**ITEM, "field": 7}]}),
    ("faults", {"kind": "reject", "fields": [{"field": "a"}]}),
    ("permission", {}),
    ("permission", {"micro": "false"}),
    ("limits", {"submit": -1}),
    ("limits", {"submit": True}),
    ("limits", {"submit": 1.5}),
    ("limits", {"unknown": 1}),
    ("merchants", {}),
    ("merchants", {**MERCHANT, "mchid": 1900013511}),
    ("merchants", {**MERCHANT, "mchid": "abc"}),
    ("merchants", {**MERCHANT, "serial_no": "xyz"}),
    ("merchants", {**MERCHANT, "api_v3_key": "short"}),
    ("merchants", MERCHANT),
    ("merchants", {**MERCHANT, "public_key_pem": None}),
    ("owner/1/sign", {"person": "somebody"}),
    ("owner/1/sign", {"person": []}),
    ("owner/1/sign", {"who": "owner"}),
]


@pytest.mark.parametrize(("path", "order"), BAD_ORDERS)
async def test_an_order_that_is_not_understood_is_a_400(provider: Provider, path: str, order: object) -> None:
    """A sentence in JSON, and the state of the sandbox as before."""
    before = (await provider.http.get("/_sandbox/state")).json()
    answer = await provider.http.post(f"/_sandbox/{path}", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert (await provider.http.get("/_sandbox/state")).json() == before


@pytest.mark.parametrize("path", ["clock", "faults", "permission", "limits", "merchants", "owner/1/sign"])
async def test_a_body_that_is_no_small_json_is_refused(provider: Provider, path: str) -> None:
    """Broken JSON, bytes that are no text, and a body past the limit are 4xx everywhere."""
    for content, status in ((b"{", 400), (b"\xff", 400), (b"[" * 40_000, 413)):
        answer = await provider.http.post(f"/_sandbox/{path}", content=content)
        assert answer.status_code == status
        assert answer.json()["error"]


@pytest.mark.parametrize("path", ["applyments/unknown", "nothing"])
async def test_what_is_not_there_is_a_404(provider: Provider, path: str) -> None:
    """Unknown codes and unknown paths."""
    assert (await provider.http.get(f"/_sandbox/{path}")).status_code == 404


@pytest.mark.parametrize("filing", ["1", "abc", "9" * 30])
async def test_signing_an_unknown_filing_is_a_404(provider: Provider, filing: str) -> None:
    """Ids that are none are searched like others."""
    assert (await provider.http.post(f"/_sandbox/owner/{filing}/sign", json={})).status_code == 404


async def test_signing_says_who_may_and_when(provider: Provider) -> None:
    """Same effects as the page: 403 for the wrong person, 409 when nothing is due, the state unchanged."""
    filing = (await provider.submit()).json()["applyment_id"]
    early = await provider.http.post(f"/_sandbox/owner/{filing}/sign", json={})
    assert (early.status_code, early.json()["state"]) == (409, "APPLYMENT_STATE_AUDITING")
    await provider.advance(300)
    for person in ("other", "unverified"):
        answer = await provider.http.post(f"/_sandbox/owner/{filing}/sign", json={"person": person})
        assert (answer.status_code, answer.json()["state"]) == (403, "APPLYMENT_STATE_TO_BE_SIGNED")
        assert answer.json()["error"]
    done = await provider.http.post(f"/_sandbox/owner/{filing}/sign", json={"person": "owner"})
    assert (done.status_code, done.json()["state"]) == (200, "APPLYMENT_STATE_SIGNING")


@pytest.mark.parametrize("client", ["10.0.0.7", "203.0.113.9", "2001:db8::1", "not an address"])
async def test_only_loopback_clients_may_give_orders(tmp_path: Path, wall: Wall, client: str) -> None:
    """From elsewhere every order and question is a 403, while the Pay API answers anybody."""
    provider = in_process(tmp_path, wall, client=client)
    for method, path in (("GET", "state"), ("POST", "clock"), ("POST", "merchants"), ("DELETE", "faults")):
        answer = await provider.http.request(method, f"/_sandbox/{path}")
        assert (answer.status_code, answer.json()) == (403, {"error": "loopback clients only"})
    assert (await provider.http.get("/v3/applyment4sub/applyment/business_code/a")).status_code == 401


async def test_the_clock_moves_forward_and_adds_up(provider: Provider) -> None:
    """The offset is the sum of all orders, up to ten years; the wire's time stays."""
    before = (await provider.http.get("/_sandbox/clock")).json()
    assert before == {
        "offset_seconds": 0.0,
        "business_time": "2026-09-21T14:13:20.000Z",
        "wire_time": "2026-09-21T14:13:20.000Z",
    }
    await provider.advance(60)
    await provider.advance(0.5)
    after = (await provider.http.get("/_sandbox/clock")).json()
    assert after == {**before, "offset_seconds": 60.5, "business_time": "2026-09-21T14:14:20.500Z"}
    await provider.advance(3649 * 86_400)
    assert (await provider.http.post("/_sandbox/clock", json={"advance_seconds": 86_400})).status_code == 400


async def test_state_counts_filings_where_they_stand_now(provider: Provider) -> None:
    """Counting looks at every filing, so time has passed for those nobody asked about."""
    await provider.submit(provider.form("a"))
    await provider.submit(provider.form("b", "13900000004"))
    await provider.submit(provider.form("c", "13900000010"))
    await provider.advance(300)
    state = (await provider.http.get("/_sandbox/state")).json()
    assert state["applyments"] == {"APPLYMENT_STATE_REJECTED": 1, "APPLYMENT_STATE_TO_BE_SIGNED": 2}
    assert (state["version"], state["public_key_id"]) == (1, provider.public_key_id)
    assert [merchant["mchid"] for merchant in state["merchants"]] == ["1900013511"]


PRIVATE = ("张三", "440305199001011234", "13800138000", "zhangsan@example.com", "6222020000000000000")


async def test_nobody_is_recognisable_in_answers_or_on_disk(provider: Provider, tmp_path: Path) -> None:
    """Neither the control API nor the book holds a name, number, phone or mail in clear; the shop's name is public."""
    form = provider.form()
    form["business_info"]["merchant_shortname"] = "大郎烧饼店"
    filing = (await provider.submit(form)).json()["applyment_id"]
    await provider.advance(300)
    await provider.order(f"owner/{filing}/sign", {})
    answers = [(await provider.http.get(f"/_sandbox/{path}")).text for path in ("state", "applyments/1900013511_1")]
    files = contents(tmp_path)
    assert sum(map(len, files)) > 10_000
    for text in PRIVATE:
        assert all(text not in answer for answer in answers)
        assert all(text.encode() not in file for file in files)
    assert all("k" * 32 not in answer and "0123456789abcdef" not in answer for answer in answers)
