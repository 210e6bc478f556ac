"""What each call of the official account's server sends, and what its answers give."""

from __future__ import annotations

from typing import Any

import pytest

from backend.wechat import OfficialAccountClient, PlatformError, PlatformFailure
from tests.wechat.platform import TOKEN, Platform, says
from tests.wechat.platform_calls import OPENID, TEXT, UNIONID

USER_PATH = "/cgi-bin/user/info"
TEXT_PATH = "/cgi-bin/message/custom/send"
TEMPLATE_PATH = "/cgi-bin/message/template/send"


@pytest.mark.parametrize(
    ("members", "unionid"),
    [
        ({"subscribe": 1, "unionid": UNIONID}, UNIONID),
        ({"subscribe": 1}, None),
        ({"subscribe": 1, "unionid": ""}, None),
        ({"subscribe": 0}, None),
    ],
)
async def test_a_follower_has_a_unionid(
    platform: Platform, account: OfficialAccountClient, members: dict[str, Any], unionid: str | None
) -> None:
    """Where the apps are linked; others have none."""
    platform.answer(USER_PATH, says(openid=OPENID, **members))
    assert await account.unionid_of(OPENID) == unionid
    asked = platform.received[-1]
    assert (asked.method, asked.query) == ("GET", {"openid": OPENID, "lang": "zh_CN", "access_token": TOKEN})


@pytest.mark.parametrize("members", [{"openid": "somebody-else"}, {}, {"openid": OPENID, "unionid": 7}])
async def test_an_answer_about_somebody_else_is_refused(
    platform: Platform, account: OfficialAccountClient, members: dict[str, Any]
) -> None:
    """No unionid is taken from it."""
    platform.answer(USER_PATH, says(subscribe=1, **({"unionid": UNIONID} | members)))
    with pytest.raises(PlatformError) as caught:
        await account.unionid_of(OPENID)
    assert caught.value.kind is PlatformFailure.UNKNOWN_OUTCOME


async def test_a_text_is_sent(platform: Platform, account: OfficialAccountClient) -> None:
    """With its anchor as it is."""
    platform.answer(TEXT_PATH, says(errcode=0, errmsg="ok"))
    text = '<a data-miniprogram-appid="wx" data-miniprogram-path="pages/home/index?t=1" href="https://a">芝麻</a>'
    await account.send_text(OPENID, text)
    assert platform.received[-1].json() == {"touser": OPENID, "msgtype": "text", "text": {"content": text}}


@pytest.mark.parametrize(
    ("page", "link"),
    [
        (None, {}),
        (
            "pages/home/index?id=1",
            {"miniprogram": {"appid": "wxfedcba9876543210", "pagepath": "pages/home/index?id=1"}},
        ),
    ],
)
async def test_a_template_message_is_sent(
    platform: Platform, account: OfficialAccountClient, page: str | None, link: dict[str, Any]
) -> None:
    """With the mini program's page when it has one, and the id that WeChat drops repeats by."""
    platform.answer(TEMPLATE_PATH, says(errcode=0, errmsg="ok", msgid=200228332))
    await account.send_template(
        OPENID,
        "template",
        {"thing1": TEXT},
        mini_program_page=page,
        mini_appid="wxfedcba9876543210",
        client_msg_id="message-1",
    )
    assert platform.received[-1].json() == {
        "touser": OPENID,
        "template_id": "template",
        "client_msg_id": "message-1",
        "data": {"thing1": {"value": TEXT}},
        **link,
    }
