"""What of an order a decision rests on, and what has changed in it since the card was drawn. Pure.

Only facts that would change a sensible person's mind count: an order that moves from hold to to-ship, or from delivered to
completed, is the same order; a parcel that left is not. The receiver is kept as a short one-way digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.order import Aftersale, Order, Receiver, Stage

Material = Mapping[str, str]

_PHASE = {
    Stage.UNPAID: "unpaid",
    Stage.HOLD: "to_ship",
    Stage.TO_SHIP: "to_ship",
    Stage.PART_SHIPPED: "part_shipped",
    Stage.SHIPPED: "shipped",
    Stage.DELIVERED: "received",
    Stage.COMPLETED: "received",
    Stage.CLOSED_UNPAID: "closed",
    Stage.CLOSED_REFUNDED: "closed",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One material fact that moved. `name` is a key of `material`; values are as stored there."""

    name: str
    before: str
    after: str


def material(order: Order | None, aftersale: Aftersale | None = None) -> dict[str, str]:
    """The facts, each as short text, so that they can be stored, compared and shown. Money is `minor currency`."""
    facts: dict[str, str] = {}
    if order is not None:
        facts["phase"] = _PHASE[order.stage]
        for name in ("total", "paid", "refunded"):
            amount = getattr(order, name)
            facts[name] = f"{amount.minor} {amount.currency}"
        facts["receiver"] = receiver_key(order.receiver)
        facts["parcels"] = " ".join(sorted(parcel.waybill for parcel in order.parcels))
    if aftersale is not None:
        facts["aftersale_stage"] = aftersale.stage.value
        facts["aftersale_kind"] = aftersale.kind.value
        facts["aftersale_amount"] = f"{aftersale.amount.minor} {aftersale.amount.currency}"
        facts["aftersale_reason"] = hashlib.blake2b(aftersale.reason.encode(), digest_size=5).hexdigest()
        facts["aftersale_version"] = aftersale.version
    return facts


def with_carrier(seen: Order, stored: Order | None) -> Order:
    """The order as the platform shows it, plus the delivery that only the carrier has told of so far.

    Platforms call a parcel shipped for days after it was signed for; that lag is no change of the order.
    """
    if stored is None or stored.stage is not Stage.DELIVERED or seen.stage is not Stage.SHIPPED:
        return seen
    return replace(seen, stage=stored.stage)


def fingerprint(facts: Material) -> str:
    """The facts as one short comparable value."""
    text = json.dumps(dict(facts), sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def differences(before: Material, after: Material) -> tuple[Difference, ...]:
    """What moved, among the facts that both sides know: what could not be read this time has not changed by that."""
    return tuple(
        Difference(name, before[name], after[name]) for name in before if name in after and before[name] != after[name]
    )


def receiver_key(receiver: Receiver) -> str:
    """Equality of receivers without the receiver. The platform's own key first: ciphertexts differ on every read.

    Forty bits over name, phone and address together: enough to see a change, too few to try out phone numbers against.
    """
    if receiver.address_key:
        text = f"key|{receiver.address_key}"
    else:
        where = (receiver.province, receiver.city, receiver.district, receiver.town, receiver.detail)
        text = "|".join((receiver.name, receiver.phone, *where))
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
