"""kill -9 of `serve` around the one moment that matters: between a decision and its refund, and right after the shop was told.

The shop is a process of its own, so it outlives the program and remembers what was really done to it.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import open_storage
from config.settings import Settings
from domain.clock import SystemClock
from domain.people import Person, Role
from domain.store import BoundChat, UnitOfWork
from emulators.douyin.app import APP_KEY, APP_SECRET, SHOP_ID

ROOT = Path(__file__).parents[2]
SHOP = "旗舰店"
AMOUNT = 1_990


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def until(true: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """Wait for something to come true and give it back."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(OSError, urllib.error.URLError):
            if found := true():
                return found
        time.sleep(0.05)
    raise AssertionError("it never came true")


class Shop:
    """The emulated platform and its side door."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data=data, method="POST" if data else "GET")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read())

    def operations(self) -> list[Any]:
        return [entry for entry in self.ask("journal") if entry["call"] == "afterSale.operate"]

    def effects(self) -> int:
        return sum(bool(entry["effect"]) for entry in self.operations())


class Program:
    """`xiaodan serve` as a process that may be killed and started again on the same files."""

    def __init__(self, data: Path, shop: Shop) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (data / "xiaodan.toml").write_text(
            f'[shops."{SHOP}"]\nconnector = "douyin"\napp_key = "{APP_KEY}"\napp_secret = "{APP_SECRET}"\n'
            f'shop_id = "{SHOP_ID}"\nbase_url = "{shop.url}"\nper_second = 1000.0\n',
            "utf-8",
        )
        (data / "approvals.yaml").write_text(quick_policy(), "utf-8")
        self.process: subprocess.Popen[bytes] | None = None
        self.cookie = ""

    def start(self) -> None:
        environment = {
            **os.environ,
            "XIAODAN_DATA_DIR": str(self.data),
            "XIAODAN_CONSOLE": "demo",
            "XIAODAN_BASE_URL": self.url,
        }
        log = (self.data / "serve.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        until(lambda: urllib.request.urlopen(f"{self.url}/readyz", timeout=2).status == 200)

    def browser(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """What 张明's browser asks; its session is kept."""
        headers = {"cookie": self.cookie, "origin": self.url, "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method="POST" if data else "GET")
        with urllib.request.urlopen(request, timeout=5) as answer:
            if fresh := answer.headers.get("set-cookie"):
                self.cookie = fresh.partition(";")[0]
            content = answer.read()
        return json.loads(content) if path != "/" else None

    def said(self) -> list[Any]:
        if not self.cookie:
            self.browser("/")
        messages: list[Any] = self.browser("/console/api/history?as=zhangming&chat=orders")["messages"]
        return messages

    def card(self) -> Any:
        cards = [each["body"]["card"] for each in self.said() if (each["body"]["card"] or {}).get("number") == "A1"]
        assert len(cards) <= 1
        return cards[0] if cards else None

    def press(self, label: str) -> None:
        for said in self.said():
            for button in (said["body"]["card"] or {"buttons": []})["buttons"]:
                if button["label"] == label:
                    wire = {"type": "click", "as": "zhangming", "message": said["id"], "button": button["id"], "values": {}}
                    assert self.browser("/chat/console", {**wire, "id": "the-only-click"})["ok"]
                    return
        raise AssertionError(f"no button {label}")

    def age_leases(self) -> None:
        """A minute passes: what the dead process held is free again."""
        with sqlite3.connect(self.data / "xiaodan.db") as raw:
            raw.execute("UPDATE outbox SET lease_until = 0 WHERE state = 1")
            raw.execute("UPDATE leases SET until = 0")
        raw.close()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def quick_policy() -> str:
    """The shipped policy with an undo window that a test can wait for."""
    shipped = (ROOT / "config" / "approvals.yaml").read_text("utf-8")
    return shipped.replace("  money: 120", "  money: 1").replace("  default: 60", "  default: 1")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "emulate", "douyin", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    made = Shop(f"http://127.0.0.1:{port}")
    until(lambda: made.ask("clock"))
    yield made
    process.kill()
    process.wait()


@pytest.fixture
def program(tmp_path: Path, shop: Shop) -> Iterator[Program]:
    data = tmp_path / "data"
    data.mkdir()
    store, _, _ = open_storage(Settings(data_dir=data), SystemClock())

    def settle_in(uow: UnitOfWork) -> None:
        uow.people.save_person(Person(0, "张明", frozenset({Role.SERVICE}), accounts=(("console", "zhangming"),)))
        uow.people.bind_chat(BoundChat("console", "orders", "group", "订单售后群", frozenset({"orders", "refunds"})))

    store.write_now(settle_in)
    store.close_now()
    made = Program(data, shop)
    made.start()
    yield made
    made.kill()


def asked_for_a_refund(program: Program, shop: Shop) -> str:
    """A buyer wants money back; the platform pushes it; the card is in the group. The after-sale's number."""
    shop.ask("push", {"url": f"{program.url}/push/douyin/{urllib.parse.quote(SHOP)}"})
    number = shop.ask("buyer", {"act": "place", "lines": [{"code": "S", "quantity": 1, "price": AMOUNT}]})["result"]
    aftersale: str = shop.ask("buyer", {"act": "apply_refund", "number": number, "amount": AMOUNT})["result"]
    until(program.card)
    return aftersale


@pytest.mark.parametrize("moment", ["decided", "told", "told and the answer is lost"])
def test_killed_around_the_refund_it_is_paid_once_and_the_card_says_so(program: Program, shop: Shop, moment: str) -> None:
    before, aftersale = shop.effects(), asked_for_a_refund(program, shop)
    if moment.endswith("lost"):
        shop.ask("faults", {"fault": "drop-after-commit", "call": "afterSale.operate"})
    program.press("同意")
    if moment == "decided":
        until(lambda: "已同意" in str(program.card()))
        assert shop.effects() == before
    else:
        until(lambda: shop.effects() == before + 1)
    program.kill()
    program.age_leases()
    program.start()
    until(lambda: "已退款 ¥19.90" in str(program.card()), seconds=40)
    assert program.card()["buttons"] == []
    assert shop.effects() == before + 1
    paid = [refund["amount"] for refund in shop.ask("state")["refunds"] if refund["aftersale_id"] == aftersale]
    assert paid == [AMOUNT]
    store, _, _ = open_storage(Settings(data_dir=program.data), SystemClock())
    whole, _, why = store.read_now(lambda r: r.audit.verify())
    store.close_now()
    assert whole, why
