"""From idle to a burst over twenty groups: nothing is lost, nothing overtakes within a conversation.

The bar of a thousand a minute is measured by `xiaodan bench callbacks`; here it is less, through both platforms' doors.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from benchmarks import callers
from benchmarks.callers import DingTalk, Wecom
from benchmarks.orders import END, number_of, orders
from bot.app import create_app
from bot.bootstrap import House, open_house
from config.settings import Settings
from domain.chat import ChatRef, MessageRef, Reply
from domain.clock import SystemClock
from domain.people import Person, Role
from domain.store import BoundChat
from emulators.wecom import state as theirs
from integrations import dingtalk, registry, wecom

GROUPS = [f"G{n:02d}" for n in range(20)]
PEOPLE = [f"p{n}" for n in range(5)]


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock, cards = SystemClock(), registry.manifests()
    robot = wecom.Settings(
        mode="callback", token=theirs.TOKEN, aes_key=theirs.AES_KEY, base_url="http://127.0.0.1:1", answer_within_seconds=5.0
    )
    other = dingtalk.Settings(
        client_id="dingemulatedclient01", client_secret="emulated-client-secret-0123456789", mode="http", cards="text",
        api_url="http://127.0.0.1:1", oapi_url="http://127.0.0.1:1",
    )  # fmt: skip
    chats: Any = {
        "wecom": wecom.build(robot, cards["wecom"], clock=clock),
        "dingtalk": dingtalk.build(other, cards["dingtalk"], clock=clock),
    }
    made = open_house(Settings(data_dir=tmp_path, console="off"), chats=chats)

    def settle(uow: Any) -> None:
        for name in PEOPLE:
            accounts = tuple((platform, name) for platform in chats)
            uow.people.save_person(Person(0, name, frozenset({Role.SERVICE}), accounts=accounts))
        for platform in chats:
            for group in GROUPS:
                uow.people.bind_chat(BoundChat(platform, group, "group", group, frozenset({"orders"})))
        uow.orders.upsert_many(orders(0, 200, 200), seen_at=END, surface="file")

    await made.desk.store.write(settle)
    yield made
    await made.close()


@contextlib.asynccontextmanager
async def serving(house: House) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(house)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as http,
    ):
        yield http


def _number(group: str, who: int, n: int) -> str:
    return number_of((int(group[1:]) * len(PEOPLE) + who) * 2 + n)


@pytest.fixture(autouse=True)
def _cast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "PEOPLE", PEOPLE)


async def test_a_burst_through_wecoms_door(house: House) -> None:
    platform = Wecom()
    answers: dict[tuple[str, int], list[str]] = {}
    async with serving(house) as http:

        async def talk(group: str, who: int) -> None:
            for n in range(2):
                path, body, nonce = platform.asked(f"{_number(group, who, n)} 到哪了", who, group)
                answer = await http.post(path, content=body)
                assert answer.status_code == 200
                words, unfinished = platform.judge(answer.content, nonce)
                assert not unfinished
                answers.setdefault((group, who), []).append(words)

        await asyncio.gather(*(talk(group, who) for group in GROUPS for who in range(len(PEOPLE))))
    assert sum(map(len, answers.values())) == 200
    for (group, who), said in answers.items():
        tails = [_number(group, who, n)[-4:] for n in range(2)]
        assert all(tail in words for tail, words in zip(tails, said, strict=True)), (group, who, said)
    assert await house.desk.store.inbox.depth() == 0


async def test_a_burst_through_dingtalks_door_keeps_each_persons_order(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, list[str]] = {}

    async def send(chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        await asyncio.sleep(0.001)
        said.setdefault(chat.chat_id, []).append(reply.text)
        return MessageRef(chat, key)

    monkeypatch.setattr(house.desk.chats["dingtalk"], "send", send)
    platform = DingTalk()
    async with serving(house) as http:

        async def burst(group: str) -> None:
            for n in range(10):  # one person's, without waiting for an answer, and each of them twice
                path, body, lines = platform.asked(f"{number_of(n)} 到哪了", 0, group)
                headers = dict(line.split(": ", 1) for line in lines.strip().split("\r\n"))
                for _ in range(2):
                    answer = await http.post(path, content=body, headers=headers)
                    assert json.loads(answer.content) == {"msgtype": "empty"}

        await asyncio.gather(*(burst(group) for group in GROUPS))
        async with asyncio.timeout(20):
            while sum(map(len, said.values())) < 200:  # noqa: ASYNC110 (the worker has no event for it)
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
    assert set(said) == set(GROUPS)
    for texts in said.values():
        assert len(texts) == 10
        assert all(number_of(n)[-4:] in text for n, text in enumerate(texts))
