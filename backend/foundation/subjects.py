"""Subjects: the rows that have a life. Each carries its state, its version and the end of its own event chain."""

from __future__ import annotations

from typing import ClassVar

from tortoise import fields
from tortoise.models import Model


class Subject(Model):
    """A row with a life cycle.

    `state` is written by `foundation.lifecycle.move` alone. `version` grows by one with each change and is what a
    client sends back as `expectedVersion`. `event_sequence` and `event_hash` are those of the last event; they change
    under this row's lock, which is what makes the chain of one subject gapless.
    """

    # What the event log calls rows of this kind.
    subject_type: ClassVar[str]

    id = fields.CharField(primary_key=True, max_length=40)
    state = fields.CharField(max_length=32)
    version = fields.IntField(default=1)
    event_sequence = fields.IntField(default=0)
    event_hash = fields.CharField(max_length=64, default="")
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()

    class Meta:
        abstract = True
