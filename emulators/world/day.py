"""A month behind us and the day in front: who ordered what, what was shipped, where it went wrong.

Everything is drawn from one seed, so two demos tell the same story. History is played on a frozen clock, event by event, the
way it would have happened; then the clock is let run and `Script` goes on live.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from emulators.douyin import DouyinEmulator
from emulators.kit import EmulatorClock
from emulators.pinduoduo import PinduoduoEmulator
from emulators.world import company
from emulators.world.company import ARTICLES, FAMILY_NAMES, GIVEN_NAMES, PLACES, Article

HOUR, DAY = 3600, 86400
Row = dict[str, Any]
SHIPPERS = (("shunfeng", "SF", 13), ("zhongtong", "73", 12), ("yuantong", "YT", 13))
PDD_SHIPPERS = {"shunfeng": 44, "zhongtong": 115, "yuantong": 85}


@dataclass(frozen=True, slots=True)
class Scan:
    """One line of a parcel's history, as the carrier would write it. `state` is the track service's code."""

    at: float
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Parcel:
    waybill: str
    company: str
    phone: str
    scans: tuple[Scan, ...]


@dataclass
class World:
    """The emulated platforms and what stands in them."""

    clock: EmulatorClock
    douyin: DouyinEmulator
    pinduoduo: PinduoduoEmulator
    track: Callable[[Parcel], None]
    seed: int = 20261111
    rng: random.Random = field(init=False)
    taobao: list[Row] = field(default_factory=list)  # rows of the third shop's export
    cast: dict[str, str] = field(default_factory=dict)  # the orders of the story, by their part
    _serial: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    # --- people and parcels -------------------------------------------------------------------------------------------

    def somebody(self) -> Row:
        """A receiver who does not exist (numbers of the 170-0000 range are not given to people)."""
        rng = self.rng
        province, city, district, town, street = rng.choices(PLACES, [7, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1])[0]
        return {
            "name": rng.choice(FAMILY_NAMES) + rng.choice(GIVEN_NAMES),
            "phone": f"1700000{rng.randrange(10000):04d}",
            "province": province,
            "city": city,
            "district": district,
            "town": town,
            "detail": f"{street}{rng.randrange(1, 400)}号{rng.randrange(1, 20)}幢{rng.randrange(101, 2500)}室",
        }

    def waybill(self, company: str) -> str:
        self._serial += 1
        prefix, digits = next((mark, size) for name, mark, size in SHIPPERS if name == company)
        return f"{prefix}{(self.seed * 1000 + self._serial * 7919) % 10**digits:0{digits}d}"

    def journey(self, start: float, receiver: Row, *, until: float, stall: bool = False) -> tuple[Scan, ...]:
        """Scans from pickup on; later ones than `until` are still to come and are given too."""
        rng = self.rng
        hub = company.HUBS.get(receiver["city"], "分拨中心")
        picked = start + rng.uniform(1, 4) * HOUR
        scans = [
            Scan(picked, "【杭州市】已揽收，揽收员 170****0001", "1"),
            Scan(picked + rng.uniform(2, 5) * HOUR, "【杭州市】快件已到达 杭州转运中心", "0"),
            Scan(picked + rng.uniform(6, 9) * HOUR, f"【杭州市】快件已离开 杭州转运中心，下一站 {hub}", "0"),
        ]
        if stall:
            return tuple(scan for scan in scans if scan.at <= until)
        arrive = scans[-1].at + rng.uniform(7, 16) * HOUR
        scans += [
            Scan(arrive, f"【{receiver['city']}】快件已到达 {hub}", "0"),
            Scan(
                arrive + rng.uniform(3, 8) * HOUR,
                f"【{receiver['city']}】{receiver['district']} 派送中，派件员 170****0002",
                "5",
            ),
            Scan(arrive + rng.uniform(9, 20) * HOUR, "已签收，签收人：本人", "3"),
        ]
        return tuple(scans)

    # --- orders -------------------------------------------------------------------------------------------------------

    def order_douyin(self, article: Article, quantity: int = 1, *, price: int = 0, number: str = "", **more: Any) -> str:
        return self.douyin.buyers.place(
            shop_id=self.douyin.shop_id,
            lines=[{"code": article.sku, "name": article.title, "quantity": quantity, "price": price or article.price}],
            receiver=more.pop("receiver", None) or self.somebody(),
            buyer=more.pop("buyer", f"open-{self.rng.randrange(120)}"),
            number=number,
            **more,
        )

    def order_pdd(self, article: Article, quantity: int = 1, *, price: int = 0, **more: Any) -> str:
        return self.pinduoduo.buyers.deal(
            goods=(price or article.price * 92 // 100) * quantity,
            count=quantity,
            sku=article.sku,
            title=article.title,
            receiver=more.pop("receiver", None) or self.somebody(),
            **more,
        )

    def ship(self, shop: str, number: str, receiver: Row, *, at: float, stall: bool = False, company: str = "") -> Parcel:
        carrier = company or self.rng.choices([name for name, _, _ in SHIPPERS], [7, 2, 1])[0]
        waybill = self.waybill(carrier)
        if shop == "douyin":
            self.douyin.buyers.ship_in_back_office(number, waybill=waybill, company=carrier)
        else:
            self.pinduoduo.buyers.ship_in_back_office(number, waybill=waybill, logistics_id=PDD_SHIPPERS[carrier])
        scans = self.journey(at, receiver, until=self.clock.now() + 60 * DAY, stall=stall)
        parcel = Parcel(waybill, carrier, receiver["phone"], scans)
        self.track(parcel)
        return parcel

    # --- the month behind us ------------------------------------------------------------------------------------------

    def live_through(self, days: int, *, per_day: int, now: float) -> None:
        """Play `days` of ordinary trade up to `now`, then plant the trouble that the demo shows."""
        start = now - days * DAY
        queue: list[tuple[float, int, Callable[[], None]]] = []
        counter = iter(range(10**9))

        def at(moment: float, act: Callable[[], None]) -> None:
            heapq.heappush(queue, (moment, next(counter), act))

        for day in range(days):
            for _ in range(per_day):
                moment = start + day * DAY + self.rng.uniform(8, 23.5) * HOUR
                if moment < now - 3 * HOUR:
                    at(moment, lambda moment=moment: self._one(moment, at, now))  # type: ignore[misc]
        while queue and queue[0][0] <= now:
            moment, _, act = heapq.heappop(queue)
            self.clock.move(moment - self.clock.now())
            act()
        self.clock.move(now - self.clock.now())

    def _one(self, moment: float, at: Callable[[float, Callable[[], None]], None], now: float) -> None:
        rng = self.rng
        article = rng.choices(ARTICLES[:11], [9, 8, 8, 4, 6, 4, 9, 1, 2, 9, 4])[0]
        quantity = rng.choices([1, 2, 3], [8, 2, 1])[0]
        receiver = self.somebody()
        shop = rng.choices(["douyin", "pdd", "taobao"], [5, 4, 2])[0]
        if shop == "taobao":
            self.taobao.append(self._taobao_row(article, quantity, receiver, moment, now))
            return
        place = self.order_douyin if shop == "douyin" else self.order_pdd
        number = place(article, quantity, receiver=receiver)
        leaves = moment + rng.uniform(4, 30) * HOUR
        if leaves > now:
            return

        def send() -> None:
            parcel = self.ship(shop, number, receiver, at=leaves)
            signed = parcel.scans[-1].at
            if signed < now:
                at(signed + rng.uniform(40, 200) * HOUR, lambda: self._confirm(shop, number))

        at(leaves, send)

    def _confirm(self, shop: str, number: str) -> None:
        if shop == "douyin":
            self.douyin.buyers.confirm(number)
        else:
            self.pinduoduo.buyers.sign(number)

    def _taobao_row(self, article: Article, quantity: int, receiver: Row, moment: float, now: float) -> Row:
        total = article.price * quantity
        age = now - moment
        status = (
            "交易成功" if age > 9 * DAY else "卖家已发货，等待买家确认" if age > 1.5 * DAY else "买家已付款，等待卖家发货"
        )
        self._serial += 1
        shipped = status != "买家已付款，等待卖家发货"
        waybill = self.waybill("yuantong") if shipped else ""
        if shipped:
            leaves = moment + self.rng.uniform(4, 24) * HOUR
            self.track(Parcel(waybill, "yuantong", receiver["phone"], self.journey(leaves, receiver, until=now + 60 * DAY)))
        return {
            "number": f"36{self._serial:05d}{int(moment) % 10**12:012d}",
            "buyer": f"tb{self._serial:05d}",
            "total": total,
            "status": status,
            "receiver": receiver,
            "created": moment,
            "title": article.title,
            "sku": article.sku,
            "waybill": waybill,
            "quantity": quantity,
        }


@dataclass(frozen=True, slots=True)
class Beat:
    """Something that happens in the live day, `after` seconds of the day's own time."""

    after: float
    name: str
    act: Callable[[], None]


class Script:
    """The live day: planted trouble at known moments, and ordinary orders in between."""

    def __init__(
        self, world: World, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, speed: float = 1.0
    ) -> None:
        self._world = world
        self._sleep = sleep
        self._speed = speed
        self.done: list[str] = []

    async def run(self, beats: list[Beat], *, order_every: float = 20.0) -> None:
        """Until cancelled."""
        started = self._world.clock.now()
        next_order = order_every
        waiting = sorted(beats, key=lambda beat: beat.after)
        while True:
            passed = self._world.clock.now() - started
            while waiting and waiting[0].after <= passed:
                beat = waiting.pop(0)
                self.done.append(beat.name)
                beat.act()
            if passed >= next_order:
                self._ordinary()
                next_order = passed + order_every * self._world.rng.uniform(0.5, 1.5)
            await self._sleep(0.2 / max(1.0, self._speed / 10))

    def _ordinary(self) -> None:
        world = self._world
        article = world.rng.choice(ARTICLES[1:10])
        if world.rng.random() < 0.6:
            world.order_douyin(article)
        else:
            world.order_pdd(article)
