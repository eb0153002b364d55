"""One tool call: who, what plan, may they, the usual handler; a proposal's card goes to the person, not the assistant."""

from __future__ import annotations

import secrets
from typing import Any

import structlog

from bot.assistants import lookups
from bot.assistants.proposals import SURFACE, Proposal, draft, one_order, own_chat, suggest
from bot.assistants.schema import Arguments
from bot.assistants.tokens import PERSONAL, Admitted, enter
from bot.assistants.told import Told, told
from bot.assistants.tools import TOOLS, Around, Tool, Way
from bot.dispatch import Dispatcher
from domain.chat import ChatKind, ChatRef, Message, Reply, Sender
from domain.errors import BadInput, DeskError, Refused
from domain.ids import key as make_key
from domain.people import Actor, Person
from domain.privacy import safe_text
from domain.store import AuditEntry
from domain.understand import Plan
from handlers.desk import Desk
from handlers.words.common import words

__all__ = ["Assistants", "Told"]

log = structlog.get_logger()


class Assistants:
    """Tool calls of one house."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._desk: Desk = dispatcher.desk

    async def tools(self, secret: str) -> list[Tool]:
        """What this token may call. Raises NotAdmitted, Refused."""
        found = await enter(self._desk.store, secret, self._desk.clock.now())
        return [tool for tool in TOOLS.values() if tool.scope in found.token.scopes]

    async def call(self, secret: str, name: str, arguments: Any) -> Told:
        """Never raises on anything that an assistant sends; a fault of ours is a sentence with its number."""
        try:
            found = await enter(self._desk.store, secret, self._desk.clock.now())
            return await self._called(found, name, arguments)
        except (BadInput, Refused) as no:
            return Told(no.sentence, failed=True)
        except DeskError:
            return Told(words(self._desk.lang).source_down(), failed=True)
        except Exception as trouble:
            number = make_key("oops", secrets.token_hex(4))[:6]
            log.error("assistant.failed", number=number, tool=name if name in TOOLS else "", exc_info=trouble)
            return Told(words(self._desk.lang).oops(number), failed=True)

    async def _called(self, found: Admitted, name: str, given: Any) -> Told:
        tool = TOOLS.get(name)
        if tool is None:
            raise BadInput(f"没有叫 {safe_text(name, 30)!r} 的工具。有：{'、'.join(TOOLS)}。")
        actor = self._actor(found)
        if tool.scope not in found.token.scopes:
            await self._denied(actor, f"tool:{tool.name}")
            raise Refused(f"这个令牌只能看，不能提议。要用 {tool.name}，请管理员发一个 --scope propose 的。")
        arguments = tool.checked(given)
        desk = self._desk
        plan = tool.plan(arguments, Around(desk.clock.now(), await self._dispatcher.lexicon(), desk.lang))
        if tool.may is not None and tool.may not in actor.may:
            await self._denied(actor, f"tool:{tool.name}")
            raise Refused(words(desk.lang).not_allowed(tool.may))
        message = self._message(actor, found.person, tool, arguments)

        async def ask(plan: Plan) -> Reply:
            answer = await self._dispatcher.planned(plan, message, actor)
            if answer.reply is None:
                raise Refused(words(desk.lang).out_of_scope())
            return answer.reply

        call = Proposal(tool, plan, found.person, actor, message, desk, ask)
        log.info("assistant.called", tool=tool.name, token=found.token.id)
        match tool.way:
            case Way.LOOKUP if tool.lookup is not None:
                return _looked_up(tool.lookup(arguments))
            case Way.TIMELINE:
                order = await one_order(call)
                if isinstance(order, Told):
                    return order
                return _looked_up(await lookups.timeline_of(order, desk.clock.now(), desk))
            case Way.DRAFT:
                return await draft(call)
            case Way.SUGGEST:
                return await suggest(call)
        return told(await ask(plan), link=tool.link)

    def _actor(self, found: Admitted) -> Actor:
        """The person, seen as in a group unless the token says one to one. Dialogs of the chat are not touched."""
        may = self._desk.policy.allowed(found.person.roles)
        user = next((user for platform, user in found.person.accounts if platform in self._desk.chats), "")
        personal = PERSONAL in found.token.scopes
        return Actor(found.person, may, SURFACE, user, f"{SURFACE}:{found.token.id}", personal, self._desk.lang)

    def _message(self, actor: Actor, person: Person, tool: Tool, arguments: Arguments) -> Message:
        """The call as a message. Where an answer is promised for later, it goes to the person's own chat."""
        place = own_chat(person, self._desk) or ChatRef(SURFACE, actor.chat_id, ChatKind.DIRECT)
        texts = [value for value in arguments.values() if isinstance(value, str)]
        said = tool.said(arguments) if tool.said is not None else " ".join(texts)
        sender = Sender(actor.user_id or SURFACE, person.name)
        return Message(place, sender, f"{SURFACE}-{secrets.token_hex(8)}", safe_text(said, 400), self._desk.clock.now())

    async def _denied(self, actor: Actor, what: str) -> None:
        entry = AuditEntry(
            self._desk.clock.now(),
            f"person:{actor.person.person_id}",
            "access.denied",
            what,
            surface=SURFACE,
            chat_id=actor.chat_id,
        )
        await self._desk.store.write(lambda u: u.audit.record(entry))


def _looked_up(answer: lookups.Answer) -> Told:
    text, data = answer
    return Told(text, data | {"text": text})
