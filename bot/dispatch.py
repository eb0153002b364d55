"""A message or a click becomes an answer: who is it, what do they want, may they, do it, say it.

This is the one place where errors become sentences. Nothing here knows a platform, an SQL table or a business rule.
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from bot import correcting
from bot.at_hand import at_once, desk_at_hand
from bot.correcting import message_key
from domain.chat import Button, ChatKind, Click, Message, Reply
from domain.errors import (
    BadInput,
    DeskError,
    Forged,
    NeedsAuthorization,
    OutcomeUnknown,
    Refused,
    Rejected,
    Stale,
    Unavailable,
)
from domain.ids import key as make_key
from domain.learning import heard, phrasebook
from domain.people import Actor, May, Person
from domain.privacy import safe_text
from domain.store import AuditEntry, Json, Opening, Reads, UnitOfWork
from domain.tokens import Token
from domain.understand import EMPTY, RISKY, Intent, Lexicon, Plan, from_json, slots_json, threads, understand
from domain.understand.follow import about_same
from domain.understand.learnt import LEARNT, Phrasebook, learnable
from domain.values import quick
from handlers import people, people_binding
from handlers.desk import Afterwards, Desk, Need, Press, Question
from handlers.model import SecondReader, marked
from handlers.order_search import settled
from handlers.people_tell import may_administer
from handlers.router import Router
from handlers.words.common import words

log = structlog.get_logger()
REMEMBER = timedelta(minutes=10)
_DIGIT = re.compile(r"\s*(?:@\S+\s+)?第?\s*(?P<place>[1-4])\s*[.。、个]?\s*")
_QUIET = frozenset({Intent.SMALLTALK, Intent.OUT_OF_SCOPE})
_STALE_TRIES = 4
_SURE = 0.75
_ONE_ORDER = frozenset({Intent.WHERE_IS_ORDER, Intent.ORDER_DETAIL})


@quick
@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one message: the understanding, and what we say (None: silence is right)."""

    intent: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    reply: Reply | None = None
    took_ms: float = 0.0
    plan: Plan | None = None
    afterwards: tuple[Afterwards, ...] = ()  # for `Dispatcher.keep`
    before: Json | None = None  # what was remembered when the message came; None: nobody looked


class Dispatcher:
    """Stateless but for a short-lived copy of the company's vocabulary."""

    def __init__(self, desk: Desk, router: Router, *, second: SecondReader | None = None) -> None:
        self.desk = desk
        self.second = second  # a language model that is asked when the parser is at a loss; None: there is none
        self._router = router
        self._corrections = correcting.Corrections(desk, router, self.planned, self._remembering)
        self._lexicon: Lexicon | None = None
        self._lexicon_at = 0.0

    # --- messages -----------------------------------------------------------------------------------------------------

    async def message(self, message: Message) -> Answer:
        """`reply_to`, and keep what the person talked about for their next message."""
        answer = await self.reply_to(message)
        await self.keep(message, answer)
        return answer

    async def reply_to(self, message: Message) -> Answer:
        """Answer a message from a chat. Unknown people get nothing but one private sentence, and so do groups not bound.

        `keep` belongs to it, but may come after the reply was sent: nobody should wait for that commit. Raises what the
        store raises, to be tried again; a fault of ours would only repeat itself, so it becomes a sentence at once.
        """
        try:
            return await self._reply_to(message)
        except DeskError:
            raise
        except Exception as trouble:
            sorry = self._sorry(message.message_id, trouble)
            return Answer("failed", {}, sorry if message.addressed else None)

    async def _reply_to(self, message: Message) -> Answer:
        started = time.perf_counter()
        who = message.sender.user_id
        chat = message.chat
        bound = await people_binding.by_message(message, self.desk)
        if bound is not None:
            return Answer("help", {}, bound, (time.perf_counter() - started) * 1000)
        vocabulary = await self.lexicon()

        def look(r: Reads, *, near: bool = False) -> tuple[Opening, Answer | None]:
            opened = r.dialogs.opening(chat.platform, chat.chat_id, who, self.desk.clock.now())
            person = opened.person
            if person is None or not person.active or not _ours(message.chat.kind, opened):
                return opened, None
            if opened.lessons != vocabulary.phrases.version or self._corrections.concerns(message, opened.remembered):
                return opened, None
            actor = self._actor(person, chat.platform, who, chat.chat_id, chat.kind)
            return opened, self._here(r, message, actor, opened.remembered, vocabulary, near=near)

        # A number is looked up sooner than a thread is woken; whatever may take longer hops.
        read_here = getattr(self.desk.store, "read_here", None)
        found = None if read_here is None else read_here(lambda r: look(r, near=True))
        opened, answer = found if found is not None and found[1] is not None else await self.desk.store.read(look)
        person = opened.person
        if person is None or not person.active:
            return await self._stranger(message, started)
        if not _ours(message.chat.kind, opened):
            return await self._foreign(message, person, started)
        if answer is None:
            if opened.lessons != vocabulary.phrases.version:
                await self._learn_again(vocabulary)
            actor = self._actor(person, chat.platform, who, chat.chat_id, chat.kind)
            answer = await self.answer(message, actor, remembered=opened.remembered)
        took = (time.perf_counter() - started) * 1000
        return Answer(
            answer.intent, answer.slots, answer.reply, took, answer.plan, answer.afterwards, opened.remembered or {}
        )

    async def keep(self, message: Message, answer: Answer) -> None:
        """Remember what was talked about, when there is something to remember."""
        if works := self.to_keep(message, answer):
            await self.desk.store.write(lambda u: [work(u) for work in works])

    def to_keep(self, message: Message, answer: Answer) -> list[Afterwards]:
        """The same as works for one commit with others'."""
        works = list(answer.afterwards)
        works += self._not_understood(message, answer)
        if answer.plan is not None and answer.reply is not None:
            works.append(self._remembering(message, answer.plan, answer.before))
        return works

    def _not_understood(self, message: Message, answer: Answer) -> list[Afterwards]:
        """What was said to the bot and not understood is counted, without personal data, for an administrator to teach."""
        plan = answer.plan
        if plan is None or answer.reply is None or not message.addressed or not learnable(plan):
            return []
        kept = heard(message.text, plan, self._lexicon or EMPTY)
        now = self.desk.clock.now()
        return [] if kept is None else [lambda u: u.lessons.hear(kept, now)]

    def _here(
        self,
        reads: Reads,
        message: Message,
        actor: Actor,
        remembered: Json | None,
        vocabulary: Lexicon,
        *,
        near: bool = False,
    ) -> Answer | None:
        """The whole answer on the reader's thread, in the hop that also looked up the person; None when it needs more.

        `near`: on the event loop's own thread, so only for what is a handful of looks by key.
        """
        plan = self._understood(message, remembered, vocabulary)
        if near and not _by_key(plan):
            return None
        need = self._need(plan)
        if need is None or not need.at_once or _unsure(plan) or plan.note == LEARNT:
            return None
        if need.may is not None and need.may not in actor.may:
            return None
        afterwards: list[Afterwards] = []
        desk = desk_at_hand(self.desk, reads, afterwards)
        answer = at_once(self._answered(plan, message, actor, desk))
        if answer is None or not afterwards:
            return answer
        return Answer(answer.intent, answer.slots, answer.reply, answer.took_ms, answer.plan, tuple(afterwards))

    def _understood(self, message: Message, remembered: Json | None, vocabulary: Lexicon) -> Plan:
        now = self.desk.clock.now()
        if (picked := _picked(_said(message), remembered)) is not None:
            return about_same(picked, threads.contexts(remembered, now))
        context, earlier = threads.opened(remembered, now)
        return understand(_said(message), now=now, context=context, earlier=earlier, lexicon=vocabulary)

    async def answer(self, message: Message, actor: Actor, *, remembered: Json | None = None) -> Answer:
        """Understand and answer for a known actor. Reads only, unless the handler itself writes."""
        found = self._corrections.concerns(message, remembered)
        if found is not None:
            said = await self._corrections.answer(found, message, actor, remembered, await self.lexicon())
            if said is not None:
                return Answer(said.intent, said.slots, said.reply, afterwards=said.afterwards)
        plan = await self._current(self._understood(message, remembered, await self.lexicon()), message, remembered)
        if self.second is not None:
            return await self._with_second(self.second, plan, message, actor)
        return await self._answered(plan, message, actor, self.desk)

    async def _current(self, plan: Plan, message: Message, remembered: Json | None) -> Plan:
        """The plan again when phrases were taught or undone meanwhile, in whichever process; an understood one as it is."""
        if plan.note != LEARNT and not learnable(plan):
            return plan
        vocabulary = await self.lexicon()
        version = await self.desk.store.read(lambda r: r.lessons.version())
        if version == vocabulary.phrases.version:
            return plan
        return self._understood(message, remembered, await self._learn_again(vocabulary))

    async def _learn_again(self, vocabulary: Lexicon) -> Lexicon:
        """The vocabulary with what is taught by now."""
        phrases = await self.desk.store.read(_read_phrases)
        self._lexicon = dataclasses.replace(vocabulary, phrases=phrases)
        return self._lexicon

    async def _with_second(self, second: SecondReader, plan: Plan, message: Message, actor: Actor) -> Answer:
        """The same answers from the same plans; only who read the sentence may differ, and that is said."""
        started = time.perf_counter()
        vocabulary = await self.lexicon()
        seen = await second.understood(message, plan, vocabulary, sure=_SURE)
        answer = await self._answered(seen.plan if seen is not None else plan, message, actor, self.desk)
        reply = answer.reply
        if reply is not None and seen is not None:
            reply = marked(reply, seen.echo)
        if reply is not None and answer.plan is not None:
            reply = await second.remarked(reply, answer.plan, vocabulary)
        return dataclasses.replace(answer, reply=reply, took_ms=(time.perf_counter() - started) * 1000)

    async def planned(self, plan: Plan, message: Message, actor: Actor) -> Answer:
        """Answer a plan that was made elsewhere (an assistant's tool call), with the same permissions and handlers."""
        return await self._answered(plan, message, actor, self.desk)

    async def _answered(self, plan: Plan, message: Message, actor: Actor, desk: Desk) -> Answer:
        started = time.perf_counter()
        intent, slots = plan.intent.value, slots_json(plan.slots)
        if not message.addressed and (plan.intent in _QUIET or (_unsure(plan) and not plan.found)):
            return Answer(intent, slots, None, (time.perf_counter() - started) * 1000)
        reply = await self._reply(plan, slots, message, actor, desk)
        return Answer(intent, slots, reply, (time.perf_counter() - started) * 1000, plan)

    async def _reply(self, plan: Plan, slots: dict[str, Any], message: Message, actor: Actor, desk: Desk) -> Reply:
        say = words(self.desk.lang)
        if _unsure(plan):
            return self._did_you_mean(plan, message)
        if plan.intent in RISKY and plan.extra.get("question") and not plan.found:
            return Reply(say.how_to(plan.intent.value))  # asked how it is done, not to have it done
        need = self._need(plan)
        if need is None:
            return Reply(say.not_yet(sorted(self._router.questions)))
        if need.may is not None and need.may not in actor.may:
            await self._denied(actor, f"question:{plan.intent.value}", message.message_id)
            return Reply(say.not_allowed(need.may), private=True)
        question = Question(plan.intent.value, slots, message.text, message, plan.confidence, plan)
        reply: Reply = await self._guarded(need, question, actor, message.message_id, desk)
        return reply

    def _need(self, plan: Plan) -> Need | None:
        """Who answers: the command where it is one, else the intent."""
        named = self._router.commands.get(plan.extra["command"]) if "command" in plan.extra else None
        return named or self._router.questions.get(plan.intent.value)

    def _did_you_mean(self, plan: Plan, message: Message) -> Reply:
        say = words(self.desk.lang)
        of = message_key(message)  # a press on an older card must not choose among the readings of a later sentence
        names = [say.intent_name(each.value) for each in _readings(plan)]
        buttons = tuple(
            Button(name, self.desk.signer.sign("ask.meant", f"plan:{index}", of)) for index, name in enumerate(names)
        )
        listed = "\n".join(f"{number}. {name}" for number, name in enumerate(names, 1))
        return Reply(f"{say.did_you_mean()}\n{listed}", choices=buttons)

    # --- clicks -------------------------------------------------------------------------------------------------------

    async def click(self, click: Click) -> Reply | None:
        """Act on a verified button. A forged or foreign token does nothing and is logged."""
        platform, who = click.chat.platform, click.sender.user_id
        person = await self.desk.store.read(lambda r: r.people.by_account(platform, who))
        if person is None or not person.active:
            await self._denied_stranger(platform, who, click.chat.chat_id, "click", click.event_id)
            return None
        actor = self._actor(person, platform, who, click.chat.chat_id, click.chat.kind)
        try:
            token = self.desk.signer.open(click.token)
        except Forged:
            await self._denied(actor, "button:forged", click.event_id)
            return None
        if token.action == "ask.meant":
            return await self._meant(click, actor, token)
        if token.action == correcting.ACTION:
            return await self._corrections.chosen(click, actor, token, await self.lexicon())
        need = self._router.actions.get(token.action)
        say = words(self.desk.lang)
        if need is None:
            return Reply(say.old_button(), private=True)
        if need.may is not None and need.may not in actor.may:
            await self._denied(actor, f"button:{token.action}", click.event_id)
            return Reply(say.not_allowed(need.may), private=True)
        press = Press(token, click, {name: safe_text(value, 500) for name, value in click.values})
        reply: Reply | None = await self._guarded(need, press, actor, click.event_id, self.desk)
        return reply

    async def _meant(self, click: Click, actor: Actor, token: Token) -> Reply | None:
        chat, who, index = click.chat, click.sender.user_id, token.subject_id
        now = self.desk.clock.now()
        opened = await self.desk.store.read(lambda r: r.dialogs.opening(chat.platform, chat.chat_id, who, now))
        kept = opened.remembered if _ours(chat.kind, opened) else None  # a group may be unbound again
        plan = _plan(kept)
        if plan is None or index >= len(_readings(plan)) or (kept or {}).get("of") != token.extra:
            return Reply(words(self.desk.lang).old_button(), private=True)
        chosen = _in_reading(plan, index)
        chosen = about_same(chosen, threads.contexts(kept, now))
        message = Message(chat, click.sender, click.event_id, str((kept or {}).get("text", "")), click.sent_at)
        reply = await self._reply(chosen, slots_json(chosen.slots), message, actor, self.desk)
        await self.remember(message, chosen)
        return reply

    # --- shared -------------------------------------------------------------------------------------------------------

    async def _guarded(self, need: Need, request: Question | Press, actor: Actor, request_id: str, desk: Desk) -> Any:
        """Run a handler; what it raises becomes one sentence that says what to do."""
        say = words(self.desk.lang)
        for attempt in range(_STALE_TRIES):
            try:
                return await need.run(request, actor, desk)
            except Stale:
                # Somebody else wrote first: read again and decide again. Handlers are written to be repeated.
                if attempt == _STALE_TRIES - 1:
                    return Reply(say.busy(), private=True)
            except (Refused, BadInput) as no:
                return Reply(no.sentence, private=True)
            except Unavailable:
                return Reply(say.source_down(), private=True)
            except NeedsAuthorization:
                return Reply(say.needs_grant(), private=True)
            except OutcomeUnknown:
                return Reply(say.unknown_outcome(), private=True)
            except Rejected as no:
                return Reply(say.rejected(safe_text(no.reason, 120)), private=True)
            except Exception as trouble:
                return self._sorry(request_id, trouble)
        return None

    def _sorry(self, request_id: str, trouble: Exception) -> Reply:
        """A fault of ours: logged under the number that the person is told."""
        number = make_key("oops", request_id)[:6]
        log.error("handler.failed", number=number, request_id=request_id, exc_info=trouble)
        return Reply(words(self.desk.lang).oops(number), private=True)

    def _actor(self, person: Person, platform: str, user_id: str, chat_id: str, kind: ChatKind) -> Actor:
        may = self.desk.policy.allowed(person.roles)
        return Actor(person, may, platform, user_id, chat_id, kind is ChatKind.DIRECT, self.desk.lang)

    async def remember(self, message: Message, plan: Plan) -> None:
        await self.desk.store.write(self._remembering(message, plan))

    def _remembering(self, message: Message, plan: Plan, before: Json | None = None) -> Afterwards:
        """`before` is what was remembered until now; None: looked up when it is written."""
        now = self.desk.clock.now()
        owner = (message.chat.platform, message.chat.chat_id, message.sender.user_id)
        of_it = {"text": safe_text(_said(message), 500), "of": message_key(message)}

        def work(uow: UnitOfWork) -> None:
            kept = uow.dialogs.recall(*owner, now) if before is None else before
            meant = settled(uow, plan, owner, now) if "pick" in plan.extra else plan
            state = threads.state_of(meant, kept, now, now + REMEMBER, unsure=_unsure(plan))
            uow.dialogs.remember(*owner, of_it | state, now + REMEMBER)

        return work

    async def _stranger(self, message: Message, started: float) -> Answer:
        chat, who = message.chat, message.sender.user_id
        await self._denied_stranger(chat.platform, who, chat.chat_id, "message", message.message_id)
        text = await self.desk.store.read(lambda r: people.stranger_words(r, chat.platform, who, self.desk))
        reply = Reply(text, private=True) if message.addressed else None
        return Answer("denied", {}, reply, (time.perf_counter() - started) * 1000)

    async def _foreign(self, message: Message, person: Person, started: float) -> Answer:
        chat, who = message.chat, message.sender.user_id
        actor = self._actor(person, chat.platform, who, chat.chat_id, chat.kind)
        plan = self._understood(message, None, await self.lexicon())
        if may_administer(actor) and plan.extra.get("command", "").startswith("group."):
            return await self._answered(plan, message, actor, self.desk)  # what the group is for is said in it
        await self._denied(actor, "group:unbound", message.message_id)
        reply = Reply(people.foreign_words(actor, self.desk), private=True) if message.addressed else None
        return Answer("denied", {}, reply, (time.perf_counter() - started) * 1000)

    async def _denied(self, actor: Actor, what: str, request_id: str) -> None:
        entry = AuditEntry(
            self.desk.clock.now(),
            f"person:{actor.person.person_id}",
            "access.denied",
            what,
            surface=actor.platform,
            chat_id=actor.chat_id,
            request_id=request_id,
        )
        await self.desk.store.write(lambda u: u.audit.record(entry))

    async def _denied_stranger(self, platform: str, user_id: str, chat_id: str, what: str, request_id: str) -> None:
        entry = AuditEntry(
            self.desk.clock.now(),
            f"account:{platform}:{user_id[:64]}",
            "access.denied",
            what,
            surface=platform,
            chat_id=chat_id,
            request_id=request_id,
        )
        await self.desk.store.write(lambda u: u.audit.record(entry))
        log.warning("stranger.denied", platform=platform, what=what)

    async def lexicon(self) -> Lexicon:
        """The company's names, at most a minute old."""
        if self._lexicon is None or time.monotonic() - self._lexicon_at > 60:
            self._lexicon = await self.desk.store.read(self._read_lexicon)
            self._lexicon_at = time.monotonic()
        return self._lexicon

    def _read_lexicon(self, reads: Reads) -> Lexicon:
        levels = reads.stock.levels(limit=5000)
        names = Lexicon.build(
            shops={shop: () for _, shop in self.desk.channels.shops()},
            warehouses={level.warehouse: () for level in levels},
            skus={level.sku: (level.title,) for level in levels},
            people=[person.name for person in reads.people.everyone()],
        )
        return dataclasses.replace(names, phrases=_read_phrases(reads))


def _said(message: Message) -> str:
    return message.text or " ".join(a.text for a in message.attachments if a.text)


def _ours(kind: ChatKind, opened: Opening) -> bool:
    """One to one, or in a bound group: a colleague may sit in a supplier's group, too, and a group may be unbound again."""
    return opened.bound or kind is not ChatKind.GROUP


def _read_phrases(reads: Reads) -> Phrasebook:
    return phrasebook(reads.lessons.version(), reads.lessons.standing())


def _by_key(plan: Plan) -> bool:
    """Asks after one order by a number that leads straight to it."""
    return plan.intent in _ONE_ORDER and (plan.slots.order_no is not None or plan.slots.waybill_no is not None)


def _unsure(plan: Plan) -> bool:
    """Other readings are offered only when the first one is not clearly the best; a likely one is answered."""
    return plan.confidence < _SURE and bool(plan.alternatives) and set(_readings(plan)) != {Intent.HELP}


def _readings(plan: Plan) -> tuple[Intent, ...]:
    """What the buttons of "did you mean" stand for, in their order."""
    readings = dict.fromkeys((plan.intent, *plan.alternatives))
    return tuple(each for each in readings if each is not Intent.OUT_OF_SCOPE)[:4]


def _in_reading(plan: Plan, index: int) -> Plan:
    return dataclasses.replace(plan, intent=_readings(plan)[index], alternatives=(), confidence=1.0)


def _picked(text: str, remembered: Json | None) -> Plan | None:
    """The reading that a digit picks from the numbered ones of "did you mean", when those were the last thing said."""
    digit = _DIGIT.fullmatch(text) if remembered and remembered.get("aside") else None
    plan = _plan(remembered) if digit is not None else None
    if digit is None or plan is None or not _unsure(plan):
        return None
    place = int(digit["place"])
    return _in_reading(plan, place - 1) if place <= len(_readings(plan)) else None


def _plan(remembered: Json | None) -> Plan | None:
    return from_json(remembered["plan"]) if remembered and "plan" in remembered else None


def trusted_operator(desk: Desk, *, name: str, chat_id: str = "cli") -> Actor:
    """The person at the server's own command line: sees and may ask everything, approves nothing."""
    from domain.people import Role

    may = frozenset(May) - {May.APPROVE_SERVICE, May.APPROVE_WAREHOUSE, May.APPROVE_FINANCE, May.RELEASE_HOLD}
    person = Person(0, name, frozenset(Role))
    return Actor(person, may, "cli", name, chat_id, True, desk.lang)
