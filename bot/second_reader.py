"""The language model of the settings file, when there is one: `[model]` becomes a `SecondReader`; what `doctor` says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.metrics import MODEL
from config.settings import Settings
from domain.assist.budget import Limits, day_of
from domain.clock import SHANGHAI
from domain.diagnosis import Finding, Health
from domain.errors import BadInput
from domain.ports import LanguageModel
from domain.store import Reads, Used
from handlers.desk import Desk
from handlers.model import SecondReader, state_of
from handlers.model_purse import DAY, OUTCOME

_NUMBERS = {"requests_a_minute": int, "tokens_a_day": int, "at_once": int, "answer_tokens": int, "failures": int}
_SECONDS = ("seconds", "rest_seconds")
_MONEY = ("money_a_day", "price_in", "price_out")
_KNOWN = {"url", "name", "allow_http", "comments", "probe_hours", *_NUMBERS, *_SECONDS, *_MONEY}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say, checked."""

    url: str
    name: str
    key: str
    allow_http: bool
    limits: Limits
    probe_every: timedelta


def wanted(settings: Settings) -> Wanted | None:
    """`[model]` and `XIAODAN_MODEL_*`; None when no endpoint is named, which is the default. Raises BadInput in words."""
    section: Mapping[str, Any] = settings.connectors().get("model", {})
    if "key" in section:
        raise BadInput("[model] 不要把钥匙写进文件，放环境变量 XIAODAN_MODEL_KEY。")
    if unknown := sorted(set(section) - _KNOWN):
        raise BadInput(f"[model] 不认识的设置：{'、'.join(unknown)}")
    url, name = settings.model_url or str(section.get("url", "")), settings.model_name or str(section.get("name", ""))
    if not url:
        return None
    given: dict[str, Any] = {key: _whole(section, key) for key in _NUMBERS if key in section}
    given |= {key: float(_amount(section, key)) for key in _SECONDS if key in section}
    given |= {key: _amount(section, key) for key in _MONEY if key in section}
    limits = Limits(**given, comments=_flag(section, "comments"))
    if not 0.2 <= limits.seconds <= 30:
        raise BadInput("[model] seconds 要在 0.2 到 30 之间：有人在等。")
    if limits.money_a_day is not None and not (limits.price_in or limits.price_out):
        raise BadInput("[model] 设了 money_a_day，就要写 price_in 和 price_out（每百万 token 的价），不然没法算。")
    hours = float(_amount(section, "probe_hours")) if "probe_hours" in section else 6.0
    key = settings.model_key.get_secret_value()
    return Wanted(url, name, key, _flag(section, "allow_http"), limits, timedelta(hours=max(hours, 0.1)))


def _whole(section: Mapping[str, Any], key: str) -> int:
    value = section[key]
    if type(value) is not int or not 0 < value < 10**12:
        raise BadInput(f"[model] {key} 要写成大于 0 的整数。")
    return value


def _amount(section: Mapping[str, Any], key: str) -> Decimal:
    try:
        value = Decimal(str(section[key]))
    except InvalidOperation as problem:
        raise BadInput(f"[model] {key} 要写成数字。") from problem
    if not value.is_finite() or value < 0:
        raise BadInput(f"[model] {key} 要写成不小于 0 的数字。")
    return value


def _flag(section: Mapping[str, Any], key: str) -> bool:
    value = section.get(key, False)
    if not isinstance(value, bool):
        raise BadInput(f"[model] {key} 要写 true 或 false。")
    return value


def endpoint(want: Wanted, *, transport: Any = None) -> LanguageModel:
    """The endpoint itself. Raises BadInput when its address is not fit to be used."""
    # Imported here: most installations have no model and need not load what talks to one.
    from integrations.model import Settings as ModelSettings
    from integrations.model import build

    made = ModelSettings(want.url, want.name, want.key, want.allow_http, timeout=want.limits.seconds)
    return build(made, transport=transport)


def second_reader(settings: Settings, desk: Desk) -> tuple[SecondReader, timedelta] | None:
    """(the reader, how often to find out anew what the endpoint can do), or None without `[model]`."""
    want = wanted(settings)
    if want is None:
        return None

    def tell(purpose: str, outcome: str) -> None:
        MODEL.labels(purpose, outcome).inc()

    return SecondReader(endpoint(want), want.limits, desk, tell), want.probe_every


# --- doctor -----------------------------------------------------------------------------------------------------------

_WHY = {
    "timeout": "超时没答完",
    "unauthorised": "钥匙不对或没开通，检查 XIAODAN_MODEL_KEY",
    "declined": "对方拒绝回答",
    "garbled": "答得不成样子（不是要的 JSON）",
    "too_fast": "对方说太快了，要歇一会儿",
    "unavailable": "连不上或对方出错",
}
_OVER = {"rate": "这一分钟的次数用完了", "tokens": "今天的 token 用完了", "money": "今天的钱用完了"}


def budget_finding(limits: Limits, used: Used) -> Finding:
    """How much of today is used, and whether questions are refused for it."""
    over = limits.exceeded(used, Used())
    money = ""
    if limits.money_a_day is not None:
        money = f"，花费 {Decimal(used.cost) / 1_000_000:.2f}/{limits.money_a_day}"
    spent = f"今天问了 {used.requests} 次，token {used.tokens}/{limits.tokens_a_day}{money}"
    if over:
        return Finding("model.budget", Health.WATCH, f"{spent}。{_OVER[over]}，现在按没有模型回答，明天零点恢复。")
    return Finding("model.budget", Health.GOOD, f"{spent}。")


def state_finding(state: Mapping[str, Any], want: Wanted, now: datetime) -> Finding:
    """Whether it is left alone at the moment, and why."""
    until = datetime.fromisoformat(state["resting_until"]) if state.get("resting_until") else None
    why = _WHY.get(str(state.get("trouble", "")), "")
    if until is not None and until > now:
        when = until.astimezone(SHANGHAI).strftime("%H:%M:%S")
        return Finding(
            "model.breaker", Health.WATCH, f"连续失败（{why or '原因不明'}），歇到 {when}；这期间按没有模型回答。"
        )
    if why:
        at = datetime.fromisoformat(state["trouble_at"]).astimezone(SHANGHAI).strftime("%m-%d %H:%M")
        return Finding("model.breaker", Health.WATCH, f"上一次出错在 {at}：{why}。之后没有再试成。")
    return Finding("model.breaker", Health.GOOD, "没有在歇。")


async def examine_model(settings: Settings, desk: Desk) -> list[Finding]:
    """Ask the endpoint what it can do (costs a few tokens), and say how budget and breaker stand."""
    want = wanted(settings)
    if want is None:
        return [Finding("model.off", Health.GOOD, "没有接模型，这是默认；所有功能都不靠它。")]
    reader = SecondReader(endpoint(want), want.limits, desk, lambda _purpose, _outcome: None)
    try:
        way = await reader.probe()
        now = desk.clock.now()
        state, used, outcomes = await desk.store.read(lambda r: _look(r, now))
    finally:
        close = getattr(reader.model, "aclose", None)
        if close is not None:
            await close()
    found = [_reach(reader.model.endpoint, way, state), budget_finding(want.limits, used), state_finding(state, want, now)]
    if outcomes:
        counts = "、".join(f"{name} {each.requests}" for name, each in sorted(outcomes.items()))
        found.append(Finding("model.outcomes", Health.GOOD, f"今天的结果：{counts}。"))
    if not want.key and "XIAODAN_MODEL_KEY" not in os.environ:
        found.append(Finding("model.key", Health.WATCH, "没有设 XIAODAN_MODEL_KEY；本机的模型可以不要钥匙，别的一般要。"))
    return found


def _look(reads: Reads, now: datetime) -> tuple[dict[str, Any], Used, dict[str, Used]]:
    day = day_of(now)
    return state_of(reads), reads.usage.of(DAY, day), reads.usage.named(OUTCOME, day)


def _reach(name: str, way: str, state: Mapping[str, Any]) -> Finding:
    if way:
        best = "最稳的一种" if way == "json_schema" else "能用，不是最稳的一种"
        return Finding("model.reach", Health.GOOD, f"{name} 能用，方式 {way}（{best}）。")
    why = _WHY.get(str(state.get("trouble", "")), "预算不够，没有去问")
    return Finding("model.reach", Health.WATCH, f"{name} 现在用不了：{why}。机器人照常工作，按没有模型回答。")
