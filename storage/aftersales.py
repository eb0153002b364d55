"""After-sales to rows and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.money import Money
from domain.order import Aftersale, AftersaleKind, AftersaleStage
from storage.moments import at, at_or_none, ms, ms_or_none, scrub, tuple_of, words
from storage.sql import Row

COLUMNS = (
    "order_number,channel,shop,number,kind,stage,amount,currency,created_at,updated_at,reason,note,photos,deadline,"
    "refunded_at,refunded_amount,refunded_currency,line_ids,return_waybill,version,raw_status,unmapped"
)
AFTERSALES_OF = (
    f"SELECT {COLUMNS} FROM aftersales WHERE order_number = ? AND channel = ? AND shop = ? ORDER BY created_at,number"
)
SELECT_AFTERSALE = f"SELECT {COLUMNS} FROM aftersales WHERE number = ? AND channel = ? AND shop = ?"
INSERT_AFTERSALE = f"INSERT INTO aftersales({COLUMNS},seen_at) VALUES({','.join('?' * 23)})"
DELETE_AFTERSALE = "DELETE FROM aftersales WHERE number = ? AND channel = ? AND shop = ?"


def aftersale_row(one: Aftersale) -> tuple[Any, ...]:
    back = one.refunded_amount
    return (
        one.order_number, one.channel, one.shop, one.number, one.kind.value, one.stage.value, one.amount.minor,
        one.amount.currency, ms(one.created_at), ms(one.updated_at), one.reason, one.note, words(one.photos),
        ms_or_none(one.deadline), ms_or_none(one.refunded_at), back.minor if back else None, back.currency if back else "",
        words(one.line_ids), one.return_waybill, one.version, one.raw_status, words(one.unmapped),
    )  # fmt: skip


def read_aftersale(row: Row) -> Aftersale:
    return Aftersale(
        row[1], row[2], row[3], row[0], AftersaleKind(row[4]), AftersaleStage(row[5]), Money(row[6], row[7]), at(row[8]),
        at(row[9]), row[10], row[11], tuple_of(row[12]), at_or_none(row[13]), at_or_none(row[14]),
        None if row[15] is None else Money(row[15], row[16]), tuple_of(row[17]), row[18], row[19], row[20],
        tuple_of(row[21]),
    )  # fmt: skip


def tidy_aftersale(one: Aftersale) -> Aftersale:
    def all_of(texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(scrub(text, 1_000) for text in texts)

    return replace(
        one, channel=scrub(one.channel), shop=scrub(one.shop), number=scrub(one.number, 200),
        order_number=scrub(one.order_number, 200), reason=scrub(one.reason, 1_000), note=scrub(one.note, 20_000),
        photos=all_of(one.photos), line_ids=all_of(one.line_ids), return_waybill=scrub(one.return_waybill, 100),
        version=scrub(one.version, 200), raw_status=scrub(one.raw_status, 200), unmapped=all_of(one.unmapped),
    )  # fmt: skip
