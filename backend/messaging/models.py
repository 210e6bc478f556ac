"""Tables of messaging: inboxes, deliveries over other channels, consents to be written to, alerts, pushes."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.models import Model

from backend.accounts.models import Staff
from backend.foundation.subjects import Subject

INDEXES = {
    "inbox_message_sequence": 'UNIQUE INDEX IF NOT EXISTS {name} ON "inbox_message" ("inbox_id", "sequence")',
    "inbox_message_unread": 'INDEX IF NOT EXISTS {name} ON "inbox_message" ("staff_id") WHERE "read_at" IS NULL',
    "delivery_channel": 'UNIQUE INDEX IF NOT EXISTS {name} ON "delivery" ("message_id", "channel")',
    "subscribe_consent_unspent": (
        'INDEX IF NOT EXISTS {name} ON "subscribe_consent" ("staff_id", "template", "id")'
        ' WHERE "spent_at" IS NULL AND "result" = \'ACCEPT\''
    ),
    "alert_kind": 'INDEX IF NOT EXISTS {name} ON "alert" ("kind", "created_at")',
    "alert_waiting": 'INDEX IF NOT EXISTS {name} ON "alert" ("created_at", "id") WHERE "result" = \'WAITING\'',
    "received_push_age": 'INDEX IF NOT EXISTS {name} ON "received_push" ("received_at")',
    "push_nonce_age": 'INDEX IF NOT EXISTS {name} ON "push_nonce" ("received_at")',
}


class Inbox(Subject):
    """One person's inbox. It is a subject for its chain alone: each message is an event, and the feed follows them."""

    subject_type: ClassVar[str] = "inbox"

    staff: fields.OneToOneRelation[Staff] = fields.OneToOneField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: str

    class Meta:
        table = "inbox"


class InboxMessage(Model):
    """One message to one person, written in the transaction of what it tells of.

    `sequence` is that of its event in the inbox's chain. `params` is canonical JSON of what fills the sentence: ids,
    names of shops, reasons; never a sensitive value. `cause` is that of its event: what one call brings several times
    is told once.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    inbox: fields.ForeignKeyRelation[Inbox] = fields.ForeignKeyField(
        "sesame.Inbox", related_name=False, on_delete=fields.RESTRICT
    )
    inbox_id: str
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: str
    sequence = fields.IntField()
    kind = fields.CharField(max_length=40)
    subject_id = fields.CharField(max_length=40)
    params = fields.TextField()
    cause = fields.CharField(max_length=64)
    created_at = fields.DatetimeField()
    read_at = fields.DatetimeField(null=True)

    class Meta:
        table = "inbox_message"


class Delivery(Model):
    """One attempt to bring a message to a person's attention over one channel.

    There is at most one per message and channel. The result SENDING is written before the call: found again after a
    crash, it means that nobody knows, and nothing is sent. `outcome` is the code of a failure.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    message: fields.ForeignKeyRelation[InboxMessage] = fields.ForeignKeyField(
        "sesame.InboxMessage", related_name=False, on_delete=fields.RESTRICT
    )
    message_id: str
    channel = fields.CharField(max_length=20)
    result = fields.CharField(max_length=16)
    outcome = fields.CharField(max_length=64, null=True)
    created_at = fields.DatetimeField()
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "delivery"


class SubscribeConsent(Model):
    """One answer of a person to the question whether we may send a subscribe message.

    ACCEPT is good for one message. `asked_for` names what the question was asked at, `message` what it was spent on.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    staff: fields.ForeignKeyRelation[Staff] = fields.ForeignKeyField(
        "sesame.Staff", related_name=False, on_delete=fields.RESTRICT
    )
    staff_id: str
    template = fields.CharField(max_length=40)
    asked_for = fields.CharField(max_length=40)
    result = fields.CharField(max_length=16)
    asked_at = fields.DatetimeField()
    spent_at = fields.DatetimeField(null=True)
    spend_outcome = fields.CharField(max_length=64, null=True)
    message: fields.ForeignKeyNullableRelation[InboxMessage] = fields.ForeignKeyField(
        "sesame.InboxMessage", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    message_id: str | None

    class Meta:
        table = "subscribe_consent"


class Alert(Model):
    """Something HQ must look at, told to the group robot so that nobody must have the console open.

    `result` is where its way to the robot has come to; the console shows it anyway. `outcome` is the code of a failure,
    and the job that sends it while it is being sent.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    kind = fields.CharField(max_length=40)
    subject_id = fields.CharField(max_length=40)
    params = fields.TextField()
    created_at = fields.DatetimeField()
    result = fields.CharField(max_length=16)
    outcome = fields.CharField(max_length=64, null=True)
    settled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "alert"


class ReceivedPush(Model):
    """A push of the official account that was taken: the same message again gets the same answer.

    `dedupe_index` is a keyed hash. `reply_sealed` is the text that was answered, which may be empty.
    `result` is where a reply stands that goes as a message of its own; it is empty for what went in the answer.
    """

    dedupe_index = fields.CharField(primary_key=True, max_length=64)
    received_at = fields.DatetimeField()
    reply_sealed = fields.BinaryField()
    result = fields.CharField(max_length=16, null=True)

    class Meta:
        table = "received_push"


class PushNonce(Model):
    """A pair of timestamp and nonce, as a keyed hash, and the one message it may come with."""

    nonce_index = fields.CharField(primary_key=True, max_length=64)
    dedupe_index = fields.CharField(max_length=64)
    received_at = fields.DatetimeField()

    class Meta:
        table = "push_nonce"
