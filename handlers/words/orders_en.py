"""Sentences about where an order is, in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.money import Money
from domain.order import Aftersale, Order
from domain.privacy import mask_name, place, safe_text
from domain.situation import Kind, ParcelState
from handlers.words.order_tables_en import EN
from handlers.words.orders_zh import QUIET_HOURS, SEP, Scene, Zh, short_waybill
from handlers.words.times import clock, left


class En(Zh):
    """English."""

    lang = "en"
    table = EN

    def carrier(self, code: str) -> str:
        return self.table.carriers.get(code) or safe_text(code, 16) or "the carrier"

    def hold(self, reasons: Sequence[str]) -> str:
        return ", ".join(self.table.holds.get(reason) or safe_text(reason, 12) for reason in reasons)

    def headline(self, scene: Scene) -> str:
        verdict = scene.verdict
        head = self.table.kinds[verdict.kind].head
        if verdict.kind is Kind.HELD:
            return f"{head}: {self.hold(verdict.reasons)}"
        if verdict.kind is Kind.LABELLED and not verdict.normal:
            return "Label made, pickup overdue"
        if verdict.kind is Kind.RETURNING and scene.state is not None and scene.state.rejected:
            return "Refused by the customer, on its way back"
        return head

    def why(self, scene: Scene) -> str:
        verdict, state, now = scene.verdict, scene.state, scene.now
        since = self.when(verdict.since, now) if verdict.since else ""
        lasted = self.span(now - verdict.since) if verdict.since else ""
        match verdict.kind:
            case Kind.UNPAID:
                return f"ordered {since}, not paid {'yet' if verdict.normal else f'for {lasted}'}"
            case Kind.HELD | Kind.WAITING_STOCK:
                return f"on hold since {since} ({lasted}){self.due(scene)}"
            case Kind.IN_PRODUCTION | Kind.TO_SHIP | Kind.SHIP_SOON | Kind.SHIP_LATE:
                return f"{'paid' if scene.order.paid_at else 'ordered'} {since}{self.due(scene)}"
            case Kind.PART_SHIPPED:
                return f"first part shipped {since}{self.due(scene)}"
            case Kind.NO_WAYBILL:
                return f"marked as shipped {since} without a waybill, so there is no tracking"
            case Kind.LABELLED:
                late = "" if verdict.normal else "; a day is usual"
                return f"waybill uploaded {since}, no pickup scan for {lasted}{late}"
            case Kind.STALLED if state is not None:
                usual = f" ({self.span(state.usual)} is usual on this lane)" if state.usual else ""
                return f"no new scan for {self.span(state.quiet)}{usual}; the last: {self.last_scan(state, now)}"
            case Kind.SPLIT:
                return f"{len(verdict.parcels)} parcels: {', '.join(self.tally(verdict.parcels))}"
            case Kind.DISAGREE if state is not None:
                says = self.table.channel_says.get(verdict.reasons[0], verdict.reasons[0])
                return f"the platform says {says}; {self.carrier(state.parcel.carrier)} says {self.last_scan(state, now)}"
            case Kind.NOT_RECEIVED:
                return f"signed for {since} by the carrier's word; the customer got nothing{self.due(scene)}"
            case Kind.REFUNDED_MOVING:
                moving = f"; {self.last_scan(state, now)}" if state is not None else ""
                return f"refunded {since}{moving}"
            case Kind.REFUNDING:
                return f"refund submitted {since}{'' if verdict.normal else f', {lasted}: longer than usual'}"
            case Kind.REFUNDED:
                return f"refunded{f' {scene.order.refunded}' if scene.order.refunded.minor else ''} {since}"
            case Kind.CLOSED_UNPAID:
                return f"closed {since}"
            case Kind.COMPLETED:
                return f"completed {since}"
            case _ if verdict.aftersale is not None and verdict.since == verdict.aftersale.updated_at:
                return f"at this step since {since}{self.due(scene)}"
            case _ if state is not None and state.since is not None:
                return f"{self.last_scan(state, now)}{self.waiting(verdict.kind, state)}"
            case _:
                return since

    def tally(self, parcels: Sequence[ParcelState]) -> list[str]:
        counts: dict[str, int] = {}
        for each in parcels:
            counts[self.short(each.kind)] = counts.get(self.short(each.kind), 0) + 1
        return [f"{count} {name}" for name, count in counts.items()]

    def waiting(self, kind: Kind, state: ParcelState) -> str:
        if state.normal or state.quiet < QUIET_HOURS or kind in (Kind.EXCEPTION, Kind.RETURNED):
            return ""
        if kind is Kind.AT_PICKUP_POINT:
            return f", not collected for {self.span(state.quiet)}"
        return f", no move for {self.span(state.quiet)}"

    def due(self, scene: Scene) -> str:
        verdict, now = scene.verdict, scene.now
        if verdict.due is None:
            return ""
        opened = verdict.aftersale is not None and verdict.due == verdict.aftersale.deadline
        what = "ship by"
        if opened:
            what = "to be sent back by" if verdict.kind is Kind.AFTERSALE_BUYER else "to be settled by"
        rule = " (paid + 48 h rule)" if verdict.due_assumed else ""
        if verdict.due < now:
            return f", {what} {self.when(verdict.due, now)}: {self.span(now - verdict.due)} over{rule}"
        return f", {what} {self.when(verdict.due, now)}, {left(verdict.due - now, lang='en')} left{rule}"

    def next_step(self, scene: Scene) -> str:
        verdict = scene.verdict
        if verdict.kind is Kind.HELD:
            return self.table.hold_steps.get(verdict.reasons[0], "operations check and release")
        if verdict.kind is Kind.LABELLED and not verdict.normal:
            return "chase the pickup"
        return self.table.kinds[verdict.kind].step

    def receiver(self, order: Order) -> str:
        name, where = mask_name(order.receiver.name), place(order.receiver)
        return f"To {name}  {where}".rstrip() if name or where else ""

    def lines(self, order: Order) -> str:
        if not order.lines:
            return ""
        first = order.lines[0]
        shown = f"{safe_text(first.title or first.sku, 24)} ×{first.quantity}"
        return shown if len(order.lines) == 1 else f"{shown} and {len(order.lines) - 1} more"

    def carriage(self, scene: Scene) -> str:
        state, promise = scene.state, scene.verdict.arrival
        if state is None:
            return ""
        text = f"By {self.carrier(state.parcel.carrier)} {short_waybill(state.parcel.waybill)}"
        if promise is not None:
            return f"{text}{SEP}expected by {self.when(promise.by, scene.now)} (8 in 10)"
        eta = state.parcel.eta
        if eta is not None and eta > scene.now and not scene.verdict.final and state.kind is not Kind.DELIVERED:
            return f"{text}{SEP}the carrier says {self.when(eta, scene.now)}, no promise"
        return text

    def parcel(self, index: int, state: ParcelState, now: datetime) -> str:
        name = f"Parcel {index} {self.carrier(state.parcel.carrier)} {short_waybill(state.parcel.waybill)}"
        return f"{name}: {self.short(state.kind)}{', ' + self.when(state.since, now) if state.since else ''}"

    def charge(self, scene: Scene) -> str:
        role = self.table.holders[scene.verdict.holder]
        parts: list[str] = []
        if scene.person:
            job = self.table.holders[scene.role]
            parts.append(f"With {safe_text(scene.person, 24)}{f' ({job})' if job else ''}")
        elif role:
            parts.append(f"With {role}")
        step = self.next_step(scene)
        if step:
            parts.append(f"next: {step}")
        if scene.urged is not None:
            parts.append(f"chased {clock(scene.urged.at, scene.now, lang='en')}")
        return SEP.join(parts)

    def aftersale(self, after: Aftersale, now: datetime, *, clock_said: bool = False) -> str:
        parts = [
            f"After-sale: {self.table.aftersale_kinds[after.kind]} {after.amount}",
            self.table.aftersale_stages[after.stage],
        ]
        if after.deadline is not None and not clock_said:
            over = after.deadline < now
            rest = f"{self.span(now - after.deadline)} over" if over else f"{left(after.deadline - now, lang='en')} left"
            parts.append(rest)
        return SEP.join(parts)

    def approval(self, number: str, kind: str, amount: Money) -> str:
        return f"Approval {number} {safe_text(kind, 12)}{f' {amount}' if amount.minor else ''} is waiting"

    def held_too(self, reasons: Sequence[str]) -> str:
        return f"Also on hold: {self.hold(reasons)}"

    def lock(self) -> str:
        return "Settlement locked until operations review the margin"

    def unread_codes(self) -> str:
        return "The platform sent a status I do not know; treated in the safest way"

    def say_this(self, text: str) -> str:
        return f"You may tell the customer: {text}"

    def as_of(self, sources: Sequence[tuple[datetime, str]], now: datetime) -> str:
        if not sources:
            return "From an imported file; it does not update by itself"
        return "As of " + ", ".join(f"{clock(at, now, lang='en')} ({name})" for at, name in sources)

    def stale(self, age: timedelta) -> str:
        return f"⚠ not synced for {self.span(age)}, may be out of date"

    def to_customer(self, scene: Scene) -> str:
        verdict, state, now = scene.verdict, scene.state, scene.now
        arrival = f", expected by {self.when(verdict.arrival.by, now)}" if verdict.arrival else ""
        match verdict.kind:
            case Kind.LABELLED if verdict.normal:
                return "Hello, your parcel is packed and waits for the carrier. Tracking appears once it is picked up."
            case Kind.LABELLED:
                return "Hello, your parcel is packed; the carrier has not updated the pickup yet. We are asking."
            case Kind.STALLED if state is not None:
                spot = f"in {safe_text(state.place, 24)}" if state.place else "on its way"
                done = "have asked" if scene.urged is not None else "are asking"
                rest = arrival or "; we will tell you as soon as it moves"
                return f"Hello, your parcel is {spot}. We {done} {self.carrier(state.parcel.carrier)} to speed it up{rest}."
            case Kind.HELD if verdict.reasons[0] == "address_review":
                return "Hello, we are checking your new address and ship right after."
            case Kind.HELD if verdict.reasons[0] == "refund":
                return "Hello, we received your refund request. Nothing ships while we handle it."
        promised = verdict.kind is Kind.TO_SHIP and verdict.due is not None and not verdict.due_assumed
        return self.table.kinds[verdict.kind].customer.format(
            due=f" and ships by {self.when(verdict.due, now)}" if promised and verdict.due else "",
            at=f", last seen in {safe_text(state.place, 24)}" if state is not None and state.place else "",
            eta=arrival,
            since=f" {self.when(verdict.since, now)}" if verdict.since else "",
            count=len(verdict.parcels),
        )
