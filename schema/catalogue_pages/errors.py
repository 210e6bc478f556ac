"""The page of error codes. Pure."""

from __future__ import annotations

from schema.catalogue_pages.markdown import page, table
from schema.common.user_errors import UserErrorCode
from schema.texts import fields as field_texts
from schema.texts.refusals import REFUSALS
from schema.transport.errors import HTTP_STATUS
from schema.transport.texts import TEXTS


def errors_page() -> str:
    """Give the page with every code and its sentence."""
    top_level = [(f"`{code}`", str(status), TEXTS[code]) for code, status in HTTP_STATUS.items()]
    user_errors = [(f"`{code.value}`", REFUSALS.get(code.value, "see below")) for code in UserErrorCode]
    problems = [(f"`{code}`", text) for code, text in field_texts.PROBLEMS.items()]
    return page(
        "Error codes",
        "Switch on the code, show the sentence. Names in braces are filled in.",
        "## Top-level errors",
        "In `errors[].extensions.code`. The status is that of an answer that is refused as a whole; an error of one "
        "field travels in a 200. The codes are in `schema/transport/errors.py`.",
        table(("Code", "Status", "Sentence"), top_level),
        "## User errors",
        "In `userErrors[].code` of a mutation's payload: what a person can mend. The codes are in "
        "`schema/common/user_errors.py`, the sentences in `schema/texts/refusals.py`.",
        table(("Code", "Sentence"), user_errors),
        "## Problems of a field",
        "The sentence of a `FIELD_INVALID` is one of these; so is that of a finding before submission. The codes are "
        "in `backend/applications/problems.py`, the sentences in `schema/texts/fields.py`.",
        table(("Problem", "Sentence"), problems),
    )
