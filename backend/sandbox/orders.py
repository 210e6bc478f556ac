"""What every address of the control API shares: loopback clients only, JSON orders read strictly, JSON answers."""

import functools
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

BODY_BYTES = 32 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]
E = TypeVar("E", bound=StrEnum)


class OrderError(Exception):
    """An order that is not understood; answered with its status and sentence."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


def control_routes(table: list[tuple[str, str, Endpoint]]) -> list[Route]:
    """Give the routes under /_sandbox for (method, path, endpoint), each behind the guard."""
    return [Route("/_sandbox" + path, guarded(endpoint), methods=[method]) for method, path, endpoint in table]


def guarded(endpoint: Endpoint) -> Endpoint:
    """Let in loopback clients only, and answer orders that are not understood in JSON."""

    @functools.wraps(endpoint)
    async def guarded(request: Request) -> Response:
        try:
            local = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
        except ValueError:
            local = False
        if not local:
            return as_json({"error": "loopback clients only"}, 403)
        try:
            return await endpoint(request)
        except OrderError as bad:
            return as_json({"error": str(bad)}, bad.status)

    return guarded


async def read_order(
    request: Request,
    required: frozenset[str] | set[str] = frozenset(),
    optional: frozenset[str] | set[str] = frozenset(),
    *,
    most_bytes: int = BODY_BYTES,
) -> dict[str, Any]:
    """Read a JSON object with these members and no others; an absent body is an empty object."""
    body = await read_body(request, most_bytes)
    if body is None:
        raise OrderError("the body is too long", 413)
    try:
        order = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise OrderError("the body is no JSON") from None
    if not isinstance(order, dict):
        raise OrderError("the body must be an object")
    if unknown := order.keys() - required - optional:
        raise OrderError(f"unknown: {', '.join(sorted(unknown))}")
    if missing := required - order.keys():
        raise OrderError(f"missing: {', '.join(sorted(missing))}")
    return order


async def read_body(request: Request, most_bytes: int) -> bytes | None:
    """Read a body; None when it is longer than that, and then it is not read to its end."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            return None
    return bytes(body)


def text(order: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    """Give a member that must be a text of this pattern."""
    value = order[name]
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise OrderError(f"{name} must match {pattern.pattern}")
    return value


def optional_text(order: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str | None:
    """Give such a member, or None when it is absent or null."""
    return None if order.get(name) is None else text(order, name, pattern)


def are_texts(value: object) -> bool:
    """Tell whether this is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def number(order: Mapping[str, Any], name: str, least: float, most: float) -> float:
    """Give a member that must be a number within these bounds."""
    value = order[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise OrderError(f"{name} must be a number from {least} to {most}")
    return float(value)


def whole(order: Mapping[str, Any], name: str, least: int, most: int) -> int:
    """Give a member that must be a whole number within these bounds."""
    value = order[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise OrderError(f"{name} must be a whole number from {least} to {most}")
    return value


def flag(order: Mapping[str, Any], name: str, *, default: bool) -> bool:
    """Give a member that must be true or false."""
    value = order.get(name, default)
    if not isinstance(value, bool):
        raise OrderError(f"{name} must be true or false")
    return value


def choice(order: Mapping[str, Any], name: str, names: type[E]) -> E:
    """Give a member that must be one of an enumeration's texts."""
    value = order[name]
    if not isinstance(value, str) or value not in set(names):
        raise OrderError(f"{name} must be one of {', '.join(names)}")
    return names(value)


def as_json(answer: dict[str, Any], status: int = 200) -> Response:
    """Give a JSON answer."""
    return Response(orjson.dumps(answer), status, media_type="application/json")
