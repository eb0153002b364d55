"""Agreeing to after-sales on Pinduoduo: look first, agree to exactly what was approved, never twice.

The platform offers neither an idempotency key nor a version, and its call takes no amount: it agrees to whatever the buyer
asks for at that moment. So the state is read before every attempt, and a changed amount or kind goes back to the people.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.errors import OutcomeUnknown, Rejected
from domain.order import Aftersale, AftersaleKind, AftersaleStage
from domain.ports import Receipt, RefundDecision
from integrations.pinduoduo import client, values, wire
from integrations.pinduoduo.client import PinduoduoClient

Look = Callable[[str, str], Awaitable[Aftersale | None]]
_AGREED = frozenset({AftersaleStage.REFUNDING, AftersaleStage.REFUNDED})
_OPEN = frozenset({AftersaleStage.WAIT_MERCHANT, AftersaleStage.WAIT_MERCHANT_RECEIVE})
_MONEY = frozenset({AftersaleKind.REFUND, AftersaleKind.RETURN})


async def agree(decision: RefundDecision, *, calls: PinduoduoClient, look: Look, return_address_id: str) -> Receipt:
    """Agree to a refund, or to the return that comes before it. Raises Rejected, OutcomeUnknown, Unavailable."""
    now = await look(decision.aftersale_number, decision.order_number)
    if now is None:
        raise Rejected("no_such_aftersale", "拼多多没有这张售后单")
    if (done := _done(now, decision)) is not None:
        return Receipt(decision.aftersale_number, calls.now(), done)
    _still_as_approved(now, decision)
    if now.kind is AftersaleKind.RETURN and now.stage is AftersaleStage.WAIT_MERCHANT:
        return await _agree_return(decision, calls, return_address_id)
    params = {"request": _request(decision)}
    answer = await calls.call(wire.REFUND_AGREE, params, changes=True)
    return _receipt(decision, answer, calls, flag="succ")


def _request(decision: RefundDecision) -> dict[str, str]:
    # Text on purpose: an id beyond 2^53 would lose digits in the platform's own JSON tools.
    request = {"order_sn": decision.order_number, "after_sales_id": decision.aftersale_number}
    if note := values.clean(decision.note or decision.reason, 100):
        request["operate_desc"] = note
    return request


def _done(now: Aftersale, decision: RefundDecision) -> str | None:
    """Words for the receipt when what the decision wants is already so; None when it is still to do."""
    if now.stage in _AGREED and now.kind in _MONEY and now.amount == decision.amount:
        return "售后已同意，退款中" if now.stage is AftersaleStage.REFUNDING else "已退款"
    if now.stage is AftersaleStage.WAIT_BUYER_RETURN and now.amount == decision.amount:
        return "已同意退货，等买家寄回"
    return None


def _still_as_approved(now: Aftersale, decision: RefundDecision) -> None:
    if now.kind not in _MONEY:
        raise Rejected("not_a_refund", "这张售后单不是退款，请到拼多多商家后台处理")
    if now.unmapped:
        raise Rejected("not_understood", "这张售后单有没看懂的内容，请到拼多多商家后台处理")
    if now.stage is AftersaleStage.CANCELLED:
        raise Rejected(now.raw_status, "买家已撤销或售后已关闭，没有退款")
    if now.stage not in _OPEN:
        raise Rejected(now.raw_status, "这张售后单现在不等商家处理，没有退款")
    if now.amount != decision.amount:
        raise Rejected("amount_changed", f"买家把金额改成了 {now.amount}，请重新审批")
    approved_in = decision.version.partition(":")[0]
    if approved_in.isdecimal() and approved_in != now.raw_status:
        raise Rejected("kind_changed", "买家改了售后类型，请重新审批")


async def _agree_return(decision: RefundDecision, calls: PinduoduoClient, address_id: str) -> Receipt:
    request = _request(decision)
    request.setdefault("operate_desc", "同意退货")  # required by this call
    request["return_address_id"] = address_id or await _default_return_address(calls)
    answer = await calls.call(wire.RETURN_AGREE, {"request": request}, changes=True)
    return _receipt(decision, answer, calls, flag="success")


async def _default_return_address(calls: PinduoduoClient) -> str:
    answer = await calls.call(wire.RETURN_ADDRESSES, {})
    usable = [row for row in values.rows(answer, "refund_address_list") if row.get("is_legal") is not False]
    chosen = [row for row in usable if str(row.get("is_default")).lower() in ("y", "1", "true", "yes")]
    if not chosen and len(usable) == 1:
        chosen = usable
    if not chosen:
        raise Rejected("no_return_address", "店铺没有默认退货地址，请在拼多多后台设一个，或填 return_address_id")
    return values.ident(chosen[0], "refund_address_id") or values.ident(chosen[0], "id")


def _receipt(decision: RefundDecision, answer: Mapping[str, Any], calls: PinduoduoClient, *, flag: str) -> Receipt:
    result = answer.get("result")
    if answer.get("success") is False and not isinstance(result, dict):
        raise Rejected(str(answer.get("error_code", ""))[:40], client.reason(answer, "error_msg"))
    if not isinstance(result, dict) or not isinstance(result.get(flag), bool):
        raise OutcomeUnknown("refund: answer without a result")
    if not result[flag]:
        raise Rejected(str(answer.get("error_code") or "refused")[:40], client.reason(result, "message"))
    return Receipt(decision.aftersale_number, calls.now(), values.words(result, "message", 100))
