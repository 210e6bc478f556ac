"""How far a form is: the state of each section, and what is still missing in the order it is filled in."""

import dataclasses
from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum

from backend.applications.checks import check
from backend.applications.form import FIELDS, Section, Values, applies, is_empty, is_required
from backend.applications.problems import ProblemCode, Severity
from backend.handbook.handbook import RatePlans


class SectionState(StrEnum):
    NOT_STARTED = "NOT_STARTED"
    INCOMPLETE = "INCOMPLETE"
    COMPLETE = "COMPLETE"
    ACTION_REQUIRED = "ACTION_REQUIRED"


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """One thing that keeps the form from being submitted; `params` fill the sentence of the code."""

    field: str
    section: Section
    code: ProblemCode
    params: Mapping[str, str | int] = dataclasses.field(default_factory=dict)


def missing(values: Values, on: date, plans: RatePlans) -> tuple[Missing, ...]:
    """Give what must still be filled in or mended before submission, in form order; () when the form is complete.

    `plans` are the rate plans as they stand on the day.
    """
    blockers: dict[str, list[Missing]] = {}
    for problem in check(values, on, plans):
        if problem.severity is Severity.BLOCKER:
            section = FIELDS[problem.field].section
            blockers.setdefault(problem.field, []).append(Missing(problem.field, section, problem.code, problem.params))
    for name, form_field in FIELDS.items():
        if is_required(form_field, values) and is_empty(values.get(name)):
            blockers[name] = [Missing(name, form_field.section, ProblemCode.MISSING)]
    return tuple(found for name in FIELDS for found in blockers.get(name, ()))


def sections(
    values: Values, on: date, plans: RatePlans, returned_fields: Collection[str] = ()
) -> Mapping[Section, SectionState]:
    """Give the state of every section.

    `returned_fields` are those sent back by HQ or WeChat Pay that nobody has changed since; they turn their section to
    ACTION_REQUIRED, unless the field no longer counts in this form.
    """
    returned = {FIELDS[n].section for n in returned_fields if n in FIELDS and applies(FIELDS[n], values)}
    started = {f.section for name, f in FIELDS.items() if not is_empty(values.get(name))}
    lacking = {found.section for found in missing(values, on, plans)}
    return {section: _state(section, returned, started, lacking) for section in Section}


def _state(
    section: Section, returned: Collection[Section], started: Collection[Section], lacking: Collection[Section]
) -> SectionState:
    if section in returned:
        return SectionState.ACTION_REQUIRED
    if section not in started:
        return SectionState.NOT_STARTED
    return SectionState.INCOMPLETE if section in lacking else SectionState.COMPLETE
