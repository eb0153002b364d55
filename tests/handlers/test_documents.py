"""Papers in the chat: the right goods, the right receiver for the right eyes, on record, and nothing invented."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from domain.chat import Document, Reply
from domain.order import AftersaleKind, AftersaleStage, Stage
from domain.understand import understand
from handlers.documents import FEATURE
from handlers.paper import Paper, shown
from tests.builders import NOW, NUMBER, aftersale, line, money, order, parcel, receiver
from tests.handlers.ask_desk import AskDesk, labels

OTHER = "6920154783210051111"
SECRETS = ("王小芳", "13812345678", "文三路", "北山街道")


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    yield desk
    desk.close()


async def say(ask: AskDesk, text: str, *, who: str = "张明", direct: bool = False) -> Reply:
    plan = understand(text, now=ask.clock.now())
    assert plan.intent.value == "documents"
    return await ask.plan(FEATURE, plan, text, who=who, direct=direct)


def read(document: Document) -> str:
    """All text of a PDF, a blank between pages."""
    paper = pypdfium2.PdfDocument(document.content)
    try:
        return " ".join(page.get_textpage().get_text_range() for page in paper).replace("\r\n", "\n")
    finally:
        paper.close()


async def test_an_outbound_slip_in_the_group_masks_the_receiver(ask: AskDesk) -> None:
    lines = (line("SKU-1", quantity=2), line("GIFT-1", title="充电线", price=0, gift=True))
    ask.put(order(warehouse="杭州仓", lines=lines, parcels=(parcel(),), buyer_note="加急！打13812345678找王小芳"))
    reply = await say(ask, f"出库单 {NUMBER}")
    text = read(reply.documents[0])
    assert reply.text == "出库单好了：…8842。\n收件人打了码；要带完整收件信息的，请私聊我要。"
    assert reply.documents[0].name == "出库单-8842.pdf"
    assert f"订单  {NUMBER}" in text or f"订单 {NUMBER}" in text
    assert "充电线（赠）" in text
    assert "王**" in text
    assert "顺丰 SF1234567890123" in text
    for secret in SECRETS:
        assert secret not in text
    entries = ask.store.read_now(lambda r: r.audit.of(f"order:{ask.stored(NUMBER).id}"))
    assert [(each.action, each.after["document"]) for each in entries] == [("document.made", "outbound")]


async def test_one_to_one_it_is_whole_for_who_may_and_on_record(ask: AskDesk) -> None:
    ask.put(order(warehouse="杭州仓"))
    reply = await say(ask, f"出库单 {NUMBER}", direct=True)
    text = read(reply.documents[0]).replace("\n", "")
    for secret in SECRETS:
        assert secret in text
    assert reply.private
    entries = ask.store.read_now(lambda r: r.audit.of(f"order:{ask.stored(NUMBER).id}"))
    assert entries[-1].action == "person.reveal"
    assert entries[-1].after == {"document": "outbound", "reason": "document:outbound"}
    # The warehouse has no permission to see receivers, one to one or not.
    keeper = await say(ask, f"出库单 {NUMBER}", who="李芳", direct=True)
    assert "13812345678" not in read(keeper.documents[0])


async def test_the_pick_list_sums_goods_and_keeps_to_the_keepers_warehouse(ask: AskDesk) -> None:
    for i, (house, quantity) in enumerate((("杭州仓", 2), ("杭州仓", 3), ("华南仓", 5), ("", 1))):
        note = "赠充电线，电话 13812345678" if i == 0 else ""
        ask.put(order(f"692015478321005{i:04}", warehouse=house, lines=(line("SKU-1", quantity=quantity),), buyer_note=note))
    ask.put(order("6920154783210059999", warehouse="杭州仓", holds=("risk",)))
    ask.put(order("6920154783210058888", warehouse="杭州仓", stage=Stage.SHIPPED))
    reply = await say(ask, "拣货单", who="李芳")
    assert reply.text == "拣货单好了：3 单，6 件，1 个 SKU。\n另有 1 单暂停着，没放进来"
    text = read(reply.documents[0])
    assert "6920154783210050000" in text
    assert "6920154783210050002" not in text
    assert "赠充电线" in text
    for secret in SECRETS:
        assert secret not in text
    everything = await say(ask, "拣货单", who="陈店长")
    assert "4 单，11 件" in everything.text


async def test_the_most_urgent_comes_first(ask: AskDesk) -> None:
    for i, hours in enumerate((30, 5, 12)):
        ask.put(order(f"692015478321005{i:04}", ship_by=NOW + timedelta(hours=hours)))
    text = read((await say(ask, "拣货单")).documents[0])
    places = [text.index(f"692015478321005000{i}") for i in (1, 2, 0)]
    assert places == sorted(places)


async def test_nothing_to_pick_has_its_three_kinds(ask: AskDesk) -> None:
    assert (await say(ask, "拣货单")).text == "现在没有要拣的单。"
    ask.put(order(holds=("risk",)))
    assert "1 单暂停着" in (await say(ask, "拣货单")).text
    ask.clock.move(timedelta(hours=3))
    assert "不代表没有" in (await say(ask, "拣货单")).text


async def test_a_return_label_needs_goods_that_come_back(ask: AskDesk) -> None:
    ask.put(order(warehouse="杭州仓", stage=Stage.DELIVERED, lines=(line("SKU-1"), line("SKU-2", title="沙发套"))))
    ask.put(aftersale("7100001", kind=AftersaleKind.REFUND))
    refused = await say(ask, f"退货标签 {NUMBER}")
    assert refused.text == "…8842 没有进行中的退货、换货或维修，没有可贴的退货标签。先有售后单再要。"
    assert not refused.documents
    ask.put(aftersale("7100002", kind=AftersaleKind.RETURN, stage=AftersaleStage.CANCELLED))
    assert not (await say(ask, f"退货标签 {NUMBER}")).documents
    ask.put(aftersale("7100003", kind=AftersaleKind.RETURN, reason="色差，联系13812345678", line_ids=("L-SKU-2",)))
    reply = await say(ask, f"退货标签 {NUMBER}")
    text = read(reply.documents[0])
    assert "7100003" in text
    assert "沙发套" in text
    assert "保温杯" not in text
    assert "收货地址没有登记" in text
    for secret in SECRETS:
        assert secret not in text


async def test_invoice_data_add_up_and_what_is_unknown_is_left_blank(ask: AskDesk) -> None:
    lines = (line("SKU-1", quantity=2, price=10_000), line("SKU-2", price=5_000))
    ask.put(
        order(
            lines=lines,
            goods=money(25_000),
            discount=money(1_000),
            freight=money(600),
            total=money(24_600),
            paid=money(24_600),
            refunded=money(5_000),
        )
    )
    reply = await say(ask, f"发票资料 {NUMBER}")
    text = read(reply.documents[0])
    assert "可开票 ¥196.00" in text.replace("  ", " ")
    assert "系统里没有，请补" in text
    table = reply.documents[1].content.decode("utf-8-sig").splitlines()
    assert table[1] == f"\t{NUMBER},SKU-1,保温杯 500ml 曜石黑,2,100.00,200.00"


async def test_an_order_that_does_not_add_up_is_marked(ask: AskDesk) -> None:
    ask.put(order(total=money(99)))
    assert "对不上" in read((await say(ask, f"发票资料 {NUMBER}")).documents[0])


async def test_carrier_labels_are_not_ours_to_print_and_it_says_so(ask: AskDesk) -> None:
    ask.put(order(parcels=(parcel(),)))
    reply = await say(ask, f"打印面单 {NUMBER}")
    assert reply.text.startswith("快递面单要用快递公司或平台给的号打印，我代打不了。这单的运单：…0123。")
    assert not reply.documents


async def test_orders_of_others_and_unknown_orders_make_no_paper(ask: AskDesk) -> None:
    ask.put(order(warehouse="华南仓"))
    hidden = await say(ask, f"出库单 {NUMBER}", who="李芳")
    assert "华南仓" in hidden.text
    assert not hidden.documents
    unknown = await say(ask, f"出库单 {OTHER}")
    assert not unknown.documents
    assert ask.store.read_now(lambda r: r.audit.of(f"order:{ask.stored(NUMBER).id}")) == []


async def test_several_numbers_make_one_file_and_say_what_is_missing(ask: AskDesk) -> None:
    ask.put(order(), order(OTHER))
    reply = await say(ask, f"出库单 {NUMBER} {OTHER} 6920154783210057777")
    assert len(reply.documents) == 1
    text = read(reply.documents[0])
    assert NUMBER in text
    assert OTHER in text
    assert "没找到：…7777" in reply.text


async def test_a_tail_that_fits_two_orders_gives_a_choice(ask: AskDesk) -> None:
    ask.put(order("6920154783210011234"), order("6920154783210021234"))
    reply = await say(ask, "出库单 尾号1234")
    assert "有 2 单对得上，要哪一单的出库单？" in reply.text
    assert len(labels(reply)) == 2
    made = await ask.press(FEATURE, reply.choices[0])
    assert made is not None
    assert made.documents
    far = await ask.press(FEATURE, reply.choices[0], who="李芳")
    assert far is not None


HOSTILE = ("<b>@all</b>", "\u202e反转", "=HYPERLINK(1)", "长" * 4000, "\x00\x07", "🎁𠮷", "a\nb\nc")


@pytest.mark.parametrize("evil", HOSTILE)
async def test_hostile_titles_and_notes_make_a_whole_paper(ask: AskDesk, evil: str) -> None:
    ask.put(order(lines=(line(title=evil, sku="S"),), buyer_note=evil, seller_note=evil, receiver=receiver(name=evil[:30])))
    for text in (f"出库单 {NUMBER}", "拣货单", f"发票资料 {NUMBER}"):
        reply = await say(ask, text, direct=True)
        assert NUMBER in read(reply.documents[0])


def test_the_same_content_gives_the_same_bytes_and_lost_letters_show() -> None:
    def made() -> bytes:
        paper = Paper(made_at=NOW, title="x")
        paper.page("出库单", code="123")
        paper.table(["甲", "乙"], [["一", "二"]], (1, 1))
        return paper.bytes()

    assert made() == made()
    assert shown("吉🎁") == "吉□"


async def test_the_pages_come_as_pictures_when_asked_for(ask: AskDesk) -> None:
    ask.put(order(warehouse="杭州仓", parcels=(parcel(),)))
    reply = await say(ask, f"出库单 {NUMBER} 图片")
    assert [each.name for each in reply.documents] == ["出库单-8842.pdf"]
    assert [each.name for each in reply.pictures] == ["出库单-8842-1.png"]
    page = Image.open(io.BytesIO(reply.pictures[0].png))
    assert page.width == 1080
    assert min(page.convert("L").tobytes()) < 60, "something is printed on it"
    assert not (await say(ask, f"出库单 {NUMBER}")).pictures


async def test_a_long_paper_shows_its_first_pages_and_says_how_many_are_left(ask: AskDesk) -> None:
    for index in range(110):
        goods = tuple(line(f"SKU-{index}-{n}", title=f"货 {index}-{n}") for n in range(3))
        ask.put(order(f"69201547832101{index:05}", warehouse="杭州仓", lines=goods))
    reply = await say(ask, "拣货单 图片")
    assert len(reply.pictures) == 3
    assert "页没画成图" in reply.text


async def test_the_last_digits_behind_the_name_of_a_paper_are_enough(ask: AskDesk) -> None:
    ask.put(order(warehouse="杭州仓", parcels=(parcel(),)))
    reply = await say(ask, f"出库单 {NUMBER[-4:]}")
    assert [each.name for each in reply.documents] == ["出库单-8842.pdf"]


async def test_a_pick_list_after_talk_of_one_order_is_still_the_whole_list(ask: AskDesk) -> None:
    ask.put(order(warehouse="杭州仓"), order(OTHER, warehouse="杭州仓", lines=(line("SKU-2", title="地毯"),)))
    before = understand(f"{NUMBER} 到哪了", now=ask.clock.now())

    async def after(text: str) -> Reply:
        return await ask.plan(FEATURE, understand(text, now=ask.clock.now(), context=before), text, who="李芳")

    assert "2 单" in (await after("拣货单")).text
    assert "1 单" in (await after("这单的拣货单")).text
