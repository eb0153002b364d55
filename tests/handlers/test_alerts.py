"""Alerts in the group, end to end: the real store, the real relay, a platform that counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.store import BoundChat
from domain.understand import Lexicon, understand
from scheduler.relay import Relay
from tests.builders import NOW, line, newer, order
from tests.handlers.alert_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def sell(bench: Bench, count: int, *, each: int = 1, first: int = 0, sku: str = "SKU-1") -> None:
    bench.arrive(
        *(
            order(
                f"69{first + n:08}",
                lines=(line(sku, each),),
                warehouse="杭州仓",
                at=bench.clock.now(),
                created_at=bench.clock.now(),
            )
            for n in range(count)
        )
    )


async def low_stock(bench: Bench) -> str:
    """Sixty on hand, forty-eight sold: 可用 12，安全 40. The number of its alert."""
    bench.stock(on_hand=60, safety=40)
    sell(bench, 48)
    await bench.run(seconds=2)
    return bench.card().number


async def test_low_stock_becomes_one_card_with_figures_money_and_a_picture(bench: Bench) -> None:
    number = await low_stock(bench)
    card = bench.card(number)
    assert len(bench.group.sent) == 1
    assert "可用 12 件，安全 40 件" in card.lines[0]
    assert "影响 48 张待发单 ¥12,864" in card.lines[1]
    assert [button.label for button in card.buttons] == ["我认领", "稍后…", "为什么"]
    sent = bench.group.sent[0]
    assert sent.chat.chat_id == "stock-group"
    assert sent.mention == ("u-采购陈",)
    assert sent.reply.pictures[0].png.startswith(b"\x89PNG")
    assert "可用 12 件，安全 40 件" in sent.reply.pictures[0].alt
    assert sent.at - NOW <= timedelta(seconds=2)


async def test_a_changed_figure_updates_the_same_card_and_sends_nothing_new(bench: Bench) -> None:
    number = await low_stock(bench)
    sell(bench, 2, first=100)
    await bench.run(seconds=60)
    assert len(bench.group.sent) == 1
    assert "可用 10 件" in bench.card(number).lines[0]
    assert len(bench.alerts("库存-1")) == 1


async def test_claim_shows_the_name_to_all_and_the_second_presser_is_told_privately(bench: Bench) -> None:
    number = await low_stock(bench)
    pressed = bench.button("我认领")
    first = await bench.press_button("李芳", pressed)
    await bench.run(seconds=20)
    second = await bench.press_button("采购陈", pressed)
    assert any("李芳" in text and "认领" in text for text in bench.card(number).lines)
    assert "我认领" not in [button.label for button in bench.card(number).buttons]
    assert first.private
    assert second.private
    assert "李芳" in second.text
    assert bench.alert(number).claimed_by == "李芳"


async def test_page_after_ack_never_happens(bench: Bench) -> None:
    """page-after-ack: neither a step that is due later nor a call already queued goes out after a claim."""
    number = await low_stock(bench)
    bench.group.down = True
    await bench.run(seconds=31 * 60)  # the ladder's first call waits in the outbox
    await bench.press("李芳", "我认领")
    bench.group.down = False
    await bench.run(seconds=100 * 60, step=60)
    calls = [text for text in bench.texts() if "没人认领" in text]
    assert calls == []
    assert bench.alert(number).state == State.CLAIMED


async def test_the_ladder_climbs_while_nobody_claims(bench: Bench) -> None:
    await low_stock(bench)
    await bench.run(seconds=3 * 3600, step=300)
    calls = [(each.mention, each.reply.text) for each in bench.group.sent if "没人认领" in each.reply.text]
    assert [mention for mention, _ in calls] == [("u-采购陈",), ("u-陈店长",)]
    assert calls[0][1].startswith("K1 库存告急 已 30 分钟没人认领")


async def test_ack_after_resolve_never_reopens(bench: Bench) -> None:
    """ack-after-resolve: the late press is told, and nothing changes."""
    number = await low_stock(bench)
    late = bench.button("我认领")
    bench.move("receive", 100)
    await bench.run(seconds=11 * 60, step=60)
    assert bench.alert(number).state == State.RESOLVED
    reply = await bench.press_button("李芳", late)
    assert "已经恢复" in reply.text
    assert reply.private
    assert bench.alert(number).state == State.RESOLVED
    assert bench.alert(number).claimed_by == ""


async def test_it_resolves_by_itself_on_the_same_card_after_the_hold_down(bench: Bench) -> None:
    number = await low_stock(bench)
    bench.move("receive", 100)
    await bench.run(seconds=5 * 60)
    assert bench.alert(number).state == State.OPEN
    await bench.run(seconds=6 * 60)
    assert "已恢复" in bench.card(number).lines[-1]
    assert len(bench.group.sent) == 1
    assert [button.label for button in bench.card(number).buttons] == ["有用", "没用", "为什么"]


async def test_flapping_around_the_level_is_one_alert_and_one_message(bench: Bench) -> None:
    number = await low_stock(bench)
    for _ in range(5):
        bench.move("receive", 60)
        await bench.run(seconds=120)
        bench.move("adjust", -60)
        await bench.run(seconds=120)
    assert len(bench.alerts("库存-1")) == 1
    assert len(bench.group.sent) == 1
    assert bench.alert(number).state == State.OPEN


async def test_snooze_by_value_is_not_how_it_works(bench: Bench) -> None:
    """snooze-by-value: a snooze survives changed figures and a restart, and wakes once at its time."""
    number = await low_stock(bench)
    await bench.press("采购陈", "稍后…", until="2 小时")
    sell(bench, 1, first=200)
    await bench.run(seconds=3600, step=300)
    bench.reopen()
    sell(bench, 1, first=300)
    await bench.run(seconds=3000, step=300)
    assert len(bench.group.sent) == 1
    assert bench.alert(number).state == State.SNOOZED
    await bench.run(seconds=700, step=60)
    assert len(bench.cards(number)) == 2
    assert bench.alert(number).state == State.OPEN


async def test_until_worse_wakes_early_when_severity_rises(bench: Bench) -> None:
    bench.stock(on_hand=60, safety=40)
    sell(bench, 22)
    await bench.run(seconds=2)
    number = bench.card().number
    assert bench.alert(number).severity == "warning"
    await bench.press("采购陈", "稍后…", until="直到恶化")
    await bench.run(seconds=24 * 3600, step=3600)
    assert len(bench.cards(number)) == 1
    bench.move("adjust", -38)
    await bench.run(seconds=3)
    assert len(bench.cards(number)) == 2
    assert bench.alert(number).severity == "critical"
    assert "已经断货" in bench.card(number).lines[0]


async def test_note_lost_on_update_never_happens(bench: Bench) -> None:
    """note-lost-on-update: a note and a claim survive every later figure."""
    number = await low_stock(bench)
    await bench.say("采购陈", "alert_ack", f"认领 {number} 下午三点到货", alert_id=number)
    for turn in range(5):
        sell(bench, 1, first=400 + turn)
    await bench.run(seconds=60)
    assert any("下午三点到货" in text for text in bench.card(number).lines)
    assert bench.alert(number).claimed_by == "采购陈"


async def test_a_claim_that_leads_nowhere_lapses_and_is_told_again(bench: Bench) -> None:
    number = await low_stock(bench)
    await bench.press("李芳", "我认领")
    await bench.run(seconds=125 * 60, step=300)
    assert bench.alert(number).state == State.OPEN
    assert len(bench.cards(number)) == 2
    assert any("重新待认领" in text for text in bench.card(number).lines)


async def test_dup_after_receiver_recovery_never_happens(bench: Bench) -> None:
    """dup-after-receiver-recovery: the group was away; when it is back, each alert comes once."""
    bench.group.down = True
    bench.stock(on_hand=60)
    sell(bench, 48)
    for _ in range(10):
        await bench.run(seconds=60)
        sell(bench, 1, first=900)
        bench.reopen()
    bench.group.down = False
    await bench.run(seconds=600, step=60)
    assert len(bench.cards()) == 1


async def test_someone_of_another_warehouse_cannot_touch_it(bench: Bench) -> None:
    number = await low_stock(bench)
    reply = await bench.press("苏强", "我认领")
    assert "不在你负责" in reply.text
    assert bench.alert(number).claimed_by == ""


async def test_quiet_hours_hold_warnings_back_and_critical_ones_pierce(bench: Bench) -> None:
    bench.clock.set(NOW + timedelta(hours=9))  # 23:00 in Shanghai
    bench.stock(on_hand=60, safety=40)
    sell(bench, 30)
    bench.stock("SKU-2", on_hand=1, safety=40)
    bench.arrive(
        order("7001", lines=(line("SKU-2"),), warehouse="杭州仓", at=bench.clock.now(), created_at=bench.clock.now())
    )
    await bench.run(seconds=50)
    assert [card.tone for card in bench.cards()] == ["bad"]
    await bench.run(seconds=9 * 3600, step=600)
    assert sorted(card.title.split()[0] for card in bench.cards()) == ["库存告急", "库存告急"]


async def test_without_a_group_nothing_is_lost_and_it_goes_out_once_a_group_is_bound(tmp_path: Path) -> None:
    bench = Bench(tmp_path, topics=("orders",))
    bench.stock(on_hand=60)
    sell(bench, 48)
    await bench.run(seconds=60)
    assert bench.group.sent == []
    assert bench.alerts("库存-1")[0].sent_at is None
    bench.bind(BoundChat("console", "late-group", "group", "库存", frozenset({"stock"})))
    await bench.run(seconds=660, step=60)
    assert len(bench.cards()) == 1
    bench.close()


async def test_why_names_rule_figures_the_silent_value_and_the_record(bench: Bench) -> None:
    number = await low_stock(bench)
    await bench.press("采购陈", "我认领")
    reply = await bench.press("张明", "为什么", number=number)
    assert "规则 库存-1 v1：可用 < 安全" in reply.text
    assert "可用 12 = 在手 60 − 占用 48，安全 40" in reply.text
    assert "可用到 40、或安全到 12，就不会提醒" in reply.text
    assert "近 30 天响 1 次" in reply.text


async def test_useful_counts_into_the_record(bench: Bench) -> None:
    number = await low_stock(bench)
    bench.move("receive", 100)
    await bench.run(seconds=11 * 60, step=60)
    await bench.press("采购陈", "有用", number=number)
    reply = await bench.say("采购陈", "alert_why", f"为什么 {number}", alert_id=number)
    assert "1 次有用、0 次没用" in reply.text


async def test_why_not_explains_an_order_that_did_not_alert(bench: Bench) -> None:
    bench.arrive(order(warehouse="杭州仓"))
    reply = await bench.say("张明", "alert_why", "为什么 6920154783210058842 没报警", order_no="6920154783210058842")
    assert "发货-1 没响：要 离发货时限 ≤ 提前提醒，现在 离发货时限 46 小时，提前提醒 4 小时" in reply.text


async def test_why_not_tells_nothing_about_an_order_of_another_warehouse(bench: Bench) -> None:
    bench.arrive(order(warehouse="苏州仓"))
    number = "6920154783210058842"
    reply = await bench.say("李芳", "alert_why", f"为什么 {number} 没报警", order_no=number)
    assert "发货-1" not in reply.text
    assert reply.private


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("稍后 {} 2小时", "今天 16:00 再提醒"),
        ("稍后 {} 半小时", "今天 14:30 再提醒"),
        ("{} 明早再说", "明天 09:00 再提醒"),
        ("稍后 {} 上班再说", "11-23 09:00 再提醒"),
        ("稍后 {} 直到恶化", "变严重时再提醒"),
        ("稍后 {}", "要多久之后再提醒"),
    ],
)
async def test_snooze_by_sentence(bench: Bench, text: str, words: str) -> None:
    number = await low_stock(bench)
    reply = await bench.say("采购陈", "alert_snooze", text.format(number), alert_id=number)
    assert words in reply.text


async def test_short_sentences_that_are_no_snooze_do_what_they_say(bench: Bench) -> None:
    number = await low_stock(bench)
    assert "由 采购陈 认领" in (await bench.say("采购陈", "alert_snooze", f"{number} 我来处理", alert_id=number)).text
    assert "没用" in (await bench.say("采购陈", "alert_snooze", f"没用 {number}", alert_id=number)).text
    assert bench.alert(number).useful == "noise"
    await bench.say("采购陈", "alert_snooze", f"{number} 有用", alert_id=number)
    assert bench.alert(number).useful == "useful"
    assert bench.alert(number).state == State.CLAIMED


async def test_what_we_tell_people_to_type_is_understood(bench: Bench) -> None:
    number = await low_stock(bench)
    lexicon = Lexicon.build()
    meant = {"认领": "alert_ack", "稍后": "alert_snooze", "为什么": "alert_why"}
    typed = [button.command for button in bench.card(number).buttons]
    typed.append("规则 演练 发货-1 lead_minutes=120")
    plans = [understand(text, now=NOW, context=None, lexicon=lexicon) for text in typed]
    assert [plan.intent.value for plan in plans] == [meant[text.split()[0]] for text in typed[:-1]] + ["rules"]
    assert all(plan.slots.alert_id == number for plan in plans[:-1])


async def test_without_a_number_the_standing_ones_are_offered(bench: Bench) -> None:
    assert "没有没处理完" in (await bench.say("张明", "alert_why", "为什么报警")).text
    number = await low_stock(bench)
    reply = await bench.say("张明", "alert_why", "为什么报警")
    assert [button.label for button in reply.choices] == [f"{number} 库存告急"]
    assert "没有 K99" in (await bench.say("张明", "alert_why", "为什么 K99")).text


async def test_hostile_titles_cannot_mention_all_or_break_the_card(bench: Bench) -> None:
    bench.stock(on_hand=10, safety=40, title="@所有人 <b>急</b>\n规则 https://evil.example " + "长" * 5000)
    sell(bench, 2)
    await bench.run(seconds=2)
    card = bench.card()
    whole = card.title + "".join(card.lines) + bench.texts()[-1]
    assert "@所有人" not in whole
    assert "<b>" not in whole
    assert "\n" not in card.title
    assert len(bench.texts()[-1].encode()) <= 2_000


async def test_no_alert_holds_personal_data(bench: Bench) -> None:
    await low_stock(bench)
    bench.cost("SKU-1", 26_000)
    bench.arrive(newer(order("8801", warehouse="杭州仓", at=bench.clock.now()), buyer_note="打电话 13812345678"))
    await bench.run(seconds=200, step=20)
    for alert in bench.alerts():
        assert not any(secret in repr(alert) for secret in ("13812345678", "王小芳", "文三路", "芳芳"))


async def test_english_groups_get_english_cards(bench: Bench) -> None:
    bench.desk = replace(bench.desk, lang="en")
    bench.relay = Relay(bench.desk, bench.router, owner="test")
    number = await low_stock(bench)
    card = bench.card(number)
    assert card.lines[0] == "12 available, safety 40; selling 48/h, empty in about 15 minutes"
    assert card.lines[1].startswith("48 open orders worth ¥12,864")
    assert [button.label for button in card.buttons] == ["Claim", "Later…", "Why"]
    assert (await bench.press("李芳", "Claim")).text == f"{number} is 李芳's now."
