"""The facts of an application's life, and what each event's body holds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EventKind(StrEnum):
    """Every kind of event an application leaves in the log."""

    STARTED = "STARTED"
    IMAGE_UPLOADED = "IMAGE_UPLOADED"
    DRAFT_SAVED = "DRAFT_SAVED"
    DUPLICATE_ALLOWED = "DUPLICATE_ALLOWED"
    SUBMITTED = "SUBMITTED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    CLAIMED = "CLAIMED"
    CLAIM_RELEASED = "CLAIM_RELEASED"
    RETURNED = "RETURNED"
    REFUSED = "REFUSED"
    APPROVED = "APPROVED"
    RECALLED = "RECALLED"
    FILING_STARTED = "FILING_STARTED"
    PROVIDER_ACCEPTED = "PROVIDER_ACCEPTED"
    PROVIDER_REJECTED = "PROVIDER_REJECTED"
    REFILED = "REFILED"
    PROVIDER_MOVED = "PROVIDER_MOVED"
    VOIDED = "VOIDED"
    ABANDONED = "ABANDONED"
    OPENED_AFTER_ABANDON = "OPENED_AFTER_ABANDON"
    HANDED_OVER = "HANDED_OVER"
    FIELD_REVEALED = "FIELD_REVEALED"


# What the body of each kind may hold beside `from` and `to`. Sensitive values stand there masked, or not at all.
BODIES: Mapping[EventKind, frozenset[str]] = {
    EventKind.STARTED: frozenset({"kind", "notice_version", "pre_check"}),
    EventKind.IMAGE_UPLOADED: frozenset({"image_id", "purpose"}),
    EventKind.DRAFT_SAVED: frozenset({"changes"}),
    EventKind.DUPLICATE_ALLOWED: frozenset({"reason"}),
    EventKind.SUBMITTED: frozenset({"form_version"}),
    EventKind.EXPIRED: frozenset(),
    # By a person, or by WeChat Pay's answer to a filing that was abandoned.
    EventKind.WITHDRAWN: frozenset({"reason", "business_code", "raw_state", "reasons"}),
    EventKind.CLAIMED: frozenset({"claimed_until"}),
    EventKind.CLAIM_RELEASED: frozenset(),
    EventKind.RETURNED: frozenset({"reasons"}),
    EventKind.REFUSED: frozenset({"reason"}),
    EventKind.APPROVED: frozenset({"hold_until", "membership", "group_name"}),
    EventKind.RECALLED: frozenset({"reason"}),
    EventKind.FILING_STARTED: frozenset({"business_code", "number", "round"}),
    EventKind.PROVIDER_ACCEPTED: frozenset({"business_code", "applyment_id"}),
    EventKind.PROVIDER_REJECTED: frozenset({"business_code", "raw_state", "reasons"}),
    EventKind.REFILED: frozenset({"reason"}),
    EventKind.PROVIDER_MOVED: frozenset({"business_code", "raw_state", "sub_mchid"}),
    EventKind.VOIDED: frozenset({"business_code", "raw_state"}),
    EventKind.ABANDONED: frozenset({"reason"}),
    EventKind.OPENED_AFTER_ABANDON: frozenset({"business_code", "raw_state", "sub_mchid"}),
    EventKind.HANDED_OVER: frozenset({"from_staff_id", "to_staff_id"}),
    EventKind.FIELD_REVEALED: frozenset({"field", "reason"}),
}
