"""graphql-transport-ws under a real server."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from schema.transport import DocumentStore, Limits, Transport
from tests.schema.transport.small_schema import SCHEMA, SECRET, Contexts, translate

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
DOCUMENT_ID = "sha256:" + "a" * 64


class Served:
    """A transport behind uvicorn on a free port of loopback."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.contexts = Contexts()
        self.transport = Transport(
            SCHEMA,
            open_context=self.contexts.open,
            documents=DocumentStore({DOCUMENT_ID: "query Hello {hello}"}, {"Hello": DOCUMENT_ID}),
            limits=limits,
            translate=translate,
        )
        self.port = 0

    @asynccontextmanager
    async def client(
        self, *, init: bool = True, subprotocol: str | None = "graphql-transport-ws", **options: Any
    ) -> AsyncIterator[ClientConnection]:
        """A client socket, initialised unless told otherwise."""
        protocols = [Subprotocol(subprotocol)] if subprotocol else None
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=protocols, proxy=None, **options) as client:
            if init:
                await say(client, INIT)
                assert await hear(client) == ACK
            yield client


@asynccontextmanager
async def serving(limits: Limits | None = None) -> AsyncIterator[Served]:
    """Runs uvicorn as production does, but without its signal handlers."""
    served = Served(limits)
    routes = [Route("/graphql", served.transport.http), WebSocketRoute("/graphql", served.transport.websocket)]
    config = uvicorn.Config(
        Starlette(routes=routes),
        ws="websockets-sansio",
        ws_max_size=65536,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    listener = socket.create_server(("127.0.0.1", 0))
    served.port = listener.getsockname()[1]
    await server.startup(sockets=[listener])
    try:
        yield served
    finally:
        # Not uvicorn's own shutdown: it pauses for a tenth of a second, each time.
        await served.transport.drain()
        for asyncio_server in server.servers:
            asyncio_server.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        async with asyncio.timeout(5):
            await asyncio.gather(*server.server_state.tasks)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server with the default limits."""
    async with serving() as served:
        yield served


async def say(client: ClientConnection, *messages: Any) -> None:
    """Sends each message as JSON."""
    for message in messages:
        await client.send(json.dumps(message))


async def hear(client: ClientConnection) -> Any:
    """The next message; a test that waits for nothing fails instead of hanging."""
    async with asyncio.timeout(5):
        return json.loads(await client.recv())


async def closed(client: ClientConnection) -> tuple[int, str]:
    """Reads to the end; gives close code and reason."""
    async with asyncio.timeout(5):
        # Iteration ends silently on 1000 and 1001 only; wait_closed ends on any code.
        with suppress(ConnectionClosed):
            async for _ in client:
                continue
        await client.wait_closed()
    frame = client.protocol.close_rcvd
    assert frame is not None, "the connection broke without a close frame"
    return frame.code, frame.reason


def subscribe(query: str, operation_id: str = "1", **members: Any) -> dict[str, Any]:
    """A subscribe message."""
    return {"id": operation_id, "type": "subscribe", "payload": {"query": query, **members}}


def following(data: Any, operation_id: str = "1") -> dict[str, Any]:
    """A next message with data alone."""
    return {"id": operation_id, "type": "next", "payload": {"data": data}}


DONE = {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    ("message", "answers"),
    [
        (subscribe("{hello}"), [following({"hello": "你好"}), DONE]),
        (subscribe('mutation {save(name: "王")}'), [following({"save": "王"}), DONE]),
        (subscribe("subscription {count(to: 2)}"), [following({"count": 1}), following({"count": 2}), DONE]),
        (subscribe("subscription {count(to: 0)}"), [DONE]),
        (
            subscribe("query A {hello} query B($n: Int!) {page(first: $n)}", operationName="B", variables={"n": 3}),
            [following({"page": 3}), DONE],
        ),
        (
            {"id": "1", "type": "subscribe", "payload": {"documentId": DOCUMENT_ID}},
            [following({"hello": "你好"}), DONE],
        ),
        (subscribe("{hello}", extensions={"a": 1}, later=True, variables=None), [following({"hello": "你好"}), DONE]),
        ({"type": "ping"}, [{"type": "pong"}]),
        ({"type": "ping", "payload": None}, [{"type": "pong"}]),
        ({"type": "ping", "payload": {"a": 1}}, [{"type": "pong", "payload": {"a": 1}}]),
        ({"type": "pong"}, []),
        ({"type": "complete", "id": "never used"}, []),
    ],
)
async def test_messages_and_answers(served: Served, message: dict[str, Any], answers: list[dict[str, Any]]) -> None:
    """Each message brings exactly these answers; the pong at the end shows that nothing else came."""
    async with served.client() as client:
        await say(client, message)
        assert [await hear(client) for _ in answers] == answers
        await say(client, {"type": "ping", "payload": {"last": True}})
        assert await hear(client) == {"type": "pong", "payload": {"last": True}}


FAILING: list[tuple[str, str, str, bool]] = [
    ("{hello", "error", "BAD_REQUEST", False),
    ("{" + "x" * 5000, "error", "BAD_REQUEST", False),
    ("{nothing}", "error", "BAD_REQUEST", False),
    ("query($n: Int!) {page(first: $n)}", "error", "BAD_REQUEST", False),
    ("{" + "hello " * 1500 + "}", "error", "LIMIT_EXCEEDED", False),
    ("subscription {endsWith(error: FORBIDDEN)}", "error", "BAD_REQUEST", False),
    ('subscription {endsWith(error: "FORBIDDEN", first: false)}', "error", "FORBIDDEN", False),
    ('subscription {endsWith(error: "CRASH", first: false)}', "error", "INTERNAL", True),
    ("{crash}", "next", "INTERNAL", True),
    ("{gone}", "next", "NOT_FOUND", False),
]


@pytest.mark.parametrize(("query", "kind", "code", "logged"), FAILING)
async def test_a_failing_operation_leaves_the_socket_alive(
    served: Served, query: str, kind: str, code: str, logged: bool
) -> None:
    """What goes wrong in one operation is told to it, with code and trace id, and the next one works."""
    async with served.client() as client:
        with structlog.testing.capture_logs() as logs:
            await say(client, subscribe(query))
            message = await hear(client)
        errors = message["payload"] if kind == "error" else message["payload"]["errors"]
        assert (message["id"], message["type"], errors[0]["extensions"]["code"]) == ("1", kind, code)
        assert len(errors[0]["extensions"]["traceId"]) == 32
        assert SECRET not in repr(message) + repr(logs)
        assert len(logs) == logged
        if kind == "next":
            assert await hear(client) == DONE
        await say(client, subscribe("{hello}"))
        assert await hear(client) == following({"hello": "你好"})


async def test_an_error_in_the_middle_ends_the_operation_with_error(served: Served) -> None:
    """After events, a failing source is an `error`, so that a client can tell it from the end."""
    async with served.client() as client:
        await say(client, subscribe('subscription {endsWith(error: "NOT_FOUND")}'))
        assert await hear(client) == following({"endsWith": 1})
        message = await hear(client)
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_FOUND")


CLOSING: list[tuple[str, list[Any], int]] = [
    ("not JSON", ["{"], 4400),
    ("empty", [""], 4400),
    ("binary", [b'{"type":"connection_init"}'], 4400),
    ("list", ["[]"], 4400),
    ("null", ["null"], 4400),
    ("number", ["1"], 4400),
    ("string", ['"ping"'], 4400),
    ("lone surrogate", ['{"type":"ping","payload":{"a":"\\ud800"}}'], 4400),
    ("deep", ['{"type":"ping","payload":' + "[" * 30_000], 4400),
    ("no type", [{}], 4400),
    ("unknown type", [{"type": "start"}], 4400),
    ("type is a list", [{"type": ["ping"]}], 4400),
    ("type of a server", [ACK], 4400),
    ("ping with a list", [{"type": "ping", "payload": []}], 4400),
    ("pong with a string", [{"type": "pong", "payload": "x"}], 4400),
    ("init with a list", [{**INIT, "payload": []}], 4400),
    ("init with a number as credential", [{**INIT, "payload": {"authorization": 1}}], 4400),
    ("init with a bad credential", [{**INIT, "payload": {"authorization": "Bearer bad"}}], 4403),
    ("init refused with many words", [{**INIT, "payload": {"authorization": "Bearer wordy"}}], 4403),
    ("init while the lookup is broken", [{**INIT, "payload": {"authorization": "Bearer broken"}}], 1013),
    ("init while there is too much to do", [{**INIT, "payload": {"authorization": "Bearer busy"}}], 1013),
    ("two inits", [INIT, INIT], 4429),
    ("subscribe first", [subscribe("{hello}")], 4401),
    ("subscribe without id", [INIT, {"type": "subscribe", "payload": {"query": "{hello}"}}], 4400),
    ("subscribe with an empty id", [INIT, subscribe("{hello}", "")], 4400),
    ("subscribe with a long id", [INIT, subscribe("{hello}", "x" * 129)], 4400),
    ("subscribe with a number as id", [INIT, {**subscribe("{hello}"), "id": 1}], 4400),
    ("subscribe without payload", [INIT, {"id": "1", "type": "subscribe"}], 4400),
    ("subscribe without document", [INIT, {"id": "1", "type": "subscribe", "payload": {}}], 4400),
    ("subscribe with a number as document", [INIT, {"id": "1", "type": "subscribe", "payload": {"query": 1}}], 4400),
    ("subscribe with a list of variables", [INIT, subscribe("{hello}", variables=[])], 4400),
    ("complete without id", [INIT, {"type": "complete"}], 4400),
    ("id in use", [INIT, subscribe("subscription {endless}"), subscribe("{hello}")], 4409),
    ("session ended in the stream", [INIT, subscribe('subscription {endsWith(error: "UNAUTHENTICATED")}')], 4403),
    ("message too large", ["x" * 70_000], 1009),
]


@pytest.mark.parametrize(("frames", "code"), [case[1:] for case in CLOSING], ids=[case[0] for case in CLOSING])
async def test_close_codes(served: Served, frames: list[Any], code: int) -> None:
    """Each wrong conversation ends with its code and a short reason, and quotes nothing."""
    async with served.client(init=False) as client:
        for frame in frames:
            await client.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        received, reason = await closed(client)
    assert received == code
    assert len(reason.encode()) <= 123
    assert SECRET not in reason


@pytest.mark.parametrize("payload", [{}, {"payload": None}, {"payload": {}}, {"payload": {"other": 1}}])
async def test_the_init_payload_may_be_absent(served: Served, payload: dict[str, Any]) -> None:
    """Absent, null and empty payloads are an anonymous caller."""
    async with served.client(init=False) as client:
        await say(client, {**INIT, **payload})
        assert await hear(client) == ACK
    assert [context.caller.authorization for context in served.contexts.opened] == [None]


@pytest.mark.parametrize("subprotocol", [None, "graphql-ws"])
async def test_other_subprotocols_are_refused(served: Served, subprotocol: str | None) -> None:
    """Only graphql-transport-ws is spoken."""
    async with served.client(init=False, subprotocol=subprotocol) as client:
        assert (await closed(client))[0] == 4406


async def test_init_has_to_come_in_time() -> None:
    """A socket that stays silent, or only pings, is closed with 4408."""
    async with serving(Limits(init_seconds=0.05)) as served, served.client(init=False) as client:
        await say(client, {"type": "ping"})
        assert (await closed(client))[0] == 4408


async def test_a_socket_has_an_age() -> None:
    """A socket ends with a code on which clients connect again, its operations with it."""
    async with serving(Limits(socket_seconds=0.05)) as served, served.client() as client:
        await say(client, subscribe("subscription {endless}"))
        assert (await closed(client))[0] == 1001
        async with asyncio.timeout(5):
            await served.contexts.stream_closed.wait()


async def test_each_operation_has_its_own_context(served: Served) -> None:
    """Nothing is shared between operations of one socket; all carry its credential and their own trace id."""
    async with served.client(init=False) as client:
        await say(client, {**INIT, "payload": {"authorization": "Bearer good"}})
        assert await hear(client) == ACK
        for number in (1, 2):
            await say(client, subscribe("{contextNumber}"))
            assert await hear(client) == following({"contextNumber": number})
            assert await hear(client) == DONE
    opened = served.contexts.opened
    assert {context.caller.authorization for context in opened} == {"Bearer good"}
    assert len({context.caller.trace_id for context in opened}) == 3
    assert all(context.closed for context in opened)


async def test_a_session_that_ended_closes_the_socket_at_the_next_operation(served: Served) -> None:
    """The credential is judged anew for each operation."""
    async with served.client() as client:
        served.contexts.valid = False
        await say(client, subscribe("{hello}"))
        assert (await closed(client))[0] == 4403


async def test_complete_cancels_the_operation(served: Served) -> None:
    """The source is closed, nothing follows, a late complete is ignored, and the id is free again."""
    async with served.client() as client:
        await say(client, subscribe("subscription {endless}"))
        assert await hear(client) == following({"endless": 1})
        await served.contexts.stream_running.wait()
        await say(client, DONE)
        async with asyncio.timeout(5):
            await served.contexts.stream_closed.wait()
        await say(client, DONE, subscribe("{hello}"))
        assert await hear(client) == following({"hello": "你好"})


async def test_a_client_that_leaves_stops_its_operations(served: Served) -> None:
    """When the peer goes away its sources and contexts are closed."""
    async with served.client() as client:
        await say(client, subscribe("subscription {endless}"))
        assert await hear(client) == following({"endless": 1})
    async with asyncio.timeout(5):
        await served.contexts.stream_closed.wait()
    await served.transport.drain()
    assert all(context.closed for context in served.contexts.opened)


async def test_operations_of_a_socket_are_bounded(served: Served) -> None:
    """The twenty-first operation is refused alone; ending one makes room."""
    async with served.client() as client:
        for number in range(20):
            await say(client, subscribe("subscription {endless}", str(number)))
            assert await hear(client) == following({"endless": 1}, str(number))
        await say(client, subscribe("{hello}", "more"))
        refused = await hear(client)
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "LIMIT_EXCEEDED")
        await say(client, {"type": "complete", "id": "7"})
        async with asyncio.timeout(5):
            await served.contexts.stream_closed.wait()
        await say(client, subscribe("{hello}", "more"))
        assert await hear(client) == following({"hello": "你好"}, "more")


async def test_drain_closes_every_socket(served: Served) -> None:
    """All sockets end with 1012, their sources are closed, and a new socket is sent elsewhere."""
    async with served.client() as first, served.client(init=False) as second:
        await say(first, subscribe("subscription {endless}"))
        assert await hear(first) == following({"endless": 1})
        await served.transport.drain()
        assert served.contexts.stream_closed.is_set()
        assert [(await closed(client))[0] for client in (first, second)] == [1012, 1012]
    async with served.client(init=False) as late:
        assert (await closed(late))[0] == 1012


async def test_sockets_of_a_process_are_bounded() -> None:
    """One socket too many is told to try again later, until another has gone."""
    async with serving(Limits(sockets=1)) as served:
        async with served.client(), served.client(init=False) as second:
            assert (await closed(second))[0] == 1013
        await served.transport.drain()


async def test_a_slow_reader_stops_its_own_operations() -> None:
    """Events are made as they are taken: a reader that stops reading stops the source, not the memory."""
    async with serving(Limits(close_seconds=0.1)) as served:
        async with asyncio.timeout(10), served.client(max_queue=1, close_timeout=0.1) as client:
            await say(client, subscribe("subscription {flood}"))
            made = -1
            while made != served.contexts.events_made:
                made = served.contexts.events_made
                # A whole other operation fits in between: the source had every chance to go on.
                async with served.client() as other:
                    await say(other, subscribe("{hello}"))
                    assert await hear(other) == following({"hello": "你好"})
            for _ in range(made):
                await hear(client)
            assert served.contexts.events_made > made
        async with asyncio.timeout(5):
            await served.contexts.stream_closed.wait()
