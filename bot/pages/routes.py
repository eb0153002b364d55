"""Which pages this installation serves. Joined here so that the application itself knows none of them."""

from __future__ import annotations

from bot.bootstrap import House
from bot.pages import evidence, timeline


def attach(house: House) -> None:
    """The signed pages that cards link to."""
    house.page_routes.extend(timeline.routes(house.desk))
    house.page_routes.extend(evidence.routes(house.desk))
