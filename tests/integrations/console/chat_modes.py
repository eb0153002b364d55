"""The console's one mode for the shared chat suite: a room of our own, so no answer is ever lost on the way."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from domain.chat import ChatKind, ChatRef, MessageRef, Reply
from integrations.console import Member
from tests.conformance.chat_harness import OTHER, PERSON, Can, ChatHarness, Mode, Seen
from tests.integrations.console.conftest import HOST, Bench

ORIGIN = {"host": HOST, "origin": f"http://{HOST}", "content-type": "application/json"}


class ConsoleHarness(ChatHarness):
    def __init__(self, bench: Bench) -> None:
        self.bench, self.console = bench, bench.open()
        super().__init__("console", self.console, bench.clock)
        self.group = ChatRef("console", "orders", ChatKind.GROUP)
        self.person = ChatRef("console", PERSON, ChatKind.DIRECT)
        self._cookie = bench.cookie(self.console)
        self._serial = itertools.count(1)
        self._last: dict[str, Any] = {}

    async def _post(self, payload: dict[str, Any]) -> None:
        request = self.bench.request(payload, self._cookie)
        self._last = payload
        assert await self.door.post(headers=dict(request.headers), body=request.body) == 200

    async def say(self, text: str, *, group: bool = True, user: str = PERSON, quote: str = "") -> None:
        said = f"@{self.console.bot_name} {text}" if group else text
        chat = "orders" if group else f"@{user}"
        self.console.ensure_direct(user)
        await self._post({"type": "message", "as": user, "chat": chat, "text": said, "id": f"message-{next(self._serial)}"})

    async def again(self) -> None:
        await self._post(self._last)

    async def press(self, label: str, user: str = PERSON) -> None:
        for said in reversed(self._said("orders")):
            for button in (said["body"]["card"] or {"buttons": []})["buttons"]:
                if button["label"] == label:
                    wire = {"type": "click", "as": user, "message": said["id"], "button": button["id"], "values": {}}
                    await self._post({**wire, "id": f"click-{next(self._serial):05}"})
                    return
        raise AssertionError(f"no button {label}")

    async def picture(self, content: bytes) -> None:
        session = self.console.sessions.read({"cookie": self._cookie, **ORIGIN})
        self.console.ensure_direct(PERSON)
        kept = self.console.upload(session, PERSON, f"@{PERSON}", "p.png", content)
        wire = {"type": "message", "as": PERSON, "chat": f"@{PERSON}", "text": "", "attachments": [kept["id"]]}
        await self._post({**wire, "id": f"message-{next(self._serial)}"})

    def _said(self, chat: str) -> list[dict[str, Any]]:
        found = self.console.room.history(chat, PERSON, before=None, limit=200)
        return sorted((said.json() for said in found if not said.author), key=lambda said: said["seq"])

    def screen(self, *, direct: bool = False) -> list[Seen]:
        seen: list[Seen] = []
        for said in self._said(f"@{PERSON}" if direct else "orders"):
            body, card = said["body"], said["body"]["card"]
            buttons = tuple((each["label"], self._token(said["id"], each["id"])) for each in (card or {}).get("buttons", ()))
            words = "\n".join([card["title"], card["number"], *card["lines"]]) if card else body["text"]
            if words or buttons:
                seen.append(Seen(words, buttons))
            seen += [Seen(picture=self._bytes(each["id"])) for each in body["pictures"]]
            seen += [Seen(file=self._bytes(each["id"])) for each in body["files"]]
        return seen

    def _token(self, message: str, button: str) -> str:
        found = self.console.room.button(message, button)
        assert found is not None
        return found.token

    def _bytes(self, blob_id: str) -> bytes:
        found = self.console.room.blob(blob_id)
        assert found is not None
        return found[0].content

    async def speak(self, reply: Reply, *, key: str = "k1") -> MessageRef:
        return await self.chat.send(self.group, reply, key=key)  # type: ignore[no-any-return]

    async def forgeries(self) -> dict[str, httpx.Request]:
        await self.say("同意 A17")
        genuine = self.door.requests[-1]
        headers = dict(genuine.headers)

        def sent(body: bytes = genuine.content, **changed: str) -> httpx.Request:
            kept = {name: value for name, value in {**headers, **changed}.items() if value and name != "content-length"}
            return httpx.Request("POST", "https://desk.example/chat/console", headers=kept, content=body)

        return {
            "no cookie": sent(cookie=""),
            "another cookie": sent(cookie=headers["cookie"][:-3] + "AAA"),
            "another site": sent(origin="https://evil.example"),
            "cut body": sent(genuine.content[:20]),
            "garbage": sent(b"\xff\x00"),
            "oversized": sent(b'{"text":"' + b"x" * (3 * 1024 * 1024) + b'"}'),
            "no such person": sent(genuine.content.replace(PERSON.encode(), b"nobody00")),
        }


@contextlib.asynccontextmanager
async def console(path: Path) -> AsyncIterator[ChatHarness]:
    bench = Bench(path / "console.db")
    bench.people = [Member(PERSON, "张三", "客服"), Member(OTHER, "李四", "财务")]
    yield ConsoleHarness(bench)
    for each in bench.consoles:
        each.close()


MODES = {"console": Mode(Can(quotes=False, remote=False, unknown=False, doctor=False), console)}
