"""Codes to scan: what a scene and a page may be, and the picture."""

import io
from typing import Any

import pytest
from PIL import Image

from tests.sandbox.platform import MINI, Platform

CALL = "/wxa/getwxacodeunlimit"


@pytest.mark.parametrize(
    "sent",
    [
        {"scene": "a"},
        {"scene": "0Az!#$&'()*+,/:;=?@-._~"},
        {"scene": "x" * 32, "page": "pages/index/index", "width": 280, "env_version": "trial"},
        {"scene": "x", "page": "pages/unknown/index", "check_path": False, "width": 1280},
    ],
)
async def test_a_code_is_a_picture(platform: Platform, sent: dict[str, Any]) -> None:
    """A square PNG, at most as wide as asked."""
    await platform.order(f"apps/{MINI}/settings", pages=["pages/index/index"])
    answer = await platform.http.post(CALL, json=sent, params={"access_token": await platform.access()})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
    with Image.open(io.BytesIO(answer.content)) as picture:
        width, height = picture.size
    assert width == height
    assert sent.get("width", 430) * 0.8 < width <= sent.get("width", 430)


async def test_another_scene_or_page_is_another_picture(platform: Platform) -> None:
    """The same is the same."""
    token = await platform.access()
    pictures = [
        (await platform.http.post(CALL, json=sent, params={"access_token": token})).content
        for sent in ({"scene": "a"}, {"scene": "a"}, {"scene": "b"}, {"scene": "a", "page": "pages/door/index"})
    ]
    assert pictures[0] == pictures[1]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize(
    ("sent", "errcode"),
    [
        ({}, 40169),
        ({"scene": ""}, 40169),
        ({"scene": 7}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "a%20b"}, 40169),
        ({"scene": "a b"}, 40169),
        ({"scene": "门"}, 40169),
        ({"scene": "a", "page": "/pages/index/index"}, 41030),
        ({"scene": "a", "page": "pages/index/index?x=1"}, 41030),
        ({"scene": "a", "page": "pages/index/index?x=1", "check_path": False}, 41030),
        ({"scene": "a", "page": "pages/unknown/index"}, 41030),
        ({"scene": "a", "page": "pages/unknown/index", "check_path": True}, 41030),
        ({"scene": "a", "width": 279}, 40097),
        ({"scene": "a", "width": 1281}, 40097),
        ({"scene": "a", "width": "430"}, 40097),
        ({"scene": "a", "env_version": "formal"}, 40097),
    ],
)
async def test_a_code_that_is_wrong_is_refused_in_json(platform: Platform, sent: dict[str, Any], errcode: int) -> None:
    """Not with a picture."""
    await platform.order(f"apps/{MINI}/settings", pages=["pages/index/index"])
    assert (await platform.post(CALL, sent, access_token=await platform.access()))["errcode"] == errcode
