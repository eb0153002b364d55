"""A desk for question tests: the real store on SQLite, three connected shops, six people, a clock that stands still."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from domain.chat import Button, ChatKind, ChatRef, Click, Message, Reply, Sender
from domain.clock import ManualClock
from domain.order import Aftersale, Order, Track
from domain.people import Actor, May, Person, Role
from domain.policy import Policy
from domain.store import OrderCard, StoredOrder
from domain.tokens import Signer
from domain.understand import Plan, understand
from handlers import lane_history
from handlers.desk import Desk, Feature, Limits, Press, Question
from storage import Keys, SqlStore, open_store
from tests.builders import NOW, SHOP, bound_chat

P = TypeVar("P")
NAMES = {"douyin": "抖音", "pinduoduo": "拼多多"}
ROLES = {
    Role.SERVICE: frozenset({May.ASK_ORDERS, May.ASK_STOCK, May.REQUEST_CHANGE, May.APPROVE_SERVICE, May.SEE_PERSONAL}),
    Role.WAREHOUSE: frozenset({May.ASK_ORDERS, May.ASK_STOCK, May.APPROVE_WAREHOUSE, May.HANDLE_ALERT}),
    Role.FINANCE: frozenset({May.ASK_ORDERS, May.ASK_MONEY, May.APPROVE_FINANCE}),
    Role.MANAGER: frozenset(May),
    Role.PURCHASING: frozenset({May.ASK_STOCK}),
}


@dataclass
class Shops:
    """The connected shops of the tests."""

    connected: list[tuple[str, str]] = field(
        default_factory=lambda: [("douyin", SHOP), ("pinduoduo", "优选店"), ("douyin", "华南店")]
    )

    def get(self, channel: str, shop: str, port: type[P]) -> P | None:
        return None

    def shops(self) -> list[tuple[str, str]]:
        return self.connected

    def name(self, channel: str, shop: str = "") -> str:
        return NAMES.get(channel, channel) + shop

    def carriers(self, port: type[P]) -> list[P]:
        return []

    def limits(self, channel: str) -> Limits:
        return Limits(timedelta(hours=24), timedelta(seconds=30))


class AskDesk:
    """What a test drives: put things in, ask as somebody, press what was offered."""

    def __init__(self, folder: Path, *, lang: str = "zh") -> None:
        self.clock = ManualClock(NOW)
        keys = Keys.parse(f"{secrets.token_hex(32)};{secrets.token_hex(32)}")
        self.store: SqlStore = open_store("", data_dir=folder, keys=keys, clock=self.clock)
        self.desk = Desk(
            store=self.store,
            clock=self.clock,
            channels=Shops(),
            chats={},
            signer=Signer(b"a signing secret for tests"),
            policy=Policy(roles=ROLES),
            base_url="https://desk.example",
            lang=lang,
        )
        self.people: dict[str, Person] = {}
        self.person("张明", Role.SERVICE)
        self.person("李芳", Role.WAREHOUSE, warehouses=frozenset({"杭州仓"}))
        self.person("陈店长", Role.MANAGER)
        self.store.write_now(lambda u: u.people.bind_chat(bound_chat("wh", "logistics", title="仓库群")))
        self.fresh()

    def person(self, name: str, *roles: Role, **more: Any) -> Person:
        who = Person(0, name, frozenset(roles), accounts=(("console", f"u-{name}"),), **more)
        saved = self.store.write_now(lambda u: u.people.save_person(who))
        self.people[name] = saved
        return saved

    def fresh(self, *, age: timedelta = timedelta(minutes=5)) -> None:
        """Every connected shop synced `age` ago."""
        at = self.clock.now() - age
        for channel, shop in self.desk.channels.shops():
            self.store.write_now(lambda u, source=f"{channel}/{shop}": u.cursors.succeeded(source, at))  # type: ignore[misc]

    def put(self, *things: Order | Aftersale | Track) -> None:
        """As the sync would: orders, after-sales, tracks."""
        now = self.clock.now()
        for thing in things:
            match thing:
                case Order():
                    self.store.write_now(lambda u, t=thing: u.orders.upsert_many([t], seen_at=now, surface="channel"))  # type: ignore[misc]
                case Aftersale():
                    self.store.write_now(lambda u, t=thing: u.orders.upsert_aftersale(t, seen_at=now))  # type: ignore[misc]
                case Track():
                    self.store.write_now(lambda u, t=thing: self._track(u, t))  # type: ignore[misc]

    def _track(self, uow: Any, track: Track) -> None:
        _, changed, ids = uow.orders.upsert_track(track)
        if changed:
            lane_history.on_track(uow, track, ids, self.clock.now(), self.desk)

    def stored(self, number: str) -> StoredOrder:
        return self.store.read_now(lambda r: r.orders.find(number))[0]

    def card(self, number: str) -> OrderCard:
        return self.store.read_now(lambda r: r.orders.card_by_number(number))[0]

    def actor(self, name: str = "张明", *, direct: bool = False, chat_id: str = "g1") -> Actor:
        person = self.people[name]
        may = self.desk.policy.allowed(person.roles)
        return Actor(person, may, "console", f"u-{name}", chat_id, direct, self.desk.lang)

    def chat(self, *, direct: bool = False) -> ChatRef:
        return ChatRef("console", "g1", ChatKind.DIRECT if direct else ChatKind.GROUP)

    async def ask(
        self, feature: Feature, intent: str, text: str = "", *, who: str = "张明", direct: bool = False, **slots: Any
    ) -> Reply:
        """Ask with slots as a command would fill them."""
        message = Message(self.chat(direct=direct), Sender(f"u-{who}", who), f"m-{text}", text, self.clock.now())
        shown = text or " ".join(str(value) for value in slots.values())
        question = Question(intent, slots, shown, message)
        reply: Reply = await feature.questions[intent].run(question, self.actor(who, direct=direct), self.desk)
        return reply

    async def say(self, feature: Feature, text: str, *, who: str = "张明", direct: bool = False) -> Reply:
        """Ask in words, through the parser."""
        return await self.plan(feature, understand(text, now=self.clock.now()), text, who=who, direct=direct)

    async def plan(self, feature: Feature, plan: Plan, text: str = "", *, who: str = "张明", direct: bool = False) -> Reply:
        """Ask with a plan, as a button or a model would make it."""
        message = Message(self.chat(direct=direct), Sender(f"u-{who}", who), f"m-{text}", text, self.clock.now())
        question = Question(plan.intent.value, {}, text, message, plan.confidence, plan)
        need = feature.questions[plan.intent.value]
        reply: Reply = await need.run(question, self.actor(who, direct=direct), self.desk)
        return reply

    async def press(
        self, feature: Feature, button: Button, *, who: str = "张明", direct: bool = False, **values: str
    ) -> Reply | None:
        token = self.desk.signer.open(button.token)
        click = Click(self.chat(direct=direct), Sender(f"u-{who}", who), secrets.token_hex(4), "c1", button.token, NOW)
        reply: Reply | None = await feature.actions[token.action].run(
            Press(token, click, values), self.actor(who, direct=direct), self.desk
        )
        return reply

    def outgoing(self) -> list[Any]:
        """What waits to be sent, claimed as the relay would."""
        return self.store.write_now(lambda u: u.outbox.claim(self.clock.now(), owner="test", lease_seconds=60))

    def close(self) -> None:
        self.store.close_now()


def button(reply: Reply, label: str) -> Button:
    """The button with this label, wherever it is."""
    offered: Sequence[Button] = (*(reply.card.buttons if reply.card else ()), *reply.choices)
    return next(each for each in offered if label in each.label)


def labels(reply: Reply) -> list[str]:
    return [each.label for each in (*(reply.card.buttons if reply.card else ()), *reply.choices)]
