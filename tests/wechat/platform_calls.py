"""One call of each kind at the mini program's and the official account's servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backend.wechat import MiniProgramClient, MiniProgramState, OfficialAccountClient
from tests.wechat.platform import APP, Answer, says

OPENID = "oOpenidCanary-0123456789abcd"
UNIONID = "oUnionidCanary-012345678abcd"
CODE = "codeCanary0123456789"
TEXT = "textCanary"
PNG = b"\x89PNG\r\n\x1a\nimage"
PHONE_INFO = {
    "phoneNumber": "13800138000",
    "purePhoneNumber": "13800138000",
    "countryCode": 86,
    "watermark": {"timestamp": 1637744274, "appid": APP.appid},
}


@dataclass(frozen=True)
class Kind:
    """A call, the path it goes to, what WeChat answers, and what that gives."""

    name: str
    path: str
    good: Answer
    perform: Callable[[MiniProgramClient, OfficialAccountClient], Awaitable[object]]
    with_token: bool = True

    def __str__(self) -> str:
        return self.name


KINDS = (
    Kind(
        "code_to_session",
        "/sns/jscode2session",
        says(openid=OPENID, session_key="sessionKeyCanary", unionid=UNIONID),
        lambda mini, _account: mini.code_to_session(CODE),
        with_token=False,
    ),
    Kind(
        "phone_number",
        "/wxa/business/getuserphonenumber",
        says(errcode=0, errmsg="ok", phone_info=PHONE_INFO),
        lambda mini, _account: mini.phone_number(CODE),
    ),
    Kind(
        "send_subscribe_message",
        "/cgi-bin/message/subscribe/send",
        says(errcode=0, errmsg="ok"),
        lambda mini, _account: mini.send_subscribe_message(
            OPENID, "template", "pages/home/index", {"thing1": TEXT}, MiniProgramState.FORMAL
        ),
    ),
    Kind(
        "draw_code",
        "/wxa/getwxacodeunlimit",
        Answer(PNG),
        lambda mini, _account: mini.draw_code("sceneCanary", "pages/home/index"),
    ),
    Kind(
        "unionid_of",
        "/cgi-bin/user/info",
        says(subscribe=1, openid=OPENID, unionid=UNIONID),
        lambda _mini, account: account.unionid_of(OPENID),
    ),
    Kind(
        "send_text",
        "/cgi-bin/message/custom/send",
        says(errcode=0, errmsg="ok"),
        lambda _mini, account: account.send_text(OPENID, TEXT),
    ),
    Kind(
        "send_template",
        "/cgi-bin/message/template/send",
        says(errcode=0, errmsg="ok", msgid=200228332),
        lambda _mini, account: account.send_template(
            OPENID,
            "template",
            {"thing1": TEXT},
            mini_program_page="pages/home/index",
            mini_appid="wxfedcba9876543210",
            client_msg_id="message-1",
        ),
    ),
)
WITH_TOKEN = tuple(kind for kind in KINDS if kind.with_token)
