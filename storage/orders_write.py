"""Writing orders: upserts that may be repeated and reordered, our own changes, after-sales and tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.errors import BadInput, Stale
from domain.order import Aftersale, Order, Track
from domain.store import OrderEvent, StoredOrder, Upserted
from storage.aftersales import (
    DELETE_AFTERSALE,
    INSERT_AFTERSALE,
    SELECT_AFTERSALE,
    aftersale_row,
    read_aftersale,
    tidy_aftersale,
)
from storage.approvals import ApprovalReads
from storage.collector import collector_paused
from storage.days import mark_days
from storage.handles import NEW_HANDLES, SPAN_BITS, Handles
from storage.keys import Keys
from storage.merge import Ours, created, deliver, differences, event_row, merge, set_ours, weight
from storage.moments import dump, load, ms, scrub
from storage.order_rows import (
    DIGEST,
    LOCKED,
    NEW_BIRTHS,
    NEW_EVENTS,
    NEW_LABELS,
    NEW_LINES,
    NEW_ORDERS,
    NEW_PARCELS,
    OURS,
    OWNER,
    SEALED,
    SELECT_ORDER,
    STAGE_AT,
    SYNCED_AT,
    UNSCANNED,
    UPDATE_FROM,
    UPDATE_ORDER,
    UPDATED_AT,
    VERSION,
    content,
    line_values,
    parcel_row,
    personal,
    read_stored,
    tidy,
    where,
)
from storage.orders_read import OrderReads, children
from storage.sql import TOO_BIG, Conn, Row
from storage.tracks import SAVE_TRACK, SELECT_TRACK, merge_tracks, read_track, scanned, tidy_track, track_row
from storage.versions import Version

_OURS = frozenset({"holds", "settlement_locked", "warehouse", "owner", "ship_by", "receiver"})
_KNOWN = "SELECT id,digest FROM orders WHERE "
_LOCK = " FOR UPDATE OF o"
_BATCH = 32  # orders from which on the collector is paused
_SAMPLE = 8  # orders of a batch that are looked up before the others


class OrderWrites(OrderReads):
    def __init__(self, conn: Conn, keys: Keys, handles: Handles, approvals: ApprovalReads) -> None:
        super().__init__(conn, keys, handles, approvals)

    # --- upserts ------------------------------------------------------------------------------------------------------

    def upsert_many(self, orders: Sequence[Order], *, seen_at: datetime, surface: str, cause: str = "") -> list[Upserted]:
        """See `storage.merge` for what wins. Raises BadInput when an order mixes currencies or an amount is absurd."""
        try:
            if len(orders) < _BATCH:
                return self._upsert_all(orders, seen_at, surface, scrub(cause))
            with collector_paused():
                return self._upsert_all(orders, seen_at, surface, scrub(cause))
        except OverflowError as problem:
            raise BadInput(TOO_BIG) from problem

    def _upsert_all(self, orders: Sequence[Order], seen_at: datetime, surface: str, cause: str) -> list[Upserted]:
        handles = self._handles
        found: list[Upserted] = []
        waiting = [Version(order, handles) for order in orders]
        while waiting:
            batch: dict[int, Version] = {}
            # Later: the same order again, or (2^-31) another of the same second.
            later = [one for one in waiting if batch.setdefault(one.id, one) is not one]
            found += self._upsert_distinct(batch, seen_at, surface, cause)
            waiting = later
        return found

    def _upsert_distinct(self, batch: dict[int, Version], seen_at: datetime, surface: str, cause: str) -> list[Upserted]:
        known = self._digests(list(batch))
        fresh: list[Version] = []
        touched: list[tuple[int, Version]] = []
        for number, version in batch.items():
            there = known.get(number)
            if there is None:
                fresh.append(version)
            elif there != version.digest:
                touched.append((number, version))
        found: list[Upserted] = []
        if fresh:
            found, elsewhere = self._insert(fresh, ms(seen_at), surface, cause)
            touched += elsewhere
        if touched:
            found += self._update(touched, seen_at, surface, cause)
        return found

    def _digests(self, ids: list[int]) -> dict[int, int]:
        ahead = self._c.ahead()
        if len(ids) == 1:
            row = ahead.one("SELECT digest FROM orders WHERE id = ?", (ids[0],))
            return {ids[0]: row[0]} if row else {}
        if len(ids) > _SAMPLE * 4:
            # A batch of new orders is told by a few of them; should others be known after all, the insert skips those.
            condition, value = ahead.among("id", [*ids[:: len(ids) // _SAMPLE], ids[-1]])
            if not ahead.all(_KNOWN + condition, (value,)):
                return {}
        condition, value = ahead.among("id", ids)
        return dict(ahead.all(_KNOWN + condition, (value,)))

    def _insert(
        self, fresh: list[Version], seen: int, surface: str, cause: str
    ) -> tuple[list[Upserted], list[tuple[int, Version]]]:
        """(written, those that exist after all: under another key, or written by another replica meanwhile)."""
        elsewhere: list[tuple[int, Version]] = []
        if self._c.ahead().bulk(NEW_ORDERS, self._new_rows(fresh, seen)) != len(fresh):
            fresh, elsewhere = self._sort_out(fresh)
        mark_days(self._c, [one.id for one in fresh])
        tracks = self._tracks(parcel[0] for one in fresh for parcel in one.parcels)
        # Table by table: on PostgreSQL the server writes one while we make the next.
        later = self._c.later
        if lines := [(one.id, n, *line) for one in fresh for n, line in enumerate(one.lines)]:
            later(NEW_LINES, lines)
        bucketed = [(one.id >> SPAN_BITS, one.id, self._handles.of(one.order)) for one in fresh]
        if handles := [(bucket, each, number) for bucket, number, some in bucketed for each in some]:
            later(NEW_HANDLES, handles)
        parcels = [(one.id, n, each) for one in fresh for n, each in enumerate(one.parcels)]
        if labels := [(number, each[0], n, *each[1:3]) for number, n, each in parcels if each[3:] == UNSCANNED]:
            later(NEW_LABELS, labels)
        if told := [(number, each[0], n, *each[1:]) for number, n, each in parcels if each[3:] != UNSCANNED]:
            later(NEW_PARCELS, told)
        births = [(one.id, one.values[5], one.values[0], surface, one.values[3], cause) for one in fresh]
        if births:
            later(NEW_BIRTHS, births)
        found = [Upserted(one.id, None, one.order, (created(one.order, surface, cause),)) for one in fresh]
        if tracks:
            found = self._with_tracks(found, tracks)
        return found, elsewhere

    def _with_tracks(self, found: list[Upserted], tracks: dict[str, Track]) -> list[Upserted]:
        """A carrier may have spoken before the channel told us of the parcel."""
        with_tracks: list[int] = []
        for one in found:
            for parcel in one.after.parcels:
                if parcel.waybill in tracks:
                    row, stored = self._load([one.id])[one.id]
                    self._carry(row, stored.order, tracks[parcel.waybill])
                    with_tracks.append(one.id)
        now = {number: stored.order for number, (_, stored) in self._load(with_tracks).items()}
        return [replace(one, after=now.get(one.id, one.after)) for one in found]

    def _tracks(self, waybills: Iterable[str]) -> dict[str, Track]:
        found: dict[str, Track] = {}
        wanted = list(waybills)
        if wanted and self._c.ahead().one("SELECT 1 FROM tracks LIMIT 1"):
            for waybill in wanted:
                row = self._c.one(SELECT_TRACK, (waybill,))
                if row:
                    found[waybill] = read_track(row)
        return found

    def _sort_out(self, fresh: list[Version]) -> tuple[list[Version], list[tuple[int, Version]]]:
        """Which of these the insert really wrote, told by what stands in the table now."""
        written: list[Version] = []
        elsewhere: list[tuple[int, Version]] = []
        for version in fresh:
            order = version.order
            row = self._c.one(
                "SELECT id,digest,version FROM orders WHERE number = ? AND channel = ? AND shop = ?",
                (order.number, order.channel, order.shop),
            )
            if row == (version.id, version.digest, 1) and not self._has_events(version.id):
                written.append(version)
            elif row is None or row[1] != version.digest:
                # No row at all: its key is taken by another order of the same second.
                elsewhere.append((row[0] if row else version.id, version))
        return written, elsewhere

    def _has_events(self, number: int) -> bool:
        return self._c.one("SELECT 1 FROM order_events WHERE order_id = ? LIMIT 1", (number,)) is not None

    def _new_rows(self, fresh: list[Version], seen: int) -> list[Row]:
        personal = [(one.personal, b"orders:%d" % one.id) for one in fresh if one.personal]
        sealed = iter(self._keys.seal_all(personal))
        return [(one.id, *one.values, seen, next(sealed) if one.personal else None, one.digest) for one in fresh]

    def _update(self, touched: list[tuple[int, Version]], seen_at: datetime, surface: str, cause: str) -> list[Upserted]:
        there = self._load([number for number, _ in touched])
        found: list[Upserted] = []
        for number, version in touched:
            row, stored = there.get(number, (None, None))
            order = version.order
            if stored is None or (stored.order.number, stored.order.channel, stored.order.shop) != (
                order.number, order.channel, order.shop,
            ):  # fmt: skip
                found += self._displaced(number, version, seen_at, surface, cause)
            elif row is not None and (changed := self._apply(row, stored, version, seen_at, surface, cause)):
                found.append(changed)
        return found

    def _displaced(self, number: int, version: Version, seen_at: datetime, surface: str, cause: str) -> list[Upserted]:
        """Its computed key belongs to another order: it lives under its number, or under the next free key."""
        order = version.order
        row = self._c.one(
            "SELECT id FROM orders WHERE number = ? AND channel = ? AND shop = ?", (order.number, order.channel, order.shop)
        )
        if row is not None:
            return self._update([(row[0], version)], seen_at, surface, cause)
        free = number
        while self._c.one("SELECT 1 FROM orders WHERE id = ?", (free,)) is not None:
            free += 1
        version.id = free
        found, _ = self._insert([version], ms(seen_at), surface, cause)
        return found

    def _load(self, ids: list[int]) -> dict[int, tuple[Row, StoredOrder]]:
        """Rows and values, locked for this transaction, in one order of locking for everybody."""
        condition, value = self._c.among("o.id", ids)
        rows = self._c.all(SELECT_ORDER + f"WHERE {condition} ORDER BY o.id" + (_LOCK if self._c.pg else ""), (value,))
        lines, parcels = children(self._c, ids)
        return {row[0]: (row, read_stored(row, lines.get(row[0], []), parcels.get(row[0], []), self._keys)) for row in rows}

    def _apply(
        self, row: Row, stored: StoredOrder, version: Version, seen_at: datetime, surface: str, cause: str
    ) -> Upserted | None:
        before = stored.order
        newer = weight(version.order, version.digest) > (
            row[UPDATED_AT], before.refunded.minor, before.paid.minor, len(before.parcels), row[DIGEST],
        )  # fmt: skip
        ours: Ours = load(row[OURS]) if row[OURS] else {}
        merged = merge(before, row[STAGE_AT], ours, version.order, newer=newer)
        had = {one.waybill for one in before.parcels}
        tracks = self._tracks(one.waybill for one in merged.order.parcels if one.waybill not in had)
        if tracks:
            told = tuple(scanned(one, tracks[one.waybill]) if one.waybill in tracks else one for one in merged.order.parcels)
            merged = replace(merged, order=deliver(replace(merged.order, parcels=told)))
        moved_on = newer and (version.digest != row[DIGEST])
        if merged.order == before and merged.stage_at == row[STAGE_AT] and not moved_on:
            return None
        stamp = version.order.updated_at
        events = differences(before, merged.order, at=stamp, surface=surface, cause=cause)
        saved = self._save(
            row, before, merged.order, events, stage_at=merged.stage_at, ours=merged.ours, seen=ms(seen_at),
            digest=version.digest if newer else row[DIGEST],
        )  # fmt: skip
        return Upserted(saved, before, merged.order, tuple(events)) if merged.order != before else None

    def _save(
        self, row: Row, before: Order, after: Order, events: Sequence[OrderEvent], *, stage_at: int, ours: Ours, seen: int,
        digest: int, locked: int | None = None, owner: str | None = None,
    ) -> int:  # fmt: skip
        """Write an existing order's new state, its lines, parcels and handles where they differ, and the events."""
        number: int = row[0]
        values = content(after)
        plain = personal(after)
        sealed = row[SEALED]
        if before.receiver != after.receiver or before.buyer_name != after.buyer_name:
            sealed = self._keys.seal(plain.encode(), where(number)) if plain else None
        changing = (
            number, *values[:4], stage_at, *values[5:], seen, sealed, digest, row[VERSION] + 1,
            row[LOCKED] if locked is None else locked, row[OWNER] if owner is None else owner, dump(ours) if ours else "",
        )  # fmt: skip
        self._c.run(UPDATE_ORDER, (*changing[UPDATE_FROM:], number))
        if before.lines != after.lines:
            self._c.run("DELETE FROM order_lines WHERE order_id = ?", (number,))
            rows = [(number, n, *line) for n, line in enumerate(line_values(after))]
            if rows:
                self._c.bulk(NEW_LINES, rows)
        if before.parcels != after.parcels:
            self._c.run("DELETE FROM parcels WHERE order_id = ?", (number,))
            if after.parcels:
                self._c.bulk(NEW_PARCELS, [parcel_row(number, n, one) for n, one in enumerate(_distinct(after))])
        if (before.receiver, before.parcels, before.buyer_key) != (after.receiver, after.parcels, after.buyer_key):
            handles = self._handles.rows(number, after)
            if handles:
                self._c.bulk(NEW_HANDLES, handles)
        if events:
            self._c.bulk(NEW_EVENTS, [event_row(number, one) for one in events])
        mark_days(self._c, (number,))
        return number

    # --- our own changes ----------------------------------------------------------------------------------------------

    def change(self, order_id: int, *, expect_version: int, events: Sequence[OrderEvent], **columns: Any) -> int:
        """Holds, settlement_locked, warehouse, owner, ship_by, receiver. Raises Stale; ValueError on other columns."""
        if unknown := set(columns) - _OURS:
            raise ValueError(f"not ours to change: {', '.join(sorted(unknown))}")
        row, stored = self._load([order_id]).get(order_id, (None, None))
        if row is None or stored is None or stored.version != expect_version:
            raise Stale(f"order {order_id}")
        before = stored.order
        ours = set_ours(before, load(row[OURS]) if row[OURS] else {}, columns)
        direct = {name: columns[name] for name in ("holds", "warehouse", "ship_by", "receiver") if name in columns}
        if "holds" in direct:
            direct["holds"] = tuple(direct["holds"])
        after = tidy(replace(before, **direct))
        self._save(
            row, before, after, [_scrubbed(one) for one in events], stage_at=row[STAGE_AT], ours=ours, seen=row[SYNCED_AT],
            digest=row[DIGEST], locked=int(columns["settlement_locked"]) if "settlement_locked" in columns else None,
            owner=scrub(columns["owner"]) if "owner" in columns else None,
        )  # fmt: skip
        return stored.version + 1

    def add_events(self, order_id: int, events: Sequence[OrderEvent]) -> None:
        if events:
            self._c.bulk(NEW_EVENTS, [event_row(order_id, _scrubbed(one)) for one in events])

    # --- after-sales and tracks ---------------------------------------------------------------------------------------

    def upsert_aftersale(self, aftersale: Aftersale, *, seen_at: datetime) -> tuple[Aftersale | None, bool]:
        one = tidy_aftersale(aftersale)
        key = (one.number, one.channel, one.shop)
        row = self._c.one(SELECT_AFTERSALE + (" FOR UPDATE" if self._c.pg else ""), key)
        before = read_aftersale(row) if row else None
        new = aftersale_row(one)
        if row is not None and _aftersale_weight(tuple(row)) >= _aftersale_weight(new):
            return before, False
        if row is not None:
            self._c.run(DELETE_AFTERSALE, key)
        self._c.run(INSERT_AFTERSALE, (*new, ms(seen_at)))
        return before, True

    def upsert_track(self, track: Track) -> tuple[Track | None, bool, list[int]]:
        incoming = tidy_track(track)
        row = self._c.one(SELECT_TRACK + (" FOR UPDATE" if self._c.pg else ""), (incoming.waybill,))
        before = read_track(row) if row else None
        merged = merge_tracks(before, incoming)
        ids = [one.id for one in self.by_waybill(incoming.waybill)]
        changed = before is None or replace(before, fetched_at=merged.fetched_at) != merged
        if before != merged:
            self._c.run(SAVE_TRACK, track_row(merged))
        for order_row, stored in self._load(ids).values() if ids else ():
            self._carry(order_row, stored.order, merged)
        return before, changed, ids

    def _carry(self, row: Row, before: Order, track: Track) -> None:
        """What the track means for the order: its parcel's facts, and delivery when it was the last one."""
        parcels = tuple(
            scanned(one, track) if one.waybill.upper() == track.waybill.upper() else one for one in before.parcels
        )
        after = deliver(replace(before, parcels=parcels))
        if after == before:
            return
        when = track.events[-1].at if track.events else track.fetched_at
        actor = track.corrected_carrier or track.carrier
        found: list[OrderEvent] = []
        had = {one.waybill: one for one in before.parcels}
        found += [
            OrderEvent(one.picked_at, "scan", actor, track.source, "", "picked_up", one.waybill)
            for one in after.parcels
            if one.picked_at and not had[one.waybill].picked_at
        ]
        if after.stage is not before.stage:
            found.append(
                OrderEvent(when, "stage", actor, track.source, before.stage.value, after.stage.value, "", track.waybill)
            )
        ours: Ours = load(row[OURS]) if row[OURS] else {}
        self._save(row, before, after, found, stage_at=row[STAGE_AT], ours=ours, seen=row[SYNCED_AT], digest=row[DIGEST])


def _distinct(order: Order) -> list[Any]:
    """A waybill named twice in one order is one parcel."""
    return list({one.waybill: one for one in order.parcels}.values())


def _scrubbed(event: OrderEvent) -> OrderEvent:
    return replace(
        event, actor=scrub(event.actor, 200), before=scrub(event.before, 500), after=scrub(event.after, 500),
        text=scrub(event.text, 1_000), cause=scrub(event.cause, 200),
    )  # fmt: skip


def _aftersale_weight(row: Row) -> tuple[Any, ...]:
    """Newest update wins; with equal times the values themselves decide, the same way for every arrival order."""
    return (row[9], tuple(str(one) for one in row))
