"""The operations person's rules, parsed: what `config/*.yaml` becomes. Nothing else reads those files' content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.people import May, Role


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that is data, not code. Versions are stamped on each decision that used them.

    `approvals` is a `domain.approval.ApprovalPolicy`, `rules` a `domain.rules.RuleBook`.
    """

    roles: Mapping[Role, frozenset[May]]
    approvals: Any = None
    rules: Any = None
    lanes: Mapping[str, float] = field(default_factory=dict)
    _known: dict[frozenset[Role], frozenset[May]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def allowed(self, roles: frozenset[Role]) -> frozenset[May]:
        """Union of what the roles may do; an unlisted role may do nothing."""
        known = self._known.get(roles)  # asked for every message; a company has a few combinations of roles
        if known is None:
            known = frozenset(may for role in roles for may in self.roles.get(role, frozenset()))
            self._known[roles] = known
        return known
