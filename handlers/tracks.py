"""Parcels followed by subscription: a new waybill is announced to the track service once, from the outbox.

The service pushes from then on; nothing polls every parcel. A parcel whose order is closed long ago is not announced: each
number costs money.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from domain.errors import Rejected
from domain.ids import key as make_key
from domain.order import Stage
from domain.ports import SubscribesTracks
from domain.store import Claimed, Outgoing, UnitOfWork, Upserted
from domain.topics import Topic
from handlers.desk import Desk, Feature

log = structlog.get_logger()
_FOLLOWED = frozenset({Stage.PART_SHIPPED, Stage.SHIPPED, Stage.DELIVERED})
_RECENT = timedelta(days=20)


def changed(uow: UnitOfWork, upserted: Upserted, now: datetime, desk: Desk) -> None:
    """Announce waybills that were not there before, for orders whose parcels may still move."""
    order = upserted.after
    if order.stage not in _FOLLOWED or not desk.channels.carriers(SubscribesTracks):
        return
    known = {parcel.waybill for parcel in upserted.before.parcels} if upserted.before else set()
    fresh = [
        parcel
        for parcel in order.parcels
        if parcel.waybill not in known and (parcel.shipped_at is None or now - parcel.shipped_at < _RECENT)
    ]
    uow.outbox.add(
        Outgoing(
            Topic.SUBSCRIBE_TRACK,
            make_key("subscribe", parcel.waybill),
            {"order_id": upserted.id, "waybill": parcel.waybill, "carrier": parcel.carrier},
            priority=7,
        )
        for parcel in fresh
    )


async def subscribe(row: Claimed, desk: Desk) -> None:
    """The outbox effect. A number that the service does not know is said once in the log and left alone."""
    load = row.payload
    stored = await desk.store.read(lambda r: r.orders.by_id(load["order_id"]))
    receiver = stored.order.receiver if stored else None
    tail = receiver.phone[-4:] if receiver and not receiver.masked else ""  # some carriers want it to tell who asks
    for service in desk.channels.carriers(SubscribesTracks):
        try:
            await service.subscribe(load["waybill"], load["carrier"], phone_tail=tail, callback_url="", salt="")
        except Rejected as no:
            log.warning("track.subscription_refused", code=no.code, row=row.id)


FEATURE = Feature("tracks", effects={Topic.SUBSCRIBE_TRACK: subscribe}, changed=(changed,))
