"""Joins the features into one table: who answers what. A name claimed by two features stops the start, not a customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from domain.topics import Topic
from handlers.desk import (
    AddressAsked,
    AftersaleChanged,
    Changed,
    Due,
    Effect,
    Feature,
    Need,
    TrackChanged,
    View,
)

K = TypeVar("K")


class Router:
    """Read-only tables made from the features, in their order."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self.features = tuple(features)
        self.questions: Mapping[str, Need] = self._join("questions")
        self.commands: Mapping[str, Need] = self._join("commands")
        self.actions: Mapping[str, Need] = self._join("actions")
        self.effects: Mapping[Topic, Effect] = self._join("effects")
        self.due: Mapping[str, Due] = self._join("due")
        self.views: Mapping[str, View] = self._join("views")
        self.subjects: Mapping[str, View] = self._join("subjects")
        self.changed: tuple[Changed, ...] = tuple(hook for f in self.features for hook in f.changed)
        self.aftersale: tuple[AftersaleChanged, ...] = tuple(hook for f in self.features for hook in f.aftersale)
        self.address: tuple[AddressAsked, ...] = tuple(hook for f in self.features for hook in f.address)
        self.track: tuple[TrackChanged, ...] = tuple(hook for f in self.features for hook in f.track)

    def _join(self, table: str) -> dict[Any, Any]:
        joined: dict[Any, Any] = {}
        claimed: dict[Any, str] = {}
        for feature in self.features:
            for name, run in getattr(feature, table).items():
                if name in joined:
                    raise ValueError(f"{table}: {name!r} is claimed by {claimed[name]} and by {feature.name}")
                joined[name] = run
                claimed[name] = feature.name
        return joined
