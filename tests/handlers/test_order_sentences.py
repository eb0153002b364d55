"""What a card says first: the second line belongs to the headline, says each thing once, and names whose turn it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.order import AftersaleStage, Stage, TrackStage
from handlers.orders import FEATURE
from tests.builders import NOW, NUMBER, aftersale, money, order, parcel, scan, shipped, track
from tests.handlers.ask_desk import AskDesk

HOUR = timedelta(hours=1)
PICKED = scan("已揽收", TrackStage.PICKED_UP, NOW - 40 * HOUR, place="杭州")


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    yield desk
    desk.close()


async def lines(ask: AskDesk) -> list[str]:
    reply = await ask.ask(FEATURE, "where_is_order", order_no=NUMBER)
    assert reply.card is not None
    return [reply.card.title, *reply.card.lines]


async def test_a_refunded_order_says_when_and_how_much_not_when_it_was_signed_for(ask: AskDesk) -> None:
    gone = shipped(at=NOW - 9 * HOUR)
    ask.put(
        order(
            stage=Stage.CLOSED_REFUNDED,
            at=NOW - HOUR,
            parcels=gone.parcels,
            refunded=money(26_800),
            finished_at=NOW - 2 * HOUR,
        ),
        track(PICKED, scan("已签收", TrackStage.DELIVERED, NOW - 8 * HOUR)),
    )
    title, why, *_ = await lines(ask)
    assert title.startswith("已退款")
    assert why == "今天 12:00 退款 ¥268.00"


async def test_a_closed_order_says_when_it_was_closed(ask: AskDesk) -> None:
    ask.put(order(stage=Stage.CLOSED_UNPAID, finished_at=NOW - HOUR))
    assert (await lines(ask))[1] == "今天 13:00 关闭"


async def test_an_order_unpaid_for_a_day_says_how_long(ask: AskDesk) -> None:
    ask.put(order(stage=Stage.UNPAID, created_at=NOW - 30 * HOUR))
    _, why, *rest = await lines(ask)
    assert why == "昨天 08:00 下单，30 小时还没付款"
    assert "轮到客户  ·  下一步 付款" in rest


@pytest.mark.parametrize(
    ("stage", "text"),
    [(TrackStage.RETURNED, "已退回发件人"), (TrackStage.EXCEPTION, "包裹破损"), (TrackStage.REJECTED, "拒收")],
)
async def test_what_has_just_happened_is_not_called_not_moving(ask: AskDesk, stage: TrackStage, text: str) -> None:
    ask.put(shipped(at=NOW - 41 * HOUR), track(PICKED, scan(text, stage, NOW - 4 * HOUR)))
    assert (await lines(ask))[1] == f"今天 10:00 {text}"


async def test_a_parcel_left_at_a_pickup_point_is_not_collected_rather_than_not_moving(ask: AskDesk) -> None:
    ask.put(
        shipped(at=NOW - 90 * HOUR),
        track(
            scan("已揽收", TrackStage.PICKED_UP, NOW - 80 * HOUR),
            scan("到达 公园路驿站", TrackStage.AT_PICKUP_POINT, NOW - 60 * HOUR),
        ),
    )
    assert (await lines(ask))[1].endswith("到达 公园路驿站，2 天没人取")


async def test_split_parcels_are_counted_by_where_they_are(ask: AskDesk) -> None:
    ask.put(
        shipped(at=NOW - 41 * HOUR, parcels=(parcel("SF1"), parcel("SF2"), parcel("SF3"))),
        track(PICKED, scan("已签收", TrackStage.DELIVERED, NOW - 3 * HOUR), waybill="SF1"),
        track(PICKED, scan("到达", at=NOW - 3 * HOUR), waybill="SF2"),
        track(PICKED, scan("到达", at=NOW - 2 * HOUR), waybill="SF3"),
    )
    assert (await lines(ask))[1] == "共 3 个包裹：1 个已签收、2 个运输中"


async def test_a_deadline_is_said_once_and_by_what_it_is_for(ask: AskDesk) -> None:
    ask.put(
        shipped(at=NOW - 41 * HOUR),
        track(PICKED, scan("已签收", TrackStage.DELIVERED, NOW - 20 * HOUR)),
        aftersale(stage=AftersaleStage.WAIT_BUYER_RETURN, deadline=NOW + 5 * HOUR),
    )
    said = await lines(ask)
    assert "寄回时限 今天 19:00，剩 5 小时" in said[1]
    assert sum("剩 5 小时" in each for each in said) == 1
    assert "轮到客户  ·  下一步 寄回并填退货单号" in said


async def test_a_quiet_parcel_s_last_scan_fits_into_the_sentence(ask: AskDesk) -> None:
    left_hub = "【杭州市】快件已离开 杭州转运中心，下一站 温州转运中心"
    ask.put(shipped(at=NOW - 41 * HOUR), track(PICKED, scan(left_hub, at=NOW - 30 * HOUR)))
    _, why, *rest = await lines(ask)
    assert why == "昨天 08:00 离开 杭州转运中心 后 30 小时没有新扫描"
    assert any("您的包裹还在路上，我们正在联系顺丰优先处理" in each for each in rest)
