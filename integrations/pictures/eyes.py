"""The port over `reading`: one process at a time, started when a picture comes, ended when none came for a while.

A picture is a stranger's bytes for decoders written in C, and the recogniser takes 300 MB: neither belongs into the process
that answers everybody. One picture is read after the other; when one takes too long the process is ended and only that
picture is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from typing import Any

from domain.errors import BadInput, Unavailable
from domain.ports import Code, Seen

MAX_BYTES = 12 << 20
SLOW = 20.0  # seconds for one picture, the start of the process included
IDLE = 120.0  # seconds after which the process is ended
_WHY = {
    "too-large": "这张图太大了，裁出有单号的那一块再发。",
    "not-a-picture": "这张图打不开，换成截图或 jpg、png 再发。",
}


def reads_text() -> bool:
    """Whether the recogniser of print is installed; looks without loading it."""
    return importlib.util.find_spec("rapidocr_onnxruntime") is not None


class Eyes:
    """Implements `domain.ports.SeesPictures`. `aclose` ends the process."""

    def __init__(self, *, slow: float = SLOW, idle: float = IDLE) -> None:
        self.reads_text = reads_text()
        self._slow = slow
        self._idle = idle
        self._process: Process | None = None
        self._turn = asyncio.Lock()
        self._sleep: asyncio.TimerHandle | None = None

    async def see(self, content: bytes) -> Seen:
        if len(content) > MAX_BYTES:
            raise BadInput(_WHY["too-large"])
        async with self._turn:
            if self._sleep is not None:
                self._sleep.cancel()
            try:
                async with asyncio.timeout(self._slow):
                    answer = await self._ask(content)
            except (TimeoutError, OSError, EOFError, asyncio.IncompleteReadError, ValueError) as trouble:
                await self._end()
                raise Unavailable("pictures: the reader broke or took too long") from trouble
            except BaseException:
                await self._end()  # half an answer must not be read as that of the next picture
                raise
            self._sleep = asyncio.get_running_loop().call_later(self._idle, self._doze)
        if "error" in answer:
            raise BadInput(_WHY.get(answer["error"], _WHY["not-a-picture"]))
        return Seen(tuple(Code(text, product) for text, product in answer["codes"]), tuple(answer["lines"]))

    async def aclose(self) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
        async with self._turn:
            await self._end()

    async def _ask(self, content: bytes) -> Any:
        process = await self._awake()
        if process.stdin is None or process.stdout is None:  # never: both were asked for
            raise EOFError
        process.stdin.write(struct.pack(">I", len(content)) + content)
        await process.stdin.drain()
        (size,) = struct.unpack(">I", await process.stdout.readexactly(4))
        return json.loads(await process.stdout.readexactly(size))

    async def _awake(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            quiet = {"OMP_NUM_THREADS": "1", "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}  # no secrets of ours
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "integrations.pictures.reading", stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=quiet
            )
        return self._process

    def _doze(self) -> None:
        if not self._turn.locked() and self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # it ends by itself
            self._process = None

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
