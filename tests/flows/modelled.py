"""The company with a language model plugged in: a real endpoint on loopback, as good or bad as the test wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.emulation import Stage, listen, port_of
from bot.metrics import MODEL
from domain.assist.budget import Limits
from domain.assist.plans import schema
from emulators.model import ModelEmulator
from handlers.model import SecondReader
from integrations.model import Settings, build
from tests.flows.company import Company, opened

EMPTY: dict[str, Any] = dict.fromkeys(schema()["properties"]) | {"refs": [], "group_by": [], "filters": []}


def answer(**given: Any) -> dict[str, Any]:
    """A whole answer of a model: what is not given is empty."""
    return EMPTY | given


class Modelled:
    """A company, its endpoint, and the second reader between them."""

    def __init__(self, company: Company, emulator: ModelEmulator, port: int) -> None:
        self.company, self.emulator, self._port = company, emulator, port
        self.outcomes: list[str] = []
        self.reader: SecondReader

    def plug_in(self, **limits: Any) -> None:
        """As `open_house` does it, with a time-out that a test can wait for."""
        desk = self.company.house.desk
        model = build(Settings(f"http://127.0.0.1:{self._port}/v1", self.emulator.name, self.emulator.key, timeout=5))
        self.reader = SecondReader(model, Limits(**({"seconds": 2.0} | limits)), desk, self._tell)
        self.company.house.dispatcher.second = self.reader

    def _tell(self, purpose: str, outcome: str) -> None:
        self.outcomes.append(f"{purpose}:{outcome}")
        MODEL.labels(purpose, outcome).inc()

    async def ask(self, text: str, *, who: str = "zhangming", chat: str = "orders") -> str:
        """What is answered in the group, all messages together."""
        before = len(self.company.texts(who, chat))
        await self.company.say(who, f"@小单 {text}", chat=chat)
        return "\n".join(self.company.texts(who, chat)[before:])

    @property
    def sent(self) -> str:
        """Everything that reached the endpoint: lines, headers, bodies."""
        return "\n".join(each.decode() for each in self.emulator.seen)


@asynccontextmanager
async def modelled(path: Path, **limits: Any) -> AsyncIterator[Modelled]:
    emulator = ModelEmulator()
    listening = listen()
    stage = Stage()
    stage.serve(emulator, listening)
    await stage.ready()
    try:
        async with opened(path) as company:
            made = Modelled(company, emulator, port_of(listening))
            made.plug_in(**limits)
            try:
                yield made
            finally:
                await made.reader.model.aclose()  # type: ignore[attr-defined]  # the endpoint that we built
                company.house.dispatcher.second = None
    finally:
        await stage.close()


HOUR = timedelta(hours=1)
