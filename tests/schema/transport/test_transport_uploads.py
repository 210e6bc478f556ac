"""Multipart uploads: one file, in any order, within bounds."""

import json
from typing import Any

import httpx2
import pytest

from schema.transport import Limits, Transport
from tests.schema.transport.small_schema import SCHEMA, Contexts

UPLOAD = "mutation($input: Photo!) {upload(input: $input)}"
OPERATIONS = {"query": UPLOAD, "variables": {"input": {"file": None}}}
MAP = {"0": ["variables.input.file"]}
FILE = ('name="0"; filename="shop.jpg"', b"\xff\xd8\r\n--data")

Part = tuple[str, bytes]


def field(name: str, value: object) -> Part:
    """A text part."""
    return f'name="{name}"', value if isinstance(value, bytes) else json.dumps(value).encode()


def body_of(*parts: Part, end: bytes = b"--edge--\r\n") -> bytes:
    """The bytes of a form."""
    written = [
        b"--edge\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    ]
    return b"".join(written) + end


async def send(
    body: bytes,
    limits: Limits | None = None,
    content_type: str = "multipart/form-data; boundary=edge",
    headers: dict[str, str] | None = None,
) -> httpx2.Response:
    """Posts a form with a credential."""
    transport = Transport(SCHEMA, open_context=Contexts().open, limits=limits)
    sent = {"content-type": content_type, "authorization": "Bearer good", **(headers or {})}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(transport.http), base_url="http://api") as client:
        return await client.post("/graphql", content=body, headers={k: v for k, v in sent.items() if v})


LIST_OPERATIONS = {"query": UPLOAD, "variables": {"input": {"files": [None, None]}}}
ACCEPTED: list[tuple[str, list[Part], list[str]]] = [
    ("as the specification orders", [field("operations", OPERATIONS), field("map", MAP), FILE], ["shop.jpg:10"]),
    ("file first", [FILE, field("map", MAP), field("operations", OPERATIONS)], ["shop.jpg:10"]),
    ("other fields", [field("operations", OPERATIONS), field("user", b"x"), field("map", MAP), FILE], ["shop.jpg:10"]),
    (
        "a path into a list",
        [field("operations", LIST_OPERATIONS), field("map", {"0": ["variables.input.files.1"]}), FILE],
        ["shop.jpg:10"],
    ),
    (
        "one file at two places",
        [
            field("operations", LIST_OPERATIONS),
            field("map", {"0": ["variables.input.files.0", "variables.input.files.1"]}),
            FILE,
        ],
        ["shop.jpg:10", "shop.jpg:10"],
    ),
    (
        "a Chinese name, no content",
        [field("operations", OPERATIONS), field("map", MAP), ('name="0"; filename="门头.jpg"', b"")],
        ["门头.jpg:0"],
    ),
    (
        "a file key that phones choose",
        [
            field("operations", OPERATIONS),
            field("map", {"file": ["variables.input.file"]}),
            ('name="file"; filename=""', b"abc"),
        ],
        [":3"],
    ),
]


@pytest.mark.parametrize(("parts", "files"), [case[1:] for case in ACCEPTED], ids=[case[0] for case in ACCEPTED])
async def test_a_file_reaches_its_variable(parts: list[Part], files: list[str]) -> None:
    """The file arrives under its name with all its bytes, whatever the order of the parts."""
    answer = await send(body_of(*parts))
    assert (answer.status_code, answer.json()) == (200, {"data": {"upload": files}})


def mapped(value: object) -> list[Part]:
    """A form whose only fault may be its map."""
    return [field("operations", OPERATIONS), field("map", value), FILE]


def operated(value: object) -> list[Part]:
    """A form whose only fault may be its operations."""
    return [field("operations", value), field("map", MAP), FILE]


REFUSED: list[tuple[str, list[Part]]] = [
    ("no parts", []),
    ("no operations", [field("map", MAP), FILE]),
    ("no map", [field("operations", OPERATIONS), FILE]),
    ("no file", [field("operations", OPERATIONS), field("map", MAP)]),
    ("text where a file is meant", [field("operations", OPERATIONS), field("map", MAP), field("0", b"x")]),
    ("operations as a file", [('name="operations"; filename="a"', json.dumps(OPERATIONS).encode())]),
    ("two files", [*mapped(MAP), ('name="1"; filename="b"', b"x")]),
    ("the same file twice", [*mapped(MAP), FILE]),
    ("operations twice", [*mapped(MAP), field("operations", OPERATIONS)]),
    ("too many fields", [*mapped(MAP), *(field(f"x{number}", b"") for number in range(6))]),
    ("operations not JSON", operated(b"{")),
    ("operations not UTF-8", operated(b'"\xff"')),
    ("operations null", operated(None)),
    ("operations a batch", operated([OPERATIONS])),
    ("operations without a document", operated({"variables": {}})),
    ("operations without variables", operated({"query": UPLOAD})),
    ("variables a list", operated({"query": UPLOAD, "variables": [None]})),
    ("value not null", operated({"query": UPLOAD, "variables": {"input": {"file": "x"}}})),
    ("value absent", operated({"query": UPLOAD, "variables": {"input": {}}})),
    ("holder null", operated({"query": UPLOAD, "variables": {"input": None}})),
    ("holder a string", operated({"query": UPLOAD, "variables": {"input": "file"}})),
    ("map not JSON", mapped(b"0")),
    ("map broken", mapped(b"{")),
    ("map a list", mapped([["variables.input.file"]])),
    ("map empty", mapped({})),
    ("map with two files", mapped({"0": ["variables.input.file"], "1": ["variables.input.file"]})),
    ("paths a string", mapped({"0": "variables.input.file"})),
    ("paths empty", mapped({"0": []})),
    ("paths with a number", mapped({"0": [1]})),
    ("path twice", mapped({"0": ["variables.input.file", "variables.input.file"]})),
    ("another key", mapped({"1": ["variables.input.file"]})),
    ("key of a text field", mapped({"map": ["variables.input.file"]})),
    ("path outside variables", mapped({"0": ["query"]})),
    ("path to all variables", mapped({"0": ["variables"]})),
    ("empty path", mapped({"0": [""]})),
    ("batch path", mapped({"0": ["0.variables.input.file"]})),
    ("path with an empty step", mapped({"0": ["variables..file"]})),
    ("path to an object", mapped({"0": ["variables.input"]})),
    ("path too deep", mapped({"0": ["variables.input.file.x"]})),
    (
        "index too large",
        [field("operations", LIST_OPERATIONS), field("map", {"0": ["variables.input.files.2"]}), FILE],
    ),
    (
        "index negative",
        [field("operations", LIST_OPERATIONS), field("map", {"0": ["variables.input.files.-1"]}), FILE],
    ),
    (
        "a file for a text",
        [
            field("operations", {"query": "mutation($n: String!) {save(name: $n)}", "variables": {"n": None}}),
            field("map", {"0": ["variables.n"]}),
            FILE,
        ],
    ),
    ("a part without a name", [*mapped(MAP), ('filename="x"', b"")]),
]


@pytest.mark.parametrize("parts", [case[1] for case in REFUSED], ids=[case[0] for case in REFUSED])
async def test_malformed_forms_are_refused(parts: list[Part]) -> None:
    """Every malformed form is a 400 with a sentence; nothing of the file is quoted."""
    answer = await send(body_of(*parts))
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert error["message"]
    assert "shop.jpg" not in answer.text


WHOLE = body_of(*mapped(MAP))


EDGE = "multipart/form-data; boundary=edge"
HEADER = b"Content-Disposition"
BROKEN: list[tuple[str, bytes, str]] = [
    ("empty", b"", EDGE),
    ("text", b"x", EDGE),
    ("no boundary", WHOLE, "multipart/form-data"),
    ("empty boundary", WHOLE, "multipart/form-data; boundary="),
    ("wrong boundary", WHOLE, "multipart/form-data; boundary=other"),
    ("long boundary", WHOLE, "multipart/form-data; boundary=" + "x" * 300),
    ("cut off", WHOLE[:-12], EDGE),
    ("attachment", WHOLE.replace(b'form-data; name="map"', b'attachment; name="map"'), EDGE),
    ("no disposition", WHOLE.replace(HEADER, b"X-Other"), EDGE),
    ("long header", WHOLE.replace(HEADER, b"X" * 9000), EDGE),
    ("many headers", WHOLE.replace(HEADER, b"a: b\r\n" * 20 + HEADER), EDGE),
]


@pytest.mark.parametrize(("body", "content_type"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
async def test_broken_framing_is_refused(body: bytes, content_type: str) -> None:
    """A body that is no complete form is a 400, never a half-read upload."""
    answer = await send(body, content_type=content_type)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([*mapped(MAP)[:2], ('name="0"; filename="a"', b"x" * 1000)], 200),
        ([*mapped(MAP)[:2], ('name="0"; filename="a"', b"x" * 1001)], 413),
        ([field("operations", {**OPERATIONS, "x": "x" * 500}), *mapped(MAP)[1:]], 413),
        ([field("x", b"x" * 501), *mapped(MAP)], 413),
        ([field(f"x{number}", b"x" * 500) for number in range(5)], 413),
    ],
    ids=["file at the limit", "file over it", "operations too large", "field too large", "sum too large"],
)
async def test_each_part_and_the_sum_are_bounded(parts: list[Part], status: int) -> None:
    """The limits hold for each part and for all together, while the body is read."""
    limits = Limits(upload_file_bytes=1000, json_body_bytes=500, upload_overhead_bytes=500)
    answer = await send(body_of(*parts), limits=limits)
    assert answer.status_code == status


async def test_a_stranger_is_turned_away_before_the_body_is_read() -> None:
    """Without a valid credential not one byte of the file is taken in."""
    transport = Transport(SCHEMA, open_context=Contexts().open)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    async def remember(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"multipart/form-data; boundary=edge"), (b"authorization", b"Bearer bad")]
    await transport.http({"type": "http", "method": "POST", "headers": headers}, receive, remember)
    assert sent[0]["status"] == 401


@pytest.mark.parametrize(
    ("authorization", "preflight", "status"),
    [("", "", 403), ("", "1", 200), ("Bearer good", "", 200)],
)
async def test_a_form_of_a_foreign_page_is_refused(authorization: str, preflight: str, status: int) -> None:
    """A form needs a header that another site's page cannot send."""
    answer = await send(WHOLE, headers={"authorization": authorization, "graphql-require-preflight": preflight})
    assert answer.status_code == status


async def test_a_file_cannot_be_sent_as_json() -> None:
    """In a JSON body there are no files: a string in their place is a request error."""
    transport = Transport(SCHEMA, open_context=Contexts().open)
    body = {"query": UPLOAD, "variables": {"input": {"file": "x"}}}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(transport.http), base_url="http://api") as client:
        answer = await client.post("/graphql", json=body)
    assert (answer.status_code, "data" in answer.json()) == (400, False)
