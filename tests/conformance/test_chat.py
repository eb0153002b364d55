"""One suite for every way of every chat platform. A mode that cannot do a thing is tested for handling the lack."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from domain.chat import Attachment, Card, ChatKind, Document, Message, Picture, Reply, Sender
from domain.diagnosis import Health
from domain.errors import DeskError, Forged, Rejected
from domain.ports import Chat, FetchesMedia
from tests.conformance.chat_harness import (
    ASKED,
    CARD,
    DECIDED,
    NUMBER,
    OTHER,
    PERSON,
    SIGNER,
    ChatHarness,
    decision_of,
    having,
    lacking,
    modes,
    opened,
    stumbles,
)

PNG = b"\x89PNG\r\n\x1a\n" + b"chart" * 60
PDF = b"%PDF-1.7\n" + b"page" * 60
THUMB = "👍🏽"  # one visible character of 8 bytes
EVIL = "@all <@all> @所有人 **粗** [点我](https://evil.example/x) <font color='red'>x</font> ![](http://evil/x.png) \u202e倒\x07"
ACTIVE = re.compile(r"(?<!\w)@(all|所有人|everyone)|<@|\]\(https?://evil|<font|!\[|\*\*粗|[\x00-\x08\x0b-\x1f\u202e]")


@pytest_asyncio.fixture
async def mode(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ChatHarness]:
    async for harness in opened(request.param, tmp_path):
        yield harness


Test = TypeVar("Test", bound=Callable[..., object])


def where(*can: str) -> pytest.MarkDecorator:
    """Runs for the modes that can all this."""
    return pytest.mark.parametrize("mode", having(*can), indirect=True)


def without(ability: str, *but: str) -> Callable[[Test], Test]:
    """Runs for the modes that lack it: the test says what happens instead."""

    def mark(test: Test) -> Test:
        test.lack = ability  # type: ignore[attr-defined]
        marked: Test = pytest.mark.parametrize("mode", lacking(ability, *but), indirect=True)(test)
        return marked

    return mark


EVERY = pytest.mark.parametrize("mode", sorted(modes()), indirect=True)


def words(mode: ChatHarness, *, direct: bool = False) -> str:
    return "\n".join(each.text for each in mode.screen(direct=direct))


def labels(mode: ChatHarness) -> list[tuple[str, ...]]:
    return [tuple(label for label, _ in each.buttons) for each in mode.screen() if each.buttons]


def plain(text: str) -> str:
    """Without markup of our own, counters of parts and blanks."""
    return re.sub(r"\(\d+/\d+\)|[\s*]|…", "", text)


def test_every_lack_that_a_mode_declares_is_tested() -> None:
    declared = {name for made in modes().values() for name, can in vars(made.can).items() if not can}
    tested = {test.lack for test in globals().values() if hasattr(test, "lack")}
    assert declared - tested == set()


# --- what people say --------------------------------------------------------------------------------------------------


@where("hears", "groups")
async def test_words_in_a_group_arrive_without_the_mention(mode: ChatHarness) -> None:
    await mode.say("6920…0417 到哪了")
    (message,) = mode.inbox.messages
    assert (message.text, message.chat, message.sender.user_id) == ("6920…0417 到哪了", mode.group, PERSON)
    assert message.addressed
    assert abs((message.sent_at - mode.clock.now()).total_seconds()) < 60


@without("groups")
async def test_who_lives_outside_groups_says_so_when_a_group_is_meant(mode: ChatHarness) -> None:
    with pytest.raises(Rejected) as refused:
        await mode.chat.send(mode.group, Reply("库存告急"), key="k1")
    assert re.search("[一-鿿]", refused.value.reason)


@where("hears")
async def test_words_in_a_direct_talk_arrive(mode: ChatHarness) -> None:
    await mode.say("帮助", group=False, user=OTHER)
    (message,) = mode.inbox.messages
    assert (message.text, message.chat.kind, message.chat.chat_id) == ("帮助", ChatKind.DIRECT, OTHER)
    assert (message.sender.user_id, message.addressed) == (OTHER, True)


@without("hears")
async def test_who_hears_nothing_lets_nobody_in(mode: ChatHarness) -> None:
    for body in (b"", b"{}", b"<xml/>", b'{"encrypt":"x"}', b'{"msgId":"1","text":{"content":"x"}}'):
        assert 400 <= await mode.door.post(query={"timestamp": "1", "nonce": "n", "msg_signature": "x"}, body=body) < 500
        assert 400 <= await mode.door.post(body=body) < 500
    assert mode.inbox.came == []


@where("quotes")
async def test_what_a_message_quotes_is_known(mode: ChatHarness) -> None:
    await mode.say("这单呢", quote="客户说没收到")
    (message,) = mode.inbox.messages
    assert message.text == "这单呢"
    assert message.quoted == "客户说没收到" or [each.text for each in message.attachments] == ["客户说没收到"]


@without("quotes", "hears")
async def test_where_quotes_are_not_told_a_message_is_just_its_words(mode: ChatHarness) -> None:
    await mode.say("这单呢", quote="客户说没收到")
    (message,) = mode.inbox.messages
    assert (message.text, message.quoted, message.attachments) == ("这单呢", "", ())


@without("quotes")
async def test_what_is_said_where_nothing_can_be_quoted_stands_for_itself(mode: ChatHarness) -> None:
    await mode.show(ASKED)
    assert NUMBER in words(mode)


@where("hears")
async def test_hostile_words_are_only_words(mode: ChatHarness) -> None:
    hostile = ["😀" * 50, "a\u202eb';DROP TABLE orders;--\u2066", "<xml>]]>&amp;</xml>"]
    for text in hostile:
        await mode.say(text, group=False)
    assert [type(message.text) for message in mode.inbox.messages] == [str] * 3
    assert [len(message.text) <= len(text) for message, text in zip(mode.inbox.messages, hostile, strict=True)] == [True] * 3
    assert all(message.text for message in mode.inbox.messages)


@where("hears")
async def test_the_same_delivery_again_is_the_same_message(mode: ChatHarness) -> None:
    await mode.say("查 A1")
    await mode.again()
    await mode.again()
    assert len(mode.inbox.messages) == 1
    assert mode.inbox.taken == 3


@where("hears")
async def test_the_same_words_twice_are_two_messages_in_order(mode: ChatHarness) -> None:
    for text in ("查 A1", "查 A1", "查 A2"):
        await mode.say(text)
    assert [message.text for message in mode.inbox.messages] == ["查 A1", "查 A1", "查 A2"]


@where("hears")
async def test_an_old_delivery_after_a_new_one_changes_nothing(mode: ChatHarness) -> None:
    await mode.say("第一句")
    first = dict(vars(mode))
    await mode.say("第二句")
    vars(mode)["_last"] = first["_last"]
    await mode.again()
    assert [message.text for message in mode.inbox.messages] == ["第一句", "第二句"]


@where("unknown")
async def test_an_event_that_nobody_knows_yet_is_acknowledged_and_ignored(mode: ChatHarness) -> None:
    before = len(mode.inbox.clicks)
    await mode.strange()
    assert len(mode.inbox.clicks) == before
    await mode.say("还在吗")
    assert mode.inbox.messages[-1].text == "还在吗"


@without("unknown")
async def test_where_no_events_come_nothing_is_waited_for(mode: ChatHarness) -> None:
    await mode.show(Reply("照常"))
    assert "照常" in words(mode)


@where("fetches", "hears")
async def test_a_picture_that_somebody_sends_can_be_read(mode: ChatHarness) -> None:
    assert isinstance(mode.chat, FetchesMedia)
    await mode.picture(PNG)
    attachment = mode.inbox.messages[-1].attachments[0]
    assert attachment.kind == "image"
    assert await mode.chat.fetch(attachment, limit=1_000_000) == PNG
    with pytest.raises(DeskError):
        await mode.chat.fetch(attachment, limit=10)


@without("fetches")
async def test_who_is_sent_nothing_refuses_to_fetch(mode: ChatHarness) -> None:
    with pytest.raises(DeskError):
        await mode.chat.fetch(Attachment("image", "image", ""), limit=10)


# --- who may come in --------------------------------------------------------------------------------------------------


@where("posts")
async def test_what_is_not_genuine_is_refused_and_does_nothing(mode: ChatHarness) -> None:
    forged = await mode.forgeries()
    assert len(forged) >= 6
    before = list(mode.inbox.came)
    codes = {name: (await mode.door.send(request)).status_code for name, request in forged.items()}
    assert {name: code for name, code in codes.items() if not 400 <= code < 500} == {}
    assert mode.inbox.came == before


@where("posts")
async def test_a_replay_is_answered_and_has_no_second_effect(mode: ChatHarness) -> None:
    await mode.say("同意 A17")
    genuine = mode.door.requests[-1]
    for _ in range(3):
        assert (await mode.door.send(genuine)).status_code == 200
    assert len(mode.inbox.came) == 1


@without("posts")
async def test_who_takes_no_requests_refuses_them(mode: ChatHarness) -> None:
    for body in (b"", b"{}", b"<xml><Encrypt>AAAA</Encrypt></xml>", b'{"encrypt":"AAAA"}', b"\xff" * 100):
        query = {"timestamp": "1700000000", "nonce": "n", "msg_signature": "0" * 40}
        assert 400 <= await mode.door.post(query=query, body=body) < 500
    assert mode.inbox.came == []


# --- cards ------------------------------------------------------------------------------------------------------------


@where("buttons")
async def test_a_card_is_drawn_with_its_buttons(mode: ChatHarness) -> None:
    await mode.show(ASKED)
    assert labels(mode) == [("同意", "拒绝")]
    assert NUMBER in words(mode)
    assert "268.00" in words(mode)


@where("buttons")
async def test_a_press_comes_back_with_its_token_and_its_presser(mode: ChatHarness) -> None:
    ref = await mode.show(ASKED)
    await mode.press("拒绝", user=OTHER)
    (click,) = mode.inbox.clicks
    assert (click.sender.user_id, click.card_message_id) == (OTHER, ref.message_id)
    assert SIGNER.open(click.token, expect="approval.refuse").subject == "approval:17"


@where("buttons")
@pytest.mark.parametrize("label", ["拒绝"])
async def test_button_and_typed_command_reach_the_same_decision(mode: ChatHarness, label: str) -> None:
    await mode.show(ASKED)
    await mode.press(label)
    command = next(button.command for button in CARD.buttons if button.label == label)
    await mode.say(command)
    assert decision_of(mode.inbox.clicks[-1]) == decision_of(mode.inbox.messages[-1])


@without("buttons")
async def test_without_buttons_the_card_is_words_with_commands_that_decide_the_same(mode: ChatHarness) -> None:
    await mode.show(ASKED)
    assert labels(mode) == []
    offered = re.findall(r"^\s*\d+\. (\S+ A\d+)", words(mode), re.MULTILINE)
    assert offered == ["同意 A17", "拒绝 A17"]
    said = [Message(mode.group, Sender(PERSON), "m", text, mode.clock.now()) for text in offered]
    assert [decision_of(each) for each in said] == [("agree", NUMBER), ("refuse", NUMBER)]


@where("buttons")
async def test_a_token_that_was_tampered_with_opens_for_nobody(mode: ChatHarness) -> None:
    await mode.show(ASKED)
    await mode.press("同意")
    token = mode.inbox.clicks[-1].token
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.replace("1.", "2.", 1), "", token + "." + token):
        with pytest.raises(Forged):
            SIGNER.open(forged)


@where("updates")
async def test_a_decided_card_changes_for_everybody(mode: ChatHarness) -> None:
    ref = await mode.show(ASKED)
    await mode.press("同意")
    await mode.inbox.settle()
    again = await mode.redraw(ref, DECIDED)
    assert again.message_id == ref.message_id
    (card,) = [each for each in mode.screen() if NUMBER in each.text and "✅" in each.text][:1]
    assert "已退款" in words(mode)
    assert not {"同意", "拒绝"} & {label for label, _ in card.buttons}
    assert ("同意", "拒绝") not in labels(mode)  # on nobody's screen


@without("updates")
async def test_what_cannot_be_changed_is_said_again_under_its_name(mode: ChatHarness) -> None:
    ref = await mode.show(ASKED)
    told = await outcome(mode.chat.update(ref, DECIDED, key="u"))
    # A mode that may only answer says so, and leaves it to others; every other names the card and says it again.
    assert ("不能主动发消息" in told) == (not mode.can.pushes)
    assert ("更新" in words(mode)) == mode.can.pushes
    assert ("已退款" in words(mode)) == mode.can.pushes
    assert words(mode).count(NUMBER) >= (2 if mode.can.pushes else 1)


async def outcome(work: Any) -> str:
    """What a refusal says, or "" when there was none."""
    try:
        await work
    except DeskError as refused:
        return str(refused)
    return ""


# --- words ------------------------------------------------------------------------------------------------------------


@EVERY
async def test_words_are_shown_as_they_are(mode: ChatHarness) -> None:
    assert isinstance(mode.chat, Chat)
    await mode.show(Reply("运输中，预计明天到\n杭州 → 温州"))
    assert plain("运输中，预计明天到 杭州 → 温州") in plain(words(mode))


@EVERY
async def test_the_same_key_is_shown_once(mode: ChatHarness) -> None:
    await mode.before_speaking()
    await mode.show(Reply("只说一次"), key="same")
    shown = len(mode.screen())
    await mode.chat.send(mode.talk(), Reply("只说一次"), key="same")
    assert len(mode.screen()) == shown


@EVERY
@pytest.mark.parametrize("unit", [THUMB, "长"], ids=["emoji", "cjk"])
async def test_what_is_too_long_is_cut_between_visible_characters(mode: ChatHarness, unit: str) -> None:
    limit = mode.chat.abilities.max_text_bytes
    each = 400 // len(unit)
    # A mode that may only answer has one message for it: there it must fit, elsewhere it must not.
    room = limit * 3 if mode.can.pushes and mode.can.remote else limit - 1_000
    lines = [f"{index}x" + unit * each for index in range(room // (each * len(unit.encode()) + 5) + 1)]
    text = "\n".join(lines if mode.can.pushes and mode.can.remote else lines[:-1])
    await mode.show(Reply(text))
    parts = [seen.text for seen in mode.screen()]
    assert (len(parts) > 1) == (mode.can.pushes and mode.can.remote)
    assert max(len(part.encode()) for part in parts) <= limit
    assert plain("".join(parts)) == plain(text)
    assert [part for part in parts if re.sub(r"\d+x?", "", plain(part)).replace(unit, "")] == []


@EVERY
async def test_long_lists_are_cut_at_lines(mode: ChatHarness) -> None:
    limit = min(mode.chat.abilities.max_text_bytes, 6_000)
    rows = [f"{index:04} 抖音 …0417 已发货" for index in range(limit // 40 + 60)]
    if not mode.can.pushes:
        rows = rows[:60]
    await mode.show(Reply("\n".join(rows)))
    shown = [line.strip() for each in mode.screen() for line in each.text.splitlines()]
    assert [line for line in shown if line in rows] == rows


@EVERY
async def test_hostile_names_call_nobody_and_open_nothing(mode: ChatHarness) -> None:
    card = Reply(f"退款申请 {NUMBER}\n{EVIL}", card_with(EVIL))
    await mode.show(card)
    assert NUMBER in words(mode)
    active = ACTIVE.findall(words(mode)) if mode.name != "console" else re.findall(r"[\x00-\x08\u202e]", words(mode))
    assert active == []
    await mode.show(Reply(EVIL, mention=("all", "@all", "<x>")), key="again")
    active = ACTIVE.findall(words(mode)) if mode.name != "console" else re.findall(r"[\x00-\x08\u202e]", words(mode))
    assert active == []


def card_with(text: str) -> Card:
    return dataclasses.replace(CARD, lines=(text, "¥268.00"))


# --- pictures and files -----------------------------------------------------------------------------------------------


@where("pictures")
async def test_a_picture_is_shown(mode: ChatHarness) -> None:
    await mode.show(Reply("走势", pictures=(Picture(PNG, "近 7 天发货走势"),)))
    assert [each.picture for each in mode.screen() if each.picture] == [PNG]


@without("pictures")
async def test_where_no_picture_can_be_shown_its_facts_are_words(mode: ChatHarness) -> None:
    await mode.show(Reply("走势", pictures=(Picture(PNG, "近 7 天发货走势"),)))
    assert "近 7 天发货走势" in words(mode)


@where("files")
async def test_a_file_is_offered(mode: ChatHarness) -> None:
    await mode.show(Reply("拣货单", documents=(Document(PDF, "拣货单.pdf", "application/pdf"),)))
    assert [each.file for each in mode.screen() if each.file] == [PDF]


@without("files")
async def test_where_no_file_can_be_offered_its_name_is_said(mode: ChatHarness) -> None:
    await mode.show(Reply("拣货单好了", documents=(Document(PDF, "拣货单.pdf", "application/pdf"),)))
    assert "拣货单.pdf" in words(mode)


# --- to whom ----------------------------------------------------------------------------------------------------------


@where("directs")
async def test_one_person_can_be_written_to(mode: ChatHarness) -> None:
    await mode.show(Reply("先打个招呼"), key="k0", direct=True)
    await mode.chat.send(mode.person, Reply("只给你"), key="k1")
    assert "只给你" in words(mode, direct=True)


@without("directs")
async def test_who_cannot_write_to_a_person_says_so(mode: ChatHarness) -> None:
    with pytest.raises(Rejected) as refused:
        await mode.chat.send(mode.person, Reply("只给你"), key="k1")
    assert re.search("[一-鿿]", refused.value.reason)


@where("private", "groups", "hears")
async def test_a_private_answer_stays_out_of_the_group(mode: ChatHarness) -> None:
    await mode.say("在吗", group=False)
    await mode.say("完整电话")
    await mode.chat.send(mode.inbox.messages[-1].chat, Reply("13812345678", private=True), key="k1", to_user=PERSON)
    everybody = "\n".join(each.text for each in mode.screen() if "13812345678" not in each.text or mode.name == "console")
    assert "13812345678" in words(mode, direct=True) + everybody
    with pytest.raises(Rejected):
        await mode.chat.send(mode.group, Reply("13812345678", private=True), key="k2")


@without("private")
async def test_what_cannot_be_said_alone_is_never_said_to_all(mode: ChatHarness) -> None:
    await mode.before_speaking()
    told = await outcome(mode.chat.send(mode.talk(), Reply("13812345678", private=True), key="k1", to_user=PERSON))
    assert "13812345678" not in told + words(mode)


@where("pushes", "groups")
async def test_it_speaks_without_being_asked(mode: ChatHarness) -> None:
    await mode.before_speaking()
    await mode.chat.send(mode.group, Reply("库存告急 SF-GREY"), key="alert")
    assert "库存告急 SF-GREY" in words(mode)


@without("pushes")
async def test_who_may_only_answer_says_what_to_add(mode: ChatHarness) -> None:
    with pytest.raises(Rejected) as refused:
        await mode.chat.send(mode.group, Reply("库存告急"), key="alert")
    assert "消息推送机器人" in refused.value.reason
    assert words(mode) == ""


# --- when the platform stumbles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "fault"), stumbles(), indirect=["mode"])
async def test_a_stumble_is_named_by_what_to_do_and_a_repeat_heals_it(mode: ChatHarness, fault: str) -> None:
    await mode.before_speaking()
    planned = mode.faults()[fault]
    planned.plan()
    with pytest.raises(planned.error):
        await mode.speak(Reply("只说一次"))
    assert words(mode).count("只说一次") == (1 if planned.shown else 0)
    await mode.heal()
    await mode.speak(Reply("只说一次"))
    expected = 2 if planned.shown and not mode.can.once else 1
    assert words(mode).count("只说一次") == expected


@without("once")
async def test_who_cannot_know_says_it_twice_rather_than_never(mode: ChatHarness) -> None:
    planned = mode.faults()["lost after"]
    planned.plan()
    with pytest.raises(planned.error):
        await mode.speak(Reply("到底说了没有"))
    await mode.speak(Reply("到底说了没有"))
    assert words(mode).count("到底说了没有") == 2


@without("remote")
async def test_where_no_answer_can_be_lost_a_repeat_shows_nothing_new(mode: ChatHarness) -> None:
    await mode.show(Reply("本机"), key="k1")
    shown = mode.screen()
    await mode.chat.send(mode.talk(), Reply("本机"), key="k1")
    assert mode.screen() == shown


# --- the whole of it --------------------------------------------------------------------------------------------------


@where("doctor")
async def test_a_healthy_installation_has_nothing_bad_and_nobody_hears_of_the_look(mode: ChatHarness) -> None:
    before = mode.screen(), mode.screen(direct=True)
    findings = await mode.findings()
    assert [finding.sentence for finding in findings if finding.health is Health.BAD] == []
    assert findings
    assert (mode.screen(), mode.screen(direct=True)) == before


@without("doctor")
async def test_what_needs_no_doctor_is_well_when_it_speaks(mode: ChatHarness) -> None:
    await mode.show(Reply("好着呢"))
    assert "好着呢" in words(mode)


@EVERY
async def test_what_people_say_and_read_is_in_no_log(mode: ChatHarness) -> None:
    with capture_logs() as logged:
        await mode.show(Reply("王小芳 13912345678 桃花岛路42号"))
        if mode.can.hears:
            await mode.say("王小芳 13912345678 桃花岛路42号")
    assert not [word for word in ("13912345678", "王小芳", "桃花岛") if word in str(logged)]


@EVERY
async def test_every_mode_declares_what_its_connector_says(mode: ChatHarness) -> None:
    can, says = mode.can, mode.chat.abilities
    assert says.max_text_bytes > 500
    assert says.per_minute > 0
    assert not (can.buttons and not says.buttons)
    assert not (can.updates and not says.edit_for_all)
