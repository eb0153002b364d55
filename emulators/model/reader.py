"""What the emulated model answers when nobody scripted it: a reader by a few keywords, so that trying it by hand works."""

from __future__ import annotations

import json
import re
from typing import Any

_FIELDS = ("channel", "metric", "period", "order", "limit", "about", "document", "view")
_INTENTS = (
    ("kpi", r"生意|进账|卖|退得|业绩|多少单|磨蹭|拉胯|how did|how are|doing|sold|sales"),
    ("stock", r"还剩|存货|stock"),
    ("todo", r"压着|手上|该我|on my plate"),
    ("aftersale_status", r"退到|钱到|money back"),
    ("request_refund", r"退钱|把钱|money"),
    ("where_is_order", r"哪|溜达|没影|where"),
)
_METRICS = (("gmv", r"进账|多少钱|生意|业绩|money|revenue"), ("refund_rate", r"退"), ("fulfilment_p95", r"磨蹭|慢|slow"))
_PERIODS = (("yesterday", r"昨|yesterday"), ("last_week", r"上周|last week"), ("last_month", r"上个?月|last month"))


def read(body: dict[str, Any]) -> Any:
    """The object that the request's schema asks for."""
    try:
        text = str(json.loads(body["messages"][-1]["content"])["message"])
    except (ValueError, KeyError, TypeError):
        return {}
    if text == "ping":
        return {"ok": True}
    if "sentence" in body["messages"][0]["content"]:
        return {"sentence": "看起来和平时差不多，值得继续关注"}
    plan: dict[str, Any] = {
        "intent": _first(_INTENTS, text) or "out_of_scope",
        "refs": re.findall(r"<([A-Z]+_\d+)>", text)[:5],
    }
    plan |= dict.fromkeys(_FIELDS) | {"group_by": [], "filters": []}
    if plan["intent"] == "kpi":
        plan |= {"metric": _first(_METRICS, text) or "orders", "period": _first(_PERIODS, text)}
        plan["group_by"] = ["channel"] if re.search(r"平台|渠道|channel", text) else []
    return plan


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, text)), None)
