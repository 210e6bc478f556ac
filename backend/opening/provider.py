"""The provider's side as the jobs see it: the client, and the merchant id it files under."""

from __future__ import annotations

from dataclasses import dataclass

from backend.opening.models import ProviderChannel
from backend.wechat import PayClient


@dataclass(frozen=True, slots=True)
class Provider:
    """One service provider merchant (服务商号) and the client that signs for it."""

    mchid: str
    client: PayClient


async def held_reason(mchid: str) -> str | None:
    """Tell why nothing new is filed under this merchant id at the moment; None when the channel is open."""
    channel = await ProviderChannel.get_or_none(mchid=mchid)
    return channel.held_reason if channel else None
