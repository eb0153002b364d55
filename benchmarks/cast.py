"""Who asks in the benchmarks, where, and with which keys. Imports nothing heavy: the measured servers load it too."""

from __future__ import annotations

ASKER = "zhangming"
PEOPLE = (ASKER, *(f"colleague{n:02d}" for n in range(63)))
GROUP = "orders"
KEY_TEXT = f"{bytes(32).hex()};{bytes(range(32)).hex()}"  # the data is invented, so may the keys be
