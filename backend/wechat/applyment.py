"""What WeChat Pay says about a form (申请单)."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import orjson


class MalformedAnswerError(Exception):
    """A verified body that does not hold what the documents promise."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A form that WeChat Pay has taken. `applyment_id` is its number as text: 64 bits do not fit a float."""

    applyment_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditItem:
    """One field that WeChat Pay rejects, with its reason, which may quote what was filled in."""

    field: str
    field_name: str
    reject_reason: str = dataclass_field(repr=False)


@dataclass(frozen=True, slots=True)
class Applyment:
    """The state of a form (WeChat Pay doc 4012697052). `applyment_state` is raw: unknown ones must be tolerated.

    Having a `sub_mchid` does not mean that it is signed or usable. `audit_detail` may be empty even when rejected.
    `body` is the verified answer, byte for byte.
    """

    business_code: str
    applyment_id: str
    sub_mchid: str | None
    sign_url: str | None = dataclass_field(repr=False)
    applyment_state: str
    applyment_state_msg: str = dataclass_field(repr=False)
    audit_detail: tuple[AuditItem, ...]
    body: bytes = dataclass_field(repr=False)


def parse_applyment_id(body: bytes) -> str:
    """Read the answer to a submit, `{"applyment_id": 2000002124775691}`; else `MalformedAnswerError`."""
    return _number(_object(body).get("applyment_id"))


def parse_media_id(body: bytes) -> str:
    """Read the answer to an upload, `{"media_id": "..."}`; else `MalformedAnswerError`."""
    return _text(_object(body).get("media_id"))


def parse_applyment(body: bytes) -> Applyment:
    """Read the answer to a query; `MalformedAnswerError` when a promised member is missing. Others are ignored."""
    content = _object(body)
    audit = content.get("audit_detail") or []
    if not isinstance(audit, list) or not all(isinstance(item, dict) for item in audit):
        raise MalformedAnswerError("audit_detail is not a list of objects")
    return Applyment(
        business_code=_text(content.get("business_code")),
        applyment_id=_number(content.get("applyment_id")),
        sub_mchid=_optional_text(content.get("sub_mchid")),
        sign_url=_optional_text(content.get("sign_url")),
        applyment_state=_text(content.get("applyment_state")),
        applyment_state_msg=_optional_text(content.get("applyment_state_msg")) or "",
        audit_detail=tuple(
            AuditItem(
                field=_optional_text(item.get("field")) or "",
                field_name=_optional_text(item.get("field_name")) or "",
                reject_reason=_optional_text(item.get("reject_reason")) or "",
            )
            for item in audit
        ),
        body=body,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Without the cause: it carries the whole document.
        raise MalformedAnswerError("the body is not JSON") from None
    if not isinstance(content, dict):
        raise MalformedAnswerError("the body is not an object")
    return content


def _number(value: Any) -> str:
    # `type` and not `isinstance`: true is an int in Python. A float has already lost digits.
    if type(value) is not int or value <= 0:
        raise MalformedAnswerError("applyment_id is not a positive whole number")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise MalformedAnswerError("a promised text is missing")
    return value


def _optional_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return _text(value)
