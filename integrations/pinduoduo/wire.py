"""Pinduoduo on the wire: signatures, names of calls and replies, error codes. Nothing else in the program knows them.

Sources: the platform's call guide and API catalogue (open.pinduoduo.com), see docs/integrations/pinduoduo.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

Row = Mapping[str, Any]
"""One decoded JSON object of the platform. Untrusted: `mapping` checks each field it reads."""

TIME = "pdd.time.get"
TOKEN_CREATE = "pdd.pop.auth.token.create"  # noqa: S105 - the name of a call
TOKEN_REFRESH = "pdd.pop.auth.token.refresh"  # noqa: S105
ORDER_LIST = "pdd.order.number.list.increment.get"
ORDER_DETAIL = "pdd.order.information.get"
REFUND_LIST = "pdd.refund.list.increment.get"
REFUND_DETAIL = "pdd.refund.information.get"
REFUND_AGREE = "pdd.refund.agree"
RETURN_AGREE = "pdd.refund.returngoods.agree"
RETURN_ADDRESSES = "pdd.refund.address.list.get"
SHIP_CHECK = "pdd.open.logistics.pre.check"
SHIP = "pdd.logistics.online.send"
REGIONS = "pdd.logistics.address.get"
ADDRESS_UPDATE = "pdd.order.update.address"
NOTE_UPDATE = "pdd.order.note.update"
STOCK_UPDATE = "pdd.goods.quantity.update"
MESSAGES_PERMIT = "pdd.pmc.user.permit"
MESSAGES_BACKLOG = "pdd.pmc.accrue.query"

REPLY: dict[str, str] = {
    TIME: "time_get_response",
    TOKEN_CREATE: "pop_auth_token_create_response",
    TOKEN_REFRESH: "pop_auth_token_refresh_response",
    ORDER_LIST: "order_sn_increment_get_response",
    ORDER_DETAIL: "order_info_get_response",
    REFUND_LIST: "refund_increment_get_response",
    REFUND_DETAIL: "refund_information_get_response",
    REFUND_AGREE: "response",
    RETURN_AGREE: "response",
    RETURN_ADDRESSES: "refund_address_list_get_response",
    SHIP_CHECK: "logistics_pre_check_response",
    SHIP: "logistics_online_send_response",
    REGIONS: "logistics_address_get_response",
    ADDRESS_UPDATE: "response",
    NOTE_UPDATE: "response",
    STOCK_UPDATE: "goods_quantity_update_response",
    MESSAGES_PERMIT: "pmc_user_permit_response",
    MESSAGES_BACKLOG: "pmc_user_get_response",  # the catalogue names it so
}
"""The key under which each call's answer stands. `pdd.refund.information.get` is documented without one: both are read."""

WITHOUT_TOKEN = frozenset({TIME, TOKEN_CREATE, TOKEN_REFRESH, REGIONS, MESSAGES_BACKLOG})

TOKEN_EXPIRED = "10019"  # noqa: S105 - an error code
THROTTLED = frozenset({"52101", "70031"})
DOWN = frozenset({"50000", "52102", "52103"})
"""The platform could not say what it did: a doubt after a change, a later try after a question."""
WHO_MUST_ACT: dict[str, str] = {
    "10016": "client_id is not accepted (10016)",
    "20004": "signature refused (20004): client_secret or this machine's clock is wrong",
    "20005": "this machine's address is not on the app's IP list (20005)",
    "20031": "the shop did not grant this permission (20031)",
    "20032": "the app does not hold this permission (20032)",
    "70032": "calls are forbidden (70032)",
    "70033": "calls are forbidden (70033)",
    "70034": "calls are forbidden (70034)",
    "70035": "the app's test quota is used up (70035)",
    "70036": "the app's test quota is used up (70036)",
}
"""Refusals that only a person can mend, at the platform's back office or in our settings."""


def sign(params: Mapping[str, str], secret: str) -> str:
    """MD5 in capitals over secret + key and value of every parameter but `sign`, keys ascending by byte + secret."""
    body = "".join(key + params[key] for key in sorted(params, key=str.encode) if key != "sign")
    return hashlib.md5(f"{secret}{body}{secret}".encode(), usedforsecurity=False).hexdigest().upper()


def digest(client_id: str, ms: int, secret: str) -> str:
    """The last part of the message channel's address: base64 of the 32 hex letters (not of the 16 bytes), URL-escaped."""
    letters = hashlib.md5(f"{client_id}{ms}{secret}".encode(), usedforsecurity=False).hexdigest()
    return quote(base64.b64encode(letters.encode()).decode(), safe="")


def messages_path(client_id: str, ms: int, secret: str) -> str:
    """Path of the message channel for one connection attempt."""
    return f"/message/{client_id}/{ms}/{digest(client_id, ms, secret)}"


def text(value: Any) -> str:
    """A parameter as it is sent *and* signed: JSON for anything that is not plain text or a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
