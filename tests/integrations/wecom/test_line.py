from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from domain.chat import Ask, Button, Card, ChatKind, ChatRef, Incoming, Picture, Reply, Urgency
from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected, Unavailable
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from integrations.wecom import Settings
from tests.integrations.wecom.conftest import (
    CARD_REPLY,
    DONE_REPLY,
    GROUP,
    Bench,
    drawn,
    make,
    on_line,
    served,
    telling,
    until,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 700_000


async def test_a_group_message_arrives_without_the_mention_and_is_answered_as_a_quote(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查 A123", group="CHATID", quote="客户说没收到")
    await until(lambda: len(line.heard) == 1)
    message = line.last()
    assert (message.text, message.sender.user_id, message.chat) == ("查 A123", "zhangsan", GROUP)
    assert [each.text for each in message.attachments] == ["客户说没收到"]
    await line.chat.send(message.chat, Reply("运输中"), key="k1")
    assert telling(line.group) == ["运输中"]
    assert line.group.shown[-1].quote == "查 A123"


async def test_the_same_key_twice_is_one_message(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    for _ in range(2):
        await line.chat.send(line.last().chat, Reply("运输中"), key="k1")
    assert telling(line.group) == ["运输中"]


async def test_a_repeat_after_a_lost_acknowledgement_replaces_the_text_it_may_have_shown(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    line.emulator.faults.plan("lost", "aibot_respond_msg")
    with pytest.raises(OutcomeUnknown):
        await line.chat.send(line.last().chat, Reply("运输中"), key="k1")
    await line.chat.send(line.last().chat, Reply("运输中"), key="k1")
    assert telling(line.group) == ["运输中"]


async def test_a_late_acknowledgement_is_not_credited_to_the_next_frame(emulator: WecomEmulator) -> None:
    emulator.lines._sleep = lambda _: asyncio.sleep(0.6)  # instead of 6 s: later than our patience
    async with on_line(emulator) as line:
        await emulator.people.say("zhangsan", "查", group="CHATID")
        await until(lambda: len(line.heard) == 1)
        emulator.faults.plan("late", "aibot_respond_msg")
        with pytest.raises(OutcomeUnknown):
            await line.chat.send(line.last().chat, Reply("一"), key="k1")
        emulator.faults.plan("drop", "aibot_respond_msg", times=1)
        # The late one comes while this frame waits; it proves that the line lives, and the text is the same.
        await line.chat.send(line.last().chat, Reply("一"), key="k1")
        assert telling(line.group) == ["一"]


async def test_a_push_whose_acknowledgement_came_late_is_not_said_again(emulator: WecomEmulator) -> None:
    emulator.lines._sleep = lambda _: asyncio.sleep(0.5)
    emulator.state.talks["CHATID"].spoken = True
    async with on_line(emulator) as line:
        emulator.faults.plan("late", "aibot_send_msg")
        with pytest.raises(OutcomeUnknown):
            await line.chat.send(GROUP, Reply("库存告急"), key="k1")
        await asyncio.sleep(0.3)
        await line.chat.send(GROUP, Reply("库存告急"), key="k1")
        assert telling(line.group) == ["库存告急"]


async def test_a_card_is_drawn_with_its_tokens_and_a_press_comes_back_as_a_click(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "退款", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    ref = await line.chat.send(line.last().chat, CARD_REPLY, key="k1")
    card = drawn(line.group)[0]
    assert [button["key"] for button in card["button_list"]] == ["1.tok.agree", "1.tok.refuse"]
    assert card["main_title"] == {"title": "🟡 退款申请 A17", "desc": "抖音 …0417 王**"}
    await line.emulator.people.press("lisi", card["task_id"], "1.tok.agree", group="CHATID")
    await until(lambda: len(line.heard) == 2)
    click = line.click()
    assert (click.token, click.sender.user_id, click.card_message_id) == ("1.tok.agree", "lisi", ref.message_id)
    assert await line.chat.update(ref, DONE_REPLY, key="u1") == ref
    assert drawn(line.group)[0]["main_title"]["title"] == "✅ 退款申请 A17"
    assert len(line.group.shown) == 2  # nothing new was said: the card itself changed


async def test_a_second_update_is_a_message_that_names_the_card(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "退款", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    ref = await line.chat.send(line.last().chat, CARD_REPLY, key="k1")
    await line.emulator.people.press("lisi", ref.message_id, "1.tok.agree", group="CHATID")
    await until(lambda: len(line.heard) == 2)
    await line.chat.update(ref, DONE_REPLY, key="u1")
    assert await line.chat.update(ref, DONE_REPLY, key="u2") == ref
    assert telling(line.group)[-1].splitlines()[0] == "> 更新：退款申请 A17"


async def test_five_seconds_after_the_press_the_update_is_a_message(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "退款", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    ref = await line.chat.send(line.last().chat, CARD_REPLY, key="k1")
    await line.emulator.people.press("lisi", ref.message_id, "1.tok.agree", group="CHATID")
    await until(lambda: len(line.heard) == 2)
    line.emulator.clock.move(5.1)
    await line.chat.update(ref, DONE_REPLY, key="u1")
    assert drawn(line.group)[0]["main_title"]["title"] == "🟡 退款申请 A17"
    assert "已退款" in telling(line.group)[-1]


async def test_a_direct_card_that_was_updated_late_can_be_pressed_again(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "退款")
    await until(lambda: len(line.heard) == 1)
    ref = await line.chat.send(line.last().chat, CARD_REPLY, key="k1")
    await line.chat.update(ref, CARD_REPLY, key="u1")
    again = drawn(line.talk("zhangsan"))[-1]["task_id"]
    assert again.startswith(f"{ref.message_id}@")
    await line.emulator.people.press("zhangsan", again, "1.tok.agree")
    await until(lambda: len(line.heard) == 2)
    assert line.click().card_message_id == ref.message_id


async def test_reasons_are_a_list_above_the_buttons(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "退款")
    await until(lambda: len(line.heard) == 1)
    ask = Ask("原因", "reason", ("色差", "尺寸不合"))
    card = Card("退款", (), buttons=(Button("拒绝", "t1", command="拒绝 A1", ask=ask),))
    ref = await line.chat.send(line.last().chat, Reply("退款", card), key="k1")
    await line.emulator.people.press("zhangsan", ref.message_id, "t1", chosen={"reason": "尺寸不合"})
    await until(lambda: len(line.heard) == 2)
    assert line.click().values == (("reason", "尺寸不合"),)


@pytest.mark.parametrize("pushed", [False, True])
async def test_where_a_group_takes_no_cards_the_commands_stand_in_the_text(emulator: WecomEmulator, pushed: bool) -> None:
    emulator.switches.group_reply_cards = False
    async with on_line(emulator) as line:
        await emulator.people.say("zhangsan", "退款", group="CHATID")
        await until(lambda: len(line.heard) == 1)
        await line.chat.send(GROUP if pushed else line.last().chat, CARD_REPLY, key="k1")
        assert drawn(line.group) == []
        assert telling(line.group)[-1].splitlines()[-1] == "同意 A17 / 拒绝 A17"


async def test_where_groups_take_pushed_cards_the_switch_draws_them(emulator: WecomEmulator) -> None:
    emulator.switches.group_push_cards = True
    emulator.state.talks["CHATID"].spoken = True
    async with on_line(emulator, group_push_cards=True) as line:
        await line.chat.send(GROUP, CARD_REPLY, key="k1")
        assert len(drawn(line.group)) == 1


async def test_a_card_sent_twice_after_a_lost_acknowledgement_is_there_once(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "退款")
    await until(lambda: len(line.heard) == 1)
    line.emulator.faults.plan("lost", "aibot_respond_msg")
    with pytest.raises(OutcomeUnknown):
        await line.chat.send(line.last().chat, CARD_REPLY, key="k1")
    await line.chat.send(line.last().chat, CARD_REPLY, key="k1")
    assert len(drawn(line.talk("zhangsan"))) == 1


async def test_a_private_answer_goes_to_the_person_or_asks_them_to_open_a_conversation(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "谁批的", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    await line.chat.send(line.last().chat, Reply("已由 周会计 同意", private=True), key="k1", to_user="zhangsan")
    assert telling(line.group) == ["<@zhangsan>\n这条只能单独告诉你：先在私聊里给我发一句话，再问一次。"]
    await line.emulator.people.say("zhangsan", "你好")
    await until(lambda: len(line.heard) == 2)
    await line.chat.send(line.heard[0].chat, Reply("已由 周会计 同意", private=True), key="k2", to_user="zhangsan")
    assert telling(line.talk("zhangsan")) == ["已由 周会计 同意"]
    assert telling(line.group)[1:] == ["已单独告诉你。"]
    assert line.emulator.state.unfinished("zhangsan") == 1  # only the direct "你好", which nobody answered here


async def test_long_texts_come_in_counted_parts(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "列一下")
    await until(lambda: len(line.heard) == 1)
    await line.chat.send(line.last().chat, Reply("\n".join("运输中" * 30 for _ in range(380))), key="k1")
    parts = telling(line.talk("zhangsan"))
    assert len(parts) > 1
    assert parts[0].endswith(f"(1/{len(parts)})")


async def test_pictures_are_uploaded_in_chunks_and_shown(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "库存趋势")
    await until(lambda: len(line.heard) == 1)
    await line.chat.send(line.last().chat, Reply("见图", pictures=(Picture(PNG, "断货"),)), key="k1")
    assert line.talk("zhangsan").shown[-1].raw == PNG
    assert len(line.emulator.journal.calls("aibot_upload_media_chunk")) == 2


async def test_hostile_text_calls_nobody_and_opens_no_markup(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    await line.chat.send(line.last().chat, Reply("收件 <@all> @所有人 [点我](http://evil.example) **粗**"), key="k1")
    said = telling(line.group)[-1]
    assert not any(part in said for part in ("<@", "@所有人", "](", "**"))


# --- the connection ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1006])
async def test_whatever_the_close_code_the_line_comes_back(line: Bench, code: int) -> None:
    await line.emulator.lines.close(code)
    await until(lambda: line.emulator.lines.current is not None)
    await line.emulator.people.say("zhangsan", "还在吗")
    await until(lambda: len(line.heard) == 1)


async def test_a_silent_line_is_replaced_before_it_is_given_up(line: Bench) -> None:
    old = line.emulator.lines.current
    line.emulator.lines.go_silent()
    await until(lambda: line.emulator.lines.current not in (old, None))
    await line.emulator.people.say("zhangsan", "还在吗")
    await until(lambda: len(line.heard) == 1)
    assert len(line.emulator.lines.subscribes) == 2


@pytest.mark.parametrize("way", ["close", "abort", "half"])
async def test_evicted_by_somebody_else_we_stay_away_for_a_while(emulator: WecomEmulator, way: str) -> None:
    emulator.switches.evict = way
    async with on_line(emulator) as line:
        import websockets

        async with websockets.connect(line.line_url, proxy=None) as other:
            await other.send(
                f'{{"cmd":"aibot_subscribe","headers":{{"req_id":"x"}},"body":{{"bot_id":"{theirs.BOT_ID}","secret":"{theirs.BOT_SECRET}"}}}}'
            )
            await other.recv()
            await until(lambda: not line.chat.bot.line_up)  # type: ignore[union-attr]
            await asyncio.sleep(0.15)
            assert len(emulator.lines.subscribes) == 2  # ours and theirs: no war
        await until(lambda: line.chat.bot.line_up)  # type: ignore[union-attr]


async def test_45009_at_subscribing_means_a_long_wait_not_a_storm(emulator: WecomEmulator) -> None:
    emulator.switches.subscribes_per_minute = 1
    async with on_line(emulator):
        await emulator.lines.close(1000)
        await asyncio.sleep(0.5)
        assert len(emulator.lines.subscribes) <= 3


@pytest.mark.parametrize("closes", [False, True])
async def test_a_wrong_secret_asks_a_person_and_does_not_hammer(emulator: WecomEmulator, closes: bool) -> None:
    emulator.switches.wrong_secret_closes = closes
    async with served(emulator) as url:
        bench = make(emulator, Settings(bot_id=theirs.BOT_ID, secret="wrong-secret", line_url=url))
        with pytest.raises(NeedsAuthorization):
            await bench.chat.listen(bench.store)  # type: ignore[attr-defined]
        assert len(emulator.lines.subscribes) == 1
        await bench.chat.aclose()


async def test_without_a_line_a_message_is_put_off_not_lost(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(bot_id="b", secret="s", line_url="ws://127.0.0.1:9/"))
    with pytest.raises(Unavailable) as put_off:
        await bench.chat.send(GROUP, Reply("库存告急"), key="k1")
    assert put_off.value.retry_after
    await bench.chat.aclose()


async def test_what_cannot_be_stored_is_kept_until_it_can(line: Bench) -> None:
    line.store_fails = 2
    await line.emulator.people.say("zhangsan", "查 A1")
    await until(lambda: len(line.heard) == 1)


async def test_duplicates_are_handed_on_with_the_same_id(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查 A1", repeat=2)
    await until(lambda: len(line.heard) == 2)
    assert len({each.message_id for each in line.heard if hasattr(each, "message_id")}) == 1


async def test_groups_are_told_which_seconds_may_be_missing(emulator: WecomEmulator) -> None:
    async with on_line(emulator, gap_notice_seconds=0.05) as line:
        await emulator.people.say("zhangsan", "查", group="CHATID")
        await until(lambda: len(line.heard) == 1)
        emulator.faults.plan("often", "aibot_subscribe")
        await emulator.lines.close(1006)
        await until(lambda: bool(telling(line.group)))
        assert telling(line.group)[-1].endswith("可能漏收，请再发一次")


async def test_too_late_for_an_answer_it_is_pushed(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    line.emulator.switches.idle_seconds = 1e9  # the day passes for the message, not for the line
    line.emulator.clock.move(86_500)
    await line.chat.send(line.last().chat, Reply("运输中"), key="k1")
    assert (telling(line.group)[-1], line.group.shown[-1].kind) == ("运输中", "markdown")


async def test_a_group_that_never_spoke_is_refused_with_the_platforms_code(line: Bench) -> None:
    with pytest.raises(Rejected, match="93006"):
        await line.chat.send(ChatRef("wecom", "group:CHATID", ChatKind.GROUP), Reply("x"), key="k1")


async def test_pushes_leave_room_for_answers_within_the_minute(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    for index in range(22):
        await line.chat.send(GROUP, Reply(f"预警 {index}"), key=f"p{index}")
    with pytest.raises(Unavailable):
        await line.chat.send(GROUP, Reply("预警 22"), key="p22")
    await line.chat.send(line.last().chat, Reply("运输中"), key="r1")
    assert telling(line.group)[-1] == "运输中"
    assert not [entry for entry in line.emulator.journal.entries if entry.answer == 45009]


async def test_answers_leave_room_for_what_is_critical(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    for index in range(26):
        await line.chat.send(GROUP, Reply(f"答 {index}", urgency=Urgency.ANSWER), key=f"a{index}")
    for index in range(2):
        await line.chat.send(GROUP, Reply(f"断货 {index}", urgency=Urgency.CRITICAL), key=f"c{index}")
    with pytest.raises(Unavailable):
        await line.chat.send(GROUP, Reply("断货 2", urgency=Urgency.CRITICAL), key="c2")
    assert len(telling(line.group)) == 28


async def test_a_conversation_that_the_platform_calls_too_busy_is_left_alone(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "查", group="CHATID")
    await until(lambda: len(line.heard) == 1)
    line.emulator.faults.plan("often", "aibot_send_msg")
    with pytest.raises(Unavailable):
        await line.chat.send(GROUP, Reply("一"), key="k1")
    asked = len(line.emulator.journal.entries)
    with pytest.raises(Unavailable):
        await line.chat.send(GROUP, Reply("二"), key="k2")
    assert len(line.emulator.journal.entries) == asked


async def test_the_first_word_of_the_day_is_welcomed_in_time(line: Bench) -> None:
    await line.emulator.people.event("zhangsan", "enter_chat")
    await until(lambda: len(telling(line.talk("zhangsan"))) == 1)


async def test_nonsense_from_the_platform_is_skipped(line: Bench) -> None:
    await line.emulator.people.event("zhangsan", "enter_check_update")
    peer = line.emulator.lines.current
    assert peer is not None
    for text in (
        "not json",
        "[]",
        '{"cmd":"aibot_msg_callback"}',
        '{"cmd":"aibot_msg_callback","headers":{},"body":{"msgtype":"text"}}',
    ):
        await peer.socket.send_text(text)
    await line.emulator.people.say("zhangsan", "查")
    await until(lambda: len(line.heard) == 1)


async def test_what_was_heard_is_stored_even_when_we_are_told_to_stop(emulator: WecomEmulator) -> None:
    kept: list[Incoming] = []

    async def slow(incoming: Sequence[Incoming]) -> None:
        await asyncio.sleep(0.05)
        kept.extend(incoming)

    async with served(emulator) as url:
        bench = make(emulator, Settings(bot_id=theirs.BOT_ID, secret=theirs.BOT_SECRET, line_url=url))
        task = asyncio.create_task(bench.chat.listen(slow))  # type: ignore[attr-defined]
        await until(lambda: bench.chat.bot.line_up)  # type: ignore[union-attr]
        for index in range(3):
            await emulator.people.say("zhangsan", f"第 {index} 句")
        await asyncio.sleep(0.03)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(kept) == 3
        await bench.chat.aclose()
