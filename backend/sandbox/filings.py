"""Filings: what is filed under which code, in which state, and everything that happened to it."""

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from .answers import PayError, business_refusal
from .book import Book, Clocks, as_utc
from .form import Form
from .form_schema import RULES
from .lifecycle import (
    AT_REST,
    RESUBMITTABLE,
    STATE_TEXTS,
    WITH_SUB_MCHID,
    Move,
    Outcome,
    Person,
    State,
    Verdict,
    moves_until,
    owner_move,
)
from .magic import verdict_for

_FIRST_ID = 2_000_002_000_000_000
_IDS = 1_000_000_000
_FIRST_SUB_MCHID = 1_600_000_000
_SUB_MCHIDS = 100_000_000


@dataclass(frozen=True, slots=True)
class Filing:
    """One 申请单 as it stands now. Of the owner only a mask is kept."""

    applyment_id: int
    business_code: str
    form_hash: str
    shop_name: str
    owner_mask: str
    state: State
    since: float
    cause: str
    verdict: Verdict
    sub_mchid: str | None
    times_accepted: int
    times_refiled: int


class Filings:
    """The filings in the book, moved on by the business clock whenever somebody looks."""

    def __init__(self, book: Book, clocks: Clocks) -> None:
        self._book = book
        self._clocks = clocks

    def submit(self, mchid: str, form: Form, next_rejection: Callable[[], Verdict | None]) -> tuple[Filing, str]:
        """File a checked form; give the filing and what happened: `accepted`, `refiled` or `canceled`.

        A code in flow or opened is refused with PROCESSING; a rejected or unfinished one is overwritten under its old
        id; a void one answers with its old id and stays void (WeChat Pay documentation 4012722249 and its FAQ).
        A magic value may refuse too, and that uses up one step of its plan: the caller commits in either case.
        """
        row = self._book.row("SELECT * FROM applyment WHERE mchid = ? AND business_code = ?", mchid, form.business_code)
        before = None if row is None else self._until_now(row)
        if before is not None and before.state is State.CANCELED:
            return before, "canceled"
        if before is not None and before.state not in RESUBMITTABLE:
            raise PayError(400, "PROCESSING", "申请单正在处理中，请查询申请单状态")
        verdict = next_rejection() or self._planned(mchid, form)
        if verdict.verdict is Outcome.REFUSE:
            raise business_refusal(verdict.pointer, RULES[verdict.pointer.removeprefix("/")].label)
        now = self._clocks.business()
        if before is None:
            applyment_id = self._free_applyment_id()
            self._book.write(
                "INSERT INTO applyment VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', ?, NULL, 1, 0)",
                applyment_id,
                mchid,
                form.business_code,
                form.form_hash,
                form.shop_name,
                _masked(form.owner_name),
                State.AUDITING,
                now,
                orjson.dumps(verdict.to_json()).decode(),
            )
        else:
            applyment_id = before.applyment_id
            self._book.write(
                "UPDATE applyment SET form_hash = ?, shop_name = ?, owner_mask = ?, verdict = ?,"
                " times_refiled = times_refiled + 1 WHERE applyment_id = ?",
                form.form_hash,
                form.shop_name,
                _masked(form.owner_name),
                orjson.dumps(verdict.to_json()).decode(),
                applyment_id,
            )
        cause = "提交申请单" if before is None else "重新提交申请单"
        self._move(applyment_id, None if before is None else before.state, Move(now, State.AUDITING, cause))
        return self._now(applyment_id), "accepted" if before is None else "refiled"

    def by_code(self, business_code: str, mchid: str | None = None) -> Filing | None:
        """Give the filing under a code, of one merchant or (None) the latest of any."""
        row = self._book.row(
            "SELECT * FROM applyment WHERE business_code = ? AND (? IS NULL OR mchid = ?) ORDER BY rowid DESC",
            business_code,
            mchid,
            mchid,
        )
        return None if row is None else self._until_now(row)

    def by_id(self, applyment_id: int, mchid: str | None = None) -> Filing | None:
        """Give the filing with an id, of one merchant or (None) of any."""
        row = self._book.row(
            "SELECT * FROM applyment WHERE applyment_id = ? AND (? IS NULL OR mchid = ?)", applyment_id, mchid, mchid
        )
        return None if row is None else self._until_now(row)

    def owner_acts(self, filing: Filing, person: Person) -> Filing:
        """Do what is due on the owner's page: verify the account, or sign; OwnerRefusedError changes nothing."""
        self._move(filing.applyment_id, filing.state, owner_move(filing.state, person, self._clocks.business()))
        return self._now(filing.applyment_id)

    def counts(self) -> dict[str, int]:
        """Count the filings in each state, all moved on to now."""
        resting = ", ".join(f"'{state}'" for state in sorted(AT_REST))
        for row in self._book.rows(f"SELECT * FROM applyment WHERE state NOT IN ({resting})"):  # noqa: S608 - own names
            self._until_now(row)
        return {row[0]: row[1] for row in self._book.rows("SELECT state, count(*) FROM applyment GROUP BY state")}

    def history(self, applyment_id: int) -> list[dict[str, Any]]:
        """List every change of state, oldest first."""
        return [
            {"at": as_utc(row["at"]), "from": row["before"], "to": row["after"], "cause": row["cause"]}
            for row in self._book.rows("SELECT * FROM history WHERE applyment_id = ? ORDER BY id", applyment_id)
        ]

    def note_request(self, mchid: str, business_code: str, call: str, outcome: str, fault: str | None) -> None:
        """Write down one request about a code and how it ended."""
        self._book.write(
            "INSERT INTO request (mchid, business_code, call, at, outcome, fault) VALUES (?, ?, ?, ?, ?, ?)",
            mchid,
            business_code,
            call,
            self._clocks.business(),
            outcome,
            fault,
        )

    def requests(self, business_code: str) -> list[dict[str, Any]]:
        """List the requests about a code, oldest first."""
        return [
            {"at": as_utc(row["at"]), "call": row["call"], "outcome": row["outcome"], "fault": row["fault"]}
            for row in self._book.rows("SELECT * FROM request WHERE business_code = ? ORDER BY id", business_code)
        ]

    def _planned(self, mchid: str, form: Form) -> Verdict:
        """Give the magic value's verdict for this submission and count it."""
        row = self._book.rows(
            "INSERT INTO submission VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET decided = decided + 1 RETURNING decided",
            mchid,
            form.business_code,
        )[0]
        return verdict_for(form.mobile_phone, row["decided"] - 1)

    def _until_now(self, row: sqlite3.Row) -> Filing:
        filing = _filing(row)
        moves = moves_until(filing.state, filing.since, filing.verdict, self._clocks.business())
        if not moves:
            return filing
        with self._book.transaction():
            before = filing.state
            for move in moves:
                self._move(filing.applyment_id, before, move)
                before = move.to
            moved = self._book.rows("SELECT * FROM applyment WHERE applyment_id = ?", filing.applyment_id)[0]
        return _filing(moved)

    def _now(self, applyment_id: int) -> Filing:
        return self._until_now(self._book.rows("SELECT * FROM applyment WHERE applyment_id = ?", applyment_id)[0])

    def _move(self, applyment_id: int, before: State | None, move: Move) -> None:
        """Write a new state with its history line; a merchant number comes with the first signable state."""
        with self._book.transaction():
            self._book.write(
                "UPDATE applyment SET state = ?, since = ?, cause = ? WHERE applyment_id = ?",
                move.to,
                move.at,
                move.cause,
                applyment_id,
            )
            if move.to is State.TO_BE_SIGNED:
                self._book.write(
                    "UPDATE applyment SET sub_mchid = ? WHERE applyment_id = ?",
                    self._free_sub_mchid(),
                    applyment_id,
                )
            self._book.write(
                "INSERT INTO history (applyment_id, at, before, after, cause) VALUES (?, ?, ?, ?, ?)",
                applyment_id,
                move.at,
                before,
                move.to,
                move.cause,
            )

    def _free_applyment_id(self) -> int:
        while True:
            drawn = _FIRST_ID + secrets.randbelow(_IDS)
            if self._book.row("SELECT 1 FROM applyment WHERE applyment_id = ?", drawn) is None:
                return drawn

    def _free_sub_mchid(self) -> str:
        while True:
            drawn = str(_FIRST_SUB_MCHID + secrets.randbelow(_SUB_MCHIDS))
            if self._book.row("SELECT 1 FROM applyment WHERE sub_mchid = ?", drawn) is None:
                return drawn


def query_answer(filing: Filing, sign_url: str) -> dict[str, Any]:
    """Give the answer of both queries: exactly the members of WeChat Pay documentation 4012697052."""
    explained = filing.state in {State.REJECTED, State.CANCELED}
    answer: dict[str, Any] = {
        "business_code": filing.business_code,
        "applyment_id": filing.applyment_id,
        "sign_url": sign_url,
        "applyment_state": filing.state,
        "applyment_state_msg": filing.cause if explained else STATE_TEXTS[filing.state],
    }
    if filing.state in WITH_SUB_MCHID:
        answer["sub_mchid"] = filing.sub_mchid
    if filing.state is State.REJECTED:
        answer["audit_detail"] = [
            {"field": item.field, "field_name": item.field_name, "reject_reason": item.reject_reason}
            for item in filing.verdict.fields
        ]
    return answer


def _filing(row: sqlite3.Row) -> Filing:
    return Filing(
        applyment_id=row["applyment_id"],
        business_code=row["business_code"],
        form_hash=row["form_hash"],
        shop_name=row["shop_name"],
        owner_mask=row["owner_mask"],
        state=State(row["state"]),
        since=row["since"],
        cause=row["cause"],
        verdict=Verdict.from_json(orjson.loads(row["verdict"])),
        sub_mchid=row["sub_mchid"],
        times_accepted=row["times_accepted"],
        times_refiled=row["times_refiled"],
    )


def _masked(name: str) -> str:
    return name[0] + "*" * (len(name) - 1)
