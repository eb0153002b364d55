"""The program in two chat platforms at once: WeCom's self-built app and DingTalk's robot, both by callback, both emulated.

Nothing runs by itself: `work` lets the inbox and the outbox do what is due. One clock for everybody.
"""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.app import create_app
from bot.bootstrap import House, open_house
from config.settings import Settings as HouseSettings
from domain.clock import FollowingClock
from domain.people import Person
from emulators.dingtalk import DingTalkEmulator
from emulators.kit import EmulatorClock
from emulators.wecom import WecomEmulator
from emulators.wecom import state as wecom_state
from handlers.people_sync import Synced, sync_directory
from integrations import dingtalk, registry, wecom
from integrations._kit.http import Http
from integrations._kit.tokens import MemoryTokens
from tests.conformance.harness import Loopback

START = 1_795_140_000.0  # 2026-11-20 02:00 UTC
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
APP = wecom.AppSettings(
    wecom_state.CORP_ID,
    wecom_state.AGENT_ID,
    wecom_state.APP_SECRET,
    "appToken1",
    "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt",
    wecom_state.CONTACT_SECRET,
)
EVENT_TOKEN, EVENT_KEY = "123456", "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij"


class Offices:
    """See `opened`."""

    def __init__(self, path: Path, toml: str) -> None:
        self.path = path
        self.clock = EmulatorClock(START)
        self.wecom = WecomEmulator(clock=self.clock)
        self.dingtalk = DingTalkEmulator(clock=self.clock)
        self.wecom.state.users.clear()
        self.tokens = MemoryTokens()
        self.write(toml)
        self.serial = 0
        self.house: House
        self.http: httpx.AsyncClient
        self.group = ""

    def write(self, toml: str) -> None:
        """The settings file."""
        (self.path / "xiaodan.toml").write_text(toml, "utf-8")

    def start(self, lang: str = "zh") -> None:
        clock = FollowingClock(self.clock.now)
        cards = registry.manifests()
        chats: dict[str, Any] = {
            "wecom": wecom.build(
                wecom.Settings(mode="app", app=APP),
                cards["wecom"],
                clock=clock,
                http=Http("https://qyapi.weixin.qq.com", transport=Loopback(self.wecom)),
                tokens=self.tokens,
                sleep=self._wait,
            ),
            "dingtalk": dingtalk.build(
                dingtalk.Settings(
                    self.dingtalk.client_id,
                    self.dingtalk.client_secret,
                    mode="http",
                    cards="text",
                    directory=True,
                    event_token=EVENT_TOKEN,
                    event_aes_key=EVENT_KEY,
                    api_url="http://127.0.0.1",
                    oapi_url="http://127.0.0.1",
                ),
                cards["dingtalk"],
                clock=clock,
                http=Http("http://127.0.0.1", transport=Loopback(self.dingtalk)),
                tokens=self.tokens,
                sleep=self._wait,
            ),
        }
        settings = HouseSettings(data_dir=self.path, base_url="http://127.0.0.1", lang=lang)
        self.house = open_house(settings, clock=clock, chats=chats)
        self.app = create_app(self.house, background=False)
        transport = httpx.ASGITransport(app=self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self.wecom.callbacks.transport = transport
        self.wecom.callbacks.app_url = "http://127.0.0.1/chat/wecom"
        hooks = self.dingtalk.people.hooks
        hooks.robot_url = hooks.event_url = "http://127.0.0.1/chat/dingtalk"
        hooks.post = self._post

    async def stop(self) -> None:
        await self.http.aclose()
        await self.house.close()

    async def restart(self, toml: str = "") -> None:
        await self.stop()
        if toml:
            self.write(toml)
        self.start()

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        answer = await self.http.post(httpx.URL(url).raw_path.decode(), headers=headers, content=body)
        return answer.status_code, answer.content

    async def _wait(self, seconds: float) -> None:
        self.clock.move(seconds)

    # --- time and work ------------------------------------------------------------------------------------------------

    async def work(self, seconds: float = 0) -> None:
        self.clock.move(seconds)
        while await self.house.worker.drain() + await self.house.relay.drain():
            pass

    async def sync(self, platform: str, *, accept: bool = False) -> Synced:
        found = await sync_directory(self.house.desk, platform, accept=accept)
        await self.work()
        return found

    # --- people -------------------------------------------------------------------------------------------------------

    async def wecom_says(self, user: str, text: str, *, work: bool = True) -> str:
        """One to one with the app. Gives the answers that came, in one text."""
        before = len(self.heard_on_wecom(user))
        self.serial += 1
        fields = {"FromUserName": user, "CreateTime": int(self.clock.now()), "MsgType": "text", "Content": text}
        assert await self.wecom.callbacks.send_app({**fields, "MsgId": f"m{self.serial}"}) == 200
        if work:
            await self.work()
        return "\n".join(self.heard_on_wecom(user)[before:])

    async def dingtalk_says(self, user: str, text: str, *, group: str = "", work: bool = True) -> str:
        """One to one with the robot, or in a group where it is mentioned."""
        before = len(self.heard_on_dingtalk(user, group))
        await self.dingtalk.people.say(user, text, group=group)
        assert self.dingtalk.people.answers[-1][0] == 200
        if work:
            await self.work()
        return "\n".join(self.heard_on_dingtalk(user, group)[before:])

    def heard_on_wecom(self, user: str) -> list[str]:
        return [
            shown.content or str((shown.card or {}).get("main_title", ""))
            for shown in self.wecom.state.talk(user).shown
            if not shown.author
        ]

    def heard_on_dingtalk(self, user: str, group: str = "") -> list[str]:
        shown = self.dingtalk.state.seen_in(group or f"1:{user}") + ([] if group else self.dingtalk.state.seen_in(user))
        return [str(each.body.get("text") or each.body.get("content", "")) for each in shown if each.who == "robot"]

    # --- looking ------------------------------------------------------------------------------------------------------

    def read(self, work: Callable[[Any], Any]) -> Any:
        return self.house.desk.store.read_now(work)

    def write_now(self, work: Callable[[Any], Any]) -> Any:
        return self.house.desk.store.write_now(work)

    def person(self, platform: str, user: str) -> Person | None:
        found: Person | None = self.read(lambda r: r.people.by_account(platform, user))
        return found

    def audit(self, action: str) -> list[Any]:
        sql = "SELECT actor, subject, after FROM audit WHERE action = :a ORDER BY seq"
        return list(self.read(lambda r: r.rows(sql, {"a": action})))

    def everything_kept(self) -> str:
        """Every table, as text: what somebody with the database file could read."""
        names = self.read(lambda r: r.rows("SELECT name FROM sqlite_master WHERE type = 'table'"))
        texts = []
        for (name,) in names:
            rows = self.read(functools.partial(lambda table, r: r.rows(f"SELECT * FROM {table}"), name))
            texts += [f"{name}: {row}" for row in rows]
        return "\n".join(texts)


def code_in_words(words: str) -> str:
    found = CODE.search(words)
    assert found is not None, words
    return found[0]


@asynccontextmanager
async def opened(path: Path, toml: str = "") -> AsyncIterator[Offices]:
    made = Offices(path, toml)
    made.group = made.dingtalk.state.group("仓库群")
    made.start()
    try:
        yield made
    finally:
        await made.stop()
        assert made.dingtalk.state.violations == []
        assert made.wecom.callbacks.problems == []
