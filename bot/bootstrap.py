"""The only place that builds objects: settings to store, connectors, desk, router, workers."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import gc
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from starlette.routing import BaseRoute

from bot.connections import Connections, connect, connect_chats
from bot.directory import directory_rules, settle
from bot.dispatch import Dispatcher
from bot.live_rules import keep_rules
from bot.metrics import ACCEPTED
from bot.paces import StoredPace
from bot.second_reader import second_reader
from bot.sight import Sight
from bot.tokens import StoredTokens
from bot.wire import pack, pack_event
from bot.worker import InboxWorker
from config.rulebook import read_rules
from config.settings import Secrets, Settings, secrets_of
from domain.approval_policy import ApprovalPolicy
from domain.chat import Incoming
from domain.clock import Clock, SystemClock
from domain.people import May, Role
from domain.policy import Policy
from domain.ports import Chat, DirectorySync, PushEvent, ReceivesPushes, SharesPace
from domain.roster import RosterEvent
from domain.rules import LiveRules, RuleBook
from domain.store import InboxItem, Store
from domain.tokens import Signer
from handlers import (
    addresses,
    alerts,
    approval_typed,
    approvals,
    basics,
    customers,
    documents,
    exchanges,
    gap,
    kpi,
    learning,
    orders,
    people,
    people_groups,
    refunds,
    rules,
    stock,
    stock_ledger,
    suggestions,
    todo,
    tracks,
)
from handlers.deliver import Deliverer
from handlers.desk import Desk
from handlers.router import Router
from integrations._kit.guard import inside_unit_of_work
from integrations.pictures import Eyes
from scheduler.clock import Bells
from scheduler.holdings import Holdings
from scheduler.relay import Relay
from scheduler.streams import keep_chats, keep_streams
from scheduler.timetable import timetable
from storage import Keys, SqlStore, holders, open_store

_SWITCH_SECONDS = 0.0005
CONFIG = Path(__file__).parent.parent / "config"
FEATURES = (
    basics.FEATURE,
    orders.FEATURE,
    customers.FEATURE,
    stock.FEATURE,
    todo.FEATURE,
    kpi.FEATURE,
    documents.FEATURE,
    approvals.FEATURE,
    approval_typed.FEATURE,
    refunds.FEATURE,
    addresses.FEATURE,
    stock_ledger.FEATURE,
    alerts.FEATURE,
    rules.FEATURE,
    learning.FEATURE,
    tracks.FEATURE,
    people.FEATURE,
    people_groups.FEATURE,
    exchanges.FEATURE,
    suggestions.FEATURE,
    gap.FEATURE,
)


@dataclass(slots=True)
class House:
    """Everything that runs in one process."""

    settings: Settings
    desk: Desk
    router: Router
    dispatcher: Dispatcher
    worker: InboxWorker
    relay: Relay
    connections: Connections
    page_routes: list[BaseRoute] = field(default_factory=list)
    pull_every: timedelta = timedelta(minutes=10)
    owner: str = ""
    holdings: Holdings = field(default_factory=Holdings)
    probe_model_every: timedelta = timedelta(hours=6)
    companions: list[Callable[[], contextlib.AbstractAsyncContextManager[None]]] = field(default_factory=list)
    """Entered for as long as the house runs: what a mounted application needs beside its routes."""

    def push_receiver(self, name: str, shop: str) -> ReceivesPushes | None:
        return self.connections.receiver(name, shop)

    async def accept_pushes(self, name: str, shop: str, events: Sequence[PushEvent]) -> None:
        """Durably store a channel's events; returns once they are on disk. Events of one order are handled in order."""
        now = self.desk.clock.now()
        source = f"{name}/{shop}"
        rows = [
            (
                source,
                "push",
                event.dedupe,
                f"{source}:{event.order_number or event.dedupe}",
                {"connector": name, "shop": shop, "event": dataclasses.asdict(event)},
                now,
            )
            for event in events
        ]
        ACCEPTED.labels(name).inc(await self.desk.store.inbox.accept(rows))
        self.worker.wake()

    async def accept_chat(self, platform: str, incoming: Sequence[Incoming]) -> None:
        """Durably store messages and clicks that came over a kept connection; returns once they are on disk."""
        now = self.desk.clock.now()
        rows = [(platform, *pack(each), now) for each in incoming]
        if len(rows) == 1 and self.worker.at_hand(platform):
            # One alone is begun by whoever accepted it: no claim, nothing read back, no poll.
            _, kind, _, lane, payload, _ = rows[0]
            new, ours = await self.desk.store.inbox.take_in(rows[0])
            ACCEPTED.labels(platform).inc(new)
            if ours:
                self.worker.begin(InboxItem(ours, platform, kind, lane, payload, now, 1), incoming[0])
            return
        ACCEPTED.labels(platform).inc(await self.desk.store.inbox.accept(rows))
        self.worker.wake()

    async def accept_people(self, platform: str, events: Sequence[RosterEvent]) -> None:
        """Durably store what a directory tells; returns once it is on disk. What concerns one person is handled in order."""
        now = self.desk.clock.now()
        rows = [(f"{platform}/people", *pack_event(each), now) for each in events]
        ACCEPTED.labels(platform).inc(await self.desk.store.inbox.accept(rows))
        self.worker.wake()

    def hear_of_people(self) -> None:
        """What directories push over kept connections goes to the inbox from now on."""
        for name, chat in self.desk.chats.items():
            if isinstance(chat, DirectorySync):
                chat.on_people = functools.partial(self.accept_people, name)

    @contextlib.asynccontextmanager
    async def running(self, *, background: bool = True) -> AsyncIterator[None]:
        """Start the workers, and leave nothing behind when it ends."""
        # What stands now lives as long as the process: the collector need not walk it again at every pass, which is where
        # the slowest answers of an otherwise idle server came from.
        gc.collect()
        gc.freeze()
        # Threads hand the interpreter over after half a millisecond instead of five: whoever answers waits for no commit's
        # thread, and no commit's thread for whoever answers.
        sys.setswitchinterval(_SWITCH_SECONDS)
        tasks: list[asyncio.Task[None]] = []
        bells = None
        if background:
            tasks = [asyncio.create_task(self.worker.run()), asyncio.create_task(self.relay.run())]
            from bot.rule_files import RuleFiles
            from bot.rule_files import load as load_rules

            files = RuleFiles(self.settings.data_dir)
            tasks.append(asyncio.create_task(keep_rules(self.desk, files.stamp, lambda: load_rules(files.active))))
            self.hear_of_people()
            jobs = timetable(self.desk, self.router, pull_every=self.pull_every)
            tasks.append(asyncio.create_task(keep_streams(self.desk, self.accept_pushes, owner=self.owner)))
            chats = keep_chats(self.desk, self.accept_chat, owner=self.owner, holdings=self.holdings)
            tasks.append(asyncio.create_task(chats))
            bells = Bells(jobs, self.desk.store.leases, owner=self.owner)
            bells.start()
        if self.dispatcher.second is not None:
            tasks.append(asyncio.create_task(self.dispatcher.second.keep(every=self.probe_model_every)))
        try:
            async with contextlib.AsyncExitStack() as stack:
                for companion in self.companions:
                    await stack.enter_async_context(companion())
                yield
        finally:
            if bells is not None:
                await bells.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        await self.connections.aclose()
        await self.worker.aclose()
        leave = getattr(self.dispatcher.second.model, "aclose", None) if self.dispatcher.second is not None else None
        if leave is not None:
            await leave()
        for chat in self.desk.chats.values():
            close = getattr(chat, "aclose", None)
            if close is not None:
                await close()
            elif (shut := getattr(chat, "close", None)) is not None:
                shut()  # a room in a file of its own
        await self.desk.store.close()
        holders.leave(self.owner)


@contextlib.contextmanager
def no_network() -> Any:
    """Held around every unit of work: a connector that tries to send meanwhile fails loudly."""
    token = inside_unit_of_work.set(True)
    try:
        yield
    finally:
        inside_unit_of_work.reset(token)


def open_storage(settings: Settings, clock: Clock) -> tuple[SqlStore, Secrets, Keys]:
    """The store alone: what most commands need."""
    kept = secrets_of(settings, lambda: Keys.generate().text())
    keys = Keys.parse(kept.keys)
    store = open_store(settings.database_url, data_dir=settings.data_dir, keys=keys, clock=clock, guard=no_network)
    return store, kept, keys


def _yaml(text: str) -> Any:
    """As `yaml.safe_load`, by the parser in C where there is one: a tenth of the time."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  safe, both of them


def load_policy(data_dir: Path | None = None) -> Policy:
    """The operations person's YAML: `data_dir/<name>.yaml` wins over the one that ships."""

    def read(name: str, load: Callable[[str], Any] = _yaml) -> Any:
        own = data_dir / f"{name}.yaml" if data_dir else None
        path = own if own and own.exists() else CONFIG / f"{name}.yaml"
        return load(path.read_text("utf-8"))

    roles = {Role(role): frozenset(May(may) for may in allowed) for role, allowed in read("roles").items()}
    return Policy(
        roles=roles,
        approvals=ApprovalPolicy.parse(read("approvals")),
        rules=LiveRules(functools.partial(RuleBook.parse, read("rules", read_rules))),
    )


def open_house(
    settings: Settings,
    *,
    clock: Clock | None = None,
    connections: Connections | None = None,
    chats: Mapping[str, Chat] | None = None,
    policy: Policy | None = None,
    store: Store | None = None,
) -> House:
    """Build everything from settings. Tests and the demo hand in their own clock, connections, chats or open store."""
    clock = clock or SystemClock()
    if store is None:
        store, kept, keys = open_storage(settings, clock)
    else:
        kept = secrets_of(settings, lambda: Keys.generate().text())
        keys = Keys.parse(kept.keys)
    signer = Signer(*(secret.strip().encode() for secret in kept.signing_keys.split(",")))
    tokens = StoredTokens(store, keys)
    if connections is None:
        connections = connect(settings.connectors(), clock=clock, tokens=tokens)
        settle(store, settings.connectors(), clock=clock)
    if chats is None:
        made = connect_chats(settings.connectors(), clock=clock, tokens=tokens)
        if settings.console != "off":
            # Imported here: most installations talk in WeCom or DingTalk only.
            from bot.work_group import PLATFORM, open_work_group

            made[PLATFORM] = open_work_group(settings, store, signer=signer, clock=clock)
        chats = made
    desk = Desk(
        store=store,
        clock=clock,
        channels=connections,
        chats=chats,
        signer=signer,
        policy=policy or load_policy(settings.data_dir),
        base_url=settings.base_url.rstrip("/"),
        lang=settings.lang,
        read_only=settings.read_only,
        directory=directory_rules(settings.connectors()),
    )
    base = Router(FEATURES)
    holdings, pace = Holdings(), StoredPace(store, clock)
    for chat in chats.values():
        if isinstance(chat, SharesPace):
            chat.share(pace)
    deliverer = Deliverer(base.views, base.subjects, pace=pace, elsewhere=holdings.elsewhere)
    router = Router((*FEATURES, deliverer.feature()))
    second = second_reader(settings, desk)
    dispatcher = Dispatcher(desk, router, second=second[0] if second is not None else None)
    owner = holders.enter()
    worker = InboxWorker(
        desk, router, dispatcher, sight=Sight(store, chats, Eyes(), lang=settings.lang), elsewhere=holdings.elsewhere
    )
    relay = Relay(desk, router, owner=owner, elsewhere=holdings.elsewhere)
    holdings.when_held(worker.wake)
    holdings.when_held(relay.wake)
    return House(
        settings=settings,
        desk=desk,
        router=router,
        dispatcher=dispatcher,
        worker=worker,
        relay=relay,
        connections=connections,
        owner=owner,
        holdings=holdings,
        probe_model_every=second[1] if second is not None else timedelta(hours=6),
    )
