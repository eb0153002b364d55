"""What an address is read to, and what two of them have in common: the place and the distance."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Today:
    """What stands now for a division that is gone: the name of its district (of its city where it was one) and the code."""

    district: str
    adcode: str


@dataclass(frozen=True, slots=True)
class Address:
    """What was recognised; "" and None where nothing was. `adcode` is the six-digit code of the finest level known.

    A district that is gone (江干区) stands as it was typed, with its own code and centre of then; `today` is what stands
    for it now, None where nothing has changed. Whether two addresses are of one district is told by `code_today`, not by
    `adcode`.
    `lat`/`lng` are the centre of the finest level, in degrees; `detail` is the rest: town, road, door.
    """

    province: str = ""
    city: str = ""
    district: str = ""
    adcode: str = ""
    lat: float | None = None
    lng: float | None = None
    detail: str = ""
    today: Today | None = None

    @property
    def code_today(self) -> str:
        """The code of today: the same for 即墨市 and 即墨区. "" where nothing was recognised."""
        return self.today.adcode if self.today is not None else self.adcode


def same_place(a: Address, b: Address) -> bool:
    """Whether two addresses name the same division, one perhaps by a name or code that is gone. False for unknown ones."""
    return a.code_today == b.code_today != ""


_EARTH_KM = 6371.0088  # mean radius, IUGG


def distance_km(a: Address, b: Address) -> float | None:
    """Great-circle kilometres between the centres of two addresses; None when one of them is nowhere."""
    if a.lat is None or a.lng is None or b.lat is None or b.lng is None:
        return None
    phi_a, phi_b = math.radians(a.lat), math.radians(b.lat)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(b.lng - a.lng) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
