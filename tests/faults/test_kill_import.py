"""kill -9 in the middle of an import, again and again: afterwards the store holds exactly what the file says, once."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.commands.importing import _Rejects
from integrations.sheets.mapping import Reject

ROOT = Path(__file__).parents[2]
ORDERS, BAD_EVERY = 6_000, 400
KILLS = 5


def written(path: Path, seed: int) -> dict[str, int]:
    """A retail export with known totals: orders of one to nine lines, some lines unreadable. Gives the totals."""
    rng = random.Random(seed)
    orders = lines = bad = pennies = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(
            ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
        )
        for index in range(ORDERS):
            at = f"{1 + index % 12}/{1 + index % 28}/2011 {index % 24}:{index % 60:02}"
            count = rng.randrange(1, 10)
            for line in range(count):
                quantity, price = rng.randrange(1, 20), rng.randrange(10, 5_000)
                sheet.writerow(
                    [500_000 + index, f"S{line:04}", "LANTERN", quantity, at, f"{price / 100:.2f}", 12_000 + index, "France"]
                )
                lines += 1
                pennies += quantity * price
            if index % BAD_EVERY == 7:
                sheet.writerow([900_000 + index, "S1", "LANTERN", "many", at, "1.00", 1, "France"])
                bad += 1
            orders += 1
    return {"orders": orders, "lines": lines, "rejected_rows": bad, "goods": pennies}


def xiaodan(*args: str, data: Path, **more: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "XIAODAN_DATA_DIR": str(data)}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *args],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def told(*args: str, data: Path) -> Any:
    done = xiaodan(*args, "--json", data=data)
    out, trouble = done.communicate(timeout=100)
    assert done.returncode == 0, trouble
    return json.loads(out)


def killed_at_random(command: Sequence[str], data: Path, rng: random.Random) -> bool:
    """Start it, wait for it to have begun writing, kill it a little later. False when it was done before that."""
    running = xiaodan(*command, data=data)
    deadline = time.monotonic() + 30
    while not (data / "imports").exists() and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(rng.uniform(0.0, 0.9))
    if running.poll() is None:
        os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    return running.returncode == -signal.SIGKILL


def test_an_import_killed_five_times_counts_everything_once(tmp_path: Path) -> None:
    file, data = tmp_path / "retail.csv", tmp_path / "data"
    expected = written(file, seed=4)
    command = ("import", str(file), "--map", "uci", "--shop", "网店", "--json")
    rng = random.Random()
    kills = sum(killed_at_random(command, data, rng) for _ in range(KILLS))
    assert kills >= 1
    report = told("import", str(file), "--map", "uci", "--shop", "网店", data=data)
    figures = told("stats", data=data)
    assert {name: figures[name] for name in ("orders", "lines", "rejected_rows")} == {
        name: expected[name] for name in ("orders", "lines", "rejected_rows")
    }
    (money,) = figures["money"].values()
    assert money["goods"] == expected["goods"]
    rows = list(csv.reader(io.StringIO(Path(report["reject_file"]).read_text("utf-8-sig"), newline="")))[1:]
    assert len({tuple(row) for row in rows}) == len(rows) == expected["rejected_rows"]
    assert list((data / "imports").glob("*.rows")) == []  # what the dead left behind holds people's data
    again = told("import", str(file), "--map", "uci", "--shop", "网店", data=data)
    assert again["changed"] == 0


def test_a_reject_file_torn_by_a_kill_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    rejects = tuple(Reject(row, "数量不是数字", 0, f"9000{row}") for row in range(5))
    with _Rejects(path, {0: "retail.csv"}, append=False) as kept:
        kept.write(rejects[:4])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 20])
    with _Rejects(path, {0: "retail.csv"}, append=True) as kept:
        assert kept.count == 3
        kept.write(rejects)
        assert kept.count == 5
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    assert [row[1] for row in rows] == ["行号", "0", "1", "2", "3", "4"]
