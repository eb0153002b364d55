"""Changes of the company's directory, as the self-built app's callback tells them (`change_contact`, 90970)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from domain.ids import key as make_key
from domain.roster import Happened, RosterEvent

_USERS = {"create_user": Happened.JOINED, "update_user": Happened.CHANGED, "delete_user": Happened.LEFT}
_PARTIES = frozenset({"create_party", "update_party", "delete_party"})


def events_of(fields: Mapping[str, Any], *, platform: str, at: datetime) -> tuple[RosterEvent, ...]:
    """A `change_contact` callback as directory events; nothing for anything else, tags among it."""
    if str(fields.get("Event", "")) != "change_contact":
        return ()
    change, user = str(fields.get("ChangeType", "")), str(fields.get("UserID") or "")
    moment = _moment(fields.get("CreateTime"), at)
    parts = [str(fields.get(name) or "") for name in ("UserID", "NewUserID", "Id", "Status", "Department", "Name")]
    ident = make_key("change_contact", change, fields.get("CreateTime"), *parts)
    if change in _PARTIES:
        return (RosterEvent(platform, Happened.DEPARTMENTS, "", moment, ident),)
    if change not in _USERS or not user:
        return ()
    renamed = str(fields.get("NewUserID") or "")
    return (RosterEvent(platform, _USERS[change], user, moment, ident, renamed if renamed != user else ""),)


def _moment(stamp: Any, otherwise: datetime) -> datetime:
    try:
        seconds = int(stamp)
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 10**11 else otherwise
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise
