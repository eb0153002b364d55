"""What became of every message is told to whoever watches, and it adds up."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from bot.app import create_app
from bot.bootstrap import open_house
from config.settings import Settings
from domain.chat import ChatKind, ChatRef
from handlers.outgoing import say


async def test_the_fates_of_messages_add_up_in_the_metrics(tmp_path: Path) -> None:
    house = open_house(Settings(data_dir=tmp_path, console="off"))
    app = create_app(house, background=False)
    rows = [say(ChatRef("nowhere", "G", ChatKind.GROUP), "一", key=f"k{n}") for n in range(3)]
    await house.desk.store.write(lambda u: u.outbox.add(rows))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as http:
        told = (await http.get("/metrics")).text
    found = {fate: float(count) for fate, count in re.findall(r'xiaodan_messages\{fate="(\w+)"\} (\S+)', told)}
    assert found == {"raised": 3, "sent": 0, "digested": 0, "moot": 0, "open": 3, "failed": 0}
    assert found["raised"] == sum(count for fate, count in found.items() if fate != "raised")
    await house.close()
