"""Amounts of money: whole minor units plus an ISO 4217 code. No floats, ever."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_EXPONENT = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
_SIGN = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "BRL": "R$", "SGD": "S$", "THB": "฿"}


def exponent(currency: str) -> int:
    """Decimal places of a currency (ISO 4217); two for the ones not listed as an exception."""
    return _EXPONENT.get(currency, 2)


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`minor` whole minor units (fen, cents, yen) of `currency`."""

    minor: int
    currency: str = "CNY"

    @classmethod
    def parse(cls, text: str | int | Decimal, currency: str = "CNY") -> Money:
        """Read a decimal amount exactly. Raises ValueError on a non-number or on digits finer than the currency.

        >>> Money.parse("19.90", "CNY")
        Money(minor=1990, currency='CNY')
        """
        try:
            scaled = Decimal(text).scaleb(exponent(currency))
        except InvalidOperation as problem:
            raise ValueError(f"{str(text)[:40]!r} is not an amount") from problem
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"{str(text)[:40]} is finer than {currency} allows")
        return cls(int(scaled), currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.minor * times, self.currency)

    def decimal(self) -> Decimal:
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def __str__(self) -> str:
        """As staff read it: ¥268.00, -$1,204.50, KWD 1.250."""
        places = exponent(self.currency)
        whole, rest = divmod(abs(self.minor), 10**places)
        body = f"{whole:,}.{rest:0{places}}" if places else f"{whole:,}"
        sign = "−" if self.minor < 0 else ""
        return f"{sign}{_SIGN.get(self.currency, self.currency + ' ')}{body}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {other.currency} and {self.currency}")
        return other.minor
