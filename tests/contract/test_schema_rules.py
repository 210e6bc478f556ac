"""The SDL against its rules: everything described, named alike, reachable, and as it is committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_introspection_type,
    is_specified_scalar_type,
)

from backend.app import CONTRACT, generated_files
from backend.applications.fields import Kind
from backend.applications.form import FIELDS
from schema.build import SDL_FILE
from schema.common.access import DECLARED
from tests.builders.api import camel, pascal

SCHEMA: Final[GraphQLSchema] = build_schema(SDL_FILE.read_text("utf-8"))
OWN: Final[dict[str, GraphQLNamedType]] = {
    name: kind
    for name, kind in SCHEMA.type_map.items()
    if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
}
_PASCAL, _CAMEL, _SCREAMING = (
    re.compile(r"[A-Z][A-Za-z0-9]*"),
    re.compile(r"[a-z][A-Za-z0-9]*"),
    re.compile(r"[A-Z0-9_]+"),
)


def _members() -> Iterator[tuple[str, str, str | None, GraphQLType]]:
    """Give the type, the name, the description and the type of every field, argument and input field."""
    for name, kind in OWN.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in kind.fields.items():
                yield name, field_name, field.description, field.type
                for argument_name, argument in field.args.items():
                    yield f"{name}.{field_name}", argument_name, argument.description, argument.type
        elif isinstance(kind, GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                yield name, field_name, field.description, field.type


def test_the_committed_files_are_those_of_the_code() -> None:
    """Whoever changes the schema or a document runs `sesame export-schema`."""
    files = generated_files()
    for path in (SDL_FILE, CONTRACT / "manifest.json"):
        assert path.read_text("utf-8") == files[path], path.name


def test_everything_is_described() -> None:
    """Types, fields, arguments and inputs, each in words of their own that end as a sentence."""
    lacking = [name for name, kind in OWN.items() if not (kind.description or "").strip().endswith(".")]
    lacking += [f"{owner}.{name}" for owner, name, text, _ in _members() if not (text or "").strip().endswith(".")]
    assert lacking == []


def test_an_operation_says_who_may_call_it() -> None:
    """What `@access` declares is the last line of its description."""
    roots = (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type)
    fields = {name: field for root in roots if root is not None for name, field in root.fields.items()}
    assert set(fields) == {camel(name) for name in DECLARED}
    for name, access in DECLARED.items():
        assert (fields[camel(name)].description or "").splitlines()[-1] == access.told()


def test_names_follow_the_rules() -> None:
    """Cases, endings, no `get` or `list` before a query, no `Type` or `Enum` behind a type."""
    assert [name for name in OWN if not _PASCAL.fullmatch(name) or name.endswith(("Type", "Enum", "Interface"))] == []
    assert [name for _, name, _, _ in _members() if not _CAMEL.fullmatch(name)] == []
    for name, kind in OWN.items():
        assert isinstance(kind, GraphQLInputObjectType) is name.endswith("Input"), name
        if isinstance(kind, GraphQLEnumType):
            assert all(_SCREAMING.fullmatch(value) for value in kind.values), name
    assert SCHEMA.query_type is not None
    assert [name for name in SCHEMA.query_type.fields if re.match(r"(get|list|fetch)[A-Z]", name)] == []


# WeChat's code of a sign-in is good for one call, and nobody is there yet who could have a key.
_WITH_A_CODE_FOR_KEY: Final = {"signIn"}
_ON_NO_VERSION: Final = {
    # Something new.
    *("startApplication", "createOrganisation", "createInvitation", "uploadHandbookSample"),
    # A photo becomes part of the draft with the save that puts it into its field.
    "uploadImage",
    # What one person does, has, reads and answers: a second time it is as it was.
    *("signIn", "endSession", "verifyMobile", "markInboxRead", "recordSubscribeResults", "acknowledgeHandbookEntry"),
    # A look at a value changes nothing of what it is a value of.
    *("revealField", "revealMobile"),
    # Whatever is unfinished by then.
    "handOverApplications",
}


def test_a_mutation_has_one_input_and_a_payload_of_its_own() -> None:
    """`doThis(input: DoThisInput!): DoThisPayload!` with `userErrors`; a key, and a version where something exists."""
    assert SCHEMA.mutation_type is not None
    for name, field in SCHEMA.mutation_type.fields.items():
        title = f"{name[0].upper()}{name[1:]}"
        assert {argument: str(value.type) for argument, value in field.args.items()} == {"input": f"{title}Input!"}
        assert str(field.type) == f"{title}Payload!"
        given, payload = OWN[f"{title}Input"], OWN[f"{title}Payload"]
        assert isinstance(given, GraphQLInputObjectType)
        assert isinstance(payload, GraphQLObjectType)
        key, version = given.fields.get("idempotencyKey"), given.fields.get("expectedVersion")
        assert str(key.type if key else None) == ("None" if name in _WITH_A_CODE_FOR_KEY else "String!"), name
        assert str(version.type if version else None) == ("None" if name in _ON_NO_VERSION else "Int!"), name
        assert str(payload.fields["userErrors"].type) == "[UserError!]!"
        told = payload.fields.keys() - {"userErrors"}
        assert told
        assert not [member for member in told if isinstance(payload.fields[member].type, GraphQLNonNull)]


def test_lists_hold_no_nulls_and_long_ones_have_pages() -> None:
    """`[T!]`, and a page of a list, or of a trail, wherever `first` is asked."""
    for owner, name, _, kind in _members():
        bare = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if isinstance(bare, GraphQLList):
            assert isinstance(bare.of_type, GraphQLNonNull), f"{owner}.{name}"
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        kind = get_named_type(field.type)
        is_trail = isinstance(kind, GraphQLObjectType) and "hasMore" in kind.fields
        assert ("first" in field.args) is (str(field.type).endswith("Connection!") or is_trail), name


def test_every_type_can_be_reached() -> None:
    """From the roots, over fields, arguments, members of unions and what implements an interface."""
    reached: set[str] = set()
    waiting: list[GraphQLNamedType] = [
        root for root in (SCHEMA.query_type, SCHEMA.mutation_type, SCHEMA.subscription_type) if root is not None
    ]
    while waiting:
        kind = waiting.pop()
        if kind.name in reached:
            continue
        reached.add(kind.name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            waiting += [*kind.interfaces, *(get_named_type(field.type) for field in kind.fields.values())]
            waiting += [get_named_type(arg.type) for field in kind.fields.values() for arg in field.args.values()]
        if isinstance(kind, GraphQLInputObjectType):
            waiting += [get_named_type(field.type) for field in kind.fields.values()]
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            waiting += SCHEMA.get_possible_types(kind)
    assert set(OWN) - reached == set()


def test_the_form_is_the_catalogue() -> None:
    """To read and to save: each field of the catalogue, in its type, and nothing else; all may be left out."""
    kinds = {Kind.IMAGE: "ID", Kind.IMAGES: "[ID!]", Kind.FLAG: "Boolean"}
    expected = {camel(name): kinds.get(field.kind, "String") for name, field in FIELDS.items()}
    for name in ("ApplicationForm", "ApplicationFormInput"):
        kind = OWN[name]
        assert isinstance(kind, GraphQLObjectType | GraphQLInputObjectType)
        assert {field_name: str(field.type) for field_name, field in kind.fields.items()} == expected


def test_ids_are_named_for_what_they_name() -> None:
    """A field of type ID is `id`, ends in `Id` (`Ids`, for a list), or is a photo of the form."""
    photos = {camel(name) for name, field in FIELDS.items() if field.kind in {Kind.IMAGE, Kind.IMAGES}}
    for owner, name, _, kind in _members():
        if get_named_type(kind).name == "ID":
            assert name == "id" or name.endswith(("Id", "Ids")) or name in photos, f"{owner}.{name}"


def test_the_names_of_operations_are_those_of_their_resolvers() -> None:
    """So that a document, a resolver, a service function and a test share one name."""
    assert all(pascal(name)[1:] == camel(name)[1:] for name in DECLARED)
