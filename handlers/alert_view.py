"""How an alert looks: drawn from the store when it leaves, and again whenever it changes."""

from __future__ import annotations

import asyncio
import csv
import io
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from domain.alert import SUPERSEDED, State, is_digest
from domain.chat import Ask, Button, ButtonStyle, Card, ChatRef, Document, Picture, Reply, Tone
from domain.clock import SHANGHAI, moment
from domain.errors import Refused
from domain.rules import RuleBook, Severity
from domain.store import Alert, Json, Reads, Stock, StockMove
from handlers.alert_raise import rulebook
from handlers.charts import StockDay, stock_chart
from handlers.desk import Desk
from handlers.words.alerts import Zh, words

log = structlog.get_logger()
MAX_LINES = 8
MAX_BYTES = 2_000  # of the text: far below every platform's limit (WeCom 2 048-4 096, DingTalk 20 000)
_MARK = {Tone.BAD: "🔴", Tone.WATCH: "🟡", Tone.DONE: "✅", Tone.INFO: "🔵"}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a card is drawn from. `holder`: whose claim and snooze count, the digest when it went out in one."""

    alert: Alert
    holder: Alert
    kind: str


def look(reads: Reads, alert_id: int, book: RuleBook) -> Looked:
    """Raises Refused when there is no such alert."""
    alert = reads.alerts.get(alert_id)
    if alert is None:
        raise Refused("这条报警已经不在了。")
    holder = alert
    digest = int(alert.facts.get("digest") or 0)
    if digest and not is_digest(alert) and alert.state == State.OPEN:
        holder = reads.alerts.get(digest) or alert
    rule = book.named(alert.rule)
    return Looked(alert, holder, rule.kind if rule else "")


def tone_of(alert: Alert) -> Tone:
    if alert.state == State.RESOLVED:
        return Tone.INFO if alert.facts.get("resolved_by") == SUPERSEDED else Tone.DONE
    if alert.severity == Severity.CRITICAL:
        return Tone.BAD
    return Tone.WATCH if alert.severity == Severity.WARNING else Tone.INFO


def draw(looked: Looked, now: datetime, desk: Desk) -> Reply:
    """The card and the same facts as text."""
    say, alert = words(desk.lang), looked.alert
    seen, shown = alert.facts.get("seen", {}), alert.facts.get("shown", {})
    if is_digest(alert):
        title = say.digest_title(alert.title, alert.facts["members"])
        lines = say.digest_body(alert.facts, alert.title, now)
    else:
        title = say.title(looked.kind, alert.title, seen, shown)
        lines = say.body(looked.kind, seen, shown, now)
    rule = rulebook(desk).named(alert.rule)
    if seen.get("loyal") and rule is not None and rule.note:
        lines.append(say.loyal(rule.note))
    lines += _state_lines(looked, say, now)
    lines = lines[:MAX_LINES]
    tone = tone_of(alert)
    footer = say.footer(alert.rule, alert.rule_version, alert.first_at, 1 if is_digest(alert) else alert.count, now)
    card = Card(title, tuple(lines), tone, alert.number, buttons_of(looked, say, desk), (), footer)
    text = _capped("\n".join([f"{_MARK[tone]} {title}  {alert.number}", *lines]))
    return Reply(text, card)


def _capped(text: str) -> str:
    raw = text.encode()
    return text if len(raw) <= MAX_BYTES else raw[: MAX_BYTES - 3].decode(errors="ignore") + "…"


def _state_lines(looked: Looked, say: Zh, now: datetime) -> list[str]:
    alert, holder = looked.alert, looked.holder
    lines = [say.note(who, text) for who, _, text in alert.facts.get("notes", [])[-2:]]
    if alert.state == State.RESOLVED and alert.resolved_at is not None:
        return [*lines, say.resolved(alert.resolved_at, str(alert.facts.get("resolved_by", "")), now)]
    if holder.claimed_by and holder.claimed_at is not None:
        lines.append(say.claimed(holder.claimed_by, holder.claimed_at, now))
    if holder.state == State.SNOOZED:
        by = (holder.facts.get("snooze") or {}).get("by", "")
        lines.append(say.snoozed(by, holder.snoozed_until, now))
    return lines


def buttons_of(looked: Looked, say: Zh, desk: Desk) -> tuple[Button, ...]:
    """A button for each thing that can still be done."""
    alert, sign = looked.alert, desk.signer.sign
    subject, number = f"alert:{alert.id}", alert.number
    why = Button(say.why_button, sign("alert.why", subject), command=f"为什么 {number}")
    if alert.state == State.RESOLVED:
        if alert.useful:
            return (why,)
        return (
            Button(say.useful_button, sign("alert.useful", subject, "useful"), command=f"有用 {number}"),
            Button(say.noise_button, sign("alert.useful", subject, "noise"), command=f"没用 {number}"),
            why,
        )
    buttons = []
    if looked.kind == "margin" and not is_digest(alert):
        shown = str(alert.facts["seen"]["margin_bp"])
        buttons += [
            Button(say.release_button, sign("margin.release", subject, shown), ButtonStyle.DANGER),
            Button(say.keep_button, sign("margin.keep", subject, shown)),
        ]
    if not looked.holder.claimed_by:
        buttons.append(Button(say.claim_button, sign("alert.claim", subject), ButtonStyle.PRIMARY, command=f"认领 {number}"))
    ask = Ask(say.snooze_prompt, "until", say.snooze_choices)
    buttons += [Button(say.snooze_button, sign("alert.snooze", subject), command=f"稍后 {number} 2小时", ask=ask), why]
    return tuple(buttons)


# --- views ------------------------------------------------------------------------------------------------------------


async def alert_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """A message of its own: the card, and for stock the picture of the day."""
    now, book = desk.clock.now(), rulebook(desk)
    looked = await desk.store.read(lambda r: look(r, int(args["id"]), book))
    reply = draw(looked, now, desk)
    if looked.kind == "stock_low" and not is_digest(looked.alert):
        picture = await _stock_picture(looked.alert, now, desk)
        if picture is not None:
            return Reply(reply.text, reply.card, (picture,))
    return reply


async def subject_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """The live card alone: pictures are not sent again."""
    now, book = desk.clock.now(), rulebook(desk)
    looked = await desk.store.read(lambda r: look(r, int(args["id"]), book))
    return draw(looked, now, desk)


async def digest_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """One message for many, with the list of every one as a file."""
    now, book = desk.clock.now(), rulebook(desk)

    def work(reads: Reads) -> tuple[Looked, list[Alert]]:
        looked = look(reads, int(args["id"]), book)
        since = moment(int(looked.alert.facts["since"]))
        members = [m for m in reads.alerts.history(looked.alert.rule, since) if m.facts.get("digest") == looked.alert.id]
        return looked, members

    looked, members = await desk.store.read(work)
    reply = draw(looked, now, desk)
    say = words(desk.lang)
    content = await asyncio.to_thread(listing, members, say)
    name = f"{say.list_name}-{looked.alert.number}.csv"
    return Reply(reply.text, reply.card, documents=(Document(content, name, "text/csv; charset=utf-8"),))


def listing(members: list[Alert], say: Zh) -> bytes:
    """A CSV that Excel opens as Chinese (BOM), with nothing that a spreadsheet would run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(say.list_head)
    for member in members:
        seen, shown = member.facts.get("seen", {}), member.facts.get("shown", {})
        what = shown.get("number") or member.facts.get("entity", "")
        amount = f"{int(shown.get('amount_minor', 0)) / 100:.2f}"
        at = member.first_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        place = (seen.get("channel", ""), seen.get("warehouse", ""))
        row = (member.number, what, *place, amount, shown.get("goods", ""), at)
        writer.writerow([_cell(str(value)) for value in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cell(text: str) -> str:
    if text.isdigit() and len(text) > 11:
        return f"\t{text}"  # spreadsheets round numbers beyond 15 digits
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


async def step_view(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """The ladder's call. Raises Refused when somebody took it, or it ended, while the call waited."""
    now, book = desk.clock.now(), rulebook(desk)
    looked = await desk.store.read(lambda r: look(r, int(args["id"]), book))
    alert = looked.alert
    if alert.state != State.OPEN or looked.holder.claimed_by:
        raise Refused("已有人处理，不再催。")
    say = words(desk.lang)
    button = Button(say.claim_button, desk.signer.sign("alert.claim", f"alert:{alert.id}"), command=f"认领 {alert.number}")
    text = say.step(alert.number, alert.title, now - (alert.sent_at or alert.first_at), str(args["role"]))
    return Reply(text, choices=(button,))


async def _stock_picture(alert: Alert, now: datetime, desk: Desk) -> Picture | None:
    seen = alert.facts["seen"]
    sku, warehouse = str(seen["sku"]), str(seen["warehouse"])
    since = now - timedelta(hours=24)

    def work(reads: Reads) -> tuple[Stock | None, list[StockMove]]:
        return reads.stock.level(sku, warehouse), reads.stock.moves(sku, warehouse, since)

    level, moves = await desk.store.read(work)
    if level is None:
        return None
    day = StockDay.of(level, moves, now, per_hour=int(seen["sold_per_hour"]))
    try:
        return await asyncio.to_thread(stock_chart, day)
    except Exception:
        # The words hold every figure; a drawing that fails must not hold the warning back.
        log.exception("chart.failed", alert=alert.number)
        return None
