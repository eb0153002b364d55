"""What stands on each paper: pick list, outbound slip, return label, invoice data. Values in, PDF bytes out."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.chat import Document
from domain.clock import SHANGHAI
from domain.money import Money
from domain.order import Aftersale, Order, OrderLine, Receiver
from domain.privacy import mask_receiver, place, safe_note, safe_text, short_number
from domain.store import OrderCard, StoredOrder
from handlers.desk import Desk
from handlers.kpi_rows import cell
from handlers.paper import LABEL, Paper
from handlers.words.documents import papers
from handlers.words.kpi import group_text

PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class Made:
    """A paper, and what of it a sentence says."""

    documents: tuple[Document, ...]
    what: str


def _name(kind: str, what: str, lang: str, *, key: str = "file") -> str:
    return papers(lang, key, kind=papers(lang, kind), what="".join(letter for letter in what if letter.isalnum()))


def _date(at: datetime) -> str:
    """The day itself: a paper is read tomorrow too."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _goods(line: OrderLine, lang: str) -> str:
    return safe_text(line.title or line.sku, 48) + (papers(lang, "gift") if line.gift else "")


def _sku(line: OrderLine) -> str:
    return safe_text(line.sku or line.platform_sku, 32)


# --- pick list --------------------------------------------------------------------------------------------------------


def picklist(orders: Sequence[StoredOrder], notes: Sequence[str], now: datetime, lang: str, desk: Desk) -> Made:
    """One walk through the warehouse: goods summed over all orders first, then which order gets what. No personal data."""
    sums: dict[tuple[str, str], list[int]] = {}
    for stored in orders:
        for line in stored.order.lines:
            if line.quantity > 0:
                kept = sums.setdefault((_sku(line), _goods(line, lang)), [0, 0])
                kept[0] += line.quantity
                kept[1] += 1
    units = sum(count for count, _ in sums.values())
    what = papers(lang, "made.pick", count=len(orders), units=units, skus=len({sku for sku, _ in sums}))
    paper = Paper(made_at=now, title=papers(lang, "picklist"))
    paper.page(papers(lang, "picklist"), below=what)
    for note in (papers(lang, "bin"), *notes):
        paper.small(note)
    columns = [papers(lang, f"col.{each}") for each in ("sku", "title", "count", "orders", "done")]
    rows = [(sku, goods, str(count), str(number), "") for (sku, goods), (count, number) in sorted(sums.items())]
    paper.table(columns, rows, (24, 50, 12, 12, 12))
    columns = [papers(lang, f"col.{each}") for each in ("number", "goods", "due", "note")]
    paper.table(columns, [_order_row(stored, lang) for stored in orders], (34, 44, 20, 26))
    paper.boxes([papers(lang, "sign.pick"), papers(lang, "sign.check")])
    stamp = f"{now.astimezone(SHANGHAI):%m%d%H%M}"
    return Made((Document(paper.bytes(), _name("picklist", stamp, lang), PDF),), what)


def _order_row(stored: StoredOrder, lang: str) -> tuple[str, str, str, str]:
    order = stored.order
    goods = "；".join(f"{_goods(line, lang)} ×{line.quantity}" for line in order.lines if line.quantity > 0)
    due = _date(order.ship_by) if order.ship_by else "—"
    # Remarks decide what goes into the box (此单需加赠充电线), and may hold a phone number: masked.
    notes = [safe_note(each, 60, of=order.receiver) for each in (order.buyer_note, order.seller_note)]
    return safe_text(order.number, 40), safe_text(goods, 160), due, " / ".join(note for note in notes if note)


# --- outbound slip ----------------------------------------------------------------------------------------------------


def outbound(cards: Sequence[OrderCard], receivers: Sequence[Receiver], now: datetime, lang: str, desk: Desk) -> Made:
    """A page an order. `receivers` are as the asker may see them here."""
    paper = Paper(made_at=now, title=papers(lang, "outbound"))
    for card, receiver in zip(cards, receivers, strict=True):
        order = card.stored.order
        shop = desk.channels.name(order.channel, order.shop)
        paper.page(papers(lang, "outbound"), code=order.number, below=shop)
        paper.pairs([*_about(order, lang), *_receiver(receiver, lang)])
        lines = [(_sku(line), _goods(line, lang), str(line.quantity), "") for line in order.lines if line.quantity > 0]
        paper.table([papers(lang, f"col.{each}") for each in ("sku", "title", "count", "done")], lines, (26, 60, 14, 14))
        paper.pairs(
            [
                (papers(lang, "note"), safe_note(order.buyer_note, 160, of=order.receiver)),
                (papers(lang, "seller_note"), safe_note(order.seller_note, 160, of=order.receiver)),
            ]
        )
        paper.boxes([papers(lang, f"sign.{each}") for each in ("pick", "check", "out")])
    return Made((Document(paper.bytes(), _name("outbound", _tails(cards), lang), PDF),), _said(cards))


def _about(order: Order, lang: str) -> list[tuple[str, str]]:
    waybills = "、".join(
        f"{group_text('carrier', safe_text(parcel.carrier, 12), lang)} {safe_text(parcel.waybill, 32)}"
        for parcel in order.parcels
    )
    return [
        (papers(lang, "order"), safe_text(order.number, 64)),
        (papers(lang, "warehouse"), safe_text(order.warehouse, 24)),
        (papers(lang, "paid_at"), _date(order.paid_at) if order.paid_at else ""),
        (papers(lang, "due"), _date(order.ship_by) if order.ship_by else ""),
        (papers(lang, "waybill"), waybills),
    ]


def _receiver(receiver: Receiver, lang: str) -> list[tuple[str, str]]:
    """As it was handed in: masked, or whole for somebody who may see it here and is on record for it."""
    if receiver.masked:
        receiver = mask_receiver(receiver)
    name = "  ".join(part for part in (safe_text(receiver.name, 40), safe_text(receiver.phone, 32)) if part)
    door = " ".join(part for part in (safe_text(receiver.town, 30), safe_text(receiver.detail, 160)) if part)
    where = " ".join(part for part in (place(receiver, depth=3), door) if part)
    return [(papers(lang, "receiver"), name), (papers(lang, "address"), where)]


# --- return label -----------------------------------------------------------------------------------------------------


def return_label(card: OrderCard, aftersale: Aftersale, receiver: Receiver, now: datetime, lang: str, desk: Desk) -> Made:
    """A label for the parcel that comes back: what the warehouse scans, and what it should find inside."""
    order = card.stored.order
    title = papers(lang, "return_label")
    paper = Paper(size=LABEL, made_at=now, title=title)
    paper.page(title, code=aftersale.number, below=desk.channels.name(order.channel, order.shop))
    house = safe_text(order.warehouse, 24)
    to = papers(lang, "to.unknown", warehouse=house) if house else papers(lang, "to.nowhere")
    sender = dict(_receiver(receiver, lang))
    paper.pairs(
        [
            (papers(lang, "aftersale"), safe_text(aftersale.number, 64)),
            (papers(lang, "order"), safe_text(order.number, 64)),
            (papers(lang, "kind"), group_text("kind", aftersale.kind.value, lang)),
            (papers(lang, "reason"), safe_note(aftersale.reason, 60, of=order.receiver)),
            (papers(lang, "to"), to),
            (papers(lang, "from"), "  ".join(each for each in sender.values() if each)),
        ]
    )
    inside = [line for line in order.lines if line.line_id in aftersale.line_ids] or list(order.lines)
    rows = [(_sku(line), _goods(line, lang), str(line.quantity)) for line in inside if line.quantity > 0]
    paper.table([papers(lang, f"col.{each}") for each in ("sku", "title", "count")], rows, (26, 46, 12))
    paper.small(papers(lang, "return.hint"))
    return Made((Document(paper.bytes(), _name("return_label", aftersale.number[-4:], lang), PDF),), _said((card,)))


# --- invoice data -----------------------------------------------------------------------------------------------------


def invoice(cards: Sequence[OrderCard], now: datetime, lang: str, desk: Desk) -> Made:
    """What whoever writes the invoice needs, as a page an order and as a table. What is not on record is a blank to fill."""
    title = papers(lang, "invoice.head")
    paper = Paper(made_at=now, title=title)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow([papers(lang, f"col.{each}") for each in ("number", "sku", "title", "count", "price", "total")])
    for card in cards:
        order = card.stored.order
        paper.page(title, code=order.number, below=desk.channels.name(order.channel, order.shop))
        blank = papers(lang, "invoice.blank")
        paper.pairs([*_about(order, lang)[:3], (papers(lang, "invoice.title"), blank), (papers(lang, "invoice.tax"), blank)])
        rows = [
            (_sku(line), _goods(line, lang), str(line.quantity), str(line.unit_price), str(line.total))
            for line in order.lines
        ]
        columns = [papers(lang, f"col.{each}") for each in ("sku", "title", "count", "price", "total")]
        paper.table(columns, rows, (24, 46, 12, 20, 20))
        paper.pairs([(papers(lang, f"sum.{name}"), str(amount)) for name, amount in _sums(order)])
        if not order.balanced:
            paper.text(papers(lang, "sum.odd"))
        for line in order.lines:
            price, total = line.unit_price.decimal(), line.total.decimal()
            row = (order.number, _sku(line), _goods(line, lang), str(line.quantity), str(price), str(total))
            writer.writerow([cell(each) for each in row])
    content = b"\xef\xbb\xbf" + table.getvalue().encode("utf-8", "replace")
    what = _tails(cards)
    documents = (
        Document(paper.bytes(), _name("invoice", what, lang), PDF),
        Document(content, _name("invoice", what, lang, key="table"), "text/csv; charset=utf-8"),
    )
    return Made(documents, _said(cards))


def _sums(order: Order) -> list[tuple[str, Money]]:
    return [
        ("goods", order.goods),
        ("discount", -order.discount),
        ("freight", order.freight),
        ("total", order.total),
        ("paid", order.paid),
        ("refunded", -order.refunded),
        ("net", order.paid - order.refunded),
    ]


def _tails(cards: Sequence[OrderCard]) -> str:
    first = cards[0].stored.order.number[-4:]
    return first if len(cards) == 1 else f"{first}等{len(cards)}单"


def _said(cards: Sequence[OrderCard]) -> str:
    return "、".join(short_number(card.stored.order.number) for card in cards[:5])
