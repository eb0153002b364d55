"""Ship-by, scans and pickups: deadlines follow the order, and nobody is accused while the feed is down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.alert import State
from domain.order import Stage, TrackStage
from tests.builders import NOW, NUMBER, SHOP, newer, order, parcel, scan, shipped, track
from tests.handlers.alert_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def pending(bench: Bench, number: str = NUMBER) -> dict[str, float]:
    """Kind -> hours from now of an order's due rows."""
    entity, now = f"order:{bench.stored(number).id}", bench.clock.now()
    rows = bench.db.read_now(lambda r: r.deadlines.pending(entity))
    return {row.kind: round((row.due_at - now) / timedelta(hours=1), 2) for row in rows}


async def test_soon_then_missed_each_on_its_minute_and_soon_ends_when_missed(bench: Bench) -> None:
    bench.arrive(order(warehouse="杭州仓", ship_by=NOW + timedelta(hours=6)))
    assert pending(bench) == {"ship_by_soon": 2.0, "ship_by_missed": 6.0}
    await bench.run(seconds=2 * 3600 - 60)
    assert bench.group.sent == []
    await bench.run(seconds=61)
    await bench.run(seconds=2)
    assert "今天 20:00 前要发货，还剩 3 小时 59 分" in bench.card().lines[0]
    assert bench.group.sent[0].mention == ("u-李芳",)
    soon = bench.card().number
    await bench.run(seconds=4 * 3600, step=600)
    await bench.run(seconds=2)
    assert "已超" in bench.card().lines[0]
    assert bench.alert(soon).state == State.RESOLVED
    assert not any("已恢复" in text for text in bench.card(soon).lines)


async def test_a_moved_promise_moves_the_deadlines_and_ends_what_no_longer_holds(bench: Bench) -> None:
    first = order(warehouse="杭州仓", ship_by=NOW + timedelta(hours=3))
    bench.arrive(first)
    await bench.run(seconds=2)
    await bench.run(seconds=2)
    number = bench.card().number
    bench.arrive(newer(first, ship_by=NOW + timedelta(hours=48)))
    assert bench.alert(number).state == State.RESOLVED
    assert pending(bench)["ship_by_missed"] == pytest.approx(48, abs=0.01)


async def test_shipping_drops_every_ship_by_deadline(bench: Bench) -> None:
    first = order(ship_by=NOW + timedelta(hours=3))
    bench.arrive(first)
    await bench.run(seconds=2)
    bench.arrive(newer(first, stage=Stage.SHIPPED, parcels=(parcel(shipped_at=NOW),), shipped_at=NOW))
    assert set(pending(bench)) == {"no_scan", "no_pickup"}
    assert bench.alerts("发货-1")[0].state == State.RESOLVED


async def test_without_a_promise_the_fallback_table_decides_and_says_the_penalty(bench: Bench) -> None:
    bench.arrive(order(channel="pinduoduo", shop="优选店", ship_by=None, paid_at=NOW - timedelta(hours=45)))
    assert pending(bench)["ship_by_missed"] == 3.0
    await bench.run(seconds=3 * 3600 + 2)
    await bench.run(seconds=2)
    assert any("每单平台扣 ¥3" in text for text in bench.card().lines)


async def test_history_being_imported_accuses_nobody(bench: Bench) -> None:
    long_ago = NOW - timedelta(days=200)
    bench.arrive(order(at=long_ago, ship_by=long_ago), shipped("778", waybill="SF9", at=long_ago))
    await bench.run(seconds=3600, step=600)
    assert bench.group.sent == []
    assert bench.alerts() == []


async def test_unpaid_orders_have_no_ship_by(bench: Bench) -> None:
    bench.arrive(order(stage=Stage.UNPAID, ship_by=None))
    assert pending(bench) == {}


async def test_no_pickup_after_a_day_and_no_scan_after_two_is_one_standing_problem(bench: Bench) -> None:
    bench.arrive(shipped(warehouse="杭州仓"))
    await bench.run(seconds=24 * 3600, step=600)
    assert "上传单号" in bench.card().lines[0]
    await bench.run(seconds=24 * 3600, step=600)
    assert "没有新扫描" in bench.card().lines[0]
    standing = [alert for alert in bench.alerts() if alert.state != State.RESOLVED]
    assert [alert.rule for alert in standing] == ["物流-1"]


async def test_a_scan_ends_the_stall_and_starts_its_clock_again(bench: Bench) -> None:
    bench.arrive(shipped(warehouse="杭州仓"))
    await bench.run(seconds=3600)
    bench.arrive(track(scan("已揽收", TrackStage.PICKED_UP, bench.clock.now())))
    assert set(pending(bench)) == {"no_scan"}
    assert pending(bench)["no_scan"] == 48.0
    await bench.run(seconds=49 * 3600, step=3600)
    assert bench.alerts("物流-2") == []
    assert bench.alerts("物流-1")[0].state == State.OPEN
    bench.arrive(track(scan("到达温州", TrackStage.IN_TRANSIT, bench.clock.now()), fetched_at=bench.clock.now()))
    assert bench.alerts("物流-1")[0].state == State.RESOLVED
    assert pending(bench)["no_scan"] == 48.0


async def test_delivery_ends_every_parcel_clock(bench: Bench) -> None:
    bench.arrive(shipped())
    bench.arrive(track(scan("已签收", TrackStage.DELIVERED, NOW + timedelta(hours=1))))
    assert pending(bench) == {}


async def test_a_created_event_of_the_carrier_is_no_scan(bench: Bench) -> None:
    bench.arrive(shipped())
    bench.arrive(track(scan("已下单，等待揽收", TrackStage.CREATED, NOW)))
    assert set(pending(bench)) == {"no_scan", "no_pickup"}


async def test_a_growing_stall_turns_critical_on_time_alone(bench: Bench) -> None:
    bench.arrive(shipped())
    await bench.run(seconds=97 * 3600, step=3600)
    assert bench.alerts("物流-1")[0].severity == "critical"


async def test_feed_death_as_trend_is_one_alert_about_the_feed_and_the_checks_wait(bench: Bench) -> None:
    """feed-death-as-trend: a dead feed is not a wave of late orders; when it is back, only the really late ones alert."""
    source = f"douyin/{SHOP}"
    early = [order(f"66{n:04}", ship_by=NOW + timedelta(hours=1)) for n in range(20)]
    bench.arrive(*early)
    bench.db.write_now(lambda u: u.cursors.succeeded(source, NOW))
    await bench.run(seconds=30)
    bench.db.write_now(lambda u: u.cursors.failed(source, NOW + timedelta(minutes=5), "授权失效"))
    sent = len(bench.group.sent)
    await bench.run(seconds=2 * 3600, step=120)
    assert bench.alerts("发货-2") == []
    down = [each for each in bench.group.sent[sent:] if each.chat.chat_id == "tech-group"]
    assert any("没同步成功" in each.reply.text for each in down)
    assert len(bench.alerts("同步-1")) == 1
    bench.db.write_now(lambda u: u.cursors.succeeded(source, bench.clock.now()))
    bench.arrive(*(newer(each, 10, stage=Stage.SHIPPED) for each in early[:18]))
    await bench.run(seconds=600, step=60)
    late = {alert.order_ids for alert in bench.alerts("发货-2") if not alert.facts.get("members")}
    assert len(late) == 2
    assert bench.alerts("同步-1")[0].state == State.RESOLVED


async def test_the_same_order_again_changes_nothing(bench: Bench) -> None:
    first = order(ship_by=NOW + timedelta(hours=3), warehouse="杭州仓")
    for _ in range(3):
        bench.arrive(first)
        await bench.run(seconds=2)
    assert len(bench.group.sent) == 1
    assert len(bench.alerts()) == 1


async def test_a_parcel_of_a_backfill_is_not_silent_before_the_track_service_was_asked(bench: Bench) -> None:
    bench.arrive(*(shipped(f"88{n:04}", waybill=f"SF{n:04}", at=NOW - timedelta(days=4)) for n in range(20)))
    await bench.run(seconds=14 * 60, step=60)
    assert bench.alerts("物流-1") == bench.alerts("物流-2") == []
    moved = scan("快件已到达 温州转运中心", at=bench.clock.now() - timedelta(hours=3))
    bench.arrive(*(track(moved, waybill=f"SF{n:04}") for n in range(20)))
    await bench.run(seconds=30 * 60, step=60)
    assert bench.alerts("物流-1") == bench.alerts("物流-2") == []


async def test_old_parcels_of_a_backfill_that_no_service_knows_any_more_raise_nothing(bench: Bench) -> None:
    bench.arrive(*(shipped(f"89{n:04}", waybill=f"SF9{n:03}", at=NOW - timedelta(days=20 + n)) for n in range(5)))
    await bench.run(seconds=3600, step=600)
    assert bench.alerts("物流-1") == bench.alerts("物流-2") == []


async def test_a_service_that_stays_silent_only_delays_the_alert(bench: Bench) -> None:
    first = shipped("880001", waybill="SF0001", at=NOW - timedelta(days=4))
    bench.arrive(first)
    await bench.run(seconds=5 * 60)
    more = (*first.parcels, parcel("SF0002", shipped_at=bench.clock.now()))
    bench.arrive(newer(first, parcels=more))  # another change meanwhile does not cut the waiting short
    await bench.run(seconds=5)
    assert bench.alerts("物流-1") == []
    await bench.run(seconds=11 * 60, step=60)
    assert len(bench.alerts("物流-1")) == 1


async def test_why_never_proposes_less_than_no_time_at_all(bench: Bench) -> None:
    bench.arrive(order(ship_by=NOW + timedelta(hours=1)))
    await bench.run(seconds=2 * 3600, step=120)
    late = bench.alerts("发货-2")[0]
    said = (await bench.say("张明", "alert_why", f"为什么 {late.number}", alert_id=late.number)).text
    assert "超过发货时限" in said
    assert "−1 分钟" not in said
    assert "就不会提醒" not in said
