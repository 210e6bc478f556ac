"""Faults of the calls to mini program, official account, robot and gateway."""

from collections.abc import Awaitable, Callable

import httpx2
import pytest

from backend.sandbox.faults import PAY_CALLS, Call
from tests.sandbox.platform import ACCOUNT, MINI, ROBOT_KEY, SECRETS, SMS_SECRET, TEMPLATE, Platform, pushed
from tests.sandbox.provider import Provider, Wall

Calling = Callable[[Platform], Awaitable[httpx2.Response]]
CREDENTIALS = {"grant_type": "client_credential", "appid": MINI, "secret": SECRETS[MINI]}
DATA = {"thing1": {"value": "x"}, "phrase2": {"value": "已通过"}, "time3": {"value": "15:01"}}


async def _prepared(platform: Platform) -> dict[str, str]:
    """Give what the calls need, made before a fault is ordered."""
    await platform.set_push()
    await platform.write()
    await platform.order("people/lin/subscribe", appid=MINI, template_id=TEMPLATE, result="accept")
    phone = await platform.order("people/lin/phone", appid=MINI, phone="13800138000")
    return {
        "mini": await platform.access(MINI),
        "account": await platform.access(ACCOUNT),
        "login_code": await platform.login_code(),
        "phone_code": str(phone["code"]),
        "mini_openid": await platform.openid(),
        "openid": pushed(platform.server.received[0])["FromUserName"],
    }


async def _call(platform: Platform, call: Call, known: dict[str, str]) -> httpx2.Response:
    """Make one call rightly."""
    http = platform.http
    mini, account = {"access_token": known["mini"]}, {"access_token": known["account"]}
    text = {"touser": known["openid"], "msgtype": "text", "text": {"content": "x"}}
    template = {"template_id": TEMPLATE, "data": DATA}
    login = {**CREDENTIALS, "grant_type": "authorization_code", "js_code": known["login_code"]}
    sms = {"phone": "13800138000", "template": "login_code", "params": {}, "client_id": "1"}
    said = {"msgtype": "text", "text": {"content": "x"}}
    authorization = {"Authorization": f"Bearer {SMS_SECRET}"}
    calls: dict[Call, Callable[[], Awaitable[httpx2.Response]]] = {
        Call.LOGIN: lambda: http.get("/sns/jscode2session", params=login),
        Call.PHONE: lambda: http.post(
            "/wxa/business/getuserphonenumber", json={"code": known["phone_code"]}, params=mini
        ),
        Call.STABLE_TOKEN: lambda: http.post("/cgi-bin/stable_token", json=CREDENTIALS),
        Call.TOKEN: lambda: http.get("/cgi-bin/token", params=CREDENTIALS),
        Call.CODE_IMAGE: lambda: http.post("/wxa/getwxacodeunlimit", json={"scene": "a"}, params=mini),
        Call.SUBSCRIBE_SEND: lambda: http.post(
            "/cgi-bin/message/subscribe/send", json={"touser": known["mini_openid"], **template}, params=mini
        ),
        Call.USER_INFO: lambda: http.get("/cgi-bin/user/info", params={**account, "openid": known["openid"]}),
        Call.CUSTOM_SEND: lambda: http.post("/cgi-bin/message/custom/send", json=text, params=account),
        Call.TEMPLATE_SEND: lambda: http.post(
            "/cgi-bin/message/template/send", json={"touser": known["openid"], **template}, params=account
        ),
        Call.CALLBACK_IP: lambda: http.get("/cgi-bin/getcallbackip", params=account),
        Call.ROBOT_SEND: lambda: http.post("/cgi-bin/webhook/send", json=said, params={"key": ROBOT_KEY}),
        Call.SMS_SEND: lambda: http.post("/sms/messages", json=sms, headers=authorization),
    }
    return await calls[call]()


PLATFORM_CALLS = sorted(set(Call) - PAY_CALLS)
APP_CALLS = [call for call in PLATFORM_CALLS if call is not Call.SMS_SEND]
SENDING = {
    *(Call.SUBSCRIBE_SEND, Call.CUSTOM_SEND, Call.TEMPLATE_SEND, Call.ROBOT_SEND, Call.SMS_SEND),
}


def _passed(answer: httpx2.Response) -> bool:
    return answer.status_code == 200 and b"errmsg" not in answer.content.replace(b'"errmsg":"ok"', b"")


@pytest.mark.parametrize("call", APP_CALLS)
async def test_an_errcode_on_demand_does_nothing(platform: Platform, call: Call) -> None:
    """Each kind strikes its call once; then what was not done before is done."""
    known = await _prepared(platform)
    for kind, errcode in (("busy", -1), ("quota", 45009), ("token_invalid", 40001), ("token_expired", 42001)):
        await platform.order("faults", call=call, kind=kind)
        answer = await _call(platform, call, known)
        assert (answer.status_code, answer.json()["errcode"]) == (200, errcode)
    assert await platform.messages() == []
    assert _passed(await _call(platform, call, known))
    assert len(await platform.messages()) == (call in SENDING)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("busy", 503, "BUSY"), ("quota", 429, "RATE_LIMITED"), ("token_invalid", 401, "UNAUTHORIZED")],
)
async def test_the_gateway_has_codes_of_its_own(platform: Platform, kind: str, status: int, code: str) -> None:
    """For the same kinds."""
    known = await _prepared(platform)
    await platform.order("faults", call="sms_send", kind=kind)
    answer = await _call(platform, Call.SMS_SEND, known)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await platform.messages() == []
    assert (await _call(platform, Call.SMS_SEND, known)).status_code == 200


@pytest.mark.parametrize("call", PLATFORM_CALLS)
async def test_the_connection_ends_before_or_after_the_effect(platform: Platform, call: Call) -> None:
    """`lose` has done nothing, `accept_then_lose` all of it; the caller cannot tell them apart."""
    known = await _prepared(platform)
    await platform.order("faults", call=call, kind="lose")
    with pytest.raises(ConnectionAbortedError):
        await _call(platform, call, known)
    assert await platform.messages() == []
    await platform.order("faults", call=call, kind="accept_then_lose")
    with pytest.raises(ConnectionAbortedError):
        await _call(platform, call, known)
    assert len(await platform.messages()) == (call in SENDING)
    again = await _call(platform, call, known)
    spent = {Call.LOGIN: 40163, Call.PHONE: 40029, Call.SUBSCRIBE_SEND: 43101}
    assert again.json()["errcode"] == spent[call] if call in spent else _passed(again)


@pytest.mark.parametrize(("kind", "status"), [("status_500", 500), ("status_502_html", 502)])
async def test_a_server_in_trouble_answers_no_json(platform: Platform, kind: str, status: int) -> None:
    """And does nothing."""
    known = await _prepared(platform)
    await platform.order("faults", call="template_send", kind=kind)
    answer = await _call(platform, Call.TEMPLATE_SEND, known)
    assert (answer.status_code, answer.content[:1] == b"{") == (status, False)
    assert await platform.messages() == []


async def test_a_delayed_call_is_done_and_answered_as_usual(platform: Platform) -> None:
    """Later."""
    known = await _prepared(platform)
    await platform.order("faults", call="template_send", kind="delay", delay_seconds=0.01)
    assert (await _call(platform, Call.TEMPLATE_SEND, known)).json()["errcode"] == 0
    assert len(await platform.messages()) == 1


async def test_a_call_that_does_not_pass_its_door_uses_up_no_fault(platform: Platform) -> None:
    """A wrong token, secret, key or body."""
    known = await _prepared(platform)
    await platform.order("faults", kind="busy")
    await platform.get("/cgi-bin/getcallbackip", access_token="x")
    await platform.login("x", secret="0" * 32)
    await platform.post("/cgi-bin/webhook/send", {}, key="unknown")
    await platform.post("/cgi-bin/message/custom/send", [], access_token=known["account"])
    await platform.http.post("/sms/messages", json={})
    assert (await _call(platform, Call.LOGIN, known)).json()["errcode"] == -1


async def test_a_fault_of_any_call_strikes_only_what_it_can_befall(
    platform: Platform, provider: Provider, wall: Wall
) -> None:
    """The Pay API knows no errcode, the platform signs no answer."""
    assert provider.wall is wall
    known = await _prepared(platform)
    for kind in ("bad_signature", "status_429", "busy"):
        await platform.order("faults", kind=kind)
    assert (await _call(platform, Call.LOGIN, known)).json()["errcode"] == -1
    assert (await provider.submit()).status_code == 200
    left = (await platform.http.get("/_sandbox/state")).json()["faults"]
    assert [fault["kind"] for fault in left] == ["status_429"]


@pytest.mark.parametrize(
    ("call", "kind"),
    [("submit", "busy"), ("query", "reject"), ("login", "bad_signature"), ("sms_send", "reject"), ("upload", "lose")],
)
async def test_a_fault_that_cannot_befall_a_call_is_refused(platform: Platform, call: str, kind: str) -> None:
    """A 400, and no fault waits in vain."""
    answer = await platform.http.post("/_sandbox/faults", json={"call": call, "kind": kind})
    assert answer.status_code == 400
    assert (await platform.http.get("/_sandbox/state")).json()["faults"] == []
