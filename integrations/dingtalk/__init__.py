"""钉钉: messages, cards and alerts of one app's robot, over Stream or HTTP. See docs/integrations/dingtalk.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from domain.clock import Clock
from domain.pace import MemoryPace
from integrations._kit.http import Http
from integrations._kit.manifest import Manifest
from integrations._kit.tokens import MemoryTokens, TokenStore
from integrations.dingtalk.arrivals import Arrivals
from integrations.dingtalk.chat import DingTalkChat
from integrations.dingtalk.client import DingTalkClient
from integrations.dingtalk.diagnose import diagnose
from integrations.dingtalk.quota import QuotaMeter
from integrations.dingtalk.settings import Settings
from integrations.dingtalk.stream import Rhythm

__all__ = ["DingTalkChat", "Rhythm", "Settings", "build", "diagnose"]


def build(
    settings: Settings,
    manifest: Manifest,
    *,
    clock: Clock,
    http: Http | None = None,
    tokens: TokenStore | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    rhythm: Rhythm | None = None,
) -> DingTalkChat:
    """One app's connector, at most at the card's pace. `tokens` of the store: replicas share one token and one meter."""
    kept = tokens or MemoryTokens()
    per_second = min(settings.robot_per_second, int(manifest.per_second))
    quota = QuotaMeter(
        f"dingtalk-quota:{settings.client_id}",
        {"api": settings.api_quota, "messages": settings.message_quota},
        clock=clock,
        store=kept,
    )
    client = DingTalkClient(
        settings,
        api=http or Http(settings.api_url),
        oapi=http or Http(settings.oapi_url),
        clock=clock,
        tokens=kept,
        quota=quota,
        per_second=per_second,
        pace=MemoryPace(clock),
        sleep=sleep,
    )
    arrivals = Arrivals(settings, clock=clock, quota=quota)
    return DingTalkChat(settings, client, arrivals, clock=clock, sleep=sleep, rhythm=rhythm)
