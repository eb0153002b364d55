"""Every test of the store runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from domain.clock import ManualClock
from storage import SqlStore, open_store
from tests.servers import emptied, postgres, postgres_database
from tests.storage.fixtures import KEYS, clock

__all__ = ["clock", "postgres", "postgres_database"]

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    """Empty for SQLite, or the URL of an empty PostgreSQL database."""
    if request.param == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgres_database")
    return emptied(url)


@pytest.fixture
def reopen(database: str, tmp_path: Path, clock: ManualClock) -> Callable[[], SqlStore]:
    """Opens the test's database once more, as a second process would."""
    return lambda: open_store(database, data_dir=tmp_path / "data", keys=KEYS, clock=clock)


@pytest.fixture
async def store(reopen: Callable[[], SqlStore]) -> AsyncIterator[SqlStore]:
    opened = reopen()
    yield opened
    await opened.close()
