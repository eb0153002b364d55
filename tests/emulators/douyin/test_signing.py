"""The emulator's own signing code, held against the same vectors as the connector's."""

from __future__ import annotations

import pytest

from emulators.douyin import signing
from tests.integrations.douyin import vectors as v


@pytest.mark.parametrize(("method", "body", "how", "expected"), v.CALLS)
def test_calls(method: str, body: str, how: str, expected: str) -> None:
    assert signing.call_signature(v.SECRET, v.APP_KEY, method, body.encode(), v.TIMESTAMP, "2", how) == expected


def test_pushes() -> None:
    assert signing.event_signature(v.SECRET, v.APP_KEY, v.PUSH) == v.PUSH_SIGN


def test_inbound_calls() -> None:
    assert signing.spi_signature(v.SECRET, v.APP_KEY, v.SPI_JSON.encode(), v.TIMESTAMP) == v.SPI_SIGN
