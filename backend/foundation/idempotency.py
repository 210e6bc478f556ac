"""Idempotency: the same call sent twice is done once, and answered alike."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

INDEXES = {
    "idempotency_call": 'UNIQUE INDEX IF NOT EXISTS {name} ON "idempotency" ("caller_id", "operation", "key")',
}


class Idempotency(Model):
    """A call that succeeded. `fingerprint` is a keyed hash of its input, which may hold a person's data.

    Written in the transaction of the call itself; a refused call leaves nothing, so it may be sent again corrected.
    """

    id = fields.CharField(primary_key=True, max_length=40)
    caller_id = fields.CharField(max_length=40)
    operation = fields.CharField(max_length=48)
    key = fields.CharField(max_length=64)
    fingerprint = fields.CharField(max_length=64)
    result_id = fields.CharField(max_length=40)
    created_at = fields.DatetimeField()

    class Meta:
        table = "idempotency"


class IdempotencyKeyReused(Exception):
    """The key was used before by this caller for this operation, with another input."""
