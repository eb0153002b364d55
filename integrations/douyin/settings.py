"""What one connected shop needs to know. Switches stand for what no citable source confirms (see the docs page)."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.douyin.aftersales import ARBITRATION_OPEN
from integrations.douyin.wire import SignMethod

BASE_URL = "https://openapi-fxg.jinritemai.com"


@dataclass(frozen=True, slots=True)
class Settings:
    """`shop` is our name of the shop, `shop_id` the platform's. `auth_code` is only for apps from the service market."""

    app_key: str
    app_secret: str = field(repr=False)
    shop_id: str
    shop: str
    base_url: str = BASE_URL
    auth_code: str = field(default="", repr=False)  # lives 10 minutes; empty = the shop's own app
    test_shop: bool = False
    return_address_id: str = ""  # where returned goods go; agreeing to a return needs it
    per_second: float = 0.0  # 0 = what the card says; the app's real figure stands in the platform's console
    sign_method: SignMethod = "hmac-sha256"
    # Unconfirmed behaviours
    exclusive_bounds: bool = False  # are update_time_start/end of a list exclusive?
    refuse_return_type: int | None = None  # operate code for refusing a return (102?)
    confirm_return_type: int | None = None  # operate code for "goods are back, refund" (111?)
    send_version: bool = True  # does `operate` accept `update_time` as an optimistic version in every app?
    ship_method: str = "order.logisticsAddSinglePack"  # carries request_id; or plain order.logisticsAdd
    stock_read_method: str = "sku.stockNum"  # read-back after a repeated stock write; empty = believe the platform's word
    new_receiver_field: str = "receiver_msg"  # which of the two receivers in push 111 is the wished one
    mask_by_api: bool = True  # may this app call order.batchSensitive?
    arbitration_codes: tuple[str, ...] = ARBITRATION_OPEN

    def __post_init__(self) -> None:
        missing = [name for name in ("app_key", "app_secret", "shop_id", "shop") if not getattr(self, name)]
        if missing:
            raise ValueError(f"douyin: setting {', '.join(missing)} is empty")
