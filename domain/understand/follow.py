"""Follow-ups: 它的物流, 第 2 个, 退款呢, 改成…, 只看抖音, 按仓分, and yesterday? — merged into the person's last plan."""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

from datetime import datetime

from domain.understand.lexicon import Lexicon
from domain.understand.plan import Plan


def follow_up(plan: Plan, own: str, context: Plan, now: datetime, lexicon: Lexicon) -> Plan:
    """`plan` completed from `context` where the message only makes sense as a continuation; else `plan` as it is."""
    _ = own, context, now, lexicon
    return plan
