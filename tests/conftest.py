"""What holds for every test: no network beyond this machine, no settings from the developer's shell."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

_CONNECT = socket.socket.connect
_CONNECT_EX = socket.socket.connect_ex


class ReachedOut(RuntimeError):
    """A test tried to talk to another machine."""


def _local(address: Any) -> bool:
    if not isinstance(address, tuple):  # a Unix socket
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return host == "localhost"


def _connect(self: socket.socket, address: Any) -> None:
    if not _local(address):
        raise ReachedOut(f"test reached for {address!r}")
    _CONNECT(self, address)


def _connect_ex(self: socket.socket, address: Any) -> int:
    if not _local(address):
        raise ReachedOut(f"test reached for {address!r}")
    return _CONNECT_EX(self, address)


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    socket.socket.connect = _connect  # type: ignore[method-assign,assignment]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign,assignment]
    yield
    socket.socket.connect = _CONNECT  # type: ignore[method-assign]
    socket.socket.connect_ex = _CONNECT_EX  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("XIAODAN_") and name not in {"XIAODAN_SOAK", "XIAODAN_CHROMIUM"}:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def same_logging() -> Iterator[None]:
    """A command run inside a test sets up logging for its process; the next test must not inherit that."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
