"""Where is order X: every handle, one card, several matches, several numbers, follow-ups."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.chat import Tone
from domain.order import AftersaleStage, Stage, TrackStage
from domain.understand import Found, Intent, Plan, Slots, to_json
from handlers.orders import FEATURE
from tests.builders import NOW, NUMBER, aftersale, approval, line, order, parcel, receiver, scan, shipped, track
from tests.handlers.ask_desk import AskDesk, button, labels

HOUR = timedelta(hours=1)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def ask_en(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path, lang="en")
    yield desk
    desk.close()


def stalled(desk: AskDesk) -> None:
    desk.put(
        shipped(at=NOW - 40 * HOUR, warehouse="杭州仓"),
        track(
            scan("已揽收", TrackStage.PICKED_UP, NOW - 38 * HOUR, place="杭州"),
            scan("离开杭州转运中心", at=NOW - 30 * HOUR, place="杭州"),
        ),
    )


async def test_a_stalled_parcel_is_one_short_card_with_owner_and_next_step(ask: AskDesk) -> None:
    stalled(ask)
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert reply.text.splitlines() == [
        "🟡 运输中，比平时慢  ·  抖音旗舰店 …8842",
        "昨天 08:00 离开杭州转运中心 后 30 小时没有新扫描",
        "收件 王**  浙江 杭州  ·  保温杯 500ml 曜石黑 ×1  ·  ¥268.00",
        "承运 顺丰 SF12…123",
        "负责 李芳（仓库）  ·  下一步 催快递核实",
        "可以这样回客户：您好，您的包裹在杭州中转，我们正在联系顺丰优先处理，有更新马上告诉您。",
        "数据截至 13:55（抖音） 14:00（顺丰）",
    ]
    assert reply.card is not None
    assert reply.card.tone is Tone.WATCH
    assert labels(reply) == ["催件", "发给客户的话", "我来跟"]
    assert reply.card.links[0].url.startswith("https://desk.example/p/timeline/")


async def test_a_lane_with_history_gives_a_usual_figure_and_a_promise(ask: AskDesk) -> None:
    for index in range(20):
        waybill, number, begun = f"SF99000000000{index:02}", f"6920{index:015}", NOW - timedelta(days=3, hours=index)
        ask.put(
            shipped(number, waybill=waybill, at=begun, warehouse="杭州仓"),
            track(
                scan("已揽收", TrackStage.PICKED_UP, begun),
                scan("到达", at=begun + 9 * HOUR),
                scan("签收", TrackStage.DELIVERED, begun + (30 + index / 2) * HOUR),
                waybill=waybill,
            ),
        )
    ask.put(
        shipped(at=NOW - 20 * HOUR, warehouse="杭州仓"),
        track(scan("已揽收", TrackStage.PICKED_UP, NOW - 18 * HOUR), scan("到达杭州", at=NOW - 2 * HOUR)),
    )
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "预计明天 10:00 前（把握 8 成）" in reply.text  # rank 17 of 20 is 38 h after pickup
    assert "预计明天 10:00 前送达" in reply.text


@pytest.mark.parametrize(
    "sentence",
    [
        f"{NUMBER} 到哪了",
        f"客户说：你好，我的订单 {NUMBER} 怎么还没到，帮忙查一下",
        "SF1234567890123 到哪了",
        "13812345678 的快递到哪了",
        "尾号5678到哪了",
        "6920…8842 到哪了，客户催",
    ],
)
async def test_any_handle_in_a_sentence_finds_the_order(ask: AskDesk, sentence: str) -> None:
    stalled(ask)
    reply = await ask.say(FEATURE, sentence)
    assert reply.card is not None
    assert "…8842" in reply.card.title


@pytest.mark.parametrize(
    ("slots", "found"),
    [
        ({"name": "王小芳"}, True),
        ({"name": "王小"}, False),
        ({"sku": "SKU-1"}, True),
        ({"waybill_no": "sf1234567890123"}, True),
        ({"phone_tail": "0123"}, True),
        ({"phone_tail": "058842"}, True),
        ({"phone": "13800000000"}, False),
    ],
)
async def test_handles_as_slots(ask: AskDesk, slots: dict[str, Any], found: bool) -> None:
    stalled(ask)
    reply = await ask.ask(FEATURE, "where_is_order", **slots)
    assert (reply.card is not None) is found


@pytest.mark.parametrize("sentence", ["#100256 到哪了", "100256 到哪了", "where is order #100256"])
async def test_a_number_with_a_hash_is_found_with_and_without_it(ask: AskDesk, sentence: str) -> None:
    ask.put(order("#100256"))
    reply = await ask.say(FEATURE, sentence)
    assert reply.card is not None


async def test_our_own_number_finds_the_order(ask: AskDesk) -> None:
    ask.put(order())
    reply = await ask.ask(FEATURE, "where_is_order", order_no=str(ask.stored(NUMBER).id))
    assert reply.card is not None


async def test_personal_data_never_reaches_a_group(ask: AskDesk) -> None:
    ask.put(order(buyer_note="请打 13812345678，放文三路 90 号 3 幢 501", seller_note="王小芳 13812345678"))
    for intent in ("where_is_order", "order_detail", "aftersale_status"):
        reply = await ask.ask(FEATURE, intent, order_no=NUMBER)
        for secret in ("13812345678", "王小芳", "文三路 90", "501"):
            assert secret not in reply.text
            assert secret not in repr(reply.card)


async def test_hostile_goods_and_names_cannot_break_the_card(ask: AskDesk) -> None:
    evil = "@all <b>**免费**</b>\n# 金额：0 元 [点](http://evil.example)" + "哈" * 100_000
    ask.put(order(lines=(line(title=evil),), receiver=receiver(name="@所有人\u202e\n", phone="")))
    reply = await ask.ask(FEATURE, "order_detail", order_no=NUMBER)
    assert reply.card is not None
    assert len(reply.text) < 700
    assert all("\n" not in each and "@" not in each and "<" not in each for each in reply.card.lines)
    assert "http://" not in reply.text.replace("https://desk.example", "")


async def test_several_matches_give_buttons_and_never_a_guess(ask: AskDesk) -> None:
    ask.put(*(order(f"69201547832100{index:05}", receiver=receiver(phone=f"1380000{index}8000")) for index in range(3)))
    reply = await ask.ask(FEATURE, "where_is_order", phone_tail="8000")
    assert reply.text.startswith("尾号 8000 有 3 单，要看哪一单？")
    assert reply.card is None
    assert len(reply.choices) == 3
    assert all("抖音旗舰店 · 保温杯" in each.label and "待发货" in each.label for each in reply.choices)
    picked = await ask.press(FEATURE, reply.choices[1])
    assert picked is not None
    assert picked.card is not None


async def test_more_matches_than_buttons_say_so(ask: AskDesk) -> None:
    ask.put(*(order(f"69201547832100{index:05}", receiver=receiver(phone=f"1380000{index}8000")) for index in range(8)))
    reply = await ask.ask(FEATURE, "where_is_order", phone_tail="8000")
    assert "有 8 单以上" in reply.text
    assert len(reply.choices) == 5


async def test_the_second_of_the_list_and_it_are_remembered(ask: AskDesk) -> None:
    ask.put(*(order(f"69201547832100{index:05}", receiver=receiver(phone=f"1380000{index}8000")) for index in range(3)))
    shown = await ask.ask(FEATURE, "where_is_order", phone_tail="8000")
    ids = [ask.desk.signer.open(each.token).subject_id for each in shown.choices]
    await ask.press(FEATURE, shown.choices[1])
    again = await ask.ask(FEATURE, "order_detail", text="它什么时候付款的")  # no handle: the chosen one is meant
    assert again.card is not None
    token = ask.desk.signer.open(button(again, "我来跟").token)
    assert token.subject_id == ids[1]


async def test_a_follow_up_with_the_old_tail_means_the_chosen_one(ask: AskDesk) -> None:
    ask.put(*(order(f"69201547832100{index:05}", receiver=receiver(phone=f"1380000{index}8000")) for index in range(3)))
    shown = await ask.ask(FEATURE, "where_is_order", text="尾号8000", phone_tail="8000")
    await ask.press(FEATURE, shown.choices[2])
    again = await ask.ask(FEATURE, "aftersale_status", text="退款呢", phone_tail="8000")
    assert again.card is not None
    fresh = await ask.ask(FEATURE, "where_is_order", text="尾号 8000 到哪了", phone_tail="8000")  # said anew: choose anew
    assert len(fresh.choices) == 3


async def test_the_list_is_forgotten_after_ten_minutes(ask: AskDesk) -> None:
    ask.put(order())
    await ask.ask(FEATURE, "where_is_order", phone_tail="8842")
    ask.clock.move(timedelta(minutes=11))
    reply = await ask.ask(FEATURE, "where_is_order", text="它到哪了")
    assert reply.text.startswith("哪一单？")


async def test_somebody_elses_choice_is_not_mine(ask: AskDesk) -> None:
    ask.put(*(order(f"69201547832100{index:05}", receiver=receiver(phone=f"1380000{index}8000")) for index in range(2)))
    shown = await ask.ask(FEATURE, "where_is_order", phone_tail="8000")
    await ask.press(FEATURE, shown.choices[0])
    other = await ask.ask(FEATURE, "where_is_order", text="它到哪了", who="陈店长")
    assert other.text.startswith("哪一单？")


async def test_several_numbers_get_one_compact_list(ask: AskDesk) -> None:
    stalled(ask)
    ask.put(order("6920154783210058859", stage=Stage.COMPLETED))
    reply = await ask.say(FEATURE, f"{NUMBER} 6920154783210058859 6920154783210059999 这几单到哪了")
    lines = reply.text.splitlines()
    assert lines[0] == "查了 3 个单号："
    assert lines[1].startswith("1. 🟡 …8842 运输中，比平时慢")
    assert lines[2].startswith("2. ✅ …8859 已完成")
    assert lines[3] == "3. …9999 没有这个单号"


async def test_nothing_named_asks_which(ask: AskDesk) -> None:
    reply = await ask.ask(FEATURE, "where_is_order", text="到哪了")
    assert reply.text == "哪一单？发订单号、快递单号、手机号或后四位都行。"


async def test_open_approvals_after_sales_and_holds_are_shown(ask: AskDesk) -> None:
    ask.put(shipped(at=NOW - 3 * HOUR), aftersale())
    order_id = ask.stored(NUMBER).id
    ask.store.write_now(lambda u: u.approvals.add(approval(order_id=order_id)))
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "退款 ¥268.00，在等审批" in reply.text
    assert "售后 仅退款 ¥268.00  ·  等我们处理  ·  剩 47 小时" in reply.text
    assert reply.card is not None
    assert len(reply.card.lines) <= 8


async def test_split_parcels_are_each_named(ask: AskDesk) -> None:
    parcels = (parcel("SF1000000000001"), parcel("SF1000000000002"))
    ask.put(
        shipped(parcels=parcels, at=NOW - 30 * HOUR),
        track(
            scan("揽收", TrackStage.PICKED_UP, NOW - 9 * HOUR),
            scan("签收", TrackStage.DELIVERED, NOW - HOUR),
            waybill="SF1000000000001",
        ),
    )
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "分包裹发出" in reply.text
    assert "包裹 1 顺丰 SF10…001：已签收" in reply.text
    assert "包裹 2 顺丰 SF10…002：待揽收" in reply.text


async def test_an_old_source_is_said_on_the_card(ask: AskDesk) -> None:
    ask.put(order())
    ask.clock.move(timedelta(minutes=50))
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "⚠ 平台已 55 分钟没同步成功，可能不是最新" in reply.text


async def test_details_put_what_was_asked_first(ask: AskDesk) -> None:
    ask.put(order(buyer_note="要送礼，请包好"))
    reply = await ask.ask(FEATURE, "order_detail", order_no=NUMBER)
    assert "商品 ¥268.00 − 优惠 ¥0.00 + 运费 ¥0.00 = ¥268.00，实付 ¥268.00" in reply.text
    assert "买家备注：要送礼，请包好" in reply.text
    plan = Plan(Intent.ORDER_DETAIL, Slots(order_no=NUMBER), (Found("order_no", NUMBER),), extra={"about": "paid_at"})
    asked = await ask.plan(FEATURE, plan)
    assert asked.card is not None
    assert asked.card.lines[0].startswith("下单 今天 12:00，付款 今天 12:00")


async def test_after_sale_progress_names_the_step(ask: AskDesk) -> None:
    ask.put(order(), aftersale(stage=AftersaleStage.REFUNDING))
    reply = await ask.ask(FEATURE, "aftersale_status", order_no=NUMBER)
    assert "申请 今天 13:00 → 审核 → ● 平台退款 → 到账" in reply.text
    assert "退款已提交" in reply.text


async def test_no_after_sale_is_said_plainly(ask: AskDesk) -> None:
    ask.put(order())
    reply = await ask.ask(FEATURE, "aftersale_status", order_no=NUMBER)
    assert "这单没有售后。" in reply.text


async def test_the_customer_who_got_nothing_is_heard(ask: AskDesk) -> None:
    ask.put(
        shipped(at=NOW - 30 * HOUR),
        track(scan("揽收", TrackStage.PICKED_UP, NOW - 9 * HOUR), scan("签收", TrackStage.DELIVERED, NOW - HOUR)),
    )
    reply = await ask.ask(FEATURE, "where_is_order", text=f"{NUMBER} 显示签收但客户没收到", order_no=NUMBER)
    assert "显示签收，客户说没收到" in reply.text


async def test_english_speaks_english(ask_en: AskDesk) -> None:
    stalled(ask_en)
    reply = await ask_en.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert "On its way, slower than usual" in reply.text
    assert "no new scan for 30 hours" in reply.text
    assert labels(reply) == ["Chase", "Text for the customer", "I take it"]


async def test_it_means_what_was_asked_last_not_what_was_picked_before(ask: AskDesk) -> None:
    ask.put(*(order(f"69201547832100{index:05}", receiver=receiver(phone=f"1380000{index}8000")) for index in range(2)))
    ask.put(order(receiver=receiver(phone="13700000000")))
    shown = await ask.ask(FEATURE, "where_is_order", phone_tail="8000")
    await ask.press(FEATURE, shown.choices[0])
    plan = Plan(Intent.WHERE_IS_ORDER, Slots(order_no=NUMBER), (Found("order_no", NUMBER),))
    state = {"plan": to_json(plan)}
    ask.store.write_now(lambda u: u.dialogs.remember("console", "g1", "u-张明", state, NOW + timedelta(minutes=10)))
    again = await ask.ask(FEATURE, "aftersale_status", text="退款呢")
    assert again.card is not None
    assert "…8842" in again.card.title
