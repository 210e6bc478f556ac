"""What can go wrong with a call to the mini program's, the official account's or the robot's server."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class PlatformFailure(StrEnum):
    """What a failure means for whoever asked. All but the last say that nothing was done."""

    CODE_SPENT = "CODE_SPENT"  # The code is used, expired or another app's: the phone must get a new one.
    PERSON_BLOCKED = "PERSON_BLOCKED"  # WeChat does not let this person in, or out to us: nothing of ours helps.
    PERSON_UNKNOWN = "PERSON_UNKNOWN"  # The openid is none of this app's.
    NO_CONSENT = "NO_CONSENT"  # The person allowed no such message, withdrew, or the one consent is used up.
    NOT_FOLLOWING = "NOT_FOLLOWING"  # The person does not follow the official account.
    WINDOW_CLOSED = "WINDOW_CLOSED"  # The time or the number that the person's own message opened is over.
    VALUE_INVALID = "VALUE_INVALID"  # A value breaks a rule of its field: a fault of the sender.
    TEMPLATE_UNKNOWN = "TEMPLATE_UNKNOWN"  # The template is not this app's.
    PAGE_UNKNOWN = "PAGE_UNKNOWN"  # The released mini program has no such page.
    CONFIGURATION = "CONFIGURATION"  # Nothing will pass until a person has changed keys, lists or rights.
    BUSY = "BUSY"  # Too much for now: the same may be sent again after a wait.
    REFUSED = "REFUSED"  # A number that the table does not know: not done, and not to be repeated blindly.
    UNREACHABLE = "UNREACHABLE"  # What was asked for surely was not sent: it may be sent again.
    UNKNOWN_OUTCOME = "UNKNOWN_OUTCOME"  # Sent, without a usable answer: never send it again.


# The access token is refused; after the one renewal it is a matter of configuration.
TOKEN_REFUSED: Final = frozenset({40001, 40014, 42001})

# The numbers of code2Session, getPhoneNumber, getStableAccessToken, subscribeMessage.send, getUnlimitedQRCode, the
# official account's message calls and the group robot, with the global list (全局返回码).
KINDS: Final[dict[int, PlatformFailure]] = {
    40029: PlatformFailure.CODE_SPENT,
    40163: PlatformFailure.CODE_SPENT,  # Absent from the official table, seen by developers.
    40226: PlatformFailure.PERSON_BLOCKED,
    40003: PlatformFailure.PERSON_UNKNOWN,
    43101: PlatformFailure.NO_CONSENT,
    43004: PlatformFailure.NOT_FOLLOWING,
    50005: PlatformFailure.NOT_FOLLOWING,
    45015: PlatformFailure.WINDOW_CLOSED,
    45047: PlatformFailure.WINDOW_CLOSED,
    **dict.fromkeys((40008, 40058, 40097, 40169, 41008, 44002, 44004, 45002), PlatformFailure.VALUE_INVALID),
    **dict.fromkeys((47001, 47003), PlatformFailure.VALUE_INVALID),
    40037: PlatformFailure.TEMPLATE_UNKNOWN,
    41030: PlatformFailure.PAGE_UNKNOWN,
    **dict.fromkeys(TOKEN_REFUSED, PlatformFailure.CONFIGURATION),
    **dict.fromkeys((40002, 40013, 40125, 40243, 41001, 41002, 41004), PlatformFailure.CONFIGURATION),  # app and secret
    **dict.fromkeys((40164, 89503, 89506, 89507), PlatformFailure.CONFIGURATION),  # the list of allowed addresses
    **dict.fromkeys((48001, 48004, 50001, 50007), PlatformFailure.CONFIGURATION),  # rights of the account
    93000: PlatformFailure.CONFIGURATION,  # the robot's key
    **dict.fromkeys((-1, 45009, 45011, 45033), PlatformFailure.BUSY),
}

_RID: Final = re.compile(r"\brid: ?([0-9a-f]{6,10}(?:-[0-9a-f]{6,10}){2,3})\b", re.ASCII)


class PlatformError(Exception):
    """A call that did not give its result; `kind` says what to do about it.

    `str()` holds the name of the call, `kind`, `errcode` and `rid` (the number that WeChat's support asks for) only:
    WeChat's own sentence may echo what was sent.
    """

    def __init__(self, call: str, kind: PlatformFailure, *, errcode: int | None = None, rid: str | None = None) -> None:
        facts = (f"errcode {errcode}" if errcode is not None else "", f"rid {rid}" if rid else "")
        super().__init__(", ".join((f"{call}: {kind}", *(fact for fact in facts if fact))))
        self.call = call
        self.kind = kind
        self.errcode = errcode
        self.rid = rid


def refusal(call: str, errcode: int, errmsg: object) -> PlatformError:
    """Give the error that `KINDS` says for a number of WeChat's; of its sentence only the rid is kept."""
    found = _RID.search(errmsg) if isinstance(errmsg, str) else None
    kind = KINDS.get(errcode, PlatformFailure.REFUSED)
    return PlatformError(call, kind, errcode=errcode, rid=found[1] if found else None)
