"""What messaging needs of the outside. Every call refuses with `backend.wechat.PlatformError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from backend.wechat import MiniProgramState


class MiniProgram(Protocol):
    """The mini program's server, as far as it sends messages."""

    @property
    def appid(self) -> str:
        """Which mini program it is."""

    async def send_subscribe_message(
        self, openid: str, template_id: str, page: str, data: Mapping[str, str], state: MiniProgramState
    ) -> None:
        """Send one subscribe message; it uses up one consent of the person."""


class OfficialAccountServer(Protocol):
    """The official account's server."""

    @property
    def appid(self) -> str:
        """Which official account it is."""

    async def unionid_of(self, openid: str) -> str | None:
        """Tell who a follower is in all apps that are bound together; None where nothing binds them."""

    async def send_text(self, openid: str, text: str) -> None:
        """Send a customer-service text."""

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
        """Send a template message that opens a page of the mini program."""


class Robot(Protocol):
    """The group robot."""

    async def send_markdown(self, text: str) -> None:
        """Write into the group."""


class SmsGateway(Protocol):
    """A gateway for text messages; every deployment has its own, or none."""

    async def send(self, mobile: str, template: str, params: Mapping[str, str], client_id: str) -> None:
        """Send one text message; a second one of the same `client_id` is dropped by the gateway."""
