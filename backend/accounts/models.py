"""Tables of accounts: organisations, staff, sessions."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.models import Model

from backend.foundation.subjects import Subject

INDEXES = {
    "session_staff": 'INDEX IF NOT EXISTS {name} ON "session" ("staff_id")',
    "staff_organisation": 'INDEX IF NOT EXISTS {name} ON "staff" ("organisation_id")',
}


class Organisation(Model):
    """A node of the tree of organisations."""

    id = fields.CharField(primary_key=True, max_length=40)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=80)
    kind = fields.CharField(max_length=16)
    parent: fields.ForeignKeyNullableRelation[Organisation] = fields.ForeignKeyField(
        "sesame.Organisation", null=True, related_name=False, on_delete=fields.RESTRICT
    )
    created_at = fields.DatetimeField()

    class Meta:
        table = "organisation"


class Staff(Subject):
    """A person who works with us, or the key of a partner's system, which files like a person.

    `roles` is a comma-separated list; `code` is the stable name of a seeded person.
    """

    subject_type: ClassVar[str] = "staff"

    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=80)
    roles = fields.CharField(max_length=160)
    organisation: fields.ForeignKeyRelation[Organisation] = fields.ForeignKeyField(
        "sesame.Organisation", related_name=False, on_delete=fields.RESTRICT
    )
    organisation_id: str

    class Meta:
        table = "staff"


class Session(Model):
    """One way in. Only the hash of the token is kept, so that whoever reads this table can sign in as nobody."""

    id = fields.CharField(primary_key=True, max_length=40)
    token_hash = fields.CharField(max_length=64, unique=True)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: str
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"
