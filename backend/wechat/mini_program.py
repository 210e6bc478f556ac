"""The calls of the mini program's (小程序) server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import requests

from backend.wechat.errors import UnsendableError
from backend.wechat.platform_client import AppClient, PlatformClient, optional_text_member, require_done, text_member

_SCENE: Final = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}", re.ASCII)
_MAINLAND_NUMBER: Final = re.compile(r"1[0-9]{10}", re.ASCII)
_FOREIGN_NUMBER: Final = re.compile(r"[0-9]{4,15}", re.ASCII)
_COUNTRY: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_IMAGE_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\x89PNG")


class MiniProgramState(StrEnum):
    """Which version of the mini program a message or a code opens."""

    FORMAL = "formal"
    TRIAL = "trial"
    DEVELOPER = "developer"


# The code's own words for the same.
_ENV_VERSIONS: Final = {
    MiniProgramState.FORMAL: "release",
    MiniProgramState.TRIAL: "trial",
    MiniProgramState.DEVELOPER: "develop",
}


@dataclass(frozen=True, slots=True)
class WeChatPerson:
    """Somebody in one app; `unionid` is there when the app belongs to an open platform account (开放平台)."""

    openid: str = field(repr=False)
    unionid: str | None = field(default=None, repr=False)


class _MiniProgramApp(AppClient):
    """The calls as they stand on the wire. wechatpy has some of them, in older forms."""

    def code_to_session(self, code: str) -> WeChatPerson:
        # A list, because wechatpy adds the token to a dict, and this call has no need of one.
        query = [
            ("appid", self.appid),
            ("secret", self.secret),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ]
        answer = self.get(self.address("sns/jscode2session"), params=query)
        # The session_key stays behind: nothing here needs it.
        return WeChatPerson(text_member(answer, "openid"), optional_text_member(answer, "unionid"))

    def phone_number(self, code: str) -> str:
        answer = self.post(self.address("wxa/business/getuserphonenumber"), data={"code": code})
        info = answer["phone_info"]
        if info["watermark"]["appid"] != self.appid:
            raise ValueError("the number was given to another app")
        return _plain_number(info)

    def send_subscribe_message(self, content: dict[str, Any]) -> None:
        require_done(self.post("message/subscribe/send", data=content))

    def draw_code(self, content: dict[str, Any]) -> bytes:
        answer = self.post(self.address("wxa/getwxacodeunlimit"), data=content)
        # wechatpy gives the response itself when it is no JSON.
        image = answer.content if isinstance(answer, requests.Response) else b""
        if not image.startswith(_IMAGE_BEGINNINGS):
            raise ValueError("the answer is no image")
        return image


class MiniProgramClient(PlatformClient[_MiniProgramApp]):
    """The mini program's server. Every call raises `PlatformError`."""

    _app_class = _MiniProgramApp

    async def code_to_session(self, code: str) -> WeChatPerson:
        """Exchange the code of `wx.login` for the person (code2Session); a code is good for one exchange."""
        return await self._call_without_token("code_to_session", lambda app: app.code_to_session(code))

    async def phone_number(self, code: str) -> str:
        """Exchange the code of the phone number button (getPhoneNumber): another one than that of `wx.login`.

        Gives the eleven digits of a mainland number, `+` with country code and number for another.
        """
        return await self._call("phone_number", lambda app: app.phone_number(code))

    async def send_subscribe_message(
        self, openid: str, template_id: str, page: str, data: Mapping[str, str], state: MiniProgramState
    ) -> None:
        """Send one subscribe message (订阅消息, subscribeMessage.send); it uses up one consent of the person."""
        content = {
            "touser": openid,
            "template_id": template_id,
            "page": page,
            "data": {name: {"value": value} for name, value in data.items()},
            "miniprogram_state": state.value,
            "lang": "zh_CN",
        }
        await self._call("send_subscribe_message", lambda app: app.send_subscribe_message(content))

    async def draw_code(
        self, scene: str, page: str, *, state: MiniProgramState = MiniProgramState.FORMAL, check_path: bool = True
    ) -> bytes:
        """Draw a mini program code (小程序码, getUnlimitedQRCode) that opens `page` with `scene`; give the image.

        Without `check_path` the page need not be released yet. Refuses with `UnsendableError` a scene that is not one
        to 32 of the allowed characters and a page with a leading slash or a query.
        """
        if not _SCENE.fullmatch(scene):
            raise UnsendableError("a scene has one to 32 of the allowed characters")
        if page.startswith("/") or "?" in page:
            raise UnsendableError("a page has neither a leading slash nor a query")
        content = {"scene": scene, "page": page, "check_path": check_path, "env_version": _ENV_VERSIONS[state]}
        return await self._call("draw_code", lambda app: app.draw_code(content))


def _plain_number(info: Mapping[str, Any]) -> str:
    number = text_member(info, "purePhoneNumber")
    # A text by the table of the document, a number in its sample.
    country = str(info["countryCode"])
    if country == "86" and _MAINLAND_NUMBER.fullmatch(number):
        return number
    if country == "86" or not _COUNTRY.fullmatch(country) or not _FOREIGN_NUMBER.fullmatch(number):
        raise ValueError("the phone number is not in its form")
    return f"+{country}{number}"
