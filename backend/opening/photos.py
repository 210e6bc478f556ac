"""The photos of a filing at WeChat Pay: each is uploaded once, and filed by the media id it was given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from backend.foundation.jobs import Claim, TryLater
from backend.foundation.runtime import Runtime
from backend.images import read
from backend.opening.models import ProviderMedia
from backend.opening.payload import images_to_upload
from backend.opening.provider import Provider, hold
from backend.wechat import Action as PayAction
from backend.wechat import Final as FinalError
from backend.wechat import PayError

# Media ids have no documented lifetime: one that is older than this may have lapsed, one that is younger has not.
FRESH_SECONDS: Final = 3600.0


class PhotoRefused(Exception):
    """WeChat Pay does not take a photo, again; `fields` hold it."""

    def __init__(self, error: FinalError, fields: tuple[str, ...]) -> None:
        super().__init__(str(error))
        self.error = error
        self.fields = fields


async def upload_photos(
    runtime: Runtime, provider: Provider, claim: Claim, values: Mapping[str, Any]
) -> dict[str, str]:
    """Give the media id of every photo of the form, uploading those WeChat Pay has not got from this merchant yet.

    Refuses with `PhotoRefused` what WeChat Pay finally does not take; raises `TryLater` when it is not ready.
    """
    image_ids = images_to_upload(values)
    rows = await ProviderMedia.filter(mchid=provider.mchid, image_id__in=list(image_ids)).values("image_id", "media_id")
    media_ids = {row["image_id"]: row["media_id"] for row in rows}
    for image_id in image_ids:
        if image_id in media_ids:
            continue
        content = await read(runtime, image_id)
        await claim.renew()
        try:
            media_id = await provider.client.upload_image(content, filename=f"{image_id}.jpg")
        except PayError as error:
            if error.action is PayAction.HALT_CHANNEL:
                await hold(provider.mchid, error, runtime.clock.now())
            elif isinstance(error, FinalError) and claim.waits > 0:
                raise PhotoRefused(error, _fields_with(image_id, values)) from error
            raise TryLater(f"UPLOAD_{error.action}", error.retry_after_seconds) from error
        await ProviderMedia.create(
            id=runtime.ids.new("med"),
            mchid=provider.mchid,
            image_id=image_id,
            media_id=media_id,
            uploaded_at=runtime.clock.now(),
        )
        media_ids[image_id] = media_id
    return media_ids


async def forget_photos(runtime: Runtime, provider: Provider, values: Mapping[str, Any], *, even_fresh: bool) -> bool:
    """Forget the media ids of a form, so that its photos are uploaded anew; tells whether there was one to forget."""
    stale = ProviderMedia.filter(mchid=provider.mchid, image_id__in=list(images_to_upload(values)))
    if not even_fresh:
        stale = stale.filter(uploaded_at__lt=runtime.clock.now() - timedelta(seconds=FRESH_SECONDS))
    return bool(await stale.delete())


def _fields_with(image_id: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        name for name, value in values.items() if value == image_id or (isinstance(value, list) and image_id in value)
    )
