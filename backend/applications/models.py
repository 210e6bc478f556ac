"""Tables of applications."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields

from backend.accounts.models import Organisation, Staff
from backend.foundation.subjects import Subject
from backend.handbook.models import HandbookEntry

INDEXES = {
    "application_owner": 'INDEX IF NOT EXISTS {name} ON "application" ("owner_index")',
    "application_account": 'INDEX IF NOT EXISTS {name} ON "application" ("account_index")',
    "application_author": 'INDEX IF NOT EXISTS {name} ON "application" ("author_id", "id")',
    "application_successor": 'INDEX IF NOT EXISTS {name} ON "application" ("successor_id", "id")',
    "application_organisation": 'INDEX IF NOT EXISTS {name} ON "application" ("organisation_id", "id")',
    "application_queue": (
        'INDEX IF NOT EXISTS {name} ON "application" ("queued_at", "id") WHERE "state" = \'IN_REVIEW\''
    ),
}


class Application(Subject):
    """One shop, one owner, one account to open.

    `form` is canonical JSON: plain values, and masks where a value is sensitive; the sensitive values themselves stand
    only in `sealed`. `field_versions` tells in which version each field last changed, `passed_versions` up to which
    version HQ has passed it, `open_fields` which fields are unlocked after a return, and why.
    `successor` is who took it over from its author, and files it since; the author stays on record.
    `owner_index` and `account_index` are blind indexes of the ID and card number, by which duplicates are found.
    `rate_plan_entry` is the version of the rate plan that was in force when it was last submitted: what is filed.
    `live_key` begins with the key of the shop while the shop is taken, and is empty once it is free again.
    """

    subject_type: ClassVar[str] = "application"

    author: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    author_id: str
    successor: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    successor_id: str | None
    handed_over_at = fields.DatetimeField(null=True)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "sesame.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str
    kind = fields.CharField(max_length=32)
    channel = fields.CharField(max_length=16)
    notice_version = fields.CharField(max_length=32)
    pre_check = fields.TextField()

    form = fields.TextField()
    sealed = fields.BinaryField(null=True)
    field_versions = fields.TextField()
    passed_versions = fields.TextField()
    open_fields = fields.TextField()
    owner_index = fields.CharField(max_length=64, null=True)
    account_index = fields.CharField(max_length=64, null=True)
    duplicate_allowed = fields.BooleanField(default=False)
    live_key = fields.CharField(max_length=64, unique=True, null=True)

    rate_plan_entry: fields.ForeignKeyNullableRelation[HandbookEntry] = fields.ForeignKeyField(
        "sesame.HandbookEntry", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    rate_plan_entry_id: str | None
    submitted_at = fields.DatetimeField(null=True)
    queued_at = fields.DatetimeField(null=True)
    claimer: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    claimer_id: str | None
    claimed_until = fields.DatetimeField(null=True)
    approver: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    approver_id: str | None
    hold_until = fields.DatetimeField(null=True)
    settled_membership = fields.CharField(max_length=16, null=True)
    settled_group_name = fields.CharField(max_length=128, null=True)
    sub_mchid = fields.CharField(max_length=32, null=True)
    opened_at = fields.DatetimeField(null=True)

    class Meta:
        table = "application"
