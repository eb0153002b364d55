"""规则 in the group: which rules there are, what they allow, how they did, and what a changed limit would have done."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

from domain.chat import Reply
from domain.clock import SHANGHAI
from domain.people import Actor, May
from domain.rule_why import formula
from domain.rules import Rule, RuleBook
from domain.store import Reads
from handlers.alert_raise import rulebook
from handlers.alert_why import record_of
from handlers.charts import Trend, trend_chart
from handlers.desk import Desk, Feature, Need, Question
from handlers.rehearsal import Replay, rehearse
from handlers.rule_switch import SUBJECT, offer, put_in_force, switch, take_back, told, undo
from handlers.words.alerts import quantity, words
from handlers.words.rules import words as rule_words

DAYS = 30
_SETTING = re.compile(r"([a-z][a-z_]{2,40})\s*[=＝:：]\s*(-?\d{1,9})")
_SWITCH = re.compile(r"启用|生效|\brules? on\b", re.IGNORECASE)
_BACK = re.compile(r"退回|撤回|\brules? back\b", re.IGNORECASE)
_REHEARSE = re.compile(r"演练|试算|试一下|rehearse|dry.?run", re.IGNORECASE)


async def ask_rules(question: Question, actor: Actor, desk: Desk) -> Reply:
    """规则 · 规则 库存-1 · 规则 演练 发货-1 lead_minutes=120 · 规则 启用 … · 规则 退回 发货-1."""
    book = rulebook(desk)
    rule = next((each for each in book.rules if each.name.casefold() in question.text.casefold()), None)
    say = rule_words(desk.lang)
    if rule is not None and (_SWITCH.search(question.text) or _BACK.search(question.text)):
        return await _typed(question, rule, actor, desk)
    if _REHEARSE.search(question.text):
        if rule is None:
            return Reply(say.which_rule([each.name for each in book.rules]))
        if May.CHANGE_RULES not in actor.may:
            return Reply(say.not_yours(), private=True)
        settings = {name: int(value) for name, value in _SETTING.findall(question.text)}
        return await _rehearsed(book, rule, settings, desk)
    now = desk.clock.now()
    chosen = [rule] if rule is not None else list(book.rules)

    def work(reads: Reads) -> list[str]:
        return [record_of(reads, each.name, now, words(desk.lang)) for each in chosen]

    records = await desk.store.read(work)
    if rule is not None:
        return Reply("\n".join([*describe(rule, desk.lang), records[0]]))
    lines = [f"· {each.name} {each.title}：{with_values(each)}" for each in chosen]
    broken = [str(problem) for problem in book.problems[:3]]
    return Reply("\n".join([*lines, *broken, say.how_to()]))


async def _typed(question: Question, rule: Rule, actor: Actor, desk: Desk) -> Reply:
    """What the buttons do, for platforms without them."""
    say = rule_words(desk.lang)
    if May.CHANGE_RULES not in actor.may:
        return Reply(say.not_yours(), private=True)
    chat, request = question.message.chat, question.message.message_id
    if _BACK.search(question.text):
        standing = await desk.store.read(lambda r: r.rule_changes.standing())
        mine = [each for each in standing if each.rule == rule.name]
        if not mine:
            return Reply(say.nothing_standing(rule.name), private=True)
        await take_back(mine[-1].id, actor, desk, request=request)
        return Reply(say.taken_back(rule.name))
    settings = {name: int(value) for name, value in _SETTING.findall(question.text)}
    unknown = sorted(set(settings) - set(rule.limits))
    if unknown or not settings:
        return Reply(say.no_such_limit(rule.name, unknown, sorted(rule.limits)), private=True)
    await put_in_force(rule.name, settings, actor, desk, chat=chat, request=request)
    return Reply(say.switched(rule.name))


def with_values(rule: Rule) -> str:
    """The condition with its limits as figures: 离发货时限 ≤ 4 小时, not ≤ 提前提醒."""
    text = formula(rule)
    for name in sorted(rule.limits, key=lambda each: len(rule.label(each)), reverse=True):
        text = re.sub(rf"(?<=[<>≤≥=] ){re.escape(rule.label(name))}", quantity(rule.limits[name], rule.unit(name)), text)
    return text


def describe(rule: Rule, lang: str) -> list[str]:
    """A rule in a few lines: condition, limits, who, ladder."""
    say, roles = rule_words(lang), words(lang)
    limits = [
        f"{rule.label(name)} {quantity(value, rule.unit(name))}（{name}={value}）" for name, value in rule.limits.items()
    ]
    ladder = [f"{span_minutes(rung.after)} {roles.role(rung.role.value)}" for rung in rule.ladder]
    lines = [f"{rule.name} v{rule.version} {rule.title}：{formula(rule)}"]
    lines += [say.limits(limits)] if limits else []
    lines.append(say.owner(roles.role(rule.owner.value), rule.topic, ladder))
    lines += [say.changed(rule.changed_by, rule.changed_at)] if rule.changed_by else []
    lines += [rule.note] if rule.note else []
    return lines


def span_minutes(length: timedelta) -> str:
    return quantity(int(length.total_seconds() // 60), "分钟")


async def _rehearsed(book: RuleBook, rule: Rule, settings: dict[str, int], desk: Desk) -> Reply:
    say, now = rule_words(desk.lang), desk.clock.now()
    unknown = sorted(set(settings) - set(rule.limits))
    if unknown:
        return Reply(say.no_such_limit(rule.name, unknown, sorted(rule.limits)), private=True)
    trial = replace(rule, limits={**rule.limits, **settings})
    current_book, trial_book = replace(book, rules=(rule,)), replace(book, rules=(trial,))

    def work(reads: Reads) -> tuple[Replay, Replay]:
        return rehearse(reads, current_book, now, days=DAYS)[0], rehearse(reads, trial_book, now, days=DAYS)[0]

    before, after = await desk.store.read(work)
    if not after.possible:
        return Reply(say.no_history(rule.name))
    wanted = [
        say.limit_changed(rule.label(name), quantity(rule.limits[name], rule.unit(name)), quantity(value, rule.unit(name)))
        for name, value in settings.items()
    ]
    text = say.rehearsed(rule.name, wanted, DAYS, len(before.fired), len(after.fired), before.messages, after.messages)
    days = [now.astimezone(SHANGHAI) - timedelta(days=DAYS - 1 - index) for index in range(DAYS)]
    trend = Trend(
        say.finding(rule.name, len(before.fired), len(after.fired)),
        tuple(f"{day:%m-%d}" for day in days),
        tuple(after.per_day.get(f"{day:%Y-%m-%d}", 0) for day in days),
        say.with_change(),
        say.times(),
        tuple(float(before.per_day.get(f"{day:%Y-%m-%d}", 0)) for day in days),
        say.as_it_is(),
        say.times(),
    )
    picture = await asyncio.to_thread(trend_chart, trend)
    button = offer(rule, settings, desk)
    if button is None:
        return Reply(text, pictures=(picture,))
    return Reply(f"{text}\n{say.switch_hint()}", pictures=(picture,), choices=(button,))


FEATURE = Feature(
    "rules",
    questions={"rules": Need(ask_rules, May.HANDLE_ALERT)},
    actions={"rules.switch": Need(switch, May.CHANGE_RULES), "rules.undo": Need(undo, May.CHANGE_RULES)},
    views={"rules.changed": told},
    subjects={SUBJECT: told},
)
