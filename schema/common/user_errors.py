"""User errors: what a person can mend, as data in the payload of the mutation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Final

import strawberry

from backend.applications.errors import DraftConflict
from backend.applications.problems import ProblemCode
from backend.foundation.idempotency import IdempotencyKeyReused
from backend.foundation.lifecycle import MoveRefused, NeedUnmet, StaleVersion
from backend.foundation.refusal import Refusal, Refused
from backend.foundation.views import Row
from schema.texts.fields import sentence
from schema.texts.refusals import REFUSALS


@strawberry.enum(description="Why a mutation was refused. Clients switch on this and show `message`.")
class UserErrorCode(Enum):
    """Every refusal code of the backend that reaches a payload; a test holds it against the features' own lists."""

    STALE_VERSION = "STALE_VERSION"
    DRAFT_CONFLICT = "DRAFT_CONFLICT"
    IDEMPOTENCY_KEY_INVALID = "IDEMPOTENCY_KEY_INVALID"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    ILLEGAL_STATE = "ILLEGAL_STATE"
    NOT_ALLOWED = "NOT_ALLOWED"
    INCOMPLETE = "INCOMPLETE"
    CONSENT_MISSING = "CONSENT_MISSING"
    DUPLICATE = "DUPLICATE"
    POLICY_REFUSES = "POLICY_REFUSES"
    STILL_IN_USE = "STILL_IN_USE"
    REASON_MISSING = "REASON_MISSING"
    FIELD_REASONS_MISSING = "FIELD_REASONS_MISSING"
    CLAIMED_BY_ANOTHER = "CLAIMED_BY_ANOTHER"
    FIELDS_NOT_PASSED = "FIELDS_NOT_PASSED"
    MEMBERSHIP_UNKNOWN = "MEMBERSHIP_UNKNOWN"
    HOLD_OVER = "HOLD_OVER"
    HOLD_RUNNING = "HOLD_RUNNING"
    CHANNEL_HELD = "CHANNEL_HELD"
    PROVIDER_ID_UNKNOWN = "PROVIDER_ID_UNKNOWN"
    REASONS_UNMAPPED = "REASONS_UNMAPPED"
    NOT_FORWARD = "NOT_FORWARD"
    NOTICE_OUTDATED = "NOTICE_OUTDATED"
    PRE_CHECK_INVALID = "PRE_CHECK_INVALID"
    FIELD_UNKNOWN = "FIELD_UNKNOWN"
    FIELD_LOCKED = "FIELD_LOCKED"
    FIELD_INVALID = "FIELD_INVALID"
    IMAGE_UNKNOWN = "IMAGE_UNKNOWN"
    IMAGE_PURPOSE_DIFFERS = "IMAGE_PURPOSE_DIFFERS"
    PURPOSE_UNKNOWN = "PURPOSE_UNKNOWN"
    TOO_MANY_IMAGES = "TOO_MANY_IMAGES"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    REASON_FIELD_UNKNOWN = "REASON_FIELD_UNKNOWN"
    GROUP_NAME_MISSING = "GROUP_NAME_MISSING"
    TOO_MANY_REASONS = "TOO_MANY_REASONS"
    HOLDER_MUST_BE_OPERATOR = "HOLDER_MUST_BE_OPERATOR"
    HOLDER_PROOF_MISSING = "HOLDER_PROOF_MISSING"
    LICENSED_SHOP_REFUSED = "LICENSED_SHOP_REFUSED"
    ENTRY_CODE_INVALID = "ENTRY_CODE_INVALID"
    CONTENT_MISSING = "CONTENT_MISSING"
    CONTENT_TOO_LONG = "CONTENT_TOO_LONG"
    CONTENT_TOO_MANY = "CONTENT_TOO_MANY"
    CONTENT_BAD_FORMAT = "CONTENT_BAD_FORMAT"
    PERIOD_REVERSED = "PERIOD_REVERSED"
    ACTIVITY_INCOMPLETE = "ACTIVITY_INCOMPLETE"
    SAMPLE_UNKNOWN = "SAMPLE_UNKNOWN"
    TOO_MANY_SAMPLES = "TOO_MANY_SAMPLES"
    NOTHING_TO_ACKNOWLEDGE = "NOTHING_TO_ACKNOWLEDGE"
    DATE_PAST = "DATE_PAST"
    ENTRY_SUPERSEDED = "ENTRY_SUPERSEDED"
    ENTRY_RELIED_ON = "ENTRY_RELIED_ON"
    EMPTY = "EMPTY"
    TOO_LARGE = "TOO_LARGE"
    NOT_AN_IMAGE = "NOT_AN_IMAGE"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    TRUNCATED = "TRUNCATED"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    ANIMATED = "ANIMATED"
    TOO_SMALL = "TOO_SMALL"
    CODE_SPENT = "CODE_SPENT"
    PERSON_BLOCKED = "PERSON_BLOCKED"
    WECHAT_BUSY = "WECHAT_BUSY"
    WECHAT_MISCONFIGURED = "WECHAT_MISCONFIGURED"
    ACCESS_ENDED = "ACCESS_ENDED"
    NAME_INVALID = "NAME_INVALID"
    MOBILE_INVALID = "MOBILE_INVALID"
    MOBILE_MISSING = "MOBILE_MISSING"
    MOBILE_TAKEN = "MOBILE_TAKEN"
    ORGANISATION_UNKNOWN = "ORGANISATION_UNKNOWN"
    ORGANISATION_CLOSED_TO_NEWCOMERS = "ORGANISATION_CLOSED_TO_NEWCOMERS"
    ORGANISATION_IN_USE = "ORGANISATION_IN_USE"
    INVITATION_INVALID = "INVITATION_INVALID"
    INVITATION_EXPIRED = "INVITATION_EXPIRED"
    ROLES_NOT_GRANTABLE = "ROLES_NOT_GRANTABLE"
    ROLE_NOT_IN_ORGANISATION = "ROLE_NOT_IN_ORGANISATION"
    SUCCESSOR_INVALID = "SUCCESSOR_INVALID"
    OPEN_WORK = "OPEN_WORK"
    SUCCESSOR_MISSING = "SUCCESSOR_MISSING"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    TOO_MANY_MESSAGES = "TOO_MANY_MESSAGES"
    CONSENT_RESULT_INVALID = "CONSENT_RESULT_INVALID"
    HURRIED_ALREADY = "HURRIED_ALREADY"


@strawberry.type(description="One field on which two phones differ, with both values as text.")
class FieldConflict:
    """What the caller sent and what stands there."""

    field: str = strawberry.field(description="The name of the form field.")
    yours: str = strawberry.field(description="What this call sent.")
    theirs: str = strawberry.field(description="What stands in the draft now.")


@strawberry.type(description="One reason why nothing was done, and what can be done about it.")
class UserError:
    """One refusal, told to a person."""

    code: UserErrorCode = strawberry.field(description="Stable; switch on this.")
    path: list[str] = strawberry.field(description="Where in the input it lies, in the client's casing.")
    message: str = strawberry.field(description="What happened and what to do, in Chinese, for display.")
    current_version: int | None = strawberry.field(description="The version the subject is at, for a stale one.")
    current_state: str | None = strawberry.field(description="The state the subject is in, where that is the reason.")
    conflicts: list[FieldConflict] = strawberry.field(description="For DRAFT_CONFLICT: both values of each field.")


KEY_LENGTH: Final = range(16, 65)

# Members of the backend's commands that the API calls otherwise.
_API_NAMES: Final = {"fields": "form"}


class IdempotencyKeyInvalid(Exception):
    """An idempotency key that is not 16 to 64 printable ASCII characters."""


def checked_key(key: str) -> str:
    """Give an idempotency key that may be used. Refuses others with `IdempotencyKeyInvalid`."""
    if len(key) not in KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyInvalid
    return key


def user_errors_of(error: Exception) -> list[Row] | None:
    """Turn a refusal of the backend into user errors; None when it is no refusal that a payload carries."""
    match error:
        case Refused():
            return [_of_refusal(refusal) for refusal in error.refusals]
        case DraftConflict():
            conflicts = [{"field": c.field, "yours": c.yours, "theirs": c.theirs} for c in error.conflicts]
            return [
                _row(
                    "DRAFT_CONFLICT" if conflicts else "STALE_VERSION",
                    ("expected_version",),
                    current_version=error.current_version,
                    current_state=error.state,
                    conflicts=conflicts,
                )
            ]
        case StaleVersion():
            return [
                _row(
                    "STALE_VERSION",
                    ("expected_version",),
                    current_version=error.current,
                    current_state=error.state,
                )
            ]
        case NeedUnmet():
            return [_row(error.need, (), current_state=error.state)]
        case MoveRefused():
            return [_row(error.code, (), current_state=error.state)]
        case IdempotencyKeyReused():
            return [_row("IDEMPOTENCY_KEY_REUSED", ("idempotency_key",))]
        case IdempotencyKeyInvalid():
            return [_row("IDEMPOTENCY_KEY_INVALID", ("idempotency_key",))]
        case _:
            return None


async def payload(name: str, change: Callable[[], Awaitable[Any]]) -> Row:
    """Run a change and give its payload: what it gives under `name`, or None beside the reasons for nothing."""
    try:
        return {name: await change(), "user_errors": []}
    except Exception as error:
        errors = user_errors_of(error)
        if errors is None:
            raise
        return {name: None, "user_errors": errors}


def _of_refusal(refusal: Refusal) -> Row:
    return _row(refusal.code, refusal.path, params=refusal.params)


def _row(
    code: str,
    path: tuple[str, ...],
    *,
    params: Mapping[str, str | int] | None = None,
    current_version: int | None = None,
    current_state: str | None = None,
    conflicts: list[dict[str, Any]] | None = None,
) -> Row:
    return {
        "code": UserErrorCode(code),
        "path": ["input", *(_camel(_API_NAMES.get(part, part)) for part in path)],
        "message": _message(code, path, params or {}),
        "current_version": current_version,
        "current_state": current_state,
        "conflicts": conflicts or [],
    }


def _message(code: str, path: tuple[str, ...], params: Mapping[str, str | int]) -> str:
    if code == "FIELD_INVALID":
        rest = {name: value for name, value in params.items() if name != "problem"}
        return sentence(path[-1], ProblemCode(str(params["problem"])), rest)
    return REFUSALS[code].format(**params)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
