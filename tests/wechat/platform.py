"""WeChat's app servers and the robot's, answering as they are told and remembering what came."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson

from backend.wechat import AppCredentials

APP = AppCredentials(
    appid="wx0123456789abcdef",
    secret="5ec4e75ec4e75ec4e75ec4e75ec4e75e",
    token="pushTokenCanary",
    encoding_aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
)
TOKEN = "68_accessTokenCanary"
TOKEN_PATH = "/cgi-bin/stable_token"

Message = MutableMapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One answer; a lost one never comes."""

    body: bytes = b'{"errcode":0,"errmsg":"ok"}'
    status: int = 200
    headers: tuple[tuple[bytes, bytes], ...] = ()
    lost: bool = False


def says(**members: Any) -> Answer:
    """Give an answer with these members."""
    return Answer(orjson.dumps(members))


@dataclass(frozen=True)
class Asked:
    """One request as it stood on the wire."""

    method: str
    path: str
    query: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Give the body."""
        return orjson.loads(self.body)


@dataclass
class Platform:
    """Answers each path by its script: the answers in turn, the last of them for ever.

    A token among `expired_tokens` is refused first. `arrivals` is released by each request, for who waits for one.
    """

    url: str = ""
    scripts: dict[str, list[Answer]] = field(default_factory=dict)
    received: list[Asked] = field(default_factory=list)
    expired_tokens: set[str] = field(default_factory=set)
    arrivals: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def answer(self, path: str, *answers: Answer) -> None:
        """Set what a path answers."""
        self.scripts[path] = list(answers)

    def paths(self) -> list[str]:
        """Give what was asked, in order."""
        return [asked.path for asked in self.received]

    def reset(self) -> None:
        """Forget everything; the token is there for whoever asks."""
        self.scripts = {TOKEN_PATH: [says(access_token=TOKEN, expires_in=7200)]}
        self.received.clear()
        self.expired_tokens.clear()
        self.arrivals = threading.Semaphore(0)

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Serve one request."""
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        path = scope["path"]
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        self.received.append(Asked(scope["method"], path, query, body))
        self.arrivals.release()
        answer = self._answer_to(self.received[-1])
        if answer.lost:
            # Until the client has given up.
            await receive()
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": answer.body})

    def _answer_to(self, asked: Asked) -> Answer:
        if asked.query.get("access_token") in self.expired_tokens:
            return says(errcode=42001, errmsg="access_token expired")
        script = self.scripts.get(asked.path, [Answer(status=404)])
        return script.pop(0) if len(script) > 1 else script[0]
