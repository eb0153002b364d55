"""Bringing a database to the shape this program expects: Alembic migrations, run only when there is something to run."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from domain.errors import BadInput, Unavailable
from storage.migrations import HEAD, KNOWN

FOLDER = Path(__file__).with_name("migrations")
_AHEAD = "数据库是更新版本的程序写的（{found}），这个程序只认识到 {head}。请升级程序，或用备份恢复。"


def is_postgres(url: str) -> bool:
    return url.startswith(("postgresql://", "postgres://"))


def sqlite_path(url: str, data_dir: Path) -> Path:
    """Where the file is. Raises BadInput on a URL of a database that we do not know."""
    if not url:
        return data_dir / "xiaodan.db"
    if not url.startswith("sqlite:///"):
        raise BadInput("数据库地址要以 sqlite:/// 或 postgresql:// 开头，或者留空。")
    return Path(url.removeprefix("sqlite:///"))


def inbox_path(main: Path) -> Path:
    """`inbox.db` beside `xiaodan.db`; `NAME.inbox.db` beside a file with a name of its own."""
    return main.with_name("inbox.db" if main.name == "xiaodan.db" else f"{main.stem}.inbox.db")


def migrate(url: str, *, data_dir: Path) -> bool:
    """Create or upgrade. True when something was done. Raises BadInput when the database is ahead of the program."""
    if is_postgres(url):
        return _migrate(_postgres_url(url), _postgres_version(url), "all")
    main = sqlite_path(url, data_dir)
    main.parent.mkdir(parents=True, exist_ok=True)
    done = False
    for path, part in ((main, "main"), (inbox_path(main), "inbox")):
        done |= _migrate(f"sqlite:///{path}", _sqlite_version(path), part)
    return done


def version(url: str, *, data_dir: Path) -> str:
    """The migration the database is at; "" when it is empty."""
    return _postgres_version(url) if is_postgres(url) else _sqlite_version(sqlite_path(url, data_dir))


def _migrate(url: str, found: str, part: str) -> bool:
    if found == HEAD:
        return False
    if found and found not in KNOWN:
        raise BadInput(_AHEAD.format(found=found, head=HEAD))
    # Imported here: a store that is up to date starts without loading SQLAlchemy and Alembic.
    from storage.migrations.run import upgrade

    upgrade(url, part)
    return True


def _sqlite_version(path: Path) -> str:
    if not path.exists() or path.stat().st_size == 0:
        return ""
    try:
        raw = sqlite3.connect(path, timeout=15)
        try:
            row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            raw.close()
    except sqlite3.DatabaseError as problem:
        if "no such table" in str(problem):
            return ""
        if isinstance(problem, sqlite3.OperationalError):
            raise Unavailable(f"数据文件打不开（{problem}）。") from problem
        raise BadInput(f"{path.name} 不是小单的数据文件，或已损坏。可以用 `xiaodan db restore` 从备份恢复。") from problem
    return str(row[0]) if row else ""


def _postgres_url(url: str) -> str:
    return "postgresql+psycopg://" + url.partition("://")[2]


def _postgres_version(url: str) -> str:
    import psycopg

    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=10) as raw:
            row = raw.execute("SELECT to_regclass('alembic_version')").fetchone()
            if row is None or row[0] is None:
                return ""
            row = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    except psycopg.OperationalError as problem:
        raise Unavailable("连不上数据库，请检查 XIAODAN_DATABASE_URL 和数据库是否在运行。") from problem
    return str(row[0]) if row else ""
