"""The route that serves a photo to whoever holds a grant for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from backend.foundation.refusal import NotFound
from backend.foundation.runtime import Runtime
from backend.images.service import read_by_grant

GONE: Final = "图片不存在或链接已失效，请返回页面刷新后重试。"

_HEADERS = {
    # The link is the right to see the photo, so no cache on the way may keep it and no other page may learn of it.
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'",
    "Content-Disposition": "inline",
}


def image_route(runtime: Runtime) -> Callable[[Request], Awaitable[Response]]:
    """Give the endpoint of `GET /images/{id}?grant=…`: the JPEG, or 404 for whatever reason there is not to show it."""

    async def serve_image(request: Request) -> Response:
        try:
            content = await read_by_grant(runtime, request.path_params["id"], request.query_params.get("grant", ""))
        except NotFound:
            return PlainTextResponse(GONE, status_code=404, headers=_HEADERS)
        return Response(content, media_type="image/jpeg", headers=_HEADERS)

    return serve_image
