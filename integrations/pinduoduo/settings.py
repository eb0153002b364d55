"""What one connected Pinduoduo shop needs to know. Switches stand for what nobody citable confirms (see the docs)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

BASE_URL = "https://gw-api.pinduoduo.com"
MESSAGES_URL = "wss://message-api.pinduoduo.com"


@dataclass(frozen=True, slots=True)
class Settings:
    """`shop` is our name of the shop, `mall_id` the platform's (the `owner_id` that the consent reply shows).

    Consent, one of: `auth_code` (fresh from the consent page, lives 10 minutes), or `access_token` with `refresh_token`.
    After the first use the renewed tokens live in the token store; a *new* consent kills them, so paste the new pair here.
    """

    client_id: str
    client_secret: str = field(repr=False)
    shop: str
    mall_id: str = ""
    access_token: str = field(repr=False, default="")
    refresh_token: str = field(repr=False, default="")
    access_expires_at: datetime | None = None  # when known; otherwise the first refusal tells
    auth_code: str = field(repr=False, default="")
    base_url: str = BASE_URL
    messages_url: str = MESSAGES_URL
    return_address_id: str = ""  # where returned goods go; empty = the shop's default return address
    note_limit: int = 300  # letters a seller's remark may hold
    per_second: float = 0.0  # 0 = what the card says
    topics: str = ""  # message topics, comma separated; empty = all that the app subscribed to
    # Unconfirmed behaviours
    every_aftersale_status: int = 1  # the list's `after_sales_status` that means "all"
    detail_unit: Literal["yuan", "fen"] = "yuan"  # unit of amounts in the after-sale detail, when no list row decides
    no_such_order_words: tuple[str, ...] = ("不存在", "未找到", "not exist", "not found")  # in a refusal: no such order

    def __post_init__(self) -> None:
        missing = [name for name in ("client_id", "client_secret", "shop") if not getattr(self, name)]
        if missing:
            raise ValueError(f"pinduoduo: setting {', '.join(missing)} is empty")
        if not (self.access_token or self.refresh_token or self.auth_code):
            raise ValueError("pinduoduo: one of access_token, refresh_token, auth_code is needed")
