"""People, roles and what each may do. Deny by default: an unknown person gets nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    SERVICE = "service"  # 客服
    WAREHOUSE = "warehouse"  # 仓管
    FINANCE = "finance"  # 财务
    PURCHASING = "purchasing"  # 采购
    OPERATIONS = "operations"  # 运营
    MANAGER = "manager"  # 店长
    ADMIN = "admin"  # 管理员 / technical owner


class May(StrEnum):
    """What a role can be allowed. The table from role to permissions is `config/roles.yaml`, not code."""

    ASK_ORDERS = "ask_orders"
    ASK_STOCK = "ask_stock"
    ASK_MONEY = "ask_money"  # costs, margins, revenue
    REQUEST_CHANGE = "request_change"  # open an approval
    APPROVE_SERVICE = "approve_service"  # 客服初审
    APPROVE_WAREHOUSE = "approve_warehouse"  # 仓储复核
    APPROVE_FINANCE = "approve_finance"  # 财务终审
    RELEASE_HOLD = "release_hold"
    HANDLE_ALERT = "handle_alert"
    SEE_PERSONAL = "see_personal"  # unmasked, one to one, logged
    CHANGE_RULES = "change_rules"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Person:
    """One human, however many chat accounts. `shops` / `warehouses` empty means all of them."""

    person_id: int
    name: str
    roles: frozenset[Role]
    shops: frozenset[str] = field(default_factory=frozenset)
    warehouses: frozenset[str] = field(default_factory=frozenset)
    active: bool = True
    accounts: tuple[tuple[str, str], ...] = ()  # (platform, user_id)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting, as the platform proved it, and where."""

    person: Person
    may: frozenset[May]
    platform: str
    user_id: str
    chat_id: str
    direct: bool  # one to one with the bot
    lang: str = "zh"

    def sees_shop(self, shop: str) -> bool:
        return not self.person.shops or shop in self.person.shops

    def sees_warehouse(self, warehouse: str) -> bool:
        return not self.person.warehouses or not warehouse or warehouse in self.person.warehouses
