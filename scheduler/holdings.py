"""Which chat platforms this replica may serve: of one that lets a single connection live, only the replica that holds it.

Rows and items of the others stay in the store for whoever holds the connection; when the holder dies its lease lapses,
another replica connects, and serves what waits.
"""

from __future__ import annotations

from collections.abc import Callable


class Holdings:
    """Known to the relay, the inbox worker and the deliverer. Everything is ours until somebody says otherwise."""

    def __init__(self) -> None:
        self._elsewhere: frozenset[str] = frozenset()
        self._told: list[Callable[[], None]] = []

    def elsewhere(self) -> frozenset[str]:
        return self._elsewhere

    def when_held(self, wake: Callable[[], None]) -> None:
        """Called whenever a platform has become ours: its rows may be waiting."""
        self._told.append(wake)

    def lost(self, platform: str) -> None:
        self._elsewhere |= {platform}

    def held(self, platform: str) -> None:
        if platform in self._elsewhere:
            self._elsewhere -= {platform}
            for wake in self._told:
                wake()
