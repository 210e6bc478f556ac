"""Everybody who could call an operation, and what each operation answers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import Role, StaffState, Viewer
from backend.accounts.models import Staff
from tests.builders.api import Api, Client
from tests.conftest import MakeViewer

# Code, role, organisation. The application is the author's, of the organisation `partner`.
APPROVED: Final = {
    "author": (Role.FIELD_STAFF, "partner"),
    "colleague": (Role.FIELD_STAFF, "partner"),
    "key": (Role.PARTNER_KEY, "partner"),
    "partner_admin": (Role.PARTNER_ADMIN, "partner"),
    "other_staff": (Role.FIELD_STAFF, "other_partner"),
    "other_admin": (Role.PARTNER_ADMIN, "other_partner"),
    "reviewer": (Role.REVIEWER, "hq_review"),
    "business": (Role.BUSINESS, "hq"),
    "admin": (Role.ADMIN, "hq"),
    "auditor": (Role.AUDITOR, "hq"),
}
# People of the partner who were not, or are not any more, let in.
UNAPPROVED: Final = {
    "pending": StaffState.PENDING,
    "rejected": StaffState.REJECTED,
    "suspended": StaffState.SUSPENDED,
    "left": StaffState.LEFT,
}

_UNAPPROVED_ANSWERS: Final = {
    "anonymous": "UNAUTHENTICATED",
    "bad_token": "UNAUTHENTICATED",
    "suspended": "UNAUTHENTICATED",
    "left": "UNAUTHENTICATED",
    "pending": "FORBIDDEN",
    "rejected": "FORBIDDEN",
}

_OK, _NO, _NULL, _UNSEEN, _NOT_TO_DO = "OK", "FORBIDDEN", "NULL", "NOT_FOUND", "NOT_ALLOWED"
_HANDBOOK = (_OK,) * 10
_EDITOR = (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO)
_ONE = (_OK, _NULL, _OK, _OK, _NULL, _NULL, _OK, _OK, _OK, _OK)
_OF_ONE = (_OK, _UNSEEN, _OK, _OK, _UNSEEN, _UNSEEN, _OK, _OK, _OK, _OK)
_EDIT = (_OK, _UNSEEN, _NOT_TO_DO, _NO, _UNSEEN, _NO, _NO, _NO, _NO, _NO)
_REVIEW = (_NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO, _NO, _NO)

# fmt: off
_ROWS: Final[dict[str, tuple[str, ...]]] = {
    # In the order of `APPROVED`.
    "me":                    (_OK,) * 10,
    "node":                  _ONE,
    "application":           _ONE,
    "applications":          (_OK,) * 10,
    "application_timeline":  _OF_ONE,
    "application_events":    _OF_ONE,
    "preflight_application": _OF_ONE,
    "review_queue":          _REVIEW,
    "return_reasons":        _HANDBOOK,
    "current_notice":        _HANDBOOK,
    "current_consent_text":  _HANDBOOK,
    "rate_plans":            _HANDBOOK,
    "handbook":              _HANDBOOK,
    "handbook_versions":     _EDITOR,
    "save_handbook_draft":   _EDITOR,
    "publish_handbook_draft": _EDITOR,
    "discard_handbook_draft": _EDITOR,
    "retire_handbook_entry": _EDITOR,
    "upload_handbook_sample": _EDITOR,
    "acknowledge_handbook_entry": _HANDBOOK,
    "start_application":     (_OK, _OK, _OK, _NO, _OK, _NO, _NO, _NO, _NO, _NO),
    "save_application_draft": _EDIT,
    "upload_image":          _EDIT,
    "submit_application":    _EDIT,
    "withdraw_application":  (_OK, _UNSEEN, _NOT_TO_DO, _NO, _UNSEEN, _NO, _OK, _NO, _OK, _NO),
    "allow_duplicate":       (_NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO, _OK, _NO),
    "claim_application":     _REVIEW,
    "release_application":   _REVIEW,
    "decide_application":    (_NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO, _NOT_TO_DO, _NO),
    "recall_application":    _REVIEW,
}
# fmt: on

# What each operation answers each caller, for an application in a state where somebody can do it.
ANSWERS: Final[dict[str, dict[str, str]]] = {
    operation: {**_UNAPPROVED_ANSWERS, **dict(zip(APPROVED, row, strict=True))} for operation, row in _ROWS.items()
}
# Whoever is signed in is told who they are.
ANSWERS["me"] |= {"pending": _OK, "rejected": _OK}


@dataclass(frozen=True, slots=True)
class Callers:
    """A client for each, and the people behind them."""

    clients: dict[str, Client]
    people: dict[str, Viewer]


async def all_callers(api: Api, a_viewer: MakeViewer) -> Callers:
    """Make everybody, each with a session that was opened while they were still let in."""
    people = {code: await a_viewer(code, role, organisation) for code, (role, organisation) in APPROVED.items()}
    for code in UNAPPROVED:
        people[code] = await a_viewer(code, Role.FIELD_STAFF, "partner")
    clients = {code: await api.client(viewer) for code, viewer in people.items()}
    clients["anonymous"] = api.with_token(None)
    clients["bad_token"] = api.with_token(f"ssm_s_{'A' * 43}")
    for code, state in UNAPPROVED.items():
        await Staff.filter(code=code).update(state=state)
    return Callers(clients, people)
