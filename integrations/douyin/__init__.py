"""Douyin shop (抖店). See docs/integrations/douyin.md for what a merchant has to obtain first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from domain.clock import Clock
from integrations._kit.http import Http
from integrations._kit.manifest import Manifest
from integrations._kit.pace import Pace
from integrations._kit.tokens import MemoryTokens, TokenStore
from integrations.douyin.canonical import canonical
from integrations.douyin.channel import DouyinChannel
from integrations.douyin.client import DouyinClient
from integrations.douyin.settings import Settings

__all__ = ["Settings", "build", "canonical"]


def build(
    settings: Settings,
    manifest: Manifest,
    *,
    clock: Clock,
    http: Http | None = None,
    tokens: TokenStore | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> DouyinChannel:
    """One connected shop. `tokens` keeps access tokens across restarts; without it they live as long as the process."""
    pace = Pace(settings.per_second or manifest.per_second, time=lambda: clock.now().timestamp(), sleep=sleep)
    client = DouyinClient(settings, http or Http(settings.base_url), clock=clock, pace=pace, tokens=tokens or MemoryTokens())
    return DouyinChannel(client, settings, manifest, clock=clock)
