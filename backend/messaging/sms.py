"""Text messages through the sandbox's made-up gateway. A live deployment brings a gateway of its own, or none."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import httpx2
import orjson

from backend.foundation.jobs import CALL_SECONDS
from backend.wechat import PlatformError, PlatformFailure

_CALL: Final = "send_sms"
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_KINDS: Final[Mapping[str, PlatformFailure]] = {
    "RATE_LIMITED": PlatformFailure.BUSY,
    "BUSY": PlatformFailure.BUSY,
    "INVALID_PHONE": PlatformFailure.PERSON_UNKNOWN,
    "UNKNOWN_TEMPLATE": PlatformFailure.TEMPLATE_UNKNOWN,
    "UNAUTHORIZED": PlatformFailure.CONFIGURATION,
}


class SandboxSms:
    """The sandbox's gateway; use it as an async context manager. Every call raises `PlatformError`."""

    def __init__(self, secret: str, *, base_url: str) -> None:
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=CALL_SECONDS,
            trust_env=False,
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, mobile: str, template: str, params: Mapping[str, str], client_id: str) -> None:
        """Send one text message; a second one of the same `client_id` is dropped by the gateway."""
        content = {"phone": mobile, "template": template, "params": dict(params), "client_id": client_id}
        try:
            response = await self._http.post("/sms/messages", json=content)
        except _NEVER_SENT:
            failure = PlatformFailure.UNREACHABLE
        except httpx2.RequestError:
            failure = PlatformFailure.UNKNOWN_OUTCOME
        else:
            if response.status_code == httpx2.codes.OK:
                return
            failure = _failure_of(response)
        # Here and not above, so that the error does not carry the other one, with what was sent, as its context.
        raise PlatformError(_CALL, failure)


def _failure_of(response: httpx2.Response) -> PlatformFailure:
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return PlatformFailure.UNKNOWN_OUTCOME
    code = answer.get("code") if isinstance(answer, dict) else None
    return _KINDS.get(code, PlatformFailure.REFUSED) if isinstance(code, str) else PlatformFailure.UNKNOWN_OUTCOME
