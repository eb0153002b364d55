"""What a timeline page says: each step in plain words, for staff and for customers."""

from __future__ import annotations

from collections.abc import Mapping

from domain.order import Stage

_ZH = {
    "created": "下单",
    "paid": "付款",
    "stage": "状态变化",
    "parcel": "上传运单",
    "parcel_withdrawn": "运单撤回",
    "scan": "快递扫描",
    "hold": "暂停",
    "release": "放行",
    "aftersale": "售后",
    "address": "收件信息变更",
    "approval": "审批",
    "note": "备注变更",
    "amount": "金额变更",
    "ship_by": "发货时限变更",
    "lines": "商品行变更",
    "warehouse": "分仓",
    "urge": "催件",
    "owner": "接手跟单",
    "asked": "售后申请",
    "refunded": "退款完成",
    "other": "其他",
    "surface.channel": "平台",
    "surface.carrier": "快递",
    "surface.kuaidi100": "快递",
    "surface.chat": "群里",
    "surface.console": "群里",
    "surface.wecom": "企业微信",
    "surface.dingtalk": "钉钉",
    "surface.web": "网页",
    "surface.rule": "规则",
    "surface.file": "导入文件",
    "surface.push": "平台推送",
    "surface.pull": "平台同步",
    "gap": "隔 {span}",
    "title": "订单时间轴",
    "title.customer": "订单进度",
    "fact.receiver": "收件",
    "fact.goods": "商品",
    "fact.total": "金额",
    "fact.carrier": "承运",
    "fact.owner": "负责",
    "fact.next": "下一步",
    "fact.aftersale": "售后",
    "photos": "附 {count} 张照片",
    "empty": "还没有任何记录。",
    "customer_link": "给客户看的进度（不含内部信息），扫码或发链接：",
    "expired": "这个链接已经过期了",
    "expired.how": "回到群里，在订单卡片上再点一次「时间轴」，会得到一个新的。",
    "gone": "这单找不到了",
    "gone.how": "可能已被删除。有疑问请联系管理员。",
    "print": "打印时间 {at}",
    "until": "链接有效到 {at}",
}
_EN = {
    "created": "ordered",
    "paid": "paid",
    "stage": "stage changed",
    "parcel": "waybill uploaded",
    "parcel_withdrawn": "waybill withdrawn",
    "scan": "carrier scan",
    "hold": "put on hold",
    "release": "released",
    "aftersale": "after-sale",
    "address": "receiver changed",
    "approval": "approval",
    "note": "note changed",
    "amount": "amount changed",
    "ship_by": "ship-by moved",
    "lines": "lines changed",
    "warehouse": "warehouse chosen",
    "urge": "chased",
    "owner": "taken over",
    "asked": "after-sale requested",
    "refunded": "refunded",
    "other": "other",
    "surface.channel": "platform",
    "surface.carrier": "carrier",
    "surface.kuaidi100": "carrier",
    "surface.chat": "chat",
    "surface.console": "chat",
    "surface.wecom": "WeCom",
    "surface.dingtalk": "DingTalk",
    "surface.web": "web",
    "surface.rule": "rule",
    "surface.file": "file",
    "surface.push": "push",
    "surface.pull": "sync",
    "gap": "after {span}",
    "title": "Order timeline",
    "title.customer": "Order progress",
    "fact.receiver": "To",
    "fact.goods": "Goods",
    "fact.total": "Total",
    "fact.carrier": "Carrier",
    "fact.owner": "With",
    "fact.next": "Next",
    "fact.aftersale": "After-sale",
    "photos": "{count} photos",
    "empty": "Nothing is on record yet.",
    "customer_link": "Progress for the customer (nothing internal), to scan or to send:",
    "expired": "This link has expired",
    "expired.how": "Go back to the chat and press “Timeline” on the order's card for a fresh one.",
    "gone": "That order is gone",
    "gone.how": "It may have been deleted. Ask an administrator if in doubt.",
    "print": "Printed {at}",
    "until": "Link valid until {at}",
}
_STAGES_ZH = {
    Stage.UNPAID: "待付款",
    Stage.HOLD: "暂停",
    Stage.TO_SHIP: "待发货",
    Stage.PART_SHIPPED: "部分发货",
    Stage.SHIPPED: "已发货",
    Stage.DELIVERED: "已签收",
    Stage.COMPLETED: "已完成",
    Stage.CLOSED_UNPAID: "未付款关闭",
    Stage.CLOSED_REFUNDED: "已退款关闭",
}
_STATES_ZH = {
    "draft": "草稿",
    "waiting": "等审批",
    "escalated": "已催办",
    "agreed": "已同意",
    "refusing": "将拒绝",
    "executing": "执行中",
    "unknown": "等平台确认",
    "by_hand": "待人工办理",
    "done": "已完成",
    "failed": "没办成",
    "refused": "已拒绝",
    "withdrawn": "已撤回",
    "void": "已作废",
}
TIMELINE: Mapping[str, Mapping[str, str]] = {"zh": _ZH, "en": _EN}


def line(lang: str, key: str, **fields: object) -> str:
    """One word or sentence. Fields must be made safe by the caller."""
    return (_EN if lang == "en" else _ZH)[key].format(**fields)


def known(key: str) -> bool:
    return key in _ZH


def stage(lang: str, value: str) -> str:
    """The word of an order stage or an approval state; "" when it is neither."""
    if lang == "en":
        plain = value in _STATES_ZH or value in set(Stage)
        return value.replace("_", " ") if plain else ""
    return _STAGES_ZH[Stage(value)] if value in set(Stage) else _STATES_ZH.get(value, "")
