"""Three hundred questions as bosses, operations and warehouse people type them, each with the whole plan that an analyst expects.

The plans in `figures.tsv` were written down before the questions were read by the parser. `unread=` is as much a part of a plan as
a condition: what is not understood has to be said, so that no condition is dropped in silence.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.clock import SHANGHAI
from domain.dates import DateRange
from domain.errors import BadInput
from domain.metrics import METRICS, UNMEASURED
from domain.query import query_of
from domain.understand import Intent, Lexicon, Plan, from_json, to_json, understand

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)  # a Sunday, noon in Shanghai
LEXICON = Lexicon.build(
    shops={"旗舰店": (), "优选店": (), "华南店": ()},
    warehouses={"杭州仓": (), "苏州仓": (), "华南仓": ()},
    skus={"SKU-1": ("保温杯",), "SKU-2": ("沙发套",), "T100": ("雨伞",)},
    people=["张明", "李芳", "周会计", "陈店长"],
)
ROWS = [
    tuple(part.strip() for part in row.split("|"))
    for row in Path(__file__).with_name("figures.tsv").read_text("utf-8").splitlines()
    if row.strip() and not row.startswith("#")
]


def read(text: str) -> Plan:
    return understand(text, now=NOW, lexicon=LEXICON)


def span(asked: DateRange | None) -> str:
    """`1121`, `1109-1115`, `20251111`, `1121T18-1122T00`."""
    if asked is None or not asked.label:
        return ""
    first, last = asked.start.astimezone(SHANGHAI), asked.end.astimezone(SHANGHAI)
    year = f"{first:%Y}" if first.year != NOW.year else ""
    if first.hour or last.hour:
        return f"{year}{first:%m%dT%H}-{last:%m%dT%H}"
    last -= timedelta(days=1)
    return year + (f"{first:%m%d}" if first == last else f"{first:%m%d}-{last:%m%d}")


def against(said: str) -> str:
    if "/" not in said:
        return said
    start, end = (datetime.fromisoformat(each) for each in said.split("/"))
    return span(DateRange(start, end, "-"))


def shown(plan: Plan) -> tuple[str, str, set[str]]:
    """A plan in the spelling of the table."""
    if plan.intent is not Intent.KPI:
        return "-", "", set()
    metric = plan.slots.metric or ""
    rest = {"by=" + ",".join(plan.group_by)} if plan.group_by else set()
    if plan.order:
        rest.add({"-value": "high", "value": "low"}[plan.order])
    if plan.limit:
        rest.add(f"top={plan.limit}")
    rest |= {f"{name}={value}" for name, value in (("channel", plan.slots.channel), ("sku", plan.slots.sku)) if value}
    for each in plan.filters:
        sign, value = {"in": ("~", each.value.replace("|", "+")), "has": ("=", each.value)}.get(
            each.op, (each.op, each.value)
        )
        rest.add(f"{each.field}{sign}{value}")
    rest |= {f"{name}={plan.extra[name].replace(',', '+')}" for name in ("unread", "also", "caveat") if name in plan.extra}
    if "compare" in plan.extra:
        rest.add("vs=" + against(plan.extra["compare"]))
    return ("!" if metric in UNMEASURED else "") + metric, span(plan.slots.range), rest


def wanted(rest: str) -> set[str]:
    """The words of the last column; `unread=` runs to the end."""
    words, _, unread = rest.partition("unread=")
    return set(words.split()) | ({f"unread={unread}"} if unread else set())


@pytest.mark.parametrize(("text", "metric", "period", "rest"), ROWS, ids=[row[0] for row in ROWS])
def test_a_question_means_what_an_analyst_reads_in_it(text: str, metric: str, period: str, rest: str) -> None:
    plan = read(text)
    found = shown(plan)
    if metric.startswith("!"):
        assert found[0] == metric
        return
    assert found == (metric, period, wanted(rest))
    assert from_json(to_json(plan)) == plan


def test_the_table_covers_every_metric_and_every_grouping() -> None:
    plans = [read(row[0]) for row in ROWS]
    assert {plan.slots.metric for plan in plans} >= set(METRICS)
    assert {name for plan in plans for name in plan.group_by} >= {
        "channel", "shop", "warehouse", "province", "stage", "carrier", "hour", "day", "week", "month", "sku", "kind", "reason", "agent",
    }  # fmt: skip
    assert len(ROWS) >= 300


@pytest.mark.parametrize("row", [row for row in ROWS if row[1] in METRICS], ids=lambda row: row[0])
def test_every_plan_is_a_query_or_refused_in_words(row: tuple[str, ...]) -> None:
    told, query = "", None
    try:
        query = query_of(read(row[0]), NOW)
    except BadInput as refused:
        told = refused.sentence
    if query is None:
        assert "可以" in told or "去掉" in told
        return
    assert query.metric.code == row[1]
    assert query.start < query.end <= NOW + timedelta(seconds=1)


CONDITIONS = (
    "老客户", "新客户", "无锡仓", "直播间", "红色", "XL码", "会员", "成都", "大连", "西湖区", "王小芳", "天猫超市", "预售", "赠品", "团购", "达人",
    "企业客户", "备注有急的", "货到付款", "用了券", "海外", "B类", "大件", "非工作日", "首单", "生鲜", "李四", "义乌发的", "加急",
)  # fmt: skip
QUESTIONS = (
    "昨天{}多少单",
    "上周{}的销售额",
    "{}昨天卖了多少",
    "上周各渠道{}的单量",
    "近7天{}退款率",
    "昨天抖音{}订单数",
    "上个月{}客单价",
)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_that_nobody_knows_is_never_dropped_in_silence(condition: str) -> None:
    silent = []
    for question in QUESTIONS:
        text = question.format(condition)
        plan = read(text)
        if plan.intent is Intent.KPI and "unread" not in plan.extra and plan.slots.metric in METRICS:
            silent.append((text, plan))
    assert silent == []


@pytest.mark.parametrize(
    "text", ["weekend", "vip", "prepaid", "livestream", "chengdu", "red", "size xl", "new buyers", "wuxi warehouse"]
)
@pytest.mark.parametrize("question", ["orders from {} last week", "{} sales yesterday", "refund rate for {} last month"])
def test_an_english_condition_that_nobody_knows_is_said_too(text: str, question: str) -> None:
    plan = read(question.format(text))
    assert plan.intent is not Intent.KPI or plan.slots.metric in UNMEASURED or "unread" in plan.extra


@pytest.mark.parametrize(
    "text",
    [
        "我名下有多少单", "我想看看我这个月下了几单", "剩下的几件请今天马上给我发出来", "昨天下单时说一定送赠品才下单的", "下单五天了还没发货",
        "请问7天是按下单那天算还是从今天开始算", "现在下单你们还发不发货", "没有取消按钮怎么取消订单", "你好，几个订单能统一在周末送吗",
        "昨天刚下单的那个面霜", "今天的订单什么时候发", "这几单的发票开到哪一步了", "亲，我昨天买的有几件没发", "退货的运费多少",
    ],
)  # fmt: skip
def test_a_customer_asks_for_no_figure(text: str) -> None:
    assert read(text).intent is not Intent.KPI
