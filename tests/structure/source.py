"""The source as it stands: which module imports which, by name and line, including imports inside functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Module:
    """One file of ours: its dotted name, and what it says."""

    name: str
    path: Path
    tree: ast.Module


@dataclass(frozen=True, slots=True)
class Import:
    """One import: which module of ours names which module (or name in a module), and where."""

    importer: str
    imported: str
    place: str


@cache
def modules(*packages: str) -> tuple[Module, ...]:
    """Give every module of these packages; migrations are written by a tool and left out."""
    found = []
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" in parts:
                continue
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path, ast.parse(path.read_text("utf-8"))))
    return tuple(found)


def imports(module: Module) -> Iterator[Import]:
    """Give every import of a module, `from a import b` as `a.b`, also those inside functions and for types only."""
    package = module.name if module.path.name == "__init__.py" else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            base = ".".join(part for part in (above, node.module) if part)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(module.name, name, place(module, node))


def place(module: Module, node: ast.AST) -> str:
    """Tell where a node stands, as an editor opens it."""
    return f"{module.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def is_under(name: str, *packages: str) -> bool:
    """Tell whether a dotted name is one of these packages or lies in one."""
    return any(name == package or name.startswith(package + ".") for package in packages)
