"""A file or a folder of tables, and a map, to orders in batches: what `xiaodan import` runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import BadInput
from domain.order import Order
from integrations.sheets import auto, cells, maps
from integrations.sheets.cells import Unreadable
from integrations.sheets.grouping import Groups, Row
from integrations.sheets.mapping import OrderMapper, Reject
from integrations.sheets.maps import SheetMap, Table
from integrations.sheets.reading import Sheet, digest, open_sheet

_READABLE = (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".xlsm", ".gz")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some orders, the rows that stay out, and how many orders of the file are behind us once this is written."""

    orders: tuple[Order, ...]
    rejects: tuple[Reject, ...]
    position: int


@dataclass(slots=True)
class OrderFile:
    """One thing to import. `identity` is what makes it the same file with the same map on a second run."""

    path: Path
    sheet_map: SheetMap
    sheets: list[tuple[Sheet, int, Table]]
    identity: str
    rows: int = 0
    early: list[Reject] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path, map_name: str) -> OrderFile:
        """Look at the file(s) and the map. Raises BadInput with a sentence when they do not fit."""
        files = _files(path)
        if map_name == "auto":
            opened = [open_sheet(file) for file in files]
            chosen = auto.guess(opened)
        else:
            chosen = maps.load(map_name)
            opened = [open_sheet(file) for file in files if maps.table_for(chosen, file) is not None]
        sheets = []
        for sheet in opened:
            table = maps.table_for(chosen, sheet.path)
            if table is None:
                continue
            sheets.append((sheet, chosen.tables.index(table), table))
        if not any("number" in maps.bind(table, sheet.header) for sheet, _, table in sheets):
            first = opened[0] if opened else None
            seen = f"表头是：{'、'.join(first.header[:12])}。" if first else ""
            raise BadInput(
                f"对照表「{chosen.title}」里的订单号列在 {path.name} 里找不到。{seen}换一个对照表，或用 --map auto。"
            )
        marks = "+".join(digest(sheet.path) for sheet, _, _ in sheets)
        return cls(path, chosen, sheets, f"{marks}:{chosen.name}")

    def names(self) -> dict[int, str]:
        """File names by table index, for naming rejected rows."""
        return {index: sheet.path.name for sheet, index, _ in self.sheets}

    def batches(
        self,
        scratch: Path,
        *,
        shop: str,
        skip: int = 0,
        size: int = 500,
        on_rows: Callable[[int], None] = lambda _: None,
        on_total: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Batch]:
        """Orders of the file after the first `skip`, `size` at a time. `scratch` is a temporary file of ours.

        The first batch also carries the rows without a usable order number.
        """
        groups = Groups(scratch)
        try:
            lookups = {index: _lookup(sheet, table) for sheet, index, table in self.sheets if table.role == "lookup"}
            for sheet, index, table in self.sheets:
                if table.role != "lookup":
                    self.rows += groups.put(self._keyed(sheet, index, table, lookups), progress=on_rows)
            self.rows += len(self.early)
            on_total(groups.count())
            mapper = OrderMapper(self.sheet_map, shop=shop)
            position, orders = skip, []
            rejects = list(self.early) if skip == 0 else []
            for number, rows in groups.orders(skip=skip):
                order, bad = mapper.order(number, rows)
                rejects += bad
                position += 1
                if order is not None:
                    orders.append(order)
                if len(orders) >= size:
                    yield Batch(tuple(orders), tuple(rejects), position)
                    orders, rejects = [], []
            if orders or rejects:
                yield Batch(tuple(orders), tuple(rejects), position)
        finally:
            groups.close()

    def _keyed(
        self, sheet: Sheet, index: int, table: Table, lookups: dict[int, tuple[str, dict[str, dict[str, str]]]]
    ) -> Iterator[tuple[str, Row]]:
        places = maps.bind(table, sheet.header)
        if "number" not in places:
            raise BadInput(f"{sheet.path.name} 里没有订单号列。")
        key_at = places.pop("number")
        joins = [
            (column, rows)
            for name, rows in lookups.values()
            for column, header in enumerate(sheet.header)
            if maps.normal(header) == maps.normal(name)
        ]
        width = len(sheet.header)
        for number, raw in sheet.rows():
            if len(raw) <= key_at or cells.is_empty(raw[key_at]):
                self.early.append(Reject(number, "没有订单号", index))
                continue
            if len(raw) > width and any(cell.strip() for cell in raw[width:]):
                self.early.append(Reject(number, f"比表头多出 {len(raw) - width} 格，列对不上", index))
                continue
            try:
                key = cells.identifier(raw[key_at])
            except Unreadable as wrong:
                self.early.append(Reject(number, str(wrong), index))
                continue
            found = {
                role: text
                for role, at in places.items()
                if at < len(raw) and not cells.is_empty(raw[at]) and (text := cells.clean(raw[at]))
            }
            for column, rows in joins:
                if column < len(raw):
                    found = {**rows.get(cells.clean(raw[column]), {}), **found}
            yield key, Row(index, number, found)


def _lookup(sheet: Sheet, table: Table) -> tuple[str, dict[str, dict[str, str]]]:
    places = maps.bind(table, sheet.header)
    at = next((i for i, name in enumerate(sheet.header) if maps.normal(name) == maps.normal(table.join)), None)
    if at is None:
        raise BadInput(f"{sheet.path.name} 里没有用来对照的列「{table.join}」。")
    return table.join, {
        cells.clean(raw[at]): {role: cells.clean(raw[i]) for role, i in places.items() if i < len(raw) and raw[i].strip()}
        for _, raw in sheet.rows()
        if at < len(raw)
    }


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in _READABLE and each.is_file())
        if not found:
            raise BadInput(f"{path.name} 里没有表格文件。")
        return found
    if not path.exists():
        raise BadInput(f"没有这个文件：{path.name}")
    return [path]
