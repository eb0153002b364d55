"""What one DingTalk app needs to know. Switches stand for what nobody citable confirms (see the docs)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

API_URL = "https://api.dingtalk.com"
OAPI_URL = "https://oapi.dingtalk.com"
BUILT_IN_TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A custom robot of one group: `token` is the `access_token` of its address, `secret` its SEC… when it signs."""

    token: str = field(repr=False)
    secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Settings:
    """`[chats.dingtalk]`. `webhooks` are custom robots by name; send to the chat id `webhook:<name>`.

    `mode`: how messages and events arrive. `cards`: "builtin" (the official SDK's public template, nothing to prepare),
    "own" (`card_template`, published by you), "action" (action cards whose buttons post the command), "text" (words only).
    `card_callback`: how presses arrive; it is chosen by card, not in the console; "http" needs `card_route` and
    `card_secret`.
    """

    client_id: str
    client_secret: str = field(repr=False)
    robot_code: str = ""  # empty = client_id, as for every robot of an internal app
    bot_name: str = "小单"
    lang: Literal["zh", "en"] = "zh"  # of the few words that the connector itself adds
    mode: Literal["stream", "http"] = "stream"
    connections: int = 1
    cards: Literal["builtin", "own", "action", "text"] = "builtin"
    card_template: str = ""
    card_callback: Literal["stream", "http"] = "stream"
    card_route: str = ""
    card_secret: str = field(repr=False, default="")
    callback_url: str = ""  # https address of /chat/dingtalk; when set, `card_route` is registered with it at the start
    event_token: str = field(repr=False, default="")
    event_aes_key: str = field(repr=False, default="")
    event_owner: str = ""  # empty = client_id (console subscription of an internal app)
    events: bool = False  # subscribe to organisation events on the Stream connection
    directory: bool = False  # read the directory and hear of leavers; needs the contacts permissions; includes `events`
    webhooks: Mapping[str, Any] = field(repr=False, default_factory=dict)
    notice_chat: str = ""  # group (openConversationId or webhook:<name>) that hears of the monthly quota
    api_quota: int = 5_000  # a month, whole organisation; standard edition since 2025-11-19
    message_quota: int = 3_000
    robot_per_second: int = 15
    conversation_per_minute: int = 18  # custom robots: 20 documented; the others' figure is not published
    card_value_bytes: int = 1_000  # API page: 1 KB a value; the guide says 100 KB in all
    prefer_session: bool = True  # answer through the message's own address while it lives: it alone can mention people
    max_file_mb: int = 20  # larger files that people send are not fetched
    api_url: str = API_URL
    oapi_url: str = OAPI_URL

    def __post_init__(self) -> None:
        missing = [name for name in ("client_id", "client_secret") if not getattr(self, name)]
        if missing:
            raise ValueError(f"dingtalk: setting {', '.join(missing)} is empty")
        if self.client_secret != self.client_secret.strip(" \"'"):
            raise ValueError("dingtalk: client_secret has blanks or quotes around it")
        if self.cards == "own" and not self.card_template:
            raise ValueError("dingtalk: cards = own needs card_template")
        if self.card_callback == "http" and not (self.card_route and self.card_secret):
            raise ValueError("dingtalk: card_callback = http needs card_route and card_secret")
        if bool(self.event_token) != bool(self.event_aes_key):
            raise ValueError("dingtalk: event_token and event_aes_key belong together")
        if self.event_aes_key and len(self.event_aes_key) != 43:
            raise ValueError("dingtalk: event_aes_key has 43 characters")
        if min(self.connections, self.conversation_per_minute, self.robot_per_second) < 1:
            raise ValueError("dingtalk: connections and rates are at least 1")
        for name, given in self.webhooks.items():
            if not isinstance(given, Mapping) or not given.get("token"):
                raise ValueError(f"dingtalk: webhooks.{name} needs a token")

    @property
    def robot(self) -> str:
        return self.robot_code or self.client_id

    @property
    def template(self) -> str:
        return self.card_template or BUILT_IN_TEMPLATE

    def webhook(self, name: str) -> Webhook | None:
        found = self.webhooks.get(name)
        return Webhook(str(found["token"]), str(found.get("secret", ""))) if found else None
