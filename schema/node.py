"""Fetching anything again by its id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

import strawberry

from backend.accounts.queries import INVITATION, ORGANISATION, STAFF
from backend.foundation.views import Row, View, fetch_by_id
from backend.handbook.queries import ENTRY
from schema.application_type import APPLICATION
from schema.common.access import APPROVED, access
from schema.common.context import Info
from schema.common.selection import selection_of

# What each prefix of an id names.
NODES: Final[Mapping[str, View]] = {
    "apl": APPLICATION,
    "stf": STAFF,
    "org": ORGANISATION,
    "inv": INVITATION,
    "hbe": ENTRY,
}


@access(APPROVED)
async def node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="Of anything that is a `Node`.")],  # noqa: A002 - Relay's name
) -> Row | None:
    """Fetch a thing again; null alike for what is not there and what is not the viewer's."""
    view = NODES.get(id.partition("_")[0])
    return await fetch_by_id(view, selection_of(info), info.context.reading, id) if view else None
