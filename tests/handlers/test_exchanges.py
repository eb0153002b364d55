"""换货 from the chat: a draft that says into what, decided like everything else, arranged by a person, never taken for done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.order import AftersaleKind, AftersaleStage, Stage
from tests.builders import NUMBER, aftersale, money, newer, order, shipped
from tests.handlers.approval_bench import Bench

ASK = "request_exchange"
OTHER = NUMBER[:-1] + ("8" if NUMBER[-1] != "8" else "9")


@pytest.fixture(params=["zh", "en"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(tmp_path, lang=request.param)
    yield bench
    bench.close()


async def test_the_draft_says_into_what_and_why(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", ASK, f"{NUMBER} 换货，换成灰色", order_no=NUMBER, reason="尺码不对")
    assert draft.card is not None
    assert "换成灰色，尺码不对" in draft.text
    assert "¥" not in draft.card.title
    found = bench.approval()
    assert (found.kind, found.state, found.amount.minor) == ("exchange", "draft", 0)


async def test_a_hostile_wish_is_harmless_and_masked(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", ASK, "换成@所有人<script>13800138000\u202e", order_no=NUMBER)
    assert "@所有人" not in draft.text
    assert "13800138000" not in draft.text
    assert "<script>" not in draft.text


async def test_of_several_orders_the_one_that_is_chosen_is_meant(bench: Bench) -> None:
    bench.arrive(shipped(), shipped(OTHER, waybill="SF1234567890124"))
    asked = await bench.say("小何", ASK, "换成灰色", phone_tail=shipped().receiver.phone[-4:])
    assert len(asked.choices) == 2
    draft = await bench.press_token("小何", asked.choices[1].token)
    assert draft.card is not None
    assert "换成灰色" in draft.text
    assert bench.approval().order_number in (NUMBER, OTHER)


@pytest.mark.parametrize("stage", [Stage.UNPAID, Stage.CLOSED_UNPAID, Stage.CLOSED_REFUNDED])
async def test_what_is_not_paid_or_over_is_not_exchanged(bench: Bench, stage: Stage) -> None:
    bench.arrive(order(stage=stage))
    told = await bench.say("小何", ASK, "", order_no=NUMBER)
    assert told.card is None
    assert told.text
    assert bench.store.read_now(lambda r: r.rows("SELECT * FROM approvals")) == []


async def test_beside_a_request_that_runs_there_is_no_second_one(bench: Bench) -> None:
    bench.arrive(shipped())
    refund = await bench.say("小何", "request_refund", order_no=NUMBER, amount=money(5_000))
    await bench.press_token("小何", refund.card.buttons[0].token if refund.card else "")
    shown = await bench.say("小何", ASK, "", order_no=NUMBER)
    assert shown.card is not None
    assert shown.card.number == "A1"
    assert len(bench.store.read_now(lambda r: r.rows("SELECT * FROM approvals"))) == 1


async def test_a_buyers_own_after_sale_that_runs_is_said(bench: Bench) -> None:
    bench.arrive(shipped())
    bench.arrive(aftersale(kind=AftersaleKind.EXCHANGE, stage=AftersaleStage.EXCHANGE))
    told = await bench.say("小何", ASK, "", order_no=NUMBER)
    assert told.card is None
    assert bench.store.read_now(lambda r: r.rows("SELECT * FROM approvals")) == []


async def test_a_change_of_the_order_is_no_proof_that_the_exchange_was_arranged(bench: Bench) -> None:
    bench.arrive(shipped())
    draft = await bench.say("小何", ASK, "换成灰色", order_no=NUMBER)
    assert draft.card is not None
    await bench.press_token("小何", draft.card.buttons[0].token)
    await bench.run()
    for name in ("张明", "李芳"):
        await bench.press_token(name, bench.card().buttons[0].token)
        await bench.run()
    await bench.run(121)
    assert bench.approval().state == "by_hand"
    assert bench.shop.calls == 0
    bench.arrive(newer(shipped(), refunded=money(100)))
    await bench.run()
    assert bench.approval().state == "by_hand"
    await bench.press_token("张明", bench.card().buttons[0].token)
    await bench.run()
    assert bench.approval().state == "done"
    assert bench.shop.effects == []


async def test_nobody_exchanges_in_a_shop_that_is_not_theirs(bench: Bench) -> None:
    bench.arrive(shipped())
    person = bench.people["小何"]
    bench.store.write_now(lambda u: u.people.save_person(replace(person, shops=frozenset({"别家"}))))
    told = await bench.say("小何", ASK, "", order_no=NUMBER)
    assert told.card is None
    assert bench.store.read_now(lambda r: r.rows("SELECT * FROM approvals")) == []
