"""The `graphql-transport-ws` endpoint: handshake, capacity and drain."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from schema.transport.execution import Execution
from schema.transport.limits import Limits
from schema.transport.socket import Close, CloseCode, Socket, close_message
from schema.transport.texts import TEXTS

SUBPROTOCOL: Final = "graphql-transport-ws"


class WebSocketEndpoint:
    """The ASGI application behind the WebSocket /graphql; protocol: enisdenjo/graphql-ws, PROTOCOL.md.

    Run it with frames of at most 64 KiB and without compression: events are small, sockets are many.
    """

    def __init__(self, execution: Execution, limits: Limits, identify: Callable[[Any], str | None]) -> None:
        self._execution = execution
        self._limits = limits
        self._identify = identify
        self._sockets: dict[Socket, asyncio.Task[None]] = {}
        self._draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one socket until it is closed."""
        await receive()
        spoken = SUBPROTOCOL in scope["subprotocols"]
        # A close code reaches a client only after the handshake; before it there is just an HTTP status.
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if spoken else None})
        refused = self._refused(spoken=spoken)
        if refused is not None:
            await send(close_message(refused))
            return
        client = scope.get("client")
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("the endpoint runs in a task")
        socket = Socket(self._execution, self._limits, receive, send, client[0] if client else None, self._identify)
        self._sockets[socket] = task
        try:
            await socket.serve()
        finally:
            del self._sockets[socket]

    async def drain(self) -> None:
        """Closes every socket with 1012, cancels its operations, and turns new sockets away the same way.

        Returns when all are closed, or after `Limits.close_seconds` for peers that do not read.
        """
        self._draining = True
        tasks = list(self._sockets.values())
        for socket in self._sockets:
            socket.end(Close(CloseCode.SERVICE_RESTART, TEXTS["draining"]))
        if tasks:
            await asyncio.wait(tasks, timeout=self._limits.close_seconds)

    async def recheck(self, caller_id: str | None) -> None:
        """Closes the sockets of one caller, or of all, whose credential does not hold any more."""
        mine = [socket for socket in self._sockets if caller_id in {None, socket.caller_id}]
        await asyncio.gather(*(socket.recheck() for socket in mine))

    def _refused(self, *, spoken: bool) -> Close | None:
        if not spoken:
            return Close(CloseCode.SUBPROTOCOL_NOT_ACCEPTABLE, TEXTS["subprotocol"])
        if self._draining:
            return Close(CloseCode.SERVICE_RESTART, TEXTS["draining"])
        if len(self._sockets) >= self._limits.sockets:
            return Close(CloseCode.TRY_AGAIN_LATER, TEXTS["overloaded"])
        return None
