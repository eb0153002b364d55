"""How much a model may be asked: tokens and money a day, requests a minute, at once. What was used is in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.clock import SHANGHAI
from domain.records import Used


@dataclass(frozen=True, slots=True)
class Limits:
    """What the settings allow. Prices are per million tokens in the currency of `money_a_day`; None: no limit in money."""

    seconds: float = 3.0
    tokens_a_day: int = 200_000
    requests_a_minute: int = 30
    at_once: int = 4
    money_a_day: Decimal | None = None
    price_in: Decimal = Decimal(0)
    price_out: Decimal = Decimal(0)
    answer_tokens: int = 400
    failures: int = 5
    rest_seconds: float = 30.0
    comments: bool = False

    def cost(self, tokens_in: int, tokens_out: int) -> int:
        """In millionths of the currency's unit, rounded up: a price per million tokens is millionths per token."""
        exact = self.price_in * tokens_in + self.price_out * tokens_out
        return int(exact.to_integral_value(rounding="ROUND_CEILING"))

    def exceeded(self, day: Used, minute: Used) -> str:
        """Which limit the windows, the coming question included, are over; "" when none."""
        if minute.requests > self.requests_a_minute:
            return "rate"
        if day.tokens > self.tokens_a_day:
            return "tokens"
        if self.money_a_day is not None and day.cost > int(self.money_a_day * 1_000_000):
            return "money"
        return ""


def guess(text: str) -> int:
    """About how many tokens a text is, on the high side: a token a Chinese character, one in three Latin letters."""
    wide = sum(not letter.isascii() for letter in text)
    return wide + (len(text) - wide) // 3 + 8


def day_of(now: datetime) -> str:
    """The window of a day, by the company's calendar."""
    return now.astimezone(SHANGHAI).strftime("%Y-%m-%d")


def minute_of(now: datetime) -> str:
    return now.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M")
