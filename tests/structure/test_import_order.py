"""Calls go one way: a feature knows what stands before it, never what comes after."""

from __future__ import annotations

import ast
from collections.abc import Iterable

import pytest
from tortoise import Tortoise

from backend.foundation.database import APP_LABEL
from tests.structure.source import Import, Module, imports, is_under, modules

# Each level may use those before it, and nothing beside or behind it.
LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"foundation"}),
    frozenset({"wechat"}),
    frozenset({"accounts"}),
    frozenset({"consent", "images"}),
    frozenset({"handbook"}),
    frozenset({"merchants"}),
    frozenset({"applications"}),
    frozenset({"review", "opening", "activation"}),
    frozenset({"messaging"}),
    frozenset({"partners"}),
    frozenset({"insight"}),
)
LEVEL_OF = {feature: number for number, features in enumerate(LEVELS) for feature in features}

# The composition root, which puts everything together, and what stands apart from the features.
COMPOSITION = ("backend.app", "backend.__main__", "backend.commands")
APART = {"sandbox", "console", "migrations", "decisions", "commands"}


def feature_of(name: str) -> str | None:
    """Give the feature a dotted name lies in; None outside the features."""
    parts = name.split(".")
    return parts[1] if parts[0] == "backend" and len(parts) > 1 and parts[1] in LEVEL_OF else None


def against_the_order(found: Iterable[Import]) -> list[str]:
    """List the imports that go the wrong way, each with where its code belongs instead."""
    wrong = []
    for item in found:
        importer, imported = feature_of(item.importer), feature_of(item.imported)
        if importer is None or imported is None or importer == imported:
            continue
        if LEVEL_OF[imported] >= LEVEL_OF[importer]:
            wrong.append(
                f"{item.place}: {importer} must not import {imported} ({item.imported}). "
                f"Move what both need to a feature before them, or let {imported} answer an event of {importer} "
                f"with a reaction that app.py registers."
            )
    return wrong


def test_features_import_only_what_stands_before_them() -> None:
    """Every import between features goes to an earlier level."""
    wrong = against_the_order(item for module in modules("backend") for item in imports(module))
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("from backend.applications import Application", True),
        ("import backend.messaging", False),
        ("from backend import messaging", False),
        ("from backend.opening.models import FilingAttempt", False),
        ("def late():\n    from backend.partners.service import ring", False),
        ("from ..insight import funnel", False),
        ("from . import queries", True),
    ],
)
def test_the_order_test_sees_every_way_to_import(source: str, *, allowed: bool) -> None:
    """No spelling of an import gets around the order; the example stands in the review feature."""
    [example] = [module for module in modules("backend") if module.name == "backend.review.queries"]
    module = Module(example.name, example.path, ast.parse(source))
    assert (against_the_order(imports(module)) == []) is allowed


def test_every_folder_is_a_feature_or_stands_apart_by_name() -> None:
    """A new folder says where it stands in the order before anything else."""
    folders = {name.split(".")[1] for name in (module.name for module in modules("backend")) if name.count(".") > 1}
    unknown = folders - LEVEL_OF.keys() - APART
    assert unknown == set(), f"backend/{unknown}: give it its place in LEVELS (DESIGN: layout), or name it in APART"


def test_only_the_composition_root_imports_the_schema() -> None:
    """GraphQL is a layer on top: no feature knows it."""
    wrong = [
        f"{item.place}: only app.py and __main__.py import schema; what {item.importer} needs belongs into its feature"
        for module in modules("backend")
        for item in imports(module)
        if is_under(item.imported, "schema") and module.name not in {"backend.app", "backend.__main__"}
    ]
    assert wrong == [], "\n".join(wrong)


def test_the_sandbox_shares_no_code_with_us() -> None:
    """The sandbox imports nothing of ours, and only the composition root imports it: it is somebody else's server."""
    wrong = [
        f"{item.place}: the sandbox must not use {item.imported}: it would agree with our own mistakes"
        for module in modules("backend/sandbox")
        for item in imports(module)
        if is_under(item.imported, "backend", "schema") and not is_under(item.imported, "backend.sandbox")
    ] + [
        f"{item.place}: only app.py and commands/ start the sandbox; everyone else meets it over HTTP"
        for module in modules("backend", "schema")
        for item in imports(module)
        if is_under(item.imported, "backend.sandbox") and not is_under(module.name, "backend.sandbox", *COMPOSITION)
    ]
    assert wrong == [], "\n".join(wrong)


def test_the_schema_reaches_no_store_and_no_provider() -> None:
    """The GraphQL layer knows services and views, and nothing below them."""
    forbidden = ("tortoise", "redis", "asyncpg", "aiosqlite", "wechatpy", "httpx2", "obstore", "backend.wechat")
    wrong = [
        f"{item.place}: schema must not import {item.imported}; read through a View of the feature's queries.py, "
        f"write through its service"
        for module in modules("schema")
        for item in imports(module)
        if is_under(item.imported, *forbidden) or item.imported.split(".")[-2:-1] == ["models"]
    ]
    assert wrong == [], "\n".join(wrong)


def test_foundation_knows_no_feature() -> None:
    """What has no business words imports nothing that has."""
    wrong = [
        f"{item.place}: foundation must not import {item.imported}; hand it in from the composition root"
        for module in modules("backend/foundation")
        for item in imports(module)
        if is_under(item.imported, "backend", "schema") and not is_under(item.imported, "backend.foundation")
    ]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.usefixtures("database")
def test_foreign_keys_obey_the_same_order() -> None:
    """A table points only at tables of its own or an earlier feature, and no two tables point at each other."""
    apps = Tortoise.apps
    assert apps is not None
    pointers = set()
    wrong = []
    for model in apps[APP_LABEL].values():
        for name in model._meta.fk_fields:  # noqa: SLF001 - no public name
            target = model._meta.fields_map[name].related_model  # noqa: SLF001 - as above
            source_feature, target_feature = feature_of(model.__module__), feature_of(target.__module__)
            assert source_feature is not None
            assert target_feature is not None
            if source_feature != target_feature and LEVEL_OF[target_feature] >= LEVEL_OF[source_feature]:
                wrong.append(
                    f"{model.__name__}.{name} points at {target.__name__}: keep the id in a table of {target_feature}"
                )
            if model is not target:
                pointers.add((model.__name__, target.__name__))
    assert wrong == [], "\n".join(wrong)
    both_ways = {pair for pair in pointers if pair[::-1] in pointers}
    assert both_ways == set(), f"two tables point at each other, so that neither can be written first: {both_ways}"
