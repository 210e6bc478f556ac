"""A client of our own API as the mini program is one: registered documents by id, uploads, one socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

SUBPROTOCOL: Final = "graphql-transport-ws"


class ApiRefused(Exception):
    """The API did not do what was asked; `codes` are those of its errors or user errors."""

    def __init__(self, operation: str, codes: list[str], message: str) -> None:
        super().__init__(f"{operation}: {', '.join(codes)}: {message}")
        self.operation = operation
        self.codes = codes


class ApiClient:
    """One person at the API: signed in, or with None for the token a stranger."""

    def __init__(self, url: str, token: str | None, contract: Path) -> None:
        manifest = orjson.loads((contract / "manifest.json").read_bytes())
        self._ids = {name: f"sha256:{item['sha256']}" for name, item in manifest.items()}
        self._url = url
        self._authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = httpx2.AsyncClient(
            headers={**self._authorization, "Accept": "application/graphql-response+json"},
            timeout=30.0,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        """Give the client itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close its connections."""
        await self._http.aclose()

    def _credential(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self._authorization.items()}

    async def call(self, operation: str, **variables: Any) -> Any:
        """Send a registered operation and give the value of its one root field. Refuses with `ApiRefused`."""
        body = {"documentId": self._ids[operation], "variables": variables}
        answer = await self._http.post(f"{self._url}/graphql", json=body)
        return _root_value(operation, answer.json())

    async def change(self, operation: str, **given: Any) -> Any:
        """Send a mutation with its `input`; user errors are refusals, too."""
        return _changed(operation, await self.call(operation, input=given))

    async def upload(self, operation: str, content: bytes, **given: Any) -> Any:
        """Send a mutation that takes a file, in the one shape that a phone can send: fields first, file last."""
        operations = {
            "documentId": self._ids[operation],
            "variables": {"input": {**given, "file": None}},
        }
        answer = await self._http.post(
            f"{self._url}/graphql",
            data={"operations": orjson.dumps(operations).decode(), "map": '{"file": ["variables.input.file"]}'},
            files={"file": ("photo.jpg", content, "image/jpeg")},
        )
        return _changed(operation, _root_value(operation, answer.json()))

    @asynccontextmanager
    async def subscribe(self, operation: str, **variables: Any) -> AsyncIterator[AsyncIterator[Any]]:
        """Follow a registered subscription over one socket; gives the values of its root field as they come."""
        url = self._url.replace("http", "ws", 1) + "/graphql"
        async with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, proxy=None) as socket:
            await socket.send(orjson.dumps({"type": "connection_init", "payload": self._credential()}).decode())
            if orjson.loads(await socket.recv())["type"] != "connection_ack":
                raise ApiRefused(operation, ["UNAUTHENTICATED"], "the socket was not acknowledged")
            payload = {"documentId": self._ids[operation], "variables": variables}
            await socket.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": payload}).decode())

            async def values() -> AsyncIterator[Any]:
                async for text in socket:
                    message = orjson.loads(text)
                    if message["type"] == "next":
                        yield _root_value(operation, message["payload"])
                    elif message["type"] == "error":
                        raise _refused(operation, message["payload"])
                    elif message["type"] == "complete":
                        return

            yield values()


def _root_value(operation: str, answer: Mapping[str, Any]) -> Any:
    if answer.get("errors"):
        raise _refused(operation, answer["errors"])
    (value,) = answer["data"].values()
    return value


def _changed(operation: str, payload: Mapping[str, Any]) -> Any:
    errors = payload["userErrors"]
    if errors:
        raise ApiRefused(operation, [error["code"] for error in errors], errors[0]["message"])
    (changed,) = (value for name, value in payload.items() if name != "userErrors")
    return changed


def _refused(operation: str, errors: list[Mapping[str, Any]]) -> ApiRefused:
    codes = [error.get("extensions", {}).get("code", "UNKNOWN") for error in errors]
    return ApiRefused(operation, codes, errors[0]["message"])
