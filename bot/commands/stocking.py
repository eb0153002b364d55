"""`xiaodan stock load FILE`: levels, safety stock and costs from a table, until a warehouse system is connected."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from domain.store import UnitOfWork
    from handlers.desk import Desk

_COLUMNS = {
    "sku": ("sku", "商家编码", "货号", "商品编码"),
    "title": ("title", "品名", "商品名称", "名称"),
    "warehouse": ("warehouse", "仓库", "仓"),
    "on_hand": ("on_hand", "在手", "库存", "数量", "库存数量"),
    "safety": ("safety", "安全库存"),
    "in_transit": ("in_transit", "在途"),
    "unit_cost": ("unit_cost", "成本", "进价", "成本价"),
    "fee": ("fee", "扣点", "平台扣点"),
    "freight": ("freight", "运费", "快递成本"),
}


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="库存：从表格载入数量、安全线和成本。", no_args_is_help=True)
    group.command("load")(load)
    group.callback()(_group)
    app.add_typer(group, name="stock")


def _group() -> None:
    """Keeps `stock` a group although it has one command."""


def load(
    path: Annotated[Path, typer.Argument(help="csv / xlsx：sku、仓库、在手、安全库存、成本…")],
    warehouse: Annotated[str, typer.Option(help="表里没有仓库列时，都算这个仓")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """把在手数调到表里写的数（差额记进流水），并记下安全线和成本。同一份表再载入不会重复调。"""
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings
    from domain.errors import BadInput
    from integrations.sheets.maps import normal
    from integrations.sheets.reading import digest, open_sheet

    configure("ERROR")
    sheet = open_sheet(path)
    places = {
        role: index
        for role, names in _COLUMNS.items()
        for index, header in enumerate(sheet.header)
        if normal(header) in {normal(name) for name in names}
    }
    if "sku" not in places or "on_hand" not in places or ("warehouse" not in places and not warehouse):
        raise BadInput(f"{path.name} 要有 SKU、在手、仓库这几列。表头是：{'、'.join(sheet.header[:12])}")
    rows = [(number, {role: cells[at] for role, at in places.items() if at < len(cells)}) for number, cells in sheet.rows()]
    house = open_house(Settings())
    try:
        now, mark = house.desk.clock.now(), digest(path)
        done, bad = house.desk.store.write_now(lambda u: _load(u, rows, warehouse, mark, now, house.desk))
    finally:
        asyncio.run(house.close())
    if as_json:
        typer.echo(json.dumps({"loaded": done, "rejected": bad}, ensure_ascii=False))
        return
    typer.echo(f"载入 {done} 条。")
    for number, reason in bad:
        typer.echo(f"第 {number} 行没用：{reason}", err=True)


def _load(
    uow: UnitOfWork,
    rows: Sequence[tuple[int, dict[str, str]]],
    warehouse: str,
    mark: str,
    now: datetime,
    desk: Desk,
) -> tuple[int, list[tuple[int, str]]]:
    from domain.store import Cost, Stock, StockMove
    from handlers.stock_ledger import stock_changed
    from integrations.sheets import cells

    done, bad = 0, []
    for number, row in rows:
        try:
            sku, place = cells.identifier(row["sku"]), cells.clean(row.get("warehouse", "")) or warehouse
            wanted = cells.whole(row["on_hand"])
            safety, coming = (cells.whole(row.get(role, "") or "0") for role in ("safety", "in_transit"))
            cost = cells.money(row["unit_cost"], "CNY") if row.get("unit_cost", "").strip() else None
            freight = cells.money(row["freight"], "CNY") if row.get("freight", "").strip() else None
            fee = int(cells.decimal(row.get("fee", "").strip().rstrip("%") or "0") * 100)
        except cells.Unreadable as wrong:
            bad.append((number, str(wrong)))
            continue
        if not sku or not place or wanted < 0:
            bad.append((number, "SKU、仓库为空，或数量是负的"))
            continue
        before = uow.stock.level(sku, place)
        title = cells.clean(row.get("title", "")) or (before.title if before else "")
        uow.stock.define(Stock(sku, place, 0, 0, 0, safety, coming, title, now))
        gap = wanted - (before.on_hand if before else 0)
        if gap:
            key = f"load:{mark}:{sku}:{place}"
            for after in uow.stock.move([StockMove(sku, place, "adjust", gap, key, now, actor="表格载入")]):
                stock_changed(uow, before, after, now, desk)
        if cost is not None:
            uow.costs.put([Cost(sku, "", now, cost, fee_bp=fee, freight=freight)])
        done += 1
    return done, bad
