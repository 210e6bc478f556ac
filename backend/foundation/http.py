"""What every HTTP answer has in common, whichever route gives it."""

from __future__ import annotations

import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

TRACE_HEADER: Final = "X-Trace-Id"


class TraceIds:
    """Gives every answer a trace id, and its log lines the same one; a route that has set its own keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on. Sockets make an id per operation and are left alone."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        trace_id = secrets.token_hex(16)

        async def send_traced(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(TRACE_HEADER, trace_id)
            await send(message)

        with bound_contextvars(trace_id=trace_id):
            await self._app(scope, receive, send_traced)
