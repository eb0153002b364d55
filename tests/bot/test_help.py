"""Help promises only what is understood, to those who may have it; so do the composer's suggestions."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from bot.pages.console import COMMANDS
from domain.people import May
from domain.understand import Intent, Plan, understand
from domain.understand.corrected import correction
from handlers.words.common import words

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
QUOTED = re.compile(r"「([^」]+)」|“([^”]+)”")
FOLLOW_UPS = {"按仓分", "怎么算的", "by warehouse", "how is it computed"}


def examples(lang: str) -> list[str]:
    return [first or second for first, second in QUOTED.findall(words(lang).help(frozenset(May)))]


@pytest.mark.parametrize("said", [*examples("zh"), *examples("en")])
def test_every_example_in_the_help_is_understood(said: str) -> None:
    if correction(said) is not None:
        return  # about the answer before
    before: Plan | None = understand("昨天订单量", now=NOW) if said in FOLLOW_UPS else None
    plan = understand(said, now=NOW, context=before)
    assert plan.intent is not Intent.OUT_OF_SCOPE
    assert plan.note != "unsure"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each["name"])
def test_every_suggestion_of_the_composer_is_understood_typed_or_chosen(command: dict[str, str]) -> None:
    wants_more = command["fill"].endswith(" ")  # the composer completes these, it does not send them
    for said in [command["fill"] + "0417"] if wants_more else [command["name"], command["fill"]]:
        assert understand(said, now=NOW).intent is not Intent.OUT_OF_SCOPE


def test_help_is_short_and_offers_nothing_that_would_be_refused() -> None:
    for lang in ("zh", "en"):
        whole = words(lang).help(frozenset(May)).splitlines()
        assert len(whole) <= 14
        assert all(len(line) <= 110 for line in whole)
    keeper = words("zh").help(frozenset({May.ASK_ORDERS, May.ASK_STOCK, May.HANDLE_ALERT}))
    assert "库存" in keeper
    assert not any(word in keeper for word in ("申请退款", "销售额", "邀请", "演练"))
    assert "库存" not in words("zh").help(frozenset({May.ASK_ORDERS}))
