"""All the facts about one order in one place: what to hand over when a customer complains or a platform asks.

Masked, with every source's clock, what is missing named, and a hash over the content so that a copy can be compared.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from domain.order import Receiver
from domain.people import Actor
from domain.privacy import mask_receiver, place, safe_note
from domain.store import Approval, OrderCard, Reads
from handlers.desk import Desk
from handlers.order_search import sees


def packs(reads: Reads, number: str, actor: Actor, now: datetime, desk: Desk) -> list[dict[str, Any]]:
    """One pack for each order of that number which the actor may see."""
    cards = [card for card in reads.orders.card_by_number(number) if sees(actor, card.stored)]
    return [_pack(reads, card, now, desk) for card in cards]


def _pack(reads: Reads, card: OrderCard, now: datetime, desk: Desk) -> dict[str, Any]:
    order = card.stored.order
    approvals = _approvals(reads, card)
    facts: dict[str, Any] = {
        "order": {
            "channel": order.channel,
            "shop": order.shop,
            "number": order.number,
            "stage": order.stage.value,
            "created_at": _iso(order.created_at),
            "paid_at": _iso(order.paid_at),
            "ship_by": _iso(order.ship_by),
            "shipped_at": _iso(order.shipped_at),
            "delivered_at": _iso(order.delivered_at),
            "total": str(order.total),
            "paid": str(order.paid),
            "refunded": str(order.refunded),
            "receiver": _receiver(order.receiver),
            "holds": list(order.holds),
        },
        "lines": [
            {"sku": line.sku, "title": safe_note(line.title, 80), "quantity": line.quantity, "total": str(line.total)}
            for line in order.lines
        ],
        "events": [
            {
                "at": _iso(event.at),
                "kind": event.kind,
                "actor": event.actor,
                "surface": event.surface,
                "before": event.before,
                "after": event.after,
                "cause": event.cause,
            }
            for event in card.events
        ],
        "parcels": [
            {"waybill": parcel.waybill, "carrier": parcel.carrier, "uploaded_at": _iso(parcel.shipped_at)}
            for parcel in order.parcels
        ],
        "scans": [
            {"waybill": track.waybill, "at": _iso(scan.at), "text": safe_note(scan.text, 120), "source": track.source}
            for track in card.tracks
            for scan in track.events
        ],
        "aftersales": [
            {
                "number": each.number,
                "kind": each.kind.value,
                "stage": each.stage.value,
                "amount": str(each.amount),
                "reason": safe_note(each.reason, 80),
                "photos": len(each.photos),
                "refunded_at": _iso(each.refunded_at),
            }
            for each in card.aftersales
        ],
        "approvals": approvals,
        "missing": _missing(card),
    }
    content = json.dumps(facts, ensure_ascii=False, sort_keys=True).encode()
    return {
        **facts,
        "sources": {desk.channels.name(order.channel, order.shop): _iso(card.source_at or card.stored.synced_at)},
        "made_at": _iso(now),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _approvals(reads: Reads, card: OrderCard) -> list[dict[str, Any]]:
    order = card.stored.order
    known: dict[str, Approval] = {each.number: each for each in card.open_approvals}
    for aftersale in card.aftersales:
        for each in reads.approvals.by_subject(order.channel, order.shop, aftersale.number):
            known[each.number] = each
    return [
        {
            "number": each.number,
            "kind": each.kind,
            "state": each.state,
            "amount": str(each.amount),
            "rule": each.rule,
            "result": safe_note(each.result, 80),
            "decisions": [
                {"at": _iso(one.at), "who": one.person_name, "verdict": one.verdict, "surface": one.surface}
                for one in each.decisions
            ],
            "audit": [
                {"at": _iso(entry.at), "actor": entry.actor, "action": entry.action, "surface": entry.surface}
                for entry in reads.audit.of(f"approval:{each.id}")
            ],
        }
        for each in sorted(known.values(), key=lambda one: one.id)
    ]


def _missing(card: OrderCard) -> list[str]:
    """What one would expect and does not find: silence would read as "all there"."""
    order = card.stored.order
    tracked = {track.waybill for track in card.tracks}
    missing = [f"没有轨迹：{parcel.waybill}" for parcel in order.parcels if parcel.waybill not in tracked]
    missing += [f"没有照片：售后 {each.number}" for each in card.aftersales if not each.photos]
    if not order.balanced:
        missing.append("金额对不上：货款 − 优惠 + 运费 ≠ 总额")
    return missing


def _receiver(receiver: Receiver) -> dict[str, str]:
    shown = mask_receiver(receiver)
    return {"name": shown.name, "phone": shown.phone, "place": place(receiver)}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
