"""All that an approval's card, note or page says, read in one go and masked: nothing on it is older than the drawing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.approval import State, Verdict, standing
from domain.clock import SHANGHAI, moment
from domain.fingerprint import material
from domain.money import Money
from domain.order import Aftersale, Order
from domain.privacy import mask_name, safe_text, short_number
from domain.store import Approval, Reads, StoredOrder
from handlers.approval_calls import Way, can_refuse, way
from handlers.approval_open import customer_record, margin_after, whose_turn
from handlers.desk import Desk
from handlers.page_links import voided
from handlers.words.approvals import Words, words
from handlers.words.times import clock

_SKU_LIMIT = 400
PAGE_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sheet:
    """An approval with what it is about, ready to be put into words."""

    approval: Approval
    now: datetime
    say: Words
    channel: str  # 抖音
    shop: str  # 抖音旗舰店
    stored: StoredOrder | None
    aftersale: Aftersale | None
    turn: tuple[str, ...]  # names of those who may take the step that waits
    record: tuple[int, int]
    margin: Money | None
    sku_refunds: tuple[
        int, int, bool
    ]  # this month, the month before up to the same day, whether there were too many to count
    way: Way
    refusable: bool
    reasons: tuple[str, ...]
    moved: tuple[tuple[str, str, str], ...]
    photo_url: str


def read_sheet(reads: Reads, approval: Approval, now: datetime, desk: Desk) -> Sheet:
    """Everything from one moment of the store."""
    card = reads.orders.card(approval.order_id) if approval.order_id else None
    stored = card.stored if card else reads.orders.get(approval.channel, approval.shop, approval.order_number)
    aftersales = card.aftersales if card else ()
    order = stored.order if stored else None
    deciding = approval.state in (State.WAITING, State.ESCALATED, State.DRAFT)
    facts = approval.facts or {}
    if deciding:
        kept = facts.get("material") or {}
        now_facts = material(order, next((a for a in aftersales if a.number == approval.subject), None))
        moved = tuple((name, kept[name], value) for name, value in now_facts.items() if name in kept and kept[name] != value)
    else:
        moved = tuple((str(a), str(b), str(c)) for a, b, c in facts.get("moved", ()))
    return Sheet(
        approval=approval,
        now=now,
        say=words(desk.lang),
        channel=desk.channels.name(approval.channel),
        shop=desk.channels.name(approval.channel, approval.shop),
        stored=stored,
        aftersale=next((a for a in aftersales if a.number == approval.subject), None),
        turn=tuple(person.name for person in whose_turn(reads, approval, desk)),
        record=customer_record(reads, order, now) if order and deciding else (0, 0),
        margin=margin_after(reads, order, approval.kind, approval.amount, now) if order and deciding else None,
        sku_refunds=_sku_refunds(reads, order, facts.get("lines") or [], now) if order and deciding else (0, 0, False),
        way=way(approval, Verdict.AGREE, order, desk),
        refusable=can_refuse(approval, desk),
        reasons=_reasons(approval, desk),
        moved=moved,
        photo_url=page_url(approval, now, desk, since=voided(reads)) if facts.get("photos") else "",
    )


def page_url(approval: Approval, now: datetime, desk: Desk, *, since: datetime) -> str:
    """A signed link to the evidence page. The day is rounded so that redrawing a card does not change its link; links made
    before `since` are void.
    """
    until = max(since, now.replace(hour=0, minute=0, second=0, microsecond=0)) + PAGE_FOR
    token = desk.signer.page("evidence", f"approval:{approval.id}", until=until, scope="staff")
    return f"{desk.base_url}/p/evidence/{token}"


def _reasons(approval: Approval, desk: Desk) -> tuple[str, ...]:
    policy = desk.policy.approvals
    return tuple(policy.refusals.get(approval.kind, ())) if policy is not None else ()


def _sku_refunds(reads: Reads, order: Order, line_ids: list[str], now: datetime) -> tuple[int, int, bool]:
    line = next((each for each in order.lines if each.line_id in line_ids), order.lines[0] if order.lines else None)
    if line is None or not line.sku:
        return 0, 0, False
    local = now.astimezone(SHANGHAI)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = (first - timedelta(days=1)).replace(day=1)
    this_month = reads.orders.by_sku(line.sku, since=first, until=now, limit=_SKU_LIMIT)
    last_month = reads.orders.by_sku(line.sku, since=before, until=before + (local - first), limit=_SKU_LIMIT)
    count = sum(each.order.refunded.minor > 0 for each in this_month)
    earlier = sum(each.order.refunded.minor > 0 for each in last_month)
    return count, earlier, len(this_month) == _SKU_LIMIT


# --- small phrases ----------------------------------------------------------------------------------------------------


def order_line(sheet: Sheet) -> str:
    """`抖音旗舰店 …0417 王** · 沙发套 ×1 · 已签收`."""
    approval, say = sheet.approval, sheet.say
    number = short_number(approval.order_number)
    if sheet.stored is None:
        return say("order_missing", shop=sheet.shop, number=number)
    order = sheet.stored.order
    stage = say(f"phase.{material(order)['phase']}")
    who = mask_name(order.receiver.name)
    return say("order", shop=sheet.shop, number=number, who=who, goods=goods(order), stage=stage).replace("  ", " ")


def goods(order: Order) -> str:
    """`沙发套 ×1 等 3 件`-like, short."""
    if not order.lines:
        return "—"
    first = order.lines[0]
    more = f" +{len(order.lines) - 1}" if len(order.lines) > 1 else ""
    return f"{safe_text(first.title or first.sku, 16)} ×{first.quantity}{more}"


def trail(sheet: Sheet) -> str:
    """`客服 张明 14:02 → 财务 周会计 14:09 → 抖音 14:10 回执 R2291`."""
    say, approval = sheet.say, sheet.approval
    steps: list[str] = []
    for word in standing(approval):
        role = say(f"role.{approval.steps[word.step]}") if word.step < len(approval.steps) else ""
        at = clock(word.at, sheet.now, lang=say.lang)
        name = safe_text(word.person_name, 16)
        if word.verdict == Verdict.REFUSE:
            steps.append(say("t.refused", role=role, name=name, at=at, note=safe_text(word.note, 40)))
        else:
            steps.append(say("t.step", role=role, name=name, at=at))
    handled = next((d for d in reversed(approval.decisions) if d.verdict == Verdict.HANDLED), None)
    if handled is not None:
        at = clock(handled.at, sheet.now, lang=say.lang)
        steps.append(say("t.step", role=sheet.channel, name=safe_text(handled.person_name, 16), at=at))
    receipt = (approval.facts or {}).get("receipt")
    if receipt and approval.state in (State.DONE, State.REFUSED, State.UNKNOWN):
        at = clock(moment(receipt["at"]), sheet.now, lang=say.lang)
        key = "t.receipt" if receipt["reference"] else "t.receipt_short"
        steps.append(say(key, channel=sheet.channel, at=at, reference=safe_text(receipt["reference"], 40)))
    return " → ".join(steps)


def moved_words(sheet: Sheet) -> str:
    """What changed, as people read it: `申请金额 ¥268.00 → ¥168.00`."""
    # A platform's version stamp moves with everything else; it is only worth words when it moved alone.
    shown = [each for each in sheet.moved if each[0] != "aftersale_version"] or list(sheet.moved)
    phrases = []
    for name, before, after in shown[:3]:
        if name == "phase":
            before, after = sheet.say(f"phase.{before}"), sheet.say(f"phase.{after}")
        elif name in ("total", "paid", "refunded", "aftersale_amount"):
            before, after = _money(before), _money(after)
        phrases.append(sheet.say(f"f.{name}", before=before, after=after))
    return "；".join(phrases) if sheet.say.lang == "zh" else "; ".join(phrases)


def _money(text: str) -> str:
    minor, _, currency = text.partition(" ")
    return str(Money(int(minor), currency or "CNY"))


def waybills(sheet: Sheet) -> str:
    if sheet.stored is None:
        return ""
    return "、".join(short_number(parcel.waybill) for parcel in sheet.stored.order.parcels[:3])


def why_words(sheet: Sheet) -> str:
    """`result` of the approval as a reason: our own words for our own cases, the platform's for its."""
    say, approval = sheet.say, sheet.approval
    result = approval.result
    if result.startswith("platform:"):
        return say("w.platform", channel=sheet.channel, reason=result.removeprefix("platform:"))
    if result == "back_office" and standing(approval) and standing(approval)[-1].verdict == Verdict.REFUSE:
        result = "back_office_refuse"
    if not say.has(f"w.{result}"):
        return safe_text(result, 80)
    deadline = (approval.facts or {}).get("deadline")
    return say(
        f"w.{result}",
        channel=sheet.channel,
        stage=_aftersale_stage(sheet),
        at=clock(moment(deadline), sheet.now, lang=say.lang) if deadline else "",
        what=moved_words(sheet),
        waybills=waybills(sheet),
    )


def _aftersale_stage(sheet: Sheet) -> str:
    return stage_words(sheet.aftersale, sheet.say.lang)


_STAGES = {
    "wait_merchant": ("待商家处理", "waiting for us"),
    "wait_buyer_return": ("待买家寄回", "waiting for the return"),
    "wait_merchant_receive": ("待验收退货", "return to be inspected"),
    "refunding": ("退款中", "refunding"),
    "refunded": ("已退款", "refunded"),
    "refused": ("已拒绝", "refused"),
    "cancelled": ("买家已撤销", "withdrawn by the buyer"),
    "exchange": ("换货中", "exchange"),
    "reship": ("补发中", "reship"),
    "repair": ("维修中", "repair"),
    "arbitration": ("平台介入中", "arbitration"),
}


def stage_words(aftersale: Aftersale | None, lang: str) -> str:
    """An after-sale's stage as people say it."""
    if aftersale is None:
        return "已处理" if lang == "zh" else "settled"
    return _STAGES[aftersale.stage.value][0 if lang == "zh" else 1]
