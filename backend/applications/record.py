"""The form in its row: plain values open, sensitive ones sealed with a mask in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from backend.applications.form import FIELDS, is_empty, mask
from backend.applications.models import Application
from backend.foundation.events import canonical
from backend.foundation.keyring import Keyring

Values = dict[str, Any]

_TABLE, _SEALED = "application", "sealed"


def open_values(keyring: Keyring, application_id: str, form: str, sealed: bytes | None) -> Values:
    """Give all values of a form in clear. The caller answers for who gets to see them."""
    values: Values = orjson.loads(form)
    if sealed:
        values |= orjson.loads(keyring.open(bytes(sealed), table=_TABLE, field=_SEALED, row=application_id))
    return values


def values_of(keyring: Keyring, application: Application) -> Values:
    """Give all values of this application's form in clear."""
    return open_values(keyring, application.id, application.form, application.sealed)


def masked_values(form: str) -> Values:
    """Give a form as anybody who may read the application sees it; what is sensitive is masked."""
    values: Values = orjson.loads(form)
    return values


def columns_for(keyring: Keyring, application_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns that hold `values`: the form, what is sealed, and the indexes that duplicates are found by."""
    filled = {name: value for name, value in values.items() if not is_empty(value)}
    sensitive = {name: value for name, value in filled.items() if FIELDS[name].mask is not None}
    shown = filled | {name: mask(FIELDS[name], value) for name, value in sensitive.items()}
    return {
        "form": canonical(shown),
        "sealed": keyring.seal(canonical(sensitive).encode(), table=_TABLE, field=_SEALED, row=application_id)
        if sensitive
        else None,
        "owner_index": _index(keyring, "id_card_number", filled),
        "account_index": _index(keyring, "account_number", filled),
    }


def _index(keyring: Keyring, name: str, values: Mapping[str, Any]) -> str | None:
    return keyring.blind_index(name, values[name]) if values.get(name) else None


def shop_key(keyring: Keyring, values: Mapping[str, Any]) -> str:
    """Give the key under which this owner's shop is taken while an application for it lives.

    160 bits of the index: never two shops alike, and room beside it for a second application that HQ allows.
    """
    shop = f"{values['id_card_number']}|{values['micro_address_code']}|{values['micro_name']}"
    return keyring.blind_index("shop", shop)[:40]


@dataclass(frozen=True, slots=True)
class OpenField:
    """A field that was sent back: why (code and note), and in which version of the form it stood then."""

    field: str
    code: str
    note: str
    version: int


def open_fields_of(text: str) -> dict[str, OpenField]:
    """Give the fields that are unlocked after a return."""
    return {item["field"]: OpenField(**item) for item in orjson.loads(text)}


def versions_of(text: str) -> dict[str, int]:
    """Give a map from field to version, as the row keeps it."""
    versions: dict[str, int] = orjson.loads(text)
    return versions


def unchanged_since_return(application_open_fields: str, field_versions: str) -> frozenset[str]:
    """Name the fields that were sent back and that nobody has changed since."""
    changed = versions_of(field_versions)
    return frozenset(
        name for name, item in open_fields_of(application_open_fields).items() if changed.get(name, 0) <= item.version
    )


def fields_to_pass(values: Mapping[str, Any], field_versions: str, passed_versions: str) -> tuple[str, ...]:
    """Name the filled fields HQ has not passed as they are now, in the order of the form.

    After a return that is only what has changed since.
    """
    changed, passed = versions_of(field_versions), versions_of(passed_versions)
    return tuple(
        name for name in FIELDS if not is_empty(values.get(name)) and changed.get(name, 0) > passed.get(name, -1)
    )
