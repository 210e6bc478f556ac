"""The states of a filing at WeChat Pay, as a function of the business clock."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """The eight states of applyment4sub; the double T is theirs."""

    EDITTING = "APPLYMENT_STATE_EDITTING"
    AUDITING = "APPLYMENT_STATE_AUDITING"
    REJECTED = "APPLYMENT_STATE_REJECTED"
    TO_BE_CONFIRMED = "APPLYMENT_STATE_TO_BE_CONFIRMED"
    TO_BE_SIGNED = "APPLYMENT_STATE_TO_BE_SIGNED"
    SIGNING = "APPLYMENT_STATE_SIGNING"
    FINISHED = "APPLYMENT_STATE_FINISHED"
    CANCELED = "APPLYMENT_STATE_CANCELED"


class Outcome(StrEnum):
    """What becomes of one submission."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    REJECT = "reject"
    CANCEL = "cancel"
    EDIT = "edit"
    REFUSE = "refuse"  # at the door: a PARAM_ERROR, nothing is filed


class Person(StrEnum):
    """Who scans the signing link."""

    OWNER = "owner"
    OTHER = "other"
    UNVERIFIED = "unverified"


DAY_SECONDS = 86_400
AUDIT_SECONDS = 300.0
SIGNING_SECONDS = 1800.0
CONFIRM_DAYS_SECONDS = 10 * DAY_SECONDS
SIGN_DAYS_SECONDS = 30 * DAY_SECONDS

RESUBMITTABLE = frozenset({State.REJECTED, State.EDITTING})
WITH_SUB_MCHID = frozenset({State.TO_BE_SIGNED, State.SIGNING, State.FINISHED})
AT_REST = frozenset({State.EDITTING, State.REJECTED, State.FINISHED, State.CANCELED})

STATE_TEXTS: Mapping[State, str] = {
    State.EDITTING: "编辑中",
    State.AUDITING: "审核中",
    State.REJECTED: "已驳回",
    State.TO_BE_CONFIRMED: "待账户验证",
    State.TO_BE_SIGNED: "待签约",
    State.SIGNING: "开通权限中",
    State.FINISHED: "已完成",
    State.CANCELED: "已作废",
}


@dataclass(frozen=True, slots=True)
class AuditItem:
    """One reason of a rejection."""

    field: str
    field_name: str
    reject_reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided for one submission, before it is known to anybody outside."""

    verdict: Outcome = Outcome.ACCEPT
    audit_seconds: float = AUDIT_SECONDS
    signing_seconds: float = SIGNING_SECONDS
    fields: tuple[AuditItem, ...] = ()
    pointer: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Verdict":
        """Read a verdict as values.json, the faults and the book write it; an unknown member is a TypeError."""
        known = dict(data)
        known["verdict"] = Outcome(known.get("verdict", Outcome.ACCEPT))
        known["fields"] = tuple(AuditItem(**item) for item in known.get("fields", ()))
        return cls(**known)

    def to_json(self) -> dict[str, Any]:
        """Give the form that `from_json` reads."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Move:
    """One change of state, at a time of the business clock."""

    at: float
    to: State
    cause: str


_VERDICT_STATES: Mapping[Outcome, tuple[State, str]] = {
    Outcome.ACCEPT: (State.TO_BE_SIGNED, "审核通过"),
    Outcome.CONFIRM: (State.TO_BE_CONFIRMED, "审核通过，待账户验证"),
    Outcome.REJECT: (State.REJECTED, "审核驳回"),
    Outcome.CANCEL: (State.CANCELED, "主体存在风险，申请单作废"),
    Outcome.EDIT: (State.EDITTING, "提交异常，请重新提交"),
}

_OWNER_MOVES: Mapping[State, tuple[State, str]] = {
    State.TO_BE_CONFIRMED: (State.TO_BE_SIGNED, "账户验证成功"),
    State.TO_BE_SIGNED: (State.SIGNING, "超级管理员已签约"),
}

_REFUSED_PERSONS: Mapping[Person, str] = {
    Person.OTHER: "当前微信的实名信息与经营者本人不一致，请由经营者本人使用自己的微信扫码操作。",
    Person.UNVERIFIED: "当前微信尚未完成实名认证，请先在微信中绑定本人银行卡完成实名后再操作。",
}


class OwnerRefusedError(Exception):
    """The owner's page says no; the text is for the person who scanned. `wrong_person` tells why."""

    def __init__(self, text: str, *, wrong_person: bool) -> None:
        super().__init__(text)
        self.text = text
        self.wrong_person = wrong_person


def moves_until(state: State, since: float, verdict: Verdict, now: float) -> list[Move]:
    """Give every move that time alone makes from `state`, entered at `since`, up to `now`; each dated when it fell due.

    Clocks of WeChat Pay documentation 4012697052: account verification lapses after 10 days (a rejection), signing
    after 30 days (void); opening after the signature takes about half an hour.
    """
    moves: list[Move] = []
    while (due := _due(state, since, verdict)) is not None and due.at <= now:
        moves.append(due)
        state, since = due.to, due.at
    return moves


def _due(state: State, since: float, verdict: Verdict) -> Move | None:
    match state:
        case State.AUDITING:
            to, cause = _VERDICT_STATES[verdict.verdict]
            return Move(since + verdict.audit_seconds, to, cause)
        case State.TO_BE_CONFIRMED:
            return Move(since + CONFIRM_DAYS_SECONDS, State.REJECTED, "超过10天未完成账户验证，自动驳回")
        case State.TO_BE_SIGNED:
            return Move(since + SIGN_DAYS_SECONDS, State.CANCELED, "超过30天未签约，申请单作废")
        case State.SIGNING:
            return Move(since + verdict.signing_seconds, State.FINISHED, "权限已开通")
    return None


def owner_move(state: State, person: Person, now: float) -> Move:
    """Give the move that the person who scanned makes: verify the account, or sign.

    Raises OwnerRefusedError for another person, an unverified one, or a state in which there is nothing to do.
    """
    if state not in _OWNER_MOVES:
        raise OwnerRefusedError(f"申请单当前状态为“{STATE_TEXTS[state]}”,无需操作。", wrong_person=False)
    if person in _REFUSED_PERSONS:
        raise OwnerRefusedError(_REFUSED_PERSONS[person], wrong_person=True)
    to, cause = _OWNER_MOVES[state]
    return Move(now, to, cause)
