"""Sentences that belong to no single feature: refusals, errors, help."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from domain.people import May

_ROLE_OF_ZH = {
    May.ASK_ORDERS: "客服、仓管或店长",
    May.ASK_STOCK: "仓管、采购或店长",
    May.ASK_MONEY: "财务、运营或店长",
    May.REQUEST_CHANGE: "客服或店长",
    May.APPROVE_SERVICE: "客服主管",
    May.APPROVE_WAREHOUSE: "仓管",
    May.APPROVE_FINANCE: "财务",
    May.RELEASE_HOLD: "运营或店长",
    May.HANDLE_ALERT: "对应岗位的同事",
    May.SEE_PERSONAL: "客服或店长",
    May.CHANGE_RULES: "运营或店长",
    May.ADMINISTER: "管理员",
}
_ROLE_OF_EN = {
    May.ASK_ORDERS: "service, warehouse or the manager",
    May.ASK_STOCK: "warehouse, purchasing or the manager",
    May.ASK_MONEY: "finance, operations or the manager",
    May.REQUEST_CHANGE: "service or the manager",
    May.APPROVE_SERVICE: "the service lead",
    May.APPROVE_WAREHOUSE: "warehouse",
    May.APPROVE_FINANCE: "finance",
    May.RELEASE_HOLD: "operations or the manager",
    May.HANDLE_ALERT: "the colleague in charge",
    May.SEE_PERSONAL: "service or the manager",
    May.CHANGE_RULES: "operations or the manager",
    May.ADMINISTER: "an administrator",
}
_INTENTS = {
    "where_is_order": ("查订单到哪了", "Where an order is"),
    "order_detail": ("看订单详情", "Order details"),
    "customer_orders": ("查这位客户的订单", "A customer's orders"),
    "aftersale_status": ("查售后进度", "After-sale progress"),
    "request_refund": ("申请退款", "Request a refund"),
    "request_return": ("申请退货", "Request a return"),
    "request_exchange": ("申请换货", "Request an exchange"),
    "withdraw_aftersale": ("撤销售后申请", "Withdraw an after-sale"),
    "change_address": ("改收件信息", "Change the receiver"),
    "cancel_order": ("取消订单", "Cancel an order"),
    "urge_shipment": ("催发货 / 催件", "Chase a shipment"),
    "stock": ("查库存", "Stock"),
    "todo": ("我的待办", "My to-do list"),
    "kpi": ("看经营数据", "Figures"),
    "alert_why": ("为什么报警", "Why an alert came"),
    "alert_ack": ("认领报警", "Claim an alert"),
    "alert_snooze": ("报警稍后再说", "Snooze an alert"),
    "approve": ("同意一个申请", "Approve a request"),
    "reject": ("拒绝一个申请", "Reject a request"),
    "create_order": ("手工开单", "Create an order"),
    "documents": ("要单据", "Documents"),
    "rules": ("看规则", "Rules"),
    "help": ("看我会什么", "Help"),
}


_HELP_ZH: tuple[tuple[May | None, str], ...] = (
    (May.ASK_ORDERS, "查单：发订单号、快递单号、手机号或后四位，条码和截图也行，如「尾号 0417 到哪了」"),
    (May.ASK_ORDERS, "客户：「13800001111 的订单」"),
    (May.ASK_ORDERS, "售后：「0417 退款到哪一步了」"),
    (May.REQUEST_CHANGE, "改动：「0417 申请退款 50 元，色差」「0417 改地址 …」先给你看草稿"),
    (May.ASK_STOCK, "库存：「沙发套 灰 还有多少」「哪些快断货」"),
    (None, "待办：「我的待办」「今日发货清单」「异常单」"),
    (May.ASK_ORDERS, "数据：「昨天订单量」「近 7 天履约时效」，接着说「按仓分」「怎么算的」"),
    (May.ASK_MONEY, "金额：「昨天销售额」「上周毛利率」"),
    (May.ASK_ORDERS, "单据：「拣货单」「出库单 0417」「退货标签 0417」「发票资料 0417」"),
    (May.HANDLE_ALERT, "报警：「为什么 K203」「认领 K203」「稍后 K203 2小时」"),
    (May.CHANGE_RULES, "规则：「规则 演练 发货-1」先试再改；「没听懂的」教我新说法，「学会的」看教过什么"),
    (May.ADMINISTER, "管理：「邀请 张三 客服」「绑定本群 主题 库存」"),
    (None, "账号：「我是谁」「我的绑定码」"),
)
_HELP_EN: tuple[tuple[May | None, str], ...] = (
    (May.ASK_ORDERS, "where is it: an order number, waybill, phone or its last four digits; bar codes and screenshots too"),
    (May.ASK_ORDERS, "a customer: “orders of 13800001111”"),
    (May.ASK_ORDERS, "after-sales: “refund status of 0417”"),
    (May.REQUEST_CHANGE, "changes: “refund 50 for 0417, wrong colour”, “change address of 0417 to …”: a draft first"),
    (May.ASK_STOCK, "stock: “stock SF-GREY”"),
    (None, "to do: “todo”"),
    (May.ASK_ORDERS, "figures: “orders yesterday by channel”, then “by warehouse”, “how is it computed”"),
    (May.ASK_MONEY, "money: “revenue yesterday”, “margin last week”"),
    (May.ASK_ORDERS, "papers: “pick list”, “outbound slip 0417”, “return label 0417”, “invoice set 0417”"),
    (May.HANDLE_ALERT, "alerts: “why K203”, “claim K203”, “snooze K203 2h”"),
    (May.CHANGE_RULES, "rules: “rules”, “rehearse 发货-1 lead_minutes=120”; teach me what I missed: “unheard”"),
    (May.ADMINISTER, "people: “invite Bob as service”, “bind this group topic stock”"),
    (None, "accounts: “who am I”, “my code”"),
)


class Zh:
    """Chinese."""

    def intent_name(self, intent: str) -> str:
        return _INTENTS.get(intent, (intent, intent))[0]

    def not_allowed(self, may: May) -> str:
        return f"这个你这边看不了，可以找{_ROLE_OF_ZH[may]}。"

    def stranger(self) -> str:
        return "我还不认识你，所以先不回答。请管理员把你加进来，加好后直接再问一次就行；有绑定码就私聊发「绑定 六位数字」。"

    def foreign_group(self) -> str:
        return "这个群还没有登记，我不在这里说单子。请管理员登记这个群，或者私聊问我。"

    def not_yet(self, known: Sequence[str]) -> str:
        names = "、".join(self.intent_name(name) for name in known if name in _INTENTS and name != "help")
        return f"这件事我现在还办不了。我能：{names}。"

    def did_you_mean(self) -> str:
        return "你是不是想问："

    def how_to(self, intent: str) -> str:
        return (
            f"{self.intent_name(intent)}：把单号和要办的事一起发我，例如「0417 {self.intent_name(intent)}，理由…」。"
            "我先给你看草稿，按了提交才开始走审批。"
        )

    def old_button(self) -> str:
        return "这个按钮已经过期了，再问我一次，我给你新的。"

    def busy(self) -> str:
        return "刚好有别人也在改这一单，这次没有动它。看一眼最新的卡片再按一次。"

    def source_down(self) -> str:
        return "那边暂时没有回应，什么都没有改动。我会继续连，你可以过几分钟再试。"

    def needs_grant(self) -> str:
        return "这家店的授权失效了，要店主到平台后台重新授权；授权后我会自动接上。"

    def unknown_outcome(self) -> str:
        return "已经发出去了，对方还没回话。我在查结果，不会重复做。"

    def rejected(self, reason: str) -> str:
        return f"平台没有同意：{reason}。什么都没有改动。"

    def oops(self, number: str) -> str:
        return f"这次没办成，已经记下（编号 {number}），技术同事能查到。过一分钟再发一次试试。"

    def not_answered(self, said: str) -> str:
        return f"「{said}」这条刚才没答上，现在再问我一次就行。" if said else "你刚才发的那条没答上，现在再发一次就行。"

    def smalltalk(self) -> str:
        return "在的。发订单号、快递单号或手机后四位，我就能告诉你到哪了；发「帮助」看我会什么。"

    def withdraw_which(self) -> str:
        return "要撤销的是哪一单？把单号发我，我就把撤销准备好给你确认。现在还没有动任何售后。"

    def out_of_scope(self) -> str:
        return "这个我帮不上，我只管订单、库存、售后这些事。发「帮助」看我会什么。"

    def help(self, may: Collection[May]) -> str:
        """What this person may ask, a line a subject: nothing that would be refused."""
        return "\n".join(("直接说就行，不用记命令；答得不对，就说「不是这个意思」：", *_lines(_HELP_ZH, may)))


class En(Zh):
    """English."""

    def intent_name(self, intent: str) -> str:
        return _INTENTS.get(intent, (intent, intent))[1]

    def not_allowed(self, may: May) -> str:
        return f"That is not yours to see or do. Please ask {_ROLE_OF_EN[may]}."

    def stranger(self) -> str:
        return "I do not know you yet, so I will not answer. Ask an administrator to add you, then just ask again."

    def foreign_group(self) -> str:
        return "This group is not registered, so I keep quiet about orders here. Ask an administrator, or ask me one to one."

    def not_yet(self, known: Sequence[str]) -> str:
        names = ", ".join(self.intent_name(name) for name in known if name in _INTENTS and name != "help")
        return f"I cannot do that yet. I can: {names}."

    def did_you_mean(self) -> str:
        return "Did you mean:"

    def how_to(self, intent: str) -> str:
        return (
            f"{self.intent_name(intent)}: send me the order number and what is wanted, e.g. “0417 refund 50, wrong colour”. "
            "I show you a draft first; nothing starts until you submit it."
        )

    def old_button(self) -> str:
        return "That button has expired. Ask me again and I will give you a fresh one."

    def busy(self) -> str:
        return "Somebody else is changing this order right now; nothing was done. Look at the card and press again."

    def source_down(self) -> str:
        return "The other side is not answering; nothing was changed. I keep trying, please try again in a few minutes."

    def needs_grant(self) -> str:
        return "This shop's authorisation has lapsed. The owner has to grant it again in the back office."

    def unknown_outcome(self) -> str:
        return "It was sent, and the other side has not answered. I am finding out; it will not be done twice."

    def rejected(self, reason: str) -> str:
        return f"The platform said no: {reason}. Nothing was changed."

    def oops(self, number: str) -> str:
        return f"That did not work; it is on record (number {number}). Please try again in a minute."

    def not_answered(self, said: str) -> str:
        return f"“{said}” went unanswered. Please ask me again now."

    def smalltalk(self) -> str:
        return "Here. Send an order number, a waybill or the last four digits of a phone. Send “help” for what I can do."

    def withdraw_which(self) -> str:
        return "Which order is it? Send me its number and I prepare the withdrawal for you to confirm. Nothing was touched."

    def out_of_scope(self) -> str:
        return "I cannot help with that; I look after orders, stock and after-sales. Send “help” for what I can do."

    def help(self, may: Collection[May]) -> str:
        return "\n".join(("Just say it; when the answer is wrong, say “that's not what I meant”:", *_lines(_HELP_EN, may)))


def _lines(help_lines: Sequence[tuple[May | None, str]], may: Collection[May]) -> list[str]:
    return [f"· {line}" for need, line in help_lines if need is None or need in may]


@cache
def words(lang: str) -> Zh:
    """The sentences of a language."""
    return En() if lang == "en" else Zh()
