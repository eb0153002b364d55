"""Say once that a platform went away and once that it came back, however many calls fail in between."""

from __future__ import annotations

import structlog

_log = structlog.get_logger("integrations")


class Health:
    """One connection's standing. Only changes are logged; ids only."""

    def __init__(self, connector: str, shop: str = "") -> None:
        self._connector = connector
        self._shop = shop
        self._down = False

    @property
    def down(self) -> bool:
        return self._down

    def failed(self, problem: Exception) -> None:
        """A call failed for the platform's reasons."""
        if self._down:
            return
        self._down = True
        _log.warning("connector.lost", connector=self._connector, shop=self._shop, problem=type(problem).__name__)

    def answered(self) -> None:
        """A call got a proper answer, be it yes or no."""
        if not self._down:
            return
        self._down = False
        _log.info("connector.recovered", connector=self._connector, shop=self._shop)
