"""The fixed words of where-is-my-order, a row per situation, in Chinese; `order_tables_en` has the English.

`customer` texts may be sent as they are: no internals, no blame, no personal data, no promise that history does not support.
Their fields are filled by `handlers.words.orders`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.order import AftersaleKind, AftersaleStage, TrackStage
from domain.situation import Holder, Kind


@dataclass(frozen=True, slots=True)
class Row:
    """`head`: the headline. `short`: for lists and buttons. `step`: what comes next. `customer`: what to tell the buyer."""

    head: str
    short: str
    step: str
    customer: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that is only a name or a fixed sentence."""

    kinds: Mapping[Kind, Row]
    holders: Mapping[Holder, str]
    holds: Mapping[str, str]
    hold_steps: Mapping[str, str]
    channel_says: Mapping[str, str]
    aftersale_kinds: Mapping[AftersaleKind, str]
    aftersale_stages: Mapping[AftersaleStage, str]
    scans: Mapping[TrackStage, str]
    carriers: Mapping[str, str]


ZH = Tables(
    kinds={
        Kind.UNPAID: Row("待付款", "待付款", "付款", "您好，这笔订单还没有付款，付款后我们会尽快为您安排发货。"),
        Kind.HELD: Row("暂停发货", "暂停", "", "您好，您的订单正在核对，核对好马上安排发货，有进展第一时间告诉您。"),
        Kind.WAITING_STOCK: Row(
            "缺货，等补货",
            "缺货",
            "补货，到货即发",
            "您好，您买的商品正在补货，到货后优先给您发出；如果不想等，也可以随时告诉我们。",
        ),
        Kind.IN_PRODUCTION: Row(
            "生产中", "生产中", "做好后入库发出", "您好，您的商品是下单后专门制作的，正在生产，做好马上发出。"
        ),
        Kind.TO_SHIP: Row("待发货", "待发货", "打包发出", "您好，您的订单正在安排发货{due}，发出后就能看到物流。"),
        Kind.SHIP_SOON: Row("待发货，快到时限", "待发货", "优先打包", "您好，您的订单正在仓库打包，发出后就能看到物流。"),
        Kind.SHIP_LATE: Row(
            "待发货，已超时",
            "发货超时",
            "马上发出，或先和客户说明",
            "您好，非常抱歉让您久等了，您的订单正在加急安排，发出后第一时间把快递单号告诉您。",
        ),
        Kind.PART_SHIPPED: Row(
            "部分已发货",
            "部分发货",
            "补发剩下的",
            "您好，您的订单分批发出，先发的已在路上，剩下的正在安排，发出后就能看到物流。",
        ),
        Kind.NO_WAYBILL: Row(
            "已发货，没有运单号", "已发货", "补录运单号", "您好，您的订单已经处理，物流信息正在更新，有结果马上告诉您。"
        ),
        Kind.LABELLED: Row("已出面单，快递还没揽收", "待揽收", "等快递来取", ""),
        Kind.MOVING: Row("运输中，正常", "运输中", "送达", "您好，您的包裹正在路上{at}{eta}。"),
        Kind.STALLED: Row("运输中，比平时慢", "运输慢", "催快递核实", ""),
        Kind.EXCEPTION: Row(
            "快递报了异常",
            "快递异常",
            "联系快递问清原因",
            "您好，您的包裹在途中遇到了一点情况，我们正在和快递核实，有结果马上告诉您。",
        ),
        Kind.CUSTOMS: Row("清关中", "清关", "等海关放行", "您好，您的包裹正在清关，放行后会继续派送，有更新马上告诉您。"),
        Kind.OUT_FOR_DELIVERY: Row("派送中", "派送中", "送到签收", "您好，您的包裹正在派送{eta}，请保持电话畅通。"),
        Kind.AT_PICKUP_POINT: Row(
            "到取件点，等客户取", "待取件", "提醒客户去取", "您好，您的包裹已到取件点，请凭取件码尽快领取。"
        ),
        Kind.DELIVERED: Row("已签收", "已签收", "", "您好，您的包裹{since}已签收。如果没有收到，请告诉我们，我们马上核实。"),
        Kind.NOT_RECEIVED: Row(
            "显示签收，客户说没收到",
            "说没收到",
            "向快递要签收底单，再联系客户",
            "您好，非常抱歉。物流显示{since}已签收，我们马上找快递核实；也请看看门口、驿站或家人有没有代收。",
        ),
        Kind.SPLIT: Row(
            "分包裹发出，进度不一",
            "分包裹",
            "盯住慢的那个包裹",
            "您好，您的订单分 {count} 个包裹发出，会分开送到，我们会一直盯到都送到。",
        ),
        Kind.RETURNING: Row("退回途中", "退回中", "到仓后验货", "您好，包裹正在退回我们仓库，收到后会马上为您处理。"),
        Kind.RETURNED: Row(
            "已退回仓库", "已退回", "验货入库，再处理退款", "您好，退回的包裹我们已经收到，正在为您处理，有结果马上告诉您。"
        ),
        Kind.AFTERSALE_MERCHANT: Row(
            "售后等我们处理",
            "售后待处理",
            "审核这笔售后",
            "您好，您的售后申请我们已经收到，正在处理，有结果第一时间告诉您。",
        ),
        Kind.AFTERSALE_BUYER: Row(
            "售后等客户寄回",
            "待客户寄回",
            "寄回并填退货单号",
            "您好，您的售后申请已通过，请把商品寄回并在订单里填写快递单号，我们收到后马上处理。",
        ),
        Kind.AFTERSALE_PLATFORM: Row(
            "平台介入中", "平台介入", "按平台要求补凭证", "您好，这笔售后平台正在处理，我们会全力配合，有结果马上告诉您。"
        ),
        Kind.AFTERSALE_EXCHANGE: Row(
            "换货/补发处理中", "换货中", "寄出新的", "您好，您的换货/补发正在安排，寄出后把新的快递单号告诉您。"
        ),
        Kind.REFUNDING: Row(
            "退款中", "退款中", "退到客户账上", "您好，您的退款已经提交，正在原路退回，到账时间以支付渠道为准。"
        ),
        Kind.REFUNDED: Row("已退款", "已退款", "", "您好，您的退款已经原路退回，请留意支付账户。"),
        Kind.REFUNDED_MOVING: Row(
            "已退款，货还在路上", "退款待拦截", "马上拦截快递", "您好，您的退款已经处理。如果包裹送到，请直接拒收，谢谢。"
        ),
        Kind.CLOSED_UNPAID: Row(
            "未付款，已关闭", "已关闭", "", "您好，这笔订单没有付款，已经自动关闭；需要的话可以重新下单。"
        ),
        Kind.COMPLETED: Row("已完成", "已完成", "", "您好，这笔订单已经完成。如果有任何问题，请随时告诉我们。"),
        Kind.DISAGREE: Row(
            "平台和快递说法不一", "说法不一", "核对平台和快递哪个对", "您好，我们正在和快递核实您的包裹，有结果马上告诉您。"
        ),
    },
    holders={
        Holder.BUYER: "客户",
        Holder.CARRIER: "快递",
        Holder.CHANNEL: "平台",
        Holder.SERVICE: "客服",
        Holder.WAREHOUSE: "仓库",
        Holder.OPERATIONS: "运营",
        Holder.FINANCE: "财务",
        Holder.PURCHASING: "采购",
        Holder.ADMIN: "管理员",
        Holder.NOBODY: "",
    },
    holds={
        "risk": "疑似风险单",
        "address_review": "改地址待核对",
        "margin": "毛利过低待复核",
        "refund": "客户申请退款",
        "stock": "缺货",
        "unknown_status": "平台状态不认识",
        "conflict": "多人改单有冲突",
    },
    hold_steps={
        "risk": "核实后放行",
        "address_review": "核对新地址",
        "margin": "复核毛利后放行",
        "refund": "先处理退款申请",
        "unknown_status": "到平台后台看一眼",
        "conflict": "定下听谁的",
    },
    channel_says={
        "hold": "暂停",
        "to_ship": "待发货",
        "part_shipped": "部分发货",
        "delivered": "已签收",
        "completed": "已完成",
    },
    aftersale_kinds={
        AftersaleKind.REFUND: "仅退款",
        AftersaleKind.RETURN: "退货退款",
        AftersaleKind.EXCHANGE: "换货",
        AftersaleKind.RESHIP: "补发",
        AftersaleKind.REPAIR: "维修",
        AftersaleKind.PRICE: "价保",
    },
    aftersale_stages={
        AftersaleStage.WAIT_MERCHANT: "等我们处理",
        AftersaleStage.WAIT_BUYER_RETURN: "等客户寄回",
        AftersaleStage.WAIT_MERCHANT_RECEIVE: "退货在路上，等我们收货",
        AftersaleStage.REFUNDING: "钱在路上",
        AftersaleStage.REFUNDED: "已退款",
        AftersaleStage.REFUSED: "已拒绝",
        AftersaleStage.CANCELLED: "客户已撤销",
        AftersaleStage.EXCHANGE: "换货中",
        AftersaleStage.RESHIP: "补发中",
        AftersaleStage.REPAIR: "维修中",
        AftersaleStage.ARBITRATION: "平台介入",
    },
    scans={
        TrackStage.CREATED: "已下单",
        TrackStage.PICKED_UP: "已揽收",
        TrackStage.IN_TRANSIT: "运输中",
        TrackStage.OUT_FOR_DELIVERY: "派送中",
        TrackStage.AT_PICKUP_POINT: "到取件点",
        TrackStage.DELIVERED: "已签收",
        TrackStage.EXCEPTION: "异常",
        TrackStage.REJECTED: "拒收",
        TrackStage.RETURNING: "退回中",
        TrackStage.RETURNED: "已退回",
        TrackStage.FORWARDED: "转寄",
        TrackStage.CUSTOMS: "清关",
        TrackStage.CANCELLED: "运单取消",
    },
    carriers={
        "sf": "顺丰",
        "zto": "中通",
        "sto": "申通",
        "yto": "圆通",
        "yunda": "韵达",
        "jt": "极兔",
        "jd": "京东物流",
        "deppon": "德邦",
        "ems": "邮政 EMS",
        "cainiao": "菜鸟",
        "best": "百世",
        "post": "邮政",
    },
)
