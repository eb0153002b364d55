"""A click's way: a buyer's wish, the card, the right people, the undo window, the shop, read back, the card for everybody."""

from __future__ import annotations

import asyncio

import pytest

from domain.approval import State
from tests.flows.company import ELSEWHERE, RECEIVER, SHOP, Company


def states(company: Company) -> list[str]:
    return [row[0] for row in company.read(lambda r: r.rows("SELECT state FROM approvals ORDER BY id"))]


async def agreed_by_both(company: Company) -> None:
    await company.press("zhangming", "同意", number="A1")
    await company.press("zhoukuaiji", "同意", number="A1")


async def test_a_refund_goes_all_the_way_with_a_change_of_mind_in_between(company: Company) -> None:
    aftersale = await company.refund(20_000)
    assert "等 客服初审" in str(company.card("A1"))
    assert company.answers(chat="stock") == company.answers(chat="ops") == []
    await company.press("lifang", "同意", number="A1")  # a warehouse person has no say here
    assert company.approval().decisions == ()
    await company.press("zhangming", "同意", number="A1")
    assert "等 财务终审" in str(company.card("A1"))
    await company.press("zhangming", "同意", number="A1")  # nobody decides two steps
    assert company.approval().state in (State.WAITING, State.ESCALATED)
    await company.press("zhoukuaiji", "同意", number="A1")
    assert company.approval().state == State.AGREED
    await company.press("zhoukuaiji", "撤回", number="A1")
    await company.work(300, step=30)
    assert company.refunds() == []
    await company.press("zhoukuaiji", "同意", number="A1")
    await company.work(119)
    assert company.refunds() == []
    await company.work(60, step=10)
    assert company.refunds() == [(aftersale, 20_000)]
    assert company.approval().state == State.DONE
    for who in ("zhangming", "zhoukuaiji", "chendian"):
        card = company.card("A1", who=who)
        assert "已退款 ¥200.00" in str(card)
        assert card["buttons"] == []
    assert company.read(lambda r: r.audit.verify())[0]
    agreed = company.audit("approval.agree")
    assert len(agreed) >= 3


async def test_the_same_click_again_and_again_is_one_decision(company: Company) -> None:
    aftersale = await company.refund(1_990)
    for _ in range(3):
        await company.press("zhangming", "同意", number="A1", ident="click-that-is-sent-thrice", work=False)
    await company.work()
    assert [each.verdict for each in company.approval().decisions] == ["agree"]
    await company.work(180, step=20)
    assert company.refunds() == [(aftersale, 1_990)]


async def test_two_people_at_the_same_moment_are_one_decision(company: Company) -> None:
    aftersale = await company.refund(1_990)
    await asyncio.gather(
        company.press("zhangming", "同意", number="A1", work=False),
        company.press("chendian", "同意", number="A1", work=False),
        company.press("chendian", "拒绝…", number="A1", reason="凭证不足", work=False),
    )
    await company.work()
    assert len(company.approval().decisions) == 1
    await company.work(300, step=30)
    refused = company.approval().state == State.REFUSED
    assert company.refunds() == ([] if refused else [(aftersale, 1_990)])


async def test_a_lost_answer_is_settled_by_asking(company: Company) -> None:
    aftersale = await company.refund(1_990)
    await company.press("zhangming", "同意", number="A1")
    company.douyin.faults.plan("drop-after-commit", "afterSale.operate")
    await company.work(121)
    assert company.approval().state == State.UNKNOWN
    assert "对方没回话" in str(company.card("A1"))
    assert company.card("A1")["buttons"] == []
    await company.work(900, step=30)
    assert company.approval().state == State.DONE
    assert company.refunds() == [(aftersale, 1_990)]
    operated = [entry for entry in company.douyin.journal.calls("afterSale.operate") if entry.effect]
    assert len(operated) == 1


@pytest.mark.parametrize("fault", ["500", "garbage", "drop-before", "throttle"])
async def test_a_shop_in_trouble_gets_the_refund_once_it_is_well(company: Company, fault: str) -> None:
    aftersale = await company.refund(1_990)
    await company.press("zhangming", "同意", number="A1")
    company.douyin.faults.always["afterSale.operate"] = fault
    await company.work(240, step=20)
    assert company.refunds() == []
    company.douyin.faults.always.clear()
    await company.work(900, step=30)
    approval = company.approval()
    assert company.refunds() == ([(aftersale, 1_990)] if approval.state == State.DONE else [])
    assert approval.state in (State.DONE, State.FAILED, State.BY_HAND)
    assert approval.state == State.DONE or approval.result


async def test_a_restart_between_decision_and_execution_loses_nothing(company: Company) -> None:
    aftersale = await company.refund(1_990)
    await company.press("zhangming", "同意", number="A1", work=False)
    await company.restart()
    await company.work()
    await company.restart()
    await company.work(180, step=30)
    assert company.refunds() == [(aftersale, 1_990)]


async def test_refusing_needs_a_reason_and_pays_nothing(company: Company) -> None:
    aftersale = await company.refund(1_990)
    assert (await company.press("zhangming", "拒绝…", number="A1")).status_code == 400
    await company.press("zhangming", "拒绝…", number="A1", reason="凭证不足")
    await company.work(300, step=30)
    if company.approval().state in (State.WAITING, State.ESCALATED):  # the platform has reasons of its own
        offered = company.answers()[-1]["body"]["choices"]
        await company.press("zhangming", offered[0]["label"])
        await company.work(300, step=30)
    assert company.approval().state == State.REFUSED
    assert company.refunds() == []
    assert company.douyin.state.aftersales[aftersale]["aftersale_status"] == 27


@pytest.mark.parametrize("agree", [True, False])
async def test_a_new_address_is_agreed_or_refused_on_the_platform(company: Company, agree: bool) -> None:
    number = company.place()
    company.douyin.buyers.request_address(number, receiver=ELSEWHERE)
    await company.push()
    await company.work()
    card = str(company.card("A1"))
    for private in (ELSEWHERE["detail"], RECEIVER["detail"], RECEIVER["phone"], RECEIVER["name"]):
        assert private not in card
    if agree:
        await company.press("zhangming", "同意", number="A1")
    else:
        await company.press("zhangming", "拒绝…", number="A1", reason="正在拣货")
    await company.work(300, step=20)
    assert company.approval().state == (State.DONE if agree else State.REFUSED)
    assert company.douyin.state.plain[number]["city"] == (ELSEWHERE if agree else RECEIVER)["city"]


async def test_looking_at_links_and_doors_decides_nothing(company: Company) -> None:
    """What a chat client's preview or a virus scanner does with every address it sees."""
    await company.refund(1_990)
    before = company.approval()
    number = before.order_number
    await company.say("zhangming", f"{number} 到哪了")
    links = [link["url"] for said in company.answers() for link in (said["body"]["card"] or {"links": []})["links"]]
    tokens = company.house.desk.signer
    agree = tokens.sign("approval.agree", "approval:1", f"0.{before.fingerprint[:8]}")
    doors = [
        *(link for link in links if link),
        "/chat/console",
        f"/push/douyin/{SHOP}",
        f"/chat/console?token={agree}",
        f"/p/order/{agree}",
        f"/p/{agree}",
        f"/p/approval/{agree}",
        f"/p/evidence/{agree}",
    ]
    for door in doors:
        for method in ("GET", "HEAD"):
            answer = await company.http.request(method, door)
            assert answer.status_code < 500, door
    await company.work(300, step=60)
    assert company.approval().decisions == before.decisions == ()
    assert company.refunds() == []


async def test_a_button_for_something_else_or_of_somebody_else_s_making_does_nothing(company: Company) -> None:
    await company.refund(1_990)
    message, _ = company.button("zhangming", "同意", number="A1")
    wire = {"type": "click", "as": "zhangming", "message": message, "id": "click-forged"}
    assert (await company.http.post("/chat/console", json={**wire, "button": "0123456789abcdef"})).status_code == 410
    assert (await company.http.post("/chat/console", json={**wire, "button": "x", "message": "nope"})).status_code == 410
    await company.work()
    assert company.approval().decisions == ()
