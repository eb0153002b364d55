"""A connector's card: what it is, what it can do, how it must be treated. Readable without importing the connector."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from domain import ports


class Kind(StrEnum):
    CHANNEL = "channel"
    CARRIER = "carrier"
    CHAT = "chat"
    BACK_OFFICE = "back_office"


class Capability(StrEnum):
    ORDERS_PULL = "orders.pull"
    ORDERS_FETCH = "orders.fetch"
    ORDERS_PUSH = "orders.push"
    ORDERS_STREAM = "orders.stream"
    AFTERSALES_PULL = "aftersales.pull"
    AFTERSALES_FETCH = "aftersales.fetch"
    REFUNDS_AGREE = "refunds.agree"
    REFUNDS_REFUSE = "refunds.refuse"
    ADDRESS_ANSWER = "address.answer"
    ADDRESS_MODIFY = "address.modify"
    ORDERS_SHIP = "orders.ship"
    ORDERS_REMARK = "orders.remark"
    STOCK_WRITE = "stock.write"
    TRACKS_QUERY = "tracks.query"
    TRACKS_SUBSCRIBE = "tracks.subscribe"
    TRACKS_PUSH = "tracks.push"
    CHAT_SEND = "chat.send"
    CHAT_RECEIVE = "chat.receive"


PROTOCOLS: dict[Capability, type] = {
    Capability.ORDERS_PULL: ports.PullsOrders,
    Capability.ORDERS_FETCH: ports.FetchesOrder,
    Capability.ORDERS_PUSH: ports.ReceivesPushes,
    Capability.ORDERS_STREAM: ports.StreamsPushes,
    Capability.AFTERSALES_PULL: ports.PullsAftersales,
    Capability.AFTERSALES_FETCH: ports.FetchesAftersale,
    Capability.REFUNDS_AGREE: ports.DecidesRefunds,
    Capability.REFUNDS_REFUSE: ports.RefusesRefunds,
    Capability.ADDRESS_ANSWER: ports.AnswersAddressRequests,
    Capability.ADDRESS_MODIFY: ports.ModifiesAddresses,
    Capability.ORDERS_SHIP: ports.ShipsOrders,
    Capability.ORDERS_REMARK: ports.WritesRemarks,
    Capability.STOCK_WRITE: ports.WritesStock,
    Capability.TRACKS_QUERY: ports.QueriesTracks,
    Capability.TRACKS_SUBSCRIBE: ports.SubscribesTracks,
    Capability.TRACKS_PUSH: ports.ReceivesPushes,
    Capability.CHAT_SEND: ports.Chat,
    Capability.CHAT_RECEIVE: ports.ReceivesChat,
}


class ManifestError(ValueError):
    """The card is wrong; the message says which line to fix."""


@dataclass(frozen=True, slots=True)
class Manifest:
    domain: str
    name: str
    kind: Kind
    tier: str
    owners: tuple[str, ...]
    capabilities: frozenset[Capability]
    window: timedelta = timedelta(hours=24)  # longest span one query accepts
    page_size: int = 100
    per_second: float = 5.0
    lag: timedelta = timedelta(seconds=60)  # data younger than this may still move or be invisible
    currency: str = "CNY"
    zone: str = "Asia/Shanghai"
    expected_delay: str = ""  # what the bot says about this channel's freshness
    evidence: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        raw: dict[str, Any] = tomllib.loads((folder / "manifest.toml").read_text("utf-8"))
        if raw.get("domain") != folder.name:
            raise ManifestError(f"{folder.name}: domain says {raw.get('domain')!r}")
        limits, money, time = raw.get("limits", {}), raw.get("money", {}), raw.get("time", {})
        try:
            return cls(
                domain=raw["domain"],
                name=raw["name"],
                kind=Kind(raw["kind"]),
                tier=raw["tier"],
                owners=tuple(raw["owners"]),
                capabilities=frozenset(map(Capability, raw["capabilities"])),
                window=timedelta(hours=limits.get("window_hours", 24)),
                page_size=limits.get("page_size", 100),
                per_second=limits.get("per_second", 5.0),
                lag=timedelta(seconds=limits.get("lag_seconds", 60)),
                currency=money.get("currency", "CNY"),
                zone=time.get("zone", "Asia/Shanghai"),
                expected_delay=raw.get("expected_delay", ""),
                evidence=raw.get("evidence", {}),
            )
        except (KeyError, ValueError) as problem:
            raise ManifestError(f"{folder.name}: {problem}") from problem
