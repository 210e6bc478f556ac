"""The life of an application: every state, every action, who may take it and what must be true. One table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from backend.accounts.rules import Permission, Viewer
from backend.applications.events import EventKind
from backend.foundation.lifecycle import Lifecycle, Transition


class State(StrEnum):
    """Where an application stands. The words are explained in the glossary of the README."""

    DRAFT = "DRAFT"
    IN_REVIEW = "IN_REVIEW"
    RETURNED = "RETURNED"
    APPROVED = "APPROVED"
    FILING = "FILING"
    PROVIDER_REVIEW = "PROVIDER_REVIEW"
    PROVIDER_REJECTED = "PROVIDER_REJECTED"
    AWAITING_VERIFICATION = "AWAITING_VERIFICATION"
    AWAITING_SIGNATURE = "AWAITING_SIGNATURE"
    OPENING = "OPENING"
    OPENED = "OPENED"
    VOIDED = "VOIDED"
    ABANDONED = "ABANDONED"
    WITHDRAWN = "WITHDRAWN"
    REFUSED = "REFUSED"
    EXPIRED = "EXPIRED"


class Stage(StrEnum):
    """The coarse state for display: whose turn it is."""

    DRAFT = "DRAFT"
    HQ = "HQ"
    PROVIDER = "PROVIDER"
    OWNER = "OWNER"
    OPENED = "OPENED"
    ENDED = "ENDED"


class Action(StrEnum):
    """What can be done to an application."""

    SAVE = "SAVE"
    SUBMIT = "SUBMIT"
    EXPIRE = "EXPIRE"
    WITHDRAW = "WITHDRAW"
    CLAIM = "CLAIM"
    RELEASE = "RELEASE"
    RETURN = "RETURN"
    REFUSE = "REFUSE"
    APPROVE = "APPROVE"
    RECALL = "RECALL"
    FILE = "FILE"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    REFILE = "REFILE"
    OBSERVE = "OBSERVE"
    VOID = "VOID"
    CLOSE = "CLOSE"
    ABANDON = "ABANDON"
    ALLOW_DUPLICATE = "ALLOW_DUPLICATE"
    HAND_OVER = "HAND_OVER"


class Who(StrEnum):
    """What somebody is to one application."""

    AUTHOR = "AUTHOR"
    REVIEWER = "REVIEWER"
    CLAIMER = "CLAIMER"
    APPROVER = "APPROVER"
    HQ = "HQ"
    # Who distributes the work of an organisation: its admin, and HQ's.
    DISPATCHER = "DISPATCHER"
    SYSTEM = "SYSTEM"


class Need(StrEnum):
    """What must be true before an action; the code is what a blocked action tells as its reason."""

    COMPLETE = "INCOMPLETE"
    CONSENT = "CONSENT_MISSING"
    NO_DUPLICATE = "DUPLICATE"
    POLICIES = "POLICY_REFUSES"
    UNTOUCHED = "STILL_IN_USE"
    REASON = "REASON_MISSING"
    FIELD_REASONS = "FIELD_REASONS_MISSING"
    UNCLAIMED = "CLAIMED_BY_ANOTHER"
    FIELDS_PASSED = "FIELDS_NOT_PASSED"
    MEMBERSHIP = "MEMBERSHIP_UNKNOWN"
    HOLD_RUNNING = "HOLD_OVER"
    HOLD_OVER = "HOLD_RUNNING"
    CHANNEL_OPEN = "CHANNEL_HELD"
    PROVIDER_ID = "PROVIDER_ID_UNKNOWN"
    ALL_REASONS_MAPPED = "REASONS_UNMAPPED"
    FORWARD = "NOT_FORWARD"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the needs are tested on.

    What the row tells must be given; what only the input of an action tells is taken for true until it is there, so
    that an action which lacks nothing but its input is shown as available.
    """

    complete: bool = True
    consented: bool = True
    duplicate: bool = False
    policies_satisfied: bool = True
    untouched: bool = True
    reason_given: bool = True
    field_reasons_given: bool = True
    claimed_by_another: bool = False
    fields_passed: bool = True
    membership_settled: bool = True
    hold_over: bool = True
    channel_open: bool = True
    provider_id_known: bool = True
    all_reasons_mapped: bool = True
    forward: bool = True


NEEDS: Mapping[Need, Callable[[Facts], bool]] = {
    Need.COMPLETE: lambda facts: facts.complete,
    Need.CONSENT: lambda facts: facts.consented,
    Need.NO_DUPLICATE: lambda facts: not facts.duplicate,
    Need.POLICIES: lambda facts: facts.policies_satisfied,
    Need.UNTOUCHED: lambda facts: facts.untouched,
    Need.REASON: lambda facts: facts.reason_given,
    Need.FIELD_REASONS: lambda facts: facts.field_reasons_given,
    Need.UNCLAIMED: lambda facts: not facts.claimed_by_another,
    Need.FIELDS_PASSED: lambda facts: facts.fields_passed,
    Need.MEMBERSHIP: lambda facts: facts.membership_settled,
    Need.HOLD_RUNNING: lambda facts: not facts.hold_over,
    Need.HOLD_OVER: lambda facts: facts.hold_over,
    Need.CHANNEL_OPEN: lambda facts: facts.channel_open,
    Need.PROVIDER_ID: lambda facts: facts.provider_id_known,
    Need.ALL_REASONS_MAPPED: lambda facts: facts.all_reasons_mapped,
    Need.FORWARD: lambda facts: facts.forward,
}

_S, _A, _W, _N, _E = State, Action, Who, Need, EventKind

EDITABLE: Final = frozenset({_S.DRAFT, _S.RETURNED})
AWAITING: Final = frozenset({_S.AWAITING_VERIFICATION, _S.AWAITING_SIGNATURE})
# WeChat Pay holds a form of ours and may still open an account from it.
WITH_PROVIDER: Final = frozenset({_S.FILING, _S.PROVIDER_REVIEW, _S.PROVIDER_REJECTED, *AWAITING, _S.OPENING})
ENDED: Final = frozenset({_S.WITHDRAWN, _S.REFUSED, _S.EXPIRED})
# Somebody still has to do, or to follow, something about it.
UNFINISHED: Final = frozenset(set(State) - ENDED - {_S.OPENED})
# The shop is taken: a second application for it would be a double. An opened shop stays taken.
LIVE: Final = frozenset(set(State) - ENDED)

# What the provider may show us on the way to an account, in its order; any jump forward is possible.
PROVIDER_PATH: Final = (
    _S.PROVIDER_REVIEW,
    _S.AWAITING_VERIFICATION,
    _S.AWAITING_SIGNATURE,
    _S.OPENING,
    _S.OPENED,
)

ApplicationTransition = Transition[State, Action, Who, Need]


def _row(
    sources: frozenset[State] | set[State],
    action: Action,
    targets: tuple[State, ...],
    who: set[Who],
    needs: tuple[Need, ...],
    event: EventKind,
) -> ApplicationTransition:
    return Transition(frozenset(sources), action, targets, frozenset(who), needs, event)


# fmt: off
TRANSITIONS: Final[tuple[ApplicationTransition, ...]] = (
    #    from                  action      to                      who                       needs                                                    event
    _row(EDITABLE,             _A.SAVE,    (),                     {_W.AUTHOR},              (),                                                      _E.DRAFT_SAVED),
    _row(EDITABLE,             _A.SUBMIT,  (_S.IN_REVIEW,),        {_W.AUTHOR},              (_N.COMPLETE, _N.CONSENT, _N.POLICIES, _N.NO_DUPLICATE), _E.SUBMITTED),
    _row(EDITABLE,             _A.ALLOW_DUPLICATE, (),             {_W.HQ},                  (_N.REASON,),                                            _E.DUPLICATE_ALLOWED),
    _row(EDITABLE,             _A.EXPIRE,  (_S.EXPIRED,),          {_W.SYSTEM},              (_N.UNTOUCHED,),                                         _E.EXPIRED),
    _row({_S.DRAFT, _S.IN_REVIEW, _S.RETURNED, _S.APPROVED},
                               _A.WITHDRAW, (_S.WITHDRAWN,),       {_W.AUTHOR, _W.HQ},       (_N.REASON,),                                            _E.WITHDRAWN),
    _row({_S.IN_REVIEW},       _A.CLAIM,   (),                     {_W.REVIEWER},            (_N.UNCLAIMED,),                                         _E.CLAIMED),
    _row({_S.IN_REVIEW},       _A.RELEASE, (),                     {_W.CLAIMER, _W.SYSTEM},  (),                                                      _E.CLAIM_RELEASED),
    _row({_S.IN_REVIEW},       _A.RETURN,  (_S.RETURNED,),         {_W.CLAIMER},             (_N.FIELD_REASONS,),                                     _E.RETURNED),
    _row({_S.IN_REVIEW},       _A.REFUSE,  (_S.REFUSED,),          {_W.CLAIMER},             (_N.REASON,),                                            _E.REFUSED),
    _row({_S.IN_REVIEW},       _A.APPROVE, (_S.APPROVED,),         {_W.CLAIMER},             (_N.FIELDS_PASSED, _N.MEMBERSHIP, _N.POLICIES),          _E.APPROVED),
    _row({_S.APPROVED},        _A.RECALL,  (_S.IN_REVIEW,),        {_W.APPROVER},            (_N.HOLD_RUNNING,),                                      _E.RECALLED),
    _row({_S.APPROVED},        _A.FILE,    (_S.FILING,),           {_W.SYSTEM},              (_N.HOLD_OVER, _N.CHANNEL_OPEN),                         _E.FILING_STARTED),
    _row({_S.FILING},          _A.ACCEPT,  (_S.PROVIDER_REVIEW,),  {_W.SYSTEM},              (_N.PROVIDER_ID,),                                       _E.PROVIDER_ACCEPTED),
    _row({_S.FILING, _S.PROVIDER_REVIEW, *AWAITING},
                               _A.REJECT,  (_S.PROVIDER_REJECTED,), {_W.SYSTEM},             (),                                                      _E.PROVIDER_REJECTED),
    _row({_S.PROVIDER_REJECTED}, _A.RETURN, (_S.RETURNED,),        {_W.SYSTEM},              (_N.ALL_REASONS_MAPPED,),                                _E.RETURNED),
    _row({_S.PROVIDER_REJECTED}, _A.RETURN, (_S.RETURNED,),        {_W.HQ},                  (_N.FIELD_REASONS,),                                     _E.RETURNED),
    _row({_S.PROVIDER_REJECTED}, _A.REFILE, (_S.FILING,),          {_W.HQ},                  (_N.REASON,),                                            _E.REFILED),
    _row({_S.PROVIDER_REJECTED}, _A.REFUSE, (_S.REFUSED,),         {_W.HQ},                  (_N.REASON,),                                            _E.REFUSED),
    _row({_S.PROVIDER_REVIEW, *AWAITING, _S.OPENING},
                               _A.OBSERVE, PROVIDER_PATH,          {_W.SYSTEM},              (_N.FORWARD,),                                           _E.PROVIDER_MOVED),
    _row(WITH_PROVIDER,        _A.VOID,    (_S.VOIDED,),           {_W.SYSTEM},              (),                                                      _E.VOIDED),
    _row({_S.VOIDED},          _A.REFILE,  (_S.APPROVED,),         {_W.HQ},                  (_N.REASON,),                                            _E.REFILED),
    _row({_S.VOIDED},          _A.CLOSE,   (_S.WITHDRAWN,),        {_W.AUTHOR, _W.HQ},       (_N.REASON,),                                            _E.WITHDRAWN),
    _row(WITH_PROVIDER,        _A.ABANDON, (_S.ABANDONED,),        {_W.AUTHOR, _W.HQ},       (_N.REASON,),                                            _E.ABANDONED),
    _row({_S.ABANDONED},       _A.OBSERVE, (_S.OPENED,),           {_W.SYSTEM},              (),                                                      _E.OPENED_AFTER_ABANDON),
    _row({_S.ABANDONED},       _A.VOID,    (_S.WITHDRAWN,),        {_W.SYSTEM},              (),                                                      _E.WITHDRAWN),
    _row({_S.ABANDONED},       _A.REJECT,  (_S.WITHDRAWN,),        {_W.SYSTEM},              (),                                                      _E.WITHDRAWN),
    _row(UNFINISHED,           _A.HAND_OVER, (),                   {_W.DISPATCHER, _W.SYSTEM}, (),                                                    _E.HANDED_OVER),
)
# fmt: on

_FREE: Final[Mapping[str, Any]] = {"live_key": None, "claimer_id": None, "claimed_until": None}
_UNCLAIMED: Final[Mapping[str, Any]] = {"claimer_id": None, "claimed_until": None}

LIFECYCLE: Final[Lifecycle[State, Action, Who, Need, Facts]] = Lifecycle(
    TRANSITIONS,
    NEEDS,
    # An ended application gives the shop free again; a review ends with its claim.
    on_entry={**dict.fromkeys(ENDED, _FREE), _S.APPROVED: _UNCLAIMED, _S.RETURNED: _UNCLAIMED},
)

STAGES: Final[Mapping[State, Stage]] = {
    _S.DRAFT: Stage.DRAFT,
    _S.RETURNED: Stage.DRAFT,
    _S.IN_REVIEW: Stage.HQ,
    _S.APPROVED: Stage.HQ,
    _S.FILING: Stage.PROVIDER,
    _S.PROVIDER_REVIEW: Stage.PROVIDER,
    _S.PROVIDER_REJECTED: Stage.PROVIDER,
    _S.AWAITING_VERIFICATION: Stage.OWNER,
    _S.AWAITING_SIGNATURE: Stage.OWNER,
    _S.OPENING: Stage.PROVIDER,
    _S.VOIDED: Stage.HQ,
    _S.OPENED: Stage.OPENED,
    _S.ABANDONED: Stage.ENDED,
    _S.WITHDRAWN: Stage.ENDED,
    _S.REFUSED: Stage.ENDED,
    _S.EXPIRED: Stage.ENDED,
}

# What an author may end by "withdraw", in the words of the table: where WeChat Pay has the form it can only be
# abandoned, because WeChat Pay has no call that cancels it.
ENDING_ACTIONS: Final = (Action.WITHDRAW, Action.ABANDON, Action.CLOSE)

# How long after approval a reviewer may still recall it before the system files it.
HOLD_SECONDS: Final = 10.0
CLAIM_MINUTES: Final = 15
EXPIRES_AFTER_DAYS: Final = 30

# Who may read an application at all; the same three reaches as `queries.scope`, which a test holds against this.
READS_ALL: Final = Permission.READ_ALL_APPLICATIONS
READS_ORGANISATION: Final = Permission.READ_ORGANISATION_APPLICATIONS
READS_OWN: Final = Permission.READ_OWN_APPLICATIONS


class Standing(Protocol):
    """The columns of an application that decide what somebody is to it."""

    @property
    def state(self) -> str: ...

    @property
    def author_id(self) -> str: ...

    @property
    def successor_id(self) -> str | None: ...

    @property
    def organisation_id(self) -> str: ...

    @property
    def claimer_id(self) -> str | None: ...

    @property
    def claimed_until(self) -> datetime | None: ...

    @property
    def approver_id(self) -> str | None: ...


def may_read(viewer: Viewer, application: Standing) -> bool:
    """Tell whether `viewer` may know of this application."""
    return (
        viewer.may(READS_ALL)
        or (viewer.may(READS_ORGANISATION) and application.organisation_id in viewer.reach)
        or (viewer.may(READS_OWN) and viewer.id in {application.author_id, application.successor_id})
    )


def standing_of(viewer: Viewer, application: Standing, now: datetime) -> frozenset[Who]:
    """List what `viewer` is to this application now.

    Whoever took an application over files it in its author's place. Nobody reviews what they filed or took over, and
    nobody reviews what their own organisation filed.
    """
    who: set[Who] = set()
    if viewer.may(Permission.FILE_APPLICATIONS) and viewer.id == filer_of(application):
        who.add(Who.AUTHOR)
    involved = viewer.id in {application.author_id, application.successor_id}
    impartial = not involved and viewer.organisation_id != application.organisation_id
    if viewer.may(Permission.REVIEW_APPLICATIONS) and impartial:
        who.add(Who.REVIEWER)
        if application.claimer_id == viewer.id and claim_runs(application, now):
            who.add(Who.CLAIMER)
        if application.approver_id == viewer.id:
            who.add(Who.APPROVER)
    if viewer.may(Permission.SETTLE_PROVIDER_ANSWERS) and impartial:
        who.add(Who.HQ)
    if viewer.may(Permission.HAND_OVER_APPLICATIONS) and (
        viewer.may(READS_ALL) or application.organisation_id in viewer.reach
    ):
        who.add(Who.DISPATCHER)
    return frozenset(who)


def filer_of(application: Standing) -> str:
    """Name who files an application now: its author, or who took it over."""
    return application.successor_id or application.author_id


def claim_runs(application: Standing, now: datetime) -> bool:
    """Tell whether somebody holds the review of this application now."""
    return application.claimed_until is not None and application.claimed_until > now


def claimed_by_another(viewer: Viewer, application: Standing, now: datetime) -> bool:
    """Tell whether somebody else holds the review of this application now."""
    return claim_runs(application, now) and application.claimer_id != viewer.id


def sees_clear_values(viewer: Viewer, application: Standing, now: datetime) -> bool:
    """Tell whether sensitive values and photos are shown in clear: the author's open draft, the reviewer's claim."""
    who = standing_of(viewer, application, now)
    if Who.AUTHOR in who and application.state in EDITABLE:
        return True
    return Who.CLAIMER in who and application.state == State.IN_REVIEW


def is_forward(current: State, observed: State) -> bool:
    """Tell whether `observed` lies further on the provider's path than `current`."""
    if current not in PROVIDER_PATH:
        return True
    return PROVIDER_PATH.index(observed) > PROVIDER_PATH.index(current)
