"""Words for the steps of an after-sale, for staff and for the customer."""

from __future__ import annotations

_ZH = {
    "asked": "申请",
    "review": "审核",
    "return": "客户寄回",
    "receive": "收货验货",
    "refunding": "平台退款",
    "refunded": "到账",
    "resend": "重新寄出",
    "repair": "维修",
    "reason": "理由：{reason}",
    "customer.wait_merchant": "您好，您的申请正在审核，有结果第一时间告诉您。",
    "customer.wait_buyer_return": "您好，您的申请已通过，请寄回商品并在订单里填写快递单号。",
    "customer.wait_merchant_receive": "您好，您寄回的商品在路上，我们收到验货后马上处理。",
    "customer.refunding": "您好，退款已提交，正在原路退回，到账时间以支付渠道为准。",
    "customer.refunded": "您好，退款已经原路退回，请留意支付账户。",
    "customer.refused": "您好，这次申请没有通过，如果有疑问请告诉我们，我们一起看看怎么处理。",
    "customer.cancelled": "您好，这次申请已经撤销；需要的话可以重新申请。",
    "customer.exchange": "您好，您的换货正在安排，寄出后把新的快递单号告诉您。",
    "customer.reship": "您好，您的补发正在安排，寄出后把新的快递单号告诉您。",
    "customer.repair": "您好，您的商品正在维修，修好后马上寄回。",
    "customer.arbitration": "您好，平台正在处理，我们会全力配合，有结果马上告诉您。",
}
_EN = {
    "asked": "asked",
    "review": "review",
    "return": "customer sends back",
    "receive": "inspection",
    "refunding": "platform refunds",
    "refunded": "paid out",
    "resend": "sent again",
    "repair": "repair",
    "reason": "reason: {reason}",
    "customer.wait_merchant": "Hello, your request is being reviewed; we will tell you the result right away.",
    "customer.wait_buyer_return": "Hello, your request is approved. Please send the item back with its tracking number.",
    "customer.wait_merchant_receive": "Hello, your return is on its way; we act as soon as we have checked it.",
    "customer.refunding": "Hello, your refund has been submitted and goes back the way you paid.",
    "customer.refunded": "Hello, your refund went back the way you paid. Please check your account.",
    "customer.refused": "Hello, this request was not approved. Tell us if you have questions.",
    "customer.cancelled": "Hello, this request was withdrawn; you may ask again.",
    "customer.exchange": "Hello, your exchange is being arranged; we will send the new tracking number.",
    "customer.reship": "Hello, your replacement is being arranged; we will send the new tracking number.",
    "customer.repair": "Hello, your item is being repaired and comes back right after.",
    "customer.arbitration": "Hello, the platform is looking at this case; we cooperate fully and will tell you the result.",
}
PROGRESS = {"zh": _ZH, "en": _EN}


def progress(lang: str, key: str, **fields: object) -> str:
    """One word or sentence."""
    return (_EN if lang == "en" else _ZH)[key].format(**fields)
