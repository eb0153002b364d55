"""Rules in the group and their rehearsal: the same rule on the same days says what it said live, and touches nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from config.rulebook import rules_file
from domain.order import Stage, TrackStage
from handlers.rehearsal import rehearse
from tests.builders import line, newer, order, scan, shipped, track
from tests.handlers.alert_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


async def a_week(bench: Bench) -> None:
    """Late, soon, shipped in time, stalled, never picked up, thin and fat margins, stock running out twice."""
    bench.stock(on_hand=50, safety=40)
    bench.cost("SKU-1", 1_000)
    bench.cost("SKU-2", 26_500)
    for day in range(5):
        now = bench.clock.now()
        late = [order(f"{day}1{n}", ship_by=now + timedelta(hours=5), at=now, warehouse="杭州仓") for n in range(3)]
        fine = [order(f"{day}2{n}", ship_by=now + timedelta(hours=30), at=now, warehouse="杭州仓") for n in range(4)]
        thin = order(f"{day}30", lines=(line("SKU-2"),), at=now, warehouse="杭州仓")
        bench.arrive(*late, *fine, thin, shipped(f"{day}40", waybill=f"SF{day}", at=now))
        await bench.run(seconds=6 * 3600, step=1800)
        at = bench.clock.now()
        bench.arrive(*(newer(each, 360, stage=Stage.SHIPPED, shipped_at=at) for each in (*late[:2], *fine)))
        if day % 2:
            bench.arrive(track(scan("已揽收", TrackStage.PICKED_UP, at), waybill=f"SF{day}", fetched_at=at))
        if day == 2:
            bench.move("receive", 100)
        await bench.run(seconds=18 * 3600, step=3600)
    await bench.run(seconds=80 * 3600, step=3600)


async def test_rehearsal_says_what_the_live_rules_said(bench: Bench) -> None:
    await a_week(bench)
    now = bench.clock.now()
    replays = {each.rule: each for each in bench.db.read_now(lambda r: rehearse(r, bench.book, now, days=30))}
    for name in ("库存-1", "发货-1", "发货-2", "物流-1", "物流-2", "毛利-1"):
        live = [alert for alert in bench.alerts(name) if not alert.facts.get("members")]
        assert len(live) > 0, name
        assert len(replays[name].fired) == len(live), name
        said = [alert.facts["entity"] if name == "库存-1" else f"order:{alert.order_ids[0]}" for alert in live]
        assert sorted(each.entity for each in replays[name].fired) == sorted(said), name
    assert not replays["超卖-1"].possible


async def test_a_rehearsal_leaves_no_trace(bench: Bench) -> None:
    await a_week(bench)
    before = (len(bench.alerts()), len(bench.group.sent), bench.db.read_now(lambda r: r.outbox.depth()))
    reply = await bench.say("运营林", "rules", "演练 发货-1 lead_minutes=60")
    assert (len(bench.alerts()), len(bench.group.sent), bench.db.read_now(lambda r: r.outbox.depth())) == before
    assert "没有发出任何提醒" in reply.text
    assert reply.pictures[0].png.startswith(b"\x89PNG")


async def test_rules_are_listed_and_one_is_shown_with_its_limits(bench: Bench) -> None:
    listed = await bench.say("张明", "rules", "规则")
    assert "库存-1 库存告急：可用 < 安全" in listed.text
    assert "快到发货时限：离发货时限 ≤ 4 小时" in listed.text  # the figure, not the name of the limit
    assert "毛利率 < 5%" in listed.text
    one = await bench.say("张明", "rules", "规则 物流-1")
    assert "停滞上限 48 小时（stall_minutes=2880）" in one.text
    assert "找客服" in one.text


async def test_only_those_who_may_change_rules_rehearse_and_unknown_limits_are_named(bench: Bench) -> None:
    assert (await bench.say("张明", "rules", "演练 发货-1")).private
    reply = await bench.say("运营林", "rules", "演练 发货-1 leed_minutes=3")
    assert "没有叫 leed_minutes 的界限" in reply.text
    assert "要演练哪一条" in (await bench.say("运营林", "rules", "演练")).text
    assert "没法演练" in (await bench.say("运营林", "rules", "演练 超卖-1")).text


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("XIAODAN_DATA_DIR", str(tmp_path / "data"))
    return CliRunner()


def run(cli: CliRunner, *words: str) -> tuple[int, str]:
    import typer

    from bot.commands import rules

    app = typer.Typer()
    app.callback()(lambda: None)
    rules.register(app)
    done = cli.invoke(app, ["rules", *words])
    text = done.output + (getattr(done.exception, "sentence", "") if done.exception else "")
    return done.exit_code, text


def edited(tmp_path: Path, name: str, **more: object) -> Path:
    raw = yaml.safe_load(rules_file().read_text("utf-8"))
    raw["rules"][0].update(more)
    path = tmp_path / name
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    return path


def test_a_bad_file_is_named_and_never_applied(cli: CliRunner, tmp_path: Path) -> None:
    bad = edited(tmp_path, "bad.yaml", when="")
    code, said = run(cli, "test", str(bad))
    assert code == 1
    assert "条件是空的" in said
    code, said = run(cli, "apply", str(bad))
    assert code == 1
    assert "没有生效" in said
    assert not (tmp_path / "data" / "rules.yaml").exists()
    assert run(cli, "test", str(tmp_path / "none.yaml"))[0] == 1


def test_apply_then_rollback_restores_the_same_bytes_and_keeps_every_version(cli: CliRunner, tmp_path: Path) -> None:
    first, second = edited(tmp_path, "a.yaml", version=2), edited(tmp_path, "b.yaml", version=3)
    assert run(cli, "apply", str(first))[0] == 0
    assert run(cli, "apply", str(second))[0] == 0
    code, said = run(cli, "rollback", "--json")
    assert code == 0
    assert json.loads(said) == {"version": 3, "rules": 8}
    data = tmp_path / "data"
    assert (data / "rules.yaml").read_bytes() == first.read_bytes()
    assert [path.name for path in sorted((data / "rule-versions").iterdir())] == [f"{n:04}.yaml" for n in range(4)]
    assert run(cli, "rollback", "--to", "99")[0] == 1


def test_rehearse_prints_counts_against_the_rules_in_force(cli: CliRunner, tmp_path: Path) -> None:
    trial = edited(tmp_path, "trial.yaml", version=2)
    code, said = run(cli, "rehearse", str(trial), "--days", "7", "--json")
    assert code == 0
    result = json.loads(said)
    assert result["days"] == 7
    assert {each["rule"] for each in result["rules"]} >= {"库存-1", "发货-2"}
    assert all(each["current"]["fired"] == 0 for each in result["rules"] if each["possible"])
