"""Cursors that no list ever gave."""

from __future__ import annotations

import base64
from typing import Any, Final

import orjson


def a_cursor_of(content: bytes) -> str:
    """Write a cursor's text around this content."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


_CONTENTS: Final[tuple[Any, ...]] = (
    [],
    {},
    "k1",
    ["k1", "2026-01-01T00:00:00+00:00"],
    ["k2", "2026-01-01T00:00:00+00:00", "apl_x"],
    ["k1", "2026-01-01T00:00:00+00:00", 5],
    ["k1", "2026-01-01T00:00:00", "apl_x"],
    ["k1", "yesterday", "apl_x"],
    ["k1", 5, "apl_x"],
    ["k1", None, "apl_x"],
    ["k1", True, "apl_x"],
    ["k1", 1e300, "apl_x"],
    ["k1", [], "apl_x"],
    ["k1", "2026-01-01T00:00:00+00:00", "a\u0000b"],
    ["k1", "0001-01-01T00:00:00+23:59", "apl_x"],
)

BAD_CURSORS: Final = (
    "nonsense",
    "e1.5",
    "é",
    "=",
    "\u0000",
    a_cursor_of(b"\xff\xfe"),
    *(a_cursor_of(orjson.dumps(content)) for content in _CONTENTS),
)
