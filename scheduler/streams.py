"""Message channels that we open and keep (Pinduoduo's, the chat platforms'): what arrives goes to the inbox.

A channel that lets only one connection live is held by one replica, by lease.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from domain.chat import Incoming
from domain.errors import DeskError, NeedsAuthorization
from domain.ports import NoticesGaps, PushEvent, StreamsChat, StreamsPushes
from handlers.desk import Desk
from scheduler.gaps import Gaps
from scheduler.holdings import Holdings

log = structlog.get_logger()
LEASE_SECONDS = 20.0
_RETRY_SECONDS = 5.0
_GRANT_SECONDS = 600.0

Accept = Callable[[str, str, Sequence[PushEvent]], Awaitable[None]]
"""(connector, shop, events): returns once they are on disk."""
AcceptChat = Callable[[str, Sequence[Incoming]], Awaitable[None]]
"""(platform, messages and clicks): returns once they are on disk."""


async def keep_streams(desk: Desk, accept: Accept, *, owner: str) -> None:
    """Run every connected shop's stream until cancelled."""
    async with asyncio.TaskGroup() as group:
        for channel, shop in desk.channels.shops():
            stream = desk.channels.get(channel, shop, StreamsPushes)
            if stream is not None:
                group.create_task(_keep(desk, stream, channel, shop, accept, owner))


async def _keep(desk: Desk, stream: StreamsPushes, channel: str, shop: str, accept: Accept, owner: str) -> None:
    name = f"stream.{channel}.{shop}"
    while True:
        wait = _RETRY_SECONDS
        if await desk.store.leases.take(name, owner, seconds=LEASE_SECONDS):
            try:
                await _while_held(desk, stream, channel, shop, accept, name, owner)
            except NeedsAuthorization:
                await _needs_grant(desk, f"{channel}/{shop}")
                wait = _GRANT_SECONDS
            except DeskError as known:
                log.warning("stream.lost", channel=channel, error=type(known).__name__)
            except Exception:
                log.exception("stream.crashed", channel=channel)
            finally:
                await desk.store.leases.give(name, owner)
        await asyncio.sleep(wait)


async def _needs_grant(desk: Desk, source: str) -> None:
    now = desk.clock.now()
    await desk.store.write(lambda u: u.cursors.failed(source, now, "消息通道要店主重新授权"))


async def _while_held(
    desk: Desk, stream: StreamsPushes, channel: str, shop: str, accept: Accept, name: str, owner: str
) -> None:
    """Listen as long as the lease is ours; whoever loses it stops at once, so that two never listen."""

    async def store(events: Sequence[PushEvent]) -> None:
        await accept(channel, shop, events)

    listening = asyncio.create_task(stream.listen(store))
    try:
        while not listening.done():
            await asyncio.wait({listening}, timeout=LEASE_SECONDS / 3)
            if not listening.done() and not await desk.store.leases.take(name, owner, seconds=LEASE_SECONDS):
                return
        await listening
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError, DeskError):
            await listening


async def keep_chats(desk: Desk, accept: AcceptChat, *, owner: str, holdings: Holdings | None = None) -> None:
    """Run the kept connection of every chat platform that has one, until cancelled; and notice what was not heard."""
    holdings = holdings or Holdings()
    gaps = Gaps(desk, owner=owner)
    async with asyncio.TaskGroup() as group:
        for platform, chat in desk.chats.items():
            if isinstance(chat, NoticesGaps):
                chat.on_heard = partial(gaps.heard, platform, chat)
                group.create_task(gaps.watch(platform, chat))
                if not isinstance(chat, StreamsChat) or chat.hearing:
                    group.create_task(_begun(desk, chat))
            if isinstance(chat, StreamsChat):
                if chat.one_holder:
                    holdings.lost(platform)  # until the lease is ours
                group.create_task(_keep_chat(desk, chat, platform, accept, owner, holdings))


async def _begun(desk: Desk, chat: NoticesGaps) -> None:
    """A platform that calls us: hearing begins with the process."""
    if chat.on_heard is not None:
        try:
            await chat.on_heard(None, desk.clock.now())
        except Exception:  # telling people must never cost the line
            log.exception("gap.notice_failed")


async def _keep_chat(
    desk: Desk, chat: StreamsChat, platform: str, accept: AcceptChat, owner: str, holdings: Holdings
) -> None:
    name = f"stream.chat.{platform}"

    async def store(incoming: Sequence[Incoming]) -> None:
        await accept(platform, incoming)

    while True:
        wait = _RETRY_SECONDS
        if not chat.one_holder or await desk.store.leases.take(name, owner, seconds=LEASE_SECONDS):
            holdings.held(platform)
            try:
                await _listen(desk, chat, store, name, owner)
            except NeedsAuthorization as closed:
                log.error("chat.needs_authorization", platform=platform, why=str(closed))
                wait = _GRANT_SECONDS
            except DeskError as known:
                log.warning("chat.lost", platform=platform, error=type(known).__name__)
            except Exception:
                log.exception("chat.crashed", platform=platform)
            finally:
                if chat.one_holder:
                    await desk.store.leases.give(name, owner)
        else:
            # While nobody holds it we go on serving it: what cannot leave over the line may leave through a webhook.
            holdings.lost(platform)
        await asyncio.sleep(wait)


async def _listen(
    desk: Desk, chat: StreamsChat, store: Callable[[Sequence[Incoming]], Awaitable[None]], name: str, owner: str
) -> None:
    listening = asyncio.create_task(chat.listen(store))
    try:
        while not listening.done():
            await asyncio.wait({listening}, timeout=LEASE_SECONDS / 3)
            if listening.done() or not chat.one_holder:
                continue
            if not await desk.store.leases.take(name, owner, seconds=LEASE_SECONDS):
                return
        await listening
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError, DeskError):
            await listening
