"""One incoming version of an order with everything that will be written of it, computed once."""

from __future__ import annotations

from marshal import dumps
from zlib import crc32

from domain.ids import order_id
from domain.order import Order, Stage
from storage.handles import Handles
from storage.merge import deliver
from storage.order_rows import content, is_tidy, line_values, parcel_values, personal, text_of, tidy

_SHIPPED = Stage.SHIPPED  # looking a member up costs more than comparing it


class Version:
    """`values`, `lines` and `parcels` are column values without the order's key; `personal` is what will be sealed."""

    __slots__ = ("digest", "id", "lines", "order", "parcels", "personal", "values")

    def __init__(self, order: Order, handles: Handles) -> None:
        """Raises BadInput on mixed currencies."""
        if order.parcels and order.stage is _SHIPPED:
            order = deliver(order)
        values, plain, lines = content(order), personal(order), line_values(order)
        parcels = [parcel_values(one) for one in order.parcels] if order.parcels else []
        said = text_of(values, lines, parcels)
        try:
            said.encode()
            self.personal = plain.encode()
            fine = is_tidy(said, plain, lines=len(lines), parcels=len(parcels))
        except UnicodeEncodeError:
            fine = False
        if not fine:
            order = tidy(order)
            values, plain, lines = content(order), personal(order), line_values(order)
            parcels = [parcel_values(one) for one in order.parcels]
            self.personal = plain.encode()
        self.order, self.values, self.lines, self.parcels = order, values, lines, parcels
        self.id = order_id(values[0], values[1], values[2], order.created_at)
        # Equal for equal channel versions. The personal data enter by a keyed hash, so that the checksum cannot be used to
        # guess a phone number. Version 2 of marshal writes no references: equal values give equal bytes whatever objects
        # they share. Should another Python ever write other bytes, the version is compared column by column instead:
        # slower, not wrong.
        self.digest = crc32(dumps((values, lines, parcels, handles.hidden(self.personal)), 2))
