"""What papers and the answers that bring them say."""

# ruff: noqa: E501 - a table of labels reads best in rows

from __future__ import annotations

from collections.abc import Mapping

_ZH = {
    "picklist": "拣货单", "outbound": "出库单", "return_label": "退货标签", "invoice": "发票资料", "label": "面单",
    "which": "要哪种单据？我能出：拣货单、出库单、退货标签、发票资料。",
    "made": "{kind}好了：{what}。",
    "pages.more": "还有 {count} 页没画成图，看文件。",
    "made.pick": "{count} 单，{units} 件，{skus} 个 SKU",
    "masked": "收件人打了码；要带完整收件信息的，请私聊我要。",
    "open": "带了完整的收件信息，已经记录是你要的，用完请销毁。",
    "choose": "有 {count} 单对得上，要哪一单的{kind}？",
    "pick.none": "现在没有要拣的单。",
    "pick.none.held": "现在没有要拣的单；{count} 单暂停着，先放行才能拣。",
    "pick.old": "现在没有要拣的单，但 {name} 还没同步到最新，不代表没有。恢复后再要一次。",
    "pick.held": "另有 {count} 单暂停着，没放进来",
    "pick.cut": "只放了最急的 {shown} 单，一共 {count} 单",
    "no_aftersale": "{number} 没有进行中的退货、换货或维修，没有可贴的退货标签。先有售后单再要。",
    "carrier_label": "快递面单要用快递公司或平台给的号打印，我代打不了。{parcels}要仓库用的，可以发「出库单 {number}」。",
    "carrier_label.parcels": "这单的运单：{waybills}。",
    "some_missing": "没找到：{numbers}",
    "hidden": "你看不了：{numbers}",
    "order": "订单", "shop": "店铺", "warehouse": "仓库", "due": "发货时限", "paid_at": "付款", "placed": "下单",
    "receiver": "收件", "address": "地址", "note": "买家留言", "seller_note": "备注", "waybill": "运单",
    "col.sku": "SKU", "col.title": "商品", "col.count": "件数", "col.orders": "单数", "col.done": "已拣",
    "col.number": "订单号", "col.goods": "商品", "col.due": "时限", "col.note": "留言", "col.price": "单价", "col.total": "金额",
    "sign.pick": "拣货", "sign.check": "复核", "sign.out": "出库",
    "gift": "（赠）", "bin": "库位没有登记，按 SKU 排",
    "aftersale": "售后单", "kind": "类型", "reason": "原因", "from": "寄件", "to": "寄到",
    "to.unknown": "{warehouse}（收货地址没有登记，请按售后单上的地址寄）", "to.nowhere": "请按售后单上的地址寄",
    "return.hint": "请把这张标签放进包裹，仓库扫码收货。",
    "invoice.head": "发票资料（不是发票）", "invoice.title": "抬头", "invoice.tax": "税号", "invoice.blank": "________（系统里没有，请补）",
    "sum.goods": "商品", "sum.discount": "优惠", "sum.freight": "运费", "sum.total": "应付", "sum.paid": "实付", "sum.refunded": "已退",
    "sum.net": "可开票", "sum.odd": "商品 − 优惠 + 运费 与应付对不上，请核对后再开",
    "file": "{kind}-{what}.pdf", "table": "{kind}-{what}.csv",
    "page": "第 {page} 页",
}  # fmt: skip
_EN = {
    "picklist": "Pick list", "outbound": "Outbound slip", "return_label": "Return label", "invoice": "Invoice data", "label": "Label",
    "which": "Which paper? Pick list, outbound slip, return label or invoice data.",
    "made": "{kind}: {what}.",
    "pages.more": "{count} more pages are in the file only.",
    "made.pick": "{count} orders, {units} units, {skus} SKUs",
    "masked": "The receiver is masked; ask me one to one for the full one.",
    "open": "It carries the full receiver. That you asked is on record; destroy it after use.",
    "choose": "{count} orders match. Whose {kind}?",
    "pick.none": "Nothing to pick right now.",
    "pick.none.held": "Nothing to pick; {count} orders are on hold and have to be released first.",
    "pick.old": "Nothing to pick as far as I know, but {name} is not up to date. Ask again once it is back.",
    "pick.held": "{count} more are on hold and not in it",
    "pick.cut": "The {shown} most urgent of {count} orders",
    "no_aftersale": "{number} has no open return, exchange or repair, so there is no return label.",
    "carrier_label": "Carrier labels are printed with the carrier's own number; I cannot. {parcels}For the warehouse: “outbound slip {number}”.",
    "carrier_label.parcels": "Its waybills: {waybills}. ",
    "some_missing": "Not found: {numbers}",
    "hidden": "Not yours to see: {numbers}",
    "order": "Order", "shop": "Shop", "warehouse": "Warehouse", "due": "Ship by", "paid_at": "Paid", "placed": "Placed",
    "receiver": "To", "address": "Address", "note": "Buyer's note", "seller_note": "Note", "waybill": "Waybill",
    "col.sku": "SKU", "col.title": "Goods", "col.count": "Units", "col.orders": "Orders", "col.done": "Picked",
    "col.number": "Order", "col.goods": "Goods", "col.due": "Ship by", "col.note": "Note", "col.price": "Price", "col.total": "Amount",
    "sign.pick": "Picked", "sign.check": "Checked", "sign.out": "Out",
    "gift": " (gift)", "bin": "No bins are on record; sorted by SKU",
    "aftersale": "After-sale", "kind": "Kind", "reason": "Reason", "from": "From", "to": "To",
    "to.unknown": "{warehouse} (no address on record; send it to the after-sale's address)", "to.nowhere": "the after-sale's address",
    "return.hint": "Put this label into the parcel; the warehouse scans it.",
    "invoice.head": "Invoice data (not an invoice)", "invoice.title": "Title", "invoice.tax": "Tax id", "invoice.blank": "________ (not on record)",
    "sum.goods": "Goods", "sum.discount": "Discount", "sum.freight": "Freight", "sum.total": "Total", "sum.paid": "Paid", "sum.refunded": "Refunded",
    "sum.net": "To be invoiced", "sum.odd": "Goods − discount + freight is not the total; check before invoicing",
    "file": "{kind}-{what}.pdf", "table": "{kind}-{what}.csv",
    "page": "page {page}",
}  # fmt: skip
DOCUMENTS: Mapping[str, Mapping[str, str]] = {"zh": _ZH, "en": _EN}


def papers(lang: str, key: str, **fields: object) -> str:
    """One sentence or label. Fields must be masked and made safe by the caller."""
    return (_EN if lang == "en" else _ZH)[key].format(**fields)
