"""Photos are served by a grant: for one viewer, one photo, ten minutes."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from backend.accounts import StaffState, Viewer
from backend.accounts.models import Staff
from backend.foundation.refusal import NotFound
from backend.foundation.runtime import Runtime
from backend.images.http import image_route
from backend.images.service import granted_url, read, read_by_grant
from tests.builders.applications import a_draft, a_kept_photo, a_picture
from tests.builders.clock import FixedClock
from tests.builders.runtime import PUBLIC_URL


async def a_photo_of(runtime: Runtime, clerk: Viewer) -> str:
    """Give a photo of a draft."""
    return await a_kept_photo(runtime, clerk, await a_draft(runtime, clerk), "id_card_copy")


def grant_in(url: str) -> str:
    """Give the grant that a link holds."""
    (grant,) = parse_qs(urlsplit(url).query)["grant"]
    return grant


async def test_a_grant_opens_its_photo_for_ten_minutes(runtime: Runtime, clock: FixedClock, clerk: Viewer) -> None:
    """Good to the last second by the wall clock, whatever business time does; then as if it never was."""
    image_id = await a_photo_of(runtime, clerk)
    url = granted_url(runtime, image_id, clerk.id)
    assert url.startswith(f"{PUBLIC_URL}/images/{image_id}?grant=")
    clock.offset_seconds = 86_400.0
    clock.advance(599)
    assert await read_by_grant(runtime, image_id, grant_in(url)) == a_picture().content
    clock.advance(1)
    with pytest.raises(NotFound):
        await read_by_grant(runtime, image_id, grant_in(url))


FORGED = (
    lambda _grant: "",
    lambda _grant: "nonsense",
    lambda grant: grant + "0",
    lambda grant: grant[:-1],
    lambda grant: grant.replace(".", "..", 1),
    lambda grant: "stf_somebody" + grant[grant.index(".") :],
    lambda grant: grant.replace(grant.split(".")[1], str(int(grant.split(".")[1]) + 1)),
    lambda grant: grant.replace(grant.split(".")[1], "9" * 5000),
    lambda grant: grant.replace(grant.split(".")[1], "１７９９９９９９９９"),
    lambda grant: ".".join([*grant.split(".")[:2], "签"]),
)


async def test_a_forged_grant_opens_nothing(runtime: Runtime, clerk: Viewer) -> None:
    """Whatever was bent: viewer, time, signature or shape."""
    image_id = await a_photo_of(runtime, clerk)
    grant = grant_in(granted_url(runtime, image_id, clerk.id))
    for forged in FORGED:
        with pytest.raises(NotFound):
            await read_by_grant(runtime, image_id, forged(grant))


async def test_a_grant_is_good_for_one_photo(runtime: Runtime, clerk: Viewer) -> None:
    """Another photo, or none at all, is not found."""
    first, second = await a_photo_of(runtime, clerk), await a_photo_of(runtime, clerk)
    grant = grant_in(granted_url(runtime, first, clerk.id))
    for image_id in (second, "img_nothing"):
        with pytest.raises(NotFound):
            await read_by_grant(runtime, image_id, grant)
    with pytest.raises(NotFound):
        await read(runtime, "img_nothing")


@pytest.mark.parametrize("state", [StaffState.SUSPENDED, StaffState.LEFT, StaffState.PENDING])
async def test_a_leaver_sees_nothing_more(runtime: Runtime, clerk: Viewer, state: StaffState) -> None:
    """A grant ends with the person it was given to."""
    image_id = await a_photo_of(runtime, clerk)
    grant = grant_in(granted_url(runtime, image_id, clerk.id))
    await Staff.filter(id=clerk.id).update(state=state)
    with pytest.raises(NotFound):
        await read_by_grant(runtime, image_id, grant)


async def test_the_route_keeps_photos_out_of_caches(runtime: Runtime, clerk: Viewer) -> None:
    """Found or not, no cache keeps the answer and no other page learns of the link."""
    image_id = await a_photo_of(runtime, clerk)
    web = Starlette(routes=[Route("/images/{id}", image_route(runtime), methods=["GET"])])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=web), base_url=PUBLIC_URL) as http:
        shown = await http.get(granted_url(runtime, image_id, clerk.id))
        hidden = await http.get(f"/images/{image_id}?grant=forged")
        bare = await http.get(f"/images/{image_id}")
    assert (shown.status_code, shown.content) == (200, a_picture().content)
    assert shown.headers["content-type"] == "image/jpeg"
    assert (hidden.status_code, bare.status_code) == (404, 404)
    assert hidden.content == bare.content
    for answer in (shown, hidden):
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
