from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from domain.chat import ChatKind, ChatRef, Click, Incoming, Message, Picture, Reply
from domain.errors import BadInput, Forged, OutcomeUnknown, Rejected
from domain.ports import Chat, RawRequest, ReceivesChat, StreamsChat
from emulators.wecom import WecomEmulator, crypto
from emulators.wecom import state as theirs
from integrations.wecom import Settings
from tests.integrations.wecom.conftest import (
    APP,
    CARD_REPLY,
    DONE_REPLY,
    GROUP,
    Bench,
    door,
    drawn,
    make,
    telling,
    until,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def answers(bench: Bench, reply: Reply, *, after: float = 0.0) -> None:
    """Play the worker: every message is answered with `reply`, `after` seconds later."""

    async def answered(each: Incoming) -> None:
        await asyncio.sleep(after)
        key = each.message_id if isinstance(each, Message) else each.event_id
        await bench.chat.send(each.chat, reply, key=key)

    bench.emulator.callbacks.transport = httpx.ASGITransport(door(bench, answered))


def test_each_mode_offers_what_it_can(emulator: WecomEmulator) -> None:
    over_http = make(emulator, Settings(mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY)).chat
    over_line = make(emulator, Settings(bot_id="b", secret="s")).chat
    assert all(isinstance(chat, Chat) and isinstance(chat, ReceivesChat) for chat in (over_http, over_line))
    assert (isinstance(over_http, StreamsChat), isinstance(over_line, StreamsChat)) == (False, True)
    assert over_line.one_holder is True  # type: ignore[attr-defined]


async def test_the_address_can_be_saved(callback: Bench) -> None:
    assert await callback.emulator.callbacks.verify() == ""
    assert await callback.emulator.callbacks.verify(app=True) == ""
    assert await callback.emulator.callbacks.verify(echo="a+b/c=d&e 好") == ""


async def test_an_answer_ready_in_time_is_the_answer_to_the_request_itself(callback: Bench) -> None:
    answers(callback, Reply("运输中"))
    await callback.emulator.people.say("zhangsan", "查 A1", group="CHATID")
    assert telling(callback.group) == ["运输中"]
    assert callback.last().text == "查 A1"
    assert callback.emulator.callbacks.problems == []


async def test_a_group_gets_buttons_as_a_passive_reply(callback: Bench) -> None:
    answers(callback, CARD_REPLY)
    await callback.emulator.people.say("zhangsan", "退款", group="CHATID")
    assert [button["text"] for button in drawn(callback.group)[0]["button_list"]] == ["同意", "拒绝"]
    assert callback.emulator.callbacks.problems == []


async def test_an_answer_that_takes_longer_comes_through_the_stream_with_its_card(callback: Bench) -> None:
    answers(callback, CARD_REPLY, after=0.35)
    await callback.emulator.people.say("zhangsan", "退款", group="CHATID")
    assert telling(callback.group) == ["正在查…"]
    await callback.emulator.callbacks.settle()
    assert callback.group.shown[-2].finished
    assert len(drawn(callback.group)) == 1
    assert callback.emulator.callbacks.problems == []


async def test_pictures_travel_in_the_finished_stream(callback: Bench) -> None:
    answers(callback, Reply("见图", pictures=(Picture(PNG, "断货"),)))
    await callback.emulator.people.say("zhangsan", "趋势")
    assert callback.talk("zhangsan").shown[-1].raw == PNG
    assert callback.emulator.callbacks.problems == []


async def test_when_nobody_asks_any_more_the_answer_takes_the_one_time_address(callback: Bench) -> None:
    callback.chat.bot._settings = Settings(  # type: ignore[union-attr]
        mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, answers_here=False
    )
    await callback.emulator.people.say("zhangsan", "查 A1", group="CHATID")
    chat = callback.last().chat
    await callback.chat.send(chat, CARD_REPLY, key="k1")
    await callback.chat.send(chat, CARD_REPLY, key="k1")
    assert len(telling(callback.group)) == 1
    assert telling(callback.group)[0].endswith("同意 A17 / 拒绝 A17")  # no card through this address in a group
    with pytest.raises(Rejected, match="60140"):
        await callback.chat.bot.send(chat, Reply("另一条"), key="k2")  # type: ignore[union-attr]


async def test_a_direct_card_through_the_one_time_address(callback: Bench) -> None:
    callback.chat.bot._settings = Settings(  # type: ignore[union-attr]
        mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, answers_here=False
    )
    await callback.emulator.people.say("zhangsan", "退款")
    await callback.chat.send(callback.last().chat, CARD_REPLY, key="k1")
    assert len(drawn(callback.talk("zhangsan"))) == 1


async def test_a_lost_answer_of_the_one_time_address_is_settled_by_its_refusal(callback: Bench) -> None:
    callback.chat.bot._settings = Settings(  # type: ignore[union-attr]
        mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, answers_here=False
    )
    await callback.emulator.people.say("zhangsan", "查 A1", group="CHATID")
    callback.emulator.faults.plan("lost", "/cgi-bin/aibot/response")
    with pytest.raises(OutcomeUnknown):
        await callback.chat.send(callback.last().chat, Reply("运输中"), key="k1")
    await callback.chat.send(callback.last().chat, Reply("运输中"), key="k1")
    assert telling(callback.group) == ["运输中"]


async def test_a_press_is_answered_with_the_cards_new_picture(callback: Bench) -> None:
    async def decided(each: Incoming) -> None:
        if isinstance(each, Click):
            ref = callback_ref(each)
            await callback.chat.update(ref, DONE_REPLY, key="u")
        else:
            await callback.chat.send(each.chat, CARD_REPLY, key=each.message_id)

    from domain.chat import MessageRef

    def callback_ref(each: Click) -> MessageRef:
        return MessageRef(each.chat, each.card_message_id)

    callback.emulator.callbacks.transport = httpx.ASGITransport(door(callback, decided))
    await callback.emulator.people.say("zhangsan", "退款", group="CHATID")
    task = drawn(callback.group)[0]["task_id"]
    await callback.emulator.people.press("lisi", task, "1.tok.agree", group="CHATID")
    assert drawn(callback.group)[0]["main_title"]["title"] == "✅ 退款申请 A17"
    assert callback.emulator.callbacks.problems == []


async def test_without_a_question_this_mode_says_that_it_cannot_speak(callback: Bench) -> None:
    with pytest.raises(Rejected, match="回调模式"):
        await callback.chat.send(GROUP, Reply("库存告急"), key="k1")


async def test_enter_chat_is_welcomed_and_feedback_is_taken_silently(callback: Bench) -> None:
    await callback.emulator.people.event("zhangsan", "enter_chat")
    await callback.emulator.people.event("zhangsan", "feedback_event", feedback_event={"id": "f", "type": 2})
    assert len(telling(callback.talk("zhangsan"))) == 1
    assert callback.emulator.callbacks.problems == []


async def test_a_repeated_callback_is_one_message_and_one_answer(callback: Bench) -> None:
    answers(callback, CARD_REPLY)
    callback.emulator.faults.plan("twice", "callback")
    await callback.emulator.people.say("zhangsan", "退款", group="CHATID")
    assert len(callback.heard) == 1
    assert len(drawn(callback.group)) == 1
    assert callback.emulator.callbacks.problems == []


@pytest.mark.parametrize("fault", ["bad-signature", "wrong-key", "wrong-receiver", "truncated", "bad-padding"])
async def test_what_is_not_genuine_is_refused_and_does_nothing(callback: Bench, fault: str) -> None:
    callback.emulator.faults.plan(fault, "callback")
    await callback.emulator.people.say("zhangsan", "同意 A17", group="CHATID")
    verdicts = [entry.answer for entry in callback.emulator.journal.calls("callback") if entry.request["fault"] == fault]
    assert verdicts
    assert set(verdicts) <= {"HTTP 401", "HTTP 400"}
    assert callback.heard == []


async def test_a_fourth_open_interaction_is_not_delivered(callback: Bench) -> None:
    callback.chat.bot._settings = Settings(  # type: ignore[union-attr]
        mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, answers_here=False
    )
    for index in range(4):
        await callback.emulator.people.say("zhangsan", f"第 {index} 句")
    assert len(callback.heard) == 3


def request(callback: Bench, body: Any, **query: str) -> RawRequest:
    raw = json.dumps(body).encode() if not isinstance(body, bytes) else body
    return RawRequest("POST", "/chat/wecom", query, {}, raw, callback.clock.now())


def signed(callback: Bench, plain: str, *, stamp: str = "") -> RawRequest:
    stamp = stamp or str(int(callback.emulator.clock.now()))
    locked = crypto.lock(theirs.AES_KEY, plain, "")
    return request(
        callback,
        {"encrypt": locked},
        msg_signature=crypto.sign(theirs.TOKEN, stamp, "n", locked),
        timestamp=stamp,
        nonce="n",
    )


async def test_a_replayed_message_has_no_second_effect_whenever_it_comes(callback: Bench) -> None:
    answers(callback, CARD_REPLY)
    await callback.emulator.people.say("zhangsan", "退款", group="CHATID")
    for wait in (1, 7_200, 86_400):
        callback.emulator.clock.move(wait)
        callback.emulator.faults.plan("replay", "callback")
        await callback.emulator.people.say("zhangsan", "退款", group="CHATID")
    replayed = [entry.answer for entry in callback.emulator.journal.calls("callback") if entry.request["fault"] == "replay"]
    assert replayed == ["HTTP 200"] * 3
    assert len(callback.heard) == 1
    assert len(drawn(callback.group)) == 1


@pytest.mark.parametrize(("accept", "heard"), [(True, 1), (False, 0)])
async def test_a_message_that_was_signed_long_ago_is_taken_once_or_not_at_all(
    emulator: WecomEmulator, accept: bool, heard: int
) -> None:
    settings = Settings(mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, accept_late=accept)
    bench = make(emulator, settings)
    late = json.dumps(
        {"msgid": "m1", "msgtype": "text", "chattype": "single", "from": {"userid": "zhangsan"}, "text": {"content": "查"}}
    )
    for _ in range(2):
        receipt = bench.chat.receive(signed(bench, late, stamp="1400000000"))
        assert (receipt.status, receipt.body, receipt.answer, len(receipt.incoming)) == (200, b"", None, heard)


async def test_a_press_counts_only_while_it_is_fresh(callback: Bench) -> None:
    event = {"eventtype": "template_card_event", "template_card_event": {"event_key": "tok", "task_id": "xd-1"}}
    press = {"msgid": "e1", "msgtype": "event", "chattype": "single", "from": {"userid": "zhangsan"}, "event": event}
    now = int(callback.emulator.clock.now())
    for stamp, counts in ((now, 1), (now - 599, 1), (now - 700, 0), (now + 700, 0)):
        receipt = callback.chat.receive(signed(callback, json.dumps(press), stamp=str(stamp)))
        assert (receipt.status, len(receipt.incoming)) == (200, counts)


@pytest.mark.parametrize(
    "plain", ["", "not json", "[]", "{}", '{"msgtype":"text","from":{"userid":"a"},"chattype":"single"}', "[" * 5000]
)
async def test_signed_nonsense_is_acknowledged_logged_and_nothing_else(callback: Bench, plain: str) -> None:
    """A repeat would be as unreadable: asking for it by a 4xx would only bring it twice more."""
    with capture_logs() as logged:
        receipt = callback.chat.receive(signed(callback, plain))
    assert (receipt.status, receipt.body, receipt.incoming) == (200, b"", ())
    assert [entry["event"] for entry in logged] == ["callback.unreadable"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"<xml>", b"{}", b"\xff\xfe", b'{"encrypt":5}', b"<xml><Encrypt>%%</Encrypt></xml>"]
)
async def test_broken_envelopes_are_unreadable_not_an_error(callback: Bench, body: bytes) -> None:
    with pytest.raises((BadInput, Forged)):
        callback.chat.receive(request(callback, body, msg_signature="x", timestamp="1", nonce="n"))


@pytest.mark.parametrize("stamp", ["abc", "-5", "9" * 30, "１２３"])
async def test_a_stamp_that_is_none_is_refused(callback: Bench, stamp: str) -> None:
    with pytest.raises((BadInput, Forged)):
        callback.chat.receive(signed(callback, "{}", stamp=stamp))


async def test_a_missing_query_is_refused(callback: Bench) -> None:
    with pytest.raises(BadInput):
        callback.chat.receive(request(callback, {"encrypt": "x"}))


async def test_the_flat_form_of_a_card_event_is_read_too(callback: Bench) -> None:
    event = {"eventtype": "template_card_event", "event_key": "tok", "task_id": "xd-1@2"}
    body = {"msgid": "e1", "msgtype": "event", "chattype": "single", "from": {"userid": "zhangsan"}, "event": event}
    receipt = callback.chat.receive(signed(callback, json.dumps(body)))
    click = receipt.incoming[0]
    assert isinstance(click, Click)
    assert (click.token, click.card_message_id, click.chat.kind) == ("tok", "xd-1", ChatKind.DIRECT)


async def test_an_apps_message_and_press_come_through_the_same_address(callback: Bench) -> None:
    emulator = callback.emulator
    stamp = int(emulator.clock.now())
    said = {"FromUserName": "lisi", "CreateTime": stamp, "MsgType": "text", "Content": "查 A1", "MsgId": 9007199254740993}
    assert await emulator.callbacks.send_app(said, repeat=2) == 200
    assert callback.last().message_id == "9007199254740993"
    assert len(callback.heard) == 1
    press = {"FromUserName": "lisi", "CreateTime": stamp, "MsgType": "event", "Event": "template_card_event"}
    press |= {"EventKey": "tok", "TaskId": "ap-1", "CardType": "button_interaction", "ResponseCode": "RC1"}
    chosen = {"SelectedItem": {"QuestionKey": "reason", "OptionIds": {"OptionId": ["r1", "r2"]}}}
    await emulator.callbacks.send_app(press | {"SelectedItems": chosen})
    assert callback.click().values == (("reason", "r1"), ("reason", "r2"))
    await emulator.callbacks.send_app(press | {"ResponseCode": "RC2"})  # a second press within the same second
    assert len(callback.heard) == 3
    assert emulator.callbacks.problems == []


async def test_private_answers_take_the_app_where_the_robot_cannot(callback: Bench) -> None:
    await callback.chat.send(GROUP, Reply("已由 周会计 同意", private=True), key="k1", to_user="lisi")
    assert telling(callback.talk("lisi")) == ["已由 周会计 同意"]
    assert APP.agent_id == theirs.AGENT_ID


async def test_opaque_ids_are_kept_as_they_come(callback: Bench) -> None:
    callback.emulator.state.opaque.add("zhangsan")
    await callback.emulator.people.say("zhangsan", "查")
    assert callback.last().sender.user_id.startswith("wo")
    assert callback.last().chat == ChatRef("wecom", callback.last().sender.user_id, ChatKind.DIRECT)


async def test_nothing_waits_for_ever(callback: Bench) -> None:
    await callback.emulator.people.say("zhangsan", "查")
    assert telling(callback.talk("zhangsan")) == ["正在查…"]
    callback.emulator.clock.move(340)
    await until(lambda: telling(callback.talk("zhangsan")) == ["还在查，查到了马上告诉你。"])
