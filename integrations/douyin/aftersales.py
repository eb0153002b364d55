"""After-sales: wire shape in, domain shape out. Pure. Reads items of `afterSale.List` and answers of `afterSale.Detail`."""

from __future__ import annotations

import json
from typing import Any

from domain.money import Money
from domain.order import AddressRequest, Aftersale, AftersaleKind, AftersaleStage
from integrations.douyin.mapping import CHANNEL, to_receiver
from integrations.douyin.read import Unreadable, fen, first, ident, moment, record, records, text

_STAGE = {
    "6": AftersaleStage.WAIT_MERCHANT,
    "7": AftersaleStage.WAIT_BUYER_RETURN,
    "11": AftersaleStage.WAIT_MERCHANT_RECEIVE,
    "12": AftersaleStage.REFUNDING,  # REFUNDED once refund_status says so
    "27": AftersaleStage.REFUSED,
    "28": AftersaleStage.CANCELLED,
    "29": AftersaleStage.REFUSED,
    "51": AftersaleStage.CANCELLED,
    "53": AftersaleStage.REFUNDED,
}
_RESENDING = frozenset({"8", "13", "14"})
_KIND = {
    "0": AftersaleKind.RETURN,
    "1": AftersaleKind.REFUND,
    "2": AftersaleKind.REFUND,
    "3": AftersaleKind.EXCHANGE,
    "6": AftersaleKind.PRICE,
    "7": AftersaleKind.RESHIP,
    "8": AftersaleKind.REPAIR,
}
_RESENT_AS = {
    AftersaleKind.RESHIP: AftersaleStage.RESHIP,
    AftersaleKind.REPAIR: AftersaleStage.REPAIR,
}
_NO_MONEY = frozenset({AftersaleKind.EXCHANGE, AftersaleKind.RESHIP, AftersaleKind.REPAIR})
_REFUNDED = "3"
_REFUND_STATUS = frozenset({"", "0", "1", "2", "3"})
_FINAL = frozenset({AftersaleStage.REFUNDED, AftersaleStage.CANCELLED})
ARBITRATION_OPEN = ("1", "4", "5")
"""`arbitrate_status` codes read as "the platform is judging" (UNCONFIRMED; Settings.arbitration_codes)."""


def to_aftersale(wire: dict[str, Any], *, shop: str, arbitration: tuple[str, ...] = ARBITRATION_OPEN) -> Aftersale:
    """One after-sale. Raises Unreadable on a shape that the platform does not document."""
    process = record(wire.get("process_info") or {}, "process_info")
    info = record(
        first(wire, "aftersale_info", "after_sale_info") or first(process, "after_sale_info", "aftersale_info") or wire,
        "aftersale_info",
    )
    order = record(wire.get("order_info") or {}, "order_info")
    number = ident(first(info, "aftersale_id", "after_sale_id"), "aftersale_id")
    created = moment(first(info, "apply_time", "create_time"), "apply_time")
    if created is None:
        raise Unreadable("apply_time: missing")
    kind, stage, raw, unmapped = _states(info, _judging(info, process, arbitration))
    refunded = str(info.get("refund_status", "")) == _REFUNDED
    return Aftersale(
        channel=CHANNEL,
        shop=shop,
        number=number,
        order_number=ident(first(order, "shop_order_id") or first(info, "shop_order_id", "related_id"), "shop_order_id"),
        kind=kind,
        stage=stage,
        amount=fen(info, "refund_amount" if first(info, "refund_amount") is not None else "refund_total_amount"),
        created_at=created,
        updated_at=moment(info.get("update_time"), "update_time") or created,
        reason=text(first(info, "reason", "reason_text") or _text_part(wire).get("reason_text"), 200),
        note=text(first(info, "reason_remark", "remark")),
        photos=_photos(first(info, "evidence")),
        deadline=moment(first(info, "status_deadline"), "status_deadline"),
        # The two are filled with something else before the refund has really happened.
        refunded_at=moment(info.get("refund_time"), "refund_time") if refunded else None,
        refunded_amount=_really_refunded(info, kind, stage, refunded=refunded),
        line_ids=tuple(
            ident(line.get("sku_order_id"), "sku_order_id")
            for line in records(first(order, "sku_order_infos", "related_order_info"), "sku_order_infos")
        ),
        return_waybill=_return_waybill(info, process),
        version=str(first(info, "update_time") or ""),
        raw_status=raw,
        unmapped=unmapped,
    )


def _states(info: dict[str, Any], judging: bool) -> tuple[AftersaleKind, AftersaleStage, str, tuple[str, ...]]:
    """Kind, stage, raw codes, what was not understood. An unknown code means "the platform's turn": nobody may decide it."""
    code = str(first(info, "aftersale_status", "after_sale_status") or "")
    type_code = first(info, "aftersale_type", "after_sale_type")
    kind = _KIND.get(str(type_code))
    refund = str(info.get("refund_status", "") or "")
    unmapped = [] if kind else [f"aftersale_type={str(type_code)[:20]}"]
    if refund not in _REFUND_STATUS:
        unmapped.append(f"refund_status={refund[:20]}")
    stage = _RESENT_AS.get(kind or AftersaleKind.REFUND, AftersaleStage.EXCHANGE) if code in _RESENDING else _STAGE.get(code)
    if stage is None:
        unmapped.append(f"aftersale_status={code[:20]}")
        stage = AftersaleStage.ARBITRATION
    elif code == "12" and (refund == _REFUNDED or kind in _NO_MONEY):
        stage = AftersaleStage.REFUNDED
    elif kind is None or (judging and stage not in _FINAL):
        stage = AftersaleStage.ARBITRATION
    return kind or AftersaleKind.REFUND, stage, f"{code}/{refund}" if refund else code, tuple(unmapped)


def _really_refunded(info: dict[str, Any], kind: AftersaleKind, stage: AftersaleStage, *, refunded: bool) -> Money | None:
    if refunded:
        return fen(info, "real_refund_amount" if first(info, "real_refund_amount") is not None else "refund_amount")
    return Money(0) if stage is AftersaleStage.REFUNDED and kind in _NO_MONEY else None


def _judging(info: dict[str, Any], process: dict[str, Any], codes: tuple[str, ...]) -> bool:
    told = record(process.get("arbitrate_info") or {}, "arbitrate_info")
    return str(first(told, "arbitrate_status") or first(info, "arbitrate_status") or "") in codes


def _text_part(wire: dict[str, Any]) -> dict[str, Any]:
    return record(wire.get("text_part") or {}, "text_part")


def _photos(evidence: Any) -> tuple[str, ...]:
    """At most nine https addresses; the field is a list in some answers and a JSON list as text in others."""
    if isinstance(evidence, str):
        try:
            evidence = json.loads(evidence)
        except ValueError:
            evidence = [evidence]
    links = evidence if isinstance(evidence, list) else []
    return tuple(text(link, 1000) for link in links if isinstance(link, str) and link.startswith(("https://", "http://")))[
        :9
    ]


def _return_waybill(info: dict[str, Any], process: dict[str, Any]) -> str:
    logistics = record(process.get("logistics_info") or {}, "logistics_info")
    back = logistics.get("return")
    told = back.get("tracking_no") if isinstance(back, dict) else None
    return text(told or first(info, "return_logistics_code"), 64)


def to_address_request(data: dict[str, Any], *, shop: str, field: str = "receiver_msg") -> AddressRequest:
    """The push with tag 111. Names and phones arrive encrypted: only masks are taken; the areas are in clear."""
    asked = moment(first(data, "apply_time", "create_time"), "apply_time")
    if asked is None:
        raise Unreadable("apply_time: missing")
    return AddressRequest(
        channel=CHANNEL,
        shop=shop,
        order_number=ident(first(data, "p_id", "s_id"), "p_id"),
        new=to_receiver(receiver_fields(data, field)),
        requested_at=asked,
        deadline=moment(first(data, "deadline", "expire_time"), "deadline"),
    )


def receiver_fields(data: dict[str, Any], field: str) -> dict[str, Any]:
    """A push's receiver in the field names of an order, so that one function reads both."""
    told = data.get(field)
    if isinstance(told, str):
        try:
            told = json.loads(told)
        except ValueError as problem:
            raise Unreadable(f"{field}: not JSON") from problem
    told = record(told, field)
    area = record(first(told, "addr", "post_addr") or {}, "addr")
    return {
        "mask_post_receiver": first(told, "mask_name", "mask_post_receiver"),
        "mask_post_tel": first(told, "mask_tel", "mask_post_tel"),
        "encrypt_post_receiver": first(told, "encrypt_name", "encrypt_post_receiver"),
        "encrypt_post_tel": first(told, "encrypt_tel", "encrypt_post_tel"),
        "post_addr": area,
        "mask_post_addr": {"detail": first(area, "mask_detail") or first(told, "mask_detail")},
        "open_address_id": first(told, "open_address_id"),
    }
