"""Orders and what hangs on them."""

from __future__ import annotations

import sqlalchemy as sa

from storage.tables.base import blob, key, metadata, moment, number, part, text

ORDERS = sa.Table(
    "orders",
    metadata,
    key("id"),  # domain.ids.order_id: computable and time-ordered
    text("channel"),
    text("shop"),
    text("number"),
    text("stage"),
    number("stage_at"),  # update time of the version that gave the stage (storage.merge)
    number("created_at"),
    number("updated_at"),
    text("currency"),
    number("goods"),
    number("freight"),
    number("discount"),
    number("total"),
    number("paid"),
    number("refunded"),
    moment("paid_at"),
    moment("ship_by"),
    moment("shipped_at"),
    moment("delivered_at"),
    moment("finished_at"),
    text("warehouse"),
    text("holds"),  # JSON list, or "" for none
    text("tags"),
    text("province"),
    # What no query looks at, separated by 0x1F: buyer_key, raw_status, buyer_note, seller_note, unmapped (JSON list or ""),
    # country, city, district, address_key, masked ("1" or "").
    text("rest"),
    number("synced_at"),
    blob("sealed"),  # name, phone, town, detail, postcode, buyer_name
    number("digest"),  # checksum of the last channel version: a redelivery is recognised without comparing
    number("version"),
    number("settlement_locked"),
    text("owner"),
    text("ours"),  # JSON object: what we set over the channel's values, or ""
    sa.Index("ux_orders_number", "number", "channel", "shop", unique=True),
    sa.Index(
        "ix_orders_open",
        "stage",
        sqlite_where=sa.text("stage IN ('hold','to_ship','part_shipped')"),
        postgresql_where=sa.text("stage IN ('hold','to_ship','part_shipped')"),
    ),
)
ORDER_LINES = sa.Table(
    "order_lines",
    metadata,
    part("order_id"),
    part("n"),
    text("line_id"),
    text("sku"),
    text("title"),
    number("quantity"),
    number("unit_price"),
    number("total"),
    text("platform_sku"),
    number("gift"),
    sqlite_with_rowid=False,
)
ORDER_EVENTS = sa.Table(
    "order_events",
    metadata,
    part("order_id"),
    part("at"),
    part("kind", sa.Text),
    part("mark"),  # checksum of the rest: writing the same event twice is writing it once
    text("actor"),
    text("surface"),
    text("before"),
    text("after"),
    text("text"),
    text("cause"),
    # What people did: few among all that channels and carriers did, so writing the others costs nothing here.
    sa.Index(
        "ix_order_events_hands",
        "at",
        sqlite_where=sa.text("surface IN ('chat','web')"),
        postgresql_where=sa.text("surface IN ('chat','web')"),
    ),
    sqlite_with_rowid=False,
)
PARCELS = sa.Table(
    "parcels",
    metadata,
    part("order_id"),
    part("waybill", sa.Text),
    number("n"),
    text("carrier"),
    moment("shipped_at"),
    moment("picked_at"),
    text("stage"),
    moment("last_scan_at"),
    text("last_scan"),
    moment("eta"),
    sqlite_with_rowid=False,
)
TRACKS = sa.Table(
    "tracks",
    metadata,
    part("waybill", sa.Text),
    text("carrier"),
    text("stage"),
    text("source"),
    number("fetched_at"),
    number("closed"),
    text("corrected_carrier"),
    text("events"),
    sqlite_with_rowid=False,
)
# The one random index of the ingest path, cut into spans of time so that only the newest span is ever written to:
# see storage.handles.
HANDLES = sa.Table(
    "handles",
    metadata,
    part("bucket"),
    part("handle"),
    part("order_id"),
    sqlite_with_rowid=False,
)
AFTERSALES = sa.Table(
    "aftersales",
    metadata,
    part("order_number", sa.Text),
    part("channel", sa.Text),
    part("shop", sa.Text),
    part("number", sa.Text),
    text("kind"),
    text("stage"),
    number("amount"),
    text("currency"),
    number("created_at"),
    number("updated_at"),
    text("reason"),
    text("note"),
    text("photos"),
    moment("deadline"),
    moment("refunded_at"),
    sa.Column("refunded_amount", sa.BigInteger, nullable=True),
    text("refunded_currency"),
    text("line_ids"),
    text("return_waybill"),
    text("version"),
    text("raw_status"),
    text("unmapped"),
    number("seen_at"),
    sa.Index("ux_aftersales_number", "number", "channel", "shop", unique=True),
    sqlite_with_rowid=False,
)
