"""What waits for me (A4): approvals, alerts, orders I follow, today's shipping list, exceptions; each role its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.chat import Button, Card, Reply, Tone
from domain.clock import millis
from domain.people import Actor, May, Role
from domain.privacy import safe_text, short_number
from domain.store import Alert, Approval, Json, OrderCard, Reads
from domain.verdict import judge
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.order_actions import following_key
from handlers.order_search import sees
from handlers.orders import remember
from handlers.todo_alerts import alert_line, show_button, worst_first
from handlers.words.lists import lists
from handlers.words.orders import MARK, SEP, words
from handlers.words.times import left, span, when

PAGE = 6
_MINE = 4
_UNCLAIMED = 3
# Read through the index of open stages (the first condition repeats its predicate), never a scan of all orders.
_OPEN = "stage IN ('hold','to_ship','part_shipped') AND stage = 'to_ship'"
_LABELLED = "EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = orders.id)"
_PICKUP_SPAN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Mine:
    """Everything that waits for one person."""

    approvals: tuple[Approval, ...]
    claimed: tuple[Alert, ...]
    unclaimed: tuple[Alert, ...]
    following: tuple[OrderCard, ...]
    to_ship: int = 0
    late: int = 0


async def todo(question: Question, actor: Actor, desk: Desk) -> Reply:
    """我的待办, 今日发货清单, 异常单, 等我审批: one list each."""
    view = question.plan.extra.get("view", "") if question.plan else str(question.slots.get("view") or "")
    if view == "to_ship":
        page = question.plan.extra.get("page", "1") if question.plan else "1"
        return await shipping((int(page) - 1) * PAGE if page.isdecimal() else 0, actor, desk)
    if view == "exceptions":
        return await exceptions(actor, desk)
    return await mine(actor, desk, only_approvals=view in ("approvals", "service"))


# --- mine -------------------------------------------------------------------------------------------------------------


async def mine(actor: Actor, desk: Desk, *, only_approvals: bool = False) -> Reply:
    now = desk.clock.now()
    seen = await desk.store.read(lambda r: _mine(r, actor, now, only_approvals=only_approvals))
    lang, who = actor.lang, safe_text(actor.person.name, 12)
    lines: list[str] = []
    buttons: list[Button] = []
    if seen.approvals:
        lines.append(lists(lang, "todo.approvals", count=len(seen.approvals)))
        for each in seen.approvals[:_MINE]:
            lines.append(f"· {_approval(each, actor, now, desk)}")
            token = desk.signer.sign("approval.show", f"approval:{each.id}")
            buttons.append(Button(lists(lang, "todo.show", number=each.number), token))
    if seen.to_ship:
        late = lists(lang, "todo.late", count=seen.late) if seen.late else ""
        lines.append(lists(lang, "todo.to_ship", count=seen.to_ship, late=late))
    if seen.claimed:
        lines.append(lists(lang, "todo.alerts", count=len(seen.claimed)))
        lines += [alert_line(each, lang, desk) for each in seen.claimed[:_MINE]]
        buttons += [show_button(each, lang, desk) for each in seen.claimed[:_MINE]]
    if seen.unclaimed:
        lines.append(lists(lang, "todo.open_alerts", count=len(seen.unclaimed)))
        shown = worst_first(seen.unclaimed)[:_UNCLAIMED]
        lines += [alert_line(each, lang, desk) for each in shown]
        buttons += [show_button(each, lang, desk) for each in shown]
    if seen.following:
        lines.append(lists(lang, "todo.following", count=len(seen.following)))
        for card in seen.following[:_MINE]:
            lines.append(f"· {_order(card, actor, now, desk)}")
            token = desk.signer.sign("ask.pick", f"order:{card.stored.id}", "where_is_order")
            buttons.append(Button(lists(lang, "todo.show", number=short_number(card.stored.order.number)), token))
    if not lines:
        return Reply(lists(lang, "todo.clear", who=who))
    title = lists(lang, "todo.head", who=who)
    tone = Tone.WATCH if seen.approvals or seen.late else Tone.INFO
    return Reply("\n".join((title, *lines)), Card(title, tuple(lines), tone, buttons=tuple(buttons[:8])))


def _mine(reads: Reads, actor: Actor, now: datetime, *, only_approvals: bool) -> Mine:
    waiting = tuple(each for each in reads.approvals.waiting(limit=200) if _decides(each, actor))
    if only_approvals:
        return Mine(waiting, (), (), ())
    claimed: tuple[Alert, ...] = ()
    unclaimed: tuple[Alert, ...] = ()
    if May.HANDLE_ALERT in actor.may:
        standing = [each for each in reads.alerts.standing(limit=500) if _concerns(reads, each, actor)]
        claimed = tuple(each for each in standing if each.claimed_by == actor.person.name)
        unclaimed = tuple(each for each in standing if each.state == "open")
    kept = (reads.cursors.get(following_key(actor.person.person_id)) or "").split()
    cards = [card for card in (reads.orders.card(int(each)) for each in reversed(kept[-20:])) if card is not None]
    following = tuple(
        card
        for card in cards
        if card.stored.owner == actor.person.name and sees(actor, card.stored) and not judge(card, now).final
    )
    to_ship = late = 0
    if actor.person.roles & {Role.WAREHOUSE, Role.MANAGER} and May.ASK_ORDERS in actor.may:
        where, given = _scope(actor)
        to_ship, late = (
            _count(reads, where, given),
            _count(reads, f"{where} AND ship_by < :now", {**given, "now": millis(now)}),
        )
    return Mine(waiting, claimed, unclaimed, following, to_ship, late)


def _decides(approval: Approval, actor: Actor) -> bool:
    """Whether this step waits for somebody like this person, and they have not asked for it themselves."""
    if approval.step >= len(approval.steps) or not actor.sees_shop(approval.shop):
        return False
    if approval.requester_id == actor.person.person_id:
        return False
    return approval.steps[approval.step] in {may.value for may in actor.may}


def _concerns(reads: Reads, alert: Alert, actor: Actor) -> bool:
    if not (actor.person.shops or actor.person.warehouses) or not alert.order_ids:
        return True
    stored = reads.orders.by_id(alert.order_ids[0])
    return stored is None or sees(actor, stored)


def _approval(each: Approval, actor: Actor, now: datetime, desk: Desk) -> str:
    lang = actor.lang
    rest = ""
    if each.due_at is not None and each.due_at >= now:
        rest = lists(lang, "todo.left", left=left(each.due_at - now, lang=lang))
    elif each.due_at is not None:
        rest = lists(lang, "todo.over", over=span(now - each.due_at, lang=lang))
    known = each.kind in ("refund", "return", "exchange", "address", "cancel")
    return lists(
        lang,
        "todo.approval",
        number=each.number,
        kind=lists(lang, f"kind.{each.kind}") if known else safe_text(each.kind, 8),
        amount=f" {each.amount}" if each.amount.minor else "",
        shop=desk.channels.name(each.channel, each.shop),
        order=short_number(each.order_number),
        left=rest,
    )


def _order(card: OrderCard, actor: Actor, now: datetime, desk: Desk) -> str:
    order, verdict = card.stored.order, judge(card, now)
    return lists(
        actor.lang,
        "todo.order",
        mark=MARK[verdict.tone],
        shop=desk.channels.name(order.channel, order.shop),
        number=short_number(order.number),
        head=words(actor.lang).table.kinds[verdict.kind].head,
    )


# --- today's shipping list --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shipping:
    cards: tuple[OrderCard, ...]
    total: int
    late: int
    labelled: int
    to_pick: int


async def shipping(offset: int, actor: Actor, desk: Desk) -> Reply:
    """What the warehouse has to send, most urgent first, a page at a time."""
    now = desk.clock.now()
    seen = await desk.store.read(lambda r: _shipping(r, offset, actor, now))
    await remember([0] * offset + [card.stored.id for card in seen.cards], actor, now, desk)  # for 第 2 个
    lang = actor.lang
    if not seen.total and not seen.to_pick:
        return Reply(lists(lang, "todo.nothing_to_ship"))
    late = lists(lang, "todo.late", count=seen.late) if seen.late else ""
    title = lists(lang, "todo.to_ship", count=seen.total, late=late)
    groups = [
        lists(lang, "todo.pack", count=seen.total - seen.labelled),
        lists(lang, "todo.label", count=seen.labelled),
        lists(lang, "todo.pickup", count=seen.to_pick),
    ]
    lines = [SEP.join(groups)]
    lines += [f"{index}. {_ship_line(card, actor, now)}" for index, card in enumerate(seen.cards, offset + 1)]
    rest = seen.total - offset - len(seen.cards)
    buttons: tuple[Button, ...] = ()
    if rest > 0:
        lines.append(lists(lang, "todo.more", count=rest))
        token = desk.signer.sign("todo.page", f"page:{offset + PAGE}")
        buttons = (Button(lists(lang, "todo.next"), token, command=lists(lang, "todo.next")),)
    scope = "、".join(safe_text(each, 12) for each in sorted(actor.person.warehouses or actor.person.shops))
    footer = lists(lang, "todo.scope", scope=scope) if scope else ""
    tone = Tone.BAD if seen.late else Tone.INFO
    text = "\n".join(part for part in (f"{MARK[tone]} {title}", *lines, footer) if part)
    return Reply(text, Card(title, tuple(lines), tone, buttons=buttons, footer=footer))


async def next_page(press: Press, actor: Actor, desk: Desk) -> Reply:
    return await shipping(press.token.subject_id, actor, desk)


def _shipping(reads: Reads, offset: int, actor: Actor, now: datetime) -> Shipping:
    where, given = _scope(actor)
    ids = reads.rows(
        f"SELECT id FROM orders WHERE {where} ORDER BY CASE WHEN ship_by IS NULL THEN 1 ELSE 0 END, ship_by, id"  # noqa: S608
        f" LIMIT {PAGE} OFFSET {offset:d}",
        given,
    )
    cards = [card for card in (reads.orders.card(int(row[0])) for row in ids) if card is not None]
    return Shipping(
        tuple(cards),
        _count(reads, where, given),
        _count(reads, f"{where} AND ship_by < :now", {**given, "now": millis(now)}),
        _count(reads, f"{where} AND {_LABELLED}", given),
        _waiting_pickup(reads, actor, now),
    )


def _waiting_pickup(reads: Reads, actor: Actor, now: datetime) -> int:
    """Labels of the last three days that no carrier has scanned: a range of the time-ordered key, not a scan."""
    scope, given = _who_sees(actor)
    since = int((now - _PICKUP_SPAN).timestamp()) << 31
    rows = reads.rows(
        "SELECT COUNT(*) FROM orders JOIN parcels p ON p.order_id = orders.id WHERE orders.id >= :since"  # noqa: S608
        f" AND orders.stage = 'shipped' AND p.picked_at IS NULL{scope}",
        {**given, "since": since},
    )
    return int(rows[0][0])


def _count(reads: Reads, where: str, given: Json) -> int:
    return int(reads.rows(f"SELECT COUNT(*) FROM orders WHERE {where}", given)[0][0])  # noqa: S608


def _scope(actor: Actor) -> tuple[str, Json]:
    scope, given = _who_sees(actor)
    return _OPEN + scope, given


def _who_sees(actor: Actor) -> tuple[str, Json]:
    """The asker's shops and warehouses as conditions with parameters: names never become SQL text."""
    text, given = "", {}
    for column, names in (("shop", actor.person.shops), ("warehouse", actor.person.warehouses)):
        if names:
            marks = []
            for index, name in enumerate(sorted(names)):
                given[f"{column}{index}"] = name
                marks.append(f":{column}{index}")
            none_yet = " OR orders.warehouse = ''" if column == "warehouse" else ""
            text += f" AND (orders.{column} IN ({','.join(marks)}){none_yet})"
    return text, given


def _ship_line(card: OrderCard, actor: Actor, now: datetime) -> str:
    order, lang = card.stored.order, actor.lang
    due = lists(lang, "todo.no_due")
    if order.ship_by is not None and order.ship_by < now:
        due = lists(lang, "todo.overdue", over=span(now - order.ship_by, lang=lang))
    elif order.ship_by is not None:
        due = lists(lang, "todo.due", at=when(order.ship_by, now, lang=lang))
    goods = words(lang).lines(order)
    return lists(lang, "todo.ship_line", number=short_number(order.number), goods=goods, due=due)


# --- exceptions -------------------------------------------------------------------------------------------------------


async def exceptions(actor: Actor, desk: Desk) -> Reply:
    """异常单: what stands open, with a button to each alert's card."""
    lang = actor.lang

    def look(reads: Reads) -> Sequence[Alert]:
        return [each for each in reads.alerts.standing(limit=500) if _concerns(reads, each, actor)]

    standing = await desk.store.read(look)
    if not standing or May.HANDLE_ALERT not in actor.may:
        return Reply(lists(lang, "todo.no_exceptions"))
    shown = worst_first(standing)[:PAGE]
    title = lists(lang, "todo.exceptions", count=len(standing))
    lines = [alert_line(each, lang, desk) for each in shown]
    if len(standing) > len(shown):
        lines.append(lists(lang, "todo.more", count=len(standing) - len(shown)))
    buttons = tuple(show_button(each, lang, desk) for each in shown)
    tone = Tone.BAD if any(each.severity == "critical" for each in standing) else Tone.WATCH
    return Reply("\n".join((f"{MARK[tone]} {title}", *lines)), Card(title, tuple(lines), tone, buttons=buttons))


FEATURE = Feature(
    "todo",
    questions={"todo": Need(todo, None)},
    actions={"todo.page": Need(next_page, May.ASK_ORDERS)},
)
