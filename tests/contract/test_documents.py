"""The documents of the contract: each valid, named like its file, hashed, and the same where they say the same."""

from __future__ import annotations

import hashlib
from typing import Final

import orjson
import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    parse,
    print_ast,
    validate,
    visit,
)

from backend.app import CONTRACT
from schema.build import SDL_FILE
from schema.transport.limits import Limits
from tests.builders.api import camel, pascal

SCHEMA: Final = build_schema(SDL_FILE.read_text("utf-8"))
FILES: Final = sorted((CONTRACT / "operations").glob("*.graphql"))


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_a_document_is_one_valid_operation_named_like_its_file(name: str) -> None:
    """One operation, one root field of the same name, every value a variable, and within the limit of tokens."""
    text = (CONTRACT / "operations" / name).read_text("utf-8")
    document = parse(text, max_lexical_tokens=Limits().document_tokens)
    assert validate(SCHEMA, document) == []
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    stem = name.removesuffix(".graphql")
    assert operation.name is not None
    assert operation.name.value == pascal(stem)
    (root,) = operation.selection_set.selections
    assert isinstance(root, FieldNode)
    assert root.name.value == camel(stem)
    assert {argument.value.kind for argument in root.arguments or ()} <= {"variable"}


def test_fragments_of_one_name_are_one_text() -> None:
    """A client may keep one set of types for all answers."""
    texts: dict[str, set[str]] = {}
    for path in FILES:
        for node in parse(path.read_text("utf-8")).definitions:
            if isinstance(node, FragmentDefinitionNode):
                texts.setdefault(node.name.value, set()).add(print_ast(node))
    assert {name: len(found) for name, found in texts.items()} == dict.fromkeys(texts, 1)


def test_the_manifest_holds_the_hash_of_each_file() -> None:
    """SHA-256 over the file's bytes; what is sent is `sha256:` and the hash."""
    manifest = orjson.loads((CONTRACT / "manifest.json").read_bytes())
    assert manifest == {
        pascal(path.stem): {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in FILES
    }


class _Asked(Visitor):
    """Notes which fields a document asks of which type."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.fields: dict[str, set[str]] = {}

    def enter_field(self, node: FieldNode, *_rest: object) -> None:
        """Note the field under the type it is asked of."""
        parent = self.types.get_parent_type()
        assert parent is not None
        self.fields.setdefault(parent.name, set()).add(node.name.value)


# Each with the one type of which others show only a part.
WHOLES: Final = {
    **dict.fromkeys(
        (
            *("me", "sessions", "registration_organisations", "staff", "leaver_proof", "invitations"),
            *("invitation_code", "audit_trail", "inbox", "alerts", "my_events", "review_queue_changed"),
            *("applications", "application_events", "preflight_application", "handbook", "handbook_versions"),
        ),
    ),
    "application": "Application",
    "organisations": "Organisation",
}


@pytest.mark.parametrize("name", list(WHOLES))
def test_a_document_of_a_whole_asks_all_of_it(name: str) -> None:
    """The documents that show a thing whole leave no field of its own types out, so that a new one is not forgotten."""
    types = TypeInfo(SCHEMA)
    asked = _Asked(types)
    visit(parse((CONTRACT / "operations" / f"{name}.graphql").read_text("utf-8")), TypeInfoVisitor(types, asked))
    partly = {"Query", "Subscription", "Application", "Organisation"} - {WHOLES[name]}
    for type_name, fields in asked.fields.items():
        kind = SCHEMA.type_map[type_name]
        if isinstance(kind, GraphQLObjectType) and type_name not in partly:
            assert fields - {"__typename"} == set(kind.fields), type_name
