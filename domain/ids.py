"""Keys that can be computed from what a message says: no look-up, no database default.

An order's key is its creation second shifted left by 31 bits, plus 31 bits of a hash of channel, shop and number:
computable by every replica, and time-ordered, which keeps B-trees append-mostly (measured in performance.md, section 3).
"""

from __future__ import annotations

import hashlib
from datetime import datetime


def order_id(channel: str, shop: str, number: str, created_at: datetime) -> int:
    """The store's 64-bit key of an order."""
    digest = hashlib.blake2b(f"{channel}|{shop}|{number}".encode(), digest_size=4).digest()
    return max(int(created_at.timestamp()), 0) << 31 | int.from_bytes(digest, "big") >> 1


def key(*parts: object) -> str:
    """A stable idempotency key from the parts of one intent: the same intent gives the same key on every try."""
    text = "\x1f".join(str(part) for part in parts)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def ticket(prefix: str, serial: int) -> str:
    """A short number people say aloud: `A17`, `K203`."""
    return f"{prefix}{serial}"
