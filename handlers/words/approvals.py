"""Every sentence about approvals, in both languages. Tested: same keys, same blanks.

`Words` fills them in; nothing here reads the store. Amounts and times arrive as people read them.
"""

from __future__ import annotations

from dataclasses import dataclass

from handlers.words.approvals_en import EN

_ZH = {
    # names
    "kind.refund": "退款申请",
    "kind.return": "退货申请",
    "kind.address": "改地址申请",
    "kind.cancel": "取消申请",
    "way.refund": "仅退款",
    "way.return": "退货退款",
    "way.exchange": "换货",
    "way.reship": "补发",
    "way.repair": "维修",
    "way.price_protection": "价保",
    "step.approve_service": "客服初审",
    "step.approve_warehouse": "仓储复核",
    "step.approve_finance": "财务终审",
    "role.approve_service": "客服",
    "role.approve_warehouse": "仓储",
    "role.approve_finance": "财务",
    "buyer": "买家",
    # card
    "order": "{shop} {number} {who} · {goods} · {stage}",
    "order_missing": "{shop} {number} · 订单还没同步到，到了才能批",
    "reason": "理由：{reason}",
    "no_reason": "理由：买家没写",
    "photos": "（附 {count} 张照片）",
    "sku_month": "该 SKU 本月退款 {count} 单{trend}",
    "sku_month_atleast": "该 SKU 本月退款至少 {count} 单",
    "margin": "毛利影响 −{amount}，本单还剩 {left}",
    "margin_loss": "毛利影响 −{amount}，本单转亏 {left}",
    "margin_unknown": "毛利影响不明：缺商品成本",
    "customer": "该客户 90 天：买 {orders} 单，退 {refunds} 单",
    "rule": "规则 {rule}：{words}",
    "also": "（也符合 {names}，按优先级让位）",
    "no_rule": "没有规则说这单由谁批，所以谁都批不了。请管理员在 approvals.yaml 加一行。",
    "nobody_able": "「{step}」现在没有人能批，请店长加人。",
    "waits": "等 {step}{names}",
    "replaces": "接替 {number}：订单变了，要重新批",
    "updated": "注意：{what}（发卡后变的）",
    "from_to": "{before} → {after}",
    "address": "收件 {before} → {after}",
    "address_shipped": "已发货：平台改不了，同意后由仓库联系快递拦截 {waybills}",
    "by_hand_note": "{channel}没有这个接口：批完要有人到后台办，我会跟到办好。",
    "no_refuse_note": "{channel}没有拒绝接口：要拒绝得到后台点，我会跟到办好。",
    "effect.refund": "提交后：请有权限的人批，批完退 {amount} 给买家",
    "effect.return": "提交后：请有权限的人批，批完同意买家退货，收到货再退 {amount}",
    "effect.address": "提交后：请有权限的人批，批完把新地址写到{channel}",
    "effect.cancel": "提交后：请有权限的人批，批完取消订单，退 {amount}",
    "draft": "草稿，还没人看到。看清楚再提交。",
    "draft_until": "30 分钟内有效",
    "requester": "{name} 提出",
    "left": "剩 {span}",
    "platform_left": "平台期限 {at}",
    "late": "已超时 {span}，升级给店长；超时不等于同意或拒绝",
    # buttons
    "b.agree": "同意",
    "b.refuse": "拒绝…",
    "b.photos": "看照片",
    "b.transfer": "转给…",
    "b.undo": "撤回",
    "b.now": "立即执行",
    "b.submit": "提交",
    "b.drop": "不提交了",
    "b.retry": "再试一次",
    "b.handled": "已在后台办好",
    "b.settled_yes": "查过了：办成了",
    "b.settled_no": "查过了：没办成",
    "b.show": "看卡片",
    "b.withdraw": "撤销申请",
    "ask.reason": "为什么拒绝？",
    "ask.person": "转给谁？",
    "c.agree": "同意 {number}",
    "c.refuse": "拒绝 {number} 理由",
    # state lines
    "s.waiting": "{trail}",
    "s.agreed": "已同意，{seconds} 秒后执行",
    "s.agreed_now": "已同意，马上执行",
    "s.agreed_later": "已同意，{channel}暂时连不上，{at} 再试（第 {tries} 次）。现在还能撤回",
    "s.refusing": "已拒绝，{seconds} 秒后告诉买家",
    "s.executing": "正在发给{channel}…",
    "s.unknown": "已发给{channel}，对方没回话。我正在查，不会重复办；最迟 {at} 给你结果。",
    "s.unknown_late": "查到现在还没有准信。请到{channel}后台看一眼这单，再按下面的按钮；我也继续查。",
    "s.done.refund": "✅ 已退款 {amount} · {trail} · 预计 1–3 天到账",
    "s.done.return": "✅ 已同意退货 · {trail} · 等买家寄回",
    "s.done.address": "✅ 地址已改 · {trail}",
    "s.done.cancel": "✅ 已取消 · {trail}",
    "s.refused": "已拒绝 · {trail}",
    "s.failed": "没办成：{why}。{next}",
    "s.by_hand": "已批，还差一步：{why}",
    "s.void": "作废：{why}",
    "s.withdrawn": "已撤销 · {name}",
    "t.step": "{role} {name} {at}",
    "t.refused": "{role} {name} {at} 拒绝：{note}",
    "t.receipt": "{channel} {at} 回执 {reference}",
    "t.receipt_short": "{channel} {at}",
    # why
    "w.settled_elsewhere": "这单已在{channel}那边处理过，现在是「{stage}」",
    "w.deadline": "平台期限 {at} 已过，没有执行",
    "w.too_old": "批完太久没能执行，请重新批",
    "w.changed": "批之后订单变了：{what}",
    "w.no_order": "订单还没同步到",
    "w.stale_data": "{channel}数据太旧，不敢动钱；同步恢复后再批",
    "w.too_much": "超过还能退的金额",
    "w.buyer_withdrew": "买家撤回了",
    "w.superseded": "买家改了申请",
    "w.unreachable": "{channel}一直连不上",
    "w.needs_grant": "店铺授权失效",
    "w.platform": "{channel}说「{reason}」",
    "w.back_office": "{channel}没有这个接口，请到{channel}后台办，办好按下面的按钮",
    "w.back_office_refuse": "{channel}没有拒绝接口，请到{channel}后台拒绝，办好按下面的按钮",
    "w.read_only": "现在是只看不写模式，没有发给{channel}",
    "w.intercept": "包裹已发出。请联系快递拦截改派 {waybills}，办好按下面的按钮",
    "n.retry": "改好以后可以再试一次",
    "n.grant": "请店主到{channel}后台重新授权，再试一次",
    "n.office": "请到{channel}后台处理",
    "again": "已重新发起 {number}",
    # material facts
    "f.phase": "订单 {before} → {after}",
    "f.total": "订单金额 {before} → {after}",
    "f.paid": "实付 {before} → {after}",
    "f.refunded": "已退 {before} → {after}",
    "f.receiver": "收件信息变了",
    "f.parcels": "包裹变了",
    "f.aftersale_stage": "售后状态变了",
    "f.aftersale_kind": "售后类型变了",
    "f.aftersale_amount": "申请金额 {before} → {after}",
    "f.aftersale_reason": "申请原因变了",
    "f.aftersale_version": "买家更新了申请",
    "phase.unpaid": "待付款",
    "phase.to_ship": "待发货",
    "phase.part_shipped": "部分发货",
    "phase.shipped": "已发货",
    "phase.received": "已签收",
    "phase.closed": "已关闭",
    # answers to a press or a sentence
    "a.agreed_next": "好，{number} 你这一步已同意，接下来等 {step}。",
    "a.agreed": "好，{number} 已同意，{seconds} 秒后执行；按错了可以撤回。",
    "a.agreed_at_once": "好，{number} 已同意，马上执行。",
    "a.refused": "好，{number} 已拒绝，{seconds} 秒后生效；按错了可以撤回。",
    "a.undone": "{number} 已撤回，回到等 {step}。",
    "a.now": "{number} 马上执行。",
    "a.retry": "{number} 再试一次，先核对再发。",
    "a.transferred": "{number} 已转给 {name}。",
    "a.transfer_who": "转给谁？能批这一步的有：{names}。",
    "a.handled": "{number} 记下了，办好。",
    "a.settled_no": "{number} 记下了，没办成；我核对后再发一次。",
    "a.submitted": "已提交 {number}，等 {step}。",
    "a.submitted_nobody": "已提交 {number}，但没有规则说谁来批；请店长在规则里加一行。",
    "a.dropped": "好，{number} 不提交了。",
    "a.withdrawn": "{number} 已撤销。",
    "a.choose_reason": "{channel}只收这些理由，选一个：",
    "a.draft_over": "这张草稿过期了，把要求再说一遍，我重新列给你看。",
    "a.which": "要批哪一张？说编号，比如「同意 A17」。",
    "a.which_of": "现在等着批的有：{numbers}。说编号，比如「同意 {first}」。",
    "a.unknown_number": "没有 {number} 这张申请，再核对一下编号。",
    # denials
    "d.inactive": "你的账号停用了，批不了。",
    "d.not_yours": "这一步要{step}来，你这边批不了。",
    "d.not_your_shop": "这家店不归你看，批不了；可以找店长。",
    "d.nobody": "没有规则说这单由谁批，所以谁都批不了。请管理员在 approvals.yaml 加一行。",
    "d.own_request": "这是你自己提的申请，要别人来批。",
    "d.same_person": "你在「{step}」已经批过了，下一步要换个人。",
    "d.already": "这单 {ago}前已由 {name} {verdict}，你不用再点了。",
    "d.already_you": "你 {ago}前已{verdict}，不用再点了。",
    "d.already_plain": "这单已经处理过了，你不用再点了。",
    "d.closed": "这张申请已经结束，没有改动任何东西。",
    "d.draft": "这还是草稿，先提交再批。",
    "d.expired": "平台期限已过，我们的答复已经不算数了；我在看平台是怎么处理的。",
    "d.outdated": "卡片后来更新过，请看最新的内容再按。",
    "d.reason_needed": "拒绝要说个理由，买家会看到。选一个，或者发「拒绝 {number} 理由」。",
    "d.nothing_to_undo": "还没有人批过，没有可撤回的。",
    "d.too_late": "已经发给平台，撤不回来了。",
    "d.no_order": "订单还没同步到，这单先批不了；到了我会更新卡片。",
    "d.too_much": "这单最多还能退 {left}，申请 {amount} 超了，批不了。",
    "v.agree": "同意",
    "v.refuse": "拒绝",
    # from the chat
    "q.no_order_no": "要{what}哪一单？把订单号发给我。",
    "q.unknown_order": "没有找到这一单。再核对一下单号，我列给你看了才会提交。",
    "q.not_your_shop": "这单在别的店，你看不到；可以找店长。",
    "q.several": "有 {count} 单对得上，要{what}哪一单？",
    "q.option": "{shop} {number} · {goods} · {amount}",
    "q.open_already": "这单已有申请 {number}，正等 {step}；不用再提一张。",
    "q.open_running": "这单的申请 {number} 正在办，办完卡片会更新。",
    "q.in_aftersale": "这单在{channel}已有售后在走，现在是「{stage}」，不用再提。",
    "q.not_paid": "这单还没付款，没有钱可退。",
    "q.closed": "这单已经关闭，不能再{what}。",
    "q.too_much": "这单最多还能退 {left}，{amount} 超了。改个数再说一遍。",
    "q.bad_amount": "金额要大于 0。改个数再说一遍。",
    "q.currency": "这单是 {currency} 的，金额也要用 {currency}。",
    "q.nothing_left": "这单的钱已经退完了。",
    "q.no_address": "新地址是什么？比如「{number} 改地址 浙江省杭州市余杭区…，王小明 138…」。",
    "q.shipped_cancel": "这单已发货，取消不了；可以改为退货或拦截。",
    "q.withdraw_none": "这单没有可撤销的申请。",
    "q.withdraw_buyer": "{number} 是买家在{channel}提的，只有买家自己能撤；你可以按「拒绝」并写明理由。",
    "q.withdraw_not_yours": "{number} 是 {name} 提的，要本人来撤。",
    "what.refund": "退款",
    "what.return": "退货",
    "what.address": "改地址",
    "what.cancel": "取消",
    "what.withdraw": "撤销申请",
    # notes to a group
    "note.turn": "轮到你了：{title} {number} {amount}，{trail}，等 {step}。",
    "note.turn_plain": "轮到你了：{title} {number} {amount}，等 {step}。",
    "note.remind": "{title} {number} {amount} 还等 {step}，{left}。",
    "note.escalate": "{title} {number} {amount} 超时没人批，请店长看一下。超时不等于同意或拒绝。",
    "note.by_hand": "{title} {number} 已批，还差一步：{why}。",
    "note.failed": "{title} {number} 没办成：{why}。{next}",
    "note.void": "{title} {number} 作废：{why}。{again}",
    "note.unrouted": "{title} {number} 没有群能收：请把一个群绑定到「退款」。",
    "note.unknown_overdue": "{title} {number} 发给平台后一直没有准信，请到后台核对后在卡片上按结果。",
    "note.refunded": "{title} {number} 已到账 {amount}。",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language."""

    lang: str

    def __call__(self, key: str, **blanks: object) -> str:
        return (EN if self.lang == "en" else _ZH)[key].format(**blanks)

    def step(self, permission: str) -> str:
        return self(f"step.{permission}")

    def has(self, key: str) -> bool:
        return key in _ZH


def words(lang: str) -> Words:
    """The sentences of a language; Chinese unless English is asked for."""
    return Words("en" if lang == "en" else "zh")


def tables() -> tuple[dict[str, str], dict[str, str]]:
    """Both tables, for the test that keeps them alike."""
    return dict(_ZH), dict(EN)
