"""Catalogue pages: Markdown written from the tables of the code, so that no page can disagree with it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from strawberry.utils.str_converters import to_camel_case

from backend.accounts.rules import PERMISSIONS, Permission
from backend.applications.events import BODIES
from backend.applications.fields import ENCRYPTED_LIMIT_BYTES, LONG_TERM
from backend.applications.form import CONDITIONS, FIELDS, Field, Kind, Required
from backend.applications.rules import (
    LIFECYCLE,
    PROVIDER_PATH,
    STAGES,
    WITH_PROVIDER,
    ApplicationTransition,
    Need,
    State,
)
from backend.opening.rules import MEANINGS, UNKNOWN_STATE, Meaning
from schema.build import MUTATIONS, QUERIES, SUBSCRIPTIONS
from schema.common.access import DECLARED
from schema.common.user_errors import UserErrorCode
from schema.texts import fields as field_texts
from schema.texts.refusals import REFUSALS
from schema.transport.errors import HTTP_STATUS
from schema.transport.texts import TEXTS

DIAGRAM_START: Final = "<!-- life cycle: written by `sesame export-schema` -->"
DIAGRAM_END: Final = "<!-- end of life cycle -->"

_NOTE: Final = "Written from the code by `sesame export-schema`. Do not edit by hand."
_NONE: Final = "–"


class MagicValueRow(NamedTuple):
    """One magic value of the sandbox; the caller hands them in, because nothing here knows the sandbox."""

    phone: str
    name: str
    meaning: str


def pages(magic_values: Iterable[MagicValueRow]) -> dict[str, str]:
    """Give every page of `docs/reference/` by file name."""
    return {
        "life-cycle.md": _life_cycle_page(),
        "form-fields.md": _form_fields_page(),
        "events.md": _events_page(),
        "errors.md": _errors_page(),
        "access.md": _access_page(),
        "provider-states.md": _provider_states_page(),
        "magic-values.md": _magic_values_page(magic_values),
    }


def readme_with_diagram(readme_text: str) -> str:
    """Give the README with the diagram of today between its two markers. Raises `ValueError` when one is missing."""
    before, start, rest = readme_text.partition(DIAGRAM_START)
    _, end, after = rest.partition(DIAGRAM_END)
    if not start or not end:
        raise ValueError("the markers of the life-cycle diagram are missing")
    return f"{before}{start}\n\n{life_cycle_diagram()}\n{end}{after}"


def life_cycle_diagram() -> str:
    """Draw the application's life as a Mermaid state diagram.

    Left out are actions that keep the state. What every state with WeChat Pay has in common is one arrow out of their
    frame, and of the jumps forward on the provider's path only the shortest are drawn.
    """
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in LIFECYCLE.transitions:
        for source, target in _arrows_of(row):
            labels = arrows.setdefault((source, target), [])
            if row.action not in labels:
                labels.append(row.action)
    inside = "".join(f"        {state}\n" for state in State if state in WITH_PROVIDER)
    drawn = "".join(f"    {source} --> {target}: {', '.join(labels)}\n" for (source, target), labels in arrows.items())
    ends = "".join(f"    {state} --> [*]\n" for state in State if state not in _left_by_a_move())
    return (
        "```mermaid\nstateDiagram-v2\n    [*] --> DRAFT: START\n"
        f'    state "with WeChat Pay" as {_FRAME} {{\n{inside}    }}\n{drawn}{ends}```\n'
    )


_FRAME: Final = "WITH_PROVIDER"


def _arrows_of(row: ApplicationTransition) -> Iterable[tuple[str, str]]:
    if row.sources == WITH_PROVIDER:
        return [(_FRAME, target) for target in row.targets]
    sources = _in_order(row.sources)
    if Need.FORWARD in row.needs:
        steps = dict(pairwise(PROVIDER_PATH))
        return [(source, steps[source]) for source in sources]
    return [(source, target) for source in sources for target in row.targets]


def _left_by_a_move() -> frozenset[State]:
    return frozenset(state for row in LIFECYCLE.transitions if row.targets for state in row.sources)


def _life_cycle_page() -> str:
    rows = [
        (
            _codes(_in_order(row.sources)),
            f"`{row.action}`",
            _codes(row.targets) or "same",
            ", ".join(sorted(row.who)),
            _codes(row.needs) or _NONE,
            f"`{row.event}`",
        )
        for row in LIFECYCLE.transitions
    ]
    return _page(
        "Life cycle of an application",
        "The rows are in `backend/applications/rules.py`; `move` in `backend/foundation/lifecycle.py` applies them.",
        life_cycle_diagram(),
        "Of the jumps forward on the provider's path only the shortest are drawn; `OBSERVE` may skip any of them.",
        "## Rows",
        "`Needs` are the codes that a blocked action tells as its reason, in the order in which they are tried. Nobody "
        "is REVIEWER, CLAIMER, APPROVER or HQ towards an application that they or their own organisation filed.",
        _table(("From", "Action", "To", "Who", "Needs", "Event"), rows),
        "## Stages",
        "The stage is for display: whose turn it is.",
        _table(("State", "Stage"), [(f"`{state}`", STAGES[state]) for state in State]),
    )


def _form_fields_page() -> str:
    rows = [
        (
            f"`{field.name}`",
            field_texts.label(field.name),
            field_texts.SECTIONS[field.section].label,
            field.kind,
            _limit(field),
            _required_when(field.required),
            field.mask or _NONE,
            "yes" if field.encrypted else _NONE,
            _codes(field.provider_paths) or "kept with us",
        )
        for field in FIELDS.values()
    ]
    return _page(
        "Fields of the application form",
        "The fields are in `backend/applications/form.py`, their texts in `schema/texts/fields.py`.",
        "`Masked as` marks a sensitive value: sealed in our database and shown masked. `Encrypted` means encrypted for "
        f"WeChat Pay, and then the value may be {ENCRYPTED_LIMIT_BYTES} bytes long at most.",
        _table(
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
            return _codes(field.choices)
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


def _events_page() -> str:
    rows = [(f"`{kind}`", _codes(sorted(members)) or _NONE, _left_by(kind)) for kind, members in BODIES.items()]
    return _page(
        "Events of an application",
        "The kinds are in `backend/applications/events.py`. An event that changes the state also has `from` and `to` "
        "in its body. Sensitive values stand there masked, or not at all.",
        _table(("Kind", "Members of the body", "Left by"), rows),
    )


def _left_by(kind: str) -> str:
    actions = dict.fromkeys(row.action for row in LIFECYCLE.transitions if row.event == kind)
    return _codes(actions) or "no row of the table"


def _errors_page() -> str:
    top_level = [(f"`{code}`", str(status), TEXTS[code]) for code, status in HTTP_STATUS.items()]
    user_errors = [(f"`{code.value}`", REFUSALS.get(code.value, "see below")) for code in UserErrorCode]
    problems = [(f"`{code}`", text) for code, text in field_texts.PROBLEMS.items()]
    return _page(
        "Error codes",
        "Switch on the code, show the sentence. Names in braces are filled in.",
        "## Top-level errors",
        "In `errors[].extensions.code`. The status is that of an answer that is refused as a whole; an error of one "
        "field travels in a 200. The codes are in `schema/transport/errors.py`.",
        _table(("Code", "Status", "Sentence"), top_level),
        "## User errors",
        "In `userErrors[].code` of a mutation's payload: what a person can mend. The codes are in "
        "`schema/common/user_errors.py`, the sentences in `schema/texts/refusals.py`.",
        _table(("Code", "Sentence"), user_errors),
        "## Problems of a field",
        "The sentence of a `FIELD_INVALID` is one of these; so is that of a finding before submission. The codes are "
        "in `backend/applications/problems.py`, the sentences in `schema/texts/fields.py`.",
        _table(("Problem", "Sentence"), problems),
    )


def _access_page() -> str:
    permissions = [
        (f"`{role}`", *("yes" if permission in held else _NONE for permission in Permission))
        for role, held in PERMISSIONS.items()
    ]
    operations = [
        (f"`{to_camel_case(resolver.__name__)}`", kind, _access_of(resolver.__name__))
        for kind, resolvers in (("query", QUERIES), ("mutation", MUTATIONS), ("subscription", SUBSCRIPTIONS))
        for resolver, _gives in resolvers
    ]
    return _page(
        "Who may do what",
        "## Permissions by role",
        "The table is in `backend/accounts/rules.py`. Only somebody APPROVED holds any permission.",
        _table(("Role", *(f"`{permission}`" for permission in Permission)), permissions),
        "## Operations by access",
        "Each operation declares its access with `@access(...)` in `schema/`. One of the permissions is enough. What "
        "is read reaches as far as the permission says: own, organisation or all. What may be done to one application "
        "is in the [life cycle](life-cycle.md).",
        _table(("Operation", "Kind", "Access"), operations),
    )


def _access_of(resolver_name: str) -> str:
    return DECLARED[resolver_name].told().removeprefix("Access: ").removesuffix(".")


def _provider_states_page() -> str:
    known = [(f"`{state}`", *_meaning(meaning)) for state, meaning in MEANINGS.items()]
    return _page(
        "States at WeChat Pay and what they mean here",
        "The table is in `backend/opening/rules.py`; the raw state is kept beside ours. `Asked again after` is the "
        "wait in seconds before each next look, the last one repeating.",
        _table(
            ("applyment_state", "Action", "Leads to", "Asked again after"),
            [*known, ("any other", *_meaning(UNKNOWN_STATE))],
        ),
    )


def _meaning(meaning: Meaning) -> tuple[str, str, str]:
    action = f"`{meaning.action}`" if meaning.action else _NONE
    target = f"`{meaning.target}`" if meaning.target else _targets_of(meaning)
    return action, target, _waits(meaning.poll_seconds)


def _targets_of(meaning: Meaning) -> str:
    reached = {target for row in LIFECYCLE.transitions if row.action == meaning.action for target in row.targets}
    return _codes(_in_order(reached)) or _NONE


def _waits(seconds: Sequence[float]) -> str:
    told: list[list[float]] = []
    for wait in seconds:
        if told and told[-1][0] == wait:
            told[-1][1] += 1
        else:
            told.append([wait, 1])
    return ", ".join(f"{wait:g}" if times == 1 else f"{wait:g} ({times:g} times)" for wait, times in told) or _NONE


def _magic_values_page(values: Iterable[MagicValueRow]) -> str:
    return _page(
        "Magic values of the sandbox",
        "The mobile phone of the owner chooses what becomes of a filing. The table is in "
        "`backend/sandbox/values.json`; `sesame sandbox --values` prints it. How to play with it: "
        "[the sandbox](../sandbox.md).",
        _table(("手机号", "名称", "效果"), [(f"`{value.phone}`", value.name, value.meaning) for value in values]),
    )


def _in_order(states: Iterable[State]) -> list[State]:
    wanted = set(states)
    return [state for state in State if state in wanted]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _page(title: str, *blocks: str) -> str:
    return "\n\n".join((f"# {title}", _NOTE, *(block.strip() for block in blocks))) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
