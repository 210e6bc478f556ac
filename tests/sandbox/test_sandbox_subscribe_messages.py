"""Subscribe messages: one consent is one message, and every value keeps to its kind."""

import asyncio
from typing import Any

import pytest

from tests.sandbox.platform import MINI, TEMPLATE, Platform

SEND = "/cgi-bin/message/subscribe/send"
DATA = {
    "thing1": {"value": "大郎烧饼的申请"},
    "phrase2": {"value": "已通过"},
    "time3": {"value": "2026年11月22日 15:01"},
}


async def consent(platform: Platform, result: str = "accept", person: str = "lin") -> int:
    """Answer for a person when the mini program asks; give how many messages it still takes."""
    order = {"appid": MINI, "template_id": TEMPLATE, "result": result}
    return int((await platform.order(f"people/{person}/subscribe", **order))["left"])


async def send(platform: Platform, **changes: Any) -> dict[str, Any]:
    """Send a message; a change to None takes a member away."""
    sent = {"touser": await platform.openid(), "template_id": TEMPLATE, "data": DATA, **changes}
    present = {name: value for name, value in sent.items() if value is not None}
    return await platform.post(SEND, present, access_token=await platform.access())


async def test_a_consent_is_one_message(platform: Platform) -> None:
    """It arrives as sent; the next one needs another consent."""
    assert await consent(platform) == 1
    page = "pages/application/index?id=1"
    assert await send(platform, page=page, miniprogram_state="trial", lang="zh_CN") == {"errcode": 0, "errmsg": "ok"}
    (message,) = await platform.messages()
    assert message == {
        "id": 1,
        "at": "2026-09-21T14:13:20.000Z",
        "channel": "subscribe",
        "person": "lin",
        "appid": MINI,
        "template_id": TEMPLATE,
        "page": page,
        "recipient": None,
        "client_id": None,
        "data": {key: entry["value"] for key, entry in DATA.items()},
        "text": None,
    }
    assert (await send(platform))["errcode"] == 43101
    assert await platform.messages() == [message]


@pytest.mark.parametrize("result", ["reject", "ban", "filter"])
async def test_no_other_answer_is_a_consent(platform: Platform, result: str) -> None:
    """Nor does it take away one that was given before."""
    assert await consent(platform, result) == 0
    assert (await send(platform))["errcode"] == 43101
    assert await consent(platform) == 1
    assert await consent(platform, result) == 1
    assert (await send(platform))["errcode"] == 0


async def test_consents_add_up_for_their_person(platform: Platform) -> None:
    """Two of them are two messages, and none for somebody else."""
    assert [await consent(platform) for _ in range(2)] == [1, 2]
    assert (await send(platform, touser=await platform.openid("wang")))["errcode"] == 43101
    assert [(await send(platform))["errcode"] for _ in range(3)] == [0, 0, 43101]


async def test_fifty_sends_at_once_spend_one_consent_once(platform: Platform) -> None:
    """Exactly one passes for each consent there is."""
    for _ in range(2):
        await consent(platform)
    openid, token = await platform.openid(), await platform.access()
    sent = {"touser": openid, "template_id": TEMPLATE, "data": DATA}
    answers = await asyncio.gather(*(platform.post(SEND, sent, access_token=token) for _ in range(50)))
    assert sorted(answer["errcode"] for answer in answers) == [0, 0, *[43101] * 48]
    assert len(await platform.messages(channel="subscribe")) == 2


@pytest.mark.parametrize(
    ("changes", "errcode", "at_fault"),
    [
        ({"touser": None}, 40003, ""),
        ({"touser": "o" * 28}, 40003, ""),
        ({"touser": 7}, 40003, ""),
        ({"template_id": None}, 40037, ""),
        ({"template_id": "unknown"}, 40037, ""),
        ({"page": "/pages/index/index"}, 41030, ""),
        ({"page": "pages/unknown/index"}, 41030, ""),
        ({"page": 7}, 47001, "page"),
        ({"data": None}, 47003, "data is empty"),
        ({"data": []}, 47003, "data is empty"),
        ({"data": {**DATA, "thing4": {"value": "x"}}}, 47003, "data.thing4 is not in the template"),
        ({"data": {**DATA, "thing1": {}}}, 47003, "data.thing1.value"),
        ({"data": {**DATA, "thing1": "x"}}, 47003, "data.thing1.value"),
        ({"data": {key: DATA[key] for key in ("phrase2", "time3")}}, 47003, "data.thing1.value"),
        ({"miniprogram_state": "release"}, 40097, ""),
        ({"lang": "zh"}, 40097, ""),
    ],
)
async def test_a_message_that_is_wrong_is_refused(
    platform: Platform, changes: dict[str, Any], errcode: int, at_fault: str
) -> None:
    """By its errcode, with the field; nothing arrives, and the consent is still there."""
    await platform.order(f"apps/{MINI}/settings", pages=["pages/application/index"])
    await consent(platform)
    answer = await send(platform, **changes)
    assert answer["errcode"] == errcode
    assert at_fault in answer["errmsg"]
    assert await platform.messages() == []
    assert (await send(platform))["errcode"] == 0


VALUES: list[tuple[str, list[str], list[str]]] = [
    ("thing1", ["x", "一" * 20, "a1" * 10, "😀" * 20], ["", "一" * 21, "a\nb", "a\x00", "\u007f"]),
    ("phrase1", ["已通过", "审核已驳回"], ["", "审核已经驳回", "通过a", "pass", "通过1"]),
    ("character_string1", ["A-1_b/2", "x" * 32], ["", "x" * 33, "一", "a b"]),
    ("number1", ["0", "12.5", "-3", "9" * 32], ["", "9" * 33, "1,000", "x", "."]),
    ("letter1", ["abc", "Z" * 32], ["", "Z" * 33, "a1", "一"]),
    ("symbol1", ["!@#", "~~~~~"], ["", "!!!!!!", "a", "1"]),
    (
        "time1",
        ["15:01", "0:00", "23:59:59", "2019年10月1日 15:01", "15:01~16:00", "2019年10月1日 15:01~2019年10月2日 16:00"],
        ["", "24:00", "15:60", "2019年13月1日 15:01", "3pm", "2019年10月1日"],
    ),
    (
        "date1",
        ["2019年10月1日", "2019年10月01日 15:01", "2019年10月1日~2019年10月7日"],
        ["", "2019年10月32日", "15:01", "10月1日", "yesterday"],
    ),
    ("amount1", ["¥100", "100.25元", "$9999999999", "5"], ["", "¥¥1", "12345678901", "元", "一百"]),
    ("phone_number1", ["13800138000", "+86-0755-8888888"], ["", "1" * 18, "phone"]),
    ("car_number1", ["粤A8Z888挂", "粤B12345"], ["", "粤A12345678"]),
    ("name1", ["张三", "一" * 10, "Bartholomew Jones", "张San"], ["", "一" * 11, "x" * 21, "张" + "a" * 10]),
    ("enum1", ["通过", "驳回"], ["", "其他"]),
]


@pytest.mark.parametrize(("key", "good", "bad"), VALUES, ids=[row[0] for row in VALUES])
async def test_a_value_keeps_to_the_limits_of_its_kind(
    platform: Platform, key: str, good: list[str], bad: list[str]
) -> None:
    """Too long is an error here, never cut; the field is named, its value is not."""
    values = {key: ["通过", "驳回"]} if key == "enum1" else {}
    template = {"appid": MINI, "template_id": "one", "kind": "subscribe", "title": "通知", "keys": [key]}
    await platform.order("templates", **template, values=values)
    openid, token = await platform.openid(), await platform.access()
    errcodes = {}
    for value in [*good, *bad]:
        sent = {"touser": openid, "template_id": "one", "data": {key: {"value": value}}}
        answer = await platform.post(SEND, sent, access_token=token)
        errcodes[value] = answer["errcode"]
        if answer["errcode"] == 47003:
            assert f"data.{key}.value invalid rid:" in answer["errmsg"]
    assert errcodes == {**dict.fromkeys(good, 43101), **dict.fromkeys(bad, 47003)}
