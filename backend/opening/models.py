"""Tables of opening: filing attempts, uploaded media, the channel."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from backend.applications.models import Application
from backend.images.models import Image

INDEXES = {
    "attempt_number": 'UNIQUE INDEX IF NOT EXISTS {name} ON "filing_attempt" ("application_id", "number")',
    "media_per_merchant": 'UNIQUE INDEX IF NOT EXISTS {name} ON "provider_media" ("mchid", "image_id")',
}


class FilingAttempt(Model):
    """One form at WeChat Pay under one `business_code` (申请单).

    `round` counts the filings under this code: the first, and one more for each re-filing, which overwrites. `delivery`
    says how far the present round got: see `rules.Delivery`. `snapshot` is the filed form, sealed; `raw_answer` the
    last answer of WeChat Pay, sealed; `audit_detail` its reasons, with what is sensitive taken out. `sent_at` is
    when the present round was sent; `polls` counts the looks at its present raw state.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    application: fields.ForeignKeyRelation[Application] = fields.ForeignKeyField(
        "sesame.Application", related_name=False, on_delete=fields.RESTRICT
    )
    application_id: str
    number = fields.IntField()
    round = fields.IntField(default=1)
    mchid = fields.CharField(max_length=32)
    business_code = fields.CharField(max_length=124, unique=True)
    delivery = fields.CharField(max_length=16)
    form_hash = fields.CharField(max_length=64, null=True)
    payload_version = fields.CharField(max_length=24, null=True)
    snapshot = fields.BinaryField(null=True)
    applyment_id = fields.CharField(max_length=24, unique=True, null=True)
    raw_state = fields.CharField(max_length=64, null=True)
    raw_answer = fields.BinaryField(null=True)
    audit_detail = fields.TextField(null=True)
    sub_mchid = fields.CharField(max_length=32, null=True)
    sign_url = fields.CharField(max_length=512, null=True)
    polls = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    observed_at = fields.DatetimeField(null=True)
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "filing_attempt"


class ProviderMedia(Model):
    """A photo that WeChat Pay has, under the media id it gave it. Good for the merchant that uploaded it."""

    id = fields.CharField(primary_key=True, max_length=40)
    mchid = fields.CharField(max_length=32)
    image: fields.ForeignKeyRelation[Image] = fields.ForeignKeyField(
        "sesame.Image", related_name=False, on_delete=fields.RESTRICT
    )
    image_id: str
    media_id = fields.CharField(max_length=512)
    uploaded_at = fields.DatetimeField()

    class Meta:
        table = "provider_media"


class ProviderChannel(Model):
    """The way to WeChat Pay under one merchant id (服务商号). While `held_reason` is set, nothing new is filed.

    `held_at` is when the channel was last found held, or was last tried.
    """

    mchid = fields.CharField(primary_key=True, max_length=32)
    held_reason = fields.CharField(max_length=64, null=True)
    held_at = fields.DatetimeField(null=True)

    class Meta:
        table = "provider_channel"
