"""A small company with the real store, the real relay and a group on paper: for the alert tests."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml

from config.rulebook import read_rules, rules_file
from domain.chat import Button, Card, ChatKind, ChatRef, Click, Message, MessageRef, Reply, Sender
from domain.clock import ManualClock
from domain.errors import Unavailable
from domain.people import Actor, May, Person, Role
from domain.policy import Policy
from domain.ports import ChatAbilities
from domain.rules import LiveRules, RuleBook
from domain.store import Alert, BoundChat, Cost, Stock, StockMove, StoredOrder
from domain.tokens import Signer
from handlers import alerts, rules, stock_ledger
from handlers.deliver import Deliverer
from handlers.desk import Desk, Limits, Press, Question
from handlers.router import Router
from handlers.stock_ledger import stock_changed
from handlers.sync import apply
from scheduler.relay import Relay
from storage import Keys, SqlStore, open_store
from tests.builders import NOW, NUMBER, SHOP, money

P = TypeVar("P")
KEYS = Keys.parse(";".join(("ab" * 32, "cd" * 32)))
TOPICS = ("stock", "orders", "logistics", "margin", "tech")
STAFF: dict[str, tuple[Role, frozenset[str]]] = {
    "张明": (Role.SERVICE, frozenset()),
    "李芳": (Role.WAREHOUSE, frozenset({"杭州仓"})),
    "苏强": (Role.WAREHOUSE, frozenset({"苏州仓"})),
    "采购陈": (Role.PURCHASING, frozenset()),
    "运营林": (Role.OPERATIONS, frozenset()),
    "陈店长": (Role.MANAGER, frozenset()),
    "管理员": (Role.ADMIN, frozenset()),
}


class Channels:
    """One Douyin shop and one Pinduoduo shop, as far as names go."""

    def get(self, channel: str, shop: str, port: type[P]) -> P | None:
        return None

    def shops(self) -> list[tuple[str, str]]:
        return [("douyin", SHOP)]

    def name(self, channel: str, shop: str = "") -> str:
        return {"douyin": "抖音", "pinduoduo": "拼多多"}.get(channel, channel) + shop

    def carriers(self, port: type[P]) -> list[P]:
        return []

    def limits(self, channel: str) -> Limits:
        return Limits(timedelta(hours=24), timedelta(seconds=30))


@dataclass
class Sent:
    at: Any
    chat: ChatRef
    reply: Reply
    ref: MessageRef
    mention: tuple[str, ...]
    updates: int = 0


@dataclass
class Group:
    """A platform that refuses more than `per_minute` messages a conversation, like the real ones."""

    clock: ManualClock
    abilities: ChatAbilities = field(default=ChatAbilities(True, True, True, True, True, 20_000, 8, 20))
    sent: list[Sent] = field(default_factory=list)
    keys: dict[str, MessageRef] = field(default_factory=dict)
    down: bool = False
    refused: int = 0
    _recent: dict[str, deque[Any]] = field(default_factory=dict)

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        if self.down:
            raise Unavailable("the group is away")
        now = self.clock.now()
        recent = self._recent.setdefault(chat.chat_id, deque())
        while recent and recent[0] <= now - timedelta(minutes=1):
            recent.popleft()
        if len(recent) >= self.abilities.per_minute:
            self.refused += 1
            raise Unavailable("130101", retry_after=60)
        recent.append(now)
        # A platform does not know our keys: whatever is sent twice is seen twice.
        ref = MessageRef(chat, f"msg-{len(self.sent) + 1}")
        self.sent.append(Sent(now, chat, reply, ref, reply.mention))
        return ref

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        if self.down:
            raise Unavailable("the group is away")
        for each in self.sent:
            if each.ref == ref:
                each.reply, each.updates = reply, each.updates + 1
        return ref


class Bench:
    """The desk with its people. `reopen` is a restart: same files, everything else new."""

    def __init__(self, path: Path, *, url: str = "", topics: Sequence[str] = TOPICS) -> None:
        self.path = path
        self.clock = ManualClock(NOW)
        self.group = Group(self.clock)
        self.url = url
        self.book = RuleBook.parse(read_rules(rules_file().read_text("utf-8")))
        roles = yaml.safe_load((rules_file().parent / "roles.yaml").read_text("utf-8"))
        self.roles = {Role(role): frozenset(May(each) for each in may) for role, may in roles.items()}
        self.serial = itertools.count(1)
        self.store: SqlStore | None = None
        self.reopen()
        self.people = {name: self._person(name, role, places) for name, (role, places) in STAFF.items()}
        for topic in topics:
            self.bind(BoundChat("console", f"{topic}-group", "group", topic, frozenset({topic})))

    def reopen(self) -> None:
        if self.store is not None:
            self.store.close_now()
        self.store = open_store(self.url, data_dir=self.path, keys=KEYS, clock=self.clock)
        self.desk = Desk(
            store=self.store,
            clock=self.clock,
            channels=Channels(),
            chats={"console": self.group},
            signer=Signer(b"a signing secret of some length"),
            policy=Policy(self.roles, rules=LiveRules(self.book)),
            base_url="http://desk.test",
        )
        features = [stock_ledger.FEATURE, alerts.FEATURE, rules.FEATURE]
        views = {name: view for each in features for name, view in each.views.items()}
        subjects = {name: view for each in features for name, view in each.subjects.items()}
        self.router = Router([*features, Deliverer(views, subjects).feature()])
        self.relay = Relay(self.desk, self.router, owner="test")

    def close(self) -> None:
        self.db.close_now()

    @property
    def db(self) -> SqlStore:
        assert self.store is not None
        return self.store

    def _person(self, name: str, role: Role, places: frozenset[str]) -> Person:
        person = Person(0, name, frozenset({role}), warehouses=places, accounts=(("console", f"u-{name}"),))
        return self.db.write_now(lambda u: u.people.save_person(person))

    def bind(self, chat: BoundChat) -> None:
        self.db.write_now(lambda u: u.people.bind_chat(chat))

    # --- the outside --------------------------------------------------------------------------------------------------

    def arrive(self, *changes: Any) -> int:
        now = self.clock.now()
        return self.db.write_now(
            lambda u: apply(u, changes, now=now, surface="push", cause="test", desk=self.desk, router=self.router)
        )

    def stock(
        self, sku: str = "SKU-1", warehouse: str = "杭州仓", *, on_hand: int = 60, safety: int = 40, title: str = ""
    ) -> None:
        now, level = self.clock.now(), Stock(sku, warehouse, 0, 0, 0, safety, 0, title or "沙发套-灰")
        move = StockMove(sku, warehouse, "receive", on_hand, f"opening|{sku}|{warehouse}", now)

        def work(u: Any) -> None:
            u.stock.define(level)
            u.stock.move([move])

        self.db.write_now(work)

    def move(self, kind: str, quantity: int, sku: str = "SKU-1", warehouse: str = "杭州仓") -> None:
        """A move that somebody else made (a receipt, a count), announced as every mover must."""
        now, key = self.clock.now(), f"test|{next(self.serial)}"

        def work(u: Any) -> None:
            before = u.stock.level(sku, warehouse)
            u.stock.move([StockMove(sku, warehouse, kind, quantity, key, now)])
            stock_changed(u, before, u.stock.level(sku, warehouse), now, self.desk)

        self.db.write_now(work)

    def cost(self, sku: str, minor: int, *, fee_bp: int = 0) -> None:
        since = NOW - timedelta(days=300)
        self.db.write_now(lambda u: u.costs.put([Cost(sku, "", since, money(minor), fee_bp)]))

    async def run(self, *, seconds: float = 0, step: float = 0) -> None:
        """Let time pass (in steps when given) and everything that is due happen."""
        left = seconds
        while left > 0 and step:
            self.clock.move(timedelta(seconds=min(step, left)))
            left -= step
            await self.relay.drain(limit=100_000)
        if not step:
            self.clock.move(timedelta(seconds=seconds))
        await self.relay.drain(limit=100_000)

    # --- people -------------------------------------------------------------------------------------------------------

    def actor(self, name: str) -> Actor:
        person = self.db.read_now(lambda r: r.people.by_id(self.people[name].person_id))
        assert person is not None
        return Actor(person, self.desk.policy.allowed(person.roles), "console", f"u-{name}", "stock-group", direct=False)

    async def press(self, name: str, label: str, *, number: str = "", **values: str) -> Reply:
        """Press a button on the newest card (of an alert, when named), as the platform would report it."""
        return await self.press_button(name, self.button(label, number), **values)

    async def press_button(self, name: str, button: Button, **values: str) -> Reply:
        actor = self.actor(name)
        token = self.desk.signer.open(button.token)
        where = ChatRef("console", "stock-group", ChatKind.GROUP)
        click = Click(where, Sender(actor.user_id), f"click-{next(self.serial)}", "", button.token, self.clock.now())
        need = self.router.actions[token.action]
        if need.may is not None and need.may not in actor.may:
            return Reply("DENIED", private=True)
        reply: Reply = await need.run(Press(token, click, values), actor, self.desk)
        return reply

    async def say(self, name: str, intent: str, text: str, **slots: Any) -> Reply:
        actor = self.actor(name)
        where = ChatRef("console", "stock-group", ChatKind.GROUP)
        message = Message(where, Sender(actor.user_id), f"m-{next(self.serial)}", text, self.clock.now())
        reply: Reply = await self.router.questions[intent].run(Question(intent, slots, text, message), actor, self.desk)
        return reply

    # --- looking ------------------------------------------------------------------------------------------------------

    def button(self, label: str, number: str = "") -> Button:
        for card in reversed(self.cards(number)):
            for button in card.buttons:
                if button.label == label:
                    return button
        raise AssertionError(f"no button {label} on {number or 'any card'}")

    def cards(self, number: str = "") -> list[Card]:
        found = [each.reply.card for each in self.group.sent if each.reply.card is not None]
        return [card for card in found if not number or card.number == number]

    def card(self, number: str = "") -> Card:
        return self.cards(number)[-1]

    def texts(self, chat_id: str = "") -> list[str]:
        return [each.reply.text for each in self.group.sent if not chat_id or each.chat.chat_id == chat_id]

    def alert(self, number: str) -> Alert:
        found = self.db.read_now(lambda r: r.alerts.by_number(number))
        assert found is not None
        return found

    def alerts(self, rule: str = "") -> list[Alert]:
        names = [rule] if rule else [each.name for each in self.book.rules]
        since = NOW - timedelta(days=90)
        return self.db.read_now(lambda r: [alert for name in names for alert in r.alerts.history(name, since)])

    def stored(self, number: str = NUMBER) -> StoredOrder:
        return self.db.read_now(lambda r: r.orders.find(number))[0]

    def level(self, sku: str = "SKU-1", warehouse: str = "杭州仓") -> Stock:
        found = self.db.read_now(lambda r: r.stock.level(sku, warehouse))
        assert found is not None
        return found
