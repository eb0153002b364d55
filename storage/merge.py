"""What becomes of an order when another version of it arrives, in whatever order versions arrive. Pure.

The result is the same for every arrival order:

* Content belongs to the version with the greatest (updated_at, refunded, paid, parcels, digest). An older one changes none
  of it; platforms with one-second clocks are why equal update times need the rest of the key.
* The stage is decided apart, by `stage_key`: completed and closed are final (the further one wins); "unpaid" never comes
  back over anything; between them the newest version is believed, also backwards (to_ship -> hold for an address review,
  shipped -> to_ship for a withdrawn shipment): the channel knows.
* A shipped order whose parcels were all delivered, by the carrier's word, is delivered, whatever the channel still says.
* What a carrier told us about a parcel survives a channel version that does not mention it.
* What is ours (own holds and releases, warehouse, promised time) lies over the channel's value until we take it back;
  a promise also yields when the channel itself moves its own.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.order import STAGE_RANK, Order, Parcel, Receiver, Stage, TrackStage
from domain.store import OrderEvent
from storage.moments import at_or_none, ms, ms_or_none
from storage.order_rows import empty_receiver

_FINAL = frozenset({Stage.COMPLETED, Stage.CLOSED_UNPAID, Stage.CLOSED_REFUNDED})
Ours = dict[str, Any]  # holds, released: lists; warehouse: text; ship_by, ship_by_over: milliseconds


def stage_key(stage: Stage, stage_at: int) -> tuple[int, int, int]:
    """Greater wins, and a maximum does not depend on the order of arrival."""
    rank = STAGE_RANK[stage]
    if stage in _FINAL:
        return (2, rank, 0)
    return (0 if stage is Stage.UNPAID else 1, stage_at, rank)


def weight(order: Order, digest: int) -> tuple[int, int, int, int, int]:
    """Which of two versions is the later one."""
    return (ms(order.updated_at), order.refunded.minor, order.paid.minor, len(order.parcels), digest)


@dataclass(frozen=True, slots=True)
class Merged:
    order: Order
    stage_at: int
    ours: Ours
    newer: bool  # the incoming version's content won


def merge(stored: Order, stage_at: int, ours: Ours, incoming: Order, *, newer: bool) -> Merged:
    """`stored` holds effective values (ours laid over the channel's); `newer` is the verdict of `weight`."""
    incoming_at = ms(incoming.updated_at)
    stage, since = stored.stage, stage_at
    if stage_key(incoming.stage, incoming_at) > stage_key(stage, since):
        stage, since = incoming.stage, incoming_at
    if not newer:
        parcels = tuple(_with_scans(one, _same(one, incoming.parcels)) for one in stored.parcels)
        return Merged(_delivered(replace(stored, stage=stage, parcels=parcels)), since, ours, newer=False)
    ours = _settle(ours, incoming)
    parcels = tuple(_with_scans(one, _same(one, stored.parcels)) for one in incoming.parcels)
    keep = _keep_receiver(stored.receiver, incoming.receiver)
    result = replace(
        incoming,
        stage=stage,
        parcels=parcels,
        receiver=stored.receiver if keep else incoming.receiver,
        buyer_name=incoming.buyer_name or stored.buyer_name,
        delivered_at=incoming.delivered_at or (stored.delivered_at if all_delivered(parcels) else None),
    )
    return Merged(_delivered(overlay(result, ours)), since, ours, newer=True)


def overlay(order: Order, ours: Ours) -> Order:
    """The channel's values with ours on top."""
    if not ours:
        return order
    released, added = ours.get("released", ()), ours.get("holds", ())
    holds = [reason for reason in order.holds if reason not in released]
    holds += [reason for reason in added if reason not in holds]
    ship_by = at_or_none(ours["ship_by"]) if "ship_by" in ours else order.ship_by
    return replace(order, holds=tuple(holds), warehouse=ours.get("warehouse", order.warehouse), ship_by=ship_by)


def _settle(ours: Ours, incoming: Order) -> Ours:
    """What of ours still stands against a newer channel version."""
    if not ours:
        return ours
    kept = dict(ours)
    if "ship_by" in kept and incoming.ship_by is not None and ms(incoming.ship_by) != kept.get("ship_by_over"):
        del kept["ship_by"], kept["ship_by_over"]
    if "released" in kept:
        # A release answers one raising: when the channel drops the hold and raises it again, it counts again.
        kept["released"] = [reason for reason in kept["released"] if reason in incoming.holds]
    return {name: value for name, value in kept.items() if value not in ([], None) or name == "ship_by_over"}


def set_ours(order: Order, ours: Ours, changes: dict[str, Any]) -> Ours:
    """`ours` after we set holds, warehouse or ship_by on the effective `order`."""
    kept = dict(ours)
    if "holds" in changes:
        wanted = tuple(changes["holds"])
        own = set(kept.get("holds", ()))
        released = {*kept.get("released", ())} | {
            reason for reason in order.holds if reason not in wanted and reason not in own
        }
        kept["holds"] = [reason for reason in wanted if reason in own or reason not in order.holds]
        kept["released"] = sorted(released - set(wanted))
    if "warehouse" in changes:
        kept["warehouse"] = changes["warehouse"]
    if "ship_by" in changes:
        kept.setdefault("ship_by_over", ms_or_none(order.ship_by))
        kept["ship_by"] = ms_or_none(changes["ship_by"])
    return {name: value for name, value in kept.items() if value != []}


def all_delivered(parcels: tuple[Parcel, ...]) -> bool:
    return bool(parcels) and all(one.stage is TrackStage.DELIVERED for one in parcels)


def _delivered(order: Order) -> Order:
    """A shipped order is delivered when all its parcels are; a part-shipped one still owes the rest.

    When they were all there is known in every stage, or it would depend on what was told first.
    """
    if not all_delivered(order.parcels):
        return order
    last = max((one.last_scan_at for one in order.parcels if one.last_scan_at), default=None)
    known = [one for one in (order.delivered_at, last) if one is not None]
    stage = Stage.DELIVERED if order.stage is Stage.SHIPPED else order.stage
    return replace(order, stage=stage, delivered_at=min(known, default=None))


deliver = _delivered


def _same(parcel: Parcel, among: tuple[Parcel, ...]) -> Parcel | None:
    return next((one for one in among if one.waybill == parcel.waybill), None)


def _with_scans(parcel: Parcel, other: Parcel | None) -> Parcel:
    """The parcel with the carrier's facts of both: the first pick-up, the latest scan."""
    if other is None:
        return parcel
    picked = min((one for one in (parcel.picked_at, other.picked_at) if one), default=None)
    later = _scan_key(other) > _scan_key(parcel)
    source = other if later else parcel
    return replace(
        parcel,
        carrier=parcel.carrier or other.carrier,
        picked_at=picked,
        stage=source.stage or parcel.stage or other.stage,
        last_scan_at=source.last_scan_at,
        last_scan=source.last_scan,
        eta=source.eta or parcel.eta or other.eta,
    )


def _scan_key(parcel: Parcel) -> tuple[int, str, str]:
    return (ms(parcel.last_scan_at) if parcel.last_scan_at else -1, parcel.stage or "", parcel.last_scan)


def _keep_receiver(stored: Receiver, incoming: Receiver) -> bool:
    """Platforms blank or mask the receiver after a while; that is not a new address."""
    if empty_receiver(incoming):
        return not empty_receiver(stored)
    if not incoming.masked or stored.masked or empty_receiver(stored):
        return False
    same_place = (stored.province, stored.city, stored.district) == (incoming.province, incoming.city, incoming.district)
    return same_place and _fits(incoming.name, stored.name) and _fits(incoming.phone, stored.phone)


def _fits(mask: str, plain: str) -> bool:
    """Could `mask` (张*, 138****5678) be a mask of `plain`?"""
    if "*" not in mask:
        return mask in {"", plain}
    head, tail = mask.split("*", 1)[0], mask.rsplit("*", 1)[1]
    return plain.startswith(head) and plain.endswith(tail)


# --- what changed, as steps of the order's life -----------------------------------------------------------------------


def created(order: Order, surface: str, cause: str) -> OrderEvent:
    return OrderEvent(order.created_at, "created", order.channel, surface, "", order.stage.value, "", cause)


def differences(before: Order, after: Order, *, at: datetime, surface: str, cause: str) -> list[OrderEvent]:
    """One event per thing that changed. No personal data: a changed receiver is named by its fields."""
    found: list[OrderEvent] = []

    def add(kind: str, old: str = "", new: str = "", text: str = "", when: datetime | None = None) -> None:
        found.append(OrderEvent(when or at, kind, after.channel, surface, old, new, text, cause))

    if after.paid_at and not before.paid_at:
        add("paid", new=f"{after.paid.minor} {after.paid.currency}", when=after.paid_at)
    if before.stage is not after.stage:
        add("stage", before.stage.value, after.stage.value)
    had, has = {one.waybill for one in before.parcels}, {one.waybill for one in after.parcels}
    for parcel in after.parcels:
        if parcel.waybill not in had:
            add("parcel", new=parcel.waybill, text=parcel.carrier, when=parcel.shipped_at)
    for parcel in before.parcels:
        if parcel.waybill not in has:
            add("parcel_withdrawn", old=parcel.waybill, text=parcel.carrier)
    for side in ("buyer_note", "seller_note"):
        if getattr(before, side) != getattr(after, side):
            add("note", text=side.removesuffix("_note"))
    if before.receiver != after.receiver:
        add("address", text=_fields(before.receiver, after.receiver))
    amounts = [
        (name, getattr(before, name), getattr(after, name))
        for name in ("goods", "freight", "discount", "total", "paid", "refunded")
        if getattr(before, name) != getattr(after, name)
    ]
    if amounts:
        add(
            "amount",
            " ".join(f"{name}={old.minor}" for name, old, _ in amounts),
            " ".join(f"{name}={new.minor}" for name, _, new in amounts),
            after.total.currency,
        )
    if before.ship_by != after.ship_by:
        add("ship_by", _iso(before.ship_by), _iso(after.ship_by))
    for reason in after.holds:
        if reason not in before.holds:
            add("hold", new=reason)
    for reason in before.holds:
        if reason not in after.holds:
            add("release", old=reason)
    if before.lines != after.lines:
        add("lines", str(len(before.lines)), str(len(after.lines)))
    return found


def event_row(order_id: int, event: OrderEvent) -> tuple[Any, ...]:
    """The row of an event; the mark makes the same event, written twice, one row."""
    rest = f"{event.actor}\x1f{event.surface}\x1f{event.before}\x1f{event.after}\x1f{event.text}\x1f{event.cause}"
    return (
        order_id, ms(event.at), event.kind, zlib.crc32(rest.encode("utf-8", "replace")), event.actor, event.surface,
        event.before, event.after, event.text, event.cause,
    )  # fmt: skip


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _fields(before: Receiver, after: Receiver) -> str:
    names = ("name", "phone", "province", "city", "district", "town", "detail", "country", "postcode")
    return ",".join(name for name in names if getattr(before, name) != getattr(after, name))
