"""One call to the platform's servers: its token, its faults, its effect in one transaction, its answer."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .apps import App, AppKind
from .book import Book
from .faults import BAD_GATEWAY, PLATFORM_UNPROCESSED, Call, Faults, Kind, lose_connection
from .orders import as_json, read_body
from .platform_refusal import PlatformRefusal
from .tokens import Tokens

BODY_BYTES = 64 * 1024

Act = Callable[[], Response]

_ERRCODES = {Kind.BUSY: -1, Kind.QUOTA: 45009, Kind.TOKEN_INVALID: 40001, Kind.TOKEN_EXPIRED: 42001}


def platform_fault(kind: Kind) -> Response:
    """Give the answer of a call on which this fault struck."""
    return as_json(PlatformRefusal(_ERRCODES[kind]).body())


def answered(act: Callable[[], Response | dict[str, Any]]) -> Response:
    """Give what `act` answers, or its refusal; HTTP 200 in either case."""
    try:
        answer = act()
    except PlatformRefusal as refusal:
        return as_json(refusal.body())
    return answer if isinstance(answer, Response) else as_json(answer)


async def read_object(request: Request) -> dict[str, Any]:
    """Read a call's JSON object; refuse with 45002 a long body, with 47001 what is no object."""
    body = await read_body(request, BODY_BYTES)
    if body is None:
        raise PlatformRefusal(45002)
    if not body:
        raise PlatformRefusal(44004)
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise PlatformRefusal(47001) from None
    if not isinstance(sent, dict):
        raise PlatformRefusal(47001)
    return sent


def text_in(sent: Mapping[str, Any], name: str) -> str | None:
    """Give a member that may be absent; refuse with 47001 one that is no text."""
    value = sent.get(name)
    if value is not None and not isinstance(value, str):
        raise PlatformRefusal(47001, name)
    return value or None


class PlatformCalls:
    """How calls are served."""

    def __init__(self, book: Book, faults: Faults, tokens: Tokens) -> None:
        self._book = book
        self._faults = faults
        self._tokens = tokens

    async def serve(
        self, request: Request, call: Call, act: Act, refused: Callable[[Kind], Response] = platform_fault
    ) -> Response:
        """Serve a call that passed its door: let a fault strike it, or act in one transaction.

        `act` answers its own refusals, for what it used up stays used up.
        """
        fault = self._faults.strike(call)
        if fault is not None and fault.kind in PLATFORM_UNPROCESSED:
            await asyncio.sleep(fault.delay_seconds)
            return await _unprocessed(request, fault.kind, refused)
        with self._book.transaction():
            answer = act()
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
            if fault.kind is Kind.ACCEPT_THEN_LOSE:
                await lose_connection(request)
        return answer

    async def serve_app(
        self,
        request: Request,
        call: Call,
        kind: AppKind,
        act: Callable[[App, dict[str, Any]], Response | dict[str, Any]],
    ) -> Response:
        """Serve a call under an access token; a GET hands its query to `act`, a POST its JSON object."""
        try:
            app = self._tokens.app(request.query_params.get("access_token"), kind)
            sent = dict(request.query_params) if request.method == "GET" else await read_object(request)
        except PlatformRefusal as refusal:
            return as_json(refusal.body())
        return await self.serve(request, call, lambda: answered(lambda: act(app, sent)))


async def _unprocessed(request: Request, kind: Kind, refused: Callable[[Kind], Response]) -> Response:
    if kind is Kind.LOSE:
        await lose_connection(request)
    if kind is Kind.STATUS_502_HTML:
        return HTMLResponse(BAD_GATEWAY, 502)
    if kind in {Kind.LOSE, Kind.STATUS_500}:
        return Response(status_code=500)
    return refused(kind)
