"""A question's way: browser, inbox, answer in the room. Who nobody knows gets nothing, what came twice is answered once."""

from __future__ import annotations

from tests.flows.company import PDD_SHOP, RECEIVER, SHOP, STRANGER, Company


async def test_a_question_is_on_disk_before_it_is_accepted_and_answered_in_the_room(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    accepted = await company.say("zhangming", f"{number} 到哪了", work=False)
    assert accepted.status_code == 200
    assert await company.house.desk.store.inbox.depth() == 1
    await company.restart()  # what was accepted survives the program
    await company.work()
    (answer,) = company.answers()
    assert "待发货" in str(answer["body"]) or "还没发货" in str(answer["body"])
    assert RECEIVER["phone"] not in str(answer["body"]) + str(company.seen())
    assert RECEIVER["name"] not in str(answer["body"])


async def test_the_same_message_delivered_twice_is_answered_once(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    for work in (False, True, True):
        again = await company.say("zhangming", f"{number} 到哪了", ident="the-same-message", work=work)
        assert again.status_code == 200
    assert len(company.answers()) == 1


async def test_somebody_nobody_knows_gets_nothing_but_an_entry_in_the_audit(company: Company) -> None:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    accepted = await company.say(STRANGER, f"{number} 到哪了")
    assert accepted.status_code == 200
    assert company.answers(STRANGER) == []
    assert company.audit("access.denied") == [(f"account:console:{STRANGER}", "message", f"{STRANGER}:message-1")]


async def test_nothing_has_three_kinds_each_with_its_own_words(company: Company) -> None:
    await company.pull(PDD_SHOP)
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    await company.pull(PDD_SHOP)
    await company.say("zhangming", "6920000000000009999 到哪了")
    none = company.texts()[-1]
    entity = company.order(number).id

    def give_to_suzhou(u: object) -> None:
        stored = u.orders.by_id(entity)  # type: ignore[attr-defined]
        u.orders.change(entity, expect_version=stored.version, events=[], warehouse="苏州仓")  # type: ignore[attr-defined]

    company.house.desk.store.write_now(give_to_suzhou)
    await company.say("lifang", f"{number} 到哪了")
    hidden = company.texts("lifang")[-1]
    await company.work(3600)
    await company.say("zhangming", "6920000000000009998 到哪了")
    old = company.texts()[-1]
    assert "没有这个单号" in none
    assert "苏州仓" in hidden
    assert "没有这个单号" not in old
    assert len({none, hidden, old}) == 3
    assert number not in hidden


async def test_too_old_data_are_said_and_the_answer_follows_when_the_source_is_back(company: Company) -> None:
    await company.pull()
    await company.work(3600)
    number = company.place()
    await company.say("zhangming", f"{number} 到哪了")
    assert company.texts()[-1].count("没有这个单号") == 0
    await company.work(180)
    await company.pull()
    await company.work(300, step=60)
    assert any("沙发套" in text for text in company.texts()[1:])


async def test_several_matches_are_buttons_and_a_press_answers_the_question(company: Company) -> None:
    first, second = company.place(), company.place()
    company.clock.move(3600)
    await company.pull()
    await company.say("zhangming", "尾号 0417 的到哪了")
    choice = company.answers()[-1]["body"]["choices"]
    assert len(choice) == 2
    assert first not in str(company.answers())
    await company.press("zhangming", "2. ")
    answer = company.texts()[-1]
    assert first[-4:] in answer or second[-4:] in answer
    assert len(company.answers()) == 2


async def test_a_chat_that_is_not_ours_a_forged_session_and_a_broken_body_change_nothing(company: Company) -> None:
    wire = {"type": "message", "as": "zhangming", "chat": "orders", "text": "x", "id": "message-0001"}
    assert (
        await company.http.post("/chat/console", content=b"{", headers={"content-type": "application/json"})
    ).status_code == 400
    assert (await company.http.post("/chat/console", json={**wire, "id": "x"})).status_code == 400
    assert (await company.http.post("/chat/console", json={**wire, "as": "boss"})).status_code == 401
    assert (
        await company.http.post("/chat/console", json=wire, headers={"origin": "http://evil.example"})
    ).status_code == 401
    assert (await company.http.post("/chat/console", content=b"x" * (2 * 1024 * 1024 + 1))).status_code == 413
    assert (await company.http.post("/chat/nobody", json=wire)).status_code == 404
    assert (await company.http.post("/chat/console", json={**wire, "chat": "boardroom"})).status_code == 403
    assert await company.house.desk.store.inbox.depth() == 0


async def test_freshness_is_told_by_the_shop(company: Company) -> None:
    await company.pull()
    (fresh,) = [each for each in company.read(lambda r: r.cursors.freshness()) if each.source == f"douyin/{SHOP}"]
    assert fresh.last_error == ""


async def test_a_group_that_nobody_bound_hears_nothing_about_orders(company: Company) -> None:
    """A colleague may sit in a supplier's group, too."""
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    company.console.open_group("suppliers", "供应商群")
    await company.say("zhangming", f"{number} 到哪了", chat="suppliers")
    assert company.answers(chat="suppliers") == []
    await company.say("zhangming", f"@小单 {number} 到哪了", chat="suppliers")
    (answer,) = company.answers(chat="suppliers")
    assert answer["private"]
    assert "没有登记" in answer["body"]["text"]
    assert [what for _, what, _ in company.audit("access.denied")] == ["group:unbound"] * 2
    await company.say("zhangming", f"{number} 到哪了")
    assert len(company.answers(chat="orders")) == 1
