"""The demo is lived through once: what a newcomer is promised really happens on the emulated shops."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from bot import demo_story
from bot.demo import Demo, open_demo
from domain.chat import ChatKind, ChatRef, Click, Message, Sender
from domain.clock import Clock
from domain.order import Stage

EVENTS = itertools.count(1)
ORDERS = ChatRef("console", "orders", ChatKind.GROUP)


async def until(check: Any, seconds: float = 20.0) -> Any:
    for _ in range(int(seconds / 0.05)):
        found = check()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen in time")


def said(demo: Demo, who: str, chat: str) -> list[Any]:
    return list(demo.console.room.history(chat, who, before=None, limit=60))


def card(demo: Demo, who: str, chat: str, title: str) -> Any:
    found = [one for one in said(demo, who, chat) if (one.body.get("card") or {}).get("title", "").startswith(title)]
    return found[-1] if found else None


async def press(demo: Demo, who: str, message: Any, label: str) -> Any:
    shown = next(button for button in message.body["card"]["buttons"] if button["label"] == label)
    token = demo.console.room.button(message.message_id, shown["id"]).token
    clock: Clock = demo.house.desk.clock
    click = Click(ORDERS, Sender(who), f"{who}-{label}-{next(EVENTS)}", message.message_id, token, clock.now())
    return await demo.house.dispatcher.click(click)


@pytest.mark.xdist_group("demo")
async def test_the_day_is_true(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with open_demo(0, data_dir=tmp_path / "demo", live=False) as demo:
        clock = demo.house.desk.clock
        stats = await demo.house.desk.store.read(lambda r: r.rows("SELECT shop, COUNT(*) FROM orders GROUP BY shop"))
        assert len(stats) == 3
        assert all(count > 20 for _, count in stats)

        asked = Message(ORDERS, Sender("zhangming"), "q-1", demo_story.QUESTION, clock.now())
        answer = await demo.house.dispatcher.message(asked)
        assert answer.reply is not None
        assert "0417" in answer.reply.text
        assert "王小满" not in answer.reply.text
        assert "顺丰" in answer.reply.text

        store = demo.house.desk.store
        await until(  # the carrier's news is in: a parcel signed for after the card was drawn would rightly void it
            lambda: store.read_now(lambda r: r.orders.find(demo_story.SIGNED))[0].order.stage is Stage.DELIVERED
        )
        beats = {beat.name: beat for beat in demo_story.beats(demo.world, demo.address)}
        beats["refund"].act()
        first = await until(lambda: card(demo, "zhangming", "orders", "退款申请"))
        assert await press(demo, "zhoukuaiji", first, "同意") is not None  # not his turn: told so, nothing moves
        assert demo.world.douyin.state.refunds == []
        await press(demo, "zhangming", first, "同意")
        second = await until(
            lambda: (c := card(demo, "zhoukuaiji", "orders", "退款申请")) and "财务" in c.body["card"]["lines"][0] and c
        )
        await press(demo, "zhoukuaiji", second, "同意")
        undo = await until(
            lambda: (
                (c := card(demo, "zhoukuaiji", "orders", "退款申请"))
                and any(b["label"] == "立即执行" for b in c.body["card"]["buttons"])
                and c
            )
        )
        await press(demo, "zhoukuaiji", undo, "立即执行")
        await until(lambda: demo.world.douyin.state.refunds)
        await until(lambda: (c := card(demo, "zhangming", "orders", "退款申请")) and "已退款" in c.body["card"]["lines"][0])
        assert [row["amount"] for row in demo.world.douyin.state.refunds] == [26800]

        for name, beat in beats.items():
            if name.startswith("rush"):
                beat.act()
        warned = await until(lambda: card(demo, "chencai", "stock", "库存告急"))
        assert warned.body["pictures"]

        beats["loss"].act()
        locked = await until(lambda: card(demo, "chendian", "ops", "需运营复核"))
        assert any(button["label"] == "放行" for button in locked.body["card"]["buttons"])

        whole, entries, trouble = await demo.house.desk.store.read(lambda r: r.audit.verify())
        assert (whole, trouble) == (True, "")
        assert entries > 0
    assert "Traceback" not in capsys.readouterr().err
