"""Errors: the closed list of codes, and the mask over everything unexpected."""

import traceback
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Final

import structlog
from graphql import FieldNode, GraphQLError

from schema.transport.texts import TEXTS

_log = structlog.get_logger("schema.transport")


class Code(StrEnum):
    """Top-level error codes; everything that a person can mend is a user error of the mutation instead."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    BAD_REQUEST = "BAD_REQUEST"
    RATE_LIMITED = "RATE_LIMITED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    INTERNAL = "INTERNAL"


HTTP_STATUS: Final[dict[Code, int]] = {
    Code.UNAUTHENTICATED: 401,
    Code.FORBIDDEN: 403,
    Code.NOT_FOUND: 404,
    Code.BAD_REQUEST: 400,
    Code.RATE_LIMITED: 429,
    Code.LIMIT_EXCEEDED: 400,
    Code.INTERNAL: 500,
}
"""Status when the whole request is refused; errors of single fields travel in a 200."""


class ApiError(Exception):
    """An error that the caller may see as it is.

    Takes a code, the sentence for the person (default: the sentence of the code; it must hold no personal data),
    and when trying again can help, for `RATE_LIMITED`.
    """

    def __init__(self, code: Code, message: str | None = None, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or TEXTS[code]
        self.retry_after_seconds = retry_after_seconds

    @property
    def extensions(self) -> dict[str, Any]:
        """The `extensions` of the error, without the trace id."""
        if self.retry_after_seconds is None:
            return {"code": self.code}
        return {"code": self.code, "retryAfterSeconds": self.retry_after_seconds}


class HttpError(ApiError):
    """A refusal that has an HTTP status and headers of its own; no operation was looked at."""

    def __init__(self, status: int, code: Code, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code, message)
        self.status = status
        self.headers = headers or {}


class RequestError(Exception):
    """A request error as the GraphQL specification means it: the operation never ran, the answer has no `data`."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(len(errors))
        self.errors = errors

    @classmethod
    def of(cls, message: str, code: Code = Code.BAD_REQUEST) -> "RequestError":
        """One error with a sentence and a code."""
        return cls([GraphQLError(message, extensions={"code": code})])


Translate = Callable[[Exception], ApiError | None]
"""Maps an exception of the layers below to the error that a caller may see, or None to have it masked."""


class ErrorMask:
    """Turns exceptions into the error entries of an answer; logs once what nobody expected."""

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def known(self, error: BaseException | None) -> ApiError | None:
        """The error that the caller may see, if this exception is or stands for one."""
        if isinstance(error, ApiError):
            return error
        return self._translate(error) if isinstance(error, Exception) else None

    def entry(self, error: Exception, trace_id: str, operation_name: str | None) -> dict[str, Any]:
        """One error entry for an exception from anywhere; logs it when it is not a known one."""
        located = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
        shown = self._shown(located)
        if shown is None:
            shown = ApiError(Code.INTERNAL)
            _log_unexpected(_cause(located), trace_id, operation_name)
        return entry(
            GraphQLError(shown.message, nodes=located.nodes, path=located.path, extensions=shown.extensions), trace_id
        )

    def _shown(self, error: GraphQLError) -> ApiError | None:
        cause = _cause(error)
        known = self.known(cause)
        if known is None and isinstance(cause, GraphQLError) and _blames_an_argument(cause):
            return ApiError(Code.BAD_REQUEST, TEXTS["argument"])
        return known


def entry(error: GraphQLError, trace_id: str) -> dict[str, Any]:
    """The error as it stands in an answer: code (default `BAD_REQUEST`) and trace id are always there."""
    formatted: dict[str, Any] = dict(error.formatted)
    formatted["extensions"] = {"code": Code.BAD_REQUEST, **(error.extensions or {}), "traceId": trace_id}
    return formatted


def _cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _blames_an_argument(error: GraphQLError) -> bool:
    # graphql-core finds some wrong arguments only while executing (null for `Int! = 20` through a nullable variable).
    # Those errors point at the argument or its value; whatever a resolver or serializer raises points at the field.
    return bool(error.nodes) and not any(isinstance(node, FieldNode) for node in error.nodes or ())


def _log_unexpected(error: Exception, trace_id: str, operation_name: str | None) -> None:
    # Only types and places: the text of an exception may quote a person's data.
    frames = traceback.extract_tb(error.__traceback__)
    _log.error(
        "graphql.unexpected_error",
        trace_id=trace_id,
        operation_name=operation_name,
        error_type=f"{type(error).__module__}.{type(error).__qualname__}",
        cause_type=type(error.__cause__).__qualname__ if error.__cause__ else None,
        frames=[f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    )
