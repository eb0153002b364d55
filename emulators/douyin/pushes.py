"""Message pushes: signed, batched, repeated until acknowledged, and on demand duplicated or reordered."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from emulators.douyin.signing import event_signature
from emulators.kit import EmulatorClock, Journal

Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]
TIMEOUT = 3.0  # seconds; the platform's real figure is not published
RETRY_AFTER = (1.0, 5.0, 15.0, 60.0, 300.0)  # seconds on the emulator's clock; the real schedule is not published either
FIRST_MESSAGE = 7_022_000_000_000_000_001


@dataclass
class Message:
    msg_id: str
    tag: str
    shop_id: int
    data: str
    tries: int = 0
    due: float = 0.0
    done: bool = False


async def post_over_socket(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """The default sender: the standard library in a thread."""

    def send() -> tuple[int, bytes]:
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 (configured by the tester)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()
        except OSError:
            return 0, b""

    return await asyncio.to_thread(send)


@dataclass
class Pushes:
    """Queue and sender. `duplicate` sends every batch twice, `reverse` newest first, `batch` messages a request."""

    app_key: str
    secret: str
    clock: EmulatorClock
    journal: Journal
    post: Post = post_over_socket
    url: str = ""  # for all shops without their own
    urls: dict[int, str] = field(default_factory=dict)
    batch: int = 10
    duplicate: bool = False
    reverse: bool = False
    messages: list[Message] = field(default_factory=list)

    def queue(self, tag: str, shop_id: int, data: dict[str, Any]) -> Message:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        message = Message(str(FIRST_MESSAGE + len(self.messages)), tag, shop_id, text)
        self.messages.append(message)
        return message

    def pending(self) -> list[Message]:
        """Not acknowledged, due, and not given up."""
        now = self.clock.now()
        return [
            message
            for message in self.messages
            if not message.done and message.due <= now and message.tries <= len(RETRY_AFTER)
        ]

    def request(self, messages: list[Message]) -> tuple[dict[str, str], bytes]:
        """Headers and body of one delivery."""
        body = json.dumps(
            [{"tag": message.tag, "msg_id": message.msg_id, "data": message.data} for message in messages],
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        sign = event_signature(self.secret, self.app_key, body)
        return {"content-type": "application/json", "app-id": self.app_key, "event-sign": sign}, body

    async def deliver(self) -> int:
        """Send what is pending once; gives how many messages were acknowledged. The others stay for the next round."""
        acknowledged = 0
        by_url: dict[str, list[Message]] = {}
        for message in self.pending():
            if url := self.urls.get(message.shop_id, self.url):
                by_url.setdefault(url, []).append(message)
        for url, waiting in by_url.items():
            ordered = waiting[::-1] if self.reverse else waiting
            for start in range(0, len(ordered), self.batch):
                acknowledged += await self._send(url, ordered[start : start + self.batch])
        return acknowledged

    async def _send(self, url: str, messages: list[Message]) -> int:
        headers, body = self.request(messages)
        count = 0
        for message in messages:
            message.due = self.clock.now() + RETRY_AFTER[min(message.tries, len(RETRY_AFTER) - 1)]
            message.tries += 1
        for _ in range(2 if self.duplicate else 1):
            status, answer = await self.post(url, headers, body)
            good = _acknowledged(status, answer)
            tags = [message.tag for message in messages]
            self.journal.note(self.clock.now(), "push", {"tags": tags}, {"status": status, "acknowledged": good})
            for message in messages:
                count += good and not message.done
                message.done = message.done or good
        return count

    async def run(self, every: float = 0.2) -> None:
        """Deliver for ever: for the demo and `emulate`."""
        while True:
            await self.deliver()
            await asyncio.sleep(every)


def _acknowledged(status: int, answer: bytes) -> bool:
    try:
        told = json.loads(answer)
    except ValueError:
        return False
    return status == 200 and isinstance(told, dict) and told.get("code") == 0 and told.get("msg") == "success"
