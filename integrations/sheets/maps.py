"""What a file's columns mean. A map is YAML: ours for known exports (`maps/*.yaml`), a person's own, or a guess."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from domain.errors import BadInput
from domain.order import Stage

ORDER_ROLES = (
    "number", "created_at", "paid_at", "shipped_at", "delivered_at", "finished_at", "updated_at", "ship_by", "status",
    "status2", "currency", "goods", "freight", "discount", "tax", "total", "paid", "refunded", "buyer_key", "buyer_name",
    "receiver_name", "phone", "province", "city", "district", "address", "country", "postcode", "waybill", "carrier",
    "buyer_note", "seller_note", "channel",
)  # fmt: skip
LINE_ROLES = ("line_id", "sku", "title", "variant", "quantity", "unit_price", "line_total", "line_discount", "line_freight")
ROLES = frozenset(ORDER_ROLES + LINE_ROLES)
_HERE = Path(__file__).parent / "maps"


@dataclass(frozen=True, slots=True)
class Table:
    """One file of a set. `role`: orders (a row an order), lines (a row a line), mixed (order fields on the first row of an
    order), payments (amounts to add up), lookup (more columns, found by `join`).
    """

    role: str
    columns: Mapping[str, tuple[str, ...]]  # our role -> accepted header names
    file: str = "*"
    join: str = ""


@dataclass(frozen=True, slots=True)
class SheetMap:
    """How to read one kind of export."""

    name: str
    title: str
    channel: str
    tables: tuple[Table, ...]
    currency: str = "CNY"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    day_first: bool = False
    repeats: str = "keep"  # what an exactly equal row means: keep (another line), drop (exported twice)
    total_from: str = "column"  # lines: ignore total columns, add the lines up
    statuses: Mapping[str, Stage] = field(default_factory=dict)
    default_stage: Stage = Stage.COMPLETED
    cancel_prefix: str = ""
    assumptions: tuple[str, ...] = ()


def shipped() -> list[str]:
    """Names of the maps that come with the product."""
    return sorted(path.stem for path in _HERE.glob("*.yaml"))


def load(name: str) -> SheetMap:
    """A shipped map by name, or a person's own file. Raises BadInput naming what is wrong and where."""
    path = Path(name)
    if path.suffix.lower() not in (".yaml", ".yml"):
        path = _HERE / f"{name}.yaml"
        if not path.exists():
            raise BadInput(f"没有叫 {name} 的对照表。现有：{'、'.join(shipped())}；也可以给一个 .yaml 文件，或用 auto。")
    if not path.exists():
        raise BadInput(f"没有这个文件：{path.name}")
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeError) as broken:
        raise BadInput(f"{path.name} 不是能读的 YAML。") from broken
    return parse(raw, path.stem)


def parse(raw: Any, name: str) -> SheetMap:
    """A map from its YAML content."""
    if not isinstance(raw, dict):
        raise BadInput(f"对照表 {name} 是空的。")
    unknown = set(raw) - {
        "name", "title", "channel", "tables", "rows", "columns", "currency", "zone", "day_first", "repeats",
        "total_from", "statuses", "default_stage", "cancel_prefix",
    }  # fmt: skip
    if unknown:
        raise BadInput(f"对照表 {name} 里有不认识的项：{'、'.join(sorted(unknown))}")
    tables = raw.get("tables") or [{"role": raw.get("rows", "lines"), "columns": raw.get("columns", {})}]
    try:
        made = SheetMap(
            name=str(raw.get("name", name)),
            title=str(raw.get("title", name)),
            channel=str(raw.get("channel", "file")),
            tables=tuple(_table(each, name) for each in tables),
            currency=str(raw.get("currency", "CNY")).upper(),
            zone=ZoneInfo(str(raw.get("zone", "Asia/Shanghai"))),
            day_first=bool(raw.get("day_first", False)),
            repeats=_one_of(raw.get("repeats", "keep"), ("keep", "drop"), name, "repeats"),
            total_from=_one_of(raw.get("total_from", "column"), ("column", "lines"), name, "total_from"),
            statuses={normal(str(word)): Stage(stage) for word, stage in (raw.get("statuses") or {}).items()},
            default_stage=Stage(raw.get("default_stage", "completed")),
            cancel_prefix=str(raw.get("cancel_prefix", "")),
        )
    except (ValueError, ZoneInfoNotFoundError, AttributeError) as wrong:
        raise BadInput(f"对照表 {name}：{wrong}") from wrong
    if not any("number" in table.columns for table in made.tables):
        raise BadInput(f"对照表 {name} 没有说哪一列是订单号（number）。")
    return made


def _one_of(value: Any, allowed: Sequence[str], name: str, key: str) -> str:
    if value not in allowed:
        raise BadInput(f"对照表 {name} 的 {key} 只能是 {'、'.join(allowed)}")
    return str(value)


def _table(raw: Mapping[str, Any], name: str) -> Table:
    columns = {}
    for role, headers in (raw.get("columns") or {}).items():
        if role not in ROLES and not role.startswith("join_"):
            raise BadInput(f"对照表 {name}：不认识的字段 {role}。可用：{'、'.join(sorted(ROLES))}")
        columns[role] = tuple(map(str, headers)) if isinstance(headers, list) else (str(headers),)
    role = _one_of(raw.get("role", "lines"), ("orders", "lines", "mixed", "payments", "lookup"), name, "role")
    return Table(role, columns, str(raw.get("file", "*")), str(raw.get("join", "")))


def normal(text: str) -> str:
    """A header or status word without case, blanks and punctuation."""
    return re.sub(r"[\s_\-./()（）:：*#【】\[\]]+", "", text).lower()


def bind(table: Table, header: Sequence[str]) -> dict[str, int]:
    """Our roles to column positions in this file, by header names whatever their blanks and case."""
    places: dict[str, int] = {}
    for index, name in enumerate(header):
        places.setdefault(normal(name), index)
    return {
        role: places[normal(name)]
        for role, names in table.columns.items()
        for name in reversed(names)
        if normal(name) in places
    }


def table_for(sheet_map: SheetMap, path: Path) -> Table | None:
    """Which table of the set a file is."""
    name = path.name.lower()
    return next((table for table in sheet_map.tables if fnmatch.fnmatch(name, table.file.lower())), None)


_STATUS_WORDS: tuple[tuple[str, Stage], ...] = (
    (r"部分发货|partial(ly)?(fulfilled|shipped)?$", Stage.PART_SHIPPED),
    (r"return|退货|refund|已退款|退款成功|退款完成|chargeback", Stage.CLOSED_REFUNDED),
    (r"cancel|关闭|取消|unavailable|void|rejected|expired|failed|作废", Stage.CLOSED_REFUNDED),
    (r"等待买家付款|待付款|未付款|unpaid|awaitingpayment|pendingpayment|waitpay", Stage.UNPAID),
    (r"等待卖家发货|待发货|已付款|备货|to(be)?ship|ready|processing|approved|invoiced|paid", Stage.TO_SHIP),
    (r"unfulfilled|unshipped|inprocess|onhold|pending", Stage.TO_SHIP),
    (r"等待买家确认|delivered|签收|妥投", Stage.DELIVERED),
    (r"交易成功|已完成|完成|complete|success|finish|closed|resolved", Stage.COMPLETED),
    (r"已发货|待收货|运输|shipped|shipping|fulfilled|transit|dispatch|sent|outfordelivery", Stage.SHIPPED),
    (r"created|new|open|待确认", Stage.TO_SHIP),
)  # fmt: skip


@cache
def stage_of(word: str) -> Stage | None:
    """The stage that a status word of any shop most likely means; None when it says nothing to us."""
    plain = normal(word)
    if "卖家已发货" in plain:
        return Stage.SHIPPED
    for pattern, stage in _STATUS_WORDS:
        if re.search(pattern, plain):
            return stage
    return None
