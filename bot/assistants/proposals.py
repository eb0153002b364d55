"""Proposals: a draft or a card that goes to the person, not to the assistant. The same call twice is one proposal.

What a call had made is kept for a day under a key of person, tool and plan, so that an assistant which lost our answer, or
asks again, gets the same draft as long as that draft lives.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.assistants.told import Told, told
from bot.assistants.tools import Tool
from domain.approval import DECIDABLE, OPEN, State, move
from domain.chat import ChatKind, ChatRef, Message, Reply
from domain.errors import Refused
from domain.ids import key as make_key
from domain.money import Money
from domain.people import Actor, Person
from domain.privacy import safe_text
from domain.store import Approval, AuditEntry, BoundChat, Deadline, Json, Reads, UnitOfWork
from domain.understand import Intent, Plan, slots_json, to_json
from handlers import orders, suggestions
from handlers.approval_card import reply_for
from handlers.approval_due import DRAFT_FOR
from handlers.approval_open import chats_of, saved
from handlers.desk import Desk, Question
from handlers.order_search import wanted_of
from handlers.outgoing import send, send_to
from handlers.suggestions import Suggestion
from handlers.words.approvals import words as approval_words
from handlers.words.common import words

SURFACE = "mcp"
KEEP = timedelta(days=1)
_OWN = "本人的私聊"

Ask = Callable[[Plan], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Proposal:
    """One call. `ask` answers a plan as the group's handlers do."""

    tool: Tool
    plan: Plan
    person: Person
    actor: Actor
    message: Message
    desk: Desk
    ask: Ask

    @property
    def name(self) -> str:
        """Where what it had made is kept."""
        return f"assistant:{make_key(self.person.person_id, self.tool.name, to_json(self.plan))}"


@dataclass(frozen=True, slots=True)
class _Done:
    """What a draft's card says, and who has it."""

    approval: Approval
    sent_to: str
    groups: Sequence[str]
    again: bool


# --- drafts -----------------------------------------------------------------------------------------------------------


async def draft(call: Proposal) -> Told:
    """The draft of this call. No card means that the rules refuse or need to know more: their sentence."""
    number = await call.desk.store.read(lambda r: _living(r, r.cursors.get(call.name) or "", call))
    again = number is not None
    if number is None:
        reply = await call.ask(call.plan)
        if reply.card is None or not reply.card.number:
            return told(reply, failed=True)
        number = reply.card.number
    done = await call.desk.store.write(lambda u: _proposed(u, call, number, again=again))
    if done is None:
        raise Refused(words(call.desk.lang).old_button())
    return _draft_told(call, done, await reply_for(done.approval.id, call.desk))


def _living(reads: Reads | UnitOfWork, number: str, call: Proposal) -> str | None:
    """The kept number when it is still what this call would make: a fresh draft of this person's, or what became of it."""
    approval = reads.approvals.by_number(number) if number else None
    if approval is None or not call.actor.sees_shop(approval.shop):
        return None
    fresh = approval.state == State.DRAFT and call.desk.clock.now() - approval.created_at <= DRAFT_FOR
    return number if fresh or approval.state in OPEN else None


def _proposed(uow: UnitOfWork, call: Proposal, number: str, *, again: bool) -> _Done | None:
    now = call.desk.clock.now()
    known = _living(uow, uow.cursors.locked(call.name), call)
    if known is not None and known != number:
        # The same call came in twice at once: the other one was first, and its draft is the draft.
        _drop(uow, number, call)
        number, again = known, True
    approval = uow.approvals.by_number(number)
    if approval is None:
        return None
    uow.cursors.put(call.name, number)
    uow.deadlines.put([Deadline(call.name, suggestions.FORGET, now + KEEP)])
    args, subject = {"id": approval.id}, f"approval:{approval.id}"
    sent_to = _deliver(
        uow, call, "approval", args, f"assistant:{approval.id}:{approval.version}", chats_of(uow, approval), subject
    )
    groups = [safe_text(chat.title, 16) for chat in chats_of(uow, approval)]
    after = {"tool": call.tool.name, "kind": approval.kind, "state": approval.state}
    _record(uow, call, f"approval:{approval.id}", after | ({"again": True} if again else {}))
    return _Done(approval, sent_to, groups, again)


def _drop(uow: UnitOfWork, number: str, call: Proposal) -> None:
    mine = uow.approvals.by_number(number)
    if mine is not None and mine.state == State.DRAFT and mine.requester_id == call.person.person_id:
        saved(uow, move(mine, State.WITHDRAWN))


def _draft_told(call: Proposal, done: _Done, reply: Reply) -> Told:
    approval, lines = done.approval, []
    waits = _waits(done, call.desk)
    if approval.state == State.DRAFT:
        again = "（和刚才的是同一份）" if done.again else ""
        if done.sent_to:
            lines.append(
                f"草稿 {approval.number} 已发到{done.sent_to}{again}，要本人看过按提交才开始走审批。什么都还没有执行。"
            )
        else:
            lines.append(
                f"草稿 {approval.number} 记下了，但没有能送到的会话，请在群里发「{approval.number}」。什么都还没有执行。"
            )
    else:
        lines.append(f"这件事已经有申请 {approval.number}，没有再开一份。{waits}。")
    asked = call.plan.slots.amount
    if asked is not None and not _same(asked, approval):
        lines.append(f"注意：{approval.number} 的金额是 {approval.amount}，不是这次写的 {asked}。")
    drawn = told(reply)
    text = "\n".join((*lines, drawn.text))
    proposal = {
        "number": approval.number,
        "state": approval.state,
        "kind": approval.kind,
        "sent_to": done.sent_to,
        "waits": waits,
        "again": done.again,
    }
    return Told(text, drawn.data | {"text": text, "proposal": proposal})


def _same(asked: Money, approval: Approval) -> bool:
    return approval.kind == "cancel" or asked == approval.amount


def _waits(done: _Done, desk: Desk) -> str:
    """Whose turn it is, and where."""
    approval, say = done.approval, approval_words(desk.lang)
    if approval.state == State.DRAFT:
        return f"等本人提交（{done.sent_to}）" if done.sent_to else "等本人提交"
    where = "、".join(done.groups[:2]) or "群"
    if approval.state in DECIDABLE and approval.steps:
        return f"等{say.step(approval.steps[approval.step])}（{where}）"
    return f"在走流程（{where}）" if approval.steps else say("no_rule").rstrip("。")


# --- suggestions ------------------------------------------------------------------------------------------------------


async def suggest(call: Proposal) -> Told:
    """A card before the person whose button does it. Nothing is written but the card's way to them."""
    desk, actor, now = call.desk, call.actor, call.desk.clock.now()
    intent = call.plan.intent
    order_ids: list[int] = []
    if intent is not Intent.ALERT_ACK and call.plan.slots.approval_id is None:
        found = await one_order(call)
        if isinstance(found, Told):
            return found
        order_ids = [found]

    def work(uow: UnitOfWork) -> tuple[Suggestion, str]:
        if intent is Intent.ALERT_ACK:
            made = suggestions.to_claim(uow, call.plan.slots.alert_id or "", actor, desk)
        elif intent is Intent.WITHDRAW_AFTERSALE:
            made = suggestions.to_withdraw(uow, call.plan.slots.approval_id or "", order_ids, actor, desk)
        else:
            made = suggestions.to_urge(uow, order_ids[0], actor, now, desk)
        args = {"deed": made.deed, "id": made.subject_id, "person": call.person.person_id}
        key = f"suggestion:{call.person.person_id}:{made.deed}:{made.subject_id}:{made.mark}"
        sent_to = _deliver(uow, call, suggestions.VIEW, args, key, made.chats)
        _record(uow, call, f"{_ENTITY[made.deed]}:{made.subject_id}", {"tool": call.tool.name, "kind": made.deed})
        return made, sent_to

    made, sent_to = await desk.store.write(work)
    proposal = {"number": made.number, "state": "suggested", "kind": made.deed, "sent_to": sent_to}
    if not sent_to:
        text = f"{made.number}：没有能送到的会话，请本人在群里说。什么都还没有执行。"
        return Told(text, {"text": text, "proposal": proposal | {"waits": ""}}, failed=True)
    waits = f"等本人按按钮（{sent_to}）"
    text = f"{made.number} 的卡片已发到{sent_to}，要本人按了才算数。什么都还没有执行。"
    return Told(text, {"text": text, "proposal": proposal | {"waits": waits}})


_ENTITY = {suggestions.URGE: "order", suggestions.WITHDRAW: "approval", suggestions.CLAIM: "alert"}


async def one_order(call: Proposal) -> int | Told:
    """The one order that the plan names, inside what the person may see; else what the group would say."""
    desk, actor, now = call.desk, call.actor, call.desk.clock.now()
    plan = replace(call.plan, intent=Intent.WHERE_IS_ORDER)
    text = call.message.text
    question = Question(plan.intent.value, slots_json(plan.slots), text, call.message, 1.0, plan)
    outcome = await desk.store.read(lambda r: orders.look(r, wanted_of(question), actor, now, desk, text=text))
    if outcome.one is not None:
        return outcome.one.card.stored.id
    return told(await call.ask(plan), failed=True)


# --- both -------------------------------------------------------------------------------------------------------------


def own_chat(person: Person, desk: Desk) -> ChatRef | None:
    """The person's one-to-one on the first platform that is connected."""
    return next((ChatRef(name, user, ChatKind.DIRECT) for name, user in person.accounts if name in desk.chats), None)


def _deliver(
    uow: UnitOfWork, call: Proposal, view: str, args: Json, key: str, chats: Sequence[BoundChat], subject: str = ""
) -> str:
    """Queue the card for the person alone, else for the work group that takes such cards. Where it goes, in words."""
    own = own_chat(call.person, call.desk)
    if own is not None:
        uow.outbox.add([send(own, view, args, key=key, subject=subject)])
        return _OWN
    able = [chat for chat in chats if chat.platform in call.desk.chats][:1]
    uow.outbox.add(send_to(able, view, args, key=key, subject=subject, people=[call.person]))
    return f"「{safe_text(able[0].title, 16)}」" if able else ""


def _record(uow: UnitOfWork, call: Proposal, entity: str, after: dict[str, Any]) -> None:
    uow.audit.record(
        AuditEntry(
            call.desk.clock.now(),
            f"person:{call.person.person_id}",
            "assistant.proposed",
            entity,
            after=after,
            surface=SURFACE,
            chat_id=call.actor.chat_id,
            request_id=call.message.message_id,
        )
    )
