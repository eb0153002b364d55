"""Pinduoduo's after-sales in our words: list rows, details and messages, which use three sets of units and codes. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from domain.money import Money
from domain.order import Aftersale, AftersaleKind, AftersaleStage
from integrations.pinduoduo import values
from integrations.pinduoduo.mapping import CHANNEL
from integrations.pinduoduo.values import Unmappable
from integrations.pinduoduo.wire import Row

Unit = Literal["yuan", "fen"]

# The trap: the list counts from "1 = all", the detail does not. 2 is a refund here and a return there.
LIST_KIND = {
    2: AftersaleKind.REFUND,
    3: AftersaleKind.RETURN,
    4: AftersaleKind.EXCHANGE,
    5: AftersaleKind.RESHIP,
    6: AftersaleKind.REPAIR,
}
DETAIL_KIND = {
    1: AftersaleKind.REFUND,
    2: AftersaleKind.RETURN,
    3: AftersaleKind.EXCHANGE,
    4: AftersaleKind.RESHIP,
    5: AftersaleKind.REPAIR,
}
_KIND_BY_STATUS = {
    2: AftersaleKind.REFUND,
    3: AftersaleKind.RETURN,
    7: AftersaleKind.RETURN,
    31: AftersaleKind.REFUND,
    32: AftersaleKind.RESHIP,
    **dict.fromkeys((21, 22, 24, 25, 27), AftersaleKind.REPAIR),
}
_STAGE = {
    0: AftersaleStage.CANCELLED,  # "no after-sale (any more)"
    2: AftersaleStage.WAIT_MERCHANT,
    3: AftersaleStage.WAIT_MERCHANT,  # WAIT_MERCHANT_RECEIVE once the buyer's parcel is known
    4: AftersaleStage.REFUNDING,
    5: AftersaleStage.REFUNDING,
    6: AftersaleStage.REFUSED,
    7: AftersaleStage.WAIT_BUYER_RETURN,
    8: AftersaleStage.ARBITRATION,
    9: AftersaleStage.REFUSED,
    10: AftersaleStage.REFUNDED,
    11: AftersaleStage.CANCELLED,
    12: AftersaleStage.CANCELLED,
    13: AftersaleStage.CANCELLED,
    14: AftersaleStage.WAIT_MERCHANT,
    15: AftersaleStage.EXCHANGE,
    16: AftersaleStage.REFUNDED,  # exchanged or sent again: settled, no money moved
    17: AftersaleStage.CANCELLED,
    18: AftersaleStage.EXCHANGE,
    21: AftersaleStage.WAIT_MERCHANT,
    22: AftersaleStage.REPAIR,
    24: AftersaleStage.CANCELLED,
    25: AftersaleStage.REFUNDED,  # repaired: settled, no money moved
    27: AftersaleStage.REPAIR,
    31: AftersaleStage.WAIT_BUYER_RETURN,  # the buyer is to refuse the parcel at the door
    32: AftersaleStage.RESHIP,
    33: AftersaleStage.ARBITRATION,  # recall: run by the platform
}
STATUSES = tuple(_STAGE)
"""Every documented `after_sales_status`."""
MERCHANT_ACTS = frozenset({2, 3, 14, 21, 32})
"""Statuses in which the detail's `expire_time` is filled."""
_NO_MONEY = frozenset({16, 25})
_BY_MESSAGE = {
    "pdd_refund_RefundCreated": AftersaleStage.WAIT_MERCHANT,
    "pdd_refund_RefundAgreeAgreement": AftersaleStage.REFUNDING,
    "pdd_refund_RefundClosed": AftersaleStage.CANCELLED,
}


def is_detail(row: Row) -> bool:
    """Whether a bare record is a detail answer. The two spell the reason's name differently."""
    return "recreated_at" in row or "after_sales_reason" in row or "express_no" in row


def from_list(row: Row, *, shop: str) -> Aftersale:
    """One row of `pdd.refund.list.increment.get`: amounts in yuan, list codes, no deadline. Raises Unmappable."""
    kind, unmapped = _kind(row, LIST_KIND)
    # `tracking_number` alone may be our own parcel; beside the name of a returning carrier it is the buyer's.
    back = values.ident(row, "tracking_number") if values.words(row, "shipping_name") else ""
    return _build(
        row,
        shop=shop,
        kind=kind,
        unmapped=unmapped,
        amount=values.yuan(row, "refund_amount", required=True),
        reason=values.words(row, "after_sale_reason", 200),
        return_waybill=back,
    )


def from_detail(row: Row, *, shop: str, unit: Unit = "yuan", truth: Aftersale | None = None) -> Aftersale:
    """An answer of `pdd.refund.information.get`: detail codes, the merchant's deadline, photos.

    The unit of its amounts is not documented: `truth`, the list row of the same after-sale, decides; without it `unit` does,
    and the result says so in `unmapped`. Raises Unmappable.
    """
    kind, unmapped = _kind(row, DETAIL_KIND)
    if truth is not None:
        amount = truth.amount
    else:
        unmapped += (f"refund_amount unit assumed {unit}",)
        amount = _amount(row, unit)
    read = _build(
        row,
        shop=shop,
        kind=kind,
        unmapped=unmapped,
        amount=amount,
        reason=values.words(row, "after_sales_reason", 200),
        return_waybill=values.ident(row, "express_no"),
    )
    if truth is None:
        return read
    return replace(
        read,
        created_at=truth.created_at,
        reason=read.reason or truth.reason,
        return_waybill=read.return_waybill or truth.return_waybill,
    )


def _amount(row: Row, unit: Unit) -> Money:
    if unit == "yuan":
        return values.yuan(row, "refund_amount", required=True)
    minor = values.number(row, "refund_amount")
    if minor is None:
        raise Unmappable("refund_amount is missing")
    return Money(minor)


def _kind(row: Row, table: dict[int, AftersaleKind]) -> tuple[AftersaleKind, tuple[str, ...]]:
    """The kind by its code, held against what the status implies; a contradiction is named and the status wins."""
    code = values.number(row, "after_sales_type")
    implied = _KIND_BY_STATUS.get(values.number(row, "after_sales_status") or 0)
    said = table.get(code) if code is not None else None
    if said is None:
        return implied or AftersaleKind.REFUND, (f"after_sales_type={code}",)
    if implied is not None and implied is not said:
        return implied, (f"after_sales_type={code} against after_sales_status={row.get('after_sales_status')}",)
    return said, ()


def _build(
    row: Row,
    *,
    shop: str,
    kind: AftersaleKind,
    unmapped: tuple[str, ...],
    amount: Money,
    reason: str,
    return_waybill: str,
) -> Aftersale:
    number, order_sn = values.ident(row, "id"), values.ident(row, "order_sn")
    if not number or not order_sn:
        raise Unmappable("id is missing" if not number else "order_sn is missing")
    status = values.number(row, "after_sales_status")
    stage = _STAGE.get(status) if status is not None else None
    if stage is None:
        unmapped += (f"after_sales_status={status}",)
        stage = AftersaleStage.ARBITRATION  # nobody may decide about what is not understood
    if status == 3 and return_waybill:
        stage = AftersaleStage.WAIT_MERCHANT_RECEIVE
    if stage is AftersaleStage.EXCHANGE and kind is AftersaleKind.RESHIP:
        stage = AftersaleStage.RESHIP
    updated = values.moment(row, "updated_time")
    created = values.moment(row, "created_time") or values.moment(row, "recreated_at") or updated
    if created is None:
        raise Unmappable("created_time is missing")
    images = row.get("images")
    return Aftersale(
        channel=CHANNEL,
        shop=shop,
        number=number,
        order_number=order_sn,
        kind=kind,
        stage=stage,
        amount=amount,
        created_at=created,
        updated_at=updated or created,
        reason=reason,
        note=values.words(row, "remark"),
        photos=tuple(each[:500] for each in images[:20] if isinstance(each, str)) if isinstance(images, list) else (),
        deadline=values.moment(row, "expire_time"),
        refunded_at=updated if status == 10 else None,
        refunded_amount=amount if status == 10 else Money(0) if status in _NO_MONEY else None,
        line_ids=(order_sn,),
        return_waybill=return_waybill,
        version=f"{status}:{row.get('updated_time', '')}"[:60],
        raw_status=str(status),
        unmapped=unmapped,
    )


def from_message(topic: str, content: Row, *, shop: str) -> Aftersale:
    """What a refund message alone tells: `refund_fee` in **fen**, `modified` in milliseconds, detail codes in `bill_type`.

    Enough for a first card; the full record is fetched. Raises Unmappable.
    """
    stage = _BY_MESSAGE.get(topic)
    number, order_sn = values.ident(content, "refund_id"), values.ident(content, "tid")
    fee, at = values.number(content, "refund_fee"), values.moment(content, "modified")
    for name, value in (("refund_id", number), ("tid", order_sn), ("refund_fee", fee), ("modified", at)):
        if value is None or value == "":
            raise Unmappable(f"{name} is missing")
    if stage is None:
        raise Unmappable(f"unknown topic {values.clean(topic, 60)}")
    code = values.number(content, "bill_type")
    kind = DETAIL_KIND.get(code or 0)
    if topic == "pdd_refund_RefundAgreeAgreement" and kind is AftersaleKind.RETURN:
        stage = AftersaleStage.WAIT_BUYER_RETURN
    assert at is not None  # noqa: S101 - checked above
    at = at.replace(microsecond=0)  # rows carry whole seconds: the row of this very event must not look older
    return Aftersale(
        channel=CHANNEL,
        shop=shop,
        number=number,
        order_number=order_sn,
        kind=kind or AftersaleKind.REFUND,
        stage=stage,
        amount=Money(fee or 0),
        created_at=at,
        updated_at=at,
        line_ids=(order_sn,),
        raw_status=topic,
        unmapped=() if kind else (f"bill_type={code}",),
    )
