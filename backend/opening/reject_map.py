"""From what WeChat Pay finds fault with to the fields of the form."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from backend.applications.form import ACCOUNT_NAME_PATH, FIELDS, Values
from backend.opening.payload import PLAN_PATHS, account_name_field

_ACCOUNT_NAME = ACCOUNT_NAME_PATH.rpartition(".")[2]
_EMPTY_FORM: Values = MappingProxyType({})
_ARRAY_INDEX = re.compile(r"\.(\d+|\[\d+\])(?=\.|$)|\[\d+\]", re.ASCII)


def _paths() -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = dict.fromkeys(PLAN_PATHS, ("rate_plan",))
    for field in FIELDS.values():
        for path in field.provider_paths:
            fields[path] = (*fields.get(path, ()), field.name)
    return fields


def _names() -> dict[str, tuple[str, ...]]:
    names: dict[str, tuple[str, ...]] = {}
    known = [(path.rpartition(".")[2], fields) for path, fields in _FIELDS_AT.items()]
    known += [(name, (field.name,)) for field in FIELDS.values() for name in field.provider_names]
    for name, fields in known:
        names[name] = tuple(dict.fromkeys((*names.get(name, ()), *fields)))
    return names


_FIELDS_AT: Mapping[str, tuple[str, ...]] = MappingProxyType(_paths())
_FIELDS_NAMED: Mapping[str, tuple[str, ...]] = MappingProxyType(_names())


def fields_for(audit_field: str, values: Values = _EMPTY_FORM) -> tuple[str, ...]:
    """Give the form fields that an `audit_detail.field` of a query answer speaks of (WeChat Pay 4012697052).

    Takes the bare name (id_card_copy), the dotted path, or the pointer. `values` tell whose name stands on the bank
    account: the operator's unless they say otherwise. () when the name is unknown or stands for a part that no field
    decides: then a person reads the reason.
    """
    name = _dotted(audit_field)
    if name == _ACCOUNT_NAME:
        return (account_name_field(values),)
    return field_for_pointer(name, values) or _FIELDS_NAMED.get(name, ())


def field_for_pointer(pointer: str, values: Values = _EMPTY_FORM) -> tuple[str, ...]:
    """Give the form fields at a JSON pointer of an error message, with or without /body in front; () when unknown."""
    path = _dotted(pointer)
    if path == ACCOUNT_NAME_PATH:
        return (account_name_field(values),)
    return _FIELDS_AT.get(path, ())


def _dotted(name: str) -> str:
    path = name.strip().strip("/").replace("/", ".").removeprefix("body.")
    return _ARRAY_INDEX.sub("", path)
