"""What can go wrong with a call, in three kinds, and the one table that says which is which."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final as Constant
from typing import final


class UnsendableError(ValueError):
    """A request that we refuse to send. Names the place, never the value."""


class PlaintextTooLongError(UnsendableError):
    """A text longer than the key can encrypt."""


class Call(StrEnum):
    """The calls, by what repeating them would do: a submit is the only one that must not be repeated blindly."""

    SUBMIT = "submit"
    QUERY = "query"
    UPLOAD = "upload"


class Action(StrEnum):
    """What the caller does next."""

    RETRY = "RETRY"  # Send the same again after a wait.
    QUERY_FIRST = "QUERY_FIRST"  # Ask by business_code; send again only when it does not exist.
    RECONCILE = "RECONCILE"  # A form with this business_code is in flow: ask by business_code and adopt its state.
    REFRESH_KEY = "REFRESH_KEY"  # Load the keys again, rebuild, try once more, then halt the channel.
    REUPLOAD = "REUPLOAD"  # Encode and upload the image again, try once more, then fix the form.
    FIX_FORM = "FIX_FORM"  # The form is wrong at `pointer`.
    HALT_CHANNEL = "HALT_CHANNEL"  # Nothing will pass until a person has changed the configuration or the program.
    ASK_PERSON = "ASK_PERSON"  # A person decides about this one filing.
    ABSENT = "ABSENT"  # What was asked for does not exist.


class Signal(StrEnum):
    """What was seen on the wire."""

    NOT_SENT = "not sent"  # No connection came about: the request certainly did not arrive.
    NO_ANSWER = "no answer"  # The request may have arrived; its answer did not, or not whole.
    UNVERIFIED = "unverified"  # An answer whose signature is missing or wrong.
    UNKNOWN_SERIAL = "unknown serial"  # An answer signed by a key that we do not hold.
    UNREADABLE = "unreadable"  # A verified answer that is not what the documents describe.
    ERROR = "error answer"  # An answer with a status of 400 or more.


@dataclass(frozen=True, slots=True)
class ProviderMessage:
    """The provider's own sentence. It may echo what was in the form, so it shows itself only on `reveal()`."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Give the sentence, for an authorised reader; never for a log."""
        return self._text

    def __str__(self) -> str:
        return "ProviderMessage()"


class PayError(Exception):
    """A call that did not give its result. Always one of `Retryable`, `OutcomeUnknown` or `Final`.

    `str()` holds code, status, Request-ID and pointer only. `code` is "" when the provider named none.
    """

    def __init__(
        self,
        *,
        call: Call,
        signal: Signal,
        action: Action,
        code: str = "",
        status: int | None = None,
        request_id: str = "",
        pointer: str | None = None,
        retry_after_seconds: float | None = None,
        provider_message: ProviderMessage | None = None,
    ) -> None:
        facts = (
            code,
            f"HTTP {status}" if status is not None else "",
            f"Request-ID {request_id}" if request_id else "",
            f"at {pointer}" if pointer else "",
        )
        super().__init__(", ".join((f"{call}: {signal}", f"action {action}", *(fact for fact in facts if fact))))
        self.call = call
        self.signal = signal
        self.action = action
        self.code = code
        self.status = status
        self.request_id = request_id
        self.pointer = pointer
        self.retry_after_seconds = retry_after_seconds
        self.provider_message = provider_message


@final
class Retryable(PayError):
    """Certainly nothing was changed, or changing it twice does no harm: send the same again after a wait."""


@final
class OutcomeUnknown(PayError):
    """A submit that may or may not have been processed: query by business_code before anything is sent again."""


@final
class Final(PayError):
    """The provider decided: the same request would get the same answer. PROCESSING is here, as `RECONCILE`."""


PayFailure = Retryable | OutcomeUnknown | Final

_REPEATABLE: Constant = frozenset({Call.QUERY, Call.UPLOAD})
_SUBMIT: Constant = frozenset({Call.SUBMIT})
_QUERY: Constant = frozenset({Call.QUERY})
_UPLOAD: Constant = frozenset({Call.UPLOAD})
_SENDING: Constant = frozenset({Call.SUBMIT, Call.UPLOAD})
# 408 says that the server gave up waiting, not that it did nothing.
_UNDECIDED: Constant = frozenset({408, *range(500, 600)})


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: what must be so (nothing given: anything), and what it means. `phrases` match by any of them."""

    signal: Signal
    kind: type[Retryable] | type[OutcomeUnknown] | type[Final]
    action: Action
    calls: frozenset[Call] = frozenset(Call)
    statuses: frozenset[int] | None = None
    code: str | None = None
    phrases: tuple[str, ...] = ()
    retry_after_seconds: float | None = None

    def matches(self, call: Call, signal: Signal, *, status: int | None, code: str, message: str) -> bool:
        """Tell whether this row speaks of what was seen."""
        return (
            signal is self.signal
            and call in self.calls
            and (self.statuses is None or status in self.statuses)
            and (self.code is None or code == self.code)
            and (not self.phrases or any(phrase in message for phrase in self.phrases))
        )


# The first row that matches holds. The codes and sentences are those of WeChat Pay doc 4012722249 (submit),
# 4012697052 (query) and the image upload page; the rest follows from what a signature or a socket can prove.
RULES: Constant[tuple[Rule, ...]] = (
    Rule(Signal.NOT_SENT, Retryable, Action.RETRY),
    Rule(Signal.NO_ANSWER, OutcomeUnknown, Action.QUERY_FIRST, _SUBMIT),
    Rule(Signal.NO_ANSWER, Retryable, Action.RETRY, _REPEATABLE),
    Rule(Signal.UNVERIFIED, OutcomeUnknown, Action.QUERY_FIRST, _SUBMIT),
    Rule(Signal.UNVERIFIED, Retryable, Action.RETRY, _REPEATABLE),
    Rule(Signal.UNKNOWN_SERIAL, OutcomeUnknown, Action.REFRESH_KEY, _SUBMIT),
    Rule(Signal.UNKNOWN_SERIAL, Retryable, Action.REFRESH_KEY, _REPEATABLE),
    Rule(Signal.UNREADABLE, OutcomeUnknown, Action.QUERY_FIRST, _SUBMIT),
    Rule(Signal.UNREADABLE, Retryable, Action.RETRY, _REPEATABLE),
    # Each API family spells its code differently; the status is the same everywhere.
    Rule(Signal.ERROR, Retryable, Action.RETRY, statuses=frozenset({429}), retry_after_seconds=10.0),
    Rule(Signal.ERROR, OutcomeUnknown, Action.QUERY_FIRST, _SUBMIT, statuses=_UNDECIDED),
    Rule(Signal.ERROR, Retryable, Action.RETRY, _REPEATABLE, statuses=_UNDECIDED),
    Rule(Signal.ERROR, Final, Action.ABSENT, _QUERY, statuses=frozenset({404})),
    # Without a code it is a proxy that spoke, not WeChat Pay: nothing was decided.
    Rule(Signal.ERROR, OutcomeUnknown, Action.QUERY_FIRST, _SUBMIT, code=""),
    Rule(Signal.ERROR, Retryable, Action.RETRY, _REPEATABLE, code=""),
    Rule(Signal.ERROR, Final, Action.HALT_CHANNEL, statuses=frozenset({401})),
    Rule(Signal.ERROR, Final, Action.HALT_CHANNEL, code="NO_AUTH"),
    Rule(Signal.ERROR, Final, Action.RECONCILE, _SUBMIT, code="PROCESSING"),
    Rule(Signal.ERROR, Final, Action.ABSENT, _QUERY, code="APPLYMENT_NOTEXIST"),
    Rule(Signal.ERROR, Final, Action.ABSENT, _QUERY, phrases=("签约协议不存在",)),
    Rule(Signal.ERROR, Final, Action.ASK_PERSON, phrases=("商户号数量超过上限", "权限已被受限", "商户资质存在风险")),
    Rule(Signal.ERROR, Final, Action.HALT_CHANNEL, phrases=("请按最新的接口文档要求进件",)),
    Rule(Signal.ERROR, Final, Action.REUPLOAD, _SENDING, code="REQUEST_BLOCKED"),
    Rule(
        Signal.ERROR,
        Final,
        Action.REFRESH_KEY,
        code="PARAM_ERROR",
        phrases=("解密失败", "field you encrypt is error", "Wechatpay-Serial"),
    ),
    Rule(Signal.ERROR, Final, Action.REUPLOAD, _UPLOAD, code="PARAM_ERROR"),
    Rule(Signal.ERROR, Final, Action.REUPLOAD, _SUBMIT, code="PARAM_ERROR", phrases=("图片文件为空", "图片内容无效")),
    Rule(Signal.ERROR, Final, Action.FIX_FORM, _SUBMIT, code="PARAM_ERROR"),
    Rule(Signal.ERROR, Final, Action.FIX_FORM, _SUBMIT, code="INVALID_REQUEST"),
    Rule(Signal.ERROR, Final, Action.ASK_PERSON),
)


def failure(
    call: Call,
    signal: Signal,
    *,
    status: int | None = None,
    code: str = "",
    message: str = "",
    request_id: str = "",
    pointer: str | None = None,
    retry_after_seconds: float | None = None,
) -> PayFailure:
    """Give the error that `RULES` says; what the provider asks for as a wait goes before the row's own."""
    rule = next(rule for rule in RULES if rule.matches(call, signal, status=status, code=code, message=message))
    return rule.kind(
        call=call,
        signal=signal,
        action=rule.action,
        code=code,
        status=status,
        request_id=request_id,
        pointer=pointer,
        retry_after_seconds=rule.retry_after_seconds if retry_after_seconds is None else retry_after_seconds,
        provider_message=ProviderMessage(message) if message else None,
    )
