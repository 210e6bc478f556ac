"""The calls of the official account's (公众号) server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.wechat.platform_client import AppClient, PlatformClient, optional_text_member, require_done, text_member


class _OfficialAccountApp(AppClient):
    """The calls as they stand on the wire."""

    def unionid_of(self, openid: str) -> str | None:
        answer = self.user.get(openid)
        if text_member(answer, "openid") != openid:
            raise ValueError("the answer is about somebody else")
        return optional_text_member(answer, "unionid")

    def send_text(self, openid: str, text: str) -> None:
        require_done(self.message.send_text(openid, text))

    def send_template(self, content: dict[str, Any]) -> None:
        # wechatpy's own call knows no client_msg_id.
        require_done(self.post("message/template/send", data=content))


class OfficialAccountClient(PlatformClient[_OfficialAccountApp]):
    """The official account's server. Every call raises `PlatformError`."""

    _app_class = _OfficialAccountApp

    async def unionid_of(self, openid: str) -> str | None:
        """Give the unionid of a follower (user/info); `None` for others, and where no open platform links the apps."""
        return await self._call("unionid_of", lambda app: app.unionid_of(openid))

    async def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service text (客服消息, custom/send), soon after a message or an act of the person.

        `text` may hold anchors into the mini program, so whoever writes it must not put a person's words in.
        """
        await self._call("send_text", lambda app: app.send_text(openid, text))

    async def send_template(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        mini_program_page: str | None,
        mini_appid: str,
        client_msg_id: str,
    ) -> None:
        """Send a template message (模板消息), opening `mini_program_page` of the linked mini program when there is one.

        WeChat drops a second message of the same `client_msg_id` (32 characters at most) within ten minutes.
        """
        content: dict[str, Any] = {
            "touser": openid,
            "template_id": template_id,
            "client_msg_id": client_msg_id,
            "data": {name: {"value": value} for name, value in data.items()},
        }
        if mini_program_page is not None:
            content["miniprogram"] = {"appid": mini_appid, "pagepath": mini_program_page}
        await self._call("send_template", lambda app: app.send_template(content))
