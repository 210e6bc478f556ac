"""POST /graphql."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from starlette.types import Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from schema.transport.errors import HTTP_STATUS, Code, HttpError, RequestError
from schema.transport.execution import Caller, Execution, encode_errors, request_error_entries
from schema.transport.ids import new_trace_id
from schema.transport.limits import Limits
from schema.transport.multipart import read_multipart
from schema.transport.negotiation import UNSPECIFIED, AnswerMedia, answer_media, is_upload
from schema.transport.request import GraphQLRequest
from schema.transport.texts import TEXTS

_PARTIAL_SUCCESS_STATUS: Final = 200
"""For data with errors; the HTTP draft recommends 294 in one place and shows 200 in another."""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    media: AnswerMedia
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class _Disconnected(Exception):
    """The client went away while it was sending."""


class HttpEndpoint:
    """The ASGI application behind POST /graphql.

    Every answer carries `X-Trace-Id`; errors are JSON with code and trace id, whatever went wrong.
    """

    def __init__(self, execution: Execution, limits: Limits) -> None:
        self._execution = execution
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; nothing is sent to a client that left before its body was complete."""
        trace_id = new_trace_id()
        with bound_contextvars(trace_id=trace_id):
            try:
                answer = await self._answer(scope, receive, trace_id)
            except _Disconnected:
                return
            headers = {
                "Content-Type": f"{answer.media.name}; charset=utf-8",
                "Content-Length": str(len(answer.body)),
                "Cache-Control": "no-store",
                "Vary": "Accept",
                "X-Content-Type-Options": "nosniff",
                "X-Trace-Id": trace_id,
                **answer.headers,
            }
            raw_headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": answer.status, "headers": raw_headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, scope: Scope, receive: Receive, trace_id: str) -> _Answer:
        headers: dict[bytes, str] = {}
        for name, value in scope["headers"]:
            # RFC 9110 section 5.3: repeated headers are one list.
            headers[name] = (
                f"{headers[name]}, {value.decode('latin-1')}" if name in headers else value.decode("latin-1")
            )
        media = UNSPECIFIED
        try:
            _check_method(scope["method"])
            media = answer_media(headers.get(b"accept"))
            body = await self._execute(scope, headers, receive, trace_id)
            return _Answer(_PARTIAL_SUCCESS_STATUS, media, body)
        except RequestError as error:
            return _Answer(media.request_error_status, media, encode_errors(request_error_entries(error, trace_id)))
        except _Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 - the last resort: masked, logged, and answered.
            return self._refusal(error, media, trace_id)

    def _refusal(self, error: Exception, media: AnswerMedia, trace_id: str) -> _Answer:
        known = self._execution.mask.known(error)
        status = known.status if isinstance(known, HttpError) else HTTP_STATUS[known.code if known else Code.INTERNAL]
        headers = dict(known.headers) if isinstance(known, HttpError) else {}
        if known is not None and known.retry_after_seconds is not None:
            headers["Retry-After"] = str(known.retry_after_seconds)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status in {408, 413}:
            # The rest of the body is still on its way and nobody will read it.
            headers["Connection"] = "close"
        return _Answer(status, media, encode_errors([self._execution.mask.entry(error, trace_id, None)]), headers)

    async def _execute(self, scope: Scope, headers: dict[bytes, str], receive: Receive, trace_id: str) -> bytes:
        upload = is_upload(headers.get(b"content-type"), headers.get(b"content-encoding"))
        authorization = headers.get(b"authorization")
        if upload and authorization is None and b"graphql-require-preflight" not in headers:
            # A foreign page can post a form without asking first; a header of its own it cannot send.
            raise HttpError(403, Code.FORBIDDEN, TEXTS["preflight"])
        client = scope.get("client")
        caller = Caller(authorization, trace_id, client[0] if client else None)
        # Before the body is read: a stranger's ten megabytes are not worth taking in.
        async with self._execution.context(caller) as context:
            request = await self._read(headers, receive, upload=upload)
            operation = self._execution.prepare(request, context, trace_id)
            if operation.is_subscription:
                raise RequestError.of(TEXTS["subscription_over_http"])
            return await operation.run()

    async def _read(self, headers: dict[bytes, str], receive: Receive, *, upload: bool) -> GraphQLRequest:
        limits = self._limits
        try:
            async with asyncio.timeout(limits.body_seconds):
                if upload:
                    limit_bytes = limits.upload_file_bytes + limits.json_body_bytes + limits.upload_overhead_bytes
                    chunks = _chunks(headers, receive, limit_bytes)
                    return await read_multipart(headers[b"content-type"], chunks, limits)
                body = b"".join([chunk async for chunk in _chunks(headers, receive, limits.json_body_bytes)])
        except TimeoutError:
            sentence = TEXTS["body_too_slow"].format(limit_seconds=limits.body_seconds)
            raise HttpError(408, Code.LIMIT_EXCEEDED, sentence) from None
        return GraphQLRequest.from_json(_decoded(body))


def _check_method(method: str) -> None:
    if method != "POST":
        raise HttpError(405, Code.BAD_REQUEST, TEXTS["method"], {"Allow": "POST"})


def _decoded(body: bytes) -> Any:
    try:
        decoded = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise HttpError(400, Code.BAD_REQUEST, TEXTS["not_json"]) from None
    if not isinstance(decoded, dict):
        raise HttpError(400, Code.BAD_REQUEST, TEXTS["not_object"])
    return decoded


async def _chunks(headers: dict[bytes, str], receive: Receive, limit_bytes: int) -> AsyncIterator[bytes]:
    """The body as it arrives, cut off with 413 at the limit; Content-Length only allows to refuse sooner."""
    too_large = HttpError(413, Code.LIMIT_EXCEEDED, TEXTS["body_too_large"].format(limit_bytes=limit_bytes))
    declared = headers.get(b"content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit_bytes:
        raise too_large
    received_bytes = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        chunk = message.get("body", b"")
        received_bytes += len(chunk)
        if received_bytes > limit_bytes:
            raise too_large
        more = message.get("more_body", False)
        yield chunk
