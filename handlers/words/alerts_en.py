"""The alert sentences in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.alert import SUPERSEDED
from domain.clock import moment
from domain.people import Role
from domain.privacy import safe_text
from handlers.words.alerts_zh import ROLES, Seen, Zh, money, percent, quantity
from handlers.words.times import clock, left, span, when

_CULPRITS = {"price": "price below cost", "fee": "channel fee", "freight": "freight"}


class En(Zh):
    """English; titles of rules stay as the rules file has them."""

    snooze_prompt = "Remind again when?"
    snooze_choices = ("30 minutes", "2 hours", "tomorrow", "until worse")
    claim_button, snooze_button, why_button = "Claim", "Later…", "Why"
    useful_button, noise_button = "Useful", "Noise"
    release_button, keep_button = "Release", "Keep locked"
    list_name = "list"
    list_head = ("alert", "order", "channel", "warehouse", "amount", "what", "raised at")

    def _stock_low(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        head = f"{seen['available']} available, safety {seen['safety']}"
        if seen["available"] <= 0:
            head += "; sold out"
        elif seen["sold_per_hour"]:
            gone = span(timedelta(minutes=seen["minutes_to_empty"]), lang="en")
            head += f"; selling {seen['sold_per_hour']}/h, empty in about {gone}"
        return [head, self._hurt(seen, shown, now)]

    def _hurt(self, seen: Seen, shown: Seen, now: datetime) -> str:
        if not seen["orders"]:
            return "No open order is affected"
        line = f"{seen['orders']}{'+' if shown.get('capped') else ''} open orders"
        line += f" worth {money(shown['amount_minor'], shown['currency'])}"
        due = shown.get("ship_by")
        return f"{line}, first ship-by {when(moment(due), now, lang='en')}" if due else line

    def _oversell(self, seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        name = safe_text(str(shown["name"]), 30)
        return [f"{seen['wanted']} wanted, {max(seen['available'], 0)} available", f"{name} is held until stock arrives"]

    def _ship_by_soon(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        due = moment(shown["ship_by"])
        state = f"ship by {when(due, now, lang='en')}, {left(due - now, lang='en')} left"
        return [state, self._order_line(seen, shown)]

    def _ship_by_missed(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        due = moment(shown["ship_by"])
        return [f"was due {when(due, now, lang='en')}, {span(now - due, lang='en')} late", self._order_line(seen, shown)]

    def _no_scan(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        since = moment(shown["since"])
        who = f"{safe_text(str(seen['carrier']), 12)} …{str(shown['waybill'])[-4:]}"
        return [f"{who}: no scan for {span(now - since, lang='en')}", self._order_line(seen, shown)]

    def _no_pickup(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        since = moment(shown["since"])
        who = f"{safe_text(str(seen['carrier']), 12)} …{str(shown['waybill'])[-4:]}"
        return [f"{who}: not picked up {span(now - since, lang='en')} after the upload", self._order_line(seen, shown)]

    def _margin(self, seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        earned = money(seen["contribution_minor"], shown["currency"])
        return [
            f"margin {earned} ({percent(seen['margin_bp'])}), mostly {_CULPRITS[shown['culprit']]}",
            f"{safe_text(str(shown.get('goods', '')), 24)} ×{shown['quantity']}",
            "settlement is locked until released",
        ]

    def _feed_down(self, seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        name = safe_text(str(shown.get("name") or seen["source"]), 30)
        return [f"{name}: nothing synced for {seen['minutes_behind']} minutes; late-order alerts wait for it"]

    def loyal(self, note: str) -> str:
        return f"Loyal customer: {safe_text(note, 60)}"

    def claimed(self, who: str, at: datetime, now: datetime) -> str:
        return f"👤 claimed by {safe_text(who, 16)} {clock(at, now, lang='en')}"

    def snoozed(self, who: str, until: datetime | None, now: datetime) -> str:
        return f"💤 {safe_text(who, 16)}: again " + ("when worse" if until is None else when(until, now, lang="en"))

    def resolved(self, at: datetime, by: str, now: datetime) -> str:
        if by == SUPERSEDED:
            return f"a newer alert goes on from {clock(at, now, lang='en')}"
        return f"✅ {clock(at, now, lang='en')} " + (f"settled by {safe_text(by, 16)}" if by else "over")

    def note(self, who: str, text: str) -> str:
        known = {
            "keep": "keeps it locked",
            "lapsed": "claimed but not solved; open again",
            "left": "is not here any more; open again",
            "moved": "the rest moved to a newer alert",
        }
        return f"{safe_text(who, 16)}: {known.get(text, safe_text(text, 60))}"

    def footer(self, rule: str, version: int, first: datetime, count: int, now: datetime) -> str:
        return f"rule {rule} v{version} · since {when(first, now, lang='en')}" + (f" · {count} updates" if count > 1 else "")

    def digest_title(self, title: str, members: int) -> str:
        return f"{title}  {members:,} in one"

    def digest_body(self, facts: Seen, title: str, now: datetime) -> list[str]:
        lines = [f"{facts['members']:,} × {title} since {when(moment(facts['since']), now, lang='en')}"]
        cause = facts.get("cause")
        if cause:
            lines.append(f"mostly {safe_text(str(cause['value']), 24)}: {cause['share']}%")
        if facts["amount_minor"]:
            lines.append(f"worth {money(facts['amount_minor'])}")
        if facts["standing"] != facts["members"]:
            lines.append(f"{facts['standing']:,} still stand")
        return [*lines, "every one is in the attached list"]

    def step(self, number: str, title: str, waited: timedelta, role: str) -> str:
        text = f"{number} {title}: unclaimed for {span(waited, lang='en')}, {self.role(role)} please look."
        return f"{text} Say 'claim {number}'."

    def role(self, role: str) -> str:
        return ROLES[Role(role)][1]

    def done_claim(self, number: str, who: str) -> str:
        return f"{number} is {safe_text(who, 16)}'s now."

    def taken(self, number: str, who: str, ago: timedelta) -> str:
        return f"{number} was claimed by {safe_text(who, 16)} {span(ago, lang='en')} ago; nothing left for you to do."

    def yours_already(self, number: str) -> str:
        return f"{number} is yours already."

    def over_already(self, number: str, at: datetime | None, now: datetime) -> str:
        return f"{number} is over{f' since {clock(at, now)}' if at else ''}; nothing left to do."

    def done_snooze(self, number: str, until: datetime | None, now: datetime) -> str:
        return f"{number}: again " + ("when it gets worse." if until is None else f"{when(until, now, lang='en')}.")

    def done_useful(self, number: str, useful: bool) -> str:
        return f"Noted: {number} was {'useful' if useful else 'noise'}."

    def no_such(self, number: str) -> str:
        return f"There is no {safe_text(number, 12)}. Numbers look like K203."

    def which(self) -> str:
        return "Which one?"

    def none_standing(self) -> str:
        return "Nothing stands open."

    def how_long(self, number: str) -> str:
        return f"For how long? For example 'later {number} 2h' or 'later {number} until worse'."

    def not_your_place(self, number: str) -> str:
        return f"{number} belongs to another shop or warehouse."

    def margin_gone(self) -> str:
        return "That order is gone; nothing was changed."

    def margin_released(self, number: str, who: str) -> str:
        return f"{number} released by {safe_text(who, 16)}; settlement is unlocked."

    def margin_released_already(self, who: str) -> str:
        return f"Released already{f' by {safe_text(who, 16)}' if who else ''}."

    def margin_kept(self, number: str, who: str) -> str:
        return f"{number} stays locked; {safe_text(who, 16)} has it."

    def margin_moved(self) -> str:
        return "The margin changed since that card; it was not released. Look at the fresh card first."

    def not_your_shop(self) -> str:
        return "That shop is not yours."

    def why(self, head: str, values: str, flips: Sequence[str], record: str, changed: str) -> str:
        turn = f" It would be silent with {' or '.join(flips)}." if flips else ""
        return f"{head}. {values}{changed}.{turn} {record}"

    def why_not(self, rule: str, formula: str, values: str, flip: str) -> str:
        return f"· {rule} was silent: wants {formula}, now {values}" + (f"; fires at {flip}" if flip else "")

    def record(self, fired: int, useful: int, noise: int) -> str:
        return f"Fired {fired} times in 30 days: {useful} useful, {noise} noise."

    def changed(self, by: str, at: str) -> str:
        return f" (set by {safe_text(by, 16)} {safe_text(at, 12)})" if by else ""

    def rule_head(self, name: str, version: int, formula: str, current: int) -> str:
        newer = f" (now v{current})" if current != version else ""
        return f"Rule {name} v{version}{newer}: {formula}"

    def rule_gone(self, name: str, version: int) -> str:
        return f"Rule {name} v{version} no longer exists; it saw "

    def flip(self, label: str, value: Any, unit: str) -> str:
        return f"{label} at {quantity(value, unit)}"
