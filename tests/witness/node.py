"""Node and the pinned packages of package-lock.json, installed once into a cache folder; one script, spoken to in JSON lines.

Nothing is installed beside the sources. The lock names no registry: `npm ci` asks whichever this machine is set to, and checks
every package against its hash.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_OLDEST = 18
_PATIENCE = 10.0


class NoNode(RuntimeError):
    """Says what to install. `broken` when Node is there and its packages could not be had."""

    def __init__(self, words: str, *, broken: bool = False) -> None:
        super().__init__(words)
        self.broken = broken


def installed() -> Path:
    """The folder whose `node_modules` is exactly what the lock says. Raises NoNode."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoNode("install Node 18 or newer with npm (Debian: apt install nodejs npm) to run the platforms' Node SDKs")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    major = version.lstrip("v").partition(".")[0]
    if not major.isdecimal() or int(major) < _OLDEST:
        raise NoNode(f"Node {version.strip() or '?'} is too old for the platforms' SDKs: install Node 18 or newer")
    lock = (HERE / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xiaodan-witness"
    folder = cache / f"{hashlib.sha256(lock).hexdigest()[:16]}-node{major}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several test workers start at once
        if not (folder / "done").exists():
            _install(npm, folder)
    return folder


def _install(npm: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder / name)
    try:
        done = subprocess.run([npm, "ci"], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired as slow:
        raise NoNode("npm ci took longer than 5 minutes: is the package registry reachable?", broken=True) from slow
    if done.returncode != 0:
        raise NoNode(f"npm ci failed: {done.stderr.strip()[-400:]}", broken=True)
    (folder / "done").touch()


class Script:
    """A running script. `ask` gives its answer to one command; `heard` is everything that it said by itself."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._serial = 0
        self.heard: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def ask(self, do: str, **given: Any) -> Any:
        """Raises RuntimeError with the script's words when the SDK refused."""
        self._serial += 1
        waiting = self._waiting[self._serial] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": self._serial, "do": do, **given}).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(_PATIENCE):
            return await waiting

    def said(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.heard if each["event"] == event]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "id" not in told:
                self.heard.append(told)
                continue
            waiting = self._waiting.pop(told["id"])
            if "error" in told:
                waiting.set_exception(RuntimeError(json.dumps(told["error"], ensure_ascii=False)))
            else:
                waiting.set_result(told["answer"])
        for waiting in self._waiting.values():
            waiting.set_exception(RuntimeError("the script ended"))

    async def aclose(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading


@contextlib.asynccontextmanager
async def running(name: str, folder: Path) -> AsyncIterator[Script]:
    """Run `name` (beside this file) with the installed packages; no proxy, since everything is on this machine."""
    for source in HERE.glob("*.mjs"):
        kept = folder / source.name
        if not kept.exists() or kept.read_bytes() != source.read_bytes():
            fresh = folder / f"{source.name}.{os.getpid()}"
            shutil.copy(source, fresh)
            fresh.replace(kept)
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    process = await asyncio.create_subprocess_exec(
        "node",
        folder / name,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        cwd=folder,
        limit=64 * 1024 * 1024,
    )
    script = Script(process)
    try:
        yield script
    finally:
        await script.aclose()
