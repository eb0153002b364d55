"""Approvals through the real Douyin connector, on a strict emulated shop that journals what really happened to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.ports import RawRequest
from tests.conformance.harness_douyin import ELSEWHERE, RECEIVER, DouyinHarness, harness
from tests.handlers.approval_bench import Bench


class Line:
    """The desk and the shop, on one clock."""

    def __init__(self, path: Path) -> None:
        self.bench = Bench(path)
        self.shop: DouyinHarness = harness()
        self.bench.channels.connector = self.shop.connector
        self.tick()

    def tick(self, seconds: float = 0) -> None:
        self.bench.clock.move(timedelta(seconds=seconds))
        self.shop.clock.set(self.bench.clock.now())
        emulator = self.shop.emulator.clock
        emulator.move(self.bench.clock.now().timestamp() - emulator.now())

    async def run(self, seconds: float = 0) -> None:
        self.tick(seconds)
        await self.bench.run()

    async def pull(self, number: str, aftersale: str = "") -> None:
        """What a push would bring."""
        connector = self.shop.connector
        self.bench.arrive(await connector.order(number))
        if aftersale:
            self.bench.arrive(await connector.aftersale(aftersale, number))
        await self.run()

    async def push(self) -> None:
        """The platform's newest message, signed by it, received and resolved by the connector."""
        connector, pushes = self.shop.connector, self.shop.emulator.pushes
        headers, body = pushes.request([pushes.messages[-1]])
        lower = {name.lower(): value for name, value in headers.items()}
        raw = RawRequest("POST", "/push/douyin/旗舰店", {}, lower, body, self.bench.clock.now())
        for event in connector.receive(raw).events:
            self.bench.arrive(*await connector.resolve(event))
        await self.run()

    async def refund(self) -> tuple[str, str]:
        """An order with a buyer who wants ¥19.90 back: one step, 客服初审."""
        buyers = self.shop.emulator.buyers
        number = buyers.place(shop_id=self.shop.emulator.shop_id, receiver=RECEIVER)
        aftersale = buyers.apply_refund(number, amount=1990)
        await self.pull(number, aftersale)
        return number, aftersale

    def effects(self) -> list[str]:
        return [entry.effect for entry in self.shop.emulator.journal.entries if entry.effect and "token" not in entry.call]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    made = Line(tmp_path)
    yield made
    made.bench.close()


async def test_agreeing_refunds_once_and_is_read_back(line: Line) -> None:
    _, aftersale = await line.refund()
    await line.bench.press("张明", "同意")
    await line.run(121)
    assert line.bench.approval().state == "done"
    assert len(line.effects()) == 1
    assert line.shop.emulator.state.aftersales[aftersale]["aftersale_status"] == 12
    assert "✅ 已退款 ¥19.90" in line.bench.cards()[0].text


async def test_a_lost_answer_is_one_refund(line: Line) -> None:
    await line.refund()
    await line.bench.press("张明", "同意")
    line.tick(121)
    line.shop.emulator.faults.plan("drop-after-commit", "afterSale.operate")
    await line.bench.run()
    assert line.bench.approval().state == "unknown"
    for _ in range(20):
        await line.run(20)
    assert line.bench.approval().state == "done"
    assert len(line.effects()) == 1


async def test_refusing_sends_one_of_the_platforms_reasons(line: Line) -> None:
    _, aftersale = await line.refund()
    offered = await line.bench.press("张明", "拒绝…", reason="就是不退")
    assert offered.choices
    await line.bench.press_token("张明", offered.choices[0].token)
    await line.run(121)
    assert line.bench.approval().state == "refused"
    assert line.shop.emulator.state.aftersales[aftersale]["aftersale_status"] == 27


async def test_an_amount_that_changed_over_there_is_not_refunded(line: Line) -> None:
    _, aftersale = await line.refund()
    await line.bench.press("张明", "同意")
    line.tick(60)
    line.shop.emulator.buyers.amend_refund(aftersale, amount=990)
    await line.run(61)
    assert line.effects() == []
    assert line.bench.approval("A1").state == "void"
    assert "¥19.90 → ¥9.90" in line.bench.cards("A1")[0].text
    assert line.bench.approval("A2").state == "waiting"


async def test_a_buyer_who_withdrew_over_there_gets_nothing(line: Line) -> None:
    _, aftersale = await line.refund()
    await line.bench.press("张明", "同意")
    line.shop.emulator.buyers.withdraw(aftersale)
    await line.run(121)
    assert line.effects() == []
    assert line.bench.approval().state == "void"


async def test_a_new_address_comes_by_push_and_is_agreed_on_the_platform(line: Line) -> None:
    buyers, emulator = line.shop.emulator.buyers, line.shop.emulator
    number = buyers.place(shop_id=emulator.shop_id, receiver=RECEIVER)
    await line.pull(number)
    buyers.request_address(number, receiver=ELSEWHERE)
    await line.push()
    assert "改地址申请" in line.bench.cards("A1")[0].text
    assert ELSEWHERE["detail"] not in repr(line.bench.approval().facts) + line.bench.cards("A1")[0].text
    await line.bench.press("张明", "同意")
    await line.run(61)
    for _ in range(10):
        await line.run(20)
    assert emulator.state.plain[number]["city"] == ELSEWHERE["city"]
    assert line.bench.approval().state == "done"
    assert len(line.effects()) == 1


async def test_a_new_address_is_refused_with_the_parcels_stage(line: Line) -> None:
    buyers, emulator = line.shop.emulator.buyers, line.shop.emulator
    number = buyers.place(shop_id=emulator.shop_id, receiver=RECEIVER)
    await line.pull(number)
    buyers.request_address(number, receiver=ELSEWHERE)
    await line.push()
    await line.bench.press("张明", "拒绝…", reason="正在拣货")
    await line.run(61)
    assert line.bench.approval().state == "refused"
    assert emulator.state.plain[number]["city"] == RECEIVER["city"]
