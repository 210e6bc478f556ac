"""What accounts need of the outside."""

from __future__ import annotations

from typing import Protocol

from backend.wechat import WeChatPerson


class MiniProgram(Protocol):
    """The mini program's server side at WeChat. Each call refuses with `backend.wechat.PlatformError`."""

    @property
    def appid(self) -> str:
        """Which mini program it is."""

    async def code_to_session(self, code: str) -> WeChatPerson:
        """Tell who a `wx.login` code stands for."""

    async def phone_number(self, code: str) -> str:
        """Tell the phone number that a code of the phone button stands for."""

    async def draw_code(self, scene: str, page: str) -> bytes:
        """Draw the code (小程序码) that opens `page` with `scene`."""
