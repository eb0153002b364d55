"""The emulated company: people, groups, robots, apps; what each conversation shows; who may send what how fast."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from emulators.kit import EmulatorClock, Journal
from emulators.wecom import cards, crypto
from emulators.wecom.problems import Problem

BOT_ID, BOT_SECRET, BOT_NAME = "aibEmulated01", "emulated-bot-secret", "小单"
TOKEN, AES_KEY = "QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"  # the documentation's own sample pair
CORP_ID, AGENT_ID, APP_SECRET = "ww1436e0e65a779aee", 1000002, "emulated-app-secret"
CONTACT_SECRET = "emulated-contact-secret"  # noqa: S105 (the emulator's own)
WEBHOOK = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
MARKDOWN_BYTES = 20_480
_UNFINISHED = 360.0


@dataclass
class Switches:
    """What no source confirms, each both ways; and the platform's moods."""

    wrong_secret_code: int = 93019
    wrong_secret_closes: bool = False
    line_response_url: bool = False  # response_url in callbacks over the line
    group_reply_cards: bool = True  # a template card as an answer in a group, over the line
    group_push_cards: bool = False
    refreshes_count: bool = True
    stream_minutes: float = 10.0
    stream_silent: bool = False  # a stream past its time is dropped without a word
    idle_seconds: float = 90.0
    subscribes_per_minute: int = 6
    evict: str = "close"  # close (1000), abort (1006), half (never closed)
    replays_missed: bool = False
    poll_seconds: float = 1.0
    fresh_nonce: bool = True  # a repeated callback has a new timestamp and nonce
    reused_url_code: int = 60140
    unique_tasks: bool = True
    same_token: bool = False  # gettoken repeats the living token
    image_megabytes: int = 10
    bad_ip: bool = False  # 60020 on everything but gettoken
    root_visible: bool = True  # the app sees the root department: otherwise it may make no groups (48002)
    failing_calls_block: bool = True  # about 2000 failing calls an hour close the API for that hour (community staff's word)
    robot_in_groups: bool = True
    callback_url_set: bool = True  # an app without one may not send interactive cards


@dataclass
class Shown:
    """One thing on the group's screens. `author` is empty for the robot."""

    ident: str
    at: float
    author: str
    kind: str
    content: str = ""
    card: dict[str, Any] | None = None
    quote: str = ""
    finished: bool = True
    surface: str = "robot"
    raw: bytes = field(default=b"", repr=False)
    recalled: bool = False


@dataclass
class Talk:
    chat_id: str
    kind: str  # single, group
    title: str = ""
    spoken: bool = False
    shown: list[Shown] = field(default_factory=list)
    sent: deque[float] = field(default_factory=deque)


@dataclass
class Asked:
    """A callback that may be answered. `finished` when its interaction is over."""

    req_id: str
    talk: Talk
    user: str
    at: float
    kind: str  # message, enter_chat, template_card_event, feedback_event
    task_id: str = ""
    stream: Shown | None = None
    stream_at: float = 0.0
    finished: bool = False
    answered: bool = False
    url_used: bool = False
    carded: bool = False
    text: str = ""


class State:
    """Everything the platform knows."""

    def __init__(self, clock: EmulatorClock, journal: Journal) -> None:
        self.clock, self.journal = clock, journal
        self.switches = Switches()
        self.users: dict[str, str] = {"zhangsan": "张三", "lisi": "李四", "wangwu": "王五"}
        self.opaque: set[str] = set()
        self.bots = {BOT_ID: BOT_SECRET}
        self.bot_name = BOT_NAME
        self.token, self.aes_key, self.bot_receive_id = TOKEN, AES_KEY, ""
        self.corp_id, self.agent_id, self.app_secret = CORP_ID, AGENT_ID, APP_SECRET
        self.app_token, self.app_aes_key = "appToken1", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt"
        self.webhooks: dict[str, str] = {WEBHOOK: "CHATID"}
        self.contact_secret = CONTACT_SECRET  # of the directory itself (通讯录同步)
        self.contact_tokens: set[str] = set()
        self.talks: dict[str, Talk] = {"CHATID": Talk("CHATID", "group", "订单与售后")}
        self.asked: dict[str, Asked] = {}
        self.tasks: dict[str, list[Shown]] = {}
        self.codes: dict[str, dict[str, Any]] = {}  # response codes of app cards
        self.media: dict[str, tuple[str, bytes, float]] = {}
        self.files: dict[str, tuple[bytes, float]] = {}
        self.silent_drops = 0
        self.seats = 50  # an app may send 200 messages a day for each
        self.trusted_ips: set[str] = set()  # empty: every address may call
        self.sent_ids: dict[str, tuple[float, list[Shown]]] = {}  # app messages by msgid, for recalling
        self._serial = 0

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def wire_user(self, user: str) -> str:
        return f"wo{crypto.sign('opaque', user)[:20]}" if user in self.opaque else user

    def talk(self, user: str, group: str = "") -> Talk:
        if group:
            return self.talks.setdefault(group, Talk(group, "group", group))
        name = self.wire_user(user)
        return self.talks.setdefault(name, Talk(name, "single", self.users.get(user, user)))

    def unfinished(self, user: str) -> int:
        edge = self.clock.now() - _UNFINISHED
        return sum(
            1 for a in self.asked.values() if a.user == user and a.kind == "message" and not a.finished and a.at > edge
        )

    def count(self, talk: Talk) -> None:
        """30 a minute and 1000 an hour per conversation, answers and pushes together. Raises 45009."""
        now = self.clock.now()
        while talk.sent and talk.sent[0] <= now - 3600:
            talk.sent.popleft()
        if len(talk.sent) >= 1000 or sum(1 for at in talk.sent if at > now - 60) >= 30:
            raise Problem(45009)
        talk.sent.append(now)

    def show(self, talk: Talk, kind: str, content: str = "", **more: Any) -> Shown:
        shown = Shown(f"s{self.serial()}", self.clock.now(), more.pop("author", ""), kind, content, **more)
        talk.shown.append(shown)
        return shown

    def show_card(self, talk: Talk, card: Any, **more: Any) -> Shown:
        seen = set(self.tasks) if self.switches.unique_tasks else None
        cards.check(card, seen_tasks=seen)
        shown = self.show(talk, "card", card=card, **more)
        if task := card.get("task_id"):
            self.tasks.setdefault(task, []).append(shown)
        return shown

    def redraw(self, task_id: str, card: Any) -> None:
        cards.check(card, seen_tasks=None)
        if card.get("task_id", task_id) != task_id:
            raise Problem(42014)
        for shown in self.tasks.get(task_id, []):
            shown.card = card

    def markdown(self, text: Any, limit: int = MARKDOWN_BYTES) -> str:
        if not isinstance(text, str) or not text:
            raise Problem(44004)
        if len(text.encode()) > limit:
            raise Problem(45002)
        return text

    def media_of(self, media_id: Any, owner: str) -> tuple[str, bytes]:
        found = self.media.get(str(media_id))
        if found is None or self.clock.now() > found[2] or (owner and not str(media_id).startswith(owner)):
            raise Problem(40007)
        return found[0], found[1]

    def keep_media(self, kind: str, content: bytes, owner: str) -> str:
        media_id = f"{owner}M{self.serial():06d}{crypto.sign('m', str(self.serial()))[:12]}"
        self.media[media_id] = (kind, content, self.clock.now() + 3 * 86400)
        return media_id

    def snapshot(self) -> dict[str, Any]:
        """What every conversation shows, without the bytes."""
        return {
            talk.chat_id: {
                "kind": talk.kind,
                "title": talk.title,
                "shown": [{k: v for k, v in asdict(each).items() if k != "raw"} for each in talk.shown],
            }
            for talk in self.talks.values()
        }
