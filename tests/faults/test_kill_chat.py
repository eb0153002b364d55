"""kill -9 of a whole house that holds the WeCom line: what was accepted is answered, what was queued arrives once, the gap is told.

The group lives in this process, so it outlives the program. Moments of the kill are drawn from a seed.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.bootstrap import open_storage
from config.settings import Settings
from domain.chat import ChatKind, ChatRef
from domain.clock import SystemClock
from domain.people import Person, Role
from domain.store import BoundChat, UnitOfWork
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from handlers.outgoing import say
from storage import SqlStore
from tests.integrations.wecom.conftest import served, telling, until

ROOT = Path(__file__).parents[2]
GROUP = ChatRef("wecom", "CHATID", ChatKind.GROUP)
_CODE = """
import asyncio, sys
from pathlib import Path
from bot.bootstrap import open_house
from config.settings import Settings
async def main():
    house = open_house(Settings(data_dir=Path(sys.argv[1]), console="off"))
    async with house.running():
        await asyncio.Event().wait()
asyncio.run(main())
"""


class Program:
    """The program without its door: the line needs none."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.data / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _CODE, str(self.data)], cwd=ROOT, env={**os.environ}, stdout=log, stderr=log
            )

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@asynccontextmanager
async def group(data: Path) -> AsyncIterator[WecomEmulator]:
    emulator = WecomEmulator()
    emulator.switches.subscribes_per_minute = 100
    async with served(emulator) as url:
        (data / "xiaodan.toml").write_text(
            f'[chats.wecom]\nbot_id = "{theirs.BOT_ID}"\nsecret = "{theirs.BOT_SECRET}"\nline_url = "{url}"\n'
            "gap_notice_seconds = 1.0\n",
            "utf-8",
        )
        store, _, _ = open_storage(Settings(data_dir=data), SystemClock())

        def settle(uow: UnitOfWork) -> None:
            for name in ("zhangsan", "lisi"):
                uow.people.save_person(Person(0, name, frozenset(Role), accounts=(("wecom", name),)))
            uow.people.bind_chat(BoundChat("wecom", "CHATID", "group", "订单群", frozenset({"orders", "stock"})))

        await store.write(settle)
        await store.close()
        yield emulator


def told(store: SqlStore, texts: list[str]) -> set[str]:
    """What of the ten the group has: each as a message, or, where its budget was short after the kill, inside a numbered
    digest that was really sent (`展开 H1` shows it).
    """
    shown = {text for text in texts if text.startswith("库存告急")}
    for name, kept in store.read_now(lambda r: r.rows("SELECT name, value FROM cursors WHERE name LIKE 'digest:%'")):
        if any(f"展开 {name.removeprefix('digest:')}" in text for text in texts):
            shown |= {each["args"]["text"] for each in json.loads(kept)["items"]}
    return shown


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_kill_while_the_group_is_served(program: Program, seed: int) -> None:
    rnd = random.Random(seed)
    async with group(program.data) as emulator:
        talk = emulator.state.talks["CHATID"]
        program.start()
        await until(lambda: emulator.lines.current is not None, 20)
        await emulator.people.say("zhangsan", "帮助", group="CHATID")
        await until(lambda: len(telling(talk)) == 1, 10)
        await asyncio.sleep(3.2)  # the word that it hears is written every three seconds
        store, _, _ = open_storage(Settings(data_dir=program.data), SystemClock())
        rows = [say(GROUP, f"库存告急 {n}。", key=f"k{n}", topic="stock") for n in range(10)]
        await store.write(lambda u: u.outbox.add(rows))
        await asyncio.sleep(rnd.uniform(0.0, 0.4))
        program.kill()
        await asyncio.sleep(1.5)
        program.start()
        started = asyncio.get_running_loop().time()
        try:
            await until(lambda: any("可能漏收" in text for text in telling(talk)), 15)
            await until(lambda: told(store, telling(talk)) == {f"库存告急 {n}。" for n in range(10)}, 10)
            # Its dead self's rows are taken over at once, not after a lease.
            assert asyncio.get_running_loop().time() - started < 12
            await asyncio.sleep(0.5)
            tally = store.read_now(lambda r: r.outbox.tally("chat.send"))
        finally:
            await store.close()
    shown = [text for text in telling(talk) if text.startswith("库存告急")]
    # One whose acknowledgement died with the program may be said again: twice rather than never.
    assert len(shown) - len(set(shown)) <= 1
    assert [text for text in telling(talk) if "可能漏收" in text][1:] == []
    assert tally["raised"] == tally["sent"] + tally["digested"] + tally["moot"] == 11
