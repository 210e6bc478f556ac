"""The control API about apps, people and messages: what it refuses, what it lists, what it never tells."""

from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.platform import (
    ACCOUNT,
    AES_KEY,
    MINI,
    PUSH_URL,
    ROBOT_KEY,
    SECRETS,
    SMS_SECRET,
    TEMPLATE,
    Platform,
    platform_in_process,
)
from tests.sandbox.provider import Wall, contents

APP = {"kind": "mini_program", "appid": "wx00000000000000c3", "secret": "c" * 32}
TEMPLATE_ORDER = {"appid": MINI, "template_id": "t", "kind": "subscribe", "title": "通知", "keys": ["thing1"]}
PUSH = f"apps/{ACCOUNT}/push"
SETTINGS = f"apps/{ACCOUNT}/settings"

BAD_ORDERS: list[tuple[str, Any]] = [
    ("apps", {}),
    ("apps", {**APP, "kind": "robot"}),
    ("apps", {**APP, "kind": ["mini_program"]}),
    ("apps", {**APP, "appid": "wx1"}),
    ("apps", {**APP, "secret": "short"}),
    ("apps", {**APP, "token": "!"}),
    ("apps", {**APP, "encoding_aes_key": "a" * 42}),
    ("apps", {**APP, "more": 1}),
    (PUSH, {"url": PUSH_URL}),
    (PUSH, {"url": PUSH_URL, "mode": "aes"}),
    (PUSH, {"url": 7, "mode": "plain"}),
    (PUSH, {"url": "https://127.0.0.1/push", "mode": "plain"}),
    (PUSH, {"url": "http://shop.example/push", "mode": "plain"}),
    (PUSH, {"url": "http://169.254.169.254/push", "mode": "plain"}),
    (PUSH, {"url": "http://127.0.0.1:port/push", "mode": "plain"}),
    (PUSH, {"url": "http://", "mode": "plain"}),
    (f"apps/{MINI}/push", {"url": PUSH_URL, "mode": "plain"}),
    (SETTINGS, {"bound": "yes"}),
    (SETTINGS, {"service_account": None}),
    (SETTINGS, {"associated": 1}),
    (SETTINGS, {"pages": "pages/index/index"}),
    (SETTINGS, {"pages": [7]}),
    (SETTINGS, {"unknown": True}),
    ("templates", {}),
    ("templates", {**TEMPLATE_ORDER, "kind": "sms"}),
    ("templates", {**TEMPLATE_ORDER, "keys": []}),
    ("templates", {**TEMPLATE_ORDER, "keys": "thing1"}),
    ("templates", {**TEMPLATE_ORDER, "keys": ["whatever1"]}),
    ("templates", {**TEMPLATE_ORDER, "title": ""}),
    ("templates", {**TEMPLATE_ORDER, "template_id": "a b"}),
    ("templates", {**TEMPLATE_ORDER, "values": {"thing2": ["x"]}}),
    ("templates", {**TEMPLATE_ORDER, "values": {"thing1": "x"}}),
    ("templates", {**TEMPLATE_ORDER, "values": []}),
    ("people/lin/login", {}),
    ("people/lin/login", {"appid": ACCOUNT}),
    ("people/Lin/login", {"appid": MINI}),
    (f"people/{'x' * 33}/login", {"appid": MINI}),
    ("people/lin/phone", {"appid": MINI}),
    ("people/lin/phone", {"appid": MINI, "phone": "phone"}),
    ("people/lin/phone", {"appid": MINI, "phone": 13800138000}),
    ("people/lin/phone", {"appid": MINI, "phone": "13800138000", "country_code": "0"}),
    ("people/lin/block", {}),
    ("people/lin/block", {"kind": "other"}),
    ("people/lin/block", {"kind": ["none"]}),
    ("people/lin/subscribe", {"appid": MINI, "template_id": TEMPLATE}),
    ("people/lin/subscribe", {"appid": MINI, "template_id": TEMPLATE, "result": "yes"}),
    ("people/lin/subscribe", {"appid": MINI, "template_id": 7, "result": "accept"}),
    ("people/lin/messages", {"appid": ACCOUNT}),
    ("people/lin/messages", {"appid": ACCOUNT, "content": ""}),
    ("people/lin/messages", {"appid": ACCOUNT, "content": "a\x00"}),
    ("people/lin/messages", {"appid": ACCOUNT, "content": "x" * 2049}),
    ("people/lin/messages", {"appid": ACCOUNT, "content": "x", "same_nonce": 1}),
    ("people/lin/messages", {"appid": ACCOUNT, "content": "x", "follow_first": "yes"}),
    ("people/lin/events", {"appid": ACCOUNT}),
    ("people/lin/events", {"appid": ACCOUNT, "event": "dance"}),
    ("people/lin/events", {"appid": ACCOUNT, "event": "SCAN", "scene": "门"}),
    ("people/lin/events", {"appid": ACCOUNT, "event": "subscribe_msg_popup_event", "entries": {}}),
    ("people/lin/events", {"appid": ACCOUNT, "event": "subscribe_msg_popup_event", "entries": [{"a b": "c"}]}),
    ("people/lin/events", {"appid": ACCOUNT, "event": "subscribe_msg_popup_event", "entries": [{"a": 1}]}),
    ("push", {"appid": ACCOUNT}),
    ("push", {"appid": ACCOUNT, "xml": 7}),
    ("push", {"appid": ACCOUNT, "xml": "<xml/>", "body_base64": "AA=="}),
    ("push", {"appid": ACCOUNT, "body_base64": "%"}),
    ("push", {"appid": ACCOUNT, "xml": "<xml/>", "query_overrides": []}),
    ("push", {"appid": ACCOUNT, "xml": "<xml/>", "query_overrides": {"nonce": 7}}),
    ("robots", {"key": ROBOT_KEY}),
    ("robots", {"key": "a b", "name": "x"}),
    ("robots", {"key": "new", "name": ""}),
    ("sms", {}),
    ("sms", {"secret": "short"}),
    ("sms", {"secret": "long-enough", "templates": "all"}),
]


@pytest.mark.parametrize(("path", "order"), BAD_ORDERS)
async def test_an_order_that_is_not_understood_is_a_400(platform: Platform, path: str, order: object) -> None:
    """A sentence in JSON; nothing is pushed, and the sandbox holds what it held."""
    await platform.set_push()
    before = (await platform.http.get("/_sandbox/state")).json()
    answer = await platform.http.post(f"/_sandbox/{path}", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert platform.server.received == []
    assert (await platform.http.get("/_sandbox/state")).json() == before


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("apps/wxffffffffffffffff/push", {"url": PUSH_URL, "mode": "plain"}),
        ("apps/wxffffffffffffffff/settings", {}),
        ("templates", {**TEMPLATE_ORDER, "appid": "wxffffffffffffffff"}),
        ("people/lin/login", {"appid": "wxffffffffffffffff"}),
        ("people/lin/messages", {"appid": 7, "content": "x"}),
        ("push", {"appid": "wxffffffffffffffff", "xml": "<xml/>"}),
    ],
)
async def test_an_unknown_app_is_a_404(platform: Platform, path: str, order: object) -> None:
    """In every order that names one."""
    assert (await platform.http.post(f"/_sandbox/{path}", json=order)).status_code == 404


async def test_safe_mode_needs_a_key(platform: Platform) -> None:
    """And every mode a token."""
    await platform.order("apps", kind="official_account", appid=ACCOUNT, secret=SECRETS[ACCOUNT], token="AAAAA")
    for mode in ("safe", "compatible"):
        answer = await platform.http.post(f"/_sandbox/{PUSH}", json={"url": PUSH_URL, "mode": mode})
        assert answer.status_code == 400
    await platform.set_push("plain")


async def test_settings_that_are_not_named_stay(platform: Platform) -> None:
    """Each is set alone; `null` lifts the list of pages."""
    expected: dict[str, Any] = {"bound": True, "service_account": True, "associated": True, "pages": None}
    for change in ({"pages": ["a/b"]}, {"bound": False}, {"associated": False}, {"pages": None}, {}):
        expected |= change
        assert await platform.order(SETTINGS, **change) == expected


@pytest.mark.parametrize("query", [{"channel": "mail"}, {"after": "x"}, {"after": "-1"}, {"unknown": "1"}])
async def test_a_question_that_is_not_understood_is_a_400(platform: Platform, query: dict[str, str]) -> None:
    """A misspelt filter does not list everything."""
    answer = await platform.http.get("/_sandbox/messages", params=query)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


async def test_messages_are_listed_in_order_and_by_filter(platform: Platform) -> None:
    """By person, channel and the last id seen; an empty filter is none."""
    await platform.set_push()
    platform.server.reply("好")
    await platform.write(person="lin")
    await platform.write(person="wang")
    await platform.post("/cgi-bin/webhook/send", {"msgtype": "text", "text": {"content": "x"}}, key=ROBOT_KEY)
    every = await platform.messages()
    assert [(message["id"], message["channel"], message["person"]) for message in every] == [
        (1, "reply", "lin"),
        (2, "reply", "wang"),
        (3, "robot", None),
    ]
    assert await platform.messages(person="", channel="", after="") == every
    assert await platform.messages(after=1) == every[1:]
    assert await platform.messages(person="wang") == every[1:2]
    assert await platform.messages(channel="robot") == every[2:]
    assert await platform.messages(channel="reply", person="lin", after=1) == []


async def test_state_counts_apps_people_and_messages(platform: Platform) -> None:
    """The apps without their secrets."""
    await platform.set_push("safe")
    await platform.openid("wang")
    await platform.write()
    await platform.post("/cgi-bin/webhook/send", {"msgtype": "text", "text": {"content": "x"}}, key=ROBOT_KEY)
    state = (await platform.http.get("/_sandbox/state")).json()
    assert state["apps"] == [
        {"appid": MINI, "kind": "mini_program", "push_mode": "plain"},
        {"appid": ACCOUNT, "kind": "official_account", "push_mode": "safe"},
    ]
    assert (state["people"], state["messages"]) == (2, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "apps"),
        ("POST", PUSH),
        ("POST", SETTINGS),
        ("PUT", "templates"),
        ("POST", "people/lin/login"),
        ("POST", "people/lin/messages"),
        ("POST", "push"),
        ("POST", "robots"),
        ("POST", "sms"),
        ("GET", "messages"),
    ],
)
async def test_only_loopback_clients_may_give_orders(tmp_path: Path, wall: Wall, method: str, path: str) -> None:
    """From elsewhere each is a 403."""
    platform = platform_in_process(tmp_path, wall, client="10.0.0.7")
    answer = await platform.http.request(method, f"/_sandbox/{path}")
    assert (answer.status_code, answer.json()) == (403, {"error": "loopback clients only"})


async def test_codes_tokens_and_phones_are_not_on_disk(platform: Platform, tmp_path: Path) -> None:
    """The book can tell whether they are right, and nobody who reads it can use them."""
    codes = [await platform.login_code() for _ in range(2)]
    phone = {"appid": MINI, "phone": "13912345678"}
    phone_codes = [str((await platform.order("people/lin/phone", **phone))["code"]) for _ in range(2)]
    await platform.login(codes[0])
    token = await platform.access()
    await platform.post("/wxa/business/getuserphonenumber", {"code": phone_codes[0]}, access_token=token)
    sms = {"phone": "13912345678", "template": "login_code", "params": {}, "client_id": "1"}
    await platform.http.post("/sms/messages", json=sms, headers={"Authorization": f"Bearer {SMS_SECRET}"})
    files = contents(tmp_path)
    assert b"review_result" in b"".join(files)
    for private in [*codes, *phone_codes, token, token[-40:], "13912345678"]:
        assert all(private.encode() not in file for file in files)


async def test_no_answer_tells_a_secret(platform: Platform) -> None:
    """Neither the state nor an order's own answer."""
    order = {"kind": "official_account", "appid": ACCOUNT, "secret": SECRETS[ACCOUNT], "encoding_aes_key": AES_KEY}
    answers = [
        (await platform.http.post("/_sandbox/apps", json={**order, "token": "AAAAA"})).text,
        (await platform.http.post("/_sandbox/robots", json={"key": ROBOT_KEY, "name": "HQ"})).text,
        (await platform.http.post("/_sandbox/sms", json={"secret": SMS_SECRET})).text,
        (await platform.http.get("/_sandbox/state")).text,
    ]
    for secret in (SECRETS[ACCOUNT], AES_KEY, "AAAAA", ROBOT_KEY, SMS_SECRET):
        assert all(secret not in answer for answer in answers)


async def test_everything_acknowledged_is_there_after_opening_again(tmp_path: Path, wall: Wall) -> None:
    """A second process over the same folder goes on where the first was."""
    first = await platform_in_process(tmp_path, wall).ready()
    await first.set_push("safe")
    await first.write()
    openid, token, code = await first.openid(), await first.access(), await first.login_code()
    await first.order("people/lin/subscribe", appid=MINI, template_id=TEMPLATE, result="accept")
    await first.order(f"apps/{MINI}/settings", bound=False)
    await first.order("people/wang/block", kind="high_risk")
    state = (await first.http.get("/_sandbox/state")).json()

    second = platform_in_process(tmp_path, wall)
    assert (await second.http.get("/_sandbox/state")).json() == state
    assert await second.access() == token
    session = await second.login(code)
    assert (session["openid"], "unionid" in session) == (openid, False)
    assert (await second.login(code))["errcode"] == 40163
    assert (await second.login(await second.login_code("wang")))["errcode"] == 40226
    data = {"thing1": {"value": "x"}, "phrase2": {"value": "已通过"}, "time3": {"value": "15:01"}}
    sent = {"touser": openid, "template_id": TEMPLATE, "data": data}
    answers = [await second.post("/cgi-bin/message/subscribe/send", sent, access_token=token) for _ in range(2)]
    assert [answer["errcode"] for answer in answers] == [0, 43101]
    await second.write()
    assert "encrypt_type" in second.server.received[0].url.params
    await first.http.aclose()
    await second.http.aclose()
