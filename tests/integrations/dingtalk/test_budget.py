"""Staying below the limits: nothing dropped, order kept, bad news first, overflow merged; and the month's quota."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from domain.chat import ChatKind, ChatRef, Reply, Tone, Urgency
from domain.clock import ManualClock
from domain.errors import Unavailable
from domain.pace import MemoryPace
from integrations._kit.tokens import MemoryTokens, Tokens
from integrations.dingtalk.budget import Share
from integrations.dingtalk.quota import QuotaMeter
from tests.integrations.dingtalk.conftest import Office, refund_card, until

NOON = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)


async def test_a_share_is_kept_for_answers_and_one_for_what_is_critical() -> None:
    clock = ManualClock(NOON)
    pace, share = MemoryPace(clock), Share(8, 60.0)

    async def take(urgency: Urgency, times: int = 1) -> list[float]:
        return [await pace.take("x", share.spans(urgency)) for _ in range(times)]

    assert await take(Urgency.NORMAL, 6) == [0.0] * 6
    assert await take(Urgency.NORMAL) == [60.0]
    assert await take(Urgency.ANSWER, 2) == [0.0, 60.0]
    assert await take(Urgency.CRITICAL, 2) == [0.0, 60.0]
    clock.move(timedelta(seconds=60))
    assert await take(Urgency.NORMAL) == [0.0]


async def outlasting(office: Office, *sends: Callable[[], Awaitable[Any]]) -> None:
    """As the outbox does: what would wait too long here comes again later."""
    left = list(sends)
    for _ in range(20):
        found = await asyncio.gather(*(send() for send in left), return_exceptions=True)
        left = [send for send, each in zip(left, found, strict=True) if isinstance(each, Unavailable)]
        if not left:
            return
        office.emulator.clock.move(61)
    raise AssertionError("they never left")


async def test_an_overflow_waits_in_order_and_nothing_is_dropped(office: Office) -> None:
    chat = office.connector()
    said = [f"第 {n} 单发货了" for n in range(40)]
    await outlasting(office, *(partial(chat.send, office.ref(), Reply(text), key=text) for text in said))
    assert office.texts() == said


async def test_a_reply_of_several_messages_counts_as_several(office: Office) -> None:
    token = office.emulator.state.custom_robot(office.group)
    chat = office.connector(webhooks={"alerts": {"token": token}})
    long = "\n".join(f"{n} " + "长" * 60 for n in range(60))
    await outlasting(office, *(partial(chat.send, hook(office), Reply(long), key=f"k{n}") for n in range(8)))
    assert office.emulator.state.custom[token].blocked_until == 0
    assert len(office.texts()) == 8 * len(set(office.texts())) > 20


async def test_cards_wait_their_turn_and_are_not_merged(office: Office) -> None:
    chat = office.connector(conversation_per_minute=4)
    await asyncio.gather(
        *(chat.send(office.ref(), Reply("退款", card=refund_card()), key=f"k{n}") for n in range(3)), return_exceptions=True
    )
    assert [each.kind for each in office.emulator.state.seen_in(office.group)] == ["card"] * 3


async def test_bad_news_passes_when_the_ordinary_share_is_used_up(office: Office) -> None:
    office.emulator.clock._frozen = office.emulator.clock.now()
    chat = office.connector(conversation_per_minute=8)
    for number in range(6):
        await chat.send(office.ref(), Reply(f"{number}"), key=f"k{number}")
    red = Reply("红色不算", card=refund_card(title="一张红卡", tone=Tone.BAD))
    with pytest.raises(Unavailable):  # a colour is no severity
        await chat.send(office.ref(), red, key="k7")
    bad = Reply("断货", card=refund_card(title="库存告急"), urgency=Urgency.CRITICAL)
    await chat.send(office.ref(), bad, key="bad")
    assert office.emulator.state.seen_in(office.group)[-1].kind == "card"


async def test_bad_news_overtakes_what_waits_in_the_same_conversation(office: Office) -> None:
    chat = office.connector()
    bad = Reply("断货", card=refund_card(title="库存告急", tone=Tone.BAD), urgency=Urgency.CRITICAL)
    cards = [chat.send(office.ref(), Reply(f"{n}", card=refund_card()), key=f"k{n}") for n in range(5)]
    await asyncio.gather(*cards, chat.send(office.ref(), bad, key="bad"))
    order = [office.view(each.body["outTrackId"])["title"] for each in office.emulator.state.seen_in(office.group)]
    assert order.index("🔴 库存告急 A17") <= 1


async def test_a_wait_that_is_too_long_goes_back_to_the_outbox_with_its_length(office: Office) -> None:
    office.emulator.clock._frozen = office.emulator.clock.now()
    chat = office.connector(conversation_per_minute=1)
    await chat.send(office.ref(), Reply("一"), key="a")
    with pytest.raises(Unavailable) as raised:
        await chat.send(office.ref(), Reply("二"), key="b")
    assert raised.value.retry_after is not None
    assert 25 < raised.value.retry_after <= 60


async def test_the_robot_stays_below_the_platforms_rate(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.jump = False  # in real time, for what counts is when requests leave
    chat = office.connector()
    left: list[float] = []
    send = chat.client._send

    async def watched(*given: Any, **named: Any) -> Any:
        left.append(office.emulator.clock.now())
        return await send(*given, **named)

    monkeypatch.setattr(chat.client, "_send", watched)
    people = [office.emulator.state.user(f"u{n}", f"人{n}") for n in range(30)]
    await asyncio.gather(*(chat.send(office.person(user), Reply("通知"), key=user) for user in people))
    assert all(later - earlier >= 0.99 for earlier, later in zip(left, left[16:], strict=False))
    assert len(office.emulator.journal.effects("robot.oto")) == 30


# --- custom robots ---


def hook(office: Office) -> ChatRef:
    return ChatRef("dingtalk", "webhook:alerts", ChatKind.GROUP)


async def test_a_custom_robot_signs_and_mentions(office: Office) -> None:
    token = office.emulator.state.custom_robot(office.group, secret="SECdemo")
    chat = office.connector(webhooks={"alerts": {"token": token, "secret": "SECdemo"}})
    await chat.send(hook(office), Reply("库存告急", mention=("u-zhang",)), key="a")
    [shown] = office.emulator.state.seen_in(office.group)
    assert shown.effective_at == ("u-zhang",)


async def test_a_repeat_after_a_lost_answer_shows_once_on_a_custom_robot(office: Office) -> None:
    token = office.emulator.state.custom_robot(office.group)
    chat = office.connector(webhooks={"alerts": {"token": token}})
    office.emulator.faults.plan("drop-after-commit", "webhook")
    with pytest.raises(Exception, match="no answer"):
        await chat.send(hook(office), Reply("库存告急"), key="a")
    await chat.send(hook(office), Reply("库存告急"), key="a")
    assert len(office.texts()) == 1


async def test_a_storm_of_alerts_never_trips_the_custom_robots_block(office: Office) -> None:
    token = office.emulator.state.custom_robot(office.group)
    chat = office.connector(webhooks={"alerts": {"token": token}})
    await outlasting(office, *(partial(chat.send, hook(office), Reply(f"告警 {n} 号"), key=f"k{n}") for n in range(100)))
    assert office.emulator.state.custom[token].blocked_until == 0
    assert all(any(f"告警 {n} 号" in text for text in office.texts()) for n in range(100))


@pytest.mark.parametrize("code", [130101, 410100])
async def test_a_blocked_custom_robot_is_left_alone_for_ten_minutes(office: Office, code: int) -> None:
    office.emulator.switches.throttle_code = code
    token = office.emulator.state.custom_robot(office.group)
    office.emulator.state.custom[token].blocked_until = office.emulator.clock.now() + 600
    chat = office.connector(webhooks={"alerts": {"token": token}})
    with pytest.raises(Unavailable) as raised:
        await chat.send(hook(office), Reply("库存告急"), key="a")
    assert raised.value.retry_after == 600


# --- the month ---


def meter(clock: ManualClock, store: MemoryTokens, api: int = 1000) -> QuotaMeter:
    return QuotaMeter("q", {"api": api, "messages": 600}, clock=clock, store=store)


async def test_replicas_add_to_one_record() -> None:
    clock, store = ManualClock(NOON), MemoryTokens()
    first, second = meter(clock, store), meter(clock, store)
    first.count("api", 300)
    second.count("api", 200)
    await first.sync(force=True)
    await second.sync(force=True)
    await first.sync(force=True)
    assert (first.usage("api").used, second.usage("api").used) == (500, 500)


async def test_the_forecast_says_when_it_will_be_gone() -> None:
    clock = ManualClock(NOON)  # nine and a half days of thirty
    quota = meter(clock, MemoryTokens())
    quota.count("api", 500)
    assert quota.usage("api").gone_on == 20
    assert "20 日用完" in quota.usage("api").sentence()
    quota.count("messages", 100)
    assert "够用到月底" in quota.usage("messages").sentence()


async def test_a_new_month_starts_at_nothing_by_chinas_clock() -> None:
    clock = ManualClock(datetime(2026, 11, 30, 15, 59, tzinfo=UTC))
    quota = meter(clock, MemoryTokens())
    quota.count("api", 999)
    clock.move(timedelta(minutes=2))
    assert quota.usage("api").used == 0


async def test_each_warning_is_given_once() -> None:
    quota = meter(ManualClock(NOON), MemoryTokens())
    quota.count("api", 790)
    assert quota.due_warning() is None
    quota.count("api", 20)
    warning = quota.due_warning()
    assert warning is not None
    assert "810/1,000" in warning.sentence()
    assert quota.due_warning() is None
    quota.spent("api")
    assert "用完了" in (quota.due_warning() or warning).sentence()


async def test_a_store_that_is_away_loses_no_count() -> None:
    class Away(MemoryTokens):
        async def load(self, name: str) -> Tokens | None:
            raise Unavailable("store")

    quota = meter(ManualClock(NOON), Away())
    quota.count("api", 7)
    with pytest.raises(Unavailable):
        await quota.sync(force=True)
    assert quota.usage("api").used == 7


async def test_our_meter_agrees_with_the_platforms(office: Office) -> None:
    chat = office.connector()
    async with office.listening(chat):
        for number in range(3):
            await office.emulator.people.say("u-zhang", "在吗", group=office.group)
            await until(lambda n=number: len(office.inbox.messages) == n + 1)  # type: ignore[misc]
            await chat.send(office.inbox.messages[-1].chat, Reply("在"), key=f"r{number}")
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="c")
        await office.emulator.people.click("u-zhou", ref.message_id, "同意")
        await chat.update(ref, Reply("好", card=refund_card(buttons=())), key="u")
    quota = office.emulator.state.quota
    assert (chat.client.quota.usage("api").used, chat.client.quota.usage("messages").used) == (quota.api, quota.messages)


async def test_a_used_up_month_is_said_in_the_notice_chat_and_words_go_another_way(office: Office) -> None:
    token = office.emulator.state.custom_robot(office.group)
    chat = office.connector(webhooks={"ops": {"token": token}}, notice_chat="webhook:ops", api_quota=10)
    for number in range(8):
        await chat.send(office.person(), Reply(f"{number}"), key=f"{number}")
    await until(lambda: any("按现在的速度" in text or "用完" in text for text in office.texts()))
    office.emulator.faults.always["robot.oto"] = "quota"
    with pytest.raises(Unavailable) as raised:
        await chat.send(office.person(), Reply("x"), key="x")
    assert raised.value.retry_after == 3600
    assert chat.client.quota.usage("api").used >= 10


async def test_messages_without_words_mean_that_the_month_is_used_up(office: Office) -> None:
    office.emulator.state.quota.message_limit, office.emulator.state.quota.grace_days = 0, 0
    chat = office.connector()
    async with office.listening(chat):
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: office.emulator.people.pushed[-1].done)
    assert office.inbox.messages == []
    assert "用完了" in chat.client.quota.usage("messages").sentence()
