"""拼多多: orders, after-sales, refunds and messages of one shop. See docs/integrations/pinduoduo.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from domain.clock import Clock
from integrations._kit.http import Http
from integrations._kit.manifest import Manifest
from integrations._kit.pace import Pace
from integrations._kit.tokens import MemoryTokens, TokenStore
from integrations.pinduoduo.canonical import canonical
from integrations.pinduoduo.channel import PinduoduoChannel
from integrations.pinduoduo.client import PinduoduoClient
from integrations.pinduoduo.messages import MessageChannel, Rhythm
from integrations.pinduoduo.settings import Settings

__all__ = ["Settings", "build", "canonical"]


def build(
    settings: Settings,
    manifest: Manifest,
    *,
    clock: Clock,
    http: Http | None = None,
    tokens: TokenStore | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    rhythm: Rhythm | None = None,
) -> PinduoduoChannel:
    """One shop's connector. `tokens` should survive a restart; without it renewed tokens die with the process."""
    # People paste the addresses as the platform prints them, with their paths; the paths are ours to add.
    gateway = settings.base_url.rstrip("/").removesuffix("/api/router")
    pace = Pace(settings.per_second or manifest.per_second, time=lambda: clock.now().timestamp(), sleep=sleep)
    calls = PinduoduoClient(
        settings, http or Http(gateway), clock=clock, pace=pace, tokens=tokens or MemoryTokens(), sleep=sleep
    )
    messages = MessageChannel(
        settings.messages_url.rstrip("/").removesuffix("/message"),
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        mall_id=settings.mall_id,
        shop=settings.shop,
        clock=clock,
        rhythm=rhythm,
        sleep=sleep,
    )
    return PinduoduoChannel(settings, calls, messages, page_size=manifest.page_size)
