"""Taught in the group: nobody understood it, the manager taps what it means, and the next message is understood - everywhere."""

from __future__ import annotations

from typing import Any

from bot.dispatch import Dispatcher
from domain.chat import ChatKind, ChatRef, Message, Sender
from tests.flows.company import Company

ODD = "@小单 我那玩意儿没影了咋办"


async def ask_odd(company: Company, who: str = "zhangming", text: str = ODD) -> str:
    await company.say(who, text)
    return company.texts(who)[-1]


async def taught(company: Company) -> None:
    await ask_odd(company)
    await company.say("chendian", "没听懂的")
    await company.press("chendian", "查订单到哪了")


def lessons(company: Company) -> list[Any]:
    found: list[Any] = company.read(lambda r: r.lessons.standing())
    return found


async def test_what_nobody_understood_is_shown_to_who_may_teach_and_to_nobody_else(company: Company) -> None:
    for _ in range(3):
        await ask_odd(company)
    await ask_odd(company, text="@小单 王小明的东东凉凉了吗这是")
    await company.say("zhangming", "没听懂的")
    assert "我那玩意儿" not in company.texts("zhangming")[-1]
    await company.say("chendian", "没听懂的")
    shown = company.texts("chendian")[-1]
    assert "出现 3 次" in shown
    assert "我那玩意儿没影了咋办" in shown
    assert "王小明" not in shown
    await company.press("chendian", "下一句")
    assert "＜姓名＞" in company.texts("chendian")[-1]


async def test_a_tap_teaches_and_the_next_message_is_understood_after_a_restart_too(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await company.say("zhangming", f"{number} 付款时间")
    assert "帮不上" in await ask_odd(company) or "是不是想问" in company.texts("zhangming")[-1]
    await company.say("chendian", "没听懂的")
    await company.press("chendian", "查订单到哪了")
    assert "学会了" in company.texts("chendian")[-1]
    await company.say("zhangming", f"{number} 付款时间")
    assert number[-4:] in await ask_odd(company)
    await company.restart()
    assert number[-4:] in await ask_odd(company)
    (entry,) = company.audit("phrase.taught")
    assert entry[1] == f"lesson:{lessons(company)[0].lesson_id}"


async def test_undone_with_a_tap_it_is_not_understood_any_more_at_once(company: Company) -> None:
    await taught(company)
    assert "哪一单" in await ask_odd(company)
    await company.press("chendian", "撤销")
    assert "已撤销" in company.texts("chendian")[-1]
    assert "哪一单" not in await ask_odd(company)
    assert lessons(company) == []
    assert len(company.audit("phrase.undone")) == 1
    await company.say("chendian", "没听懂的")
    assert "我那玩意儿" in company.texts("chendian")[-1]


async def test_another_process_knows_it_with_the_next_message(company: Company) -> None:
    """Two dispatchers on one store, as two replicas are: neither is told, both ask for the version."""
    other = Dispatcher(company.house.desk, company.house.router)
    message = Message(
        ChatRef("console", "orders", ChatKind.GROUP), Sender("zhangming", "张明"), "m-1", ODD, company.house.desk.clock.now()
    )
    assert (await other.reply_to(message)).intent == "out_of_scope"
    await taught(company)
    assert (await other.reply_to(message)).intent == "where_is_order"
    await company.press("chendian", "撤销")
    assert (await other.reply_to(message)).intent == "out_of_scope"


async def test_a_denial_is_refused_as_a_draft_and_nothing_is_stored(company: Company) -> None:
    await ask_odd(company, text="@小单 那个嘛反正不太想整了你懂的")
    await company.say("chendian", "没听懂的")
    for _ in range(6):
        try:
            company.button("chendian", "取消订单（草稿）")
        except AssertionError:
            await company.press("chendian", "更多")
    await company.press("chendian", "取消订单（草稿）")
    assert "不能学" in company.texts("chendian")[-1]
    assert lessons(company) == []


async def test_pressed_three_times_it_is_taught_once(company: Company) -> None:
    await ask_odd(company)
    await company.say("chendian", "没听懂的")
    message, button = company.button("chendian", "查订单到哪了")
    wire = {"type": "click", "as": "chendian", "message": message, "button": button, "values": {}}
    for n in range(3):
        await company.http.post("/chat/console", json={**wire, "id": f"click-x-{n}"})
    await company.work()
    assert len(lessons(company)) == 1


async def test_a_dismissed_wording_is_not_shown_again(company: Company) -> None:
    await ask_odd(company)
    await company.say("chendian", "没听懂的")
    await company.press("chendian", "不用管")
    await ask_odd(company)
    await company.say("chendian", "没听懂的")
    assert "没有没听懂的" in company.texts("chendian")[-1]


async def test_chatter_that_was_not_said_to_the_bot_is_not_kept(company: Company) -> None:
    await company.say("zhangming", "我那玩意儿没影了咋办")
    assert company.read(lambda r: r.lessons.unheard_count()) == 0
