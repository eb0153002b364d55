"""绑定本群, 解绑本群, 本群绑定: what a group is for, said in the group, by who manages people, and only once confirmed.

Alerts and approvals are routed by what the store says at that moment, so a bound group hears from the commit on: also what
had nowhere to go until now. Groups that the settings file names are changed there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain import group_words
from domain.alert import State as AlertState
from domain.approval import DECIDABLE, State
from domain.chat import Button, ButtonStyle, Card, ChatKind, ChatRef, Reply, Tone
from domain.ids import key as make_key
from domain.people import Actor
from domain.privacy import safe_text
from domain.store import AuditEntry, BoundChat, Json, Reads, UnitOfWork
from domain.understand.people import PeopleCommand, Wanted
from handlers.alert_raise import schedule_flush
from handlers.approval_open import chats_of, to_mention, whose_turn
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.outgoing import send_to
from handlers.people import closest, known_shops, known_warehouses, wanted_of
from handlers.people_tell import may_administer
from handlers.words.people import words

FROM_SETTINGS = "directory:groups"  # cursor: "platform:chat id" lines that the settings file named last time
WAITS = timedelta(minutes=10)
_MOST = 2_000


async def bind(question: Question, actor: Actor, desk: Desk) -> Reply:
    """A card that shows what the group would be, with a button. Nothing changes before that."""
    say, chat = words(desk.lang), question.message.chat
    no = await _not_here(question, actor, desk)
    if no is not None:
        return no
    wanted = wanted_of(question)
    if not (wanted.shops or wanted.warehouses or wanted.topics or wanted.title):
        return Reply(say.how_to_bind())

    def look(reads: Reads) -> BoundChat | str:
        return _meant(reads, wanted, chat, desk)

    meant = await desk.store.read(look)
    if isinstance(meant, str):
        return Reply(meant)
    before = await desk.store.read(lambda r: r.people.chat(chat.platform, chat.chat_id))
    lines = list(_lines(meant, desk))
    if before is not None:
        lines.append(say.was("；".join(_lines(before, desk))))
    return await _propose(question, actor, desk, say.proposal(), lines, _stored(meant), say.confirm())


async def unbind(question: Question, actor: Actor, desk: Desk) -> Reply:
    say, chat = words(desk.lang), question.message.chat
    no = await _not_here(question, actor, desk)
    if no is not None:
        return no
    before = await desk.store.read(lambda r: r.people.chat(chat.platform, chat.chat_id))
    if before is None:
        return Reply(say.group_is_nothing())
    return await _propose(question, actor, desk, say.unbinding(), list(_lines(before, desk)), None, say.confirm_unbind())


async def show(question: Question, actor: Actor, desk: Desk) -> Reply:
    say, chat = words(desk.lang), question.message.chat
    if chat.kind is not ChatKind.GROUP:
        return Reply(say.in_a_group_please())
    bound = await desk.store.read(lambda r: r.people.chat(chat.platform, chat.chat_id))
    if bound is None:
        return Reply(say.group_is_nothing())
    return Reply(say.group_is(safe_text(bound.title, 24), list(_lines(bound, desk))))


async def sure(question: Question, actor: Actor, desk: Desk) -> Reply:
    """`确认绑定`: the button in words, for what this person proposed here last."""
    return await _carry_out(question.message.chat, actor, desk, "", question.message.message_id)


async def press_sure(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    mark = press.token.subject.partition(":")[2]
    return await _carry_out(press.click.chat, actor, desk, mark, press.click.event_id, by=press.token.extra)


async def press_drop(press: Press, actor: Actor, desk: Desk) -> Reply | None:
    say, chat = words(desk.lang), press.click.chat
    if not may_administer(actor):
        return Reply(say.not_yours(), private=True)
    await desk.store.write(lambda u: u.dialogs.forget(chat.platform, chat.chat_id, _slot(press.token.extra)))
    return Reply(say.dropped(), private=True)


# --- proposing --------------------------------------------------------------------------------------------------------


async def _not_here(question: Question, actor: Actor, desk: Desk) -> Reply | None:
    say, chat = words(desk.lang), question.message.chat
    if not may_administer(actor):
        return Reply(say.not_yours(), private=True)
    if chat.kind is not ChatKind.GROUP:
        return Reply(say.in_a_group_please())
    if await desk.store.read(lambda r: _in_settings(r, chat)):
        return Reply(say.group_in_settings())
    return None


def _in_settings(reads: Reads | UnitOfWork, chat: ChatRef) -> bool:
    return f"{chat.platform}:{chat.chat_id}" in (reads.cursors.get(FROM_SETTINGS) or "").split("\n")


def _meant(reads: Reads, wanted: Wanted, chat: ChatRef, desk: Desk) -> BoundChat | str:
    """What the group would be: the parts that were named are new, the others stay. Or the sentence that asks back."""
    say = words(desk.lang)
    before = reads.people.chat(chat.platform, chat.chat_id)
    topics, unknown = group_words.topics_named(wanted.topics)
    if unknown:
        known = [group_words.name(each, desk.lang) for each in sorted(group_words.TOPICS)]
        return say.unknown_topics([safe_text(each, 20) for each in unknown[:4]], known)
    places: dict[str, frozenset[str]] = {}
    for kind, named, known in (
        ("shops", wanted.shops, known_shops(desk)),
        ("warehouses", wanted.warehouses, known_warehouses(reads)),
    ):
        found = [closest(word, known) for word in named]
        if None in found:
            return say.unknown_place(kind, safe_text(named[found.index(None)], 20), known[:12])
        places[kind] = frozenset(each for each in found if each is not None)
    kept = before or BoundChat(chat.platform, chat.chat_id, chat.kind.value, "", frozenset())
    if not topics:
        # Nothing said about topics: what a group of that kind is for, beside what it hears already.
        topics = kept.topics
        topics |= group_words.OF_SHOP if wanted.shops and not kept.shops else frozenset()
        topics |= group_words.OF_WAREHOUSE if wanted.warehouses and not kept.warehouses else frozenset()
    return replace(
        kept,
        title=safe_text(wanted.title, 40) or kept.title,
        topics=topics,
        shops=places["shops"] or kept.shops,
        warehouses=places["warehouses"] or kept.warehouses,
    )


def _lines(chat: BoundChat, desk: Desk) -> tuple[str, ...]:
    say = words(desk.lang)
    return (
        say.topics([group_words.name(each, desk.lang) for each in sorted(chat.topics)]),
        say.shops([safe_text(each, 24) for each in sorted(chat.shops)]),
        say.warehouses([safe_text(each, 24) for each in sorted(chat.warehouses)]),
    )


def _slot(person_id: str) -> str:
    """Where a person's proposal for a group waits, among the dialogs of that group."""
    return f"proposal:{person_id}"


def _stored(chat: BoundChat) -> Json:
    return {
        "title": chat.title,
        "topics": sorted(chat.topics),
        "shops": sorted(chat.shops),
        "warehouses": sorted(chat.warehouses),
    }


async def _propose(
    question: Question, actor: Actor, desk: Desk, title: str, lines: list[str], group: Json, label: str
) -> Reply:
    say, chat, now = words(desk.lang), question.message.chat, desk.clock.now()
    mark, who = make_key("proposal", question.message.message_id)[:12], str(actor.person.person_id)
    state = {"mark": mark, "group": group}
    await desk.store.write(lambda u: u.dialogs.remember(chat.platform, chat.chat_id, _slot(who), state, now + WAITS))
    sign = desk.signer.sign
    minutes = int(WAITS.total_seconds() // 60)
    card = Card(
        title,
        tuple(lines),
        Tone.WATCH,
        buttons=(
            Button(label, sign("group.sure", f"proposal:{mark}", who), ButtonStyle.PRIMARY, label),
            Button(say.cancel(), sign("group.drop", f"proposal:{mark}", who)),
        ),
        footer=say.binding_waits(minutes),
    )
    return Reply("\n".join([title, *lines, say.binding_waits(minutes)]), card)


# --- carrying out -----------------------------------------------------------------------------------------------------


async def _carry_out(chat: ChatRef, actor: Actor, desk: Desk, mark: str, request: str, *, by: str = "") -> Reply:
    """Any of those who manage people may confirm; what counts is the newest proposal of whoever made it, once."""
    say, now = words(desk.lang), desk.clock.now()
    if not may_administer(actor):
        return Reply(say.not_yours(), private=True)
    slot = _slot(by or str(actor.person.person_id))

    def work(uow: UnitOfWork) -> str:
        kept = uow.dialogs.recall(chat.platform, chat.chat_id, slot, now)
        if kept is None or (mark and kept.get("mark") != mark):
            return say.proposal_over()
        uow.dialogs.forget(chat.platform, chat.chat_id, slot)
        if _in_settings(uow, chat):
            return say.group_in_settings()
        before = uow.people.chat(chat.platform, chat.chat_id)
        if kept["group"] is None:
            uow.people.unbind_chat(chat.platform, chat.chat_id)
            _record(uow, actor, chat, now, "group.unbound", before, None, request)
            return say.group_unbound()
        group = _read(kept["group"], chat)
        uow.people.bind_chat(group)
        _record(uow, actor, chat, now, "group.bound", before, group, request)
        _catch_up(uow, group, now, desk)
        return say.group_bound(_lines(group, desk))

    return Reply(await desk.store.write(work))


def _read(stored: Json, chat: ChatRef) -> BoundChat:
    topics, shops, places = (frozenset(stored[name]) for name in ("topics", "shops", "warehouses"))
    return BoundChat(chat.platform, chat.chat_id, chat.kind.value, stored["title"], topics, shops, places)


def _catch_up(uow: UnitOfWork, group: BoundChat, now: datetime, desk: Desk) -> None:
    """What had no group to go to until now is said: alerts at their group's next turn, requests as cards."""
    for alert in uow.alerts.standing(limit=_MOST):
        if alert.sent_at is None and alert.state == AlertState.OPEN and alert.route in group.topics:
            uow.deadlines.drop(f"group:{alert.group}", "alert_flush")
            schedule_flush(uow, alert.group, alert.severity, now)
    for approval in uow.approvals.waiting(limit=_MOST):
        subject = f"approval:{approval.id}"
        here = [each for each in chats_of(uow, approval) if (each.platform, each.chat_id) == (group.platform, group.chat_id)]
        if not here or State(approval.state) not in DECIDABLE or uow.cards.of(subject):
            continue
        people = to_mention(whose_turn(uow, approval, desk))
        uow.outbox.add(
            send_to(here, "approval", {"id": approval.id}, key=f"{subject}:card", people=people, subject=subject, priority=3)
        )


def _record(
    uow: UnitOfWork,
    actor: Actor,
    chat: ChatRef,
    now: datetime,
    action: str,
    before: BoundChat | None,
    after: BoundChat | None,
    request: str,
) -> None:
    uow.audit.record(
        AuditEntry(
            now,
            f"person:{actor.person.person_id} {actor.person.name}",
            action,
            f"group:{chat.platform}:{chat.chat_id}",
            _stored(before) if before else None,
            _stored(after) if after else None,
            actor.platform,
            chat.chat_id,
            request,
        )
    )


FEATURE = Feature(
    "people_groups",
    commands={
        PeopleCommand.BIND.value: Need(bind, None),
        PeopleCommand.UNBIND.value: Need(unbind, None),
        PeopleCommand.SHOW.value: Need(show, None, at_once=True),
        PeopleCommand.SURE.value: Need(sure, None),
    },
    actions={"group.sure": Need(press_sure, None), "group.drop": Need(press_drop, None)},
)
