"""The official account's calls: who follows, and what may be written to whom, how often and when."""

import asyncio
from typing import Any

import pytest

from tests.sandbox.platform import ACCOUNT, MINI, TEMPLATE, Platform, pushed
from tests.sandbox.provider import Wall

CUSTOM = "/cgi-bin/message/custom/send"
SEND = "/cgi-bin/message/template/send"
DATA = {"thing1": {"value": "大郎烧饼"}, "phrase2": {"value": "已通过"}, "time3": {"value": "2026年11月22日"}}


async def follower(platform: Platform, person: str = "lin") -> str:
    """Let a person follow and give the account's openid."""
    await platform.set_push()
    await platform.act("subscribe", person)
    return pushed(platform.server.received[-1])["FromUserName"]


async def custom(platform: Platform, openid: str, content: str = "好", **changes: Any) -> dict[str, Any]:
    """Send a text by customer service."""
    sent = {"touser": openid, "msgtype": "text", "text": {"content": content}, **changes}
    return await platform.post(CUSTOM, sent, access_token=await platform.access(ACCOUNT))


async def template(platform: Platform, openid: str, **changes: Any) -> dict[str, Any]:
    """Send a template message."""
    sent = {"touser": openid, "template_id": TEMPLATE, "data": DATA, **changes}
    return await platform.post(SEND, sent, access_token=await platform.access(ACCOUNT))


async def user_info(platform: Platform, openid: str) -> dict[str, Any]:
    """Ask who somebody is."""
    return await platform.get("/cgi-bin/user/info", access_token=await platform.access(ACCOUNT), openid=openid)


async def test_a_follower_is_the_same_person_in_both_apps(platform: Platform) -> None:
    """By the unionid; the openids differ."""
    openid = await follower(platform)
    mini = await platform.login(await platform.login_code())
    info = await user_info(platform, openid)
    assert (info["subscribe"], info["openid"], info["unionid"]) == (1, openid, mini["unionid"])
    assert info["subscribe_time"] == int(platform.wall.now)
    assert openid != mini["openid"]


async def test_an_account_outside_the_open_platform_learns_no_unionid(platform: Platform) -> None:
    """Nor does anybody learn that of one who left."""
    openid = await follower(platform)
    await platform.order(f"apps/{ACCOUNT}/settings", bound=False)
    assert "unionid" not in await user_info(platform, openid)
    await platform.order(f"apps/{ACCOUNT}/settings", bound=True)
    await platform.act("unsubscribe")
    assert await user_info(platform, openid) == {"subscribe": 0, "openid": openid}


async def test_an_openid_of_the_other_app_is_none(platform: Platform) -> None:
    """Everywhere."""
    await follower(platform)
    mini = await platform.openid()
    for answer in (await user_info(platform, mini), await custom(platform, mini), await template(platform, mini)):
        assert answer["errcode"] == 40003
    assert await platform.messages() == []


async def test_a_written_message_opens_five_within_two_days(platform: Platform) -> None:
    """By the business clock; another one opens five more."""
    openid = await follower(platform)
    await platform.order("clock", advance_seconds=60)
    assert (await custom(platform, openid))["errcode"] == 45015
    await platform.write()
    assert [(await custom(platform, openid, f"第{n}条"))["errcode"] for n in range(6)] == [0] * 5 + [45047]
    received = await platform.messages(channel="custom")
    assert [(message["person"], message["appid"], message["text"]) for message in received] == [
        ("lin", ACCOUNT, f"第{n}条") for n in range(5)
    ]
    await platform.write()
    await platform.order("clock", advance_seconds=48 * 3600 - 1)
    assert (await custom(platform, openid))["errcode"] == 0
    await platform.order("clock", advance_seconds=1)
    assert (await custom(platform, openid))["errcode"] == 45015


@pytest.mark.parametrize("event", [{"event": "subscribe"}, {"event": "SCAN", "scene": "a"}, {"event": "CLICK"}])
async def test_a_touch_opens_three_within_a_minute(platform: Platform, wall: Wall, event: dict[str, str]) -> None:
    """Following, scanning and the menu alike."""
    openid = await follower(platform)
    await platform.order("clock", advance_seconds=60)
    await platform.act(**event)
    assert [(await custom(platform, openid))["errcode"] for _ in range(4)] == [0, 0, 0, 45047]
    await platform.act(**event)
    wall.now += 59
    assert (await custom(platform, openid))["errcode"] == 0
    wall.now += 1
    assert (await custom(platform, openid))["errcode"] == 45015


async def test_the_window_that_closes_first_is_used_first(platform: Platform) -> None:
    """Three of the touch and five of the message are eight."""
    openid = await follower(platform)
    await platform.write()
    assert [(await custom(platform, openid))["errcode"] for _ in range(3)] == [0, 0, 0]
    await platform.order("clock", advance_seconds=60)
    assert [(await custom(platform, openid))["errcode"] for _ in range(6)] == [0] * 5 + [45047]


async def test_looking_at_a_page_opens_nothing(platform: Platform) -> None:
    """Of the menu's items only those that are pushed as CLICK do."""
    openid = await follower(platform)
    await platform.order("clock", advance_seconds=60)
    await platform.act("VIEW", key="https://x")
    assert (await custom(platform, openid))["errcode"] == 45015


async def test_who_left_is_written_to_no_more(platform: Platform) -> None:
    """And following again does not bring back what a message had opened."""
    openid = await follower(platform)
    await platform.write()
    await platform.act("unsubscribe")
    assert (await custom(platform, openid))["errcode"] == 43004
    assert (await template(platform, openid))["errcode"] == 43004
    await platform.act("subscribe")
    assert [(await custom(platform, openid))["errcode"] for _ in range(4)] == [0, 0, 0, 45047]


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"touser": "o" * 28}, 40003),
        ({"touser": None}, 40003),
        ({"msgtype": "image"}, 40008),
        ({"text": None}, 40008),
        ({"text": {"content": 7}}, 40008),
        ({"text": {"content": ""}}, 44004),
        ({"text": {"content": "门" * 683}}, 45002),
    ],
)
async def test_a_custom_message_that_is_wrong_is_refused(
    platform: Platform, changes: dict[str, Any], errcode: int
) -> None:
    """By its errcode; nothing arrives, and the window loses nothing by it."""
    openid = await follower(platform)
    assert (await custom(platform, openid, **changes))["errcode"] == errcode
    assert await platform.messages() == []
    assert [(await custom(platform, openid))["errcode"] for _ in range(4)] == [0, 0, 0, 45047]


async def test_a_template_message_arrives_cut(platform: Platform) -> None:
    """Twenty units a line, without a word; what is absent is blank, what is unknown is not shown."""
    openid = await follower(platform)
    target = {"appid": MINI, "pagepath": "pages/application/index?id=1"}
    data = {"thing1": {"value": "一" * 21}, "phrase2": {"value": "很长也可以的短语"}, "remark": {"value": "x"}}
    answer = await template(platform, openid, data=data, miniprogram=target, url="https://x", client_msg_id="d1")
    (message,) = await platform.messages()
    assert answer == {"errcode": 0, "errmsg": "ok", "msgid": message["id"]}
    assert {name: message[name] for name in ("channel", "person", "appid", "template_id", "page", "client_id")} == {
        "channel": "template",
        "person": "lin",
        "appid": ACCOUNT,
        "template_id": TEMPLATE,
        "page": "pages/application/index?id=1",
        "client_id": "d1",
    }
    assert message["data"] == {"thing1": "一" * 20, "phrase2": "很长也可以的短语", "time3": ""}


async def test_a_repeated_client_id_sends_nothing_for_ten_minutes(platform: Platform) -> None:
    """It is answered as the first time, also when they come at once; each person has its own."""
    openid, other = await follower(platform), await follower(platform, "wang")
    answers = await asyncio.gather(*(template(platform, openid, client_msg_id="d1") for _ in range(20)))
    assert {answer["msgid"] for answer in answers} == {1}
    assert (await template(platform, other, client_msg_id="d1"))["msgid"] == 2
    assert (await template(platform, openid, client_msg_id="d2"))["msgid"] == 3
    await platform.order("clock", advance_seconds=600)
    assert (await template(platform, openid, client_msg_id="d1"))["msgid"] == 1
    await platform.order("clock", advance_seconds=1)
    assert (await template(platform, openid, client_msg_id="d1"))["msgid"] == 4


@pytest.mark.parametrize(
    ("settings", "changes", "errcode"),
    [
        ({"service_account": False}, {}, 48001),
        ({}, {"touser": "o" * 28}, 40003),
        ({}, {"template_id": "unknown"}, 40037),
        ({}, {"template_id": None}, 40037),
        ({}, {"data": None}, 47001),
        ({}, {"url": 7}, 47001),
        ({}, {"client_msg_id": 7}, 47001),
        ({}, {"miniprogram": "x"}, 47001),
        ({}, {"miniprogram": {"appid": "wxffffffffffffffff", "pagepath": "x"}}, 40013),
        ({}, {"miniprogram": {"appid": ACCOUNT, "pagepath": "x"}}, 40013),
        ({"associated": False}, {"miniprogram": {"appid": MINI, "pagepath": "x"}}, 40013),
    ],
)
async def test_a_template_message_that_is_wrong_is_refused(
    platform: Platform, settings: dict[str, bool], changes: dict[str, Any], errcode: int
) -> None:
    """By its errcode, and nothing arrives."""
    openid = await follower(platform)
    await platform.order(f"apps/{ACCOUNT}/settings", **settings)
    assert (await template(platform, openid, **changes))["errcode"] == errcode
    assert await platform.messages() == []


async def test_a_template_is_of_its_app_and_kind(platform: Platform) -> None:
    """A subscribe template sends no template message."""
    openid = await follower(platform)
    template_ = {"appid": ACCOUNT, "template_id": TEMPLATE, "title": "通知", "keys": ["thing1"]}
    await platform.order("templates", kind="subscribe", **template_)
    assert (await template(platform, openid))["errcode"] == 40037
    await platform.order("templates", kind="template", **template_)
    assert (await template(platform, openid))["errcode"] == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/cgi-bin/user/info"),
        ("POST", CUSTOM),
        ("POST", SEND),
        ("GET", "/cgi-bin/getcallbackip"),
    ],
)
async def test_each_call_wants_a_token_of_the_account(platform: Platform, method: str, path: str) -> None:
    """Absent and wrong ones are refused before anything is read; the mini program may not."""
    for token, errcode in (("", 41001), ("x", 40014), (await platform.access(MINI), 48001)):
        answer = await platform.http.request(method, path, params={"access_token": token})
        assert (answer.status_code, answer.json()["errcode"]) == (200, errcode)
