"""Everybody who could call, what each operation answers them, and how they see each object that is gated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.accounts import (
    OrganisationKind,
    Role,
    SignIn,
    StaffState,
    Viewer,
    authenticate,
    ensure_organisation,
    ensure_staff,
    open_session,
    sign_in,
)
from backend.accounts.models import Organisation, Staff
from backend.foundation.runtime import Runtime
from backend.wechat import WeChatPerson
from tests.builders.api import Api, Client
from tests.conftest import MakeViewer

HOLDING: Final = "holding"
# Code, role, organisation. The application is the author's, of the organisation `partner`, which hangs below `holding`.
APPROVED: Final = {
    "author": (Role.FIELD_STAFF, "partner"),
    "colleague": (Role.FIELD_STAFF, "partner"),
    "key": (Role.PARTNER_KEY, "partner"),
    "partner_admin": (Role.PARTNER_ADMIN, "partner"),
    "superior": (Role.PARTNER_ADMIN, HOLDING),
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
# Without a credential, with one that never was, and with one of whoever has no access any more.
SHUT_OUT: Final = ("anonymous", "bad_token", "suspended", "left")
NEWCOMERS: Final = ("guest", "pending", "rejected")
CALLERS: Final = (*SHUT_OUT, *NEWCOMERS, *APPROVED)

_OK, _NO, _NULL, _UNSEEN, _NOT_TO_DO = "OK", "FORBIDDEN", "NULL", "NOT_FOUND", "NOT_ALLOWED"
_LATE, _NOWHERE = "ILLEGAL_STATE", "ORGANISATION_UNKNOWN"

_ALL = (_OK,) * 11
_ONE = (_OK, _NULL, _OK, _OK, _OK, _NULL, _NULL, _OK, _OK, _OK, _OK)
_OF_ONE = (_OK, _UNSEEN, _OK, _OK, _OK, _UNSEEN, _UNSEEN, _OK, _OK, _OK, _OK)
_EDIT = (_OK, _UNSEEN, _NOT_TO_DO, _NO, _NO, _UNSEEN, _NO, _NO, _NO, _NO, _NO)
_REVIEW = (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO, _NO, _NO)
_PEOPLE = (_NO, _NO, _NO, _OK, _OK, _NO, _OK, _OK, _OK, _OK, _OK)
_DECIDES = (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO, _OK, _NO)
_MANAGES = (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO)
_AUDITS = (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _OK)

# fmt: off
_ROWS: Final[dict[str, tuple[str, ...]]] = {
    # In the order of `APPROVED`.
    "me":                    _ALL,
    "sessions":              _ALL,
    "registration_organisations": _ALL,
    "staff":                 (_NO, _NO, _NO, _OK, _OK, _NO, _NULL, _OK, _OK, _OK, _OK),
    "staff_members":         _PEOPLE,
    "registrations":         _DECIDES,
    "leaver_proof":          _AUDITS,
    "organisations":         _PEOPLE,
    "invitations":           (_NO, _NO, _NO, _OK, _OK, _NO, _OK, _NO, _NO, _OK, _NO),
    "invitation_code":       (_NO, _NO, _NO, _OK, _UNSEEN, _NO, _UNSEEN, _NO, _NO, _UNSEEN, _NO),
    "audit_trail":           _AUDITS,
    "inbox":                 _ALL,
    "inbox_unread_count":    _ALL,
    "alerts":                _DECIDES,
    "subscribe_templates":   _ALL,
    "node":                  _ONE,
    "application":           _ONE,
    "applications":          _ALL,
    "application_timeline":  _OF_ONE,
    "preflight_application": _OF_ONE,
    "review_queue":          _REVIEW,
    "return_reasons":        _ALL,
    "current_notice":        _ALL,
    "current_consent_text":  _ALL,
    "rate_plans":            _ALL,
    "handbook":              _ALL,
    "handbook_versions":     _MANAGES,

    "sign_in":               _ALL,
    "end_session":           _ALL,
    "verify_mobile":         _ALL,
    "register_staff":        (_LATE,) * 11,
    "hurry_registration":    (_LATE,) * 11,
    "mark_inbox_read":       _ALL,
    "record_subscribe_results": _ALL,
    "decide_registration":   _DECIDES,
    "reassign_staff":        _MANAGES,
    "report_leaver":         (_NO, _NO, _NO, _OK, _OK, _NO, _UNSEEN, _NO, _NO, _NO, _NO),
    "suspend_staff":         _MANAGES,
    "reinstate_staff":       _MANAGES,
    "offboard_staff":        _MANAGES,
    "hand_over_applications": (_NO, _NO, _NO, _OK, _OK, _NO, _UNSEEN, _NO, _NO, _OK, _NO),
    "reveal_mobile":         _DECIDES,
    "reveal_field":          (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _OK, _OK, _NO),
    "create_organisation":   _MANAGES,
    "change_organisation":   _MANAGES,
    "close_organisation":    _MANAGES,
    "reopen_organisation":   _MANAGES,
    "create_invitation":     (_NO, _NO, _NO, _OK, _OK, _NO, _NOWHERE, _NO, _NO, _OK, _NO),
    "revoke_invitation":     (_NO, _NO, _NO, _OK, _UNSEEN, _NO, _UNSEEN, _NO, _NO, _OK, _NO),
    "start_application":     (_OK, _OK, _OK, _NO, _NO, _OK, _NO, _NO, _NO, _NO, _NO),
    "save_application_draft": _EDIT,
    "upload_image":          _EDIT,
    "submit_application":    _EDIT,
    "withdraw_application":  (_OK, _UNSEEN, _NOT_TO_DO, _NO, _NO, _UNSEEN, _NO, _OK, _NO, _OK, _NO),
    "allow_duplicate":       _DECIDES,
    "claim_application":     _REVIEW,
    "release_application":   _REVIEW,
    "decide_application":    (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _OK, _NO, _NOT_TO_DO, _NO),
    "recall_application":    _REVIEW,
    "save_handbook_draft":   _MANAGES,
    "publish_handbook_draft": _MANAGES,
    "discard_handbook_draft": _MANAGES,
    "retire_handbook_entry": _MANAGES,
    "upload_handbook_sample": _MANAGES,
    "acknowledge_handbook_entry": _ALL,

    "application_events":    _OF_ONE,
    "my_events":             _ALL,
    "review_queue_changed":  _DECIDES,
}

# In the order of `NEWCOMERS`; everything else is forbidden to them.
_NEWCOMERS_ROWS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        (
            "me", "sessions", "registration_organisations", "inbox", "inbox_unread_count", "subscribe_templates",
            "sign_in", "end_session", "verify_mobile", "mark_inbox_read", "record_subscribe_results", "my_events",
        ),
        (_OK, _OK, _OK),
    ),
    "register_staff":        (_OK, _LATE, _OK),
    "hurry_registration":    (_LATE, _OK, _LATE),
}

# What is not let in with a credential that does not hold is let in without one.
_SHUT_OUT_ROWS: Final[dict[str, tuple[str, ...]]] = {
    "sign_in":               (_OK, "UNAUTHENTICATED", "UNAUTHENTICATED", "UNAUTHENTICATED"),
}

_CLEAR, _MASKED, _EMPTY = "CLEAR", "MASKED", "EMPTY"
_MEMBER = (_CLEAR, _UNSEEN, _UNSEEN, _CLEAR, _CLEAR, _UNSEEN, _UNSEEN, _CLEAR, _CLEAR, _CLEAR, _CLEAR)
_OWN = (_CLEAR, *(_EMPTY,) * 10)

# How each gated object is seen, by the object and in which situation.
_SEEN_ROWS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("Application", "draft"):
        (_CLEAR, _UNSEEN, _CLEAR, _CLEAR, _CLEAR, _UNSEEN, _UNSEEN, _CLEAR, _CLEAR, _CLEAR, _CLEAR),
    ("ApplicationForm", "draft"):
        (_CLEAR, _UNSEEN, _MASKED, _MASKED, _MASKED, _UNSEEN, _UNSEEN, _MASKED, _MASKED, _MASKED, _MASKED),
    ("ApplicationForm", "claimed by the reviewer"):
        (_MASKED, _UNSEEN, _MASKED, _MASKED, _MASKED, _UNSEEN, _UNSEEN, _CLEAR, _MASKED, _MASKED, _MASKED),
    ("ApplicationForm", "handed over to the colleague"):
        (_MASKED, _CLEAR, _MASKED, _MASKED, _MASKED, _UNSEEN, _UNSEEN, _MASKED, _MASKED, _MASKED, _MASKED),
    ("Image", "draft"):
        (_CLEAR, _UNSEEN, _EMPTY, _EMPTY, _EMPTY, _UNSEEN, _UNSEEN, _EMPTY, _EMPTY, _EMPTY, _EMPTY),
    ("Image", "claimed by the reviewer"):
        (_EMPTY, _UNSEEN, _EMPTY, _EMPTY, _EMPTY, _UNSEEN, _UNSEEN, _CLEAR, _EMPTY, _EMPTY, _EMPTY),
    ("Image", "handed over to the colleague"):
        (_EMPTY, _CLEAR, _EMPTY, _EMPTY, _EMPTY, _UNSEEN, _UNSEEN, _EMPTY, _EMPTY, _EMPTY, _EMPTY),
    ("ApplicationReview", "claimed by the reviewer"):
        (_NULL, _UNSEEN, _NULL, _NULL, _NULL, _UNSEEN, _UNSEEN, _CLEAR, _NULL, _NULL, _NULL),
    ("ApplicationEvent", "HQ's own"):
        (_EMPTY, _UNSEEN, _EMPTY, _EMPTY, _EMPTY, _UNSEEN, _UNSEEN, _CLEAR, _CLEAR, _CLEAR, _CLEAR),
    ("FilingAttempt", "awaiting the owner"):
        (_EMPTY, _UNSEEN, _EMPTY, _EMPTY, _EMPTY, _UNSEEN, _UNSEEN, _CLEAR, _EMPTY, _CLEAR, _CLEAR),
    ("OwnerSigning", "awaiting the owner"):
        (_CLEAR, _UNSEEN, _NULL, _NULL, _NULL, _UNSEEN, _UNSEEN, _CLEAR, _NULL, _CLEAR, _CLEAR),
    ("Staff", "the author"):           _MEMBER,
    ("Staff.mobile", "the author's"):
        (_NO, _NO, _NO, _MASKED, _MASKED, _NO, _UNSEEN, _MASKED, _MASKED, _MASKED, _MASKED),
    ("Organisation", "the author's"):
        (_CLEAR, _CLEAR, _CLEAR, _CLEAR, _CLEAR, _UNSEEN, _UNSEEN, _CLEAR, _CLEAR, _CLEAR, _CLEAR),
    ("Invitation", "the partner admin's"):
        (_UNSEEN, _UNSEEN, _UNSEEN, _CLEAR, _CLEAR, _UNSEEN, _UNSEEN, _UNSEEN, _UNSEEN, _CLEAR, _UNSEEN),
    ("InvitationCode", "the partner admin's"):
        (_NO, _NO, _NO, _CLEAR, _UNSEEN, _NO, _UNSEEN, _NO, _NO, _UNSEEN, _NO),
    ("Session", "the author's"):       _OWN,
    ("InboxMessage", "the author's"):  _OWN,
    ("Alert", "about a person"):
        (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _CLEAR, _NO, _CLEAR, _NO),
    ("Alert", "about an application"):
        (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _CLEAR, _NO, _EMPTY, _NO),
    ("HandbookEntry", "draft"):        (*(_UNSEEN,) * 9, _CLEAR, _UNSEEN),
    ("HandbookEditing", "published"):  (*(_NULL,) * 9, _CLEAR, _NULL),
    ("HandbookAcknowledgement", "the author's"): (_CLEAR, *(_NULL,) * 10),
    ("AuditTrail", "of the application"):
        (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _CLEAR, _CLEAR),
    ("LeaverProof", "of a colleague"):
        (_NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _NO, _CLEAR, _CLEAR),
}
# fmt: on

# Whoever is signed in has these, and sees none of other people's.
_OF_EVERYBODY: Final = {"Session", "InboxMessage"}


def _row(approved: tuple[str, ...], newcomers: tuple[str, ...], shut_out: tuple[str, ...]) -> dict[str, str]:
    return {
        **dict(zip(SHUT_OUT, shut_out, strict=True)),
        **dict(zip(NEWCOMERS, newcomers, strict=True)),
        **dict(zip(APPROVED, approved, strict=True)),
    }


_FORBIDDEN_TO_NEWCOMERS: Final = (_NO, _NO, _NO)
_REFUSED: Final = ("UNAUTHENTICATED",) * 4

# What each operation answers each caller, for a subject in a state where somebody can do it.
ANSWERS: Final[dict[str, dict[str, str]]] = {
    operation: _row(
        row, _NEWCOMERS_ROWS.get(operation, _FORBIDDEN_TO_NEWCOMERS), _SHUT_OUT_ROWS.get(operation, _REFUSED)
    )
    for operation, row in _ROWS.items()
}
# How each caller sees each gated object.
SEEN: Final[dict[tuple[str, str], dict[str, str]]] = {
    (name, situation): _row(row, (_EMPTY,) * 3 if name in _OF_EVERYBODY else _FORBIDDEN_TO_NEWCOMERS, _REFUSED)
    for (name, situation), row in _SEEN_ROWS.items()
}


@dataclass(frozen=True, slots=True)
class Callers:
    """A client for each, and the people behind them."""

    clients: dict[str, Client]
    people: dict[str, Viewer]


async def all_callers(api: Api, a_viewer: MakeViewer) -> Callers:
    """Make everybody, each with a session that was opened while they were still let in."""
    # First, because it changes how far others reach.
    people = {"superior": await _superior(api.runtime)}
    for code, (role, organisation) in APPROVED.items():
        if code not in people:
            people[code] = await a_viewer(code, role, organisation)
    for code in UNAPPROVED:
        people[code] = await a_viewer(code, Role.FIELD_STAFF, "partner")
    clients = {code: await api.client(viewer) for code, viewer in people.items()}
    clients["anonymous"] = api.with_token(None)
    clients["bad_token"] = api.with_token(f"ssm_s_{'A' * 43}")
    api.mini_program.logins["code-of-the-guest"] = WeChatPerson("openid-of-the-guest", None)
    guest = await sign_in(api.runtime, api.mini_program, SignIn("code-of-the-guest"))
    clients["guest"], people["guest"] = api.with_token(guest.token), await authenticate(api.runtime, guest.token)
    for code, state in UNAPPROVED.items():
        await Staff.filter(code=code).update(state=state, applied_at=api.runtime.clock.now())
    return Callers(clients, people)


async def _superior(runtime: Runtime) -> Viewer:
    """Put an organisation, which newcomers may choose, between HQ and the partner, and give its admin."""
    partner = await Organisation.get(code="partner")
    holding = await ensure_organisation(
        runtime,
        code=HOLDING,
        name="上级渠道",
        kind=OrganisationKind.PARTNER,
        parent_id=partner.parent_id,
        accepts_registrations=True,
    )
    await Organisation.filter(id=partner.id).update(parent_id=holding)
    superior = await ensure_staff(
        runtime,
        code="superior",
        name="测试superior",
        roles=frozenset({Role.PARTNER_ADMIN}),
        organisation_id=holding,
        state=StaffState.APPROVED,
    )
    return await authenticate(runtime, await open_session(runtime, superior))
