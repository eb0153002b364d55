"""快递100: parcel histories by question, by subscription and by push. See docs/integrations/kuaidi100.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from domain.clock import Clock
from integrations._kit.http import Http
from integrations._kit.manifest import Manifest
from integrations._kit.pace import Pace
from integrations._kit.tokens import TokenStore
from integrations.kuaidi100.carrier import Kuaidi100, canonical
from integrations.kuaidi100.client import Kuaidi100Client
from integrations.kuaidi100.settings import Settings

__all__ = ["Settings", "build", "canonical"]


def build(
    settings: Settings,
    manifest: Manifest,
    *,
    clock: Clock,
    http: Http | None = None,
    tokens: TokenStore | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Kuaidi100:
    """The connector of one account. `tokens` is not needed: the account's key is for good."""
    del tokens

    def time() -> float:
        return clock.now().timestamp()

    calls = Kuaidi100Client(
        settings,
        http or Http(settings.base_url),
        queries=Pace(manifest.per_second, time=time, sleep=sleep),
        subscriptions=Pace(settings.subscriptions_per_second, time=time, sleep=sleep),
        sleep=sleep,
    )
    return Kuaidi100(settings, calls, clock=clock)
