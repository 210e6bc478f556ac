"""What may be read of images."""

from __future__ import annotations

from tortoise.expressions import Q

from backend.foundation.views import Derived, Reading, Row, View
from backend.images.models import Image
from backend.images.service import granted_url


def _url(row: Row, reading: Reading) -> str:
    return granted_url(reading.runtime, row["id"], reading.viewer.id)


IMAGE = View(
    type_name="Image",
    model=Image,
    columns=frozenset({"id", "subject_id", "purpose", "sha256", "size_bytes", "width", "height", "created_at"}),
    # An image is reached over the subject it was taken for, and that relation has the gate.
    scope=lambda _reading: Q(),
    derived={"url": Derived(("id",), _url)},
)
