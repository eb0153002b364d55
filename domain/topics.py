"""Names of what the outbox can hold. One list, so that a new effect is visible in one place."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    SEND = "chat.send"  # payload: {chat: {...}, reply ref or builder args}
    UPDATE_CARDS = "chat.update_cards"  # payload: {subject}
    EXECUTE = "approval.execute"  # payload: {approval_id}
    SETTLE = "approval.settle"  # payload: {approval_id}: find out what became of an unknown outcome
    SUBSCRIBE_TRACK = "track.subscribe"
    REFRESH_ORDER = "order.refresh"
    REMARK = "order.remark"
