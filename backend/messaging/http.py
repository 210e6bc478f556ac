"""The address that WeChat pushes the official account's messages to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from backend.foundation.database import DATABASE_ERRORS
from backend.foundation.runtime import Runtime
from backend.messaging.door import NonceReused, OfficialAccount
from backend.wechat import PushReader, PushRefusal, PushRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PUSH_PATH: Final = "/wechat/official-account"
LONGEST_BODY_BYTES: Final = 64 * 1024
# WeChat hangs up after five seconds and pushes again.
BUDGET_SECONDS: Final = 4.0
# What WeChat takes for "taken, and nothing to say".
SUCCESS: Final = "success"

_STATUS: Final = {PushRefusal.SIGNATURE: 403, PushRefusal.STALE: 403, PushRefusal.TOO_LARGE: 413}
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def push_route(
    runtime: Runtime, reader: PushReader | None, account: OfficialAccount | None
) -> Callable[[Request], Awaitable[Response]]:
    """Give the endpoint of `GET|POST /wechat/official-account`; 404 where a deployment has no official account."""

    async def receive(request: Request) -> Response:
        if reader is None or account is None:
            return _said("NOT_FOUND", 404)
        try:
            async with asyncio.timeout(BUDGET_SECONDS):
                if request.method == "POST":
                    return await _take(runtime, reader, account, request)
                return _said(reader.verify_url(request.query_params, runtime.clock.wall()))
        except PushRefused as refused:
            log.info("push_refused", reason=refused.reason_code)
            return _said(refused.reason_code, _STATUS.get(refused.reason_code, 400))
        except NonceReused:
            log.warning("push_nonce_reused")
            return _said("NONCE_REUSED", 403)
        except TimeoutError:
            # All of it was undone. To say that it was taken would leave the person without any answer.
            log.warning("push_not_answered_in_time")
            return _said("UNAVAILABLE", 503)
        except DATABASE_ERRORS as error:
            # Not taken: WeChat pushes it again.
            log.warning("push_not_taken", error=type(error).__name__)
            return _said("UNAVAILABLE", 503)

    return receive


async def _take(runtime: Runtime, reader: PushReader, account: OfficialAccount, request: Request) -> Response:
    query, now = request.query_params, runtime.clock.wall()
    message = reader.read(query, await _body(request), now)
    text = await account.answer(message, query["timestamp"], query["nonce"])
    if not text:
        return _said(SUCCESS)
    reply = reader.write_text_reply(message, text, now)
    return Response(reply, media_type="application/xml", headers=_HEADERS)


async def _body(request: Request) -> bytes:
    """Read the body up to what a push may have, whatever its sender announces. Refuses with `PushRefused`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY_BYTES:
            raise PushRefused(PushRefusal.TOO_LARGE)
    return bytes(body)


def _said(text: str, status: int = 200) -> Response:
    return PlainTextResponse(text, status_code=status, headers=_HEADERS)
