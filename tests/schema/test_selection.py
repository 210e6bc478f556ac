"""What is asked is what is read: aliases, fragments, directives, and one statement for each relation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from backend.accounts import Viewer
from backend.foundation.database import connection
from backend.foundation.runtime import Runtime
from tests.builders.api import Api
from tests.schema import cases


@contextmanager
def _statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the statements that the block sends to the database."""
    sent: list[str] = []
    client = connection()
    real = {name: getattr(client, name) for name in ("execute_query", "execute_query_dict")}

    def noting(name: str) -> Any:
        async def note(query: str, *rest: Any) -> Any:
            sent.append(query)
            return await real[name](query, *rest)

        return note

    with monkeypatch.context() as patch:
        for name in real:
            patch.setattr(client, name, noting(name))
        yield sent


def _of_applications(sent: list[str]) -> list[str]:
    return [statement for statement in sent if 'FROM "session"' not in statement]


async def test_only_what_is_asked_is_read(
    api: Api, runtime: Runtime, clerk: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain field costs its column; the sealed values are read only where a field is made from them."""
    client, case = await api.client(clerk), await cases.filled(runtime, clerk)
    with _statements(monkeypatch) as sent:
        answer = await client.post(query="query($id: ID!) {application(id: $id) {state}}", variables={"id": case.id})
    assert answer.value == {"state": "DRAFT"}
    (statement,) = _of_applications(sent)
    assert "sealed" not in statement
    assert "form" not in statement
    with _statements(monkeypatch) as sent:
        await client.post(query="query($id: ID!) {application(id: $id) {missing {code}}}", variables={"id": case.id})
    (statement,) = _of_applications(sent)
    assert "sealed" in statement


async def test_a_page_costs_one_statement_for_each_relation(
    api: Api, runtime: Runtime, clerk: Viewer, reviewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows there are; what a gate keeps from all of them is not asked for at all."""
    for _ in range(3):
        await cases.claimed(runtime, clerk, reviewer)
    document = "{applications {edges {node {id images {id} review {sameOwner {id}} provider {id} signing {qr}}}}}"
    client = await api.client(reviewer)
    with _statements(monkeypatch) as sent:
        answer = await client.post(query=document)
    rows = [edge["node"] for edge in answer.value["edges"]]
    assert [(len(row["images"]), len(row["review"]["sameOwner"]), row["provider"]) for row in rows] == [(5, 3, [])] * 3
    # Applications, photos, review, its doubles, filings; nobody stands before a signature.
    assert len(_of_applications(sent)) == 5


async def test_names_of_the_document_do_not_matter(api: Api, runtime: Runtime, clerk: Viewer) -> None:
    """Aliases, a field asked twice, fragments within fragments, and the same type along two ways."""
    client, case = await api.client(clerk), await cases.filled(runtime, clerk, micro_name="大郎烧饼")
    answer = await client.post(
        query="""
        query Two($id: ID!) {
          one: application(id: $id) { a: state ...Parts form { microName } }
          two: node(id: $id) { __typename kind: id ... on Application { form { name: microName } ...Parts } }
        }
        fragment Parts on Application { state b: state form { licenceHeld ...Deeper } sections { kind: section } }
        fragment Deeper on ApplicationForm { shop: microName ownerName }
        """,
        variables={"id": case.id},
    )
    parts = [{"kind": name} for name in ("OWNER", "SHOP", "SETTLEMENT", "FEES", "CONSENT")]
    assert not answer.codes
    assert answer.body["data"] == {
        "one": {
            "a": "DRAFT",
            "state": "DRAFT",
            "b": "DRAFT",
            "form": {"licenceHeld": False, "shop": "大郎烧饼", "ownerName": "张三", "microName": "大郎烧饼"},
            "sections": parts,
        },
        "two": {
            "__typename": "Application",
            "kind": case.id,
            "state": "DRAFT",
            "b": "DRAFT",
            "form": {"name": "大郎烧饼", "licenceHeld": False, "shop": "大郎烧饼", "ownerName": "张三"},
            "sections": parts,
        },
    }


@pytest.mark.parametrize(("skip", "include"), [(True, True), (True, False), (False, True), (False, False)])
async def test_what_is_left_out_is_neither_read_nor_given(
    api: Api, runtime: Runtime, clerk: Viewer, monkeypatch: pytest.MonkeyPatch, *, skip: bool, include: bool
) -> None:
    """`@skip` and `@include` with variables, on fields, spreads and inline fragments."""
    client, case = await api.client(clerk), await cases.filled(runtime, clerk)
    document = """
        query($id: ID!, $skip: Boolean!, $include: Boolean!) {
          application(id: $id) {
            id
            images @skip(if: $skip) { id }
            ...Named @include(if: $include)
            ... @skip(if: $skip) @include(if: $include) { missing { code } }
            state @skip(if: true)
            kind @include(if: false)
            version @skip(if: false) @include(if: true)
          }
        }
        fragment Named on Application { shopName }
        """
    with _statements(monkeypatch) as sent:
        answer = await client.post(query=document, variables={"id": case.id, "skip": skip, "include": include})
    asked = {"id": True, "version": True, "images": not skip, "shopName": include, "missing": include and not skip}
    assert set(answer.value) == {name for name, is_asked in asked.items() if is_asked}
    assert any('"image"' in statement for statement in sent) is not skip
