"""What a person talked about in a chat during the last minutes: the last message, and the threads that it did not end. Pure.

The store keeps one state per person and chat. `plan` and `text` are the last message as it was understood. Before it may
stand older threads (`earlier`, newest first, each with the moment until which it is remembered): a thank-you, a joke, a
question of stock or a figure in between does not make 它的物流 or 昨天呢 meaningless. One thread of each kind is kept:
orders, figures, goods, lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.clock import millis
from domain.errors import BadInput
from domain.understand.plan import NO_ORDER, Intent, Plan, from_json, to_json

_KEPT = 3  # threads beside the last message
# Said in between: they are no thread of their own and end none.
_ASIDE = frozenset({Intent.SMALLTALK, Intent.OUT_OF_SCOPE, Intent.HELP, Intent.RULES, Intent.EXPAND, Intent.CREATE_ORDER})
_APPROVAL = "approvals"  # never carried on: a bare yes decides only what the very last message was about
_KINDS = {Intent.KPI: "figures", Intent.STOCK: "goods", Intent.TODO: "lists"}
DROPPED = "dropped"  # in `Plan.extra`: what was asked back is not wanted any more


def aside(plan: Plan, *, unsure: bool = False) -> bool:
    """Whether a message neither begins nor goes on with a thread. `unsure`: it was answered with "did you mean"."""
    return plan.note != NO_ORDER and (unsure or plan.intent in _ASIDE)


def kind(plan: Plan) -> str:
    """Threads of one kind replace each other."""
    return _APPROVAL if plan.slots.approval_id is not None else _KINDS.get(plan.intent, "orders")


def state_of(
    plan: Plan, before: Mapping[str, Any] | None, now: datetime, until: datetime, *, unsure: bool = False
) -> dict[str, Any]:
    """What to keep after `plan`, the text of its message still to be put beside; `before` is what was kept until now."""
    beside = aside(plan, unsure=unsure)
    own = kind(plan)
    earlier = [each for each in _threads(before, now) if each["kind"] != _APPROVAL and (beside or each["kind"] != own)]
    if DROPPED in plan.extra:
        earlier = [each for each in earlier if each["kind"] != "orders"]
    state = {"plan": to_json(plan), "until": millis(until), "earlier": earlier[:_KEPT]}
    return state | {"aside": True} if beside else state | {"kind": own}


def contexts(state: Mapping[str, Any] | None, now: datetime) -> tuple[str, ...]:
    """The plans that the next message may go on with, as JSON, newest first."""
    return tuple(each["plan"] for each in _threads(state, now))


def opened(state: Mapping[str, Any] | None, now: datetime) -> tuple[Plan | None, tuple[str, ...]]:
    """(the plan that the next message most likely goes on with, older ones as JSON). Another version's are forgotten."""
    texts = contexts(state, now)
    for place, text in enumerate(texts):
        try:
            return from_json(text), texts[place + 1 :]
        except BadInput:
            continue
    return None, ()


def of_orders(state: Mapping[str, Any] | None, now: datetime) -> Plan | None:
    """The newest plan about orders. Raises BadInput when it was written by another version."""
    found = next((each for each in _threads(state, now) if each["kind"] == "orders"), None)
    return None if found is None else from_json(found["plan"])


def _threads(state: Mapping[str, Any] | None, now: datetime) -> list[dict[str, Any]]:
    """The threads that stand at `now`. A state of an older version is its plan alone."""
    if not state or "plan" not in state:
        return []
    found = list(state.get("earlier", ()))
    if not state.get("aside"):
        try:
            shown = state.get("kind") or kind(from_json(state["plan"]))
        except BadInput:
            return found
        found.insert(0, {"plan": state["plan"], "until": state.get("until"), "kind": shown})
    moment = millis(now)
    return [each for each in found if each["until"] is None or each["until"] > moment]
