"""What HQ reads to review: the claim, what is still to be passed, what looks like a double."""

from __future__ import annotations

from tortoise.expressions import Q

from backend.accounts import Permission
from backend.applications.models import Application
from backend.applications.queries import APPLICATION
from backend.applications.record import fields_to_pass, masked_values
from backend.applications.rules import State
from backend.foundation.pages import Order
from backend.foundation.views import Derived, Reading, Relation, Row, View


def _may_review(_row: Row, reading: Reading) -> bool:
    return bool(reading.viewer.may(Permission.REVIEW_APPLICATIONS))


def _fields_to_pass(row: Row, _reading: Reading) -> list[str]:
    return list(fields_to_pass(masked_values(row["form"]), row["field_versions"], row["passed_versions"]))


def _form_member(name: str) -> Derived:
    return Derived(("form",), lambda row, _reading: masked_values(row["form"]).get(name))


DUPLICATE = View(
    type_name="PossibleDuplicate",
    model=Application,
    columns=frozenset({"id", "state", "owner_index", "account_index", "created_at", "sub_mchid"}),
    scope=APPLICATION.scope,
    derived={"shop_name": _form_member("micro_name"), "address": _form_member("micro_address")},
)

REVIEW = View(
    type_name="ApplicationReview",
    model=Application,
    columns=frozenset({"id", "claimer_id", "claimed_until", "approver_id", "settled_membership", "settled_group_name"}),
    scope=lambda reading: APPLICATION.scope(reading) if _may_review({}, reading) else None,
    derived={
        "fields_to_pass": Derived(("form", "field_versions", "passed_versions"), _fields_to_pass),
        "group_membership": _form_member("group_membership"),
        "group_name": _form_member("group_name"),
        "group_note": _form_member("group_note"),
    },
    relations={
        "same_owner": Relation(view=DUPLICATE, local="owner_index", remote="owner_index", many=True),
        "same_account": Relation(view=DUPLICATE, local="account_index", remote="account_index", many=True),
    },
)

# What review adds to what may be read of an application.
APPLICATION_RELATIONS = {"review": Relation(view=REVIEW, local="id", remote="id", gate=_may_review)}


# What waits for HQ, first in, first out.
IN_QUEUE = Q(state=State.IN_REVIEW)
QUEUE_ORDER = Order("queued_at")
