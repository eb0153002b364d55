"""A small company with the real store, the real relay and a shop that witnesses every effect: for the approval tests."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml

from domain.approval import ApprovalPolicy
from domain.chat import Button, Card, ChatKind, ChatRef, Click, Message, MessageRef, Reply, Sender
from domain.clock import ManualClock
from domain.errors import DeskError, OutcomeUnknown, Rejected, Unavailable
from domain.order import Aftersale, AftersaleStage, Order, Receiver
from domain.people import Actor, May, Person, Role
from domain.policy import Policy
from domain.ports import AddressDecision, ChatAbilities, Receipt, RefundDecision
from domain.store import Approval, BoundChat
from domain.tokens import Signer
from handlers import addresses, approvals, exchanges, refunds
from handlers.deliver import Deliverer
from handlers.desk import Desk, Limits, Press, Question
from handlers.router import Router
from handlers.sync import apply
from scheduler.relay import Relay
from storage.keys import Keys
from storage.store import SqlStore, open_store
from tests.builders import NOW, NUMBER, SHOP

T = TypeVar("T")
P = TypeVar("P")
ROOT = Path(__file__).parents[2]
REFUNDS, ORDERS = "refunds-group", "orders-group"


_OUR_TURN = frozenset({AftersaleStage.WAIT_MERCHANT, AftersaleStage.WAIT_MERCHANT_RECEIVE})


class Shop:
    """A Douyin-like shop: the same key is one effect, a stale version is refused, and every effect is witnessed.

    `faults` are taken one a call: `unavailable` (nothing happened), `lost` (nothing happened, no answer), `lost_after`
    (it happened, no answer), or an exception to raise before anything happens.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.aftersales: dict[str, Aftersale] = {}
        self.orders_: dict[str, Order] = {}
        self.effects: list[tuple[str, str]] = []  # (what, number)
        self.keys: dict[str, Receipt] = {}
        self.calls = 0
        self.calling = ""
        self.agreed_return = False  # agreeing means: send it back first
        self.faults: list[Any] = []
        self.read_faults: list[Any] = []
        self.before_call: Callable[[], None] = lambda: None
        self.after_call: Callable[[], None] = lambda: None
        self.gullible = False  # does whatever it is told under a new key: a platform without a memory of its own

    async def order(self, number: str) -> Order | None:
        self._read()
        return self.orders_.get(number)

    async def aftersale(self, number: str, order_number: str) -> Aftersale | None:
        self._read()
        return self.aftersales.get(number)

    async def agree_refund(self, decision: RefundDecision) -> Receipt:
        goal = AftersaleStage.WAIT_BUYER_RETURN if self.agreed_return else AftersaleStage.REFUNDED
        return self._change(decision.key, "refund", decision.aftersale_number, lambda: self._step(decision, goal))

    async def refuse_refund(self, decision: RefundDecision) -> Receipt:
        return self._change(
            decision.key, "refuse", decision.aftersale_number, lambda: self._step(decision, AftersaleStage.REFUSED)
        )

    async def refusal_reasons(self, aftersale_number: str) -> tuple[tuple[str, str], ...]:
        return (("11", "商品已发出"), ("12", "凭证不足"), ("99", "其他"))

    async def answer_address_request(self, decision: AddressDecision) -> Receipt:
        def done() -> None:
            if decision.agree:
                self.move_to(decision.order_number, self.wished[decision.order_number])

        what = "address" if decision.agree else f"address-refused-{decision.refusal}"
        return self._change(decision.key, what, decision.order_number, done)

    wished: dict[str, Receiver] = {}  # noqa: RUF012  the platform knows what its buyer asked for

    def move_to(self, number: str, receiver: Receiver) -> None:
        before = self.orders_[number]
        self.orders_[number] = replace(before, receiver=receiver, updated_at=before.updated_at + timedelta(minutes=1))

    def _step(self, decision: RefundDecision, stage: AftersaleStage) -> None:
        now = self.aftersales[decision.aftersale_number]
        if not self.gullible and (now.stage not in _OUR_TURN or now.version != decision.version):
            raise Rejected("20309541", "售后状态已变更")
        if not self.gullible and decision.amount != now.amount:
            raise Rejected("50002", "金额不一致")
        self.aftersales[now.number] = replace(
            now, stage=stage, version=f"{now.version}+", updated_at=now.updated_at + timedelta(minutes=1)
        )

    def _change(self, key: str, what: str, number: str, effect: Callable[[], None]) -> Receipt:
        self.calls += 1
        self.calling = number
        self.before_call()
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, DeskError):
            raise fault
        if fault == "unavailable":
            raise Unavailable("the platform is away")
        if fault == "lost":
            raise OutcomeUnknown("sent, no answer")
        if key not in self.keys:
            effect()
            self.effects.append((what, number))
            self.keys[key] = Receipt(f"R{len(self.effects):04}", self.clock.now())
        self.after_call()
        if fault == "lost_after":
            raise OutcomeUnknown("sent, no answer")
        return self.keys[key]

    def _read(self) -> None:
        fault = self.read_faults.pop(0) if self.read_faults else None
        if isinstance(fault, DeskError):
            raise fault


class AgreeOnly:
    """A Pinduoduo-like shop: no refusal, no address answer."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def order(self, number: str) -> Order | None:
        return await self._shop.order(number)

    async def aftersale(self, number: str, order_number: str) -> Aftersale | None:
        return await self._shop.aftersale(number, order_number)

    async def agree_refund(self, decision: RefundDecision) -> Receipt:
        return await self._shop.agree_refund(decision)


class Channels:
    def __init__(self, connector: object) -> None:
        self.connector = connector

    def get(self, channel: str, shop: str, port: type[P]) -> P | None:
        return self.connector if isinstance(self.connector, port) else None

    def shops(self) -> list[tuple[str, str]]:
        return [("douyin", SHOP)]

    def name(self, channel: str, shop: str = "") -> str:
        return f"抖音{shop}"

    def carriers(self, port: type[P]) -> list[P]:
        return []

    def limits(self, channel: str) -> Limits:
        return Limits(timedelta(hours=24), timedelta(seconds=30))


@dataclass
class Sent:
    chat: ChatRef
    reply: Reply
    ref: MessageRef
    to_user: str = ""
    updates: int = 0


@dataclass
class Group:
    """A chat platform on paper: what each message shows now."""

    abilities: ChatAbilities = field(default=ChatAbilities(True, True, True, True, True, 20_000, 8, 1000))
    sent: list[Sent] = field(default_factory=list)
    keys: dict[str, MessageRef] = field(default_factory=dict)

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        if key in self.keys:
            return self.keys[key]
        ref = MessageRef(chat, f"msg-{len(self.sent) + 1}")
        self.keys[key] = ref
        self.sent.append(Sent(chat, reply, ref, to_user))
        return ref

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        for each in self.sent:
            if each.ref == ref:
                each.reply = reply
                each.updates += 1
        return ref


class Bench:
    """The desk with its people. `reopen` is a restart: same files, everything else new."""

    def __init__(
        self, path: Path, *, connector: str = "full", policy: str = "", read_only: bool = False, lang: str = "zh"
    ) -> None:
        self.path = path
        self.clock = ManualClock(NOW)
        self.keys = Keys([b"k" * 32], b"b" * 32)
        self.shop = Shop(self.clock)
        self.group = Group()
        text = policy or (ROOT / "config" / "approvals.yaml").read_text("utf-8")
        self.policy = ApprovalPolicy.parse(yaml.safe_load(text))
        roles = yaml.safe_load((ROOT / "config" / "roles.yaml").read_text("utf-8"))
        self.roles = {Role(role): frozenset(May(each) for each in may) for role, may in roles.items()}
        self.channels = Channels(self.shop if connector == "full" else AgreeOnly(self.shop))
        self.read_only = read_only
        self.lang = lang
        self.serial = itertools.count(1)
        self.opened = False
        self.reopen()
        self.people = {name: self._person(name, *who) for name, who in _STAFF.items()}
        for chat_id, topic in ((REFUNDS, "refunds"), (ORDERS, "orders")):
            chat = BoundChat("console", chat_id, "group", topic, frozenset({topic}))
            self.bind(chat)

    def reopen(self) -> None:
        if self.opened:
            self.store.close_now()
        self.opened = True
        self.store: SqlStore = open_store("", data_dir=self.path, keys=self.keys, clock=self.clock)
        self.desk = Desk(
            store=self.store,
            clock=self.clock,
            channels=self.channels,
            chats={"console": self.group},
            signer=Signer(b"a signing secret of some length"),
            policy=Policy(self.roles, approvals=self.policy),
            base_url="http://desk.test",
            read_only=self.read_only,
            lang=self.lang,
        )
        features = [approvals.FEATURE, refunds.FEATURE, addresses.FEATURE, exchanges.FEATURE]
        views = {name: view for each in features for name, view in each.views.items()}
        subjects = {name: view for each in features for name, view in each.subjects.items()}
        self.router = Router([*features, Deliverer(views, subjects).feature()])
        self.relay = Relay(self.desk, self.router, owner="test")

    def _person(self, name: str, roles: tuple[Role, ...], accounts: tuple[tuple[str, str], ...]) -> Person:
        return self.store.write_now(lambda u: u.people.save_person(Person(0, name, frozenset(roles), accounts=accounts)))

    def bind(self, chat: BoundChat) -> None:
        self.store.write_now(lambda u: u.people.bind_chat(chat))

    # --- the outside ---------------------------------------------------------------------------------------------------

    def arrive(self, *changes: Any) -> None:
        """The channel says so, and so does the platform when asked."""
        for change in changes:
            if isinstance(change, Order):
                self.shop.orders_[change.number] = change
            elif isinstance(change, Aftersale):
                self.shop.aftersales[change.number] = change
        now = self.clock.now()
        self.store.write_now(
            lambda u: apply(u, changes, now=now, surface="push", cause="test", desk=self.desk, router=self.router)
        )

    async def run(self, seconds: float = 0) -> None:
        """Let time pass and everything that is due happen."""
        if seconds:
            self.clock.move(timedelta(seconds=seconds))
        await self.relay.drain()

    async def settle(self, *, hours: float = 2, step: float = 20) -> None:
        """Let time pass in small steps until all is quiet or the hours are over."""
        for _ in range(int(hours * 3600 / step)):
            await self.run(step)
            depth = self.store.read_now(lambda r: r.outbox.depth())
            if not depth["waiting"] + depth["claimed"]:
                return

    # --- people --------------------------------------------------------------------------------------------------------

    def actor(self, name: str, chat_id: str = REFUNDS, *, platform: str = "console") -> Actor:
        person = self.store.read_now(lambda r: r.people.by_id(self.people[name].person_id))
        assert person is not None
        user = next(user for where, user in person.accounts if where == platform)
        return Actor(person, self.desk.policy.allowed(person.roles), platform, user, chat_id, direct=False)

    async def press(
        self, name: str, label: str, *, card: Reply | None = None, event: str = "", chat_id: str = REFUNDS, **values: str
    ) -> Reply:
        """Press a button of the newest card that shows it (or of `card`), as the platform would report it."""
        button = self.button(label, card=card)
        return await self.press_token(name, button.token, event=event, chat_id=chat_id, **values)

    async def press_token(self, name: str, token: str, *, event: str = "", chat_id: str = REFUNDS, **values: str) -> Reply:
        actor = self.actor(name, chat_id)
        opened = self.desk.signer.open(token)
        where = ChatRef("console", chat_id, ChatKind.GROUP)
        click = Click(where, Sender(actor.user_id), event or f"click-{next(self.serial)}", "", token, self.clock.now())
        need = self.router.actions[opened.action]
        if need.may is not None and need.may not in actor.may:
            return Reply("DENIED", private=True)
        reply: Reply = await need.run(Press(opened, click, values), actor, self.desk)
        return reply

    async def say(self, name: str, intent: str, text: str = "", **slots: Any) -> Reply:
        actor = self.actor(name, ORDERS)
        where = ChatRef("console", ORDERS, ChatKind.GROUP)
        message = Message(where, Sender(actor.user_id), f"m-{next(self.serial)}", text, self.clock.now())
        need = self.router.questions[intent]
        reply: Reply = await need.run(Question(intent, slots, text, message), actor, self.desk)
        return reply

    # --- looking -------------------------------------------------------------------------------------------------------

    def approval(self, number: str = "A1") -> Approval:
        found = self.store.read_now(lambda r: r.approvals.by_number(number))
        assert found is not None
        return found

    def cards(self, number: str = "A1") -> list[Reply]:
        """What every live card of an approval shows now."""
        return [each.reply for each in self.group.sent if each.reply.card and each.reply.card.number == number]

    def card(self, number: str = "A1") -> Card:
        """The newest live card of an approval as it looks now."""
        card = self.cards(number)[-1].card
        assert card is not None
        return card

    def order(self, number: str = NUMBER) -> Order:
        stored = self.store.read_now(lambda r: r.orders.get("douyin", SHOP, number))
        assert stored is not None
        return stored.order

    def button(self, label: str, *, card: Reply | None = None) -> Button:
        replies = [card] if card else [each.reply for each in reversed(self.group.sent)]
        for reply in replies:
            for button in (*(reply.card.buttons if reply.card else ()), *reply.choices):
                if button.label == label:
                    return button
        raise AssertionError(f"no button {label!r}")

    def close(self) -> None:
        self.store.close_now()


_STAFF: dict[str, tuple[tuple[Role, ...], tuple[tuple[str, str], ...]]] = {
    "张明": ((Role.SERVICE,), (("console", "zhang"), ("wecom", "ZhangMing"))),
    "小何": ((Role.SERVICE,), (("console", "he"),)),
    "李芳": ((Role.WAREHOUSE,), (("console", "li"),)),
    "周会计": ((Role.FINANCE,), (("console", "zhou"),)),
    "陈店长": ((Role.MANAGER,), (("console", "chen"),)),
    "采购陈": ((Role.PURCHASING,), (("console", "buyer-chen"),)),
}
