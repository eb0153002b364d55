"""The connected shops, carriers and chat platforms, built from settings. The implementation of `handlers.desk.Channels`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from domain.clock import Clock
from domain.errors import BadInput
from domain.ports import Chat, ReceivesPushes
from handlers.desk import Limits
from integrations import registry
from integrations._kit.manifest import PROTOCOLS, Kind, Manifest
from integrations._kit.tokens import TokenStore

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Connection:
    """One built connector with its card. `shop` is empty for carriers."""

    manifest: Manifest
    shop: str
    connector: Any

    def offers(self, port: type[P]) -> P | None:
        """The connector as that port, if its card declares it and its code backs it."""
        declared = any(PROTOCOLS[capability] is port for capability in self.manifest.capabilities)
        return self.connector if declared and isinstance(self.connector, port) else None


@dataclass(slots=True)
class Connections:
    """Everything outside that this installation talks to."""

    channels: dict[tuple[str, str], Connection] = field(default_factory=dict)
    carrier_services: dict[str, Connection] = field(default_factory=dict)

    def get(self, channel: str, shop: str, port: type[P]) -> P | None:
        found = self.channels.get((channel, shop)) or self.carrier_services.get(channel)
        return found.offers(port) if found else None

    def shops(self) -> list[tuple[str, str]]:
        return list(self.channels)

    def name(self, channel: str, shop: str = "") -> str:
        if channel in CHANNEL_NAMES:
            title = CHANNEL_NAMES[channel]
        else:
            card = registry.manifests().get(channel)
            title = card.name if card else channel
        return shop if shop and title[:2] in shop else f"{title}{shop}"

    def carriers(self, port: type[P]) -> list[P]:
        offered = (connection.offers(port) for connection in self.carrier_services.values())
        return [each for each in offered if each is not None]

    def limits(self, channel: str) -> Limits:
        card = registry.manifests().get(channel)
        if card is None:
            return Limits(timedelta(hours=24), timedelta(seconds=60))
        return Limits(card.window, card.lag, card.expected_delay)

    def receiver(self, name: str, shop: str) -> ReceivesPushes | None:
        """Who verifies a push to `/push/{name}/{shop}`."""
        return self.get(name, shop, ReceivesPushes)

    async def aclose(self) -> None:
        for connection in (*self.channels.values(), *self.carrier_services.values()):
            close = getattr(connection.connector, "aclose", None)
            if close is not None:
                await close()


CHANNEL_NAMES = {
    "douyin": "抖音", "pinduoduo": "拼多多", "taobao": "淘宝", "tmall": "天猫", "jd": "京东", "alibaba1688": "1688",
    "weixin_shop": "微信小店", "shopify": "Shopify", "amazon": "亚马逊", "walmart": "沃尔玛", "shopee": "虾皮",
    "lazada": "Lazada", "pos": "门店",
}  # fmt: skip


def connect(config: Mapping[str, Any], *, clock: Clock, tokens: TokenStore) -> Connections:
    """Build what the settings file switches on. Raises BadInput naming the section and what is wrong with it."""
    made = Connections()
    for shop, section in config.get("shops", {}).items():
        name = str(section.get("connector", ""))
        connection = build(name, {**section, "shop": shop}, f"shops.{shop}", clock=clock, tokens=tokens)
        if connection.manifest.kind is not Kind.CHANNEL:
            raise BadInput(f"[shops.{shop}] {name} 不是销售渠道")
        made.channels[name, shop] = dataclasses.replace(connection, shop=shop)
    for name, section in config.get("carriers", {}).items():
        made.carrier_services[name] = build(name, section, f"carriers.{name}", clock=clock, tokens=tokens)
    return made


def connect_chats(config: Mapping[str, Any], *, clock: Clock, tokens: TokenStore) -> dict[str, Chat]:
    """The chat platforms that the settings file switches on (`[chats.dingtalk]`, `[chats.wecom]`). Raises BadInput."""
    made: dict[str, Chat] = {}
    for name, section in config.get("chats", {}).items():
        if config.get("directory") and name == "dingtalk":
            section = {"directory": True, **section}  # whoever maps departments wants them read
        connection = build(name, section, f"chats.{name}", clock=clock, tokens=tokens)
        chat = connection.offers(Chat)
        if chat is None:
            raise BadInput(f"[chats.{name}] {name} 不是聊天平台")
        made[name] = chat
    return made


def build(name: str, section: Mapping[str, Any], where: str, *, clock: Clock, tokens: TokenStore) -> Connection:
    """One connector from its section of the settings file."""
    card = registry.manifests().get(name)
    if card is None:
        known = "、".join(sorted(registry.manifests()))
        raise BadInput(f"[{where}] 没有叫 {name!r} 的连接器，现有：{known}")
    module = registry.load(name)
    wanted = {each.name for each in dataclasses.fields(module.Settings)}
    given = {key: value for key, value in section.items() if key != "connector" and key in wanted}
    unknown = sorted(set(section) - wanted - {"connector", "shop"})
    if unknown:
        raise BadInput(f"[{where}] 不认识的设置：{'、'.join(unknown)}")
    try:
        settings = module.Settings(**given)
    except (TypeError, ValueError) as missing:
        raise BadInput(f"[{where}] 设置不全：{missing}") from missing
    return Connection(card, "", module.build(settings, card, clock=clock, tokens=tokens))
