"""The group robot of WeCom (企业微信群机器人), which tells people what waits for them."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import orjson

from backend.wechat.byte_limit import cut_to_bytes
from backend.wechat.hosts import ROBOT_HOST, require_live_or_loopback, trusted_authorities
from backend.wechat.platform_errors import PlatformError, PlatformFailure, refusal

_CALL: Final = "send_markdown"
_LONGEST_TEXT_BYTES: Final = 4096
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class RobotClient:
    """One group's robot; use it as an async context manager, or end it by `aclose()`."""

    def __init__(self, key: str, *, base_url: str = ROBOT_HOST, timeout_seconds: float = 5.0) -> None:
        """Take the sandbox's address, on loopback, or leave the live one; others are refused with `ValueError`.

        `key` is what the address of the robot ends in; whoever has it can write into the group.
        """
        self._base_url = require_live_or_loopback(base_url, ROBOT_HOST)
        self._key = key
        self._timeout_seconds = timeout_seconds
        self._http = httpx2.AsyncClient(
            verify=trusted_authorities(), timeout=timeout_seconds, trust_env=False, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send_markdown(self, text: str) -> None:
        """Write `text` into the group, cut to the robot's 4096 bytes; raises `PlatformError`. Nothing is repeated."""
        content = {"msgtype": "markdown", "markdown": {"content": cut_to_bytes(text, _LONGEST_TEXT_BYTES)}}
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._http.post(
                    self._base_url + "/cgi-bin/webhook/send", params={"key": self._key}, json=content
                )
        except _NEVER_SENT:
            kind = PlatformFailure.UNREACHABLE
        except (httpx2.RequestError, TimeoutError):
            kind = PlatformFailure.UNKNOWN_OUTCOME
        else:
            _require_taken(response)
            return
        # Here and not above, so that the error does not carry the other one, with its address, as its context.
        raise PlatformError(_CALL, kind)


def _require_taken(response: httpx2.Response) -> None:
    try:
        answer: Any = orjson.loads(response.content) if response.status_code == httpx2.codes.OK else None
    except orjson.JSONDecodeError:
        answer = None
    errcode = answer.get("errcode") if isinstance(answer, dict) else None
    if type(errcode) is not int:
        raise PlatformError(_CALL, PlatformFailure.UNKNOWN_OUTCOME)
    if errcode != 0:
        raise refusal(_CALL, errcode, answer.get("errmsg"))
