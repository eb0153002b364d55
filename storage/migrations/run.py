"""Running the migrations from the program instead of from Alembic's command line."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_LOCK = 7262019  # two replicas that start together must not both create the tables


def config(url: str, part: str) -> Config:
    """`part`: "main", "inbox" (SQLite keeps it in a file of its own) or "all"."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.set_main_option("path_separator", "os")
    made.attributes.update({"part": part, "url": url})
    return made


def upgrade(url: str, part: str, revision: str = "head") -> None:
    """Upgrade in one transaction: a failed migration leaves the database as it was."""
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    try:
        with engine.connect() as connection:
            made = config(url, part)
            if connection.dialect.name == "postgresql":
                with connection.begin():
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
                    made.attributes["connection"] = connection
                    command.upgrade(made, revision)
                return
            connection.exec_driver_sql("PRAGMA busy_timeout=15000")
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.rollback()
            # pysqlite would begin only at the first INSERT; the schema must change in one transaction, and only once.
            raw = connection.connection.dbapi_connection
            if raw is None:
                raise RuntimeError("no connection")
            raw.isolation_level = None
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            made.attributes["connection"] = connection
            command.upgrade(made, revision)
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()
