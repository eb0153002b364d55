"""What the buttons of an approval do, typed: 提交 A17, 不提交 A17, 立即执行 A17, 再试 A17, 办好了 A17.

On platforms where cards are plain text a draft could not be submitted otherwise. The typed word runs the button's own action
on the approval as it stands now, with the same checks.
"""

from __future__ import annotations

from domain.chat import Click, Reply
from domain.people import Actor
from domain.privacy import safe_text
from domain.understand.deeds import Deed
from handlers.approvals import FEATURE as APPROVALS
from handlers.approvals import slot
from handlers.desk import Desk, Feature, Need, Press, Question
from handlers.words.approvals import words


async def ask_deed(question: Question, actor: Actor, desk: Desk) -> Reply:
    """Find the approval by its number and press its button. Raises what the action raises."""
    say = words(desk.lang)
    action = question.plan.extra["command"] if question.plan is not None else ""
    number = slot(question, "approval_id").upper()
    approval = await desk.store.read(lambda r: r.approvals.by_number(number))
    if approval is None or not actor.sees_shop(approval.shop) or action not in APPROVALS.actions:
        return Reply(say("a.unknown_number", number=safe_text(number, 12)), private=True)
    seen = f"{approval.step}.{approval.fingerprint[:8]}"
    token = desk.signer.sign(action, f"approval:{approval.id}", seen)
    message = question.message
    click = Click(message.chat, message.sender, message.message_id, "", token, message.sent_at)
    reply: Reply | None = await APPROVALS.actions[action].run(Press(desk.signer.open(token), click, {}), actor, desk)
    return reply or Reply(say("d.already_plain"), private=True)


FEATURE = Feature(
    "approval_typed",
    commands={deed.value: Need(ask_deed, APPROVALS.actions[deed.value].may) for deed in Deed},
)
