"""All that stands in a database, to show that a refusal wrote nothing."""

from __future__ import annotations

from typing import Any

from tortoise import Tortoise
from tortoise.models import Model

Contents = dict[str, list[dict[str, Any]]]


def all_models() -> list[type[Model]]:
    """Give the model of every table we keep."""
    apps = Tortoise.apps
    assert apps is not None
    return list(apps["sesame"].values())


async def everything_in_database() -> Contents:
    """Give every row of every table of the connected database, by table."""
    return {
        model._meta.db_table: await model.all().order_by(model._meta.pk_attr).values()  # noqa: SLF001 - no public name
        for model in all_models()
    }
