"""你是不是想问: a press answers the sentence under which the button stands, and no later one."""

from __future__ import annotations

from tests.flows.company import Company


async def test_a_press_on_an_older_question_chooses_nothing_of_a_later_one(company: Company) -> None:
    await company.say("zhangming", "@小单 这个单")
    message, button = company.button("zhangming", "查订单到哪了")
    await company.say("zhangming", "@小单 订单有问题")
    wire = {"type": "click", "as": "zhangming", "chat": "orders", "message": message, "button": button, "values": {}}
    await company.http.post("/chat/console", json={**wire, "id": "click-old"})
    await company.work()
    assert "过期" in company.texts()[-1]
    await company.press("zhangming", "查订单到哪了")
    assert "哪一单" in company.texts()[-1]


async def test_a_press_on_the_last_question_answers_it(company: Company) -> None:
    await company.say("zhangming", "@小单 订单有问题")
    await company.press("zhangming", "查订单到哪了")
    assert "哪一单" in company.texts()[-1]


async def test_in_a_group_that_was_unbound_meanwhile_a_press_answers_nothing(company: Company) -> None:
    await company.say("zhangming", "@小单 订单有问题")
    company.house.desk.store.write_now(lambda u: u.people.unbind_chat("console", "orders"))
    await company.press("zhangming", "查订单到哪了")
    assert "哪一单" not in company.texts()[-1]
    assert "过期" in company.texts()[-1]
