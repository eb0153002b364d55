"""A server in a process of its own, and a small HTTP client: raw sockets, kept alive, so that the client costs little."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cast import GROUP, KEY_TEXT, PEOPLE

START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One kept-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        self._reader, self._writer = reader, writer
        self._host = f"Host: 127.0.0.1:{port}\r\n"

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Answer:
        """`headers` are whole lines, each ended by CR LF."""
        kind = "Content-Type: application/json\r\n" if body else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._host}{kind}{headers}Content-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        raw = await self._reader.readuntil(b"\r\n\r\n")
        first, *rows = raw.decode("latin-1").split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (row.partition(":") for row in rows if row)}
        length = int(found.get("content-length", "0"))
        return Answer(int(first.split(" ", 2)[1]), found, await self._reader.readexactly(length))

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection = Connection(reader, writer, port)
    try:
        yield connection
    finally:
        await connection.close()


@dataclass(slots=True)
class Server:
    port: int
    process: subprocess.Popen[bytes]
    started: float

    def ready(self) -> None:
        """Return when it listens. Raises RuntimeError when it does not."""
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            if self.process.poll() is not None or time.perf_counter() - self.started > START_SECONDS:
                raise RuntimeError("the measured server did not start")
            time.sleep(0.005)


@contextmanager
def server(what: str, *rest: str | Path) -> Iterator[Server]:
    """Start `benchmarks.served` on a free port; it is stopped at the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.served", what, *map(str, rest), str(port)]
    environment = os.environ | {"XIAODAN_KEYS": KEY_TEXT, "XIAODAN_CONSOLE": "off"}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment)
    try:
        yield Server(port, process, started)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def load(
    port: int, connections: int, bodies: Sequence[bytes], path: str, headers: str = ""
) -> tuple[float, list[float], int]:
    """POST every body, spread over kept-alive connections. (seconds, latency of each, how many were not 200)."""
    left = iter(bodies)
    latencies: list[float] = []
    refused = 0

    async def work() -> None:
        nonlocal refused
        async with connected(port) as connection:
            for body in left:
                start = time.perf_counter()
                answer = await connection.ask("POST", path, body, headers)
                latencies.append(time.perf_counter() - start)
                refused += answer.status != 200

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - start, latencies, refused


class Colleague:
    """Somebody in the work group: a session cookie, questions, and what the bot has said."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.headers = ""
        self._asked = 0

    async def enter(self) -> None:
        async with connected(self._port) as connection:
            answer = await connection.ask("GET", "/")
        self.headers = f"Cookie: {answer.headers['set-cookie'].split(';', 1)[0]}\r\n"

    def question(self, text: str) -> bytes:
        """The next question, each from another of the group's people: one person's questions are answered one by one."""
        self._asked += 1
        said = {
            "type": "message",
            "as": PEOPLE[self._asked % len(PEOPLE)],
            "id": f"bench-{os.getpid()}-{self._asked:08d}",
            "chat": GROUP,
            "text": text,
            "command": True,
        }
        return json.dumps(said, ensure_ascii=False).encode()

    async def until(self, met: Callable[[Any], bool], path: str, *, seconds: float = 60.0) -> None:
        """Ask `path` again and again until its JSON is as wanted. Raises TimeoutError."""
        async with connected(self._port) as connection:
            async with asyncio.timeout(seconds):
                # Another process tells us, and by HTTP only.
                while not met((await connection.ask("GET", path, headers=self.headers)).json()):  # noqa: ASYNC110
                    await asyncio.sleep(0.003)
