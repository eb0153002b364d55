"""A real store for any test: `from tests.storage.fixtures import store  # noqa: F401` (SQLite in the test's own folder)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from domain.clock import ManualClock
from storage import Keys, SqlStore, open_store
from tests.builders import NOW

KEYS = Keys.parse(";".join(("ab" * 32, "cd" * 32)))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def store(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SqlStore]:
    opened = open_store("", data_dir=tmp_path / "store", keys=KEYS, clock=clock)
    yield opened
    await opened.close()
