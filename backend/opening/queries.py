"""What may be read of filings: the attempts for HQ, and the signing link for whoever stands with the owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import orjson
import segno
from tortoise.expressions import Q

from backend.accounts import Permission
from backend.applications import rules
from backend.applications.queries import STANDING, StandingRow
from backend.applications.rules import AWAITING, Who
from backend.foundation.views import Derived, Reading, Relation, Row, View
from backend.opening.models import FilingAttempt
from backend.opening.rules import ApplymentState

# WeChat Pay's own clocks: an account that is not verified is rejected after 10 days, an unsigned form voided after 30.
VERIFY_WITHIN_DAYS: Final = 10
SIGN_WITHIN_DAYS: Final = 30


def _sees_provider(_row: Row, reading: Reading) -> bool:
    return bool(reading.viewer.may(Permission.SETTLE_PROVIDER_ANSWERS) or reading.viewer.may(Permission.READ_AUDIT))


def _sees_signing(row: Row, reading: Reading) -> bool:
    """The author, who stands with the owner, and HQ; and only while there is something to sign."""
    if row["state"] not in AWAITING:
        return False
    who = rules.standing_of(reading.viewer, StandingRow.of(row), reading.runtime.clock.now())
    return Who.AUTHOR in who or _sees_provider(row, reading)


def _qr(row: Row, _reading: Reading) -> str | None:
    """Draw the link as a QR: a data URL that an image tag shows as it is."""
    return segno.make(row["sign_url"], error="m").svg_data_uri(scale=8, border=4) if row["sign_url"] else None


def _sign_before(row: Row, _reading: Reading) -> datetime | None:
    """Tell when WeChat Pay gives up on the owner, counted from when we were told that it waits for them."""
    if row["accepted_at"] is None:
        return None
    days = VERIFY_WITHIN_DAYS if row["raw_state"] == ApplymentState.TO_BE_CONFIRMED else SIGN_WITHIN_DAYS
    deadline: datetime = row["accepted_at"] + timedelta(days=days)
    return deadline


ATTEMPT = View(
    type_name="FilingAttempt",
    model=FilingAttempt,
    columns=frozenset(
        {
            "id",
            "application_id",
            "number",
            "round",
            "business_code",
            "delivery",
            "form_hash",
            "applyment_id",
            "raw_state",
            "sub_mchid",
            "created_at",
            "sent_at",
            "accepted_at",
            "observed_at",
        }
    ),
    # Reached over its application, whose relation has the gate.
    scope=lambda _reading: Q(),
    derived={
        "reasons": Derived(
            ("audit_detail",), lambda row, _reading: orjson.loads(row["audit_detail"]) if row["audit_detail"] else []
        ),
    },
)

SIGNING = View(
    type_name="OwnerSigning",
    model=FilingAttempt,
    columns=frozenset({"id", "application_id", "number", "sign_url"}),
    scope=lambda _reading: Q(),
    derived={
        "qr": Derived(("sign_url",), _qr),
        "sign_before": Derived(("accepted_at", "raw_state"), _sign_before),
    },
)

# What opening adds to what may be read of an application.
APPLICATION_RELATIONS = {
    "provider": Relation(
        view=ATTEMPT, local="id", remote="application_id", many=True, order_by=("number",), gate=_sees_provider
    ),
    "signing": Relation(
        view=SIGNING,
        local="id",
        remote="application_id",
        order_by=("number",),
        gate=_sees_signing,
        gate_needs=STANDING,
    ),
}
