"""The life of an entry of the handbook as one table, and what its code cannot do without. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.accounts import Permission, Viewer
from backend.foundation.lifecycle import Lifecycle, Transition
from backend.handbook.content import Kind
from backend.handbook.events import EventKind


class State(StrEnum):
    """Where one version of an entry stands."""

    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"
    DISCARDED = "DISCARDED"


class Stage(StrEnum):
    """The coarse state for display, as of today."""

    DRAFT = "DRAFT"
    SCHEDULED = "SCHEDULED"
    IN_FORCE = "IN_FORCE"
    ENDED = "ENDED"


class Action(StrEnum):
    """What can be done to an entry."""

    SAVE = "SAVE"
    PUBLISH = "PUBLISH"
    DISCARD = "DISCARD"
    RETIRE = "RETIRE"


class Who(StrEnum):
    """What somebody is to the handbook."""

    EDITOR = "EDITOR"


class Need(StrEnum):
    """What must be true before an action; the code is what a blocked action tells as its reason."""

    NOT_PAST = "DATE_PAST"
    NOT_SUPERSEDED = "ENTRY_SUPERSEDED"
    NOT_RELIED_ON = "ENTRY_RELIED_ON"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the needs are tested on; what only the input tells is taken for true until it is there."""

    past: bool = False
    superseded: bool = False
    relied_on: bool = False


NEEDS: Final[Mapping[Need, Callable[[Facts], bool]]] = {
    Need.NOT_PAST: lambda facts: not facts.past,
    Need.NOT_SUPERSEDED: lambda facts: not facts.superseded,
    Need.NOT_RELIED_ON: lambda facts: not facts.relied_on,
}

_S, _A, _N, _E = State, Action, Need, EventKind

EntryTransition = Transition[State, Action, Who, Need]


def _row(
    source: State, action: Action, targets: tuple[State, ...], needs: tuple[Need, ...], event: EventKind
) -> EntryTransition:
    return Transition(frozenset({source}), action, targets, frozenset({Who.EDITOR}), needs, event)


# fmt: off
TRANSITIONS: Final[tuple[EntryTransition, ...]] = (
    #    from          action      to               needs                                              event
    _row(_S.DRAFT,     _A.SAVE,    (),              (),                                                _E.DRAFT_SAVED),
    _row(_S.DRAFT,     _A.PUBLISH, (_S.PUBLISHED,), (_N.NOT_PAST,),                                    _E.PUBLISHED),
    _row(_S.DRAFT,     _A.DISCARD, (_S.DISCARDED,), (),                                                _E.DRAFT_DISCARDED),
    _row(_S.PUBLISHED, _A.RETIRE,  (_S.RETIRED,),   (_N.NOT_PAST, _N.NOT_SUPERSEDED, _N.NOT_RELIED_ON), _E.RETIRED),
)
# fmt: on

LIFECYCLE: Final[Lifecycle[State, Action, Who, Need, Facts]] = Lifecycle(
    TRANSITIONS,
    NEEDS,
    # Another draft of the same kind and code may be begun.
    on_entry={State.PUBLISHED: {"draft_key": None}, State.DISCARDED: {"draft_key": None}},
)

# What was ever published. Nothing of it changes any more, except that it is retired.
PUBLIC: Final = frozenset({State.PUBLISHED, State.RETIRED})

# The notice that is acknowledged before an application is started.
START_NOTICE: Final = "START"
# The reasons that the system gives by itself, and the one for whatever has no reason of its own.
PROVIDER_REASON: Final = "PROVIDER"
OTHER_REASON: Final = "OTHER"

# What the system cannot do without: there is always one in force.
RELIED_ON: Final = frozenset(
    {
        (Kind.NOTICE, START_NOTICE),
        (Kind.RETURN_REASON, PROVIDER_REASON),
        (Kind.RETURN_REASON, OTHER_REASON),
    }
)

_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)

# The fields of the form that hold photos; each can have a guide. A test holds them against the form.
PHOTO_FIELDS: Final = (
    "id_card_copy",
    "id_card_national",
    "store_entrance_pic",
    "micro_indoor_copy",
    "legal_person_commitment",
    "business_addition_pics",
    "holder_consent_pic",
    "bank_card_photo",
    "qualifications",
    "activities_additions",
    "consent_pic",
)


def may_be_code(kind: Kind, code: str) -> bool:
    """Tell whether an entry of this kind may have this code; a photo guide has the name of its form field."""
    return code in PHOTO_FIELDS if kind is Kind.PHOTO_GUIDE else _CODE.fullmatch(code) is not None


def standing_of(viewer: Viewer) -> frozenset[Who]:
    """List what `viewer` is to the handbook."""
    return frozenset({Who.EDITOR}) if viewer.may(Permission.EDIT_HANDBOOK) else frozenset()
