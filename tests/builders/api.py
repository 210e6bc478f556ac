"""Our API in this process: what is sent goes through its real endpoints, as the operations that clients have."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import httpx2
import orjson
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from backend.accounts import Viewer, open_session
from backend.app import CONTRACT
from backend.foundation.log_reader import LogReader
from backend.foundation.runtime import Runtime
from backend.messaging import Templates
from backend.messaging.messages import TemplateName
from schema.build import build_schema
from schema.common.access import translate
from schema.common.context import caller_id_of, context_opener
from schema.transport import DocumentStore, Transport
from tests.builders.everything import everything_in_database
from tests.builders.mini_program import PlayedMiniProgram

_numbers = itertools.count()


@cache
def the_schema() -> strawberry.Schema:
    """Give the schema, built once: it holds nothing of a test."""
    return build_schema()


@cache
def the_documents() -> DocumentStore:
    """Give the operations of the contract."""
    return DocumentStore.load(CONTRACT)


def a_key() -> str:
    """Give an idempotency key that was never used."""
    return f"key-of-the-tests-{next(_numbers):06}"


def camel(name: str) -> str:
    """Give a name as the API writes it."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def pascal(name: str) -> str:
    """Give the name of an operation's document from the name of its resolver."""
    return "".join(part.capitalize() for part in name.split("_"))


def form_input(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give values of the form as `saveApplicationDraft` takes them."""
    return {camel(name): value for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the HTTP status and the decoded body."""

    status: int
    body: dict[str, Any]

    @property
    def codes(self) -> list[str]:
        """The codes of the top-level errors."""
        return [error["extensions"]["code"] for error in self.body.get("errors", [])]

    @property
    def value(self) -> Any:
        """The value of the one root field of an answer without errors."""
        assert not self.codes, self.body
        (value,) = self.body["data"].values()
        return value

    @property
    def user_errors(self) -> list[dict[str, Any]]:
        """The user errors of a mutation that did nothing."""
        payload = dict(self.value)
        errors: list[dict[str, Any]] = payload.pop("userErrors")
        assert not errors or set(payload.values()) == {None}, payload
        return errors

    @property
    def changed(self) -> Any:
        """The object of a mutation that was done."""
        payload = dict(self.value)
        assert payload.pop("userErrors") == [], self.body
        (changed,) = payload.values()
        return changed

    @property
    def outcome(self) -> str:
        """In one word: the first code of whatever refused it, NULL, or OK."""
        if self.codes:
            return self.codes[0]
        if self.value is None:
            return "NULL"
        if isinstance(self.value, dict) and self.value.get("userErrors"):
            code: str = self.value["userErrors"][0]["code"]
            return code
        return "OK"


@dataclass(frozen=True, slots=True)
class Client:
    """One caller with one token, or an anonymous one."""

    http: httpx2.AsyncClient
    token: str | None

    async def post(self, **request: Any) -> Answer:
        """Send a request body as it is given."""
        return _answer(await self.http.post("/graphql", json=request, headers=self._headers()))

    async def call(self, operation: str, **variables: Any) -> Answer:
        """Send the contract's document of an operation by its id."""
        return await self.post(documentId=the_documents().ids[operation], variables=variables)

    async def change(self, operation: str, **given: Any) -> Answer:
        """Send a mutation with its input; a key is made up unless one is given."""
        return await self.call(operation, input={"idempotencyKey": a_key(), **given})

    async def upload(self, content: bytes, operation: str = "UploadImage", **given: Any) -> Answer:
        """Send an upload as a phone does: fields first, the file last."""
        operations = {
            "documentId": the_documents().ids[operation],
            "variables": {"input": {"idempotencyKey": a_key(), **given, "file": None}},
        }
        answer = await self.http.post(
            "/graphql",
            data={"operations": orjson.dumps(operations).decode(), "map": '{"0": ["variables.input.file"]}'},
            files={"0": ("photo.jpg", content, "image/jpeg")},
            # Without a bearer a form could come from a foreign page, so it needs this header to be looked at.
            headers={**self._headers(), "GraphQL-Require-Preflight": "1"},
        )
        return _answer(answer)

    def _headers(self) -> dict[str, str]:
        accept = {"Accept": "application/graphql-response+json"}
        return accept if self.token is None else {**accept, "Authorization": f"Bearer {self.token}"}


def _answer(response: httpx2.Response) -> Answer:
    return Answer(response.status_code, response.json())


# Ids as WeChat gives them to templates.
SOME_TEMPLATES: Final = Templates(
    {name: f"subscribe-{name.lower()}" for name in TemplateName},
    {name: f"template-{name.lower()}" for name in TemplateName},
)


class Api:
    """The API over one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.log_reader = LogReader(runtime.bus, runtime.snapshots)
        self.mini_program = PlayedMiniProgram()
        self.templates = SOME_TEMPLATES
        self.transport = Transport(
            the_schema(),
            open_context=context_opener(runtime, self.log_reader, self.mini_program, self.templates),
            documents=the_documents(),
            translate=translate,
            identify=caller_id_of,
        )
        self.web: Final = Starlette(
            routes=[Route("/graphql", self.transport.http), WebSocketRoute("/graphql", self.transport.websocket)]
        )
        self._http = httpx2.AsyncClient(transport=httpx2.ASGITransport(self.web), base_url="http://api")

    def with_token(self, token: str | None) -> Client:
        """Give a caller that sends this token, or none."""
        return Client(self._http, token)

    async def client(self, viewer: Viewer) -> Client:
        """Give a caller with a new session of this person."""
        return self.with_token(await open_session(self.runtime, viewer.id))

    async def close(self) -> None:
        """Close what it holds."""
        await self._http.aclose()


@asynccontextmanager
async def nothing_written() -> AsyncIterator[None]:
    """Assert that what happens in the block leaves every row of the database as it was."""
    before = await everything_in_database()
    yield
    assert await everything_in_database() == before
