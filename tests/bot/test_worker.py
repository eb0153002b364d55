"""The inbox at work: in order within a conversation, nobody waits for a stranger, trouble ends in an answer or a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog

from domain.chat import ChatRef, MessageRef, Reply
from domain.errors import Rejected, Unavailable
from tests.flows.company import Company, opened


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    with structlog.testing.capture_logs():
        async with opened(tmp_path) as made:
            yield made


def failing(company: Company, monkeypatch: pytest.MonkeyPatch, trouble: Exception, times: int) -> list[str]:
    """The room refuses so many messages; gives the keys it was called with."""
    keys: list[str] = []
    send = company.console.send

    async def picky(chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        keys.append(key)
        if len(keys) <= times:
            raise trouble
        ref: MessageRef = await send(chat, reply, key=key, to_user=to_user)
        return ref

    monkeypatch.setattr(company.console, "send", picky)
    return keys


async def test_messages_of_one_person_are_answered_in_order(company: Company) -> None:
    for index in range(5):
        await company.say("zhangming", f"@小单 692000000000000900{index} 到哪了", work=False)
    await company.work()
    seen = [said["body"]["text"] for said in company.seen() if said["from"]]
    assert len(company.answers()) == 5
    assert seen == sorted(seen)


async def test_an_answer_that_cannot_leave_now_leaves_later_under_the_same_key(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = failing(company, monkeypatch, Unavailable("away", retry_after=5), 3)
    await company.say("zhangming", "@小单 6920000000000009001 到哪了")
    assert company.answers() == []
    await company.work(60, step=5)
    assert len(company.answers()) == 1
    assert len(set(keys)) == 1


async def test_an_answer_that_nobody_takes_is_put_aside_with_a_reason(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(company, monkeypatch, Rejected("no_chat", "没有这个会话"), 99)
    await company.say("zhangming", "@小单 6920000000000009001 到哪了")
    assert await company.house.desk.store.inbox.depth() == 0
    (kept,) = company.read(lambda r: r.quarantine.quarantined())
    assert "没有这个会话" in str(kept)
    assert "6920000000000009001" not in str(kept)


@pytest.mark.parametrize("trouble", [Unavailable("away"), KeyError("a mistake of ours")])
async def test_what_never_works_ends_and_others_are_served_meanwhile(
    company: Company, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    reply_to: Any = company.house.dispatcher.reply_to

    async def picky(message: Any) -> Any:
        if message.sender.user_id == "zhangming":
            raise trouble
        return await reply_to(message)

    monkeypatch.setattr(company.house.dispatcher, "reply_to", picky)
    await company.say("zhangming", "@小单 6920000000000009001 到哪了", work=False)
    await company.say("chendian", "@小单 6920000000000009002 到哪了")
    assert len(company.answers("chendian")) == 1
    await company.work(2_000, step=100)
    assert await company.house.desk.store.inbox.depth() == 0
    assert len(company.read(lambda r: r.quarantine.quarantined())) == 1


async def test_who_gets_no_answer_for_long_is_told_so_when_there_is_room_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crowded conversation: the answer was due again and again, and each time the budget was used up."""
    keys = failing(company, monkeypatch, Unavailable("conversation budget is used up", retry_after=60), 6)
    await company.say("zhangming", "@小单 6920000000000009001 到哪了", work=False)
    await company.say("zhangming", "大家中午吃什么", work=False)  # not said to us
    await company.work(1_200, step=60)
    assert len(keys) >= 6
    (text,) = company.texts()
    assert "这条刚才没答上" in text
    assert "6920000000000009001" not in text  # a number in full has no place in an apology
    assert await company.house.desk.store.inbox.depth() == 0


async def test_what_nobody_can_read_is_put_aside_after_some_tries(company: Company) -> None:
    inbox = company.house.desk.store.inbox
    broken = {"chat": "no conversation at all"}
    await inbox.accept(
        [("console", "message", "broken-1", "console:orders:zhangming", broken, company.house.desk.clock.now())]
    )
    await company.work(2_000, step=100)
    assert await inbox.depth() == 0
    assert len(company.read(lambda r: r.quarantine.quarantined())) == 1


async def test_a_fault_of_ours_is_one_sentence_at_once_and_is_not_tried_again(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("nobody wrote this sentence before")

    monkeypatch.setattr("bot.dispatch.understand", broken)
    await company.say("zhangming", "@小单 6920000000000009001 到哪了")
    assert await company.house.desk.store.inbox.depth() == 0
    [said] = company.answers()
    assert "技术同事" in str(said)
    await company.say("zhangming", "大家中午吃什么")  # not said to us: a fault of ours is no reason to speak
    assert len(company.answers()) == 1
