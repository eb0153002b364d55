"""What the rest of the program sees of one Pinduoduo shop."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from typing import Any

from domain.errors import NeedsAuthorization, ProtocolBroken, Rejected, Unavailable
from domain.order import Aftersale, Order
from domain.ports import (
    AddressDecision,
    Change,
    Poison,
    PushEvent,
    Receipt,
    RefundDecision,
    Shipment,
    StockLevel,
    Window,
)
from integrations.pinduoduo import aftersales, refunds, values, wire
from integrations.pinduoduo.backwards import Page, backwards
from integrations.pinduoduo.canonical import aftersale_or_poison, order_or_poison, poison
from integrations.pinduoduo.client import PinduoduoClient
from integrations.pinduoduo.mapping import CHANNEL, to_order
from integrations.pinduoduo.messages import MessageChannel, Store, content_of
from integrations.pinduoduo.settings import Settings
from integrations.pinduoduo.values import Unmappable
from integrations.pinduoduo.wire import Row
from integrations.pinduoduo.writes import Writes

_MERCHANT_ACTS = frozenset(map(str, aftersales.MERCHANT_ACTS))
LONGEST = 1800
"""Seconds that one incremental query may span."""


class PinduoduoChannel:
    """PullsOrders, FetchesOrder, StreamsPushes, PullsAftersales, FetchesAftersale, DecidesRefunds, ModifiesAddresses,
    ShipsOrders, WritesRemarks, WritesStock. There is no call to refuse a refund or to answer a buyer's address request.
    """

    def __init__(self, settings: Settings, calls: PinduoduoClient, messages: MessageChannel, *, page_size: int) -> None:
        self._settings = settings
        self._calls = calls
        self._messages = messages
        self._size = page_size
        self._writes = Writes(calls, note_limit=settings.note_limit)

    # --- orders in ---

    async def orders(self, window: Window) -> AsyncIterator[tuple[Order | Poison, ...]]:
        """As `PullsOrders.orders`. Keep the window's end behind now by the card's lag: younger rows may be invisible."""
        seen: set[tuple[str, str]] = set()
        for start, end in _spans(window):

            async def fetch(page: int, counted: bool, start: int = start, end: int = end) -> Page:
                return await self._order_page(start, end, page, counted=counted)

            async for rows in backwards(fetch, size=self._size, mark=_order_mark, seen=seen):
                yield tuple(order_or_poison(row, shop=self._settings.shop) for row in rows)

    async def _order_page(self, start: int, end: int, page: int, *, counted: bool) -> Page:
        params = {
            "start_updated_at": start,
            "end_updated_at": end,
            "order_status": 5,
            "refund_status": 5,
            "is_lucky_flag": 0,
            "page": page,
            "page_size": self._size,
            "use_has_next": not counted,
        }
        answer = await self._calls.call(wire.ORDER_LIST, params)
        rows = _list(answer, "order_sn_list", wire.ORDER_LIST)
        if counted:
            total = _count(answer, wire.ORDER_LIST)
            return Page(rows, total, page * self._size < total)
        if not isinstance(answer.get("has_next"), bool):
            raise ProtocolBroken(f"{wire.ORDER_LIST}: no has_next")
        return Page(rows, None, answer["has_next"])

    async def order(self, number: str) -> Order | None:
        """As `FetchesOrder.order`. Raises ProtocolBroken when the answer cannot be read."""
        row = await self._order_row(number)
        return self._read(row) if row is not None else None

    def _read(self, row: Row, *, completed: bool = False) -> Order:
        try:
            return to_order(row, shop=self._settings.shop, completed=completed)
        except Unmappable as problem:
            raise ProtocolBroken(f"{wire.ORDER_DETAIL}: {problem}") from problem

    async def _order_row(self, number: str) -> Row | None:
        try:
            answer = await self._calls.call(wire.ORDER_DETAIL, {"order_sn": number})
        except Rejected as refused:
            if self._means_none(refused):
                return None
            raise
        row = answer.get("order_info")
        if row is None and "order_info" in answer:
            return None
        if not isinstance(row, dict):
            raise ProtocolBroken(f"{wire.ORDER_DETAIL}: no order_info")
        return row

    def _means_none(self, refused: Rejected) -> bool:
        """The refusal that means "there is none" has no documented code: its words decide."""
        return any(words in refused.reason for words in self._settings.no_such_order_words)

    # --- after-sales in ---

    async def aftersales(self, window: Window) -> AsyncIterator[tuple[Aftersale | Poison, ...]]:
        """As `PullsAftersales.aftersales`. Where the merchant must act, the detail adds the platform's deadline."""
        seen: set[tuple[str, str]] = set()
        for start, end in _spans(window):

            async def fetch(page: int, counted: bool, start: int = start, end: int = end) -> Page:
                del counted  # this list always counts
                return await self._refund_page({"start_updated_at": start, "end_updated_at": end}, page)

            async for rows in backwards(fetch, size=self._size, mark=_refund_mark, seen=seen):
                yield tuple([await self._full(row) for row in rows])

    async def _refund_page(self, which: dict[str, Any], page: int) -> Page:
        params = {
            "after_sales_status": self._settings.every_aftersale_status,
            "after_sales_type": 1,
            "page": page,
            "page_size": self._size,
            **which,
        }
        answer = await self._calls.call(wire.REFUND_LIST, params)
        total = _count(answer, wire.REFUND_LIST)
        return Page(_list(answer, "refund_list", wire.REFUND_LIST), total, page * self._size < total)

    async def _full(self, row: Row) -> Aftersale | Poison:
        read = aftersale_or_poison(row, shop=self._settings.shop, source="list")
        if isinstance(read, Poison) or read.raw_status not in _MERCHANT_ACTS:
            return read
        detail = await self._refund_detail(read.number, read.order_number)
        return read if detail is None else self._merge(detail, read)

    def _merge(self, detail: Row, truth: Aftersale | None) -> Aftersale:
        try:
            return aftersales.from_detail(detail, shop=self._settings.shop, unit=self._settings.detail_unit, truth=truth)
        except Unmappable as problem:
            raise ProtocolBroken(f"{wire.REFUND_DETAIL}: {problem}") from problem

    async def _refund_detail(self, number: str, order_number: str) -> Row | None:
        try:
            answer = await self._calls.call(wire.REFUND_DETAIL, {"order_sn": order_number, "after_sales_id": number})
        except Rejected as refused:
            if self._means_none(refused):
                return None
            raise
        if "id" not in answer or "order_sn" not in answer:
            raise ProtocolBroken(f"{wire.REFUND_DETAIL}: no after-sale")
        return answer

    async def aftersale(self, number: str, order_number: str) -> Aftersale | None:
        """As `FetchesAftersale.aftersale`: the detail, with the amount of the list row, whose unit is documented."""
        detail = await self._refund_detail(number, order_number)
        if detail is None:
            return None
        now = int(self._calls.now().timestamp())
        page = await self._refund_page(
            {"start_updated_at": now - LONGEST, "end_updated_at": now, "order_sn": order_number}, 1
        )
        truth = next((row for row in page.rows if values.ident(row, "id") == number), None)
        read = aftersale_or_poison(truth, shop=self._settings.shop, source="list") if truth is not None else None
        return self._merge(detail, read if isinstance(read, Aftersale) else None)

    # --- messages ---

    async def listen(self, store: Store) -> None:
        """As `StreamsPushes.listen`: switch messages on for the shop, then receive until cancelled."""
        params = {"topics": self._settings.topics} if self._settings.topics else {}
        answer = await self._calls.call(wire.MESSAGES_PERMIT, params)
        if answer.get("is_success") is not True:
            raise NeedsAuthorization(f"{wire.MESSAGES_PERMIT}: messages are not switched on for this shop")
        await self._messages.run(store)

    async def backlog(self) -> int:
        """How many messages the platform holds back for this app (it keeps 7 days)."""
        answer = await self._calls.call(wire.MESSAGES_BACKLOG, {})
        return values.number(answer, "number") or 0

    async def resolve(self, event: PushEvent) -> tuple[Change, ...]:
        """As `ReceivesPushes.resolve`. Messages are thin and may be older than what they tell of: the platform is asked."""
        content = content_of(event)
        if not event.order_number or not event.kind.startswith(("pdd_trade_", "pdd_refund_", "pdd_chat_OrderPromise")):
            told = {"type": event.kind, **content}
            return (poison(told, "tid", Unmappable(f"message {event.kind} is not understood")),)
        row = await self._order_row(event.order_number)
        if row is None:
            # The message is often faster than the read side; it stays in the inbox until the order can be seen.
            raise Unavailable(f"{event.kind}: the order is not visible yet", retry_after=10.0)
        order = self._read(row, completed=event.kind == "pdd_trade_TradeSuccess")
        if not event.kind.startswith("pdd_refund_"):
            return (order,)
        number = values.ident(content, "refund_id")
        found = await self.aftersale(number, event.order_number) if number else None
        if found is None:
            raise Unavailable(f"{event.kind}: the after-sale is not visible yet", retry_after=10.0)
        return (order, found)

    # --- changes ---

    async def agree_refund(self, decision: RefundDecision) -> Receipt:
        """As `DecidesRefunds.agree_refund`; a return is agreed to first, and refunded when goods are on the way back."""
        return await refunds.agree(
            decision, calls=self._calls, look=self.aftersale, return_address_id=self._settings.return_address_id
        )

    async def ship(self, shipment: Shipment) -> Receipt:
        return await self._writes.ship(shipment, await self.order(shipment.order_number))

    async def remark(self, order_number: str, text: str, *, key: str) -> Receipt:
        del key  # the remark itself tells whether it was written
        return await self._writes.remark(order_number, text, await self._order_row(order_number))

    async def write_stock(self, level: StockLevel) -> Receipt:
        return await self._writes.write_stock(level)

    async def modify_address(self, decision: AddressDecision) -> Receipt:
        return await self._writes.modify_address(decision, await self.order(decision.order_number))

    async def aclose(self) -> None:
        await self._calls.aclose()


def _spans(window: Window) -> list[tuple[int, int]]:
    """Whole seconds, both ends shared with the neighbour: whether the platform's bounds are inclusive is not documented."""
    start, end = math.floor(window.start.timestamp()), math.ceil(window.end.timestamp())
    return [(since, min(since + LONGEST, end)) for since in range(start, max(end, start + 1), LONGEST)]


def _order_mark(row: Row) -> tuple[str, str]:
    return str(row.get("order_sn") or ""), json.dumps(row.get("updated_at"))


def _refund_mark(row: Row) -> tuple[str, str]:
    return str(row.get("id") or ""), json.dumps(row.get("updated_time"))


def _list(answer: Row, name: str, api: str) -> list[Row]:
    """The rows of a list. A row that is not an object is passed on as an empty one, so that it is quarantined, not lost."""
    rows = answer.get(name)
    if not isinstance(rows, list):
        raise ProtocolBroken(f"{api}: no {name}")
    return [row if isinstance(row, dict) else {} for row in rows]


def _count(answer: Row, api: str) -> int:
    try:
        total = values.number(answer, "total_count")
    except Unmappable as problem:
        raise ProtocolBroken(f"{api}: {problem}") from problem
    if total is None or total < 0:
        raise ProtocolBroken(f"{api}: no total_count")
    return total


__all__ = ["CHANNEL", "PinduoduoChannel"]
