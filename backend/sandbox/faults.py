"""Faults on demand: what goes wrong with the next calls, durable until used up."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from starlette.requests import Request

from .book import Book
from .lifecycle import AuditItem, Outcome, Verdict


class Call(StrEnum):
    """The calls that a fault can strike."""

    SUBMIT = "submit"
    QUERY = "query"
    UPLOAD = "upload"
    LOGIN = "login"
    PHONE = "phone"
    STABLE_TOKEN = "stable_token"  # noqa: S105 - the name of a call
    TOKEN = "token"  # noqa: S105 - as above
    CODE_IMAGE = "code_image"
    SUBSCRIBE_SEND = "subscribe_send"
    USER_INFO = "user_info"
    CUSTOM_SEND = "custom_send"
    TEMPLATE_SEND = "template_send"
    CALLBACK_IP = "callback_ip"
    ROBOT_SEND = "robot_send"
    SMS_SEND = "sms_send"


ANY_CALL = "any"
PAY_CALLS = frozenset({Call.SUBMIT, Call.QUERY, Call.UPLOAD})


class Kind(StrEnum):
    """What can go wrong."""

    ACCEPT_THEN_LOSE = "accept_then_lose"  # done and written, then the connection ends without an answer
    LOSE = "lose"  # the connection ends without an answer, and nothing is done
    STATUS_500 = "status_500"
    STATUS_502_HTML = "status_502_html"
    STATUS_429 = "status_429"
    DELAY = "delay"  # answered as usual, later
    BAD_SIGNATURE = "bad_signature"  # done and written, then answered under a wrong signature
    SIGNTEST = "signtest"  # the same with the prefix of WeChat Pay's probes
    REJECT = "reject"  # the next verdicts reject the named fields
    BUSY = "busy"  # errcode -1
    QUOTA = "quota"  # errcode 45009
    TOKEN_INVALID = "token_invalid"  # noqa: S105 - errcode 40001
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - errcode 42001


UNPROCESSED = frozenset({Kind.STATUS_500, Kind.STATUS_502_HTML, Kind.STATUS_429})
PAY_KINDS = UNPROCESSED | {Kind.ACCEPT_THEN_LOSE, Kind.DELAY, Kind.BAD_SIGNATURE, Kind.SIGNTEST}
# What befalls the mini program, the official account, the robot and the gateway for text messages.
PLATFORM_UNPROCESSED = frozenset(
    {
        *(Kind.LOSE, Kind.STATUS_500, Kind.STATUS_502_HTML),
        *(Kind.BUSY, Kind.QUOTA, Kind.TOKEN_INVALID, Kind.TOKEN_EXPIRED),
    }
)
PLATFORM_KINDS = PLATFORM_UNPROCESSED | {Kind.ACCEPT_THEN_LOSE, Kind.DELAY}
BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


def kinds_of(call: Call) -> frozenset[Kind]:
    """Give what can befall a call; a rejection is of the submit that is audited."""
    if call is Call.SUBMIT:
        return PAY_KINDS | {Kind.REJECT}
    return PAY_KINDS if call in PAY_CALLS else PLATFORM_KINDS


@dataclass(frozen=True, slots=True)
class Fault:
    """One order for things to go wrong. `times_left` None means until deleted."""

    kind: Kind
    call: str = ANY_CALL
    times_left: int | None = 1
    delay_seconds: float = 0.0
    probability: float = 1.0
    seed: int = 0
    fields: tuple[AuditItem, ...] = ()


class Faults:
    """The faults in the book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        self._book.write(
            "INSERT INTO fault (call, kind, times_left, delay_seconds, probability, seed, draws, fields)"
            " VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            fault.call,
            fault.kind,
            fault.times_left,
            fault.delay_seconds,
            fault.probability,
            fault.seed,
            orjson.dumps(fault.fields).decode(),
        )

    def clear(self) -> None:
        """Forget every fault."""
        self._book.write("DELETE FROM fault")

    def left(self) -> list[dict[str, Any]]:
        """List the faults that can still strike."""
        return [
            {
                "call": row["call"],
                "kind": row["kind"],
                "times_left": row["times_left"],
                "delay_seconds": row["delay_seconds"],
                "probability": row["probability"],
                "fields": [item["field"] for item in orjson.loads(row["fields"])],
            }
            for row in self._book.rows("SELECT * FROM fault ORDER BY id")
        ]

    def strike(self, call: Call) -> Fault | None:
        """Give the first fault that strikes this call and use it up by one; None when all is well."""
        kinds = sorted(kinds_of(call) - {Kind.REJECT})
        return self._draw(f"kind IN ({', '.join('?' * len(kinds))}) AND call IN (?, ?)", *kinds, call, ANY_CALL)

    def next_rejection(self) -> Verdict | None:
        """Give the verdict of an ordered rejection and use it up by one; None when none is ordered."""
        fault = self._draw("kind = ?", Kind.REJECT)
        return None if fault is None else Verdict(Outcome.REJECT, fields=fault.fields)

    def _draw(self, condition: str, *values: object) -> Fault | None:
        with self._book.transaction():
            for row in self._book.rows(f"SELECT * FROM fault WHERE {condition} ORDER BY id", *values):  # noqa: S608
                self._book.write("UPDATE fault SET draws = draws + 1 WHERE id = ?", row["id"])
                # Seeded by the number of the draw, so that a run repeats itself even across a restart.
                if random.Random(f"{row['seed']}/{row['draws']}").random() >= row["probability"]:  # noqa: S311 - no secret
                    continue
                if row["times_left"] is not None:
                    self._book.write("UPDATE fault SET times_left = times_left - 1 WHERE id = ?", row["id"])
                    self._book.write("DELETE FROM fault WHERE times_left = 0")
                return Fault(
                    Kind(row["kind"]),
                    row["call"],
                    row["times_left"],
                    row["delay_seconds"],
                    row["probability"],
                    row["seed"],
                    tuple(AuditItem(**item) for item in orjson.loads(row["fields"])),
                )
        return None


async def lose_connection(request: Request) -> None:
    """End the connection without a byte of an answer.

    ASGI has no message for that, so the server's own transport is reached through `receive`, which uvicorn binds to
    the request it belongs to. Called in process, where there is no socket, the caller gets ConnectionAbortedError.
    """
    transport = getattr(getattr(request.receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionAbortedError("the answer is lost on purpose")
    transport.abort()
    while (await request.receive())["type"] != "http.disconnect":
        continue
