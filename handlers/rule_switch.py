"""A rehearsed limit is switched on in the group, told to everybody it concerns, and taken back with one press.

The file in the data folder stays the ground: a change made here is kept in the store, counts for the rule as it was filed,
and lapses when somebody rewrites that rule in the file. Every process takes it over within seconds (`refresh`); clocks
that were set by the old limit ring at once, look at their order afresh, and are set anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.chat import Button, ButtonStyle, Card, ChatKind, ChatRef, Reply, Tone
from domain.errors import Refused
from domain.ids import key as make_key
from domain.people import Actor
from domain.records import AuditEntry, Outgoing
from domain.rule_change import RuleChange
from domain.rules import KINDS, LiveRules, Rule, RuleBook
from domain.store import Json, UnitOfWork
from handlers import outgoing
from handlers.alert_raise import rulebook
from handlers.desk import Desk, Press
from handlers.words.alerts import quantity
from handlers.words.rules import words
from handlers.words.times import when

SUBJECT = "rulechange"
CLOSE = timedelta(minutes=15)  # clocks that ring this soon are left alone: parcels are given that long to be seen first
_GAP = "\x1e"


def filed_book(desk: Desk) -> RuleBook:
    """The rules as the file has them, without what was switched on in the group."""
    rules = desk.policy.rules
    return rules.filed if isinstance(rules, LiveRules) else rulebook(desk)


async def refresh(desk: Desk) -> None:
    """Take over what stands in the store."""
    rules = desk.policy.rules
    if isinstance(rules, LiveRules):
        standing = await desk.store.read(lambda r: r.rule_changes.standing())
        rules.tune(standing)


def offer(rule: Rule, settings: Mapping[str, int], desk: Desk) -> Button | None:
    """The button under a rehearsal; None when nothing would change."""
    changed = {name: value for name, value in settings.items() if rule.limits.get(name) != value}
    if not changed or not isinstance(desk.policy.rules, LiveRules):
        return None
    say = words(desk.lang)
    extra = _GAP.join((rule.name, _mark(rule), json.dumps(changed, separators=(",", ":"))))
    typed = " ".join(f"{name}={value}" for name, value in changed.items())
    token = desk.signer.sign("rules.switch", "rule:0", extra)
    return Button(say.switch_on(), token, ButtonStyle.PRIMARY, f"{say.switch_command()} {rule.name} {typed}")


def _mark(rule: Rule) -> str:
    return make_key("rule", rule.fingerprint)[:12]


async def switch(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """启用: only on the rule as it was rehearsed; somebody else's change in between asks for another rehearsal."""
    name, mark, text = press.token.extra.split(_GAP)
    await put_in_force(name, json.loads(text), actor, desk, chat=press.click.chat, request=press.click.event_id, mark=mark)
    return None


async def put_in_force(
    name: str, limits: Mapping[str, int], actor: Actor, desk: Desk, *, chat: ChatRef, request: str, mark: str = ""
) -> None:
    """Kept, audited, told in the rule's groups and in `chat`. Raises Refused in words when the rule is not what it was."""
    filed, now, say = filed_book(desk), desk.clock.now(), words(desk.lang)
    ground = filed.named(name)

    def work(uow: UnitOfWork) -> None:
        rule = filed.tuned(uow.rule_changes.standing()).named(name)
        if rule is None or ground is None or (mark and _mark(rule) != mark) or set(limits) - set(rule.limits):
            raise Refused(say.moved_on(name))
        was = {each: rule.limits[each] for each in limits}
        if was == dict(limits):
            raise Refused(say.same_already(name))
        change = uow.rule_changes.add(rule.name, ground.fingerprint, limits, was, made_by=actor.person.name, now=now)
        _record(uow, actor, request, "rules.switched", change, now=now)
        _wake(uow, rule, now)
        chats = {outgoing.chat_ref(each) for each in uow.people.chats_for(rule.topic)} | {chat}
        uow.outbox.add([_told(change, each) for each in sorted(chats, key=lambda one: (one.platform, one.chat_id))])

    await desk.store.write(work)
    await refresh(desk)


def _told(change: RuleChange, chat: ChatRef) -> Outgoing:
    subject = f"{SUBJECT}:{change.id}"
    key = make_key("rule-switched", change.id, chat.platform, chat.chat_id)
    to_user = chat.chat_id if chat.kind is ChatKind.DIRECT else ""
    return outgoing.send(chat, "rules.changed", {"id": change.id}, key=key, to_user=to_user, subject=subject)


async def undo(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    """退回: the rule is what it was before this change, and everybody's card says who took it back."""
    await take_back(press.token.subject_id, actor, desk, request=press.click.event_id)
    return None


async def take_back(change_id: int, actor: Actor, desk: Desk, *, request: str) -> None:
    """Raises Refused in words when it was taken back before."""
    now, say = desk.clock.now(), words(desk.lang)

    def work(uow: UnitOfWork) -> None:
        change = uow.rule_changes.one(change_id)
        if change is None:
            raise Refused(say.gone())
        if change.undone_at is not None:
            raise Refused(say.undone_before(change.undone_by))
        uow.rule_changes.undo(change_id, undone_by=actor.person.name, now=now)
        _record(uow, actor, request, "rules.taken_back", change, now=now)
        rule = filed_book(desk).named(change.rule)
        if rule is not None:
            _wake(uow, rule, now)
        uow.outbox.add([outgoing.redraw(f"{SUBJECT}:{change_id}", cause="undone")])

    await desk.store.write(work)
    await refresh(desk)


def _wake(uow: UnitOfWork, rule: Rule, now: datetime) -> None:
    if KINDS[rule.kind].clock:
        uow.deadlines.ring(rule.kind, after=now + CLOSE, now=now)


def _record(uow: UnitOfWork, actor: Actor, request: str, action: str, change: RuleChange, *, now: datetime) -> None:
    uow.audit.record(
        AuditEntry(
            now,
            f"person:{actor.person.person_id}",
            action,
            f"rule:{change.rule}",
            before=dict(change.was),
            after=dict(change.limits),
            surface=actor.platform,
            chat_id=actor.chat_id,
            request_id=request,
        )
    )


async def told(args: Json, chat: ChatRef, desk: Desk) -> Reply:
    """View `rules.changed` and of the subject: the card about a change, as it stands now."""
    change = await desk.store.read(lambda r: r.rule_changes.one(int(args["id"])))
    say = words(desk.lang)
    if change is None:
        return Reply(say.gone())
    rule = filed_book(desk).named(change.rule)
    lines = [
        say.limit_changed(
            rule.label(name) if rule else name,
            quantity(change.was.get(name, 0), rule.unit(name) if rule else ""),
            quantity(value, rule.unit(name) if rule else ""),
        )
        for name, value in change.limits.items()
    ]
    now = desk.clock.now()
    lines.append(say.switched_by(change.made_by, when(change.made_at, now, lang=desk.lang)))
    if change.undone_at is not None:
        lines.append(say.taken_back_by(change.undone_by, when(change.undone_at, now, lang=desk.lang)))
        card = Card(say.taken_back(change.rule), tuple(lines), Tone.DONE)
    else:
        token = desk.signer.sign("rules.undo", f"{SUBJECT}:{change.id}")
        button = Button(say.take_back(), token, command=f"{say.take_back_command()} {change.rule}")
        card = Card(say.switched(change.rule), tuple(lines), Tone.INFO, buttons=(button,), footer=say.in_force())
    return Reply("\n".join((card.title, *card.lines)), card=card)
