"""One incoming version of an order with everything that will be written of it, computed once."""

from __future__ import annotations

import marshal
import zlib
from typing import Any

from domain.ids import order_id
from domain.order import Order, Stage
from storage.handles import Handles
from storage.merge import deliver
from storage.order_rows import content, is_tidy, line_values, parcel_values, personal, tidy

Values = tuple[Any, ...]


class Version:
    """`values`, `lines` and `parcels` are column values without the order's key."""

    __slots__ = ("digest", "handles", "id", "lines", "order", "parcels", "personal", "values")

    def __init__(self, order: Order, handles: Handles) -> None:
        """Raises BadInput on mixed currencies."""
        if order.parcels and order.stage is Stage.SHIPPED:
            order = deliver(order)
        values, plain, lines = content(order), personal(order), line_values(order)
        parcels = tuple([parcel_values(one) for one in order.parcels]) if order.parcels else ()
        if not is_tidy(values, plain, lines, parcels):
            order = tidy(order)
            values, plain, lines = content(order), personal(order), line_values(order)
            parcels = tuple([parcel_values(one) for one in order.parcels])
        self.order, self.values, self.personal, self.lines, self.parcels = order, values, plain, lines, parcels
        self.id = order_id(values[0], values[1], values[2], order.created_at)
        self.handles = found = handles.of(order)
        self.digest = digest(values, found, len(plain), lines, parcels)


def digest(values: Values, hidden: list[int], length: int, lines: Values, parcels: Values) -> int:
    """Equal for equal channel versions. `hidden` stands for the personal data by its keyed handles, so that the checksum
    cannot be used to guess a phone number.
    """
    # Version 2 of marshal writes no references, so equal values give equal bytes whatever objects they share. Should another
    # Python ever write other bytes, the version is compared column by column instead: slower, not wrong.
    return zlib.crc32(marshal.dumps((values, hidden, length, lines, parcels), 2))
