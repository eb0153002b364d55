"""Words that press a button of one approval: 提交 A17. Never an answer to it: those are 同意 and 拒绝. Pure."""

from __future__ import annotations

import re
from enum import StrEnum


class Deed(StrEnum):
    """The action of the button that is meant."""

    SUBMIT = "approval.submit"
    DROP = "approval.drop"
    NOW = "approval.now"
    RETRY = "approval.retry"
    HANDLED = "approval.handled"


_TICKET = r"\s*[:：]?\s*a\s?\d{1,9}\s*[。.!！]?$"
_DEEDS = (
    (Deed.DROP, re.compile(r"^/?(?:不提交了?|放弃提交|drop)" + _TICKET, re.IGNORECASE)),
    (Deed.SUBMIT, re.compile(r"^/?(?:提交|submit)" + _TICKET, re.IGNORECASE)),
    (Deed.NOW, re.compile(r"^/?(?:立即执行|马上执行|run now|execute)" + _TICKET, re.IGNORECASE)),
    (Deed.RETRY, re.compile(r"^/?(?:再试一?次?|重试|retry)" + _TICKET, re.IGNORECASE)),
    (Deed.HANDLED, re.compile(r"^/?(?:办好了|已办好|done)" + _TICKET, re.IGNORECASE)),
)


def deed(text: str) -> Deed | None:
    """Which button a whole message presses; None when it is anything else."""
    return next((named for named, pattern in _DEEDS if pattern.match(text)), None)
