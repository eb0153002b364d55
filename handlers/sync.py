"""Orders in: pull by windows with overlap, push from the inbox, one way of applying a change whatever brought it.

Push first, pull as repair. Every page is applied in one transaction together with what follows from it (deadlines,
approvals, stock), and the cursor moves only when a whole window is in; so a kill at any point repeats work, and repeating
changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.errors import DeskError, NeedsAuthorization, ProtocolBroken, Unavailable
from domain.order import AddressRequest, Aftersale, Order, Track
from domain.ports import (
    Change,
    DeadlineMoved,
    FetchesAftersale,
    FetchesOrder,
    Poison,
    PullsAftersales,
    PullsOrders,
    PushEvent,
    ReceivesPushes,
    StreamsPushes,
    Window,
)
from domain.store import InboxItem, OrderEvent, UnitOfWork, Upserted
from handlers import refunds
from handlers.desk import Desk
from handlers.router import Router

log = structlog.get_logger()
OVERLAP = timedelta(minutes=10)
BACKFILL = timedelta(days=30)
_SLICE = timedelta(hours=24)


@dataclass(slots=True)
class Pulled:
    """What one pull brought. `until` is the end of the last whole window."""

    orders: int = 0
    changed: int = 0
    aftersales: int = 0
    poisoned: int = 0
    windows: int = 0
    until: datetime | None = None


def apply(
    uow: UnitOfWork,
    changes: Sequence[Change],
    *,
    now: datetime,
    surface: str,
    cause: str,
    desk: Desk,
    router: Router,
) -> int:
    """Write canonical changes and everything that follows from them, in the caller's transaction.

    Returns how many really changed something. Duplicates and late arrivals change nothing.
    """
    changed = 0
    orders = [change for change in changes if isinstance(change, Order)]
    if orders:
        written = uow.orders.upsert_many(orders, seen_at=now, surface=surface, cause=cause)
        changed += len(written)
        for each in written:
            for hook in router.changed:
                hook(uow, each, now, desk)
    for change in changes:
        match change:
            case Order():
                continue
            case Aftersale():
                changed += _aftersale(uow, change, now, desk, router)
            case Track():
                _, moved, order_ids = uow.orders.upsert_track(change)
                if moved:
                    changed += 1
                    for on_track in router.track:
                        on_track(uow, change, order_ids, now, desk)
            case AddressRequest():
                for on_address in router.address:
                    on_address(uow, change, now, desk)
                changed += 1
            case DeadlineMoved():
                changed += _deadline(uow, change, now, desk, router)
            case Poison():
                uow.quarantine.quarantine(change.source, change.ref, change.reason, change.raw, now)
    return changed


def _aftersale(uow: UnitOfWork, aftersale: Aftersale, now: datetime, desk: Desk, router: Router) -> int:
    before, moved = uow.orders.upsert_aftersale(aftersale, seen_at=now)
    if not moved:
        return 0
    order = uow.orders.get(aftersale.channel, aftersale.shop, aftersale.order_number)
    for hook in router.aftersale:
        hook(uow, before, aftersale, order, now, desk)
    return 1


def _deadline(uow: UnitOfWork, moved: DeadlineMoved, now: datetime, desk: Desk, router: Router) -> int:
    if moved.kind == "aftersale":
        refunds.on_deadline(uow, moved, now, desk)
        return 1
    stored = uow.orders.get(moved.channel, moved.shop, moved.order_number)
    if stored is None or moved.kind != "ship_by" or stored.order.ship_by == moved.due_at:
        return 0
    before = stored.order.ship_by.isoformat() if stored.order.ship_by else ""
    event = OrderEvent(now, "ship_by", moved.channel, "channel", before, moved.due_at.isoformat(), cause="deadline moved")
    uow.orders.change(stored.id, expect_version=stored.version, events=[event], ship_by=moved.due_at)
    fresh = uow.orders.by_id(stored.id)
    if fresh is not None:
        for hook in router.changed:
            hook(uow, Upserted(stored.id, stored.order, fresh.order, (event,)), now, desk)
    return 1


def source_name(channel: str, shop: str) -> str:
    """How a shop is called in cursors and freshness."""
    return f"{channel}/{shop}"


async def pull(desk: Desk, router: Router, channel: str, shop: str, *, since: datetime | None = None) -> Pulled:
    """Bring a shop up to date; a new shop from `BACKFILL` ago, or from `since`.

    Raises what the connector raises, after recording it as the source's last error.
    """
    result = Pulled()
    source = source_name(channel, shop)
    try:
        await _pull_kind(desk, router, channel, shop, "orders", result, since)
        await _pull_kind(desk, router, channel, shop, "aftersales", result, since)
    except DeskError as trouble:
        now = desk.clock.now()
        words = describe(trouble)
        await desk.store.write(lambda u: u.cursors.failed(source, now, words))
        log.warning("sync.failed", source=source, error=type(trouble).__name__)
        raise
    now = desk.clock.now()
    await desk.store.write(lambda u: u.cursors.succeeded(source, now))
    log.info("sync.pulled", source=source, orders=result.orders, changed=result.changed, windows=result.windows)
    return result


def describe(trouble: DeskError) -> str:
    """A source's error in words that say who can act."""
    match trouble:
        case NeedsAuthorization():
            return "授权失效，要店主重新授权"
        case Unavailable():
            return "对方暂时没回应，会自动再试"
        case ProtocolBroken():
            return "对方返回的内容读不懂，已留存待查"
        case _:
            return "同步没成功，会自动再试"


async def _pull_kind(
    desk: Desk, router: Router, channel: str, shop: str, kind: str, result: Pulled, since: datetime | None
) -> None:
    pages_of = _reader(desk, channel, shop, kind)
    if pages_of is None:
        return
    cursor = f"{kind}:{channel}:{shop}"
    limits = desk.channels.limits(channel)
    kept = await desk.store.read(lambda r: r.cursors.get(cursor))
    now = desk.clock.now()
    end = now - limits.lag
    start = since or (datetime.fromisoformat(kept) - OVERLAP if kept else now - BACKFILL)
    step = min(limits.window, _SLICE)
    while start < end:
        window = Window(start, min(start + step, end))
        async for page in pages_of(window):
            seen = desk.clock.now()
            result.poisoned += sum(isinstance(each, Poison) for each in page)
            if kind == "orders":
                result.orders += len(page)
            else:
                result.aftersales += len(page)
            result.changed += await desk.store.write(
                lambda u, page=page, seen=seen: apply(  # type: ignore[misc]
                    u, page, now=seen, surface="channel", cause=f"pull:{channel}", desk=desk, router=router
                )
            )
        done = window.end.isoformat()
        await desk.store.write(lambda u, done=done: u.cursors.put(cursor, done))  # type: ignore[misc]
        result.windows += 1
        result.until = window.end
        start = window.end


def _reader(
    desk: Desk, channel: str, shop: str, kind: str
) -> Callable[[Window], AsyncIterator[tuple[Order | Aftersale | Poison, ...]]] | None:
    if kind == "orders":
        orders = desk.channels.get(channel, shop, PullsOrders)
        return orders.orders if orders else None
    aftersales = desk.channels.get(channel, shop, PullsAftersales)
    return aftersales.aftersales if aftersales else None


async def pushed(item: InboxItem, desk: Desk, router: Router) -> int:
    """Handle one stored push: ask the connector what it means, apply that. Raises to be tried again."""
    channel, shop = item.payload["connector"], item.payload["shop"]
    event = PushEvent(**item.payload["event"])
    connector = desk.channels.get(channel, shop, ReceivesPushes) or desk.channels.get(channel, shop, StreamsPushes)
    if connector is None:
        now = desk.clock.now()
        await desk.store.write(
            lambda u: u.quarantine.quarantine(channel, event.dedupe, "shop is not connected any more", event.body, now)
        )
        return 0
    changes = await connector.resolve(event)
    now = desk.clock.now()
    return await desk.store.write(
        lambda u: apply(u, changes, now=now, surface="push", cause=f"{channel}:{event.dedupe}", desk=desk, router=router)
    )


async def refresh(desk: Desk, router: Router, channel: str, shop: str, number: str) -> Order | None:
    """Ask the channel for one order now, and apply what it says. None when the channel cannot or knows no such order."""
    fetcher = desk.channels.get(channel, shop, FetchesOrder)
    if fetcher is None:
        return None
    order = await fetcher.order(number)
    if order is not None:
        now = desk.clock.now()
        await desk.store.write(
            lambda u: apply(u, [order], now=now, surface="channel", cause="refresh", desk=desk, router=router)
        )
    return order


async def refresh_aftersale(
    desk: Desk, router: Router, channel: str, shop: str, number: str, order_number: str
) -> Aftersale | None:
    """The same for one after-sale."""
    fetcher = desk.channels.get(channel, shop, FetchesAftersale)
    if fetcher is None:
        return None
    aftersale = await fetcher.aftersale(number, order_number)
    if aftersale is not None:
        now = desk.clock.now()
        await desk.store.write(
            lambda u: apply(u, [aftersale], now=now, surface="channel", cause="refresh", desk=desk, router=router)
        )
    return aftersale
