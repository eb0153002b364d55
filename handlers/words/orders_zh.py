"""Sentences about where an order is, in Chinese: headline, reason, next step, text for the customer.

Fixed words are in `order_tables`, the English in `orders_en`, the way in through `orders.words`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.chat import Tone
from domain.money import Money
from domain.order import Aftersale, Order
from domain.privacy import mask_name, place, safe_note, safe_text
from domain.situation import Holder, Kind, ParcelState
from domain.store import OrderEvent
from domain.values import quick
from domain.verdict import Verdict
from handlers.words.order_tables import ZH, Tables
from handlers.words.times import clock, left, span, when

MARK = {Tone.GOOD: "🟢", Tone.WATCH: "🟡", Tone.BAD: "🔴", Tone.INFO: "🔵", Tone.DONE: "✅"}
SEP = "  ·  "
QUIET_HOURS = 12  # a parcel on its way back, or at a pickup point, is not "not moving" before that


@quick
@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a sentence may need: the judged order, the moment, and how people call its shop."""

    order: Order
    verdict: Verdict
    now: datetime
    shop: str
    urged: OrderEvent | None = None
    person: str = ""  # who holds the next step by name, when known
    role: Holder = Holder.NOBODY  # what that person is

    @property
    def state(self) -> ParcelState | None:
        return self.verdict.lead


# 【杭州市】快件已离开 杭州转运中心，下一站 温州转运中心: what carriers put around where a parcel is.
_FRAME = re.compile(r"^【[^】]{1,12}】|(?:您的)?快件已?")


def short_waybill(waybill: str) -> str:
    """`SF13…882`."""
    text = safe_text(waybill, 40)
    return text if len(text) <= 8 else f"{text[:4]}…{text[-3:]}"


class Zh:
    """Chinese."""

    lang = "zh"
    table: Tables = ZH

    # --- names --------------------------------------------------------------------------------------------------------

    def carrier(self, code: str) -> str:
        return self.table.carriers.get(code) or safe_text(code, 16) or "快递"

    def short(self, kind: Kind) -> str:
        return self.table.kinds[kind].short

    def hold(self, reasons: Sequence[str]) -> str:
        return "、".join(self.table.holds.get(reason) or safe_text(reason, 12) for reason in reasons)

    def when(self, at: datetime, now: datetime) -> str:
        return when(at, now, lang=self.lang)

    def span(self, length: timedelta | float) -> str:
        return span(length, lang=self.lang)

    # --- the card, line by line ---------------------------------------------------------------------------------------

    def headline(self, scene: Scene) -> str:
        verdict = scene.verdict
        head = self.table.kinds[verdict.kind].head
        if verdict.kind is Kind.HELD:
            return f"{head}：{self.hold(verdict.reasons)}"
        if verdict.kind is Kind.LABELLED and not verdict.normal:
            return "已出面单，快递迟迟没揽收"
        if verdict.kind is Kind.RETURNING and scene.state is not None and scene.state.rejected:
            return "客户拒收，退回途中"
        return head

    def why(self, scene: Scene) -> str:
        """Since when, and whether that is normal: the second line."""
        verdict, state, now = scene.verdict, scene.state, scene.now
        since = self.when(verdict.since, now) if verdict.since else ""
        lasted = self.span(now - verdict.since) if verdict.since else ""
        match verdict.kind:
            case Kind.UNPAID:
                return f"{since} 下单，{'还没付款' if verdict.normal else f'{lasted}还没付款'}"
            case Kind.HELD | Kind.WAITING_STOCK:
                return f"{since} 起暂停，已 {lasted}{self.due(scene)}"
            case Kind.IN_PRODUCTION | Kind.TO_SHIP | Kind.SHIP_SOON | Kind.SHIP_LATE:
                return f"{since} {'付款' if scene.order.paid_at else '下单'}{self.due(scene)}"
            case Kind.PART_SHIPPED:
                return f"{since} 发出第一批{self.due(scene)}"
            case Kind.NO_WAYBILL:
                return f"{since} 平台标记已发货，没有运单号，查不到物流"
            case Kind.LABELLED:
                late = "" if verdict.normal else "，通常一天内会揽收"
                return f"{since} 上传运单，{lasted}还没有揽收扫描{late}"
            case Kind.STALLED if state is not None:
                usual = f"，这条线路通常 {self.span(state.usual)}" if state.usual else ""
                return f"{self.last_scan(state, now, brief=True)} 后 {self.span(state.quiet)}没有新扫描{usual}"
            case Kind.SPLIT:
                return f"共 {len(verdict.parcels)} 个包裹：{'、'.join(self.tally(verdict.parcels))}"
            case Kind.DISAGREE if state is not None:
                says = self.table.channel_says.get(verdict.reasons[0], verdict.reasons[0])
                return f"平台说{says}；{self.carrier(state.parcel.carrier)}说 {self.last_scan(state, now)}"
            case Kind.NOT_RECEIVED:
                return f"快递 {since} 记为签收，客户表示没收到{self.due(scene)}"
            case Kind.REFUNDED_MOVING:
                moving = f"；{self.last_scan(state, now)}" if state is not None else ""
                return f"{since} 已退款{moving}"
            case Kind.REFUNDING:
                return f"{since} 提交退款{'' if verdict.normal else f'，已 {lasted}，比平时久'}"
            case Kind.REFUNDED:
                return f"{since} 退款{f' {scene.order.refunded}' if scene.order.refunded.minor else ''}"
            case Kind.CLOSED_UNPAID:
                return f"{since} 关闭"
            case Kind.COMPLETED:
                return f"{since} 交易完成"
            case _ if verdict.aftersale is not None and verdict.since == verdict.aftersale.updated_at:
                return f"{since} 到这一步{self.due(scene)}"
            case _ if state is not None and state.since is not None:
                return f"{self.last_scan(state, now)}{self.waiting(verdict.kind, state)}"
            case _:
                return since

    def last_scan(self, state: ParcelState, now: datetime, *, brief: bool = False) -> str:
        """When and what. `brief` leaves the town in brackets and the next hop away, for the middle of a sentence."""
        text = safe_note(state.last_text, 40)
        if brief:
            text = _FRAME.sub("", text).split("，")[0].strip() or text
        text = text or (self.table.scans[state.parcel.stage] if state.parcel.stage else "")
        return f"{self.when(state.since, now)} {text}".rstrip() if state.since else text

    def tally(self, parcels: Sequence[ParcelState]) -> list[str]:
        """How many parcels are where: `1 个运输中`; in the order the parcels stand."""
        counts: dict[str, int] = {}
        for each in parcels:
            counts[self.short(each.kind)] = counts.get(self.short(each.kind), 0) + 1
        return [f"{count} 个{name}" for name, count in counts.items()]

    def waiting(self, kind: Kind, state: ParcelState) -> str:
        """That nothing came for too long, where waiting is what is wrong: an exception is one from its first minute."""
        if state.normal or state.quiet < QUIET_HOURS or kind in (Kind.EXCEPTION, Kind.RETURNED):
            return ""
        if kind is Kind.AT_PICKUP_POINT:
            return f"，{self.span(state.quiet)}没人取"
        return f"，已 {self.span(state.quiet)}没动"

    def due(self, scene: Scene) -> str:
        """The clock of the next step, as the tail of a sentence."""
        verdict, now = scene.verdict, scene.now
        if verdict.due is None:
            return ""
        opened = verdict.aftersale is not None and verdict.due == verdict.aftersale.deadline
        what = "发货时限"
        if opened:
            what = "寄回时限" if verdict.kind is Kind.AFTERSALE_BUYER else "处理时限"
        rule = "（按付款后 48 小时算）" if verdict.due_assumed else ""
        if verdict.due < now:
            return f"，{what} {self.when(verdict.due, now)}，已超 {self.span(now - verdict.due)}{rule}"
        return f"，{what} {self.when(verdict.due, now)}，剩 {left(verdict.due - now)}{rule}"

    def next_step(self, scene: Scene) -> str:
        verdict = scene.verdict
        if verdict.kind is Kind.HELD:
            return self.table.hold_steps.get(verdict.reasons[0], "核实后放行")
        if verdict.kind is Kind.LABELLED and not verdict.normal:
            return "催快递来取"
        return self.table.kinds[verdict.kind].step

    def receiver(self, order: Order) -> str:
        name, where = mask_name(order.receiver.name), place(order.receiver)
        return f"收件 {name}  {where}".rstrip() if name or where else ""

    def lines(self, order: Order) -> str:
        if not order.lines:
            return ""
        first = order.lines[0]
        shown = f"{safe_text(first.title or first.sku, 18)} ×{first.quantity}"
        return shown if len(order.lines) == 1 else f"{shown} 等 {len(order.lines)} 样"

    def carriage(self, scene: Scene) -> str:
        """Carrier, short waybill, and an arrival time only where there is one to name."""
        state, promise = scene.state, scene.verdict.arrival
        if state is None:
            return ""
        text = f"承运 {self.carrier(state.parcel.carrier)} {short_waybill(state.parcel.waybill)}"
        if promise is not None:
            return f"{text}{SEP}预计{self.when(promise.by, scene.now)} 前（把握 8 成）"
        eta = state.parcel.eta
        if eta is not None and eta > scene.now and not scene.verdict.final and state.kind is not Kind.DELIVERED:
            return f"{text}{SEP}快递自报 {self.when(eta, scene.now)} 到，仅供参考"
        return text

    def parcel(self, index: int, state: ParcelState, now: datetime) -> str:
        name = f"包裹 {index} {self.carrier(state.parcel.carrier)} {short_waybill(state.parcel.waybill)}"
        return f"{name}：{self.short(state.kind)}{'，' + self.when(state.since, now) if state.since else ''}"

    def charge(self, scene: Scene) -> str:
        """Who holds it and what comes next."""
        role = self.table.holders[scene.verdict.holder]
        parts: list[str] = []
        if scene.person:
            name, job = safe_text(scene.person, 12), self.table.holders[scene.role]
            parts.append(f"负责 {name}（{job}）" if job else f"负责 {name}")
        elif role:
            parts.append(f"轮到{role}")
        step = self.next_step(scene)
        if step:
            parts.append(f"下一步 {step}")
        if scene.urged is not None:
            parts.append(f"已催 {clock(scene.urged.at, scene.now)}")
        return SEP.join(parts)

    def aftersale(self, after: Aftersale, now: datetime, *, clock_said: bool = False) -> str:
        """`clock_said`: the card names this after-sale's deadline already."""
        parts = [
            f"售后 {self.table.aftersale_kinds[after.kind]} {after.amount}",
            self.table.aftersale_stages[after.stage],
        ]
        if after.deadline is not None and not clock_said:
            over = after.deadline < now
            parts.append(f"已超 {self.span(now - after.deadline)}" if over else f"剩 {left(after.deadline - now)}")
        return SEP.join(parts)

    def approval(self, number: str, kind: str, amount: Money) -> str:
        kinds = {"refund": "退款", "return": "退货", "address": "改地址", "exchange": "换货", "cancel": "取消"}
        return f"审批 {number} {kinds.get(kind, safe_text(kind, 8))}{f' {amount}' if amount.minor else ''}，在等审批"

    def held_too(self, reasons: Sequence[str]) -> str:
        return f"另有暂停：{self.hold(reasons)}"

    def lock(self) -> str:
        return "结算已锁定，等运营复核毛利"

    def unread_codes(self) -> str:
        return "平台给了我不认识的状态，按最稳妥的处理"

    def say_this(self, text: str) -> str:
        return f"可以这样回客户：{text}"

    def as_of(self, sources: Sequence[tuple[datetime, str]], now: datetime) -> str:
        if not sources:
            return "来自导入的文件，不会自动更新"
        return "数据截至 " + " ".join(f"{clock(at, now)}（{name}）" for at, name in sources)

    def stale(self, age: timedelta) -> str:
        return f"⚠ 平台已 {self.span(age)}没同步成功，可能不是最新"

    # --- for the customer ---------------------------------------------------------------------------------------------

    def to_customer(self, scene: Scene) -> str:
        """A text that may be sent as it is."""
        verdict, state, now = scene.verdict, scene.state, scene.now
        text = self.table.kinds[verdict.kind].customer
        if text and "{" not in text and verdict.kind is not Kind.HELD:
            return text
        arrival = f"，预计{self.when(verdict.arrival.by, now)} 前送达" if verdict.arrival else ""
        match verdict.kind:
            case Kind.LABELLED if verdict.normal:
                return "您好，您的包裹已打包好，正等快递来取，取走后就能看到物流。"
            case Kind.LABELLED:
                return "您好，您的包裹已打包，快递还没有更新取件信息，我们正在核实，有结果马上告诉您。"
            case Kind.STALLED if state is not None:
                spot = f"在{safe_text(state.place, 12)}中转" if state.place else "还在路上"
                done = "已联系" if scene.urged is not None else "正在联系"
                rest = arrival or "，有更新马上告诉您"
                return f"您好，您的包裹{spot}，我们{done}{self.carrier(state.parcel.carrier)}优先处理{rest}。"
            case Kind.HELD if verdict.reasons[0] == "address_review":
                return "您好，您修改的收件信息我们正在核对，核对好马上安排发货。"
            case Kind.HELD if verdict.reasons[0] == "refund":
                return "您好，您的退款申请我们已经收到，正在处理，处理期间先不发货。"
        promised = verdict.kind is Kind.TO_SHIP and verdict.due is not None and not verdict.due_assumed
        return self.table.kinds[verdict.kind].customer.format(
            due=f"，{self.when(verdict.due, now)} 前发出" if promised and verdict.due else "",
            at=f"，最近经过{safe_text(state.place, 12)}" if state is not None and state.place else "",
            eta=arrival,
            since=f" {self.when(verdict.since, now)} " if verdict.since else "",
            count=len(verdict.parcels),
        )
