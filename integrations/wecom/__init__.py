"""WeCom (企业微信). See docs/integrations/wecom.md for what has to be obtained first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from domain.clock import Clock
from domain.pace import MemoryPace
from integrations._kit.http import Http
from integrations._kit.manifest import Manifest
from integrations._kit.tokens import MemoryTokens, TokenStore
from integrations.wecom.api import AppApi, Qyapi
from integrations.wecom.budget import Budget
from integrations.wecom.callback_bot import CallbackBot
from integrations.wecom.chat import Wecom, WecomLine
from integrations.wecom.crypto import Crypto
from integrations.wecom.diagnose import diagnose
from integrations.wecom.group_robot import GroupRobot
from integrations.wecom.line import Line, Rhythm
from integrations.wecom.media import Media
from integrations.wecom.self_built import SelfBuilt
from integrations.wecom.settings import AppSettings, Settings
from integrations.wecom.socket_bot import SocketBot

__all__ = ["AppSettings", "Settings", "Wecom", "build", "diagnose"]
_MINUTE, _HOUR = 28, 950  # a step below the platform's 30 and 1000, which it counts by its own clock


def build(
    settings: Settings,
    manifest: Manifest,
    *,
    clock: Clock,
    http: Http | None = None,
    tokens: TokenStore | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    rhythm: Rhythm | None = None,
) -> Wecom:
    """What the settings ask for. `tokens` keeps access tokens and cards' response codes across restarts and replicas."""
    platform, store = manifest.domain, tokens or MemoryTokens()
    http = http or Http(settings.base_url)
    api = Qyapi(http)

    pace = MemoryPace(clock)

    def budget(per_minute: int, per_hour: int, *, answers: int = 6, critical: int = 2) -> Budget:
        return Budget(per_minute=per_minute, per_hour=per_hour, pace=pace, answers=answers, critical=critical, sleep=sleep)

    app, app_crypto = None, None
    if settings.app is not None:
        calls = AppApi(settings.app, api, clock=clock, tokens=store)
        app = SelfBuilt(
            settings.app, platform, calls, clock=clock, tokens=store, budget=budget(_MINUTE, _HOUR), lang=settings.lang
        )
        if settings.app.aes_key:
            app_crypto = Crypto(settings.app.token, settings.app.aes_key, settings.app.corp_id)
    robot = None
    if settings.robots:
        robot = GroupRobot(settings.robots, api, budget=budget(19, 1_000, answers=3, critical=0), lang=settings.lang)
    # The robot of one's own company has an empty receiver id, never the corp id.
    crypto = Crypto(settings.token, settings.aes_key, settings.receive_id) if settings.aes_key else None
    media = Media(http, settings.base_url, settings.media_hosts, aes_key=settings.aes_key, app=app.api if app else None)
    parts = {"clock": clock, "api": api, "app": app, "robot": robot, "bot_crypto": crypto, "app_crypto": app_crypto}
    parts["media"] = media
    if settings.mode == "socket":
        line = Line(
            settings.line_url, bot_id=settings.bot_id, secret=settings.secret, clock=clock, rhythm=rhythm, sleep=sleep
        )
        bot = SocketBot(settings, platform, line, clock=clock, budget=budget(_MINUTE, _HOUR))
        return WecomLine(settings, bot=bot, **parts)  # type: ignore[arg-type]
    answering = CallbackBot(settings, platform, crypto, api, clock=clock) if settings.mode == "callback" and crypto else None
    return Wecom(settings, bot=answering, **parts)  # type: ignore[arg-type]
