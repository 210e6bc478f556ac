"""The page of the application form. Pure."""

from __future__ import annotations

from backend.applications.fields import ENCRYPTED_LIMIT_BYTES, LONG_TERM
from backend.applications.form import CONDITIONS, FIELDS, Field, Kind, Required
from schema.catalogue_pages.markdown import NONE, codes, page, table
from schema.texts import fields as field_texts


def form_fields_page() -> str:
    """Give the page with every field of the form."""
    rows = [
        (
            f"`{field.name}`",
            field_texts.label(field.name),
            field_texts.SECTIONS[field.section].label,
            field.kind,
            _limit(field),
            _required_when(field.required),
            field.mask or NONE,
            "yes" if field.encrypted else NONE,
            codes(field.provider_paths) or "kept with us",
        )
        for field in FIELDS.values()
    ]
    return page(
        "Fields of the application form",
        "The fields are in `backend/applications/form.py`, their texts in `schema/texts/fields.py`.",
        "`Masked as` marks a sensitive value: sealed in our database and shown masked. `Encrypted` means encrypted for "
        f"WeChat Pay, and then the value may be {ENCRYPTED_LIMIT_BYTES} bytes long at most.",
        table(
            (
                "Field",
                "Label",
                "Section",
                "Type",
                "Limit",
                "Required",
                "Masked as",
                "Encrypted",
                "Path in the filing",
            ),
            rows,
        ),
    )


def _limit(field: Field) -> str:
    match field.kind:
        case Kind.FLAG:
            return "true or false"
        case Kind.IMAGE:
            return "1 picture"
        case Kind.IMAGES:
            return f"{field.max_length} pictures"
        case Kind.CHOICE:
            return codes(field.choices)
        case Kind.DATE:
            return "YYYY-MM-DD"
        case Kind.DATE_OR_LONG_TERM:
            return f"YYYY-MM-DD or {LONG_TERM}"
        case Kind.INSTANT:
            return "ISO 8601 with an offset"
    least = f"{field.min_length} to " if field.min_length > 1 else "up to "
    return f"{least}{field.max_length} characters{', in its format' if field.pattern else ''}"


def _required_when(required: Required) -> str:
    match required:
        case Required.ALWAYS:
            return "always"
        case Required.OPTIONAL:
            return "never"
    name, value = CONDITIONS[required]
    return f"`{name}` is `{value}`"
