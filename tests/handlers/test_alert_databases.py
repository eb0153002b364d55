"""The same alerts, ledger and rehearsal on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.alert import Ledger, State
from domain.order import Stage
from handlers.rehearsal import rehearse
from tests.builders import line, newer, order, shipped
from tests.handlers.alert_bench import Bench
from tests.servers import emptied, postgres, postgres_database

__all__ = ["postgres", "postgres_database"]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    url = "" if request.param == "sqlite" else emptied(request.getfixturevalue("postgres_database"))
    made = Bench(tmp_path, url=url)
    yield made
    made.close()


async def test_a_day_of_alerts_is_the_same_on_both(bench: Bench) -> None:
    now = bench.clock.now()
    bench.stock(on_hand=45, safety=40)
    bench.cost("SKU-2", 26_500)
    late = [order(f"1{n:02}", ship_by=now + timedelta(hours=5), warehouse="杭州仓") for n in range(8)]
    bench.arrive(*late, order("200", lines=(line("SKU-2"),), warehouse="杭州仓"), shipped("300", waybill="SF3"))
    await bench.run(seconds=2)
    await bench.press("运营林", "放行")
    await bench.press("李芳", "我认领", number=next(a.number for a in bench.alerts("库存-1")))
    await bench.run(seconds=30 * 3600, step=1800)
    bench.move("receive", 100)
    bench.arrive(*(newer(each, 1800, stage=Stage.SHIPPED, shipped_at=bench.clock.now()) for each in late))
    await bench.run(seconds=3600, step=600)
    for rule, count in (("库存-1", 1), ("毛利-1", 1), ("发货-1", 8), ("发货-2", 8), ("物流-2", 1)):
        found = bench.alerts(rule)
        ledger = Ledger.of(found)
        assert (rule, ledger.raised, ledger.suppressed) == (rule, count, 0)
        if rule != "物流-2":
            assert {alert.state for alert in found} == {State.RESOLVED}
    replays = {
        each.rule: len(each.fired) for each in bench.db.read_now(lambda r: rehearse(r, bench.book, bench.clock.now()))
    }
    assert {name: replays[name] for name in ("发货-2", "毛利-1", "物流-2")} == {"发货-2": 8, "毛利-1": 1, "物流-2": 1}
    assert bench.level().reserved == 0
    assert bench.db.read_now(lambda r: r.audit.verify())[0]
