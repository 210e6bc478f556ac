"""The installation: what this database belongs to, written once and never changed."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from backend.foundation.clock import Clock


class Installation(Model):
    """One row: the mode (sandbox or live) and the service provider's merchant id of the first migration."""

    id = fields.CharField(primary_key=True, max_length=16)
    mode = fields.CharField(max_length=16)
    mchid = fields.CharField(max_length=32)
    created_at = fields.DatetimeField()

    class Meta:
        table = "installation"


class ForeignDatabase(Exception):
    """This database belongs to another mode or merchant id; test data and real shops must never meet."""


async def stamp(clock: Clock, *, mode: str, mchid: str) -> None:
    """Write what this database belongs to, if nothing stands there yet; refuses with `ForeignDatabase` another."""
    found, _ = await Installation.get_or_create(
        {"mode": mode, "mchid": mchid, "created_at": clock.wall()}, id="installation"
    )
    if (found.mode, found.mchid) != (mode, mchid):
        raise ForeignDatabase(
            f"the database belongs to {found.mode} mode and merchant id {found.mchid}, "
            f"this process runs in {mode} mode for {mchid}"
        )
