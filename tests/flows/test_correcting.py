"""答错了: who asked corrects what was read wrong, is answered at once, and a lesson that an administrator confirms stands everywhere."""

from __future__ import annotations

from functools import partial
from typing import Any

from bot.dispatch import Dispatcher
from domain.chat import ChatKind, ChatRef, Message, Sender
from domain.learning import Lesson, Unheard
from tests.flows.company import STRANGER, Company

ODD = "@小单 那批货到哪了"  # where is an order, says the parser; stock, says this team
WRONG = "@小单 不是这个意思"


async def turn(company: Company, who: str, text: str, *, chat: str = "orders") -> str:
    """What the bot answers to this; "" when it says nothing."""
    before = len(company.texts(who, chat))
    await company.say(who, text, chat=chat)
    return "\n".join(company.texts(who, chat)[before:])


def labels(company: Company, who: str = "zhangming") -> list[str]:
    """The quick answers under the bot's last message."""
    return [each["label"] for each in company.answers(who)[-1]["body"]["choices"]]


def listed(company: Company) -> list[Unheard]:
    found: list[Unheard] = company.read(lambda r: r.lessons.unheard(limit=50))
    return found


def lessons(company: Company) -> list[Lesson]:
    found: list[Lesson] = company.read(lambda r: r.lessons.standing())
    return found


async def misread(company: Company, who: str = "zhangming") -> None:
    """Asked, answered wrongly, corrected with a press."""
    assert "哪一单" in await turn(company, who, ODD)
    assert "记下了，上一句我当成「查订单到哪了」，读错了。" in await turn(company, who, WRONG)
    await company.press(who, "查库存")
    assert "查哪个货" in company.texts(who)[-1]


async def test_a_press_answers_the_first_question_and_the_administrators_tap_makes_it_a_lesson(company: Company) -> None:
    await misread(company)
    (one,) = listed(company)
    assert (one.sample, one.count, one.read_as, dict(one.meant)) == ("那批货到哪了", 1, "where_is_order", {"stock": 1})
    assert "哪一单" in await turn(company, "zhangming", ODD)  # until somebody may say so
    shown = await turn(company, "chendian", "没听懂的")
    assert "读错的话" in shown
    assert "我读成「查订单到哪了」，问的人说是「查库存」。" in shown
    card = company.answers("chendian")[-1]["body"]["card"]
    assert card["buttons"][0]["label"] == "查库存"
    await company.press("chendian", "查库存")
    assert "改好了" in company.texts("chendian")[-1]
    assert "查哪个货" in await turn(company, "zhangming", ODD)
    assert "查哪个货" in await turn(company, "lifang", ODD)
    assert listed(company) == []
    (entry,) = company.audit("phrase.taught")
    assert entry[1] == f"lesson:{lessons(company)[0].lesson_id}"
    await turn(company, "chendian", "学会的")
    assert "不是「查订单到哪了」，是「查库存」" in company.texts("chendian")[-1]
    await company.press("chendian", "撤销 1")
    assert "哪一单" in await turn(company, "zhangming", ODD)
    assert lessons(company) == []


async def test_it_goes_on_through_a_restart_between_any_two_steps(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    assert "待发货" in await turn(company, "zhangming", f"{number} 那批货到哪了")
    await company.restart()
    assert "你是不是想问" in await turn(company, "zhangming", "不是这个意思")
    await company.restart()
    await company.press("zhangming", "查售后进度")
    assert "没有售后" in company.texts()[-1]
    assert number[-4:] in company.texts()[-1]  # the order of the first sentence
    await company.restart()
    assert number[-4:] in await turn(company, "zhangming", "它的物流")  # and it is still the one talked about
    await turn(company, "chendian", "没听懂的")
    await company.restart()
    await company.press("chendian", "查售后进度")
    await company.restart()
    assert "没有售后" in await turn(company, "zhangming", f"{number} 那批货到哪了")


async def test_only_who_asked_corrects_and_only_here(company: Company) -> None:
    await turn(company, "zhangming", ODD)
    assert "没有问过我" in await turn(company, "lifang", "@小单 答错了")
    assert "没有问过我" in await turn(company, "zhangming", "@小单 答错了", chat="ops")
    assert await turn(company, "lifang", "不是这个意思") == ""  # said to a colleague
    assert await turn(company, STRANGER, "@小单 答错了") != ""
    assert "记下了" not in company.texts(STRANGER)[-1]
    assert listed(company) == []
    await turn(company, "zhangming", WRONG)
    assert len(listed(company)) == 1
    for who in ("lifang", STRANGER):
        await company.press(who, "查库存")  # under somebody else's question
    assert "过期" in company.texts("lifang")[-1]
    assert dict(listed(company)[0].meant) == {}
    await company.press("zhangming", "查库存")
    assert dict(listed(company)[0].meant) == {"stock": 1}


async def test_a_mild_word_among_colleagues_is_none_of_our_business(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await turn(company, "zhangming", f"{number} 到哪了")
    for text in ("不对", "错了", "不是", "wrong"):
        assert await turn(company, "zhangming", text) == ""
    assert listed(company) == []
    assert "你是不是想问" in await turn(company, "zhangming", "@小单 不对")


async def test_after_ten_minutes_there_is_nothing_to_correct(company: Company) -> None:
    await turn(company, "zhangming", ODD)
    await company.work(601)
    assert "十分钟内" in await turn(company, "zhangming", WRONG)
    assert listed(company) == []


async def test_in_a_group_that_was_unbound_meanwhile_a_button_answers_nothing(company: Company) -> None:
    await turn(company, "zhangming", ODD)
    await turn(company, "zhangming", WRONG)
    company.house.desk.store.write_now(lambda u: u.people.unbind_chat("console", "orders"))
    await company.press("zhangming", "查库存")
    assert "过期" in company.texts()[-1]
    assert dict(listed(company)[0].meant) == {}


async def test_a_button_of_an_earlier_sentence_changes_nothing_about_the_last_one(company: Company) -> None:
    await turn(company, "zhangming", ODD)
    await turn(company, "zhangming", WRONG)
    message, button = company.button("zhangming", "查库存")
    await turn(company, "zhangming", "我的待办")
    wire = {"type": "click", "as": "zhangming", "message": message, "button": button, "values": {}, "id": "click-late"}
    await company.http.post("/chat/console", json=wire)
    await company.work()
    assert "过期" in company.texts()[-1]
    assert dict(listed(company)[0].meant) == {}


async def test_said_again_and_pressed_again_it_counts_once_and_the_next_readings_come(company: Company) -> None:
    await turn(company, "zhangming", ODD)
    await turn(company, "zhangming", WRONG)
    first = labels(company)
    await company.say("zhangming", "@小单 还是不对，不是这个意思", ident="message-twice")
    await turn(company, "zhangming", "@小单 不对")
    again = labels(company)
    await company.say("zhangming", "@小单 不对", ident="message-twice")
    assert set(again).isdisjoint(first)
    assert listed(company)[0].count == 1
    for _ in range(4):
        await turn(company, "zhangming", "@小单 不对")
    assert "换个说法" in company.texts()[-1]
    assert labels(company) == []
    assert listed(company)[0].count == 1
    await company.press("zhangming", "我的待办")
    await company.press("zhangming", "查库存")  # thought better of it: the last word counts
    message, button = company.button("zhangming", "查库存")
    wire = {"type": "click", "as": "zhangming", "message": message, "button": button, "values": {}}
    for n in range(3):
        await company.http.post("/chat/console", json={**wire, "id": f"click-again-{n}"})
    await company.work()
    assert dict(listed(company)[0].meant) == {"stock": 1}


async def test_a_deed_comes_as_a_draft_and_what_the_sentence_denies_is_not_even_offered(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await turn(company, "zhangming", f"{number} 那批货到哪了")
    await turn(company, "zhangming", WRONG)
    while "申请退款（草稿）" not in labels(company):
        await turn(company, "zhangming", "@小单 不对")
    await company.press("zhangming", "申请退款（草稿）")
    assert "草稿" in company.texts()[-1]
    assert company.refunds() == []
    assert await turn(company, "zhangming", f"@小单 {number} 别给他退款") != ""
    offered: list[str] = []
    answer = await turn(company, "zhangming", WRONG)
    assert "记下了" not in answer  # a guard read it, and no lesson changes that
    while labels(company):
        offered += labels(company)
        await turn(company, "zhangming", "@小单 不对")
    assert offered
    assert not [each for each in offered if "退" in each and "草稿" in each and "撤销" not in each]
    assert [each.sample for each in listed(company)] == ["<单号> 那批货到哪了"]


def _said(company: Company, text: str, ident: str = "m-1", who: str = "zhangming") -> Message:
    name = {"zhangming": "张明"}.get(who, who)
    chat = ChatRef("console", "orders", ChatKind.GROUP)
    return Message(chat, Sender(who, name), ident, text, company.house.desk.clock.now())


async def test_the_order_talked_about_before_is_the_one_that_the_new_reading_is_about(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await turn(company, "zhangming", f"@小单 {number} 到哪了")
    await turn(company, "zhangming", "@小单 沙发套-灰那堆还有没有货")
    await turn(company, "zhangming", WRONG)
    await company.press("zhangming", "查售后进度")
    assert number[-4:] in company.texts()[-1]
    await turn(company, "zhangming", "@小单 谢谢")
    assert "再说一遍" in await turn(company, "zhangming", "@小单 不对")
    assert number[-4:] in await turn(company, "zhangming", "@小单 它的物流")


async def test_a_command_and_a_decision_are_never_reread(company: Company) -> None:
    await company.refund(20_000)
    before = company.approval().state
    for command in ("@小单 帮助", "@小单 规则", "@小单 为什么 K203"):
        await turn(company, "zhangming", command)
        assert "命令" in await turn(company, "zhangming", WRONG)
    for command in ("@小单 我的待办", "@小单 库存 SF-GREY"):  # a look: another one may be had, and nothing is noted
        await turn(company, "zhangming", command)
        assert "好，那换一种读法。" in await turn(company, "zhangming", WRONG)
    await turn(company, "zhangming", ODD)
    await turn(company, "zhangming", "@小单 不对，我说的是同意 A1")
    assert company.approval().state == before
    assert company.refunds() == []
    assert [each.sample for each in listed(company) if "待办" in each.sample or "库存" in each.sample] == []


async def test_what_was_meant_may_be_said_at_once(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await turn(company, "zhangming", f"{number} 那批货到哪了")
    answer = await turn(company, "zhangming", "不对，我问的是退款到哪一步了")
    assert "没有售后" in answer
    assert number[-4:] in answer
    assert "上一句我当成了「查订单到哪了」，读错了，已经记下。" in answer
    (one,) = listed(company)
    assert dict(one.meant) == {"aftersale_status": 1}
    # Another order is another question, and no misreading.
    other = company.place()
    company.clock.move(3600)
    await company.pull()
    await turn(company, "zhangming", f"{number} 到哪了")
    answer = await turn(company, "zhangming", f"@小单 不对，我问的是 {other}")
    assert other[-4:] in answer
    assert "读错" not in answer
    assert len(listed(company)) == 1


async def test_what_was_meant_is_said_in_a_word_in_the_words_of_a_button_or_so_that_it_must_be_asked_back(
    company: Company,
) -> None:
    await turn(company, "zhangming", ODD)
    assert "查哪个货" in await turn(company, "zhangming", "@小单 不对，我问的是库存")
    await turn(company, "zhangming", ODD)
    assert "你是不是想问" in await turn(company, "zhangming", "@小单 不对，我问的是那啥玩意儿咋整")
    await turn(company, "zhangming", ODD)
    await turn(company, "zhangming", WRONG)
    assert "查哪个货" in await turn(company, "zhangming", "@小单 我问的是查库存")  # what a button posts where none is drawn


async def test_who_may_not_ask_for_it_is_not_offered_it(company: Company) -> None:
    who = "chencai"  # purchasing asks for no refunds
    await turn(company, who, "@小单 红色那堆什么时候到货")
    everything: list[str] = []
    await turn(company, who, WRONG)
    while labels(company, who):
        everything += labels(company, who)
        await turn(company, who, "@小单 不对")
    assert "查库存" in everything
    assert not [each for each in everything if "草稿" in each and "催" not in each]


async def test_a_lesson_that_would_change_a_sentence_that_is_held_is_refused(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await turn(company, "zhangming", f"{number} 到哪了")
    await turn(company, "zhangming", WRONG)
    await company.press("zhangming", "查售后进度")
    await turn(company, "chendian", "读错的")
    await company.press("chendian", "查售后进度")
    assert "不能学" in company.texts("chendian")[-1]
    assert lessons(company) == []
    await company.press("chendian", "没读错")
    assert listed(company) == []
    await turn(company, "zhangming", f"{number} 到哪了")
    await turn(company, "zhangming", WRONG)
    assert listed(company) == []  # settled: not brought up again


async def test_a_lesson_is_corrected_in_its_turn_and_the_parsers_own_reading_is_one_of_the_choices(company: Company) -> None:
    await misread(company)
    await turn(company, "chendian", "没听懂的")
    await company.press("chendian", "查库存")
    assert "查哪个货" in await turn(company, "zhangming", ODD)
    assert "我当成「查库存」" in await turn(company, "zhangming", WRONG)
    await company.press("zhangming", "查订单到哪了")
    assert "哪一单" in company.texts()[-1]
    shown = await turn(company, "chendian", "没听懂的")
    assert "我读成「查库存」，问的人说是「" in shown
    await company.press("chendian", "查订单到哪了")
    assert "改回来了" in company.texts("chendian")[-1]
    assert lessons(company) == []
    assert listed(company) == []
    assert "哪一单" in await turn(company, "zhangming", ODD)


async def test_replicas_share_the_conversation_and_the_lesson(company: Company) -> None:
    """Two dispatchers on one store: asked of one, corrected at the other, taught through the first, read by both."""
    other = Dispatcher(company.house.desk, company.house.router)
    await other.lexicon()  # it has a vocabulary already
    await turn(company, "zhangming", ODD)
    said = await other.message(_said(company, "不是这个意思", "m-2"))
    assert said.reply is not None
    assert "记下了" in said.reply.text
    assert await turn(company, "zhangming", "@小单 不对") != ""
    assert listed(company)[0].count == 1
    await turn(company, "chendian", "没听懂的")
    await company.press("chendian", "查库存")
    assert (await other.reply_to(_said(company, "那批货到哪了", "m-3"))).intent == "stock"
    await company.press("chendian", "撤销")
    assert (await other.reply_to(_said(company, "那批货到哪了", "m-4"))).intent == "where_is_order"


NASTY = "那批货到哪了 @所有人 <script>alert(1)</script> [点我](http://evil.example) **粗** \u202e倒\u202c\u200b'; DROP TABLE lessons;--"


async def test_hostile_text_is_harmless_in_every_line_and_names_stay_out(company: Company) -> None:
    for text in (NASTY, "帮王小明把13812345678那单退款", "那批货到哪了" + "啊" * 600, "\u200b" * 50):
        await turn(company, "zhangming", f"@小单 {text}")
        answer = await turn(company, "zhangming", WRONG)
        assert "alert(1)" not in answer
        if labels(company):
            await company.press("zhangming", labels(company)[0])
    for restated in (f"@小单 不对，我问的是{NASTY}", "@小单 不对，我问的是" + "；DROP TABLE" * 9):
        await turn(company, "zhangming", ODD)
        await turn(company, "zhangming", restated)
    for _ in range(8):
        await turn(company, "chendian", "没听懂的")
        if "没有没听懂的" in company.texts("chendian")[-1]:
            break
        said = company.texts("chendian")[-1]
        for harm in ("@所有人", "<script>", "\u202e", "](http"):
            assert harm not in said
        await company.press("chendian", "没读错" if "读错的话" in said else "不用管")
    kept = "\n".join(
        str(row) for table in ("unheard", "lessons", "dialogs", "audit") for row in company.read(partial(_rows, table))
    )
    for secret in ("王小明", "13812345678", "evil.example"):
        assert secret not in kept


def _rows(table: str, reads: Any) -> Any:
    return reads.rows(f"SELECT * FROM {table}")


async def test_a_message_delivered_twice_is_corrected_once(company: Company) -> None:
    await turn(company, "zhangming", ODD)
    for _ in range(3):
        await company.say("zhangming", WRONG, ident="message-same")
    assert sum("你是不是想问" in text for text in company.texts()) == 1
    assert listed(company)[0].count == 1
