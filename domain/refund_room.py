"""How much of an order may still be refunded. Pure: the sum of all refunds never exceeds what was paid."""

from __future__ import annotations

from collections.abc import Sequence

from domain.approval import State
from domain.money import Money
from domain.order import Aftersale, AftersaleStage, Order
from domain.store import Approval

_PROMISED = frozenset({State.AGREED, State.EXECUTING, State.UNKNOWN, State.BY_HAND})
_MONEY_KINDS = frozenset({"refund", "return", "received", "cancel"})


def room(order: Order, aftersales: Sequence[Aftersale], approvals: Sequence[Approval], *, leaving_out: int = 0) -> Money:
    """Paid, less what was refunded, is being refunded, or is promised by another approval. May be negative.

    One after-sale is counted once, whether it shows up as the platform's record or as our approval of it. The order's own
    refunded total and the after-sales' are two views of the same money: the larger one counts.
    """
    currency = order.paid.currency
    own = next((a.subject for a in approvals if a.id == leaving_out and a.subject), None)
    done = 0
    moving: dict[str, int] = {}
    for aftersale in aftersales:
        if aftersale.amount.currency != currency or aftersale.number == own:
            continue
        if aftersale.stage is AftersaleStage.REFUNDED:
            done += (aftersale.refunded_amount or aftersale.amount).minor
        elif aftersale.stage is AftersaleStage.REFUNDING:
            moving[aftersale.number] = aftersale.amount.minor
    for approval in approvals:
        promised = approval.state in _PROMISED and approval.kind in _MONEY_KINDS and approval.id != leaving_out
        if promised and approval.amount.currency == currency:
            moving.setdefault(approval.subject or f"approval:{approval.id}", approval.amount.minor)
    return Money(order.paid.minor - max(done, order.refunded.minor) - sum(moving.values()), currency)
