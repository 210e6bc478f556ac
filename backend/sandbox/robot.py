"""The robot of a WeCom group: messages by a webhook whose key is its only secret."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .book import Book, Clocks
from .faults import Call
from .messages import Channel, Messages
from .orders import as_json
from .platform_call import PlatformCalls, answered, read_object
from .platform_refusal import PlatformRefusal
from .rates import Rates

MESSAGES_A_MINUTE = 20
LONGEST_BYTES = {"text": 2048, "markdown": 4096}


class Robots:
    """The robots in the book, and their webhook as on qyapi.weixin.qq.com."""

    def __init__(self, book: Book, clocks: Clocks, calls: PlatformCalls, messages: Messages) -> None:
        self._book = book
        self._calls = calls
        self._messages = messages
        self._rates = Rates(clocks)

    def routes(self) -> list[Route]:
        """Give the route."""
        return [Route("/cgi-bin/webhook/send", self.send, methods=["POST"])]

    def register(self, key: str, name: str) -> None:
        """Store a robot; one with the same key is replaced."""
        self._book.write("INSERT INTO robot VALUES (?, ?) ON CONFLICT DO UPDATE SET name = excluded.name", key, name)

    async def send(self, request: Request) -> Response:
        """Take a text or markdown message for the group."""
        key = request.query_params.get("key", "")
        try:
            name = self._name(key)
            sent = await read_object(request)
        except PlatformRefusal as refusal:
            return as_json(refusal.body())
        return await self._calls.serve(request, Call.ROBOT_SEND, lambda: answered(lambda: self._take(key, name, sent)))

    def _name(self, key: str) -> str:
        robot = self._book.row("SELECT name FROM robot WHERE key = ?", key)
        if robot is None:
            raise PlatformRefusal(93000)
        name: str = robot["name"]
        return name

    def _take(self, key: str, name: str, sent: dict[str, Any]) -> dict[str, Any]:
        kind = sent.get("msgtype")
        longest = LONGEST_BYTES.get(kind) if isinstance(kind, str) else None
        body = sent.get(kind) if isinstance(kind, str) else None
        content = body.get("content") if isinstance(body, dict) else None
        if longest is None or not isinstance(content, str):
            raise PlatformRefusal(40008)
        if not content:
            raise PlatformRefusal(44004)
        if len(content.encode()) > longest:
            raise PlatformRefusal(40058, f"{kind}.content exceed max length {longest}")
        if not self._rates.admits((key,), MESSAGES_A_MINUTE, seconds=60):
            raise PlatformRefusal(45009)
        self._messages.add(Channel.ROBOT, recipient=name, text=content)
        return {"errcode": 0, "errmsg": "ok"}
