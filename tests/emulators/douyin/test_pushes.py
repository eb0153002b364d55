from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emulators.douyin import DouyinEmulator
from emulators.douyin.pushes import RETRY_AFTER, post_over_socket
from emulators.douyin.signing import event_signature
from emulators.kit import EmulatorClock

ACK = b'{"code":0,"msg":"success"}'


class Receiver:
    """Takes deliveries and answers as told."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers = list(answers)
        self.got: list[tuple[dict[str, str], bytes]] = []

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        self.got.append((headers, body))
        return self.answers.pop(0) if self.answers else (200, ACK)

    def tags(self) -> list[list[str]]:
        return [[message["tag"] for message in json.loads(body)] for _, body in self.got]


def platform(receiver: Receiver, **options: Any) -> DouyinEmulator:
    emulator = DouyinEmulator(clock=EmulatorClock(1_700_000_000))
    emulator.pushes.post, emulator.pushes.url = receiver.post, "http://bot.test/push"
    for name, value in options.items():
        setattr(emulator.pushes, name, value)
    return emulator


async def test_a_paid_order_is_told_in_one_signed_batch() -> None:
    receiver = Receiver()
    emulator = platform(receiver)
    emulator.buyers.place(shop_id=emulator.shop_id)
    assert await emulator.pushes.deliver() == 2
    [(headers, body)] = receiver.got
    assert receiver.tags() == [["100", "101"]]
    assert headers["event-sign"] == event_signature(emulator.app_secret, emulator.app_key, body)
    assert await emulator.pushes.deliver() == 0


async def test_ids_are_numbers_and_the_data_is_text() -> None:
    receiver = Receiver()
    emulator = platform(receiver)
    number = emulator.buyers.place(shop_id=emulator.shop_id)
    emulator.buyers.move_ship_by(number, to=1_700_009_999)
    await emulator.pushes.deliver()
    created, _, moved = (json.loads(message["data"]) for message in json.loads(receiver.got[0][1]))
    assert (created["p_id"], moved["p_id"]) == (int(number), number)


@pytest.mark.parametrize(
    "answer", [(500, b""), (0, b""), (200, b"ok"), (200, b'{"code":1,"msg":"busy"}'), (200, b'{"code":0}')]
)
async def test_anything_but_the_exact_word_is_sent_again(answer: tuple[int, bytes]) -> None:
    receiver = Receiver(answer)
    emulator = platform(receiver)
    emulator.buyers.place(shop_id=emulator.shop_id, paid=False)
    assert [await emulator.pushes.deliver() for _ in range(2)] == [0, 0], "not at once"
    emulator.clock.move(RETRY_AFTER[0])
    assert [await emulator.pushes.deliver() for _ in range(2)] == [1, 0]
    assert receiver.tags() == [["100"], ["100"]]
    assert receiver.got[0][1] == receiver.got[1][1]


async def test_it_gives_up_after_the_last_retry() -> None:
    receiver = Receiver(*[(500, b"")] * 20)
    emulator = platform(receiver)
    emulator.buyers.place(shop_id=emulator.shop_id, paid=False)
    for _ in range(12):
        await emulator.pushes.deliver()
        emulator.clock.move(RETRY_AFTER[-1])
    assert len(receiver.got) == 1 + len(RETRY_AFTER)


async def test_duplicates_and_reordering_on_demand() -> None:
    receiver = Receiver()
    emulator = platform(receiver, duplicate=True, reverse=True, batch=1)
    emulator.buyers.place(shop_id=emulator.shop_id)
    await emulator.pushes.deliver()
    assert receiver.tags() == [["101"], ["101"], ["100"], ["100"]]


async def test_shops_may_have_their_own_address() -> None:
    receiver = Receiver()
    emulator = platform(receiver, url="", urls={})
    emulator.buyers.place(shop_id=emulator.shop_id)
    assert await emulator.pushes.deliver() == 0
    emulator.pushes.urls[emulator.shop_id] = "http://bot.test/push/douyin/a"
    assert await emulator.pushes.deliver() == 2


class _Answering(BaseHTTPRequestHandler):
    got: list[bytes]

    def do_POST(self) -> None:
        self.got.append(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200 if self.path == "/ok" else 503)
        self.end_headers()
        self.wfile.write(ACK)

    def log_message(self, *_: object) -> None:
        return


async def test_the_default_sender_uses_a_real_socket() -> None:
    got: list[bytes] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Answering,), {"got": got}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    try:
        assert await post_over_socket(f"{base}/ok", {"content-type": "application/json"}, b"[]") == (200, ACK)
        assert (await post_over_socket(f"{base}/down", {}, b"[]"))[0] == 503
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert got == [b"[]", b"[]"]
    assert await post_over_socket(f"{base}/ok", {}, b"[]") == (0, b"")
