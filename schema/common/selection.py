"""From the document to a selection: what the client asks of a type, for the views that read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from backend.foundation.views import Selection
from schema.common.context import Info

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def selection_of(info: Info, *path: str) -> Selection:
    """Give what is asked under the field being resolved, followed along `path` (names in snake case)."""
    raw = info._raw_info  # noqa: SLF001 - strawberry's Info hides the nodes of graphql-core
    merged: dict[str, Any] = {}
    for node in raw.field_nodes:
        if node.selection_set is not None:
            _collect(node.selection_set, raw.fragments, info.variable_values, merged)
    selection = _frozen(merged)
    for name in path:
        selection = selection.fields.get(name, Selection())
    return selection


def _collect(
    selections: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
    into: dict[str, Any],
) -> None:
    for node in selections.selections:
        if _is_left_out(node, variables):
            continue
        if isinstance(node, FieldNode):
            name = _HUMP.sub("_", node.name.value).lower()
            below = into.setdefault(name, {})
            if node.selection_set is not None:
                _collect(node.selection_set, fragments, variables, below)
        elif isinstance(node, FragmentSpreadNode):
            _collect(fragments[node.name.value].selection_set, fragments, variables, into)
        elif isinstance(node, InlineFragmentNode):
            _collect(node.selection_set, fragments, variables, into)


# The value of its condition at which a directive leaves out what it stands at.
_LEAVES_OUT: Final = {"skip": True, "include": False}


def _is_left_out(node: SelectionNode, variables: Mapping[str, Any]) -> bool:
    return any(
        _condition(directive, variables) is _LEAVES_OUT[directive.name.value]
        for directive in node.directives or ()
        if directive.name.value in _LEAVES_OUT
    )


def _condition(directive: DirectiveNode, variables: Mapping[str, Any]) -> Any:
    # `if` is the only argument of both; validation has seen to it that it is there, and is a boolean.
    (argument,) = directive.arguments or ()
    if isinstance(argument.value, VariableNode):
        return variables.get(argument.value.name.value)
    return isinstance(argument.value, BooleanValueNode) and argument.value.value


def _frozen(names: Mapping[str, Any]) -> Selection:
    return Selection({name: _frozen(below) for name, below in names.items()})
