"""Tables of the handbook: its entries in all their versions, and who acknowledged which."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.models import Model

from backend.accounts.models import Staff
from backend.foundation.subjects import Subject

INDEXES = {
    "handbook_entry_number": 'UNIQUE INDEX IF NOT EXISTS {name} ON "handbook_entry" ("kind", "code", "number")',
    "handbook_acknowledgement_reader": (
        'UNIQUE INDEX IF NOT EXISTS {name} ON "handbook_acknowledgement" ("entry_id", "staff_id")'
    ),
}


class HandbookEntry(Subject):
    """One version of one entry: a notice, a photo guide, a return reason, a contact or a rate plan.

    `number` counts the versions of its kind and code. `content` is canonical JSON of the kind's type, and of a
    published version never changes. `effective_on` is the first day on which it is in force, `retired_on` the first on
    which it no longer is. `draft_key` keeps a second draft of the same kind and code away, and is empty once the draft
    is published or discarded. `author` and `publisher` are empty for what came with the system.
    """

    subject_type: ClassVar[str] = "handbook_entry"

    kind = fields.CharField(max_length=16)
    code = fields.CharField(max_length=40)
    number = fields.IntField()
    position = fields.IntField()
    title = fields.CharField(max_length=60)
    content = fields.TextField()
    needs_acknowledgement = fields.BooleanField(default=False)
    effective_on = fields.DateField(null=True)
    retired_on = fields.DateField(null=True)
    published_at = fields.DatetimeField(null=True)
    draft_key = fields.CharField(max_length=64, unique=True, null=True)
    author: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    author_id: str | None
    publisher: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    publisher_id: str | None

    class Meta:
        table = "handbook_entry"


class HandbookAcknowledgement(Model):
    """That one person has read one version."""

    id = fields.CharField(primary_key=True, max_length=40)
    entry: fields.ForeignKeyRelation[HandbookEntry] = fields.ForeignKeyField(
        "sesame.HandbookEntry", related_name=False, on_delete=fields.RESTRICT
    )
    entry_id: str
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: str
    acknowledged_at = fields.DatetimeField()

    class Meta:
        table = "handbook_acknowledgement"
