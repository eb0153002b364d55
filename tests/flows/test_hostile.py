"""Hostile text and huge numbers through every line; and nobody's name, phone or door where it does not belong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import structlog

from domain.errors import Unavailable
from tests.flows.company import START, Company, words_of

NAME, PHONE, DETAIL = "欧阳金丝雀", "17099887766", "金丝雀路771号9幢8801室"
CANARIES = (NAME, PHONE, DETAIL, "金丝雀路771", "金丝雀苑")
RECEIVER = {
    "name": NAME,
    "phone": PHONE,
    "province": "浙江省",
    "city": "温州市",
    "district": "鹿城区",
    "town": "五马街道",
    "detail": DETAIL,
}
ELSEWHERE = {**RECEIVER, "city": "杭州市", "district": "余杭区", "town": "仓前街道", "detail": "金丝雀苑3幢"}
NASTY = (
    (
        "@所有人 @all <@all> <script>alert(1)</script> [点我](http://evil.example) **粗** `x` "
        "\u202e倒过来\u202c \u200b\u200d\ufeff零宽 \x00\x07\x1b[31m控制 \ud83d\ude00 {{7*7}} ${jndi:ldap://x} '; DROP TABLE orders;--"
    )
    .encode("utf-16", "surrogatepass")
    .decode("utf-16")
)
HARMFUL = ("@所有人", "@all", "\u202e", "\u200b", "\ufeff", "\x00", "\x07", "\x1b")


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


def everything_kept_in_clear(company: Company) -> str:
    """What the tables that people and tools read hold: audit, alerts, outbox, events, quarantine, approvals' facts."""
    texts = []
    for table in (
        "audit",
        "alerts",
        "outbox",
        "order_events",
        "quarantine",
        "approvals",
        "deadlines",
        "dialogs",
        "decisions",
    ):
        query = f"SELECT * FROM {table}"
        rows = company.read(partial(lambda sql, r: r.rows(sql), query))
        texts += [f"{table}: {json.dumps([str(cell) for cell in row], ensure_ascii=False)}" for row in rows]
    return "\n".join(texts)


def without_bodies(entries: list[dict[str, Any]]) -> str:
    return "\n".join(repr(sorted(entry.items(), key=str)) for entry in entries)


async def test_a_whole_day_leaves_no_name_where_it_does_not_belong(company: Company, logged: list[dict[str, Any]]) -> None:
    number = company.place(receiver=RECEIVER, words=f"请打 {PHONE} 找{NAME}", lines=[{"code": "VASE-M", "price": 2_900}])
    company.douyin.buyers.apply_refund(number, amount=1_000, words=f"{NAME}不要了，电话{PHONE}")
    moved = company.place(receiver=RECEIVER)
    company.douyin.buyers.request_address(moved, receiver=ELSEWHERE)
    await company.push()
    await company.work(120, step=20)
    company.clock.move(3600)
    company.douyin.faults.plan("garbage", "order.searchList")
    with pytest.raises(Exception, match=r"order\.searchList"):
        await company.pull()
    await company.pull()
    for text in (
        f"{PHONE} 的单到哪了",
        f"{NAME} 的快递",
        f"{number} 到哪了",
        f"把 {moved} 的地址改成 {DETAIL}，{NAME} {PHONE}",
    ):
        await company.say("zhangming", text)
    for approval in ("A1", "A2"):
        await company.press("zhangming", "同意", number=approval)
    company.douyin.buyers.ship_in_back_office(number, waybill="SF1234567890123")
    company.kuaidi100.hand_in("SF1234567890123", "shunfeng", story="delivered", start=START, phone=PHONE[-4:])
    await company.push()
    await company.work(7200, step=600)
    await company.kuaidi100.pushes.deliver()
    await company.work(60)
    kept, logs = everything_kept_in_clear(company), without_bodies(logged)
    group = "\n".join(words_of(said["body"]) for chat in ("orders", "stock", "ops") for said in company.answers(chat=chat))
    for canary in CANARIES:
        assert canary not in logs
        assert canary not in kept, [line for line in kept.splitlines() if canary in line]
        assert canary not in group, [line for line in group.splitlines() if canary in line]


async def test_a_handler_that_breaks_says_a_number_and_logs_no_name(
    company: Company, logged: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> Any:
        raise KeyError(NAME)

    monkeypatch.setattr("handlers.orders.find_orders", breaks)
    await company.say("zhangming", "6920000000000000001 到哪了")
    (answer,) = company.texts()
    (entry,) = [each for each in logged if each["event"] == "handler.failed"]
    assert entry["number"] in answer
    assert NAME not in answer
    assert "系统错误" not in answer


async def test_a_handler_that_finds_the_store_away_says_what_to_do(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("gone")

    monkeypatch.setattr("handlers.orders.find_orders", away)
    await company.say("zhangming", "6920000000000000001 到哪了")
    assert company.texts()[0]


async def test_hostile_names_and_remarks_reach_the_room_without_power(company: Company) -> None:
    receiver = {**RECEIVER, "name": NASTY[:200], "detail": NASTY * 3, "district": NASTY[:30]}
    lines = [{"code": "VASE-M", "name": NASTY, "quantity": 1, "price": 2_900}]
    number = company.place(receiver=receiver, words=NASTY * 600, lines=lines)
    company.douyin.buyers.apply_refund(number, amount=1_000, reason=NASTY, words=NASTY * 600)
    await company.push()
    await company.work(120, step=20)
    await company.say("zhangming", f"{number} 到哪了")
    await company.say("zhangming", f"{number} 详情")
    assert len(company.answers()) >= 2
    assert company.answers(chat="ops")
    for chat in ("orders", "ops"):
        for said in company.answers(chat=chat):
            assert said["body"]["mention"] in ([], ["zhangming"], ["chendian"]) or "all" not in said["body"]["mention"]
            text = words_of(said["body"])
            assert len(text) < 6_000
            for harm in HARMFUL:
                assert harm not in text, (harm, text)


async def test_hostile_messages_of_people_get_an_answer_or_silence_but_never_harm(company: Company) -> None:
    for index, text in enumerate((NASTY, "查单 " + NASTY, "9" * 3_999, "0417" * 900, "\u202e" * 100 + "退款", "((((" * 900)):
        answer = await company.say("zhangming", text, ident=f"nasty-{index:04}")
        assert answer.status_code in (200, 400)
    assert (await company.say("zhangming", "长" * 100_000)).status_code in (400, 413)
    assert await company.house.desk.store.inbox.depth() == 0
    for said in company.texts():
        assert not any(harm in said for harm in HARMFUL)


async def test_numbers_beyond_two_to_the_53_stay_themselves(company: Company) -> None:
    price = 9_007_199_254_740_993
    number = company.place(
        number="9223372036854775807123", lines=[{"code": "X", "name": "贵", "quantity": 1, "price": price}]
    )
    await company.push()
    await company.work()
    assert company.order(number).order.total.minor == price
    await company.say("zhangming", f"{number} 多少钱")
    shown = "".join(company.texts())
    assert "90,071,992,547,409.93" in shown or "…7123" in shown or number in shown
