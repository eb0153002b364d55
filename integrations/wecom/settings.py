"""What one company's WeCom needs to know: the robot's mode; beside it, if wanted, a self-built app and group webhooks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from integrations.wecom.crypto import key_of

QYAPI = "https://qyapi.weixin.qq.com"
LINE_URL = "wss://openws.work.weixin.qq.com"
_WEBHOOK = re.compile(r"(?:.*[?&]key=)?([0-9A-Za-z-]{8,64})$")


@dataclass(frozen=True, slots=True)
class AppSettings:
    """A self-built application (自建应用): direct cards, directory, files. `token` and `aes_key` are its callback's.

    `contact_secret` is the directory's own (通讯录同步): with it a listing is checked against the list of all ids.
    """

    corp_id: str
    agent_id: int
    secret: str = field(repr=False)
    token: str = field(repr=False, default="")
    aes_key: str = field(repr=False, default="")
    contact_secret: str = field(repr=False, default="")

    def __post_init__(self) -> None:
        _named("app.", corp_id=self.corp_id, agent_id=self.agent_id, secret=self.secret)
        _callback("app.", self.token, self.aes_key)


@dataclass(frozen=True, slots=True)
class Settings:
    """`mode`: `socket` (long connection, the default), `callback` (encrypted HTTP), `app` or `robot` (no intelligent robot).

    `robots` are group webhooks: chat id of the group -> webhook key or whole webhook address.
    """

    mode: Literal["socket", "callback", "app", "robot"] = "socket"
    bot_id: str = ""
    secret: str = field(repr=False, default="")
    token: str = field(repr=False, default="")
    aes_key: str = field(repr=False, default="")
    receive_id: str = ""  # callback mode: what WeCom seals behind the message; empty for a robot of one's own company
    bot_name: str = "小单"
    app: AppSettings | None = None
    robots: Mapping[str, str] = field(repr=False, default_factory=dict)
    welcome: str = "我是小单。把订单号、快递单号或手机后四位发给我，我告诉你到哪了；也可以说“帮助”。"
    callback_url: str = ""  # where WeCom reaches us, https://…/chat/wecom: what `xiaodan doctor` tries
    base_url: str = QYAPI
    line_url: str = LINE_URL
    media_hosts: tuple[str, ...] = (".myqcloud.com", ".qq.com")  # where files that people sent may be fetched from
    max_file_mb: int = 20  # larger files are not fetched
    lang: Literal["zh", "en"] = "zh"
    replay_window_seconds: int = 600  # a press stamped further off counts for nothing; 0 takes any age
    accept_late: bool = True  # a message stamped further off is taken once, by its id; False: acknowledged and forgotten
    gap_notice_seconds: float = 3.0  # shorter absences of the long connection are not announced
    answer_within_seconds: float = 0.03  # callback mode: how long a message's request waits for the whole answer
    answers_here: bool = True  # callback mode: False where another process does the answering
    # Unconfirmed behaviours
    group_cards: bool = True  # a button card as a reply in a group over the long connection; refused: text with commands
    group_push_cards: bool = False  # the same, pushed without a question
    refreshes_count: bool = True  # whether every stream frame counts against 30 a minute

    def __post_init__(self) -> None:
        if self.mode not in ("socket", "callback", "app", "robot"):
            raise ValueError(f"wecom: mode {self.mode!r} is none of socket, callback, app, robot")
        if isinstance(self.app, Mapping):
            object.__setattr__(self, "app", _section(AppSettings, self.app, "app"))
        object.__setattr__(self, "media_hosts", tuple(self.media_hosts))
        object.__setattr__(self, "robots", {chat: _webhook(chat, key) for chat, key in self.robots.items()})
        match self.mode:
            case "socket":
                _named("", bot_id=self.bot_id, secret=self.secret)
            case "callback":
                _named("", token=self.token, aes_key=self.aes_key)
            case "app":
                _named("", app=self.app)
            case "robot":
                _named("", robots=self.robots)
        _callback("", self.token, self.aes_key)


def _named(where: str, **values: Any) -> None:
    missing = [where + name for name, value in values.items() if not value]
    if missing:
        raise ValueError(f"wecom: setting {', '.join(missing)} is empty")


def _callback(where: str, token: str, aes_key: str) -> None:
    if bool(token) != bool(aes_key):
        raise ValueError(f"wecom: setting {where}token and {where}aes_key belong together, one is empty")
    if aes_key:
        try:
            key_of(aes_key)
        except ValueError as bad:
            raise ValueError(f"wecom: {where}aes_key: {bad}") from bad


def _section(kind: type[AppSettings], given: Mapping[str, Any], name: str) -> AppSettings:
    unknown = sorted(set(given) - {each.name for each in fields(kind)})
    if unknown:
        raise ValueError(f"wecom: unknown setting {', '.join(f'{name}.{each}' for each in unknown)}")
    try:
        return kind(**given)
    except TypeError as missing:
        raise ValueError(f"wecom: [{name}] {missing}") from missing


def _webhook(chat: str, key: str) -> str:
    found = _WEBHOOK.fullmatch(key.strip())
    if found is None:
        raise ValueError(f"wecom: robots.{chat} is neither a webhook address nor its key")
    return found[1]
