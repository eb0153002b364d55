"""Who works here, as a chat platform's directory says it; and what follows for roles. Pure.

A directory only grants what the configuration maps (`[directory] roles`): a department that is not mapped gives nothing.
What it takes away, it takes at once: who left, was disabled or fell out of the app's visible range has no access any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from domain.people import Person, Role

T = TypeVar("T")
MOST_MISSING = 0.3  # of those known: more at once is a lying directory or a narrowed scope, not a day of notices
ASK_EACH = 100  # how many missing people are asked for by name before the list is believed
FEW = 2  # in a small company two leavers may be more than a third; then the platform must say so of each


class How(StrEnum):
    """How an account came to belong to a person."""

    NOT = ""  # known from the directory, belongs to nobody: no rights
    SETTINGS = "settings"  # xiaodan.toml: roles stay as written there
    CODE = "code"  # a one-time code was sent from it
    DIRECTORY = "directory"  # its departments are mapped: roles follow the directory
    NAME = "name"  # an invited person of this name: leaving is noticed, nothing is granted


class Standing(StrEnum):
    HERE = "here"
    DISABLED = "disabled"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Colleague:
    """One entry of a directory. `departments` are paths below the root: "客服部/一组". `active` False: disabled there."""

    user_id: str
    name: str
    departments: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class RosterRow:
    """What we remember of one chat account. `listed`: a sync or event has named it, so its absence means something."""

    platform: str
    user_id: str
    person_id: int = 0
    how: str = How.NOT
    name: str = ""
    departments: tuple[str, ...] = ()
    standing: str = Standing.HERE
    listed: bool = False
    changed_at: datetime | None = None  # when the newest event about it happened, by the platform's clock


class Happened(StrEnum):
    JOINED = "joined"
    CHANGED = "changed"
    LEFT = "left"
    DEPARTMENTS = "departments"  # departments were renamed or moved: everybody may be meant


@dataclass(frozen=True, slots=True)
class RosterEvent:
    """A directory's push. `event_id` is stable over re-deliveries; `renamed_to` when the account's id itself changed."""

    platform: str
    what: Happened
    user_id: str
    at: datetime
    event_id: str
    renamed_to: str = ""


@dataclass(frozen=True, slots=True)
class DirectoryRules:
    """`[directory]` of xiaodan.toml.

    roles: department name, or path from the root, -> roles. warehouses: the same -> warehouses that its people see.
    platform: whose departments grant roles where two platforms have a directory; every one of them takes away.
    """

    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    warehouses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    platform: str = ""
    every_minutes: int = 30

    def roles_of(self, colleague: Colleague) -> frozenset[Role]:
        return frozenset(role for found in _mapped(self.roles, colleague.departments) for role in found)

    def warehouses_of(self, colleague: Colleague) -> frozenset[str]:
        return frozenset(place for found in _mapped(self.warehouses, colleague.departments) for place in found)


def _mapped(table: Mapping[str, frozenset[T]], departments: Iterable[str]) -> Iterable[frozenset[T]]:
    """What is mapped for a department or one above it. A key with a slash is a path from the root, without one a name."""
    for path in departments:
        names = path.split("/")
        above = {"/".join(names[: length + 1]) for length in range(len(names))}
        for key, found in table.items():
            if key in above or ("/" not in key and key in names):
                yield found


def grants(rules: DirectoryRules, platform: str, platforms: Sequence[str]) -> bool:
    """Whether this platform's departments give roles.

    Only one platform's do: the same human in two directories would become two people, and two people are four eyes.
    """
    return platform == (rules.platform or next(iter(platforms), ""))


@dataclass(frozen=True, slots=True)
class Missing:
    """Who was here and is not in the directory any more. `too_many`: not believed without a person's word."""

    rows: tuple[RosterRow, ...]
    known: int
    too_many: bool


def missing(rows: Iterable[RosterRow], found: Iterable[Colleague]) -> Missing:
    """Compare what was known with what a complete listing says. An empty listing is never believed."""
    here = {each.user_id for each in found if each.active}
    known = [row for row in rows if row.listed and row.standing == Standing.HERE]
    gone = tuple(row for row in known if row.user_id not in here)
    too_many = len(gone) > MOST_MISSING * len(known) or (not here and bool(known))
    return Missing(gone, len(known), bool(gone) and too_many)


def namesakes(people: Iterable[Person], name: str, platform: str) -> list[Person]:
    """Active people of this name who have no account on this platform: perhaps the same human, so nothing is granted."""
    return [
        person
        for person in people
        if person.active and person.name == name and all(p != platform for p, _ in person.accounts)
    ]
