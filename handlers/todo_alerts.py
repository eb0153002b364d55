"""Alerts in a list: the worst first, each with what it is about, and a button that opens its card."""

from __future__ import annotations

from collections.abc import Iterable

from domain.alert import is_digest
from domain.chat import Button, Tone
from domain.privacy import safe_text
from domain.store import Alert
from handlers.alert_raise import rulebook
from handlers.desk import Desk
from handlers.words.alerts import words
from handlers.words.lists import lists
from handlers.words.orders import MARK

_ORDER = {"critical": 0, "warning": 1}


def worst_first(alerts: Iterable[Alert]) -> list[Alert]:
    """By severity, the oldest of each first."""
    return sorted(alerts, key=lambda each: (_ORDER.get(each.severity, 2), each.first_at))


def alert_line(alert: Alert, lang: str, desk: Desk) -> str:
    """`🔴 K6 库存告急  沙发套-灰 · 杭州仓`: a title alone does not say which of five it is."""
    rule = rulebook(desk).named(alert.rule)
    title = alert.title
    if rule is not None and not is_digest(alert):
        title = words(lang).title(rule.kind, title, alert.facts.get("seen", {}), alert.facts.get("shown", {}))
    mark = MARK[{"critical": Tone.BAD, "warning": Tone.WATCH}.get(alert.severity, Tone.INFO)]
    return lists(lang, "todo.alert", mark=mark, number=alert.number, title=safe_text(title, 48))


def show_button(alert: Alert, lang: str, desk: Desk) -> Button:
    """Opens the alert's card, where it is claimed, put off and explained."""
    label = lists(lang, "todo.show", number=alert.number)
    return Button(label, desk.signer.sign("alert.show", f"alert:{alert.id}"), command=f"为什么 {alert.number}")
