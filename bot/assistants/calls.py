"""One tool call: who, what plan, may they, the usual handler; a proposal's card goes to the person, not the assistant."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot.assistants.tokens import PERSONAL, PROPOSE, Admitted, enter
from bot.assistants.tools import TOOLS, Around, Tool, plan_of
from bot.dispatch import Dispatcher
from domain.chat import ChatKind, ChatRef, Message, Reply, Sender
from domain.errors import BadInput, DeskError, Refused
from domain.ids import key as make_key
from domain.people import Actor, Person
from domain.privacy import safe_text
from domain.store import Approval, AuditEntry, UnitOfWork
from handlers.approval_open import chats_of
from handlers.desk import Desk
from handlers.outgoing import send, send_to
from handlers.words.common import words

log = structlog.get_logger()
SURFACE = "mcp"


@dataclass(frozen=True, slots=True)
class Told:
    """What the assistant gets: words for its person and the same as data. No button, no token, no picture."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    failed: bool = False


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

    async def _called(self, found: Admitted, name: str, arguments: Any) -> Told:
        tool = TOOLS.get(name)
        if tool is None:
            raise BadInput(f"没有叫 {safe_text(name, 30)!r} 的工具。有：{'、'.join(TOOLS)}。")
        actor = self._actor(found)
        if tool.scope not in found.token.scopes:
            await self._audit(actor, "access.denied", f"tool:{tool.name}")
            raise Refused(f"这个令牌只能看，不能提议。要用 {tool.name}，请管理员发一个 --scope propose 的。")
        desk = self._desk
        around = Around(desk.clock.now(), await self._dispatcher.lexicon(), desk.lang)
        plan = plan_of(tool, arguments, around)
        message = self._message(actor, found.person, arguments or {})
        answer = await self._dispatcher.planned(plan, message, actor)
        log.info("assistant.called", tool=tool.name, token=found.token.id)
        if answer.reply is None:
            raise Refused(words(desk.lang).out_of_scope())
        if tool.scope == PROPOSE:
            return await self._proposed(answer.reply, actor, found.person, tool)
        return _told(answer.reply, link=tool.link)

    def _actor(self, found: Admitted) -> Actor:
        """The person, seen as in a group unless the token says one to one. Dialogs of the chat are not touched."""
        may = self._desk.policy.allowed(found.person.roles)
        user = next((user for platform, user in found.person.accounts if platform in self._desk.chats), "")
        personal = PERSONAL in found.token.scopes
        return Actor(found.person, may, SURFACE, user, f"{SURFACE}:{found.token.id}", personal, self._desk.lang)

    def _message(self, actor: Actor, person: Person, arguments: dict[str, Any]) -> Message:
        """The call as a message. Where an answer is promised for later, it goes to the person's own chat."""
        place = _own_chat(person, self._desk) or ChatRef(SURFACE, actor.chat_id, ChatKind.DIRECT)
        text = " ".join(str(value) for value in arguments.values() if isinstance(value, str))
        sender = Sender(actor.user_id or SURFACE, person.name)
        return Message(place, sender, f"{SURFACE}-{secrets.token_hex(8)}", safe_text(text, 200), self._desk.clock.now())

    # --- proposals ----------------------------------------------------------------------------------------------------

    async def _proposed(self, reply: Reply, actor: Actor, person: Person, tool: Tool) -> Told:
        """Send the card to the person. No card means that the rules refuse or need to know more: their sentence."""
        if reply.card is None or not reply.card.number:
            return _told(reply, failed=True)
        number, now, desk = reply.card.number, self._desk.clock.now(), self._desk

        def work(uow: UnitOfWork) -> tuple[str, Approval] | None:
            approval = uow.approvals.by_number(number)
            if approval is None:
                return None
            where = _deliver(uow, approval, person, desk)
            uow.audit.record(
                AuditEntry(
                    now,
                    f"person:{person.person_id}",
                    "assistant.proposed",
                    f"approval:{approval.id}",
                    after={"tool": tool.name, "kind": approval.kind, "state": approval.state},
                    surface=SURFACE,
                    chat_id=actor.chat_id,
                )
            )
            return where, approval

        done = await desk.store.write(work)
        if done is None:
            raise Refused(words(desk.lang).old_button())
        where, approval = done
        told = _told(reply)
        if not where:
            text = f"草稿 {number} 记下了，但没有能送到的会话，请在群里发「{number}」。什么都还没有执行。"
        else:
            text = f"草稿 {number} 已发到{where}，要本人看过按提交才开始走审批。什么都还没有执行。"
        proposal = {"number": number, "state": approval.state, "kind": approval.kind, "sent_to": where}
        text = f"{text}\n{told.text}"
        return Told(text, told.data | {"text": text, "proposal": proposal})

    async def _audit(self, actor: Actor, action: str, what: str) -> None:
        entry = AuditEntry(
            self._desk.clock.now(),
            f"person:{actor.person.person_id}",
            action,
            what,
            surface=SURFACE,
            chat_id=actor.chat_id,
        )
        await self._desk.store.write(lambda u: u.audit.record(entry))


def _own_chat(person: Person, desk: Desk) -> ChatRef | None:
    """The person's one-to-one on the first platform that is connected."""
    return next((ChatRef(name, user, ChatKind.DIRECT) for name, user in person.accounts if name in desk.chats), None)


def _deliver(uow: UnitOfWork, approval: Approval, person: Person, desk: Desk) -> str:
    """Queue the card for the person alone, else for the work group that takes such cards. Where it goes, in words."""
    args, subject = {"id": approval.id}, f"approval:{approval.id}"
    key = f"assistant:{approval.id}:{approval.version}"
    own = _own_chat(person, desk)
    if own is not None:
        uow.outbox.add([send(own, "approval", args, key=key, subject=subject)])
        return "本人的私聊"
    chats = [chat for chat in chats_of(uow, approval) if chat.platform in desk.chats]
    uow.outbox.add(send_to(chats[:1], "approval", args, key=key, subject=subject, people=[person]))
    return f"「{safe_text(chats[0].title, 16)}」" if chats else ""


def _told(reply: Reply, *, link: bool = False, failed: bool = False) -> Told:
    """A reply without what only a person may use. Links open pages that show more than a group sees: only when asked for."""
    card = reply.card
    data: dict[str, Any] = {"text": reply.text}
    if card is not None:
        data["card"] = {"title": card.title, "lines": list(card.lines), "number": card.number, "footer": card.footer}
    if reply.choices:
        data["choices"] = [button.label for button in reply.choices]
    text = reply.text
    if link:
        links = [{"label": each.label, "url": each.url} for each in card.links] if card is not None else []
        data["links"] = links
        text = "\n".join([text, *(f"{each['label']} {each['url']}" for each in links)])
    if reply.choices:
        text = "\n".join([text, *(f"- {button.label}" for button in reply.choices if button.label not in text)])
    return Told(text, data, failed)
