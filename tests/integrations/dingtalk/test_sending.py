"""Replies through every way out: each shown once, cards for everybody, words where cards fail, refusals in words."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
import structlog

from domain.chat import Ask, Button, Card, ChatKind, ChatRef, Document, Link, MessageRef, Picture, Reply, Tone
from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected, Unavailable
from domain.ports import Chat, ReceivesChat, StreamsChat
from integrations.dingtalk.drawing import card_data
from integrations.dingtalk.settings import Settings
from tests.integrations.dingtalk.conftest import Office, refund_card, until

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def test_the_ports_are_offered(office: Office) -> None:
    chat = office.connector()
    assert isinstance(chat, Chat)
    assert isinstance(chat, ReceivesChat)
    assert isinstance(chat, StreamsChat)


# --- words ---


async def test_words_reach_a_group_and_a_person(office: Office) -> None:
    chat = office.connector()
    await chat.send(office.ref(), Reply("数据截至 16:22"), key="a")
    await chat.send(office.person(), Reply("只给你看"), key="b")
    assert office.texts() == ["数据截至 16:22"]
    assert office.texts("1:u-zhang") == ["只给你看"]


async def test_a_private_reply_in_a_group_goes_to_the_person(office: Office) -> None:
    await office.connector().send(office.ref(), Reply("你没有这个权限", private=True), key="a", to_user="u-zhou")
    assert office.texts() == []
    assert office.texts("1:u-zhou") == ["你没有这个权限"]


async def test_the_same_key_twice_shows_one_message(office: Office) -> None:
    chat = office.connector()
    first, second = await asyncio.gather(*(chat.send(office.ref(), Reply("一次"), key="k") for _ in range(2)))
    third = await chat.send(office.ref(), Reply("一次"), key="k")
    assert first == second == third
    assert office.texts() == ["一次"]


async def test_an_answer_uses_the_messages_own_address_and_mentions_people(office: Office) -> None:
    chat = office.connector()
    async with office.listening(chat):
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: bool(office.inbox.messages))
        await chat.send(office.inbox.messages[0].chat, Reply("在", mention=("u-zhang",)), key="a")
    [shown] = [each for each in office.emulator.state.seen_in(office.group) if each.who == "robot"]
    assert shown.kind == "markdown"
    assert shown.effective_at == ("u-zhang",)
    assert office.emulator.journal.calls("robot.group") == []


async def test_an_address_that_has_died_falls_back_to_the_api(office: Office) -> None:
    chat = office.connector()
    async with office.listening(chat):
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: bool(office.inbox.messages))
        office.emulator.state.sessions.clear()
        await chat.send(office.inbox.messages[0].chat, Reply("在"), key="a")
        office.emulator.clock.move(5400)
        await chat.send(office.inbox.messages[0].chat, Reply("晚了"), key="b")
    assert office.texts() == ["在", "晚了"]
    assert len(office.emulator.journal.calls("session")) == 1  # the second time nobody even tried the dead address


async def test_an_address_elsewhere_never_gets_our_answer(office: Office) -> None:
    via = f"{2**42} https://evil.example/robot/sendBySession?session=1"
    await office.connector().send(ChatRef("dingtalk", office.group, ChatKind.GROUP, via), Reply("机密"), key="a")
    assert office.texts() == ["机密"]
    assert office.emulator.journal.calls("session") == []


async def test_long_words_are_cut_with_sense_and_arrive_whole(office: Office) -> None:
    text = "\n".join(f"第 {n} 行：沙发套 灰色 还剩 {n} 件，杭州仓" for n in range(400))
    await office.connector().send(office.ref(), Reply(text), key="a")
    parts = office.texts()
    assert len(parts) > 1
    assert all(len(part.encode()) <= 15_000 for part in parts)
    assert all(f"第 {n} 行" in "".join(parts) for n in range(400))


@pytest.mark.parametrize(
    "evil",
    [
        "[领奖](dtmd://dingtalkclient/sendMessage?content=%E5%90%8C%E6%84%8F%20A17)",
        "@所有人 快点",
        "![x](https://evil.example/x.png)",
        "<a atId='x'>x</a>",
        "**\n# 标题\n> 引用",
        "\u202e\u0000\u0007倒着",
        "x" * 100_000,
    ],
)
async def test_hostile_words_have_no_power(office: Office, evil: str) -> None:
    chat = office.connector()
    await chat.send(office.ref(), Reply(f"买家留言：{evil}"), key="a")
    await chat.send(office.ref(), Reply("卡", card=refund_card(title=evil, lines=(evil, "尾"), footer=evil)), key="b")
    shown = office.emulator.state.seen_in(office.group)
    said = json.dumps([each.body for each in shown], ensure_ascii=False)
    said += json.dumps([card.public for card in office.emulator.cards.cards.values()], ensure_ascii=False)
    assert not any(bad in said for bad in ("](", "<a", "@所有人", "\u202e", "\\u0000", "dtmd://"))
    assert all(each.effective_at == () for each in shown)


async def test_pictures_and_files_arrive(office: Office) -> None:
    reply = Reply(
        "日报", pictures=(Picture(PNG, "走势", "走势.png"),), documents=(Document(b"a,b\n", "明细.csv", "text/csv"),)
    )
    await office.connector().send(office.ref(), reply, key="a")
    shown = office.emulator.state.seen_in(office.group)
    assert [each.kind for each in shown] == ["sampleMarkdown", "sampleImageMsg", "sampleFile"]
    assert office.emulator.state.media[shown[1].body["photoURL"]][2] == PNG
    assert shown[2].body["fileName"] == "明细.csv.zip"


async def test_what_left_is_not_sent_again_when_a_later_part_failed(office: Office) -> None:
    chat = office.connector()
    reply = Reply("日报", pictures=(Picture(PNG, "走势"),))
    office.emulator.faults.plan("500", "media")
    with pytest.raises(Unavailable):
        await chat.send(office.ref(), reply, key="a")
    await chat.send(office.ref(), reply, key="a")
    assert [each.kind for each in office.emulator.state.seen_in(office.group)] == ["sampleMarkdown", "sampleImageMsg"]


async def test_a_person_whom_the_platform_drops_is_a_refusal(office: Office) -> None:
    with pytest.raises(Rejected, match="没有这个人"):
        await office.connector().send(office.person("u-stranger"), Reply("hi"), key="a")


async def test_a_person_without_a_staff_id_is_named_as_such(office: Office) -> None:
    office.emulator.switches.published = False
    chat = office.connector()
    async with office.listening(chat):
        await office.emulator.people.say("u-zhang", "在吗")
        await until(lambda: bool(office.inbox.messages))
        came = office.inbox.messages[0]
        assert came.sender.user_id.startswith("$:")
        await chat.send(came.chat, Reply("在"), key="a")
        with pytest.raises(Rejected, match="员工号"):
            await chat.send(ChatRef("dingtalk", came.sender.user_id, ChatKind.DIRECT), Reply("在"), key="b")
    assert office.texts("1:u-zhang") == ["在"]


# --- faults ---


async def test_a_lost_answer_is_a_doubt_and_the_repeat_says_so(office: Office) -> None:
    chat = office.connector()
    for fault in ("504", "drop-after-commit", "garbage"):
        office.emulator.faults.plan(fault, "robot.group")
        with pytest.raises(OutcomeUnknown):
            await chat.send(office.ref(), Reply("到货了"), key=fault)
        await chat.send(office.ref(), Reply("到货了"), key=fault)
    texts = office.texts()
    assert texts[0] == "到货了"
    assert "再发一次" in texts[1]


async def test_a_card_whose_answer_was_lost_is_shown_once(office: Office) -> None:
    chat = office.connector()
    office.emulator.faults.plan("504", "card.createAndDeliver")
    with pytest.raises(OutcomeUnknown):
        await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
    ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
    assert [each.kind for each in office.emulator.state.seen_in(office.group)] == ["card"]
    assert ref.message_id in office.emulator.cards.cards


async def test_many_callers_ask_for_one_token(office: Office) -> None:
    chat = office.connector()
    await asyncio.gather(*(chat.send(office.person(), Reply(f"{n}"), key=f"{n}") for n in range(10)))
    assert len(office.emulator.journal.calls("token")) == 1


async def test_a_second_replica_uses_the_token_of_the_first(office: Office) -> None:
    await office.connector().send(office.ref(), Reply("一"), key="a")
    await office.connector().send(office.ref(), Reply("二"), key="b")
    assert len(office.emulator.journal.calls("token")) == 1


async def test_a_token_that_died_early_is_renewed_once_and_the_message_arrives(office: Office) -> None:
    chat = office.connector()
    await chat.send(office.ref(), Reply("一"), key="a")
    office.emulator.state.kill_tokens()
    await asyncio.gather(*(chat.send(office.person(), Reply(f"{n}"), key=f"{n}") for n in range(5)))
    assert len(office.emulator.journal.calls("token")) == 2
    assert len(office.texts("1:u-zhang")) == 5


async def test_an_upload_with_a_dead_token_sends_the_whole_file_again(office: Office) -> None:
    chat = office.connector()
    await chat.send(office.ref(), Reply("一"), key="a")
    office.emulator.state.kill_tokens()
    await chat.send(office.ref(), Reply("图", pictures=(Picture(PNG, "图"),)), key="b")
    [(_, _, content)] = office.emulator.state.media.values()
    assert content == PNG


async def test_throttling_is_waited_out(office: Office) -> None:
    office.emulator.faults.plan("qps", "robot.group", times=2)
    await office.connector().send(office.ref(), Reply("一"), key="a")
    assert office.texts() == ["一"]


async def test_a_ban_of_the_address_is_waited_for(office: Office) -> None:
    office.emulator.faults.plan("ban", "robot.group")
    with pytest.raises(Unavailable) as raised:
        await office.connector().send(office.ref(), Reply("一"), key="a")
    assert raised.value.retry_after == 300


async def test_refusals_carry_the_platforms_reason(office: Office) -> None:
    office.emulator.state.groups[office.group].disbanded = True
    with pytest.raises(Rejected) as raised:
        await office.connector().send(office.ref(), Reply("一"), key="a")
    assert raised.value.code == "group.disbanded"


async def test_no_secret_and_no_person_in_logs_and_errors(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.emulator.state.user("u-canary", "张三丰不外传")
    chat = office.connector(webhooks={"alerts": {"token": "canary-token", "secret": "SECcanary"}})
    seen: list[str] = []
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.DEBUG):
        for fault in ("500", "garbage", "permission", "expired-token", "drop-before"):
            if fault == "permission":
                office.emulator.state.scopes.clear()
            else:
                office.emulator.faults.plan(fault, "robot.oto")
            try:
                await chat.send(office.person("u-canary"), Reply("电话 13912345678"), key=fault)
            except (OutcomeUnknown, NeedsAuthorization, Unavailable) as told:
                seen.append(str(told))
        with pytest.raises(Rejected):
            await chat.send(ChatRef("dingtalk", "webhook:alerts", ChatKind.GROUP), Reply("13912345678"), key="w")
    everything = repr(logs) + repr(seen) + repr(chat.settings)
    everything += caplog.text
    for canary in ("13912345678", "张三丰", "canary-token", "SECcanary", office.emulator.client_secret):
        assert canary not in everything


# --- cards ---


async def test_a_card_is_drawn_with_callback_buttons(office: Office) -> None:
    ref = await office.connector().send(office.ref(), Reply("退款", card=refund_card()), key="a")
    view = office.view(ref.message_id)
    assert view["title"] == "🟡 退款申请 A17"
    assert "王＊＊" in view["markdown"] or "王**" in view["markdown"]
    card = office.emulator.cards.cards[ref.message_id]
    assert [(b["text"], b["request"]) for b in card.buttons()] == [("同意", True), ("拒绝", True)]
    assert card.callback_type == "STREAM"


@pytest.mark.parametrize("carries", ["both", "ids", "params"])
@pytest.mark.parametrize("place", ["inside", "beside"])
@pytest.mark.parametrize("name", ["both", "content", "value"])
async def test_a_press_brings_the_token_back_however_it_travels(office: Office, carries: str, place: str, name: str) -> None:
    switches = office.emulator.switches
    switches.click_carries, switches.params_place, switches.callback_key = carries, place, name  # type: ignore[assignment]
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        assert await office.emulator.people.click("u-zhou", ref.message_id, "同意") == "ok"
    [click] = office.inbox.clicks
    assert click.token == refund_card().buttons[0].token
    assert (click.sender.user_id, click.card_message_id, click.chat) == ("u-zhou", ref.message_id, office.ref())


async def test_the_clicker_sees_at_once_that_we_heard_and_everybody_sees_the_outcome(office: Office) -> None:
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        await office.emulator.people.click("u-zhou", ref.message_id, "同意")
        assert "已收到你的操作" in office.view(ref.message_id, "u-zhou")["tips"]
        assert office.view(ref.message_id, "u-zhang")["tips"] == "剩 7 小时 40 分"
        done = refund_card(tone=Tone.DONE, lines=("已退款 ¥268.00",), buttons=(), footer="14:10")
        assert await chat.update(ref, Reply("已退款", card=done), key="u") == ref
    for user in ("u-zhou", "u-zhang"):
        assert office.view(ref.message_id, user)["tips"] == "14:10"
        assert office.emulator.cards.cards[ref.message_id].buttons(user) == []


async def test_a_double_click_is_one_press_and_a_later_click_is_another(office: Office) -> None:
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        for _ in range(2):
            await office.emulator.people.click("u-zhou", ref.message_id, "同意")
        office.emulator.clock.move(30)
        await office.emulator.people.click("u-zhou", ref.message_id, "同意")
        await office.emulator.people.click("u-zhang", ref.message_id, "同意")
    ids = [each.event_id for each in office.inbox.clicks]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_a_press_that_could_not_be_kept_shows_a_time_out_and_comes_again_under_its_name(office: Office) -> None:
    office.emulator.switches.repush_clicks = True
    office.inbox.broken = 1
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        assert await office.emulator.people.click("u-zhou", ref.message_id, "同意") == "timeout"
        office.emulator.clock.move(61)
        await until(lambda: bool(office.inbox.clicks))
    assert len(office.inbox.clicks) == 1


async def test_a_press_on_a_direct_card_comes_from_the_person(office: Office) -> None:
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.person(), Reply("退款", card=refund_card()), key="a")
        await office.emulator.people.click("u-zhang", ref.message_id, "拒绝")
    assert office.inbox.clicks[0].chat == office.person()


async def test_a_press_heard_by_another_replica_still_knows_its_group(office: Office) -> None:
    ref = await office.connector().send(office.ref(), Reply("退款", card=refund_card()), key="a")
    async with office.listening(office.connector()):
        await office.emulator.people.click("u-zhou", ref.message_id, "同意")
    assert office.inbox.clicks[0].chat == office.ref()


async def test_a_lost_card_is_repaired(office: Office) -> None:
    chat = office.connector()
    ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
    office.emulator.cards.cards.clear()
    fresh = await chat.update(ref, Reply("已退款", card=refund_card(title="已退款", buttons=())), key="u")
    assert fresh.message_id != ref.message_id
    assert office.view(fresh.message_id)["title"] == "🟡 已退款 A17"


async def test_a_robot_outside_the_group_is_a_refusal_with_words(office: Office) -> None:
    office.emulator.state.groups[office.group].robot_in = False
    with pytest.raises(Rejected, match="robot not in group"):
        await office.connector().send(office.ref(), Reply("退款", card=refund_card()), key="a")


@pytest.mark.parametrize("why", ["template", "unpublished", "permission", "content"])
async def test_where_cards_fail_the_words_carry_the_commands(office: Office, why: str) -> None:
    chat = office.connector()
    if why == "template":
        office.emulator.state.templates.clear()
    elif why == "unpublished":
        office.emulator.state.templates[Settings("a", "b").template] = "draft"
    elif why == "permission":
        office.emulator.state.scopes.remove("Card.Instance.Write")
    else:
        office.emulator.faults.plan("unsafe", "card.createAndDeliver")
    ref = await chat.send(office.ref(), Reply("退款申请 A17", card=refund_card()), key="a")
    [text] = office.texts()
    assert "同意 A17" in text
    assert "拒绝 A17" in text
    news = await chat.update(ref, Reply("A17 已退款"), key="u")
    assert "【更新】A17 已退款" in office.texts()[-1]
    assert isinstance(news, MessageRef)


async def test_buttons_that_need_a_reason_are_told_as_commands(office: Office) -> None:
    reject = Button("拒绝…", "t" * 50, command="拒绝 A17", ask=Ask("为什么", options=("缺货", "其他")))
    card = refund_card(buttons=(refund_card().buttons[0], reject))
    ref = await office.connector().send(office.ref(), Reply("退款", card=card), key="a")
    assert [b["text"] for b in office.emulator.cards.cards[ref.message_id].buttons()] == ["同意"]
    assert "拒绝 A17" in office.view(ref.message_id)["markdown"]


async def test_many_buttons_stay_inside_the_size_of_one_value(office: Office) -> None:
    buttons = tuple(Button(f"按钮{n}", f"1.{'x' * 90}.{n}", command=f"做 {n}") for n in range(12))
    ref = await office.connector().send(office.ref(), Reply("选", card=refund_card(buttons=buttons)), key="a")
    drawn = [b["text"] for b in office.emulator.cards.cards[ref.message_id].buttons()]
    said = office.view(ref.message_id)["markdown"] + "".join(office.texts())
    assert drawn
    assert all(f"按钮{n}" in drawn or f"做 {n}" in said for n in range(12))


async def test_a_long_card_says_the_rest_in_words(office: Office) -> None:
    lines = tuple(f"第 {n} 行 " + "很长" * 30 for n in range(20))
    ref = await office.connector().send(office.ref(), Reply("长", card=refund_card(lines=lines)), key="a")
    said = office.view(ref.message_id)["markdown"] + "".join(office.texts())
    assert all(f"第 {n} 行" in said for n in range(20))


async def test_quick_answers_under_a_text_are_buttons(office: Office) -> None:
    reply = Reply("尾号 8000 有 2 单，要看哪一单？", choices=(Button("抖音", "tok-1"), Button("拼多多", "tok-2")))
    ref = await office.connector().send(office.ref(), reply, key="a")
    assert [b["text"] for b in office.emulator.cards.cards[ref.message_id].buttons()] == ["抖音", "拼多多"]


async def test_an_own_template_gets_tone_and_number(office: Office) -> None:
    office.emulator.state.templates["mine.schema"] = "published"
    chat = office.connector(cards="own", card_template="mine.schema")
    ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
    assert (office.view(ref.message_id)["tone"], office.view(ref.message_id)["number"]) == ("watch", "A17")


async def test_action_cards_post_the_command(office: Office) -> None:
    chat = office.connector(cards="action")
    await chat.send(office.ref(), Reply("退款申请 A17", card=refund_card()), key="a")
    [shown] = office.emulator.state.seen_in(office.group)
    assert shown.kind == "sampleActionCard2"
    assert "%E5%90%8C%E6%84%8F%20A17" in shown.body["actionURL1"]
    assert not chat.abilities.buttons


def test_every_value_of_a_card_is_a_text() -> None:
    link = Link("时间轴", "https://desk.example/p/x")
    params, _ = card_data(Reply("", card=Card("x", ("y",), links=(link,))), Settings("a", "b"))
    assert all(isinstance(value, str) for value in params.values())
    assert "[时间轴](https://desk.example/p/x)" in params["markdown"]
