"""A console on a fresh file, and requests as the page sends them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.clock import ManualClock
from domain.ports import RawRequest
from domain.tokens import Signer
from integrations.console import Console, Member, Mode, Settings, build
from integrations.registry import manifests

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
HOST = "localhost:8000"


@dataclass
class Bench:
    """`people` may be changed under way: the directory is asked every time."""

    path: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    signer: Signer = field(default_factory=lambda: Signer(b"0123456789abcdef"))
    people: list[Member] = field(
        default_factory=lambda: [
            Member("li", "李芳", "客服"),
            Member("zhou", "周敏", "财务"),
            Member("wang", "王建国", "仓管"),
        ]
    )
    mode: Mode = Mode.DEMO
    consoles: list[Console] = field(default_factory=list)

    def open(self, **settings: Any) -> Console:
        given = Settings(path=self.path, base_url=f"http://{HOST}", mode=self.mode, **settings)
        console = build(given, manifests()["console"], signer=self.signer, clock=self.clock, directory=lambda: self.people)
        console.open_group("orders", "订单与售后")
        console.open_group("stock", "库存预警", members=("wang", "li"))
        self.consoles.append(console)
        return console

    def cookie(self, console: Console) -> str:
        made = console.sessions.begin({"host": HOST})
        assert made
        return made.partition(";")[0]

    def request(self, payload: Any, cookie: str, /, **headers: str) -> RawRequest:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = {"host": HOST, "origin": f"http://{HOST}", "content-type": "application/json", "cookie": cookie, **headers}
        return RawRequest("POST", "/chat/console", {}, {k: v for k, v in sent.items() if v}, body, self.clock.now())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "console.db")
    yield made
    for console in made.consoles:
        console.close()


@pytest.fixture
def console(bench: Bench) -> Console:
    return bench.open()


@pytest.fixture
def cookie(bench: Bench, console: Console) -> str:
    return bench.cookie(console)


def message(
    text: str = "0417 到哪了", *, who: str = "li", chat: str = "orders", name: str = "message-1", **more: Any
) -> dict[str, Any]:
    return {"type": "message", "as": who, "chat": chat, "id": name, "text": text, **more}


def click(card: str, button: str, *, who: str = "zhou", name: str = "click-001", values: Any = None) -> dict[str, Any]:
    return {"type": "click", "as": who, "message": card, "button": button, "id": name, "values": values or {}}
