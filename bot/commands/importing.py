"""`xiaodan import` and `xiaodan stats`: order files in, and what the store holds."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from bot.bootstrap import House
    from integrations.sheets.mapping import Reject
    from integrations.sheets.reader import Batch, OrderFile


def register(app: typer.Typer) -> None:
    app.command("import")(import_)
    app.command("stats")(stats)


def import_(
    path: Annotated[Path, typer.Argument(help="csv / xlsx 文件（可以是 .gz），或一个装着多张表的文件夹")],
    shop: Annotated[str, typer.Option(help="这些订单算哪家店的")],
    map_name: Annotated[str, typer.Option("--map", help="对照表的名字、一个 .yaml，或 auto 自动识别")] = "auto",
    rejects: Annotated[Path | None, typer.Option(help="读不懂的行写到哪个文件")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """从文件导入订单；可以随时中断，再运行一次会接着来。"""
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings
    from integrations.sheets import auto
    from integrations.sheets.reader import OrderFile

    settings = Settings()
    configure("ERROR")
    order_file = OrderFile.open(path, map_name)
    if order_file.sheet_map.assumptions and not as_json:
        typer.echo(auto.describe(path, order_file.sheet_map), err=True)
    house = open_house(settings)
    try:
        report = _run(house, order_file, shop, rejects)
    finally:
        asyncio.run(house.close())
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
        return
    typer.echo(
        f"读了 {report['rows']} 行，{report['orders']} 单、{report['lines']} 条明细；"
        f"新增或有变化 {report['changed']} 单，读不懂 {report['rejected_rows']} 行。用时 {report['took_s']} 秒。"
    )
    if report["reject_file"]:
        typer.echo(f"读不懂的行和原因在 {report['reject_file']}，改好后可以单独再导入。")


def _run(house: House, order_file: OrderFile, shop: str, rejects: Path | None) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from handlers.importing import position, take_in

    started = time.perf_counter()
    folder = house.settings.data_dir / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    _clear_orphans(folder)
    scratch = folder / f"{os.getpid()}.rows"
    reject_path = rejects or folder / f"{order_file.path.name}.rejects.csv"
    skip = position(house.desk, order_file.identity, shop)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not os.isatty(2),
    )
    with bar, _Rejects(reject_path, order_file.names(), append=skip > 0) as kept:
        batches = _read(order_file, scratch, shop, skip, kept, bar)
        steps = take_in(
            batches, house.desk, house.router, identity=order_file.identity, shop=shop, file_name=order_file.path.name
        )
        result = deque(steps, maxlen=1).pop()  # the running totals after the last commit
        house.desk.store.write_now(
            lambda u: u.imports.record(
                f"{shop}:{order_file.identity}",
                order_file.path.name,
                shop,
                rows=order_file.rows,
                rejected=kept.count,
                at=house.desk.clock.now(),
            )
        )
    return {
        "file": order_file.path.name,
        "map": order_file.sheet_map.name,
        "shop": shop,
        "rows": order_file.rows,
        "orders": result.orders,
        "lines": result.lines,
        "changed": result.changed,
        "resumed_at": skip,
        "rejected_rows": kept.count,
        "reject_file": str(reject_path) if kept.count else "",
        "assumptions": list(order_file.sheet_map.assumptions),
        "took_s": round(time.perf_counter() - started, 2),
    }


def _clear_orphans(folder: Path) -> None:
    """Scratch files of imports that were killed: they hold people's data and nobody else would delete them."""
    for left in folder.glob("*.rows*"):
        owner = left.name.partition(".")[0]
        if not owner.isdecimal() or int(owner) == os.getpid() or not _lives(int(owner)):
            left.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(order_file: OrderFile, scratch: Path, shop: str, skip: int, kept: _Rejects, bar: Progress) -> Iterator[Batch]:
    reading = bar.add_task("读文件（行）", total=None)
    writing = bar.add_task("写入（单）", total=None, start=False)

    def on_total(count: int) -> None:
        bar.update(reading, total=order_file.rows, completed=order_file.rows)
        bar.start_task(writing)
        bar.update(writing, total=count, completed=skip)

    for batch in order_file.batches(
        scratch,
        shop=shop,
        skip=skip,
        on_rows=lambda count: bar.advance(reading, count),
        on_total=on_total,
    ):
        kept.write(batch.rejects)
        yield batch
        bar.update(writing, completed=batch.position)


_HEADER = ("文件", "行号", "订单号", "原因")


class _Rejects:
    """The reject file: made when the first row is rejected, readable by its owner only (it may hold personal data)."""

    def __init__(self, path: Path, tables: dict[int, str], *, append: bool) -> None:
        self._path = path
        self._tables = tables
        self._append = append and path.exists()
        self._file: Any = None
        self._seen: set[tuple[int, int, str]] = set()
        self.count = 0

    def __enter__(self) -> Self:
        if self._append:
            rows = self._whole_rows()
            places = {name: index for index, name in self._tables.items()}
            self._seen = {(places[row[0]], int(row[1]), row[3]) for row in rows if row[0] in places}
            self.count = len(self._seen)
            self._append = False  # written anew without the torn end that a kill may have left
            if rows:
                self._open()
                csv.writer(self._file).writerows(rows)
                self._file.flush()
        return self

    def _whole_rows(self) -> list[list[str]]:
        text = self._path.read_text("utf-8-sig", errors="replace")
        rows = list(csv.reader(io.StringIO(text, newline="")))
        if not text.endswith("\n"):
            del rows[-1:]
        return [row for row in rows[1:] if len(row) == len(_HEADER) and row[1].isdecimal()]

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, rejects: tuple[Reject, ...]) -> None:
        for reject in rejects:
            mark = (reject.table, reject.row, reject.reason)
            if mark in self._seen:
                continue
            self._seen.add(mark)
            if self._file is None:
                self._open()
            name = self._tables.get(reject.table, "")
            csv.writer(self._file).writerow([name, reject.row, reject.number, reject.reason])
            self.count += 1
        if self._file is not None:
            self._file.flush()

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self._file = os.fdopen(os.open(self._path, flags, 0o600), "w", encoding="utf-8", newline="")
        self._file.write("\ufeff")  # so that Excel shows Chinese
        csv.writer(self._file).writerow(_HEADER)


def stats(
    shop: Annotated[str, typer.Option(help="只看一家店")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """库里有多少单、多少钱，按渠道和状态。"""
    from bot.bootstrap import open_storage
    from config.logging import configure
    from config.settings import Settings
    from domain.clock import SystemClock
    from domain.money import Money
    from storage.stats import stats as count

    configure("ERROR")
    store, _, _ = open_storage(Settings(), SystemClock())
    try:
        figures = store.read_now(lambda r: count(r, shop))
    finally:
        asyncio.run(store.close())
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False))
        return
    typer.echo(f"订单 {figures['orders']}，明细 {figures['lines']}，读不懂的行 {figures['rejected_rows']}")
    for title, table in (("渠道", figures["by_channel"]), ("状态", figures["by_stage"])):
        typer.echo(f"{title}：" + "，".join(f"{name} {number}" for name, number in table.items()))
    for currency, sums in figures["money"].items():
        typer.echo("，".join(f"{name} {Money(minor, currency)}" for name, minor in sums.items()))
