"""The codes of user errors: one list, each with a sentence and everything that fills it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Final

import pytest

from backend.accounts import AccountRefusal
from backend.accounts.invitation_rules import InvitationNeed
from backend.accounts.organisation_rules import OrganisationNeed
from backend.accounts.rules import StaffNeed
from backend.app import REPOSITORY
from backend.applications.errors import ApplicationRefusal
from backend.applications.policies import LicenceAdvice, PolicyRefusal
from backend.applications.problems import ProblemCode
from backend.applications.rules import NEEDS, Need
from backend.foundation.lifecycle import IllegalMove, NotYours
from backend.handbook.errors import HandbookRefusal
from backend.handbook.rules import Need as HandbookNeed
from backend.images.pictures import PictureRefusal
from backend.messaging.errors import MessagingRefusal
from backend.review.errors import ReviewRefusal
from schema.common.user_errors import UserErrorCode
from schema.texts.findings import finding_text
from schema.texts.refusals import REFUSALS
from tests.schema.mutations import CHINESE

# What is refused around a use case and not by it.
AROUND: Final = {"STALE_VERSION", "DRAFT_CONFLICT", "IDEMPOTENCY_KEY_INVALID", "IDEMPOTENCY_KEY_REUSED"}
ENUMS: Final = (
    AccountRefusal,
    StaffNeed,
    OrganisationNeed,
    InvitationNeed,
    ApplicationRefusal,
    ReviewRefusal,
    HandbookRefusal,
    MessagingRefusal,
    Need,
    HandbookNeed,
    PictureRefusal,
    PolicyRefusal,
)


def test_the_codes_are_those_of_the_backend() -> None:
    """A code that the backend can refuse with is one a client can switch on, and the other way round."""
    refused = {code.value for codes in ENUMS for code in codes} | {IllegalMove.code, NotYours.code} | AROUND
    assert {code.value for code in UserErrorCode} == refused
    assert all(code.name == code.value for code in UserErrorCode)
    assert set(NEEDS) == set(Need)


def test_every_code_has_a_sentence_in_chinese() -> None:
    """FIELD_INVALID has one for each problem; a sentence ends as one and holds no code."""
    assert {*REFUSALS, "FIELD_INVALID"} == {code.value for code in UserErrorCode}
    for code, sentence in REFUSALS.items():
        assert CHINESE.search(sentence), code
        assert sentence.endswith("。"), code
        assert code not in sentence


def _refusals() -> Iterator[tuple[str, Path, set[str]]]:
    """Give the code, the file and the names of the params of each refusal that is written down in the backend."""
    for path in sorted((REPOSITORY / "backend").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="Refusal"), args=[ast.Attribute(attr=code), *rest]):
                    params = rest[1] if len(rest) > 1 else None
                    params = named.get(params.id) if isinstance(params, ast.Name) else params
                    keys = params.keys if isinstance(params, ast.Dict) else []
                    yield code, path, {str(key.value) for key in keys if isinstance(key, ast.Constant)}


def test_every_sentence_gets_what_fills_it() -> None:
    """Each place that refuses with a code hands over every name that the code's sentence has in braces."""
    places = list(_refusals())
    assert {code for code, _, _ in places} >= {code.name for code in ReviewRefusal}
    for code, path, given in places:
        wanted = {name for _, name, _, _ in Formatter().parse(REFUSALS.get(code, "")) if name}
        assert wanted <= given, (code, path.name)


@pytest.mark.parametrize("code", [*PolicyRefusal, *LicenceAdvice, Need.CONSENT, Need.NO_DUPLICATE, "ILLEGAL_STATE"])
def test_every_finding_of_preflight_has_a_sentence(code: str) -> None:
    """Of the form as a whole, and of one field of it."""
    for field in (None, "licence_held"):
        assert CHINESE.search(finding_text(code, field, {}))


def test_a_finding_of_a_field_names_it() -> None:
    """What is wrong with a value, and what was sent back and is unchanged."""
    assert finding_text(ProblemCode.MISSING, "owner_name", {}) == "请填写经营者姓名"
    assert finding_text("UNCHANGED", "owner_name", {}) == "经营者姓名被退回后还没有修改。"
