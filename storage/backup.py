"""Backup and restore, on either database, while the store is in use.

A backup is one tar.gz: `manifest.json` (what, when, row counts, migration) and one JSON-lines file per table, written from
one moment of the database. It is portable: a backup of SQLite restores into PostgreSQL and the other way round. Sealed
values stay sealed: a backup is worth nothing without the keys, and they are not in it.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from domain.clock import Clock
from domain.errors import BadInput
from storage.migrations import HEAD, KNOWN
from storage.migrations.carried import carried
from storage.schema import inbox_path, is_postgres, migrate, sqlite_path, version
from storage.tables import INBOX, metadata

FORMAT = 1
_PAGE = 2_000
_NOT_EMPTY = "目标数据库里已经有数据。确认要覆盖请加 --force；覆盖前会先检查备份是否完整。"
Progress = Callable[[str, int], None]


def _quiet(_table: str, _rows: int) -> None:
    """Nobody watches."""


def backup(url: str, dest: Path, *, data_dir: Path, clock: Clock, progress: Progress = _quiet) -> dict[str, int]:
    """Write a backup of the database at `url` to `dest`, which must not exist. Rows per table.

    Raises BadInput when `dest` exists or the database is empty.
    """
    if dest.exists():
        raise BadInput(f"{dest.name} 已经存在，备份不会覆盖它，请换个文件名。")
    found = version(url, data_dir=data_dir)
    if not found:
        raise BadInput("还没有数据可备份。")
    dest.parent.mkdir(parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    sums: dict[str, str] = {}
    # Written beside and moved into place: a backup that was cut off never looks like one.
    partial = dest.with_name(dest.name + ".part")
    try:
        with _connections(url, data_dir) as of, tarfile.open(partial, "w:gz", compresslevel=6) as tar:
            for table in metadata.sorted_tables:
                with tempfile.TemporaryFile() as file:
                    counts[table.name], sums[table.name] = _dump(of(table), table, file, progress)
                    _add(tar, f"{table.name}.jsonl", file)
            manifest = {
                "format": FORMAT, "migration": found, "at": clock.now().isoformat(), "rows": counts, "sha256": sums,
            }  # fmt: skip
            _add(tar, "manifest.json", io.BytesIO(json.dumps(manifest, indent=1).encode()))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(dest)
    finally:
        partial.unlink(missing_ok=True)
    return counts


def restore(url: str, source: Path, *, data_dir: Path, force: bool = False, progress: Progress = _quiet) -> dict[str, int]:
    """Put a backup into an empty database (or, with `force`, in place of what is there). Rows per table.

    The whole backup is verified before the first row is touched, and all tables of a file change in one transaction.
    Raises BadInput when it is damaged, newer than this program, or the database is not empty.
    """
    manifest = verify_backup(source)
    migrate(url, data_dir=data_dir)
    counts: dict[str, int] = {}
    with _connections(url, data_dir, write=True) as of:
        if not force and any(_has_rows(of(table), table) for table in metadata.sorted_tables):
            raise BadInput(_NOT_EMPTY)
        for table in reversed(metadata.sorted_tables):
            of(table).execute(table.delete())
        with tarfile.open(source, "r:gz") as tar:
            for table in metadata.sorted_tables:
                there = table.name in manifest["rows"]
                counts[table.name] = _load(of(table), table, tar, manifest["migration"], progress) if there else 0
                if counts[table.name] != manifest["rows"].get(table.name, 0):
                    raise BadInput(f"备份里的 {table.name} 行数不对，没有恢复。")
    return counts


def verify_backup(source: Path) -> dict[str, Any]:
    """The manifest of a whole, readable backup that this program understands. Raises BadInput otherwise."""
    try:
        with tarfile.open(source, "r:gz") as tar:
            manifest: dict[str, Any] = json.load(_open(tar, "manifest.json"))
            for name, wanted in manifest["sha256"].items():
                if _digest(_open(tar, f"{name}.jsonl")) != wanted:
                    raise BadInput(f"备份损坏：{name} 的内容与校验值不符。")
    except FileNotFoundError as problem:
        raise BadInput(f"找不到备份文件 {source.name}。") from problem
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, KeyError, ValueError, OSError, AttributeError) as problem:
        raise BadInput(f"{source.name} 不是完整的小单备份。") from problem
    if manifest.get("format") != FORMAT or manifest.get("migration") not in KNOWN:
        raise BadInput(f"这个备份来自更新版本的程序（{manifest.get('migration')}，这里是 {HEAD}），请先升级程序。")
    return manifest


# --- rows -------------------------------------------------------------------------------------------------------------


def _dump(connection: Connection, table: sa.Table, file: IO[bytes], progress: Progress) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    keys = list(table.primary_key.columns)
    rows = connection.execution_options(yield_per=_PAGE).execute(sa.select(table).order_by(*keys))
    for row in rows:
        text = json.dumps([_out(one) for one in row], ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        digest.update(text)
        file.write(text)
        count += 1
        if count % _PAGE == 0:
            progress(table.name, count)
    return count, digest.hexdigest()


def _load(connection: Connection, table: sa.Table, tar: tarfile.TarFile, migration: str, progress: Progress) -> int:
    names = [column.name for column in table.columns]
    count = 0
    page: list[dict[str, Any]] = []
    for text in _open(tar, f"{table.name}.jsonl"):
        page.append(carried(table.name, [_in(one) for one in json.loads(text)], names, migration))
        if len(page) == _PAGE:
            connection.execute(table.insert(), page)
            count += len(page)
            progress(table.name, count)
            page = []
    if page:
        connection.execute(table.insert(), page)
    count += len(page)
    serial = table.autoincrement_column
    if count and serial is not None and connection.dialect.name == "postgresql":
        # The rows came with their keys; the counter must go on after them.
        last = f"(SELECT MAX({serial.name}) FROM {table.name})"
        connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table.name}', '{serial.name}'), {last})")
    return count


def _out(value: Any) -> Any:
    return {"b": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _in(value: Any) -> Any:
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value


def _has_rows(connection: Connection, table: sa.Table) -> bool:
    return connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = file.seek(0, io.SEEK_END)
    file.seek(0)
    tar.addfile(info, file)


# --- connections ------------------------------------------------------------------------------------------------------


@contextmanager
def _connections(url: str, data_dir: Path, *, write: bool = False) -> Iterator[Callable[[sa.Table], Connection]]:
    """Which connection a table is on, each inside one transaction that is committed at the end when all went well."""
    if is_postgres(url):
        with _transaction("postgresql+psycopg://" + url.partition("://")[2], write=write) as only:
            yield lambda _table: only
        return
    main = sqlite_path(url, data_dir)
    # The inbox is read first: an item that is handled meanwhile is then in both, and handling is idempotent.
    with (
        _transaction(f"sqlite:///{inbox_path(main)}", write=write) as inbox,
        _transaction(f"sqlite:///{main}", write=write) as rest,
    ):
        yield lambda table: inbox if table is INBOX else rest


@contextmanager
def _transaction(url: str, *, write: bool) -> Iterator[Connection]:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                raw = connection.connection.dbapi_connection
                if raw is None:
                    raise RuntimeError("no connection")
                raw.isolation_level = None
                connection.exec_driver_sql("PRAGMA busy_timeout=15000")
                connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                connection.exec_driver_sql("SELECT COUNT(*) FROM alembic_version")  # the moment the snapshot begins
            else:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            try:
                yield connection
            except BaseException:
                _end(connection, "ROLLBACK")
                raise
            _end(connection, "COMMIT")
    finally:
        engine.dispose()


def _end(connection: Connection, how: str) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(how)
    elif how == "COMMIT":
        connection.commit()
    else:
        connection.rollback()
