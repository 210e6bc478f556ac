"""Following over a real socket of a real server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from backend.commands.serving import serving
from tests.builders.api import Api, the_documents

# A test that waits for nothing fails instead of hanging.
PATIENCE_SECONDS: Final = 10.0


class Ended(Exception):
    """The stream is over: `how` is COMPLETE, the code of an error, or the close code of the socket."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


@dataclass(slots=True)
class Stream:
    """One subscription on one socket."""

    connection: ClientConnection
    id: str = "1"
    cursors: list[str] = field(default_factory=list)

    async def subscribe(self, operation: str, **variables: Any) -> None:
        """Send the contract's document of a subscription by its id."""
        payload = {"documentId": the_documents().ids[operation], "variables": variables}
        await self.send({"id": self.id, "type": "subscribe", "payload": payload})

    async def follow(self, application_id: str, after: str | None = None) -> None:
        """Follow an application."""
        await self.subscribe("ApplicationEvents", applicationId=application_id, after=after)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""
        await self.connection.send(orjson.dumps(message).decode())

    async def hear(self) -> dict[str, Any]:
        """Give the next message; raises `Ended` when the socket is closed."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                message: dict[str, Any] = orjson.loads(await self.connection.recv())
        except ConnectionClosed as closed:
            raise Ended(str(closed.rcvd.code if closed.rcvd else 1006)) from closed
        return message

    async def next(self) -> dict[str, Any]:
        """Give the next item of the stream; raises `Ended` when there is none any more."""
        message = await self.hear()
        assert message["id"] == self.id
        if message["type"] == "complete":
            raise Ended("COMPLETE")
        if message["type"] == "error":
            raise Ended(message["payload"][0]["extensions"]["code"])
        assert "errors" not in message["payload"], message
        item: dict[str, Any]
        (item,) = message["payload"]["data"].values()
        if cursor := item.get("cursor") or item.get("resumeAfter"):
            self.cursors.append(cursor)
        return item

    async def until(self, sequence: int) -> list[int]:
        """Give the sequences of the events up to this one."""
        seen: list[int] = []
        while not seen or seen[-1] < sequence:
            seen.append((await self.next())["sequence"])
        return seen

    async def end(self) -> str:
        """Read to the end, and tell how it came."""
        while True:
            try:
                await self.next()
            except Ended as ended:
                return ended.how


@asynccontextmanager
async def opened(url: str, token: str | None) -> AsyncIterator[Stream]:
    """Open an initialised socket at a server's address; raises `Ended` when it is turned away."""
    address = url.replace("http", "ws", 1) + "/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")], proxy=None) as connection:
        stream = Stream(connection)
        payload = {} if token is None else {"authorization": f"Bearer {token}"}
        await stream.send({"type": "connection_init", "payload": payload})
        assert (await stream.hear())["type"] == "connection_ack"
        yield stream


@asynccontextmanager
async def following(
    url: str, token: str | None, application_id: str, after: str | None = None
) -> AsyncIterator[Stream]:
    """Open a socket and subscribe on it."""
    async with opened(url, token) as stream:
        await stream.follow(application_id, after)
        yield stream


@dataclass(frozen=True, slots=True)
class Server:
    """The API behind a real server of its own."""

    api: Api
    url: str

    def open(self, token: str | None) -> AbstractAsyncContextManager[Stream]:
        """Open an initialised socket; raises `Ended` when it is turned away."""
        return opened(self.url, token)

    def following(
        self, token: str | None, application_id: str, after: str | None = None
    ) -> AbstractAsyncContextManager[Stream]:
        """Open a socket and subscribe on it."""
        return following(self.url, token, application_id, after)


def a_listener() -> socket.socket:
    """Listen on a free port of loopback."""
    return socket.create_server(("127.0.0.1", 0))


@asynccontextmanager
async def a_server(api: Api) -> AsyncIterator[Server]:
    """Serve the API as the command does, on a free port of loopback, with its log reader."""
    bound = a_listener()
    async with api.log_reader.running(), serving(api.web, bound):
        try:
            yield Server(api, f"http://127.0.0.1:{bound.getsockname()[1]}")
        finally:
            await api.transport.drain()
