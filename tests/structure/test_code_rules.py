"""Rules that the code keeps everywhere, whoever writes it."""

from __future__ import annotations

import ast
import re

import pytest

from tests.structure.source import Module, imports, is_under, modules, place

# Modules that decide and do nothing else: what they say is the same for the same input, wherever they run.
PURE = (
    *(
        f"backend.{feature}.rules"
        for feature in ("accounts", "applications", "opening", "review", "merchants", "handbook")
    ),
    "backend.applications.completeness",
    "backend.applications.policies",
    "backend.applications.form",
    "backend.applications.fields",
    "backend.applications.checks",
    "backend.applications.events",
    "backend.handbook.content",
    "backend.handbook.differences",
    "backend.handbook.handbook",
    "backend.opening.payload",
    "backend.opening.reject_map",
)
# What reaches outside the process, or tells a different thing each time.
DOES_IO = (
    *("tortoise", "aiosqlite", "asyncpg", "sqlite3", "redis", "httpx2", "obstore", "wechatpy", "starlette", "uvicorn"),
    *("asyncio", "threading", "subprocess", "socket", "urllib.request", "http.client", "os", "pathlib", "shutil"),
    *("random", "secrets", "time"),
    *("backend.foundation.storage", "backend.foundation.database", "backend.foundation.jobs"),
)
# `foundation.lifecycle` holds the table and `move`, which stands on the database; the table's words may be imported.
TABLE_WORDS = {"backend.foundation.lifecycle.Lifecycle", "backend.foundation.lifecycle.Transition"}

VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common_utils", "misc"}


def test_modules_that_decide_do_nothing_else() -> None:
    """Rules import nothing that reads, writes, waits or rolls dice: hand them what they need as a value."""
    there = {module.name: module for module in modules("backend") if module.name in PURE}
    assert "backend.applications.rules" in there
    wrong = [
        f"{item.place}: {item.importer} must stay pure; read {item.imported} in a service and pass the value in"
        for module in there.values()
        for item in imports(module)
        if item.imported not in TABLE_WORDS
        and (is_under(item.imported, *DOES_IO) or item.imported.startswith("backend.foundation.lifecycle.move"))
    ]
    assert wrong == [], "\n".join(wrong)


_STATE_IN_SQL = re.compile(r'\bUPDATE\b.*\bSET\b(?:(?!\bWHERE\b).)*\bstate\b"?\s*=', re.IGNORECASE | re.DOTALL)


def _state_writes(module: Module) -> list[str]:
    """List where a module writes a subject's state by hand: an assignment, or an update of that column."""
    found = []
    for node in ast.walk(module.tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        if any(
            isinstance(target, ast.Attribute) and target.attr == "state" and not _is_self(target) for target in targets
        ):
            found.append(place(module, node))
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = {keyword.arg for keyword in node.keywords}
            if called in {"update", "update_or_create", "bulk_update", "update_from_dict"} and (
                "state" in named or _names_state(node)
            ):
                found.append(place(module, node))
            if called == "setattr" and len(node.args) > 1 and getattr(node.args[1], "value", None) == "state":
                found.append(place(module, node))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _STATE_IN_SQL.search(node.value):
            found.append(place(module, node))
    return found


def _is_self(target: ast.Attribute) -> bool:
    return isinstance(target.value, ast.Name) and target.value.id == "self"


def _names_state(call: ast.Call) -> bool:
    return any(
        isinstance(key, ast.Constant) and key.value == "state"
        for argument in call.args
        if isinstance(argument, ast.Dict)
        for key in argument.keys
    )


def test_only_move_writes_a_state() -> None:
    """A state changes by a row of its table or not at all; the sandbox has a life of its own."""
    wrong = [
        f"{where}: only foundation.lifecycle.move writes a state; add a row to the feature's rules.py and move by it"
        for module in modules("backend", "schema")
        if not is_under(module.name, "backend.sandbox", "backend.foundation.lifecycle")
        for where in _state_writes(module)
    ]
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(
    ("source", "writes"),
    [
        ("application.state = 'OPENED'", True),
        ("name, application.state = 1, 2", True),
        ("await Application.filter(id=1).update(state='OPENED')", True),
        ("await Staff.update_or_create({'state': 'LEFT'}, id=1)", True),
        ("setattr(application, 'state', 'OPENED')", True),
        ("await Application.create(state='DRAFT')", False),
        ("await Application.filter(state='DRAFT').update(version=2)", False),
        ("""await execute('UPDATE staff SET version = 2, "state" = $1')""", True),
        ("await execute('UPDATE staff SET version = 2 WHERE state = $1')", False),
        ("x = application.state", False),
        ("self.state = state", False),
    ],
)
def test_the_state_test_sees_every_way_to_write(source: str, *, writes: bool) -> None:
    """The ways to write a state past the table are found; creating and reading are none."""
    example = modules("backend/foundation")[0]
    assert bool(_state_writes(Module("example", example.path, ast.parse(source)))) is writes


def test_no_module_has_a_name_that_says_nothing() -> None:
    """A module is named for the thing it holds."""
    wrong = [
        f"{module.path}: name it for what is in it; things that belong to no feature have no business here"
        for module in modules("backend", "schema")
        if VAGUE_NAMES & set(module.name.split("."))
    ]
    assert wrong == [], "\n".join(wrong)


def test_every_module_says_what_it_is() -> None:
    """Each file that holds code begins with one caption."""
    wrong = [
        f"{module.path}: begin with a one-line docstring"
        for module in modules("backend", "schema")
        if module.tree.body and not (ast.get_docstring(module.tree) or "").strip()
    ]
    assert wrong == [], "\n".join(wrong)
