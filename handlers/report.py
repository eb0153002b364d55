"""The day and the month in a few lines: figures with their change, what stands open, and which feed was silent."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from domain.clock import SHANGHAI
from domain.dates import DateRange
from domain.metrics import METRICS
from domain.people import Actor
from domain.query import build
from domain.store import Reads
from handlers.desk import Desk
from handlers.kpi_look import look
from handlers.words.kpi import change_text, title, value_text

DAILY = ("orders", "gmv", "fulfilment_p95", "on_time", "late_orders", "refund_amount", "exceptions")
MONTHLY = (*DAILY, "average_order", "refund_rate", "exception_share", "manual_interventions")


def period(kind: str, now: datetime) -> DateRange:
    """Yesterday, or last month, by the Shanghai calendar."""
    today = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "daily":
        return DateRange(today - timedelta(days=1), today, "昨天")
    first = today.replace(day=1)
    return DateRange((first - timedelta(days=1)).replace(day=1), first, "上月")


def report(reads: Reads, kind: str, actor: Actor, now: datetime, desk: Desk) -> dict[str, Any]:
    """Figures of a period. A metric over a silent feed is given without a comparison: a dead feed is no trend."""
    asked = period(kind, now)
    figures, silent = [], set()
    for code in DAILY if kind == "daily" else MONTHLY:
        metric = METRICS[code]
        seen = look(reads, build(metric, asked, now, lang=desk.lang), actor, desk)
        silent |= {desk.channels.name(each.channel, each.shop) for each in seen.silent}
        for currency, parts in sorted(seen.whole.items()):
            if parts.value(metric) is None:
                continue
            earlier = seen.before.get(currency)
            figures.append(
                {
                    "metric": code,
                    "title": title(metric, desk.lang),
                    "value": value_text(metric, parts, currency, desk.lang),
                    "change": change_text(metric, parts, earlier, currency, desk.lang)
                    if earlier is not None and not seen.silent
                    else "",
                }
            )
    alerts = Counter(alert.title for alert in reads.alerts.standing())
    return {
        "kind": kind,
        "period": [asked.start.isoformat(), asked.end.isoformat()],
        "figures": figures,
        "open_alerts": [{"title": name, "count": count} for name, count in alerts.most_common(5)],
        "waiting_approvals": len(reads.approvals.waiting()),
        "silent_sources": sorted(silent),
    }


def in_words(made: dict[str, Any], label: str) -> str:
    """The report as a short message."""
    lines = [f"{label}"]
    lines += [
        f"· {each['title']} {each['value']}" + (f"，{each['change']}" if each["change"] else "") for each in made["figures"]
    ]
    if not made["figures"]:
        lines.append("· 这段时间没有订单。")
    if made["waiting_approvals"]:
        lines.append(f"· 还有 {made['waiting_approvals']} 张申请等着批")
    lines += [f"· 未解除：{each['title']} {each['count']} 条" for each in made["open_alerts"]]
    if made["silent_sources"]:
        lines.append(f"· {'、'.join(made['silent_sources'])} 的数据不全，没有做对比")
    return "\n".join(lines)
