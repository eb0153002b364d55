"""The whole line: settings file, Stream, inbox, answer in the emulated group; also by HTTP, and after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.app import create_app
from bot.bootstrap import House, open_house
from config.settings import Settings
from domain.chat import Reply
from domain.people import Person, Role
from domain.store import BoundChat
from tests.integrations.dingtalk.conftest import Office, refund_card, until


@contextlib.asynccontextmanager
async def house(office: Office, path: Path, extra: str = "", *, running: bool = True) -> AsyncIterator[House]:
    (path / "xiaodan.toml").write_text(
        f'[chats.dingtalk]\nclient_id = "{office.emulator.client_id}"\nclient_secret = "{office.emulator.client_secret}"\n'
        f'api_url = "{office.url}"\noapi_url = "{office.url}"\n{extra}',
        "utf-8",
    )
    made = open_house(Settings(data_dir=path, base_url=office.url))
    try:
        person = Person(0, "张明", frozenset({Role.MANAGER}), accounts=(("dingtalk", "u-zhang"),))
        await made.desk.store.write(lambda u: u.people.save_person(person))
        chat = BoundChat("dingtalk", office.group, "group", "订单群", frozenset({"orders"}))
        await made.desk.store.write(lambda u: u.people.bind_chat(chat))
        if running:
            async with made.running():
                await until(lambda: bool(office.emulator.gateway.lines) or "http" in extra)
                yield made
        else:
            yield made
    finally:
        await made.close()


async def test_a_question_in_the_group_is_answered_there(office: Office, tmp_path: Path) -> None:
    async with house(office, tmp_path):
        began = time.perf_counter()
        await office.emulator.people.say("u-zhang", "6920000000000009999 到哪了", group=office.group)
        await until(lambda: bool(office.texts()) or bool(office.emulator.cards.cards))
        took = time.perf_counter() - began
    assert len(office.emulator.state.seen_in(office.group)) == 2
    assert took < 3.0  # the bar of 300 ms is measured by the benchmark; here it must only not hang


async def test_a_message_delivered_three_times_is_answered_once(office: Office, tmp_path: Path) -> None:
    async with house(office, tmp_path):
        office.emulator.gateway.twice = True
        body = await office.emulator.people.say("u-zhang", "帮助", group=office.group)
        assert body is not None
        await office.emulator.people.push(body)
        await until(lambda: len(office.emulator.state.seen_in(office.group)) >= 2)
        await asyncio.sleep(0.3)
    assert len(office.emulator.state.seen_in(office.group)) == 2


async def test_what_was_receipted_survives_the_program(office: Office, tmp_path: Path) -> None:
    async with house(office, tmp_path, running=False) as first:
        chat = first.desk.chats["dingtalk"]
        listening = asyncio.create_task(chat.listen(lambda incoming: first.accept_chat("dingtalk", incoming)))  # type: ignore[attr-defined]
        await until(lambda: bool(office.emulator.gateway.lines))
        await office.emulator.people.say("u-zhang", "帮助", group=office.group)
        await until(lambda: office.emulator.people.pushed[-1].done)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert len(office.emulator.state.seen_in(office.group)) == 1
    async with house(office, tmp_path):
        await until(lambda: len(office.emulator.state.seen_in(office.group)) == 2)


async def test_a_stranger_hears_nothing_of_orders_and_a_forged_button_does_nothing(office: Office, tmp_path: Path) -> None:
    async with house(office, tmp_path) as made:
        await office.emulator.people.say("u-zhou", "今天卖了多少", group=office.group)
        chat = made.desk.chats["dingtalk"]
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="forged")
        assert await office.emulator.people.click("u-zhang", ref.message_id, "同意") == "ok"
        await until(lambda: {"message", "button:forged"} <= _audit(made))
    private = [each for each in office.emulator.state.seen_in(office.group) if each.who == "robot" and each.kind != "card"]
    assert private == []


def _audit(made: House) -> set[str]:
    return {str(row[0]) for row in made.desk.store.read_now(lambda r: r.rows("SELECT subject FROM audit"))}


@pytest.mark.parametrize("fault", ["", "sign", "body"])
async def test_http_mode_through_the_real_door(office: Office, tmp_path: Path, fault: str) -> None:
    async with house(
        office, tmp_path, 'mode = "http"\ncard_callback = "http"\ncard_route = "x"\ncard_secret = "s"\n'
    ) as made:
        app = create_app(made, background=False)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://desk") as http:

            async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
                if fault == "sign":
                    headers = {**headers, "sign": "AAAA"}
                answer = await http.post(url, headers=headers, content=b"{" if fault == "body" else body)
                return answer.status_code, answer.content

            office.emulator.people.hooks.post = post
            office.emulator.people.hooks.robot_url = "/chat/dingtalk"
            await office.emulator.people.say("u-zhang", "帮助", group=office.group)
            [(status, answer)] = office.emulator.people.answers
            if not fault:
                assert json.loads(answer) == {"msgtype": "empty"}
                await until(lambda: len(office.emulator.state.seen_in(office.group)) == 2)
    assert status == {"": 200, "sign": 401, "body": 400}[fault]
