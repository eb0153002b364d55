"""Running emulated platforms on loopback, for `xiaodan emulate` and the demo."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer
import uvicorn

from domain.errors import BadInput
from emulators.dingtalk import DingTalkEmulator
from emulators.douyin import DouyinEmulator
from emulators.kuaidi100 import Kuaidi100Emulator
from emulators.model import ModelEmulator
from emulators.pinduoduo import PinduoduoEmulator
from emulators.wecom import WecomEmulator

EMULATORS: dict[str, Callable[[], Any]] = {
    "douyin": DouyinEmulator,
    "pinduoduo": PinduoduoEmulator,
    "kuaidi100": Kuaidi100Emulator,
    "dingtalk": DingTalkEmulator,
    "wecom": WecomEmulator,
    "model": ModelEmulator,
}


class QuietServer(uvicorn.Server):
    """A server among others in one process: signals belong to whoever runs them all."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(port: int = 0) -> socket.socket:
    """A listening socket on loopback; port 0 takes any free one."""
    # The protocol is named because asyncio only switches Nagle's algorithm off for sockets that say they are TCP;
    # without it every answer of a kept connection waits 40 ms for the other side's delayed acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as taken:
        listening.close()
        raise BadInput(f"端口 {port} 被别的程序占着，换一个（PORT=… 或 --port …）再试。") from taken
    listening.listen(256)
    return listening


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def server(app: Any) -> QuietServer:
    """An application ready to be served on a socket of ours."""
    return QuietServer(
        uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="on", ws="websockets-sansio", ws_ping_interval=None
        )
    )


class Stage:
    """Servers that start and stop together, in this process."""

    def __init__(self) -> None:
        self._servers: list[tuple[QuietServer, asyncio.Task[None]]] = []

    def serve(self, app: Any, listening: socket.socket) -> None:
        one = server(app)
        self._servers.append((one, asyncio.create_task(one.serve(sockets=[listening]))))

    async def ready(self) -> None:
        """Until all of them accept connections. Raises what kept one from starting."""
        for one, task in self._servers:
            while not one.started:
                if task.done():
                    await task
                    raise BadInput("服务没能启动，上面的日志里有原因。")
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Let each finish what it is answering, then stop; nothing is left behind."""
        for one, _ in self._servers:
            one.should_exit = True
        done = asyncio.gather(*(task for _, task in self._servers), return_exceptions=True)
        try:
            await asyncio.wait_for(done, 5)
        except TimeoutError:
            for one, _ in self._servers:
                one.force_exit = True
            await asyncio.gather(*(task for _, task in self._servers), return_exceptions=True)


async def run_emulators(names: Sequence[str], port: int, push_to: str) -> None:
    """Serve emulators until interrupted; says where each one listens and how to act as a buyer."""
    unknown = [name for name in names if name not in EMULATORS]
    if unknown:
        raise BadInput(f"没有 {'、'.join(unknown)} 的模拟平台，现有：{'、'.join(EMULATORS)}")
    tasks = []
    for index, name in enumerate(names):
        emulator = EMULATORS[name]()
        if push_to and hasattr(emulator, "pushes") and hasattr(emulator.pushes, "url"):
            emulator.pushes.url = push_to
        listening = listen(port + index if port else 0)
        typer.echo(f"{name}: http://127.0.0.1:{port_of(listening)}  （状态与操作在 /_emulator/…）")
        tasks.append(asyncio.create_task(server(emulator).serve(sockets=[listening])))
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks)
