"""The provider's side as the jobs see it: the client, the merchant id it files under, and whether the way is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from backend.applications.rules import State
from backend.opening.models import FilingAttempt, ProviderChannel
from backend.opening.rules import CHANNEL_PROBE_SECONDS
from backend.wechat import PayClient, PayError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Provider:
    """One service provider merchant (服务商号) and the client that signs for it."""

    mchid: str
    client: PayClient


async def held_reason(mchid: str) -> str | None:
    """Tell why nothing new is filed under this merchant id at the moment; None when the channel is open.

    A held channel lets one application through when no other is being filed: somebody must try whether it is open.
    """
    channel = await ProviderChannel.get_or_none(mchid=mchid, held_reason__not_isnull=True)
    if channel is None or not await FilingAttempt.filter(mchid=mchid, application__state=State.FILING).exists():
        return None
    return channel.held_reason


async def seconds_held(mchid: str, now: datetime) -> float | None:
    """Tell how long a filing must wait for the channel; None when it may go on.

    Of all that wait for a held channel, one may try it at a time; whoever may has put off the others by asking.
    """
    channel = await ProviderChannel.get_or_none(mchid=mchid, held_reason__not_isnull=True)
    if channel is None or channel.held_at is None:
        return None
    probe = timedelta(seconds=CHANNEL_PROBE_SECONDS)
    held = ProviderChannel.filter(mchid=mchid, held_reason__not_isnull=True)
    if await held.filter(held_at__lte=now - probe).update(held_at=now):
        return None
    return max((channel.held_at + probe - now).total_seconds(), 1.0)


async def hold(mchid: str, error: PayError, now: datetime) -> None:
    """Hold the channel, so that one wrong key or missing right does not burn the whole queue."""
    log.error("channel.held", code=error.code, status=error.status, request_id=error.request_id)
    await ProviderChannel.update_or_create(
        {"held_reason": error.code or str(error.action), "held_at": now}, mchid=mchid
    )


async def lift_hold(mchid: str) -> None:
    """Open the channel again: WeChat Pay has just dealt with a form."""
    await ProviderChannel.filter(mchid=mchid, held_reason__not_isnull=True).update(held_reason=None, held_at=None)
