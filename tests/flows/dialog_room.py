"""A work group for dialogs: the real dispatcher with every feature over a seeded store, and a plain notation for what is said.

A dialog is a title (`# …`) and its turns. `张: 它的物流 -> where_is_order shows=A` is what somebody says and what a careful colleague
would make of it; `张@私: …` says it one to one; `press 张: 2 -> …` presses the newest button with that label; `after 11 min` and
`restart` stand between turns. `{A}` is the number of order A of the seed, `{A4}` its last four digits.

Behind the arrow: an intent (`a|b`: either), or `asked` (it asks back), `nothing` (no answer); then what must hold: `shows=A,B` (the
answer speaks of these orders and of no other), `range=昨天`, `channel=`, `group=` (`-`: none), `metric=`, `sku=`, `warehouse=` (`-`: none),
`says=`, `not=` (is not said), `draft=refund:A:50` (one draft or open request, of this kind, order and amount in yuan; or `draft=cancel:A`). A turn that
names no draft must leave no new one; `taken=refund` says which of them this turn takes back, and else it must take none.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp

from bot.bootstrap import FEATURES, load_policy
from bot.dispatch import Answer, Dispatcher
from domain.chat import ChatKind, ChatRef, Click, Message, Reply, Sender
from domain.clock import ManualClock
from domain.order import Aftersale, AftersaleStage, Order, Stage, Track
from domain.people import Person, Role
from domain.store import Stock, StockMove
from domain.tokens import Signer
from handlers.desk import Desk
from handlers.router import Router
from storage import Keys, SqlStore, open_store
from tests.builders import NOW, aftersale, bound_chat, line, money, order, parcel, receiver, scan, shipped, track
from tests.handlers.ask_desk import Shops

PEOPLE = {
    "张": ("张明", Role.SERVICE, frozenset[str]()),
    "何": ("何丽", Role.SERVICE, frozenset[str]()),
    "李": ("李芳", Role.WAREHOUSE, frozenset({"杭州仓"})),
    "陈": ("陈店长", Role.MANAGER, frozenset[str]()),
}
NUMBERS = {
    "A": "6920154783210050417",  # on its way; 王小芳
    "B": "6920154783210052288",  # to be sent; 王小芳, too, and newest
    "C": "261119-123456789016633",  # 拼多多, to be sent from 苏州仓; 李雷
    "D": "6920154783210057751",  # delivered, the buyer wants money back; 陈静
    "E": "6920154783210051199",  # not paid; 赵云
    "F": "6920154783210059366",  # 王小芳's oldest, delivered
}
PHONES = {"P": "13812345678", "Q": "13900001616"}
KEYS = Keys.parse(f"{'1' * 64};{'2' * 64}")
GROUP = "g1"
_TURN = re.compile(
    r"(?P<press>press )?(?P<who>[张何李陈])(?P<private>@私)?(?P<second>@二群)?: (?P<said>.*?) -> (?P<wanted>.+)"
)


@dataclass(slots=True)
class Turn:
    """One line of a dialog; `said` is empty where only time passes or the program restarts."""

    who: str = ""
    said: str = ""
    wanted: str = ""
    press: bool = False
    place: str = GROUP
    minutes: int = 0
    restart: bool = False


@dataclass(slots=True)
class Dialog:
    title: str
    turns: list[Turn] = field(default_factory=list)


def dialogs(path: Path) -> list[Dialog]:
    """All dialogs of a file. A line that is none stops the tests, not only itself."""
    found: list[Dialog] = []
    for text in path.read_text("utf-8").splitlines():
        if text.startswith("# "):
            found.append(Dialog(text[2:].strip()))
        elif text.strip():
            found[-1].turns.append(_turn(text.strip()))
    return found


def _turn(text: str) -> Turn:
    if text == "restart":
        return Turn(restart=True)
    if waited := re.fullmatch(r"after (\d+) min", text):
        return Turn(minutes=int(waited[1]))
    match = _TURN.fullmatch(text)
    if match is None:
        raise ValueError(f"no turn of a dialog: {text}")
    place = "direct" if match["private"] else "g2" if match["second"] else GROUP
    return Turn(match["who"], match["said"], match["wanted"], bool(match["press"]), place)


# --- the shop ---------------------------------------------------------------------------------------------------------


def seed(store: SqlStore) -> None:
    """Six orders of four customers, two warehouses, four colleagues, two groups."""
    for account, (name, role, places) in PEOPLE.items():
        person = Person(0, name, frozenset({role}), warehouses=places, accounts=(("console", f"u-{account}"),))
        store.write_now(lambda u, p=person: u.people.save_person(p))  # type: ignore[misc]
    for chat_id, title in ((GROUP, "订单售后群"), ("g2", "仓库群")):
        store.write_now(lambda u, c=chat_id, t=title: u.people.bind_chat(bound_chat(c, "orders", "logistics", title=t)))  # type: ignore[misc]
    for source in Shops().shops():
        store.write_now(lambda u, s=source: u.cursors.succeeded("/".join(s), NOW - timedelta(minutes=5)))  # type: ignore[misc]
    store.write_now(lambda u: u.orders.upsert_many(_orders(), seen_at=NOW, surface="channel"))
    store.write_now(lambda u: u.orders.upsert_aftersale(_wish(), seen_at=NOW))
    store.write_now(lambda u: u.orders.upsert_track(_track()))
    shelves = (
        ("SF-GREY", "沙发套-灰色", "杭州仓", 52),
        ("SF-GREY", "沙发套-灰色", "苏州仓", 3),
        ("SF-BLUE", "沙发套-蓝色", "杭州仓", 17),
    )
    for sku, title, house, many in (*shelves, ("VASE-M", "花瓶-中号", "苏州仓", 9)):
        level = Stock(sku, house, 0, 0, 0, 5, 0, title, NOW)
        move = StockMove(sku, house, "receive", many, f"opening:{sku}:{house}", NOW, actor="盘点")
        store.write_now(lambda u, lv=level, mv=move: (u.stock.define(lv), u.stock.move([mv])))  # type: ignore[misc]


def _orders() -> list[Order]:
    lei = receiver(name="李雷", phone=PHONES["Q"], city="苏州市", province="江苏省", district="姑苏区")
    goods = (line("SF-GREY", title="沙发套-灰色"),)
    yesterday, old = NOW - timedelta(days=1), NOW - timedelta(days=9)
    jing, yun = receiver(name="陈静", phone="13700002727"), receiver(name="赵云", phone="13600003838")
    return [
        shipped(NUMBERS["A"], at=yesterday, lines=goods, warehouse="杭州仓", parcels=(parcel(shipped_at=yesterday),)),
        order(NUMBERS["B"], lines=(line("SF-BLUE", title="沙发套-蓝色"),), warehouse="杭州仓"),
        order(
            NUMBERS["C"], channel="pinduoduo", shop="优选店", receiver=lei, lines=goods, warehouse="苏州仓", buyer_key="b2"
        ),
        order(
            NUMBERS["D"], stage=Stage.DELIVERED, at=old, receiver=jing, delivered_at=old, buyer_key="b3", warehouse="杭州仓"
        ),
        order(NUMBERS["E"], stage=Stage.UNPAID, receiver=yun, buyer_key="b4"),
        order(NUMBERS["F"], stage=Stage.DELIVERED, at=old, delivered_at=old, warehouse="杭州仓"),
    ]


def _wish() -> Aftersale:
    wish = aftersale("7100007", order_number=NUMBERS["D"], amount=money(26_800))
    assert wish.stage is AftersaleStage.WAIT_MERCHANT
    return wish


def _track() -> Track:
    return track(scan("离开【杭州转运中心】，下一站【温州转运中心】", at=NOW - timedelta(hours=3)))


@cache
def _template() -> Path:
    """A seeded data folder, made once a process; each dialog has its own copy."""
    folder = Path(mkdtemp(prefix="xiaodan-dialogs-"))
    store = open_store("", data_dir=folder, keys=KEYS, clock=ManualClock(NOW))
    seed(store)
    store.close_now()
    return folder


# --- the room ---------------------------------------------------------------------------------------------------------


class Room:
    """Says the turns of a dialog and notes what is not as it should be."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder, self.url = folder, url
        self.clock = ManualClock(NOW)
        self.said = count(1)
        self.replies: list[tuple[str, str, Reply]] = []  # where, to whom, what
        self.amiss: list[str] = []
        if not url:
            shutil.copytree(_template(), folder, dirs_exist_ok=True)
        self.start()
        if url:
            seed(self.store)

    def start(self) -> None:
        """The program starts on whatever the store holds."""
        self.store = open_store(self.url, data_dir=self.folder, keys=KEYS, clock=self.clock)
        desk = Desk(
            store=self.store,
            clock=self.clock,
            channels=Shops(),
            chats={},
            signer=Signer(b"a signing secret for tests"),
            policy=load_policy(),
            base_url="https://desk.example",
            lang="zh",
        )
        self.dispatcher = Dispatcher(desk, Router(FEATURES))

    def close(self) -> None:
        self.store.close_now()

    async def play(self, dialog: Dialog, *, restarted: bool = False) -> list[str]:
        """What went wrong, turn by turn; empty when nothing did. `restarted`: the program begins anew before every turn."""
        for turn in dialog.turns:
            if turn.restart or restarted:
                self.close()
                self.start()
            if turn.restart:
                continue
            if turn.minutes:
                self.clock.move(timedelta(minutes=turn.minutes))
            else:
                await self._one(turn)
        return self.amiss

    async def _one(self, turn: Turn) -> None:
        before = self.drafts()
        chat = ChatRef(
            "console", *(("g1-direct", ChatKind.DIRECT) if turn.place == "direct" else (turn.place, ChatKind.GROUP))
        )
        sender = Sender(f"u-{turn.who}", PEOPLE[turn.who][0])
        ident = f"m-{next(self.said)}"
        if turn.press:
            answer = Answer(
                "press", {}, await self.dispatcher.click(Click(chat, sender, ident, "c", self._token(turn), NOW))
            )
        else:
            text = turn.said.format(**NUMBERS, **PHONES, **{f"{name}4": number[-4:] for name, number in NUMBERS.items()})
            answer = await self.dispatcher.message(Message(chat, sender, ident, text, self.clock.now()))
        if answer.reply is not None:
            self.replies.append((turn.place, turn.who, answer.reply))
        after = self.drafts()
        new = [each for each in after if each not in before]
        gone = [each for each in before if each not in after]
        wrong = list(judged(turn.wanted, answer, new, gone))
        if wrong:
            said = words_of(answer.reply).replace("\n", " / ")[:150] if answer.reply is not None else "—"
            self.amiss.append(
                f"{turn.who}: {turn.said}  wanted {turn.wanted}\n      {'; '.join(wrong)}\n      {answer.intent}: {said}"
            )

    def _token(self, turn: Turn) -> str:
        for place, _, reply in reversed(self.replies):
            for button in (*(reply.card.buttons if reply.card else ()), *reply.choices):
                if place == turn.place and turn.said in button.label:
                    return button.token
        raise AssertionError(f"nobody sees a button {turn.said}")

    def drafts(self) -> list[tuple[str, ...]]:
        rows = self.store.read_now(
            lambda r: r.rows("SELECT number, kind, order_number, amount FROM approvals WHERE state <> 'withdrawn'", {})
        )
        return [tuple(str(each) for each in row) for row in rows]


def words_of(reply: Reply | None) -> str:
    """All that one answer says."""
    if reply is None:
        return ""
    card = reply.card
    return "\n".join(each for each in (reply.text, *((card.title, *card.lines, card.footer) if card else ())) if each)


def judged(wanted: str, answer: Answer, drafts: Sequence[tuple[str, ...]], gone: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Everything in which the answer is not what was wanted."""
    intent, *rules = wanted.split()
    text = words_of(answer.reply)
    if intent == "nothing":
        if answer.reply is not None:
            yield "said something"
    elif intent == "asked":
        if answer.reply is None or not (
            re.search(r"哪一单|是不是想问|再发一次|对得上|要看哪|发单号|哪种货|哪个|单号和|哪件|\?|？", text)
        ):
            yield "did not ask back"
    elif intent not in ("any", "press") and answer.intent not in intent.split("|"):
        yield f"intent {answer.intent}"
    asked_for = dict(rule.split("=", 1) for rule in rules)
    wish = asked_for.pop("draft", "")
    if ",".join(sorted(each[1] for each in gone)) != (taken := asked_for.pop("taken", "")):
        yield f"taken back {gone}, not {taken}"
    if bool(drafts) is not bool(wish) or len(drafts) > 1:
        yield f"drafts {drafts}"
    elif wish:
        kind, name, *amount = wish.split(":")
        _, was, number, minor = drafts[0]
        if (was, number) != (kind, NUMBERS[name]) or (amount and float(amount[0]) * 100 != float(minor)):
            yield f"draft {drafts[0]}"
    for name, value in asked_for.items():
        found = _value(name, answer, text)
        value = value.replace("_", " ") if name in ("says", "range") else value
        if (value in found) if name == "not" else (value not in found) if name == "says" else (found != value):
            yield f"{name} {found!r}"


def _value(name: str, answer: Answer, text: str) -> str:
    if name in ("says", "not"):
        return text
    if name == "shows":
        return ",".join(each for each, number in NUMBERS.items() if number[-4:] in text)
    plan = answer.plan
    if plan is None:
        return "-"
    if name == "group":
        return ",".join(plan.group_by) or "-"
    if name in ("warehouse", "shop", "shipped", "aftersale"):
        return next((each.value for each in plan.filters if each.field == name), "-")
    if name == "amount":
        return f"{plan.slots.amount.minor / 100:g}" if plan.slots.amount else "-"
    if name == "range":
        return plan.slots.range.label if plan.slots.range else "-"
    if name in ("explain", "about", "document", "page"):
        return plan.extra.get(name, "-")
    return str(getattr(plan.slots, name) or "-")
