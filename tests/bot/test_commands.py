"""The command line as scripts call it: exit status, one JSON object, a sentence when it does not work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app
from domain.clock import SystemClock
from storage import Keys, open_store
from tests.integrations.sheets.test_reader import TAOBAO, TAOBAO_ROWS

RUN = CliRunner()


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XIAODAN_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


def run(*words: str, code: int = 0) -> str:
    result = RUN.invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result.stdout


def told(*words: str) -> Any:
    return json.loads(run(*words))


@pytest.fixture
def imported(installation: Path) -> Path:
    path = installation / "orders.csv"
    path.write_bytes((TAOBAO + "".join(TAOBAO_ROWS) + ",x,1\n").encode("gb18030"))
    report = told("import", str(path), "--shop", "老店", "--map", "taobao", "--json")
    assert (report["orders"], report["changed"], report["rejected_rows"]) == (3, 3, 1)
    return path


def test_an_import_counts_once_however_often_it_runs(imported: Path) -> None:
    again = told("import", str(imported), "--shop", "老店", "--map", "taobao", "--json")
    assert (again["changed"], again["rejected_rows"]) == (0, 1)
    figures = told("stats", "--json")
    assert figures["orders"] == 3
    assert figures["by_channel"] == {"taobao": 3}
    assert figures["money"]["CNY"]["total"] == 21_000 + 120_050 + 5_000
    assert figures["rejected_rows"] == 1
    assert told("stats", "--shop", "别的店", "--json")["orders"] == 0


def test_rejected_rows_are_in_a_private_file_with_number_and_reason(imported: Path, installation: Path) -> None:
    [path] = (installation / "data" / "imports").glob("*.rejects.csv")
    assert path.stat().st_mode & 0o077 == 0
    assert "没有订单号" in path.read_text("utf-8-sig")


def test_the_answer_has_the_public_shape(imported: Path) -> None:
    answer = told("ask", "3600000000000000001 到哪了", "--json")
    assert answer["intent"] == "where_is_order"
    assert answer["slots"]["order_no"] == "3600000000000000001"
    assert {"text", "card"} == set(answer["reply"])
    assert answer["took_ms"] > 0
    assert "王小明" not in json.dumps(answer, ensure_ascii=False)


def test_a_batch_is_one_object_a_line(installation: Path) -> None:
    batch = installation / "b.jsonl"
    batch.write_text('{"text": "今天天气怎么样"}\n{"text": "where is my order 113542617735902"}\n', "utf-8")
    lines = [json.loads(line) for line in run("ask", "--batch", str(batch)).splitlines()]
    assert [line["intent"] for line in lines] == ["out_of_scope", "where_is_order"]
    assert lines[1]["slots"]["order_no"] == "113542617735902"


def test_evidence_is_masked_and_repeats_to_the_same_hash(imported: Path) -> None:
    first, second = (told("evidence", "3600000000000000002", "--json") for _ in range(2))
    assert first["sha256"] == second["sha256"]
    assert first["missing"] == ["没有轨迹：SF1234567890123"]
    assert "13800000002" not in json.dumps(first)
    assert "李丽" not in json.dumps(first, ensure_ascii=False)
    run("evidence", "404", "--json", code=1)


def test_reports_and_replay_work_on_a_quiet_house(imported: Path) -> None:
    assert told("report", "daily", "--json")["kind"] == "daily"
    assert told("report", "monthly", "--json")["kind"] == "monthly"
    run("report", "weekly", code=2)
    assert told("replay", "--json") == {"inbox": 0, "outbox": 0}


def test_backup_and_restore_bring_everything_back(
    imported: Path, installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = installation / "backup.tar.gz"
    assert told("db", "backup", str(copy), "--json")["orders"] == 3
    run("db", "restore", str(copy), code=1)  # never over something that is there
    secrets = (installation / "data" / "secrets.json").read_text()
    monkeypatch.setenv("XIAODAN_DATA_DIR", str(installation / "other"))
    (installation / "other").mkdir()
    (installation / "other" / "secrets.json").write_text(secrets)
    run("db", "restore", str(copy))
    assert told("stats", "--json")["orders"] == 3
    assert told("audit", "verify", "--json")["ok"] is True


def test_what_cannot_work_is_one_sentence(installation: Path) -> None:
    for words, code in (
        (("import", str(installation / "nothing.csv"), "--shop", "x"), 1),
        (("ask",), 2),
        (("sync", "没有这家店"), 1),
        (("emulate", "nosuch"), 1),
    ):
        done = subprocess.run([sys.executable, "-m", "bot", *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (code, "")
        assert len(done.stderr.strip().splitlines()) == 1


def test_the_keyring_stays_private(imported: Path, installation: Path) -> None:
    assert (installation / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_people_and_groups_come_from_the_settings_file(imported: Path, installation: Path) -> None:
    settings = installation / "data" / "xiaodan.toml"
    settings.write_text(
        '[people."张明"]\nroles = ["service"]\naccounts = ["console:zm"]\n'
        '[groups."售后群"]\nchat = "console:orders"\ntopics = ["orders", "refunds"]\n',
        "utf-8",
    )
    assert told("ask", "3600000000000000001 到哪了", "--as", "张明", "--json")["intent"] == "where_is_order"
    settings.write_text('[people."李芳"]\nroles = ["warehouse"]\naccounts = ["console:lf"]\n', "utf-8")
    run("ask", "在吗", "--as", "李芳")
    keys = Keys.parse(json.loads((installation / "data" / "secrets.json").read_text())["keys"])
    store = open_store("", data_dir=installation / "data", keys=keys, clock=SystemClock())
    people = {one.name: one.active for one in store.read_now(lambda r: r.people.everyone())}
    store.close_now()
    assert people == {"张明": False, "李芳": True}  # who is taken out of the file loses access
    settings.write_text('[people."王"]\nroles = ["boss"]\naccounts = ["console:w"]\n', "utf-8")
    run("ask", "在吗", code=1)


def test_stock_is_loaded_once_and_feeds_the_answers(imported: Path, installation: Path) -> None:
    table = installation / "stock.csv"
    table.write_text(
        "SKU,品名,仓库,在手,安全库存,成本\nSF-1,沙发套,杭州仓,60,40,68.00\nSF-2,靠垫,杭州仓,一些,1,2\n", "utf-8"
    )
    first = told("stock", "load", str(table), "--json")
    assert first["loaded"] == 1
    assert [number for number, _ in first["rejected"]] == [3]
    told("stock", "load", str(table), "--json")
    answer = told("ask", "沙发套 还有多少", "--json")
    assert answer["intent"] == "stock"
    assert "60" in answer["reply"]["text"]
