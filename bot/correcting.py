"""答错了: who asked says that the sentence before was read wrong, is offered other readings at once, and picks one.

Only the last sentence of the same person in the same chat, while the conversation is remembered (ten minutes). It lives in
the dialog store, sealed, so a restart or another replica goes on from it. The pick answers the original sentence; a deed
comes as a draft, and one that the sentence denies cannot be picked. For the administrator the wording is kept without
personal data (ADR-0023).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from domain.chat import Button, ChatKind, Click, Message, Reply
from domain.errors import BadInput
from domain.ids import key as make_key
from domain.learning import Heard, misread
from domain.people import Actor
from domain.store import Json
from domain.tokens import Token
from domain.understand import WISHES, Intent, Lexicon, Plan, from_json, slots_json, to_json, understand
from domain.understand.corrected import OFFERED, Correction, commanded, correction, other_readings, read_as
from domain.understand.follow import about_same
from domain.understand.learnt import TEACHABLE, learnable
from domain.understand.threads import contexts, opened
from handlers.desk import Afterwards, Desk
from handlers.model import marked
from handlers.router import Router
from handlers.words.common import words
from handlers.words.learning import learning, meaning

ACTION = "ask.instead"  # the button of another reading
REMEMBER = timedelta(minutes=10)
_OF_PLAN = frozenset({"kind", "aside", "until"})
_AT_ONCE = 4  # readings offered at a time
_IDLE = frozenset({Intent.OUT_OF_SCOPE, Intent.HELP, Intent.SMALLTALK})
_READINGS = frozenset({*TEACHABLE, Intent.KPI})  # what a restatement may mean: never a decision


class Replied(Protocol):
    """What is wanted of an answer."""

    @property
    def intent(self) -> str: ...
    @property
    def slots(self) -> Mapping[str, Any]: ...
    @property
    def reply(self) -> Reply | None: ...


class Planned(Protocol):
    """Answers a plan with the permissions of who asks."""

    def __call__(self, plan: Plan, message: Message, actor: Actor) -> Awaitable[Replied]: ...


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a correction, and what is to be kept of it."""

    intent: str
    slots: Mapping[str, Any]
    reply: Reply | None
    afterwards: tuple[Afterwards, ...] = ()


@dataclass(frozen=True, slots=True)
class _Before:
    """The sentence that was answered last, as the dialog store has it (`kept`).

    `of` names the message, so that a button under another is told apart. `refused`: readings that were said to be wrong;
    `shown`: offered and not taken; `skeleton`: its wording, once it was noted; `chosen`: what its author picked.
    """

    kept: Json
    plan: Plan
    text: str
    of: str
    refused: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    skeleton: str = ""
    chosen: str = ""

    def state(self, plan: Plan | None = None) -> Json:
        """For the dialog store; `plan` is the reading that was picked. What else is remembered stays."""
        wrong = {
            "refused": list(self.refused), "shown": list(self.shown), "skeleton": self.skeleton, "chosen": self.chosen,
        }  # fmt: skip
        if plan is None:
            return {**self.kept, "wrong": wrong}
        # What is said of the last plan beside it (which thread it belongs to) was said of another reading.
        others = {name: value for name, value in self.kept.items() if name not in _OF_PLAN}
        return {**others, "plan": to_json(plan), "wrong": wrong}


def message_key(message: Message) -> str:
    """What names an answered message in the dialog store."""
    return make_key("said", message.message_id)[:16]


def _before(remembered: Json | None) -> _Before | None:
    if not remembered or "plan" not in remembered:
        return None
    try:
        plan = from_json(remembered["plan"])
    except BadInput:  # another version's
        return None
    wrong = remembered.get("wrong") or {}
    return _Before(
        remembered,
        plan,
        str(remembered.get("text", "")),
        str(remembered.get("of", "")),
        tuple(wrong.get("refused", ())),
        tuple(wrong.get("shown", ())),
        str(wrong.get("skeleton", "")),
        str(wrong.get("chosen", "")),
    )


@dataclass(slots=True)
class _Turn:
    """One correction while it is answered; `works` grows."""

    message: Message
    actor: Actor
    before: _Before
    lexicon: Lexicon
    noted: Heard | None
    works: list[Afterwards] = field(default_factory=list)


class Corrections:
    """Stateless. `planned` answers a plan the way every plan is answered, `keep` remembers a message and its plan."""

    def __init__(self, desk: Desk, router: Router, planned: Planned, keep: Callable[[Message, Plan], Afterwards]) -> None:
        self._desk = desk
        self._router = router
        self._planned = planned
        self._keep = keep

    def concerns(self, message: Message, remembered: Json | None) -> Correction | None:
        """What the message corrects; None when it is a message like any other - also a mild word (不对) in a group that was
        not said to us, and anything at all said to nobody by who has not asked us anything.
        """
        found = correction(message.text)
        if found is None or not (found.plain or found.rest or message.addressed):
            return None
        return found if remembered and "plan" in remembered else found if message.addressed and not found.rest else None

    async def answer(
        self, found: Correction, message: Message, actor: Actor, remembered: Json | None, lexicon: Lexicon
    ) -> Said | None:
        """None when the message is to be answered like any other after all."""
        before, lang = _before(remembered), self._desk.lang
        if before is None:
            return _said(Reply(learning(lang, "nothing_before")))
        if before.plan.intent is Intent.SMALLTALK:
            return None if found.rest else _said(Reply(learning(lang, "say_again")))
        if before.plan.intent not in OFFERED and commanded(before.text):
            return None if found.rest else _said(Reply(learning(lang, "by_command")))
        now = self._desk.clock.now()
        noted = None if before.skeleton else misread(before.text, before.plan, now, lexicon)
        turn = _Turn(message, actor, before, lexicon, noted)
        first: Sequence[Intent] = ()
        if found.rest:
            said, first = await self._restated(found, turn)
            if said is not None or not (found.denies and message.addressed):
                return said
        return self._offered(turn, first)

    # --- buttons ------------------------------------------------------------------------------------------------------

    def _offered(self, turn: _Turn, first: Sequence[Intent]) -> Said:
        """The short line, and the likeliest other readings that this person may ask for."""
        before, lang = turn.before, self._desk.lang
        refused = tuple(dict.fromkeys((*before.refused, before.plan.intent.value)))
        out = {Intent(each) for each in (*refused, *before.shown)}
        offered = [
            each for each in other_readings(before.text, before.plan, refused=out, first=first) if self._may(each, turn)
        ]
        offered = offered[:_AT_ONCE]
        skeleton = self._note(turn)
        shown = (*before.shown, *(each.value for each in offered))
        self._remember(turn, dataclasses.replace(before, refused=refused, shown=shown, skeleton=skeleton))
        # Where other readings were offered already, none was taken for the right one.
        wrong = skeleton and not learnable(before.plan)
        line = learning(lang, "noted" if wrong else "not_noted", read=_called(before.plan.intent.value, lang))
        if not offered:
            return _said(Reply(f"{line}{learning(lang, 'no_others')}"), turn.works)
        names = [_named(each, lang) for each in offered]
        buttons = tuple(
            Button(
                name,
                self._desk.signer.sign(ACTION, f"said:{before.of}", each.value),
                command=learning(lang, "i_meant", name=words(lang).intent_name(each.value)),
            )
            for each, name in zip(offered, names, strict=True)
        )
        which = learning(lang, "which", names=learning(lang, "between").join(names))
        text = f"{line}\n{which}\n{learning(lang, 'or_say')}"
        return _said(Reply(text, choices=buttons), turn.works)

    async def chosen(self, click: Click, actor: Actor, token: Token, lexicon: Lexicon) -> Reply | None:
        """The original sentence answered in the reading that its author picked; of nobody else, and of no other sentence."""
        chat, who, now = click.chat, click.sender.user_id, self._desk.clock.now()
        opening = await self._desk.store.read(lambda r: r.dialogs.opening(chat.platform, chat.chat_id, who, now))
        before = _before(opening.remembered) if opening.bound or chat.kind is not ChatKind.GROUP else None
        if before is None or token.subject != f"said:{before.of}":
            return Reply(words(self._desk.lang).old_button(), private=True)
        message = Message(chat, click.sender, click.event_id, before.text, click.sent_at)
        turn = _Turn(message, actor, before, lexicon, None)
        said = await self._in_reading(Intent(token.extra), turn)
        if said is None:
            return Reply(words(self._desk.lang).old_button(), private=True)
        await self._desk.store.write(lambda u: [work(u) for work in said.afterwards])
        return said.reply

    async def _in_reading(self, intent: Intent, turn: _Turn) -> Said | None:
        before, now = turn.before, self._desk.clock.now()
        plan = read_as(before.text, intent, before.plan, now=now, lexicon=turn.lexicon)
        if plan is None:
            return None
        plan = about_same(plan, contexts(before.kept, now))
        answer = await self._planned(plan, dataclasses.replace(turn.message, text=before.text, attachments=()), turn.actor)
        skeleton = self._note(turn, intent.value)
        self._remember(turn, dataclasses.replace(before, skeleton=skeleton, chosen=intent.value), plan)
        return Said(answer.intent, answer.slots, answer.reply, tuple(turn.works))

    # --- in words -----------------------------------------------------------------------------------------------------

    async def _restated(self, found: Correction, turn: _Turn) -> tuple[Said | None, Sequence[Intent]]:
        """(the answer to what was meant, when that is clear; what it may mean, when not)."""
        before, lang, now = turn.before, self._desk.lang, self._desk.clock.now()
        if (named := _by_name(found.rest, lang)) is not None:  # the words of a button, typed or posted by the platform
            return (None, ()) if named is before.plan.intent else (await self._in_reading(named, turn), ())
        context, earlier = opened(before.kept, now)
        plan = understand(found.rest, now=now, context=context, earlier=earlier, lexicon=turn.lexicon)
        if learnable(plan) or plan.intent in _IDLE:
            return None, tuple(each for each in (plan.intent, *plan.alternatives) if each in OFFERED)
        another = bool(plan.found) and plan.found != before.plan.found
        if plan.intent not in _READINGS or (plan.intent is before.plan.intent and not another):
            return None, ()
        message = dataclasses.replace(turn.message, text=found.rest)
        answer = await self._planned(plan, message, turn.actor)
        reply = answer.reply
        if reply is not None and plan.intent is not before.plan.intent and plan.intent.value in set(map(str, TEACHABLE)):
            read = _called(before.plan.intent.value, lang)
            if self._note(turn, plan.intent.value):
                reply = marked(reply, learning(lang, "noted.restated", read=read))
        turn.works.append(self._keep(message, plan))
        return Said(answer.intent, answer.slots, reply, tuple(turn.works)), ()

    # --- what is kept -------------------------------------------------------------------------------------------------

    def _note(self, turn: _Turn, meant: str = "") -> str:
        """The wording goes to the administrator's list, once for a sentence however often it is corrected. Its skeleton, or
        "" when nothing of it may be kept.
        """
        before, noted, now = turn.before, turn.noted, self._desk.clock.now()
        skeleton = before.skeleton or (noted.skeleton if noted is not None else "")
        # A gap was counted when it was not understood.
        if noted is not None and (noted.read_as or not learnable(before.plan)):
            turn.works.append(lambda u: u.lessons.hear(noted, now))
        if skeleton and meant:
            turn.works.append(lambda u: u.lessons.meant(skeleton, meant, instead_of=before.chosen))
        return skeleton

    def _remember(self, turn: _Turn, after: _Before, plan: Plan | None = None) -> None:
        chat, who, until = turn.message.chat, turn.message.sender.user_id, self._desk.clock.now() + REMEMBER
        state = after.state(plan)
        turn.works.append(lambda u: u.dialogs.remember(chat.platform, chat.chat_id, who, state, until))

    def _may(self, intent: Intent, turn: _Turn) -> bool:
        need = self._router.questions.get(intent.value)
        return need is not None and (need.may is None or need.may in turn.actor.may)


def _said(reply: Reply, works: Sequence[Afterwards] = ()) -> Said:
    return Said(Intent.OUT_OF_SCOPE.value, slots_json(_NO_PLAN.slots), reply, tuple(works))


_NO_PLAN = Plan(Intent.OUT_OF_SCOPE)


def _called(intent: str, lang: str) -> str:
    return meaning(lang, intent, words(lang).intent_name(intent))


def _named(intent: Intent, lang: str) -> str:
    name = words(lang).intent_name(intent.value)
    return learning(lang, "draft", name=name) if intent in WISHES else name


def _by_name(rest: str, lang: str) -> Intent | None:
    """The reading whose name, as it stands on the button, this is."""
    own = rest.strip(" .。!！:：").lower()
    return next((each for each in OFFERED if words(lang).intent_name(each.value).lower() == own), None)
