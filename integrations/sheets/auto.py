"""The map wizard: reads the headers and a sample, guesses what each column means, and says what it assumed.

A guess is only kept when the sample's values agree with it (amounts that parse, dates that exist). Without a column for the
order number it refuses: a wrong key would glue strangers' orders together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from domain.errors import BadInput
from integrations.sheets import cells
from integrations.sheets.cells import Unreadable
from integrations.sheets.maps import SheetMap, Table, load, normal, shipped
from integrations.sheets.reading import Sheet

_SAMPLE_ROWS = 20_000
_WORDS: dict[str, tuple[str, ...]] = {
    role: tuple(map(str, words))
    for role, words in yaml.safe_load(Path(__file__).with_name("headers.yaml").read_text("utf-8")).items()
}
_MOMENTS = {role for role in _WORDS if role.endswith("_at")} | {"ship_by"}
_AMOUNTS = {"goods", "freight", "discount", "tax", "total", "paid", "refunded", "unit_price", "line_total", "line_discount"}
_TITLES = {
    "number": "订单号", "created_at": "下单时间", "paid_at": "付款时间", "status": "状态", "total": "订单总额",
    "paid": "实付", "goods": "货款", "freight": "运费", "discount": "优惠", "refunded": "退款",
    "sku": "SKU", "title": "品名", "quantity": "数量", "unit_price": "单价", "line_total": "行小计",
    "buyer_key": "买家", "phone": "电话", "waybill": "快递单号", "currency": "币种",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Guess:
    roles: dict[str, int]
    repeated: bool  # one order number on several rows
    samples: dict[str, list[str]]
    groups: dict[str, list[list[str]]]


def guess(sheets: Sequence[Sheet]) -> SheetMap:
    """A map for these files. `assumptions` says in words what was taken for what. Raises BadInput without an order key."""
    known = _known(sheets)
    if known is not None:
        return replace(known, assumptions=(f"表头和「{known.title}」一致，按它的对照表读。",))
    if len(sheets) == 1:
        return _one(sheets[0])
    return _several(sheets)


def _known(sheets: Sequence[Sheet]) -> SheetMap | None:
    """A shipped map all of whose key columns are here under exactly its names."""
    for name in shipped():
        candidate = load(name)
        if len(candidate.tables) > 1:
            matched = [table for table in candidate.tables if any(_fits(table, sheet) for sheet in sheets)]
            if len(sheets) > 1 and {"orders", "lines"} <= {table.role for table in matched}:
                return candidate
            continue
        if len(sheets) == 1 and _fits(candidate.tables[0], sheets[0]):
            return candidate
    return None


def _fits(table: Table, sheet: Sheet) -> bool:
    header = {normal(name) for name in sheet.header}
    wanted = [names for role, names in table.columns.items() if not role.startswith("join_")]
    return all(any(normal(name) in header for name in names) for names in wanted[:6]) and len(wanted) >= 3


def _one(sheet: Sheet) -> SheetMap:
    found = _guess(sheet)
    if "number" not in found.roles:
        raise BadInput(
            f"{sheet.path.name} 里没找到订单号那一列，所以没有导入。表头是：{'、'.join(sheet.header[:20])}。"
            "请写一个对照表说明哪一列是订单号（number），再用 --map 导入。"
        )
    if not set(found.roles) & (_MOMENTS - {"ship_by"}):
        raise BadInput(f"{sheet.path.name} 里没找到时间列，所以没有导入。表头是：{'、'.join(sheet.header[:20])}。")
    notes = [f"「{sheet.header[index]}」当作{_TITLES[role]}" for role, index in found.roles.items() if role in _TITLES]
    _order_or_line_amounts(found, sheet, notes)
    has_lines = bool({"sku", "title", "quantity", "unit_price", "line_total"} & set(found.roles))
    role = "lines" if found.repeated and has_lines else "orders" if not found.repeated else "lines"
    day_first = _day_first(found, notes)
    currency = _currency(sheet, found, notes)
    if found.repeated:
        notes.append("同一单号占多行，每行算一条明细；完全相同的行也各算一条")
    columns = {name: (sheet.header[index],) for name, index in found.roles.items()}
    zone = ZoneInfo("Asia/Shanghai") if _chinese(sheet.header) else ZoneInfo("UTC")
    notes.append(f"时间按 {zone.key} 理解")
    prefix = _cancel_prefix(found)
    if prefix:
        notes.append(f"单号以 {prefix} 开头且数量为负的当作退单")
    return SheetMap(
        name="auto",
        title="自动识别",
        channel="file",
        tables=(Table(role, columns),),
        currency=currency,
        zone=zone,
        day_first=day_first,
        cancel_prefix=prefix,
        assumptions=tuple(notes),
    )


def _guess(sheet: Sheet) -> _Guess:
    rows = [cells_ for _, cells_ in islice(sheet.rows(), _SAMPLE_ROWS)]
    roles: dict[str, int] = {}
    taken: set[int] = set()
    ranked = sorted(
        (rank, list(_WORDS).index(role), role, index)
        for index, name in enumerate(sheet.header)
        for role, words in _WORDS.items()
        for rank, word in enumerate(words)
        if normal(name) == normal(word)
    )
    for _, _, role, index in ranked:
        if role in roles or index in taken:
            continue
        column = [clean for row in rows if index < len(row) and (clean := cells.clean(row[index]))]
        if _agrees(role, column):
            roles[role] = index
            taken.add(index)
    groups: dict[str, list[list[str]]] = {}
    if "number" in roles:
        for row in rows:
            if roles["number"] < len(row):
                groups.setdefault(cells.clean(row[roles["number"]]), []).append(row)
    repeated = any(len(group) > 1 and len({tuple(row) for row in group}) > 1 for group in groups.values())
    samples = {
        role: [row[index] for row in rows[:2000] if index < len(row) and row[index].strip()] for role, index in roles.items()
    }
    return _Guess(roles, repeated, samples, groups)


def _agrees(role: str, column: list[str]) -> bool:
    """Do most of the sample's values read as this role?"""
    if not column:
        return role in {"refunded", "buyer_note", "seller_note", "waybill", "status2"}
    sample = column[:300]
    if role in _MOMENTS:
        zone = ZoneInfo("UTC")
        return _share(sample, lambda text: cells.moment(text, zone=zone)) >= 0.8
    if role in _AMOUNTS:
        return _share(sample, cells.decimal) >= 0.8
    if role == "quantity":
        return _share(sample, cells.whole) >= 0.8
    if role == "number":
        return (_share(sample, cells.identifier) >= 0.5 and len(set(sample)) > 1) or len(column) == 1
    return True


def _share(sample: list[str], read: object) -> float:
    good = 0
    for text in sample:
        try:
            read(text)  # type: ignore[operator]
        except Unreadable:
            continue
        good += 1
    return good / len(sample)


def _order_or_line_amounts(found: _Guess, sheet: Sheet, notes: list[str]) -> None:
    """In a file with a row per line, is "amount" the line's or the order's? The rows of one order tell."""
    if not found.repeated:
        return
    several = [group for group in found.groups.values() if len(group) > 1][:500]
    for role in ("total", "goods", "paid", "freight", "discount", "line_total"):
        index = found.roles.get(role)
        if index is None:
            continue
        varies = any(len({row[index] for row in group if index < len(row) and row[index].strip()}) > 1 for group in several)
        if role == "line_total":
            continue
        if varies and role in ("total", "goods", "paid"):
            del found.roles[role]
            if "line_total" not in found.roles and role != "paid":
                found.roles["line_total"] = index
                notes.append(f"「{sheet.header[index]}」在同一单里各行不同，当作行小计")
        elif varies and role in ("freight", "discount"):
            del found.roles[role]
            found.roles[f"line_{role}"] = index
            notes.append(f"「{sheet.header[index]}」在同一单里各行不同，按行相加")


def _day_first(found: _Guess, notes: list[str]) -> bool:
    for role in sorted(_MOMENTS & set(found.samples)):
        decided = cells.looks_day_first(found.samples[role])
        if decided is not None:
            if decided:
                notes.append("日期是日在前（如 31/12/2024）")
            return decided
    return False


_MARKS = {"¥": "CNY", "￥": "CNY", "£": "GBP", "€": "EUR", "₹": "INR", "$": "USD"}


def _currency(sheet: Sheet, found: _Guess, notes: list[str]) -> str:
    if "currency" in found.roles:
        return "CNY"
    for role in ("total", "line_total", "unit_price", "paid"):
        for text in found.samples.get(role, [])[:50]:
            if "R$" in text:
                return "BRL"
            for mark, code in _MARKS.items():
                if mark in text:
                    return code
    currency = "CNY" if _chinese(sheet.header) else "USD"
    notes.append(f"文件没写币种，当作 {currency}")
    return currency


def _chinese(header: Sequence[str]) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for name in header for char in name)


def _cancel_prefix(found: _Guess) -> str:
    """A letter that only stands before numbers whose quantities are all negative marks credit notes."""
    index = found.roles.get("quantity")
    if index is None:
        return ""
    negative: Counter[str] = Counter()
    positive: Counter[str] = Counter()
    for number, group in found.groups.items():
        first = number[:1].upper()
        if not (first.isalpha() and number[1:].isdigit()):
            continue
        below = all(row[index].strip().startswith(("-", "−", "(")) for row in group if index < len(row))
        (negative if below else positive)[first] += 1
    return next((letter for letter, count in negative.items() if count >= 2 and not positive[letter]), "")


def _several(sheets: Sequence[Sheet]) -> SheetMap:
    """A set of tables: the ones with an order number, joined by it; the others looked up by a column they share."""
    guesses = [(sheet, _guess(sheet)) for sheet in sheets]
    keyed = [(sheet, found) for sheet, found in guesses if "number" in found.roles]
    if not keyed:
        raise BadInput("这些文件里都没找到订单号那一列，所以没有导入。请写对照表说明（number）。")
    tables, notes = [], []
    for sheet, found in keyed:
        if {"paid"} & set(found.roles) and not {"created_at", "sku"} & set(found.roles):
            role = "payments"
        elif {"sku", "quantity", "unit_price", "line_total"} & set(found.roles) and found.repeated:
            role = "lines"
        elif {"created_at", "status"} & set(found.roles):
            role = "orders"
        else:
            notes.append(f"{sheet.path.name} 用不上，没有读")
            continue
        columns = {name: (sheet.header[index],) for name, index in found.roles.items()}
        if role == "lines" and "freight" in columns:
            columns["line_freight"] = columns.pop("freight")
        tables.append(Table(role, columns, sheet.path.name))
        notes.append(f"{sheet.path.name} 当作{ {'orders': '订单', 'lines': '明细', 'payments': '付款'}[role] }表")
    if not any(table.role == "orders" for table in tables):
        raise BadInput("没认出哪一个是订单主表（要有订单号和下单时间），所以没有导入。")
    tables += list(_lookups(guesses, keyed, notes))
    first = keyed[0][1]
    return SheetMap(
        name="auto",
        title="自动识别",
        channel="file",
        tables=tuple(tables),
        currency="CNY" if any(_chinese(sheet.header) for sheet in sheets) else "USD",
        zone=ZoneInfo("Asia/Shanghai") if any(_chinese(sheet.header) for sheet in sheets) else ZoneInfo("UTC"),
        day_first=_day_first(first, notes),
        assumptions=tuple(notes),
    )


def _lookups(
    guesses: Sequence[tuple[Sheet, _Guess]], keyed: Sequence[tuple[Sheet, _Guess]], notes: list[str]
) -> Iterator[Table]:
    names = {normal(name) for sheet, _ in keyed for name in sheet.header}
    for sheet, found in guesses:
        if "number" in found.roles:
            continue
        shared = next((name for name in sheet.header if normal(name) in names and normal(name).endswith("id")), None)
        useful = {role: (sheet.header[i],) for role, i in found.roles.items() if sheet.header[i] != shared}
        if shared and useful:
            notes.append(f"{sheet.path.name} 按「{shared}」补充信息")
            yield Table("lookup", useful, sheet.path.name, shared)


def describe(path: Path, made: SheetMap) -> str:
    """The guess in words, for the person who has to trust it."""
    return f"{path.name}：" + "；".join(made.assumptions) + "。"
