"""The platform's side of an approval: what it can do, doing it, and looking at what became of it. No transaction here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

from domain.approval import State, Verdict
from domain.errors import Rejected, Unavailable
from domain.fingerprint import material, receiver_key
from domain.order import Aftersale, AftersaleStage, Order, Receiver, Stage
from domain.ports import (
    AddressDecision,
    AnswersAddressRequests,
    DecidesRefunds,
    FetchesAftersale,
    FetchesOrder,
    ModifiesAddresses,
    Receipt,
    RefundDecision,
    RefusesRefunds,
)
from domain.store import Approval
from handlers.desk import Desk

# Stages in which the platform waits for us: the request itself, and the goods that came back.
OUR_TURN = frozenset({AftersaleStage.WAIT_MERCHANT, AftersaleStage.WAIT_MERCHANT_RECEIVE})
_PAID_BACK = frozenset({AftersaleStage.REFUNDING, AftersaleStage.REFUNDED})
_AGREED = _PAID_BACK | {AftersaleStage.WAIT_BUYER_RETURN, AftersaleStage.WAIT_MERCHANT_RECEIVE}
_TURNED_DOWN = frozenset({AftersaleStage.REFUSED, AftersaleStage.ARBITRATION})
_SHIPPED = frozenset({Stage.PART_SHIPPED, Stage.SHIPPED, Stage.DELIVERED, Stage.COMPLETED})
# The refusal a platform understands, by where the parcel is in our own words (config/approvals.yaml, refusals.address).
_ADDRESS_REFUSALS = (("拣货", "picking"), ("分配", "allocating"), ("出库", "outbound"), ("发货", "shipping"))


class Way(StrEnum):
    """How a decision becomes true."""

    CALL = "call"  # through the platform's API
    BY_HAND = "by_hand"  # only in its back office
    INTERCEPT = "intercept"  # the parcel has left: the carrier must be called
    NOTHING = "nothing"  # there is nothing to tell the platform


class Seen(StrEnum):
    """What a look at the platform says about our decision."""

    DONE = "done"
    NOT_DONE = "not_done"
    OTHERWISE = "otherwise"  # somebody else settled it differently
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Look:
    """The platform's present view. None where it was not asked or knows nothing; `could` says that it could be asked."""

    order: Order | None = None
    aftersale: Aftersale | None = None
    could: bool = False


def way(approval: Approval, verdict: Verdict, order: Order | None, desk: Desk) -> Way:
    """What the shop's connector offers for this decision."""
    if approval.kind == "address":
        return _address_way(approval, verdict, order, desk)
    if not approval.subject:
        # Without the buyer's after-sale no channel here pays money back through its API.
        return Way.BY_HAND if verdict == Verdict.AGREE else Way.NOTHING
    if (approval.facts or {}).get("aftersale") not in ("refund", "return"):
        return Way.BY_HAND
    if approval.kind == "received" and verdict == Verdict.REFUSE:
        # Goods that came back damaged are argued about with photos: no platform takes that through its API.
        return Way.BY_HAND
    port: type[DecidesRefunds | RefusesRefunds] = DecidesRefunds if verdict == Verdict.AGREE else RefusesRefunds
    return Way.CALL if desk.channels.get(approval.channel, approval.shop, port) else Way.BY_HAND


def _address_way(approval: Approval, verdict: Verdict, order: Order | None, desk: Desk) -> Way:
    asked_by_buyer = bool(approval.subject)
    answers = desk.channels.get(approval.channel, approval.shop, AnswersAddressRequests) if asked_by_buyer else None
    if verdict == Verdict.REFUSE:
        return (Way.CALL if answers else Way.BY_HAND) if asked_by_buyer else Way.NOTHING
    if order is not None and order.stage in _SHIPPED:
        return Way.INTERCEPT
    modifies = desk.channels.get(approval.channel, approval.shop, ModifiesAddresses)
    return Way.CALL if answers or (modifies and not asked_by_buyer) else Way.BY_HAND


def can_refuse(approval: Approval, desk: Desk) -> bool:
    """Whether a refusal reaches the platform by itself."""
    return way(approval, Verdict.REFUSE, None, desk) is not Way.BY_HAND


async def refusal_codes(approval: Approval, desk: Desk) -> tuple[tuple[str, str], ...]:
    """(code, words) that the platform accepts for this after-sale; empty where it takes none."""
    refuser = desk.channels.get(approval.channel, approval.shop, RefusesRefunds)
    if refuser is None or not approval.subject or approval.kind == "address":
        return ()
    return await refuser.refusal_reasons(approval.subject)


async def look(approval: Approval, desk: Desk) -> Look:
    """Ask the platform how things stand now. Raises Unavailable and its kin when it cannot be asked at the moment."""
    orders = desk.channels.get(approval.channel, approval.shop, FetchesOrder)
    aftersales = desk.channels.get(approval.channel, approval.shop, FetchesAftersale)
    if approval.subject and approval.kind != "address":
        if aftersales is None:
            return Look()
        seen = await aftersales.aftersale(approval.subject, approval.order_number)
        order = await orders.order(approval.order_number) if orders else None
        return Look(order, seen, could=True)
    if orders is None:
        return Look()
    return Look(await orders.order(approval.order_number), None, could=True)


def judge(approval: Approval, verdict: Verdict, found: Look) -> Seen:
    """Whether the platform shows what was decided."""
    if not found.could:
        return Seen.CANNOT_TELL
    if approval.kind == "address":
        return _judge_address(approval, verdict, found)
    if found.aftersale is None:
        return Seen.CANNOT_TELL
    stage = found.aftersale.stage
    if stage == opened_in(approval):
        return Seen.NOT_DONE
    agreed = _PAID_BACK if approval.kind == "received" else _AGREED
    wanted = agreed if verdict == Verdict.AGREE else _TURNED_DOWN
    return Seen.DONE if stage in wanted else Seen.OTHERWISE


def opened_in(approval: Approval) -> AftersaleStage:
    """The after-sale's stage that this approval answers."""
    kept = (approval.facts.get("material") or {}).get("aftersale_stage", AftersaleStage.WAIT_MERCHANT)
    return AftersaleStage(kept)


def _judge_address(approval: Approval, verdict: Verdict, found: Look) -> Seen:
    if verdict == Verdict.REFUSE or found.order is None:
        # A platform shows a refused request nowhere; saying no twice is one no.
        return Seen.CANNOT_TELL
    before = (approval.facts.get("material") or {}).get("receiver", "")
    now = receiver_key(found.order.receiver)
    if now == approval.facts.get("to_key"):
        return Seen.DONE
    if not before or now == before:
        return Seen.NOT_DONE
    # Another receiver than before: our doing when we had sent something (platforms mask what they took), else not.
    sent = approval.state in (State.EXECUTING, State.UNKNOWN) or bool(approval.facts.get("unknown_at"))
    return Seen.DONE if sent else Seen.OTHERWISE


def present(order: Order | None, aftersale: Aftersale | None) -> dict[str, str]:
    """The material facts of what the store and the platform know now."""
    return material(order, aftersale)


async def call(approval: Approval, verdict: Verdict, key: str, found: Look, desk: Desk) -> Receipt:
    """Tell the platform. The same `key` twice is one effect. Raises what the ports raise."""
    if approval.kind == "address":
        return await _call_address(approval, verdict, key, desk)
    version = found.aftersale.version if found.aftersale else str(approval.facts.get("version", ""))
    if verdict == Verdict.AGREE:
        decider = desk.channels.get(approval.channel, approval.shop, DecidesRefunds)
        if decider is None:
            raise Unavailable("the shop's connector cannot agree to refunds any more")
        decision = RefundDecision(approval.subject, approval.order_number, approval.amount, key, version)
        return await decider.agree_refund(decision)
    refuser = desk.channels.get(approval.channel, approval.shop, RefusesRefunds)
    if refuser is None:
        raise Unavailable("the shop's connector cannot refuse refunds any more")
    said = next((d.note for d in reversed(approval.decisions) if d.verdict == Verdict.REFUSE), "")
    code = closest(said, await refuser.refusal_reasons(approval.subject))
    decision = RefundDecision(approval.subject, approval.order_number, approval.amount, key, version, code, said)
    return await refuser.refuse_refund(decision)


def closest(said: str, codes: tuple[tuple[str, str], ...]) -> str:
    """The platform's code for our reason. Its own "other" when nothing is near; Rejected rather than a made-up reason."""
    if not codes:
        return said
    code, words = max(codes, key=lambda pair: fuzz.partial_ratio(said, pair[1]))
    if fuzz.partial_ratio(said, words) >= 60:
        return code
    other = next((code for code, words in codes if "其他" in words or "其它" in words), "")
    if other:
        return other
    raise Rejected("refusal-reason", "平台只收这些拒绝理由：" + "、".join(words for _, words in codes[:6]))


async def _call_address(approval: Approval, verdict: Verdict, key: str, desk: Desk) -> Receipt:
    agree = verdict == Verdict.AGREE
    if not approval.subject:
        modifier = desk.channels.get(approval.channel, approval.shop, ModifiesAddresses)
        if modifier is None:
            raise Unavailable("the shop's connector cannot change addresses any more")
        return await modifier.modify_address(AddressDecision(approval.order_number, key, receiver=new_receiver(approval)))
    answerer = desk.channels.get(approval.channel, approval.shop, AnswersAddressRequests)
    if answerer is None:
        raise Unavailable("the shop's connector cannot answer address requests any more")
    said = next((d.note for d in reversed(approval.decisions) if d.verdict == Verdict.REFUSE), "")
    refusal = "" if agree else next((code for word, code in _ADDRESS_REFUSALS if word in said), "in_warehouse")
    decision = AddressDecision(approval.order_number, key, agree, refusal, new_receiver(approval) if agree else None)
    return await answerer.answer_address_request(decision)


async def decline_shipped(approval: Approval, key: str, desk: Desk) -> None:
    """Tell the platform that the parcel has left, so that the buyer's request there does not hang."""
    answerer = desk.channels.get(approval.channel, approval.shop, AnswersAddressRequests)
    if answerer is not None and approval.subject:
        await answerer.answer_address_request(AddressDecision(approval.order_number, key, agree=False, refusal="shipping"))


def new_receiver(approval: Approval) -> Receiver | None:
    """The wished receiver in clear. Only for the call itself; never for a card."""
    kept = (approval.private or {}).get("receiver")
    return Receiver(**kept) if kept else None
