"""An alert's way: real orders, pushes and clocks; a card with its picture in the right group; buttons that work; an end."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.alert import State
from tests.flows.company import START, Company

HOUR = 3600


async def short_of_stock(company: Company) -> None:
    """Five real orders of three pieces take the sofa cover below its safety level."""
    for index in range(5):
        company.place(lines=[{"code": "SF-GREY", "name": "沙发套-灰", "quantity": 3, "price": 13_400}], buyer=f"b{index}")
    await company.push()
    await company.work(5)
    await company.work(65, step=5)


async def test_stock_below_safety_is_a_card_with_a_picture_and_buttons_that_work(company: Company) -> None:
    await short_of_stock(company)
    (alert,) = company.alerts("库存-1")
    assert company.answers(chat="ops") == []
    (said,) = [each for each in company.answers(chat="stock") if each["body"]["card"]]
    assert "沙发套-灰" in str(said["body"]["card"])
    (picture,) = said["body"]["pictures"]
    png = await company.http.get(f"/console/media/{picture['id']}?as=chencai")
    assert png.content.startswith(b"\x89PNG")
    assert picture["alt"]
    number = alert.number
    await company.press("chencai", "为什么", chat="stock", number=number)
    why = company.texts("chencai", "stock")[-1]
    assert "37" in why
    assert "40" in why
    await company.press("chencai", "认领", chat="stock", number=number)
    assert company.alerts("库存-1")[0].claimed_by == "陈采"
    assert "陈采" in str(company.card(number, chat="stock"))
    (later,) = [b for b in company.card(number, chat="stock")["buttons"] if "稍后" in b["label"]]
    until = {later["ask"]["name"]: later["ask"]["options"][0]} if later["ask"] else {}
    await company.press("chencai", "稍后", chat="stock", number=number, **until)
    for choice in company.answers("chencai", "stock")[-1]["body"]["choices"][:1]:
        await company.press("chencai", choice["label"], chat="stock")
    assert company.alerts("库存-1")[0].snoozed_until is not None


async def test_the_same_orders_told_again_raise_nothing_new(company: Company) -> None:
    await short_of_stock(company)
    before = company.texts(chat="stock")
    company.clock.move(HOUR / 6)
    for message in company.douyin.pushes.messages:
        message.done, message.tries, message.due = False, 0, 0.0
    await company.push()
    await company.pull()
    await company.work(60, step=10)
    assert len(company.alerts("库存-1")) == 1
    assert len([text for text in company.texts(chat="stock") if "库存" in text]) == len(before)


async def test_a_missed_promise_is_said_and_over_when_it_is_shipped(company: Company) -> None:
    number = company.place(ship_within=2 * HOUR)
    await company.push()
    await company.work(2 * HOUR + 120, step=600)
    for _ in range(3):
        await company.work(60)
    assert len(company.alerts("发货-2")) == 1
    assert any("发货" in text for text in company.texts())
    company.douyin.buyers.ship_in_back_office(number, waybill="SF1234567890123")
    await company.push()
    await company.work(120, step=30)
    assert company.alerts("发货-2")[0].state == State.RESOLVED


async def test_a_parcel_that_stands_still_is_found_through_the_track_service(company: Company) -> None:
    number = company.place()
    company.douyin.buyers.ship_in_back_office(number, waybill="SF1234567890123")
    company.kuaidi100.hand_in("SF1234567890123", "shunfeng", story="stalled", start=START, phone="0417")
    await company.push()
    await company.work(60)
    assert "SF1234567890123" in company.kuaidi100.state.subscriptions
    for _ in range(15):  # three days, to the morning after: at night such news waits
        await company.kuaidi100.pushes.deliver()
        await company.work(5 * HOUR)
    await company.work(120, step=30)
    assert company.alerts("物流-2") == []
    (alert,) = company.alerts("物流-1")
    assert "0123" in str(company.card(alert.number, chat="stock"))
    forged = b'param={"status":"polling","lastResult":{}}&sign=00'
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await company.http.post("/push/kuaidi100/main", content=forged, headers=headers)).status_code == 401


async def test_a_loss_is_locked_and_released_by_who_may(company: Company) -> None:
    number = company.place(lines=[{"code": "VASE-M", "name": "陶瓷花瓶", "quantity": 1, "price": 2_900}])
    await company.push()
    await company.work(120, step=10)
    stored = company.order(number)
    assert stored.settlement_locked
    (alert,) = company.alerts("毛利-1")
    assert any(said["body"]["card"] for said in company.answers(chat="ops"))
    assert company.answers(chat="orders") == []
    await company.press("zhangming", "放行", chat="ops", number=alert.number)
    assert company.order(number).settlement_locked
    await company.press("chendian", "放行", chat="ops", number=alert.number)
    assert not company.order(number).settlement_locked
    assert "放行" not in [button["label"] for button in company.card(alert.number, chat="ops")["buttons"]]
    await company.pull()
    await company.work(60)
    assert not company.order(number).settlement_locked
    assert company.read(lambda r: r.audit.verify())[0]


def test_the_flows_start_at_ten_in_the_morning() -> None:
    """Quiet hours would hold ordinary alerts back."""
    assert datetime.fromtimestamp(START, UTC).hour == 2
