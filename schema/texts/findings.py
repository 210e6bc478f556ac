"""What staff read in pre-flight: one sentence per finding."""

from __future__ import annotations

from collections.abc import Mapping

from backend.applications.problems import ProblemCode
from schema.texts.fields import POLICIES, label, sentence
from schema.texts.refusals import REFUSALS


def finding_text(code: str, field: str | None, params: Mapping[str, str | int]) -> str:
    """Give the sentence of a pre-flight finding."""
    if field is not None and code in set(ProblemCode):
        return sentence(field, ProblemCode(code), params)
    if field is not None and code == "UNCHANGED":
        return f"{label(field)}被退回后还没有修改。"
    policy = next((text for known, text in POLICIES.items() if known == code), None)
    return policy or REFUSALS[code]
