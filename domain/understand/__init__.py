"""Understanding what people type: one message in, one closed query plan out.

What a sentence counts as - the conventions that every reader and every test case follows:

=====================  =====================================================================================================
where_is_order         where, when, why not yet, urging in a customer's words (催一下快递, 还没收到), a bare number
urge_shipment          staff's command with a number (催件 6920…), or "expedite my order"; a customer's 催 only asks where
order_detail           a field of one order (付款时间, 金额, 配送地址); what was done to it (谁取消了, 已经取消了, 地址改好了吗)
customer_orders        several orders of one person (138…的订单, 下面几个订单)
aftersale_status       money or goods on their way back, said or asked (已申请退款, 钱什么时候退, 拒收后退款吗), "I returned it"
request_refund         the wish, also as 怎么 or 能不能; returns in Chinese too (`aftersale_kind` says return); en: request_return
withdraw_aftersale     taking a return, refund or cancellation back (6920… 不退了, 它的退货申请取消), when an order is named or was
                       talked about; without one nothing can be taken back: out_of_scope with the note `no_order`, answered
                       by asking for the number - which, sent alone, completes the withdrawal. The same in English
cancel_order           the wish for an order or purchase; 不要了, 买错了; never past, asked about, conditional or told of others
change_address         receiver's address, phone or name - not the time of delivery, not an account's or a bank's
stock                  有货吗, 缺货, 补货; of rooms, tables and gallons it is nobody's
out_of_scope           fees, rules and consequences; invoices, coupons, price protection, payment, accounts, installation,
                       another delivery day, changing the items; goods in hand, refusing a parcel, a courier's number;
                       every other business's cancels, refunds and arrivals
=====================  =====================================================================================================

In doubt between an action and a look, the look is chosen and the action goes to `alternatives`: a button, never a draft.
"""

# ruff: noqa: E501 - a table reads best by the line

from domain.understand.familiar import understand
from domain.understand.lexicon import CHANNELS, EMPTY, Lexicon, NameTable
from domain.understand.plan import (
    NO_ORDER,
    RISKY,
    WISHES,
    Filter,
    Found,
    Intent,
    Plan,
    Slots,
    from_json,
    slots_json,
    to_json,
)

__all__ = [
    "CHANNELS",
    "EMPTY",
    "NO_ORDER",
    "RISKY",
    "WISHES",
    "Filter",
    "Found",
    "Intent",
    "Lexicon",
    "NameTable",
    "Plan",
    "Slots",
    "from_json",
    "slots_json",
    "to_json",
    "understand",
]
