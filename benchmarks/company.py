"""A measured store with what figures speak of beside orders: costs, shelves, after-sales, alerts, and hands that acted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.ground import Ground, opened

SKUS = 5_000  # as many as benchmarks.orders knows
# One order in twenty was sent back, one in fifty raised an alert, on one in thirty a colleague did something.
_ROWS = (
    (
        "INSERT INTO costs(sku,channel,since,unit_cost,currency,fee_bp)"
        " SELECT DISTINCT l.sku,'',0,1500,'CNY',500 FROM order_lines l WHERE 1 = 1 ON CONFLICT DO NOTHING"
    ),
    "INSERT INTO stock(sku,warehouse,on_hand) SELECT c.sku,'杭州仓',100 FROM costs c",
    (
        "INSERT INTO aftersales(order_number,channel,shop,number,kind,stage,amount,currency,created_at,updated_at,reason,"
        "refunded_at) SELECT number,channel,shop,'A' || id,'refund','refunded',total,currency,created_at + 86400000,"
        "created_at + 172800000,'不想要了',created_at + 172800000 FROM orders WHERE id % 20 = 0"
    ),
    (
        "INSERT INTO alerts(id,number,rule,fingerprint,grp,state,order_ids,first_at,last_at) SELECT id,'K' || id,'no_scan',"
        "'f' || id,'g','resolved','[' || id || ']',created_at,created_at + 3600000 FROM orders WHERE id % 50 = 0"
    ),
    (
        "INSERT INTO order_events(order_id,at,kind,mark,actor,surface) SELECT id,created_at + 7200000,'claim',1,"
        "'person:' || (id % 9),'chat' FROM orders WHERE id % 30 = 0"
    ),
)


def furnished(ground: Ground, orders: int) -> Path:
    """The data folder of a copy of the SQLite store of that size, furnished; made once a run."""
    folder = ground.root / f"company-{orders}"
    if not folder.exists():
        shutil.copytree(ground.folder(orders), folder)
        store = opened(folder)
        store.write_now(_furnish)
        store.close_now()
    return folder


def _furnish(uow: Any) -> None:
    for statement in _ROWS:
        uow.conn.run(statement)
