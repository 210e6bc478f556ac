"""Lists in Relay's shape, over the pages of the backend."""

from __future__ import annotations

from typing import Annotated, Any, Final

import strawberry

from backend.foundation.pages import MOST_PER_PAGE, Page
from backend.foundation.views import Row
from schema.common.scalars import Cursor
from schema.transport import ApiError, Code

DEFAULT_FIRST: Final = 20

First = Annotated[int, strawberry.argument(description=f"How many at most, 1 to {MOST_PER_PAGE}.")]
After = Annotated[Cursor | None, strawberry.argument(description="The cursor behind which to go on.")]


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Relay's page info; lists are read forward only."""

    has_next_page: bool = strawberry.field(description="Whether there is more behind this page.")
    has_previous_page: bool = strawberry.field(description="Always false: lists are read forward only.")
    start_cursor: Cursor | None = strawberry.field(description="The cursor of the first edge.")
    end_cursor: Cursor | None = strawberry.field(description="The cursor of the last edge; send it as `after`.")


def connection_type(node: Any, name: str, what: str) -> Any:
    """Make the connection of a list of `node`, named `<name>Connection`; `what` names one of them in a sentence."""
    edge = _made(
        f"{name}Edge",
        f"One {what} and where it stands in the list.",
        cursor=(Cursor, "Send it as `after` to go on behind it."),
        node=(node, f"The {what}."),
    )
    return _made(
        f"{name}Connection",
        f"A page of a list, one {what} at a time.",
        edges=(list[edge], "The page."),  # type: ignore[valid-type]  # made at run time
        page_info=(PageInfo, "Where it stands in the list."),
    )


def _made(name: str, description: str, **fields: tuple[Any, str]) -> Any:
    """Make a type from the types and descriptions of its fields, which are in snake case as everywhere."""
    members = {field: strawberry.field(description=told) for field, (_, told) in fields.items()}
    kinds = {field: kind for field, (kind, _) in fields.items()}
    return strawberry.type(type(name, (), {**members, "__annotations__": kinds}), description=description)


def checked_first(first: int) -> int:
    """Give a page size that may be asked for. Refuses others with BAD_REQUEST."""
    if not 1 <= first <= MOST_PER_PAGE:
        raise ApiError(Code.BAD_REQUEST, f"first 必须在 1 到 {MOST_PER_PAGE} 之间。")
    return first


def connection_of(page: Page) -> Row:
    """Give a page as the row of a connection."""
    return connection(list(zip(page.cursors, page.rows, strict=True)), has_next_page=page.has_next_page)


def connection(items: list[tuple[str, Row]], *, has_next_page: bool) -> Row:
    """Give rows with their cursors as the row of a connection."""
    edges: list[dict[str, Any]] = [{"cursor": cursor, "node": row} for cursor, row in items]
    return {
        "edges": edges,
        "page_info": {
            "has_next_page": has_next_page,
            "has_previous_page": False,
            "start_cursor": edges[0]["cursor"] if edges else None,
            "end_cursor": edges[-1]["cursor"] if edges else None,
        },
    }
