"""One `graphql-transport-ws` socket: its messages, its operations, its end."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from enum import IntEnum
from typing import Any, Final

import orjson
from starlette.types import Message, Receive, Send
from structlog.contextvars import bound_contextvars

from schema.transport.errors import ApiError, Code, RequestError
from schema.transport.execution import Caller, Execution, Operation, request_error_entries
from schema.transport.ids import new_trace_id
from schema.transport.limits import Limits
from schema.transport.request import GraphQLRequest
from schema.transport.texts import TEXTS

_REASON_BYTES: Final = 123
"""RFC 6455 section 5.5: a control frame carries 125 bytes, two of them are the code."""


class CloseCode(IntEnum):
    """Close codes, chosen by whether connecting again can help: the reference client gives up on
    4400, 4401, 4406, 4409, 4429 and tries again on 1001, 1012, 1013, 4403, 4408 (graphql-ws, src/client.ts).
    """

    GOING_AWAY = 1001
    """The socket has reached its age."""
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    NOT_INITIALISED = 4401
    FORBIDDEN = 4403
    """The credential is not, or no longer, valid."""
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    OPERATION_IN_USE = 4409
    TOO_MANY_INITS = 4429


class Close(Exception):
    """Ends the socket with a code and a reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class _Disconnected(Exception):
    """The peer went away."""


def close_message(close: Close) -> Message:
    """The ASGI message; the reason is cut at a character border to what a close frame can carry."""
    reason = close.reason.encode()[:_REASON_BYTES].decode(errors="ignore")
    return {"type": "websocket.close", "code": int(close.code), "reason": reason}


class Socket:
    """Reads messages one by one; every operation is a task with a context of its own.

    Each sender waits until the transport took its message, so a reader that is slow stops its own operations
    (their sources are not asked for the next event) and nothing is queued.
    """

    def __init__(
        self,
        execution: Execution,
        limits: Limits,
        receive: Receive,
        send: Send,
        client_host: str | None,
        identify: Callable[[Any], str | None],
    ) -> None:
        self._execution = execution
        self._limits = limits
        self._asgi_receive = receive
        self._asgi_send = send
        self._client_host = client_host
        self._identify = identify
        self.caller_id: str | None = None
        self._authorization: str | None = None
        self._initialised = False
        self._operations: dict[str, asyncio.Task[None]] = {}
        # Also those that were completed by the client and are still closing their source: they count for the limit.
        self._tasks: set[asyncio.Task[None]] = set()
        self._writing = asyncio.Lock()
        self._ended = False
        self._ending = Close(CloseCode.INIT_TIMEOUT, TEXTS["init_timeout"])
        self._deadline = asyncio.timeout(limits.init_seconds)

    async def serve(self) -> None:
        """Serves the accepted socket; returns when it is closed and all its operations have ended."""
        ending: Close | None = None
        try:
            async with self._deadline:
                await self._read()
        except Close as close:
            ending = close
        except TimeoutError:
            ending = self._ending
        except _Disconnected:
            pass
        finally:
            self._ended = True
            for task in self._tasks:
                task.cancel()
        if ending is not None:
            await self._close(ending)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def end(self, close: Close) -> None:
        """Ends the socket from outside its reader; the first call wins, nothing more is sent but the close frame."""
        if not self._ended:
            # The reader is woken by its own deadline: one way out for time, drain and a session that ended.
            self._end_in(0.0, close)
            self._ended = True

    async def recheck(self) -> None:
        """Ends the socket if its credential does not hold any more; any other trouble leaves it as it is."""
        try:
            async with self._execution.context(self._caller(new_trace_id())):
                pass
        except Exception as error:  # noqa: BLE001 - only the one that ends a socket counts here.
            known = self._execution.mask.known(error)
            if known is not None and known.code is Code.UNAUTHENTICATED:
                self.end(Close(CloseCode.FORBIDDEN, known.message))

    def _end_in(self, seconds: float, close: Close) -> None:
        # A deadline that has just passed cannot be moved; the reader is already on its way out.
        if not self._deadline.expired():
            self._ending = close
            self._deadline.reschedule(asyncio.get_running_loop().time() + seconds)

    async def _close(self, close: Close) -> None:
        try:
            async with asyncio.timeout(self._limits.close_seconds), self._writing:
                await self._asgi_send(close_message(close))
        except (OSError, TimeoutError):
            # The peer has gone, or does not read: the server drops the connection when we return.
            return

    async def _send(self, message: dict[str, Any]) -> None:
        text = orjson.dumps(message).decode()
        async with self._writing:
            if self._ended:
                return
            try:
                await self._asgi_send({"type": "websocket.send", "text": text})
            except OSError:
                # ASGI: the peer has gone. The reader hears of it by itself and cancels the operations.
                return

    async def _read(self) -> None:
        while True:
            event = await self._asgi_receive()
            if event["type"] == "websocket.disconnect":
                raise _Disconnected
            await self._handle(_decoded(event.get("text")))

    async def _handle(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                task = self._operations.pop(_operation_id(message, self._limits), None)
                if task is not None:
                    task.cancel()
            case "ping":
                payload = _payload(message)
                await self._send({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
            case "pong":
                _payload(message)
            case "connection_init":
                await self._initialise(_payload(message) or {})
            case _:
                raise Close(CloseCode.BAD_MESSAGE, TEXTS["message"])

    async def _initialise(self, payload: dict[str, Any]) -> None:
        if self._initialised:
            raise Close(CloseCode.TOO_MANY_INITS, TEXTS["init_twice"])
        authorization = payload.get("authorization")
        if authorization is not None and not isinstance(authorization, str):
            raise Close(CloseCode.BAD_MESSAGE, TEXTS["message"])
        self._authorization = authorization
        trace_id = new_trace_id()
        try:
            async with self._execution.context(self._caller(trace_id)) as context:
                self.caller_id = self._identify(context)
        except Exception as error:  # noqa: BLE001 - masked, logged, and told as a close code.
            known = self._execution.mask.known(error)
            if known is None:
                self._execution.mask.entry(error, trace_id, None)
            if known is None or known.code in {Code.RATE_LIMITED, Code.INTERNAL}:
                raise Close(CloseCode.TRY_AGAIN_LATER, TEXTS["overloaded"]) from None
            raise Close(CloseCode.FORBIDDEN, known.message) from None
        self._initialised = True
        if not self._ended:
            self._end_in(self._limits.socket_seconds, Close(CloseCode.GOING_AWAY, TEXTS["lifetime"]))
        await self._send({"type": "connection_ack"})

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._initialised:
            raise Close(CloseCode.NOT_INITIALISED, TEXTS["not_initialised"])
        operation_id = _operation_id(message, self._limits)
        try:
            request = GraphQLRequest.from_json(message.get("payload"))
        except RequestError as error:
            raise Close(CloseCode.BAD_MESSAGE, error.errors[0].message) from None
        if operation_id in self._operations:
            raise Close(CloseCode.OPERATION_IN_USE, TEXTS["operation_in_use"])
        if len(self._tasks) >= self._limits.socket_operations:
            sentence = TEXTS["operations"].format(limit=self._limits.socket_operations)
            entry = self._execution.mask.entry(ApiError(Code.LIMIT_EXCEEDED, sentence), new_trace_id(), None)
            await self._send({"id": operation_id, "type": "error", "payload": [entry]})
            return
        task = asyncio.create_task(self._operate(operation_id, request))
        self._operations[operation_id] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _operate(self, operation_id: str, request: GraphQLRequest) -> None:
        trace_id = new_trace_id()
        with bound_contextvars(trace_id=trace_id):
            last = await self._outcome(operation_id, request, trace_id)
        if self._operations.get(operation_id) is asyncio.current_task():
            del self._operations[operation_id]
            await self._send({"id": operation_id, **last})

    async def _outcome(self, operation_id: str, request: GraphQLRequest, trace_id: str) -> dict[str, Any]:
        """Runs the operation, sends its answers, and gives its last message."""
        operation: Operation | None = None
        try:
            async with self._execution.context(self._caller(trace_id)) as context:
                operation = self._execution.prepare(request, context, trace_id)
                if operation.is_subscription:
                    async with aclosing(operation.events()) as answers:
                        async for answer in answers:
                            await self._send_next(operation_id, answer)
                else:
                    await self._send_next(operation_id, await operation.run())
        except RequestError as error:
            return {"type": "error", "payload": request_error_entries(error, trace_id)}
        except Exception as error:  # noqa: BLE001 - masked, logged, and sent as the end of this operation only.
            known = self._execution.mask.known(error)
            if known is not None and known.code is Code.UNAUTHENTICATED:
                self.end(Close(CloseCode.FORBIDDEN, known.message))
            name = operation.name if operation else None
            return {"type": "error", "payload": [self._execution.mask.entry(error, trace_id, name)]}
        return {"type": "complete"}

    async def _send_next(self, operation_id: str, answer: bytes) -> None:
        await self._send({"id": operation_id, "type": "next", "payload": orjson.Fragment(answer)})

    def _caller(self, trace_id: str) -> Caller:
        return Caller(self._authorization, trace_id, self._client_host)


def _decoded(text: str | None) -> dict[str, Any]:
    """The message of a text frame; a binary frame has no text. Anything but a JSON object is a bad message."""
    try:
        message = orjson.loads(text or b"")
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        raise Close(CloseCode.BAD_MESSAGE, TEXTS["message"])
    return message


def _payload(message: dict[str, Any]) -> dict[str, Any] | None:
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Close(CloseCode.BAD_MESSAGE, TEXTS["message"])
    return payload


def _operation_id(message: dict[str, Any], limits: Limits) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not 0 < len(operation_id) <= limits.operation_id_characters:
        raise Close(CloseCode.BAD_MESSAGE, TEXTS["message"])
    return operation_id
