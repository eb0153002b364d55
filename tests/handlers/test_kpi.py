"""Questions for figures: the figure first, its change, its meaning, what was counted; three kinds of nothing; no false trend."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from bot.dispatch import Dispatcher
from domain.chat import Message, Reply, Sender, Tone
from domain.errors import BadInput
from domain.order import Stage
from domain.people import Role
from domain.query import TooLong
from domain.understand import Lexicon, Plan, understand
from handlers.kpi import FEATURE
from handlers.kpi_rows import cell
from handlers.router import Router
from storage.query import FigureReads
from tests.builders import NOW, SHOP, aftersale, bound_chat, line, money, order, parcel
from tests.handlers.ask_desk import AskDesk, button, labels

DAY = timedelta(days=1)
LEXICON = Lexicon.build(
    shops={SHOP: (), "优选店": (), "华南店": ()},
    warehouses={"杭州仓": (), "华南仓": ()},
    skus={"SKU-1": ("保温杯",)},
    people=["张明"],
)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    desk.person("周会计", Role.FINANCE)
    fill(desk)
    yield desk
    desk.close()


def fill(ask: AskDesk) -> None:
    """Today 3 orders, yesterday 4 (2 on each channel), the day before 5; each 26 800 fen, 1-5 hours from payment to scan."""
    for days, count in ((0, 3), (1, 4), (2, 5)):
        for i in range(count):
            at = NOW - days * DAY - timedelta(hours=i)
            number = f"69{days}{i:016d}"
            douyin = i % 2 == 0
            sent = days > 0
            ask.put(
                order(
                    number,
                    stage=Stage.SHIPPED if sent else Stage.TO_SHIP,
                    created_at=at,
                    updated_at=NOW,
                    paid_at=at,
                    channel="douyin" if douyin else "pinduoduo",
                    shop=SHOP if douyin else "优选店",
                    warehouse="杭州仓" if i < 2 else "华南仓",
                    lines=(line("SKU-1", quantity=1 + i),),
                    paid=money(26_800),
                    shipped_at=at + timedelta(minutes=30) if sent else None,
                    parcels=(parcel(f"SF{days}{i:012d}", picked_at=at + timedelta(hours=i + 1)),) if sent else (),
                )
            )


def plan(ask: AskDesk, text: str, before: Plan | None = None) -> Plan:
    return understand(text, now=ask.clock.now(), context=before, lexicon=LEXICON)


async def say(ask: AskDesk, text: str, *, who: str = "陈店长", before: Plan | None = None) -> Reply:
    return await ask.plan(FEATURE, plan(ask, text, before), text, who=who)


async def test_the_figure_comes_first_then_its_change_its_meaning_and_what_was_counted(ask: AskDesk) -> None:
    reply = await say(ask, "昨天订单量多少")
    assert reply.text.splitlines() == [
        "🟡 昨天订单数 4 单",
        "比上一期（11-18）−1 单（−20.0%）",
        "口径：这段时间里下的订单有多少单。",
        "按下单时间 11-19 · 全部店铺  ·  数据截至 13:55（拼多多优选店） 13:55（抖音华南店） 13:55（抖音旗舰店）",
    ]
    assert reply.card is not None
    assert reply.card.title == "昨天订单数 4 单"
    assert labels(reply) == ["怎么算的", "按渠道分", "按仓库分", "改条件"]


async def test_a_running_day_is_compared_with_the_same_hours_before(ask: AskDesk) -> None:
    reply = await say(ask, "今天多少单")
    # Yesterday up to 14:00: all four were placed between 11:00 and 14:00.
    assert "今天订单数 3 单" in reply.text
    assert "比上一期（11-19 00:00–14:00）−1 单（−25.0%）" in reply.text


async def test_a_percentile_says_how_many_are_not_in_it(ask: AskDesk) -> None:
    reply = await say(ask, "近3天P95履约时效")
    # Spans 1-4 h yesterday, 1-5 h the day before: nine, the 95th percentile is the longest. Today's three have no scan.
    assert "履约时效 P95 5.0 小时" in reply.text
    assert "3 单还没揽收，没算进去" in reply.text
    median = await say(ask, "近3天履约时效中位数")
    assert "履约时效中位数 3.0 小时" in median.text


async def test_groups_are_named_ranked_and_add_up(ask: AskDesk) -> None:
    reply = await say(ask, "昨天各渠道订单量")
    lines = reply.text.splitlines()
    assert lines[0].endswith("昨天订单数 4 单")
    assert "1. 抖音 2 单 · 占 50.0% · −1 单（−33.3%）" in lines
    assert "2. 拼多多 2 单 · 占 50.0% · 持平" in lines
    assert reply.pictures[0].alt.startswith("订单数 抖音 最高，2 单")


async def test_follow_ups_change_one_thing_and_keep_the_rest(ask: AskDesk) -> None:
    first = plan(ask, "昨天订单量多少")
    only = plan(ask, "只看抖音", first)
    assert "昨天订单数 2 单" in (await say(ask, "只看抖音", before=first)).text
    split = plan(ask, "按仓分", only)
    text = (await say(ask, "按仓分", before=only)).text
    assert "渠道 抖音" in text
    assert "1. 华南仓 1 单" in text
    assert "2. 杭州仓 1 单" in text
    earlier = await say(ask, "前天呢", before=split)
    assert "前天订单数 3 单" in earlier.text
    assert "· 占" in earlier.text


async def test_money_is_only_for_those_who_may_and_the_refusal_is_on_record(ask: AskDesk) -> None:
    reply = await say(ask, "昨天销售额", who="张明")
    assert reply.text == "这个你这边看不了，可以找财务、运营或店长。"
    assert reply.private
    assert ask.store.read_now(lambda r: r.audit.of("question:kpi:gmv"))[0].action == "access.denied"
    paid = await say(ask, "昨天销售额", who="周会计")
    assert "昨天实付金额 ¥1,072.00" in paid.text
    assert "比上一期（11-18）−¥268.00（−20.0%）" in paid.text


async def test_a_keeper_counts_only_their_own_warehouse_and_the_answer_says_so(ask: AskDesk) -> None:
    reply = await say(ask, "昨天订单量多少", who="李芳")
    assert "昨天订单数 2 单" in reply.text
    assert "只算你能看的杭州仓" in reply.text


async def test_another_warehouse_is_not_theirs_whether_or_not_it_has_orders(ask: AskDesk) -> None:
    for text in ("昨天华南仓订单量多少", "去年华南仓订单量多少"):
        reply = await say(ask, text, who="李芳")
        assert reply.text == "「华南仓」不在你能看的范围里，你能看的是杭州仓；要看可以找店长。"


async def test_none_at_all_says_that_the_data_are_complete(ask: AskDesk) -> None:
    reply = await say(ask, "上个月订单量多少")
    assert reply.text.startswith("上个月没有可算的：订单数 0。数据是全的，是真的没有。")
    assert not reply.pictures


async def test_a_silent_source_makes_zero_unproven(ask: AskDesk) -> None:
    ask.clock.move(timedelta(hours=20))  # a new day, and nobody has synced since
    reply = await say(ask, "今天订单量多少")
    assert "不代表没有" in reply.text
    assert "没同步成功" in reply.text


async def test_feed_death_is_not_a_trend(ask: AskDesk) -> None:
    ask.clock.move(timedelta(hours=3))
    ask.store.write_now(lambda u: u.cursors.succeeded(f"douyin/{SHOP}", ask.clock.now()))
    ask.store.write_now(lambda u: u.cursors.succeeded("douyin/华南店", ask.clock.now()))
    reply = await say(ask, "今天各渠道订单量")
    assert "⚠ 拼多多优选店 3 小时 没同步成功，这段时间的数还不全，先不和上期比" in reply.text
    assert "上一期" not in reply.text
    assert "持平" not in reply.text
    assert "2. 拼多多 1 单（数不全） · 占 33.3%" in reply.text
    assert "数不全" in reply.pictures[0].alt
    assert reply.card is not None
    assert reply.card.tone is Tone.WATCH
    # A period that ended before the silence began is whole.
    assert "比上一期" in (await say(ask, "昨天订单量多少")).text
    # And what is only about a source that speaks is not held back.
    assert "比上一期" in (await say(ask, "今天抖音订单量")).text


async def test_how_it_is_computed_lists_the_rows_masked_and_hands_over_the_table(ask: AskDesk) -> None:
    reply = await say(ask, "昨天销售额")
    how = await ask.press(FEATURE, button(reply, "怎么算的"), who="陈店长")
    assert how is not None
    lines = how.text.splitlines()
    assert lines[0] == "实付金额 怎么算的"
    assert "第 1 版" in lines[1]
    assert lines[3] == "这次：¥1,072.00，来自 4 条记录"
    assert lines[5] == "1. …0000 · 抖音旗舰店 · 昨天 14:00 · 已发货 · ¥268.00"
    assert "6910000000000000000" not in how.text
    table = how.documents[0].content.decode("utf-8-sig").splitlines()
    assert len(table) == 5
    assert table[1] == "\t6910000000000000000,抖音,旗舰店,杭州仓,2026-11-19 14:00,已发货,268.00,CNY"
    assert "王小芳" not in how.documents[0].content.decode("utf-8-sig")
    said = await say(ask, "怎么算的", before=plan(ask, "昨天销售额"))
    assert said.text == how.text


async def test_a_button_shows_the_pressers_own_scope_not_the_askers(ask: AskDesk) -> None:
    reply = await say(ask, "昨天订单量多少")
    split = await ask.press(FEATURE, button(reply, "按仓库分"), who="李芳")
    assert split is not None
    assert "订单数 2 单" in split.text
    assert "华南仓" not in split.text
    how = await ask.press(FEATURE, button(await say(ask, "昨天销售额"), "怎么算的"), who="张明")
    assert how is not None
    assert how.text == "这个你这边看不了，可以找财务、运营或店长。"


async def test_rates_reasons_and_units(ask: AskDesk) -> None:
    numbers = [f"691{i:016d}" for i in (0, 2)]
    for i, number in enumerate(numbers):
        ask.put(aftersale(f"A{i}", order_number=number, at=NOW, reason="色差 13812345678" if i else "破损<b>@all"))
    reasons = await say(ask, "近7天退货原因分布")
    assert "售后原因 2 笔" in reasons.text
    assert "@all" not in reasons.text
    assert "<b>" not in reasons.text
    how = await ask.press(FEATURE, button(reasons, "怎么算的"), who="陈店长")
    assert how is not None
    assert "13812345678" not in how.text
    sold = await say(ask, "近7天销量排行")
    assert "销量 31 件" in sold.text  # 1+2+3, 1+2+3+4, 1+2+3+4+5
    rate = await say(ask, "近7天退款率")
    assert "退款率 0.0%" in rate.text


async def test_what_cannot_be_measured_says_so_instead_of_a_number(ask: AskDesk) -> None:
    reply = await say(ask, "本周客服人均处理单量")
    assert "算不准" in reply.text
    assert not reply.pictures


async def test_the_picture_has_the_finding_and_every_figure_in_words(ask: AskDesk) -> None:
    reply = await say(ask, "近3天订单量趋势")
    picture = reply.pictures[0]
    assert picture.alt.startswith("近3天 订单数 12 单。") or picture.alt.startswith("近3天订单数 12 单。")
    assert "11-18 5 单；11-19 4 单；11-20 3 单" in picture.alt
    image = Image.open(io.BytesIO(picture.png)).convert("RGB")
    assert len(image.getcolors(1 << 20) or []) > 3


async def test_what_cannot_be_told_yet_says_why_and_not_zero(ask: AskDesk) -> None:
    assert "今天履约时效 P95还算不出来：3 单还没揽收。" in (await say(ask, "今天P95履约时效")).text
    assert "12 行没登记成本" in (await say(ask, "近7天毛利率")).text
    assert "没有既建了库存、又卖出过的 SKU" in (await say(ask, "近30天库存周转天数")).text
    by_carrier = await say(ask, "近7天各快递履约时效")
    assert "1. 顺丰 5.0 小时" in by_carrier.text
    assert "2. " not in by_carrier.text


async def test_english_teams_are_answered_in_english(tmp_path: Path) -> None:
    ask = AskDesk(tmp_path, lang="en")
    fill(ask)
    reply = await say(ask, "how many orders yesterday by channel")
    assert reply.text.splitlines()[0].endswith("Orders yesterday: 4 orders")
    assert "The data" not in reply.text
    names = ("抖音", "拼多多", SHOP, "优选店", "华南店")
    assert not any("一" <= letter <= "龥" and not any(letter in name for name in names) for letter in reply.text)
    ask.close()


@pytest.mark.parametrize(("text", "safe"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-12.50", "-12.50"), ("-cmd", "'-cmd"), ("1" * 19, "\t" + "1" * 19)])  # fmt: skip
def test_a_spreadsheet_runs_nothing_and_rounds_nothing(text: str, safe: str) -> None:
    assert cell(text) == safe


async def test_a_conversation_about_figures_survives_a_restart(ask: AskDesk) -> None:
    ask.store.write_now(lambda u: u.people.bind_chat(bound_chat("g1", "orders")))
    router = Router((FEATURE,))
    said = []
    for text in ("昨天订单量多少", "只看抖音", "前天呢", "按仓分", "怎么算的"):
        who = Message(ask.chat(), Sender("u-陈店长", "陈店长"), f"m-{text}", text, ask.clock.now())
        answer = await Dispatcher(ask.desk, router).message(who)  # a new one each time: nothing is kept in memory
        assert answer.reply is not None
        said.append(answer.reply.text)
    assert "昨天订单数 4 单" in said[0]
    assert "昨天订单数 2 单" in said[1]
    assert "前天订单数 3 单" in said[2]
    assert "1. 华南仓 2 单" in said[3]
    assert "渠道 抖音" in said[3]
    assert said[4].startswith("订单数 怎么算的")
    assert "这次：3 单，来自 3 条记录" in said[4]


async def test_a_question_that_takes_too_long_is_stopped_and_says_what_to_ask_instead(
    ask: AskDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise TooLong("x")

    monkeypatch.setattr(FigureReads, "parts", stopped)
    with pytest.raises(BadInput) as told:
        await say(ask, "昨天订单量多少")
    assert "缩短时间段" in told.value.sentence
