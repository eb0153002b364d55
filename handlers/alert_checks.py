"""Orders and parcels against the clock: ship-by approaching and missed, no scan, no pickup.

No scans of orders: a change of an order sets, moves or drops its due rows; a due row looks at its one order again. While
the feed that would tell us is down, nobody is accused: one alert names the feed, and the checks wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.alert import SUPERSEDED, Firing
from domain.clock import millis
from domain.conditions import Facts, Value
from domain.order import OPEN_STAGES, Order, Parcel, Stage, Track, TrackStage
from domain.rule_why import clock_threshold
from domain.rules import KINDS, Rule, RuleBook
from domain.store import Deadline, UnitOfWork, Upserted
from handlers.alert_raise import finish, finish_entity, firing_rules, raise_firing, rulebook, settle
from handlers.desk import Desk

SHIP_KINDS = ("ship_by_soon", "ship_by_missed")
PARCEL_KINDS = ("no_scan", "no_pickup")
# An order that is first heard of long after its clock ran out is history being imported, not news.
OLD_SHIP = timedelta(hours=72)
OLD_SCAN = timedelta(days=30)
OLD_BLIND = timedelta(days=10)  # a parcel that no source ever saw: by now no track service knows it any more
# A parcel we hear of only now is not silent yet: the track service is asked about it first.
TRACK_GRACE = timedelta(minutes=15)
FEED_AGAIN = timedelta(minutes=5)
_MINUTE = timedelta(minutes=1)
_ENDED = frozenset(
    {
        TrackStage.DELIVERED,
        TrackStage.RETURNED,
        TrackStage.CANCELLED,
        TrackStage.REJECTED,
        TrackStage.AT_PICKUP_POINT,
    }
)
_SENT = frozenset({Stage.SHIPPED, Stage.PART_SHIPPED})


# --- facts ------------------------------------------------------------------------------------------------------------


def order_seen(order: Order) -> dict[str, Value]:
    """What every order rule may look at."""
    return {
        "channel": order.channel,
        "shop": order.shop,
        "warehouse": order.warehouse,
        "stage": order.stage.value,
        "paid_minor": order.paid.minor,
    }


def order_shown(order: Order, desk: Desk) -> dict[str, object]:
    """Further figures for the card. No personal data."""
    return {
        "name": f"{desk.channels.name(order.channel, order.shop)} …{order.number[-4:]}",
        "number": order.number,
        "amount_minor": order.total.minor,
        "currency": order.total.currency,
        "goods": f"{order.lines[0].title}" if order.lines else "",
    }


def order_cause(order: Order, desk: Desk) -> dict[str, str]:
    """What a storm of orders may have in common."""
    return {
        "hold": order.holds[0] if order.holds else "",
        "sku": order.lines[0].sku if len(order.lines) == 1 else "",
        "warehouse": order.warehouse,
        "shop": order.shop,
        "channel": desk.channels.name(order.channel, order.shop),
    }


def ship_by(book: RuleBook, order: Order) -> datetime | None:
    """The channel's own promise, or payment plus the fallback hours in force then; None while unpaid."""
    if order.ship_by is not None:
        return order.ship_by
    if order.paid_at is None:
        return None
    clock = book.clock(order.channel, order.paid_at)
    return order.paid_at + timedelta(hours=clock.hours) if clock else None


def due_to_ship(book: RuleBook, order: Order | None) -> datetime | None:
    """When an order that still has to be shipped must be; None when nothing has to."""
    if order is None or order.stage not in OPEN_STAGES:
        return None
    return ship_by(book, order)


@dataclass(frozen=True, slots=True)
class Moving:
    """A parcel as all sources together have it."""

    waybill: str
    carrier: str
    uploaded: datetime
    scanned: datetime | None
    stage: TrackStage | None
    source: str

    @property
    def ended(self) -> bool:
        return self.stage in _ENDED

    @property
    def still_since(self) -> datetime:
        return max(self.scanned or self.uploaded, self.uploaded)


def moving(parcel: Parcel, track: Track | None) -> Moving | None:
    """Join what the channel and the carrier say; None before the waybill went up."""
    if parcel.shipped_at is None:
        return None
    scans = [event for event in track.events if event.stage is not TrackStage.CREATED] if track else []
    moments = [each for each in (parcel.last_scan_at, parcel.picked_at, *(e.at for e in scans)) if each is not None]
    stage = track.stage if track is not None else parcel.stage
    carrier = (track.corrected_carrier or track.carrier) if track else parcel.carrier
    return Moving(
        parcel.waybill,
        carrier or parcel.carrier,
        parcel.shipped_at,
        max(moments, default=None),
        stage,
        track.source if track else "",
    )


# --- arming -----------------------------------------------------------------------------------------------------------


def _moments(rules: Sequence[Rule], seen: Facts, anchor: datetime) -> list[datetime]:
    """When time alone will make one of the rules fire, or grow critical."""
    found = []
    for rule in rules:
        kind = KINDS[rule.kind]
        for condition in (rule.when, rule.critical):
            if condition is None:
                continue
            minutes = clock_threshold(condition, rule.facts(seen), kind.clock, kind.clock_step)
            if minutes is not None:
                found.append(anchor + minutes * kind.clock_step * _MINUTE)
    return found


def changed(uow: UnitOfWork, upserted: Upserted, now: datetime, desk: Desk) -> None:
    """An order changed: its clocks follow."""
    book = rulebook(desk)
    before, after = upserted.before, upserted.after
    _follow_ship_by(uow, book, upserted, now, desk)
    parcels_moved = before is None or before.parcels != after.parcels or (before.stage in _SENT) != (after.stage in _SENT)
    if parcels_moved and (after.parcels or (before is not None and before.parcels)):
        known = {parcel.waybill for parcel in before.parcels} if before is not None else frozenset[str]()
        fresh = frozenset(parcel.waybill for parcel in after.parcels) - known
        _follow_parcels(uow, book, upserted.id, after, None, now, desk, fresh=fresh)


def _follow_ship_by(uow: UnitOfWork, book: RuleBook, upserted: Upserted, now: datetime, desk: Desk) -> None:
    before, after, entity = upserted.before, upserted.after, f"order:{upserted.id}"
    was, due = due_to_ship(book, before), due_to_ship(book, after)
    if due == was:
        return
    if due is None:
        uow.deadlines.drop(entity, *SHIP_KINDS)
        finish_entity(uow, [rule for kind in SHIP_KINDS for rule in book.of(kind)], entity, now)
        return
    if was is None and due < now - OLD_SHIP:
        return
    seen = order_seen(after)
    rows = []
    for kind in SHIP_KINDS:
        moments = _moments(book.of(kind), seen, due)
        if moments:
            rows.append(Deadline(entity, kind, min(moments)))
    uow.deadlines.put(rows)
    if was is not None:
        # The promise moved: what the new one does not bear out any more is over.
        for kind in SHIP_KINDS:
            for rule in book.of(kind):
                settle(uow, rule, entity, {**seen, **ship_clock(kind, due, now)}, now)


def ship_clock(kind: str, due: datetime, now: datetime) -> dict[str, Value]:
    left = -((now - due) // _MINUTE)  # rounded up: exactly at the lead there are exactly `lead` minutes left
    return {"minutes_left": left} if kind == "ship_by_soon" else {"minutes_over": (now - due) // _MINUTE}


def ship_by_due(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """A ship-by clock rang: look at the order as it is now."""
    book, order_id = rulebook(desk), int(deadline.entity.partition(":")[2])
    stored = uow.orders.by_id(order_id)
    due = due_to_ship(book, stored.order if stored else None)
    if stored is None or due is None or (deadline.kind == "ship_by_soon" and due <= now):
        return
    order = stored.order
    if feed_is_down(uow, book, f"{order.channel}/{order.shop}", now, desk):
        uow.deadlines.put([Deadline(deadline.entity, deadline.kind, now + FEED_AGAIN, deadline.payload)])
        return
    seen = {**order_seen(order), **ship_clock(deadline.kind, due, now)}
    shown = {**order_shown(order, desk), "ship_by": millis(due), **_penalty(book, order)}
    for rule, fires in firing_rules(book, deadline.kind, seen):
        if not fires:
            continue
        raise_firing(uow, Firing(rule, deadline.entity, seen, (order_id,), order_cause(order, desk), shown), now)
        if deadline.kind == "ship_by_missed":
            finish_entity(uow, book.of("ship_by_soon"), deadline.entity, now, by=SUPERSEDED)
    _arm_next(uow, deadline, _moments(book.of(deadline.kind), seen, due), now)


def _arm_next(uow: UnitOfWork, deadline: Deadline, moments: Sequence[datetime], now: datetime) -> None:
    later = [each for each in moments if each > now]
    if later:
        uow.deadlines.put([Deadline(deadline.entity, deadline.kind, min(later), deadline.payload)])


def _penalty(book: RuleBook, order: Order) -> dict[str, object]:
    clock = book.clock(order.channel, order.paid_at or order.created_at)
    return {"penalty_minor": clock.penalty.minor} if clock and clock.penalty else {}


# --- parcels ----------------------------------------------------------------------------------------------------------


def on_track(uow: UnitOfWork, track: Track, order_ids: Sequence[int], now: datetime, desk: Desk) -> None:
    """A parcel's track changed: its clocks follow, and what the scan disproves is over."""
    book = rulebook(desk)
    for order_id in order_ids:
        stored = uow.orders.by_id(order_id)
        if stored is not None:
            _follow_parcels(uow, book, order_id, stored.order, track, now, desk)


def _follow_parcels(
    uow: UnitOfWork,
    book: RuleBook,
    order_id: int,
    order: Order,
    track: Track | None,
    now: datetime,
    desk: Desk,
    *,
    fresh: frozenset[str] = frozenset(),
) -> None:
    """Set, move or drop the parcels' clocks. `fresh`: waybills heard of for the first time."""
    entity = f"order:{order_id}"
    tracks = _tracks(uow, order_id, track)
    waiting = _still_waiting(uow, entity, now)
    seen = order_seen(order)
    moments: dict[str, list[datetime]] = {kind: [] for kind in PARCEL_KINDS}
    for parcel in order.parcels:
        state = moving(parcel, tracks.get(parcel.waybill))
        if state is None:
            continue
        over = state.ended or order.stage not in _SENT
        for kind in PARCEL_KINDS:
            parcel_entity = f"parcel:{order_id}:{parcel.waybill}"
            if over or (kind == "no_pickup" and state.scanned is not None):
                finish_entity(uow, book.of(kind), parcel_entity, now)
                continue
            facts = {**seen, **parcel_clock(kind, state, now)}
            for rule in book.of(kind):
                settle(uow, rule, parcel_entity, facts, now)
            anchor = state.still_since if kind == "no_scan" else state.uploaded
            blind = not state.source and state.scanned is None
            if anchor > now - (OLD_BLIND if blind else OLD_SCAN):
                found = _moments(book.of(kind), facts, anchor)
                if blind:
                    earliest = now + TRACK_GRACE if parcel.waybill in fresh else waiting.get(kind, now)
                    found = [max(each, earliest) for each in found]
                moments[kind] += found
    rows = [Deadline(entity, kind, min(found)) for kind, found in moments.items() if found]
    uow.deadlines.drop(entity, *(kind for kind in PARCEL_KINDS if not moments[kind]))
    uow.deadlines.put(rows)


def _still_waiting(uow: UnitOfWork, entity: str, now: datetime) -> dict[str, datetime]:
    """Until when the track service still has time to answer: another change of the order does not cut that short."""
    pending = {each.kind: each.due_at for each in uow.deadlines.pending(entity) if each.kind in PARCEL_KINDS}
    return {kind: due for kind, due in pending.items() if now < due <= now + TRACK_GRACE}


def _tracks(uow: UnitOfWork, order_id: int, fresh: Track | None) -> Mapping[str, Track]:
    card = uow.orders.card(order_id)
    tracks = {track.waybill: track for track in card.tracks} if card else {}
    if fresh is not None:
        tracks.setdefault(fresh.waybill, fresh)
    return tracks


def parcel_clock(kind: str, state: Moving, now: datetime) -> dict[str, Value]:
    if kind == "no_scan":
        return {"carrier": state.carrier, "minutes_since_scan": (now - state.still_since) // _MINUTE}
    return {"carrier": state.carrier, "minutes_since_upload": (now - state.uploaded) // _MINUTE}


def parcel_due(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """A parcel clock rang: look at every parcel of the order as it is now."""
    book, order_id = rulebook(desk), int(deadline.entity.partition(":")[2])
    stored = uow.orders.by_id(order_id)
    if stored is None or stored.order.stage not in _SENT:
        return
    order, kind = stored.order, deadline.kind
    tracks = _tracks(uow, order_id, None)
    moments: list[datetime] = []
    for parcel in order.parcels:
        state = moving(parcel, tracks.get(parcel.waybill))
        if state is None or state.ended or (kind == "no_pickup" and state.scanned is not None):
            continue
        if state.source and feed_is_down(uow, book, state.source, now, desk):
            moments.append(now + FEED_AGAIN)
            continue
        entity = f"parcel:{order_id}:{parcel.waybill}"
        seen = {**order_seen(order), **parcel_clock(kind, state, now)}
        shown = {
            **order_shown(order, desk),
            "waybill": parcel.waybill,
            "carrier": state.carrier,
            "since": millis(state.still_since if kind == "no_scan" else state.uploaded),
        }
        cause = {**order_cause(order, desk), "carrier": state.carrier}
        for rule, fires in firing_rules(book, kind, seen):
            if fires:
                raise_firing(uow, Firing(rule, entity, seen, (order_id,), cause, shown), now)
                if kind == "no_scan":
                    finish_entity(uow, book.of("no_pickup"), entity, now, by=SUPERSEDED)
        anchor = state.still_since if kind == "no_scan" else state.uploaded
        moments += _moments(book.of(kind), seen, anchor)
    _arm_next(uow, deadline, moments, now)


# --- feeds ------------------------------------------------------------------------------------------------------------


def feed_is_down(uow: UnitOfWork, book: RuleBook, source: str, now: datetime, desk: Desk) -> bool:
    """Whether the source that would have told us is known to be failing for too long; raises the one alert that says so.

    Without a rule of kind `feed_down` nothing is held back.
    """
    for state in uow.cursors.freshness():
        if state.error_since is None or source not in (state.source, state.source.partition("/")[0]):
            continue
        if uow.deadlines.pending(f"source:{state.source}"):
            return True  # said already; its own check will look again
        behind = (now - (state.last_ok or state.error_since)) // _MINUTE
        seen: dict[str, Value] = {"source": state.source, "minutes_behind": behind}
        for rule, fires in firing_rules(book, "feed_down", seen):
            if fires:
                channel, _, shop = state.source.partition("/")
                shown = {"name": desk.channels.name(channel, shop), "error": state.last_error[:80]}
                firing = Firing(rule, f"source:{state.source}", seen, (), {"feed": state.source}, shown)
                raise_firing(uow, firing, now)
                uow.deadlines.put([Deadline(f"source:{state.source}", "feed_check", now + FEED_AGAIN)])
                return True
    return False


def feed_check(uow: UnitOfWork, deadline: Deadline, now: datetime, desk: Desk) -> None:
    """Is the feed back? Then its alert is over; else ask again."""
    book, source = rulebook(desk), deadline.entity.partition(":")[2]
    # The row was taken, so this asks afresh and arranges the next look when the feed is still down.
    if feed_is_down(uow, book, source, now, desk):
        return
    for rule in book.of("feed_down"):
        standing = uow.alerts.open_by_fingerprint(f"{rule.name}|{deadline.entity}")
        if standing is not None:
            finish(uow, standing, now)
