"""POST /graphql: media types, status codes, bodies, errors."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
import strawberry
import structlog
from strawberry.extensions import SchemaExtension

from schema.transport import Limits, Transport
from tests.schema.transport.small_schema import SCHEMA, SECRET, Contexts, translate

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture
def contexts() -> Contexts:
    """What the operations of one test share."""
    return Contexts()


@pytest.fixture
async def client(contexts: Contexts) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of an endpoint with the default limits."""
    async with connected(Transport(SCHEMA, open_context=contexts.open, translate=translate)) as client:
        yield client


def connected(transport: Transport) -> httpx2.AsyncClient:
    """A client that calls the endpoint in process."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(transport.http), base_url="http://api")


async def post(client: httpx2.AsyncClient, body: Any, accept: str = GRAPHQL, **headers: str) -> httpx2.Response:
    """Sends a JSON body."""
    sent = {"accept": accept, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.post("/graphql", json=body, headers=sent)


@pytest.mark.parametrize(
    ("accept", "media", "request_error_status"),
    [
        (GRAPHQL, GRAPHQL, 400),
        (JSON, JSON, 200),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL, 400),
        (f"{JSON}, {GRAPHQL};q=0.1", JSON, 200),
        (f"{JSON}, {GRAPHQL}", GRAPHQL, 400),
        ("application/json, text/plain, */*", JSON, 200),
        (f"{GRAPHQL};charset=utf-8", GRAPHQL, 400),
        ("*/*", JSON, 400),
        ("application/*", JSON, 400),
        ("", JSON, 400),
        (f"{GRAPHQL};q=0, */*;q=0.5", JSON, 400),
        (f"text/html, {JSON};q=oops, */*;q=0.1", JSON, 400),
    ],
)
async def test_answers_in_the_media_type_asked_for(
    client: httpx2.AsyncClient, accept: str, media: str, request_error_status: int
) -> None:
    """Success is 200 in each type; a request error has the status that clients of this type expect."""
    good = await post(client, {"query": "{hello}"}, accept)
    assert (good.status_code, good.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert good.json() == {"data": {"hello": "你好"}}
    bad = await post(client, {"query": "{hello"}, accept)
    assert (bad.status_code, bad.headers["content-type"]) == (request_error_status, f"{media}; charset=utf-8")


@pytest.mark.parametrize("accept", ["text/html", "image/*", f"{JSON};q=0", f"{JSON};charset=gbk"])
async def test_refuses_other_media_types(client: httpx2.AsyncClient, accept: str) -> None:
    """What we cannot answer in is 406."""
    answer = await post(client, {"query": "{hello}"}, accept)
    assert (answer.status_code, code_of(answer)) == (406, "BAD_REQUEST")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_takes_post_only(client: httpx2.AsyncClient, method: str) -> None:
    """Other methods are 405 and say what is allowed."""
    answer = await client.request(method, "/graphql", params={"query": "{hello}"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


REQUEST_ERRORS: list[tuple[str, dict[str, Any], str]] = [
    ("syntax", {"query": "{hello"}, "BAD_REQUEST"),
    ("empty document", {"query": ""}, "BAD_REQUEST"),
    ("no document", {}, "BAD_REQUEST"),
    ("typo in a member", {"qeury": "{hello}"}, "BAD_REQUEST"),
    ("null document", {"query": None}, "BAD_REQUEST"),
    ("number as document", {"query": 1}, "BAD_REQUEST"),
    ("list as document", {"query": ["{hello}"]}, "BAD_REQUEST"),
    ("two documents", {"query": "{hello}", "documentId": "sha256:" + "0" * 64}, "BAD_REQUEST"),
    ("document id of another shape", {"documentId": "0" * 64}, "BAD_REQUEST"),
    ("variables are a list", {"query": "{hello}", "variables": []}, "BAD_REQUEST"),
    ("variables are a string", {"query": "{hello}", "variables": "{}"}, "BAD_REQUEST"),
    ("operation name is an object", {"query": "{hello}", "operationName": {}}, "BAD_REQUEST"),
    ("extensions are false", {"query": "{hello}", "extensions": False}, "BAD_REQUEST"),
    ("unknown field", {"query": "{nothing}"}, "BAD_REQUEST"),
    ("unknown operation", {"query": "query A {hello}", "operationName": "B"}, "BAD_REQUEST"),
    ("ambiguous operation", {"query": "query A {hello} query B {hello}"}, "BAD_REQUEST"),
    ("no operation", {"query": "fragment F on Query {hello}"}, "BAD_REQUEST"),
    ("missing variable", {"query": "query($n: String!) {owner(owner: {name: $n, age: 1})}"}, "BAD_REQUEST"),
    ("subscription", {"query": "subscription {count(to: 1)}"}, "BAD_REQUEST"),
    ("too many tokens", {"query": "{" + "hello " * 1500 + "}"}, "LIMIT_EXCEEDED"),
    ("too many comments", {"query": "#\n" * 1501 + "{hello}"}, "LIMIT_EXCEEDED"),
    ("deep document", {"query": "{a" * 700 + "}" * 700}, "BAD_REQUEST"),
]


@pytest.mark.parametrize(
    ("body", "code"), [case[1:] for case in REQUEST_ERRORS], ids=[case[0] for case in REQUEST_ERRORS]
)
async def test_request_errors_have_no_data(client: httpx2.AsyncClient, body: dict[str, Any], code: str) -> None:
    """An operation that did not run is 400 for the GraphQL type, 200 for plain JSON, and never has `data`."""
    for accept, status in ((GRAPHQL, 400), (JSON, 200)):
        answer = await post(client, body, accept)
        assert (answer.status_code, code_of(answer)) == (status, code)
        assert "data" not in answer.json()


RAW_BODIES: list[tuple[str, bytes, str, int]] = [
    ("empty", b"", JSON, 400),
    ("not JSON", b'{"query"', JSON, 400),
    ("null", b"null", JSON, 400),
    ("number", b"1", JSON, 400),
    ("string", b'"{hello}"', JSON, 400),
    ("batch", b'[{"query":"{hello}"}]', JSON, 400),
    ("NaN", b'{"query":"{hello}","variables":{"a":NaN}}', JSON, 400),
    ("infinity", b'{"query":"{hello}","variables":{"a":1e999}}', JSON, 400),
    ("invalid UTF-8", b'{"query":"{hello} #\xff"}', JSON, 400),
    ("lone surrogate", b'{"query":"{hello} #\\ud800"}', JSON, 400),
    ("deep", b'{"variables":' + b"[" * 15_000, JSON, 400),
    ("deep and closed", b'{"query":"{hello}","variables":{"a":' + b"[" * 9_000 + b"]" * 9_000 + b"}}", JSON, 400),
    ("too large", b'{"query":"{hello}","x":"' + b"x" * 32_768 + b'"}', JSON, 413),
    ("form", b"query={hello}", "application/x-www-form-urlencoded", 415),
    ("document as body", b"{hello}", "application/graphql", 415),
    ("text", b'{"query":"{hello}"}', "text/plain", 415),
    ("other charset", b'{"query":"{hello}"}', "application/json; charset=gbk", 415),
    ("no type", b'{"query":"{hello}"}', "", 415),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status"), [case[1:] for case in RAW_BODIES], ids=[case[0] for case in RAW_BODIES]
)
@pytest.mark.parametrize("accept", [GRAPHQL, JSON])
async def test_any_body_gets_a_clear_refusal(
    client: httpx2.AsyncClient, body: bytes, content_type: str, status: int, accept: str
) -> None:
    """A body that is no request is a 4xx with code and trace id in every media type."""
    answer = await client.post("/graphql", content=body, headers={"accept": accept, "content-type": content_type})
    assert (answer.status_code, code_of(answer)) == (status, "LIMIT_EXCEEDED" if status == 413 else "BAD_REQUEST")


async def test_counts_the_bytes_as_they_arrive(client: httpx2.AsyncClient) -> None:
    """A body without length is cut off at the limit: no more of it is asked for."""
    asked: list[int] = []

    async def large() -> AsyncIterator[bytes]:
        for number in range(1000):
            asked.append(number)
            yield b" " * 4096

    answer = await client.post("/graphql", content=large(), headers={"content-type": JSON})
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert len(asked) <= 10


async def test_a_slow_body_ends(contexts: Contexts) -> None:
    """A body that does not arrive in time is 408."""
    transport = Transport(SCHEMA, open_context=contexts.open, limits=Limits(body_seconds=0.01))
    sent: list[dict[str, Any]] = []
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}])

    async def receive() -> dict[str, Any]:
        for part in parts:
            return part
        await contexts.stream_running.wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    await transport.http(scope, receive, send)
    assert sent[0]["status"] == 408
    assert contexts.opened[0].closed


async def test_a_client_that_leaves_gets_nothing(contexts: Contexts) -> None:
    """A disconnect in the middle of the body ends the request without an answer, and its context is closed."""
    transport = Transport(SCHEMA, open_context=contexts.open)
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    await transport.http(scope, receive, send)
    assert sent == []
    assert [context.closed for context in contexts.opened] == [True]


async def test_unknown_members_and_nulls_are_ignored(client: httpx2.AsyncClient) -> None:
    """Members that are not ours, and null members, change nothing."""
    body = {"query": "{hello}", "variables": None, "operationName": None, "extensions": None, "later": {"a": 1}}
    answer = await post(client, body)
    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "你好"}})


@pytest.mark.parametrize(
    ("authorization", "status", "code"),
    [
        ("Bearer good", 200, None),
        ("Bearer bad", 401, "UNAUTHENTICATED"),
        ("Basic x", 401, "UNAUTHENTICATED"),
        ("Bearer busy", 429, "RATE_LIMITED"),
        ("Bearer broken", 500, "INTERNAL"),
    ],
)
async def test_the_credential_is_judged_first(
    client: httpx2.AsyncClient, authorization: str, status: int, code: str | None
) -> None:
    """A credential that is present and not valid ends the request, before its body counts."""
    good = await post(client, {"query": "{hello}"}, JSON, authorization=authorization)
    assert good.status_code == status
    if code is None:
        return
    bad = await client.post("/graphql", content=b"{", headers={"authorization": authorization, "content-type": JSON})
    assert (bad.status_code, code_of(bad)) == (status, code)
    assert ("www-authenticate" in bad.headers, bad.headers.get("retry-after")) == (
        status == 401,
        "7" if status == 429 else None,
    )
    assert SECRET not in bad.text


async def test_every_answer_carries_its_headers(client: httpx2.AsyncClient) -> None:
    """Good or bad, an answer is not stored, varies by Accept, and has a trace id of its own."""
    answers = [
        await post(client, {"query": "{hello}"}),
        await post(client, {"query": "{"}),
        await client.get("/graphql"),
        await post(client, {"query": "{hello}"}, "text/html"),
        await post(client, {"query": "{hello}"}, authorization="Bearer bad"),
    ]
    for answer in answers:
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("no-store", "Accept")
    assert len({answer.headers["x-trace-id"] for answer in answers}) == len(answers)


@pytest.mark.parametrize(
    ("field", "code", "logged"),
    [("crash", "INTERNAL", 1), ("hidden", "FORBIDDEN", 0), ("gone", "NOT_FOUND", 0), ("huge", "INTERNAL", 1)],
)
async def test_field_errors_are_masked_and_logged_once(
    client: httpx2.AsyncClient, field: str, code: str, logged: int
) -> None:
    """Partial success is 200; only known errors keep their code; logs name the operation but quote no value."""
    with structlog.testing.capture_logs() as logs:
        answer = await post(client, {"query": f'query Q {{hello {field} owner(owner: {{name: "王", age: 1}})}}'})
    [error] = answer.json()["errors"]
    assert answer.status_code == 200
    assert error["extensions"]["code"] == code
    assert error["extensions"]["traceId"] == answer.headers["x-trace-id"]
    assert SECRET not in answer.text
    assert [(log["event"], log["operation_name"]) for log in logs] == [("graphql.unexpected_error", "Q")] * logged
    assert SECRET not in repr(logs)
    assert "王" not in repr(logs)


async def test_the_path_of_a_field_error_stays(client: httpx2.AsyncClient) -> None:
    """A masked error still says which field failed, beside the data that came."""
    answer = await post(client, {"query": "{hello c: crash}"})
    assert answer.json()["data"] == {"hello": "你好", "c": None}
    assert answer.json()["errors"][0]["path"] == ["c"]


@pytest.mark.parametrize(
    ("owner", "place"),
    [
        ({"name": "王", "age": SECRET}, ".age"),
        ({"name": [SECRET], "age": 1}, ".name"),
        ({"name": "王", "age": 1, "other": SECRET}, "Owner!"),
        ({"name": SECRET}, "Owner!"),
        (SECRET, "Owner!"),
    ],
)
async def test_wrong_variables_are_not_quoted(client: httpx2.AsyncClient, owner: object, place: str) -> None:
    """The refusal says which variable, where and which type, but not what was sent."""
    answer = await post(client, {"query": "query($o: Owner!) {owner(owner: $o)}", "variables": {"o": owner}})
    assert (answer.status_code, code_of(answer)) == (400, "BAD_REQUEST")
    message = answer.json()["errors"][0]["message"]
    assert "$o" in message
    assert place in message
    assert SECRET not in answer.text


async def test_a_null_for_an_argument_with_a_default_is_the_callers_mistake(client: httpx2.AsyncClient) -> None:
    """What graphql-core finds out only while executing is not our failure: no log, no INTERNAL."""
    with structlog.testing.capture_logs() as logs:
        answer = await post(client, {"query": "query($n: Int) {page(first: $n)}", "variables": {"n": None}})
    assert code_of(answer) == "BAD_REQUEST"
    assert logs == []


async def test_a_list_of_errors_is_bounded(client: httpx2.AsyncClient) -> None:
    """However many fields fail, an answer holds twenty errors."""
    fields = " ".join(f"f{number}: hidden" for number in range(50))
    answer = await post(client, {"query": f"{{{fields}}}"})
    assert len(answer.json()["errors"]) == 20
    wrong = " ".join(f"wrong{number}" for number in range(50))
    refused = await post(client, {"query": f"{{{wrong}}}"})
    assert len(refused.json()["errors"]) <= 21


@pytest.mark.parametrize(("introspection", "status"), [(True, 200), (False, 400)])
async def test_introspection_is_a_switch(contexts: Contexts, introspection: bool, status: int) -> None:
    """Without introspection the schema is not told, neither by query nor by suggestion; `__typename` still works."""
    async with connected(Transport(SCHEMA, open_context=contexts.open, introspection=introspection)) as client:
        for document in ("{__schema {types {name}}}", '{__type(name: "Query") {name}}'):
            assert (await post(client, {"query": document})).status_code == status
        assert (await post(client, {"query": "{__typename}"})).json() == {"data": {"__typename": "Query"}}
        typo = await post(client, {"query": "{helo}"})
        assert ("hello" in typo.text) is introspection


async def test_each_request_has_a_context_that_is_closed(client: httpx2.AsyncClient, contexts: Contexts) -> None:
    """Two requests never share a context, and none stays open, whether it worked or not."""
    for query in ("{contextNumber}", "{contextNumber}", "{crash}", "{"):
        await post(client, {"query": query}, authorization="Bearer good")
    assert [context.closed for context in contexts.opened] == [True] * 4
    assert [context.caller.client_host for context in contexts.opened] == ["127.0.0.1"] * 4
    assert "Bearer" not in repr(contexts.opened)


@strawberry.type
class Bare:
    """The least that a schema needs."""

    hello: str


async def test_schema_extensions_are_refused(contexts: Contexts) -> None:
    """An extension that would silently not run is an error at start."""
    with pytest.raises(ValueError, match="extensions"):
        Transport(strawberry.Schema(Bare, extensions=[SchemaExtension]), open_context=contexts.open)


def code_of(answer: httpx2.Response) -> str:
    """The code of the first error, whose trace id must be that of the answer."""
    extensions = answer.json()["errors"][0]["extensions"]
    assert extensions["traceId"] == answer.headers["x-trace-id"]
    return str(extensions["code"])
