"""What each call of the mini program's server sends, and what its answers give."""

from __future__ import annotations

from typing import Any

import pytest

from backend.wechat import MiniProgramClient, MiniProgramState, PlatformError, PlatformFailure, UnsendableError
from backend.wechat import WeChatPerson as Person
from tests.wechat.platform import APP, Answer, Platform, says
from tests.wechat.platform_calls import CODE, OPENID, PHONE_INFO, PNG, TEXT, UNIONID

LOGIN_PATH = "/sns/jscode2session"
PHONE_PATH = "/wxa/business/getuserphonenumber"
SUBSCRIBE_PATH = "/cgi-bin/message/subscribe/send"
CODE_PATH = "/wxa/getwxacodeunlimit"


@pytest.mark.parametrize(
    ("members", "person"),
    [
        ({"unionid": UNIONID}, Person(OPENID, UNIONID)),
        ({"unionid": ""}, Person(OPENID)),
        ({}, Person(OPENID)),
        ({"errcode": 0, "errmsg": "ok"}, Person(OPENID)),
    ],
)
async def test_a_code_gives_the_person(
    platform: Platform, mini: MiniProgramClient, members: dict[str, Any], person: Person
) -> None:
    """By GET with the four parameters of code2Session; the session_key is not handed on."""
    platform.answer(LOGIN_PATH, says(openid=OPENID, session_key="sessionKeyCanary", **members))
    assert await mini.code_to_session(CODE) == person
    (asked,) = platform.received
    assert asked.method == "GET"
    assert asked.query == {
        "appid": APP.appid,
        "secret": APP.secret,
        "js_code": CODE,
        "grant_type": "authorization_code",
    }
    assert OPENID not in repr(person)
    assert UNIONID not in repr(person)


@pytest.mark.parametrize("members", [{}, {"openid": ""}, {"openid": 7}, {"openid": OPENID, "unionid": 7}])
async def test_an_answer_without_a_person_is_none(
    platform: Platform, mini: MiniProgramClient, members: dict[str, Any]
) -> None:
    """Nobody is signed in by a broken answer."""
    platform.answer(LOGIN_PATH, says(session_key="sessionKeyCanary", **members))
    with pytest.raises(PlatformError) as caught:
        await mini.code_to_session(CODE)
    assert caught.value.kind is PlatformFailure.UNKNOWN_OUTCOME


@pytest.mark.parametrize(
    ("info", "number"),
    [
        ({}, "13800138000"),
        ({"countryCode": "86"}, "13800138000"),
        ({"countryCode": "852", "purePhoneNumber": "51234567"}, "+85251234567"),
        ({"countryCode": 1, "purePhoneNumber": "6175551234"}, "+16175551234"),
    ],
)
async def test_a_code_gives_the_phone_number(
    platform: Platform, mini: MiniProgramClient, info: dict[str, Any], number: str
) -> None:
    """A mainland number plainly, another with its country; the country code may be a number or a text."""
    platform.answer(PHONE_PATH, says(errcode=0, errmsg="ok", phone_info=PHONE_INFO | info))
    assert await mini.phone_number(CODE) == number
    assert platform.received[-1].json() == {"code": CODE}


@pytest.mark.parametrize(
    "info",
    [
        {"watermark": {"timestamp": 1637744274, "appid": "wxfedcba9876543210"}},
        {"watermark": None},
        {"purePhoneNumber": ""},
        {"purePhoneNumber": 13800138000},
        {"purePhoneNumber": "1380013800"},
        {"purePhoneNumber": "１３８００１３８０００"},
        {"countryCode": None},
        {"countryCode": "+86"},
        {"countryCode": "852", "purePhoneNumber": "5123 4567"},
    ],
)
async def test_another_apps_or_a_broken_number_is_refused(
    platform: Platform, mini: MiniProgramClient, info: dict[str, Any]
) -> None:
    """The watermark must name our app, and the number be one."""
    platform.answer(PHONE_PATH, says(errcode=0, errmsg="ok", phone_info=PHONE_INFO | info))
    with pytest.raises(PlatformError) as caught:
        await mini.phone_number(CODE)
    assert caught.value.kind is PlatformFailure.UNKNOWN_OUTCOME


@pytest.mark.parametrize("state", MiniProgramState)
async def test_a_subscribe_message_is_sent(
    platform: Platform, mini: MiniProgramClient, state: MiniProgramState
) -> None:
    """As the document of subscribeMessage.send has it, in UTF-8."""
    platform.answer(SUBSCRIBE_PATH, says(errcode=0, errmsg="ok"))
    page = "pages/application/index?id=1"
    await mini.send_subscribe_message(OPENID, "template", page, {"phrase1": "审核通过", "thing2": TEXT}, state)
    asked = platform.received[-1]
    assert "审核通过".encode() in asked.body
    assert asked.json() == {
        "touser": OPENID,
        "template_id": "template",
        "page": page,
        "data": {"phrase1": {"value": "审核通过"}, "thing2": {"value": TEXT}},
        "miniprogram_state": state.value,
        "lang": "zh_CN",
    }


@pytest.mark.parametrize(
    ("state", "env_version"),
    [
        (MiniProgramState.FORMAL, "release"),
        (MiniProgramState.TRIAL, "trial"),
        (MiniProgramState.DEVELOPER, "develop"),
    ],
)
@pytest.mark.parametrize("check_path", [True, False])
@pytest.mark.parametrize("image", [PNG, b"\xff\xd8\xff\xe0\x00\x10JFIF"])
async def test_a_code_is_drawn(
    platform: Platform,
    mini: MiniProgramClient,
    image: bytes,
    state: MiniProgramState,
    env_version: str,
    *,
    check_path: bool,
) -> None:
    """The image comes as it is; the version has other names here than in messages."""
    platform.answer(CODE_PATH, Answer(image))
    assert await mini.draw_code("t=a-b_c", "pages/home/index", state=state, check_path=check_path) == image
    assert platform.received[-1].json() == {
        "scene": "t=a-b_c",
        "page": "pages/home/index",
        "check_path": check_path,
        "env_version": env_version,
    }


@pytest.mark.parametrize(
    ("scene", "page"),
    [
        ("", "pages/home/index"),
        ("s" * 33, "pages/home/index"),
        ("per%cent", "pages/home/index"),
        ("芝麻", "pages/home/index"),
        ("line\n", "pages/home/index"),
        ("scene", "/pages/home/index"),
        ("scene", "pages/home/index?a=1"),
    ],
)
async def test_a_scene_or_page_that_wechat_would_refuse_is_not_sent(
    platform: Platform, mini: MiniProgramClient, scene: str, page: str
) -> None:
    """Neither the code nor a token is asked for."""
    with pytest.raises(UnsendableError):
        await mini.draw_code(scene, page)
    assert platform.received == []
