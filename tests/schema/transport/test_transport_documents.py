"""Registered documents: the manifest, and what they allow."""

import hashlib
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from schema.transport import DocumentStore, Transport, write_manifest
from tests.schema.transport.small_schema import SCHEMA, Contexts

HELLO = "# 你好\nquery Hello {\n  hello\n}\n"
PAGE = "query Page($first: Int! = 5) {\n  page(first: $first)\n}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two operations and their manifest."""
    (tmp_path / "operations").mkdir()
    (tmp_path / "operations" / "hello.graphql").write_text(HELLO, encoding="utf-8")
    (tmp_path / "operations" / "page.graphql").write_text(PAGE, encoding="utf-8")
    write_manifest(tmp_path)
    return tmp_path


def test_the_manifest_names_file_and_hash(folder: Path) -> None:
    """The hash is over the bytes of the file, and writing again changes nothing."""
    written = (folder / "manifest.json").read_bytes()
    assert orjson.loads(written) == {
        "Hello": {"file": "hello.graphql", "sha256": hashlib.sha256(HELLO.encode()).hexdigest()},
        "Page": {"file": "page.graphql", "sha256": hashlib.sha256(PAGE.encode()).hexdigest()},
    }
    write_manifest(folder)
    assert (folder / "manifest.json").read_bytes() == written


@pytest.mark.parametrize(
    "text",
    ["{hello}", "query A {hello} query B {hello}", "fragment F on Query {hello}", "query {", "query Hello {hello}"],
    ids=["anonymous", "two operations", "no operation", "syntax", "name taken"],
)
def test_a_file_holds_one_operation(folder: Path, text: str) -> None:
    """Writing the manifest names the file that cannot be registered, and leaves the old manifest."""
    before = (folder / "manifest.json").read_bytes()
    (folder / "operations" / "wrong.graphql").write_text(text)
    with pytest.raises(ValueError, match=r"wrong\.graphql"):
        write_manifest(folder)
    assert (folder / "manifest.json").read_bytes() == before


def test_a_folder_that_differs_from_its_manifest_is_refused(folder: Path) -> None:
    """A changed, an unlisted and a missing file are each named."""
    (folder / "operations" / "page.graphql").write_text(PAGE + " ")
    with pytest.raises(ValueError, match=r"page\.graphql was changed"):
        DocumentStore.load(folder)
    (folder / "operations" / "page.graphql").unlink()
    with pytest.raises(ValueError, match=r"page\.graphql"):
        DocumentStore.load(folder)
    write_manifest(folder)
    (folder / "operations" / "new.graphql").write_text("query New {hello}")
    with pytest.raises(ValueError, match=r"new\.graphql"):
        DocumentStore.load(folder)


def test_a_document_that_does_not_fit_the_schema_is_refused_at_start(folder: Path) -> None:
    """The server does not start with an operation that could never run."""
    (folder / "operations" / "gone.graphql").write_text("query Gone {helo}")
    write_manifest(folder)
    with pytest.raises(ValueError, match="Gone"):
        Transport(SCHEMA, open_context=Contexts().open, documents=DocumentStore.load(folder))


async def answer(folder: Path, body: dict[str, Any], authorization: str | None = None) -> httpx2.Response:
    """One request to a server where free text needs a credential."""
    transport = Transport(
        SCHEMA,
        open_context=Contexts().open,
        documents=DocumentStore.load(folder),
        free_text=lambda context: context.caller.authorization is not None,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(transport.http), base_url="http://api") as client:
        headers = {"authorization": authorization} if authorization else {}
        return await client.post("/graphql", json=body, headers=headers)


async def test_documents_run_by_id(folder: Path) -> None:
    """An id stands for the text, with variables and operation name as usual."""
    store = DocumentStore.load(folder)
    hello = await answer(folder, {"documentId": store.ids["Hello"], "operationName": "Hello"})
    assert (hello.status_code, hello.json()) == (200, {"data": {"hello": "你好"}})
    page = await answer(folder, {"documentId": store.ids["Page"], "variables": {"first": 7}})
    assert page.json() == {"data": {"page": 7}}


@pytest.mark.parametrize(
    ("body", "authorization", "status"),
    [
        ({"query": HELLO}, None, 400),
        ({"query": HELLO}, "Bearer good", 200),
        ({"documentId": "sha256:" + "0" * 64}, None, 400),
        ({"documentId": "sha256:" + "0" * 64}, "Bearer good", 400),
    ],
)
async def test_free_text_hangs_on_the_caller(
    folder: Path, body: dict[str, str], authorization: str | None, status: int
) -> None:
    """Free text, even that of a registered document, needs a caller who may send it; unknown ids help nobody."""
    response = await answer(folder, body, authorization)
    assert response.status_code == status
    if status == 400:
        assert response.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"
