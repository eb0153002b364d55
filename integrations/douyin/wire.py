"""Douyin shop's own shapes, status codes and signatures. Nothing outside this folder knows them.

Source: the open platform's documentation, op.jinritemai.com/docs (order.searchList V22.27, afterSale.List, the message push
guide), read 2026-11. What no citable source confirms is a field of `Settings` and is listed in docs/integrations/douyin.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, Final, Literal, NotRequired, TypedDict

OK: Final = 10000
NO_ACCESS: Final = 30001
BAD_IP: Final = 30002
BAD_REQUEST: Final = 40003
TOKEN_FAILED: Final = 50001
BUSINESS: Final = 50002
THROTTLED: Final = 60000
PLATFORM_FAULTS: Final = frozenset({20000, 20001})
WITHDRAWN: Final = 70000
RISK_CONTROL: Final = 80000

TOKEN_TROUBLE: Final = frozenset({"isv.access-token-expired", "isv.access-token-invalid", "isv.access-token-no-existed"})
CLOCK_TROUBLE: Final = "isv.timestamp-invalid"
BAD_SIGNATURE: Final = "isv.signature-invalid"
REPEATED: Final = "isv.idempotent-id-existed"
STATE_CHANGED: Final = "20309541"

AGREE_REFUND: Final = 201
REFUSE_REFUND: Final = 202
AGREE_RETURN: Final = 101
ADDRESS_STAGES: Final = {"picking": 1001, "allocating": 1002, "in_warehouse": 1003, "outbound": 1004, "shipping": 1005}

ORDER_PUSHES: Final = frozenset({"100", "101", "102", "103", "104", "105", "106", "108", "109", "110", "113"})
ADDRESS_PUSH: Final = "111"
SHIP_BY_PUSH: Final = "126"
AFTERSALE_PUSHES: Final = frozenset(
    {"200", "201", "202", "203", "204", "205", "206", "207", "208", "211"}
    | {str(tag) for tag in range(212, 219)}
    | {"226", "227"}
)
AFTERSALE_DEADLINE_PUSH: Final = "209"
PRODUCT_PUSHES: Final = frozenset({"400", "417"})
HEARTBEAT: Final = "0"  # what the console's "send a test" button delivers
PUSH_ACK: Final = b'{"code":0,"msg":"success"}'

SignMethod = Literal["hmac-sha256", "md5"]
Id = int | str  # int64: a JSON number in some messages, a string in others


class Envelope(TypedDict):
    code: int
    msg: NotRequired[str]
    sub_code: NotRequired[str]
    sub_msg: NotRequired[str]
    data: NotRequired[Any]
    log_id: NotRequired[str]


class WirePush(TypedDict):
    tag: str
    msg_id: str
    data: str


class CipherInfo(TypedDict):
    auth_id: str
    cipher_text: str


def param_json(params: dict[str, Any]) -> str:
    """The canonical body: keys sorted at every depth, no spaces, UTF-8 kept, `< > &` kept, 5.0 written as 5.

    Lone surrogates (half an emoji, cut by somebody's length limit) cannot be sent as UTF-8 and become U+FFFD.
    """
    text = json.dumps(_plain(params), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def sign(
    secret: str,
    *,
    app_key: str,
    method: str,
    body: str,
    timestamp: str,
    v: str = "2",
    sign_method: SignMethod = "hmac-sha256",
) -> str:
    """Signature of one call (§ "签名算法"): token, sign_method and sign itself are not part of it."""
    middle = f"app_key{app_key}method{method}param_json{body}timestamp{timestamp}v{v}"
    return _digest(secret, f"{secret}{middle}{secret}", sign_method)


def spi_sign(secret: str, *, app_key: str, body: str, timestamp: str, sign_method: SignMethod = "hmac-sha256") -> str:
    """Signature of a call which the platform makes to us: as `sign`, without method and version."""
    return _digest(secret, f"{secret}app_key{app_key}param_json{body}timestamp{timestamp}{secret}", sign_method)


def event_sign(secret: str, *, app_key: str, body: bytes) -> str:
    """Header `event-sign` of a push, over the raw bytes."""
    return hashlib.md5(app_key.encode() + body + secret.encode(), usedforsecurity=False).hexdigest()


def _digest(secret: str, text: str, sign_method: SignMethod) -> str:
    if sign_method == "md5":
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
