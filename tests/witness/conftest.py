from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.witness.node import NoNode, installed


@pytest.fixture(scope="session")
def packages() -> Path:
    """The installed packages. Without Node: a skip that says what to install; in CI with a Node that cannot: a failure."""
    try:
        return installed()
    except NoNode as problem:
        if os.environ.get("CI") and problem.broken:
            pytest.fail(f"CI has Node, so the witnesses must speak: {problem}")
        pytest.skip(str(problem))
