"""Table of images."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from backend.accounts.models import Staff

INDEXES = {
    "image_subject": 'INDEX IF NOT EXISTS {name} ON "image" ("subject_id")',
}


class Image(Model):
    """One photo, checked and re-encoded by us. Its bytes lie sealed in the object storage under `storage_key`.

    `subject_id` is what it was taken for, `purpose` which photo of it this is.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    subject_id = fields.CharField(max_length=40)
    purpose = fields.CharField(max_length=40)
    uploader: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    uploader_id: str
    sha256 = fields.CharField(max_length=64)
    size_bytes = fields.IntField()
    width = fields.IntField()
    height = fields.IntField()
    storage_key = fields.CharField(max_length=80, unique=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "image"
