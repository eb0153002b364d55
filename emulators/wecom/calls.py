"""The HTTP API that the product calls: tokens, app messages, card updates, media, directory, webhooks, response_url."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from emulators.wecom import cards
from emulators.wecom.appchat import AppChats
from emulators.wecom.problems import Problem
from emulators.wecom.state import Shown, State

Json = dict[str, Any]
FAILING_CALLS = 2_000
_MAGIC: dict[str, tuple[bytes, ...]] = {
    "image": (b"\x89PNG", b"\xff\xd8\xff"),
    "voice": (b"#!AMR",),
    "video": (b"\x00\x00\x00\x18ftyp", b"\x00\x00\x00 ftyp"),
}
_NAME = re.compile(rb'name="media"')
_FILE = re.compile(rb'filename="([^"]*)"')


class Calls:
    """One method per endpoint: (query, body, raw) -> (answer, effect). Problems become errcodes in the app."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.tokens: dict[str, float] = {}
        self.failures = 0
        self._webhook_sent: dict[str, deque[float]] = {}
        self._member_sent: dict[str, deque[float]] = {}
        self._duplicates: dict[str, float] = {}
        self._app_sent: deque[float] = deque()
        self._failed: deque[float] = deque()
        self.address = ""  # whom the present call comes from
        self.appchats = AppChats(state, self.gate)
        self.routes: dict[str, Callable[[dict[str, str], Json, bytes], tuple[Json, str]]] = {
            "/cgi-bin/gettoken": self.gettoken,
            "/cgi-bin/message/send": self.send,
            "/cgi-bin/message/update_template_card": self.update_card,
            "/cgi-bin/message/recall": self.recall,
            "/cgi-bin/media/upload": self.upload,
            "/cgi-bin/user/get": self.user,
            "/cgi-bin/user/simplelist": self.users,
            "/cgi-bin/agent/get": self.agent,
            "/cgi-bin/getcallbackip": self.callback_ips,
            "/cgi-bin/appchat/create": self.appchats.create,
            "/cgi-bin/appchat/get": self.appchats.get,
            "/cgi-bin/appchat/update": self.appchats.update,
            "/cgi-bin/appchat/send": self.appchats.send,
            "/cgi-bin/webhook/send": self.webhook,
            "/cgi-bin/webhook/upload_media": self.webhook_upload,
            "/cgi-bin/aibot/response": self.respond,
        }

    # --- tokens -------------------------------------------------------------------------------------------------------

    def gettoken(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        if not query.get("corpid"):
            raise Problem(41002)
        if not query.get("corpsecret"):
            raise Problem(41004)
        if query["corpid"] != self._state.corp_id:
            raise Problem(40013)
        own = query["corpsecret"] == self._state.app_secret
        if not own and query["corpsecret"] != self._state.contact_secret:
            raise Problem(40001)
        now = self._state.clock.now()
        living = [t for t, until in self.tokens.items() if until > now and (t in self._state.contact_tokens) is not own]
        token = living[-1] if living and self._state.switches.same_token else secrets.token_urlsafe(48)
        self.tokens[token] = now + 7200
        if not own:
            self._state.contact_tokens.add(token)
        return {"access_token": token, "expires_in": 7200}, "token issued"

    def kill_tokens(self) -> None:
        """Early death: what was handed out is unknown from now on."""
        self.tokens.clear()

    def gate(self, query: dict[str, str]) -> None:
        """The IP comes before everything else, parameters last."""
        trusted = self._state.trusted_ips
        if self._state.switches.bad_ip or (trusted and self.address not in trusted):
            raise Problem(60020)
        token = query.get("access_token", "")
        if not token:
            raise Problem(41001)
        if token not in self.tokens:
            raise Problem(40014)
        if self.tokens[token] < self._state.clock.now():
            raise Problem(42001)

    # --- app messages -------------------------------------------------------------------------------------------------

    def send(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        self.gate(query)
        if body.get("agentid") != self._state.agent_id:
            raise Problem(301002)
        wanted = [user for user in str(body.get("touser", "")).split("|") if user]
        if not wanted:
            raise Problem(82001)
        if len(wanted) > 1000:
            raise Problem(40032)
        known = [user for user in wanted if user in self._state.users]
        if not known:
            raise Problem(81013)
        kind = str(body.get("msgtype"))
        inner = body.get(kind) or {}
        self._check_app(kind, inner)
        mark = repr((sorted(known), kind, sorted(inner.items(), key=str)))
        interval = int(body.get("duplicate_check_interval", 1800))
        now = self._state.clock.now()
        answer: Json = {"invaliduser": "|".join(user.lower() for user in wanted if user not in known)}
        answer |= {"msgid": f"msg{self._state.serial()}"}
        if body.get("enable_duplicate_check") == 1 and self._duplicates.get(mark, 0) > now:
            return answer, ""
        self._daily(len(known), now)
        self._duplicates[mark] = now + interval
        if kind == "template_card" and (inner.get("card_type") in cards.INTERACTIVE or inner.get("action_menu")):
            code = secrets.token_urlsafe(24)
            self._state.codes[code] = {"task": inner["task_id"], "until": now + 72 * 3600, "used": False}
            answer["response_code"] = code
        shown = [each for user in known if (each := self._deliver(user, kind, inner)) is not None]
        self._state.sent_ids[answer["msgid"]] = (now, shown)
        return answer, f"{kind} to {len(known)}"

    def _daily(self, people: int, now: float) -> None:
        """An app's own allowance: 200 messages a day for each seat of the company."""
        while self._app_sent and self._app_sent[0] <= now - 86400:
            self._app_sent.popleft()
        if len(self._app_sent) + people > self._state.seats * 200:
            raise Problem(45009)
        self._app_sent.extend([now] * people)

    def _check_app(self, kind: str, inner: Json) -> None:
        if kind in ("text", "markdown") and len(self._state.markdown(inner.get("content"), 10**6).encode()) > 2048:
            raise Problem(45002)
        if kind == "template_card":
            if inner.get("card_type") in cards.INTERACTIVE and not self._state.switches.callback_url_set:
                raise Problem(40058, "callback url not set")
            cards.check(inner, seen_tasks=set(self._state.tasks))
        elif kind in ("image", "file", "voice", "video"):
            self._state.media_of(inner.get("media_id"), "A")
        elif kind not in ("text", "markdown", "textcard", "news"):
            raise Problem(40008)

    def _deliver(self, user: str, kind: str, inner: Json) -> Shown | None:
        """What the person sees; None above 30 a minute or 1000 an hour, without a word to the sender."""
        sent, now = self._member_sent.setdefault(user, deque()), self._state.clock.now()
        while sent and sent[0] <= now - 3600:
            sent.popleft()
        if len(sent) >= 1000 or sum(1 for at in sent if at > now - 60) >= 30:
            self._state.silent_drops += 1
            self._state.journal.note(now, "silently dropped", {"user": user}, None)
            return None
        sent.append(now)
        talk = self._state.talk(user)
        if kind == "template_card":
            shown = self._state.show(talk, "card", card=inner, surface="app")
            if task := inner.get("task_id"):
                self._state.tasks.setdefault(task, []).append(shown)
            return shown
        if kind in ("image", "file", "voice", "video"):
            _, raw = self._state.media_of(inner.get("media_id"), "A")
            return self._state.show(talk, kind, str(inner["media_id"]), surface="app", raw=raw)
        return self._state.show(talk, kind, str(inner.get("content", "")), surface="app")

    def update_card(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        self.gate(query)
        if body.get("agentid") != self._state.agent_id:
            raise Problem(42015)
        if not (body.get("userids") or body.get("partyids") or body.get("tagids") or body.get("atall")):
            raise Problem(82101)
        code = self._state.codes.get(str(body.get("response_code")))
        if code is None or code["used"] or code["until"] < self._state.clock.now():
            raise Problem(60140)
        if "button" in body:
            code["used"] = True
            return {"invaliduser": []}, "button replaced"
        self._state.redraw(code["task"], {**(body.get("template_card") or {})})
        code["used"] = True
        return {"invaliduser": []}, "card updated"

    def recall(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        self.gate(query)
        at, shown = self._state.sent_ids.get(str(body.get("msgid")), (0.0, []))
        if self._state.clock.now() - at > 86400:
            raise Problem(42052)
        for each in shown:
            each.recalled = True
        return {}, f"recalled {body.get('msgid')}"

    def callback_ips(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self.gate(query)
        return {"ip_list": ["127.0.0.1"]}, ""

    def failed(self) -> None:
        """One more call that was refused."""
        self.failures += 1
        self._failed.append(self._state.clock.now())

    @property
    def blocked(self) -> bool:
        """So many failing calls within the hour that the platform lets nothing through."""
        edge = self._state.clock.now() - 3600
        while self._failed and self._failed[0] <= edge:
            self._failed.popleft()
        return self._state.switches.failing_calls_block and len(self._failed) >= FAILING_CALLS

    def user(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self.gate(query)
        name = self._state.users.get(query.get("userid", ""))
        if name is None:
            raise Problem(60111)
        return {"userid": query["userid"], "name": name, "department": [1], "status": 1}, ""

    def users(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self.gate(query)
        found = [{"userid": user, "name": name, "department": [1]} for user, name in self._state.users.items()]
        return {"userlist": found}, ""

    def agent(self, query: dict[str, str], _: Json, __: bytes) -> tuple[Json, str]:
        self.gate(query)
        if query.get("agentid") != str(self._state.agent_id):
            raise Problem(301002)
        return {"agentid": self._state.agent_id, "name": "小单", "close": 0}, ""

    # --- media --------------------------------------------------------------------------------------------------------

    def upload(self, query: dict[str, str], _: Json, raw: bytes) -> tuple[Json, str]:
        self.gate(query)
        return self._keep(query, raw, "A")

    def file(self, query: dict[str, str]) -> tuple[str, bytes]:
        """`media/get`: (kind, bytes) of what somebody sent to the app or the app kept, for 3 days."""
        self.gate(query)
        return self._state.media_of(query.get("media_id"), "A")

    def _keep(self, query: dict[str, str], raw: bytes, owner: str) -> tuple[Json, str]:
        kind = query.get("type", "")
        content = _multipart(raw)
        if len(content) <= 5:
            raise Problem(44001)
        limits = {"image": 10, "voice": 2, "video": 10, "file": 20}
        if kind not in limits:
            raise Problem(40004)
        if len(content) > limits[kind] * 1_048_576:
            raise Problem(45001)
        if (magic := _MAGIC.get(kind)) and not content.startswith(magic) and content[4:8] != b"ftyp":
            raise Problem(40004)
        media_id = self._state.keep_media(kind, content, owner)
        return {"type": kind, "media_id": media_id, "created_at": str(int(self._state.clock.now()))}, "media kept"

    # --- webhooks -----------------------------------------------------------------------------------------------------

    def webhook(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        key = query.get("key", "")
        if key not in self._state.webhooks or not self._state.switches.robot_in_groups:
            raise Problem(93000)
        sent, now = self._webhook_sent.setdefault(key, deque()), self._state.clock.now()
        while sent and sent[0] <= now - 60:
            sent.popleft()
        if len(sent) >= 20:
            raise Problem(45009)
        kind = str(body.get("msgtype"))
        effect = self._webhook_message(key, kind, body.get(kind) or {})
        sent.append(now)
        return {}, effect

    def _webhook_message(self, key: str, kind: str, inner: Json) -> str:
        talk = self._state.talks[self._state.webhooks[key]]
        match kind:
            case "text":
                self._state.show(talk, kind, self._state.markdown(inner.get("content"), 2048), surface="webhook")
            case "markdown" | "markdown_v2":
                self._state.show(talk, kind, self._state.markdown(inner.get("content"), 4096), surface="webhook")
            case "image":
                raw = base64.b64decode(str(inner.get("base64", "")))
                if len(raw) > 2 * 1_048_576:
                    raise Problem(45001)
                if hashlib.md5(raw).hexdigest() != inner.get("md5"):
                    raise Problem(301019)
                if not raw.startswith((b"\x89PNG", b"\xff\xd8\xff")):
                    raise Problem(40004)
                self._state.show(talk, kind, surface="webhook", raw=raw)
            case "news":
                self._news(inner.get("articles"))
                self._state.show(talk, kind, str(inner["articles"][0]["title"]), surface="webhook")
            case "file" | "voice":
                found, raw = self._state.media_of(inner.get("media_id"), _owner(key))
                self._state.show(talk, found, str(inner["media_id"]), surface="webhook", raw=raw)
            case "template_card":
                if inner.get("card_type") not in ("text_notice", "news_notice"):
                    raise Problem(42031)
                self._state.show(talk, "card", card=cards.check(inner, seen_tasks=None), surface="webhook")
            case _:
                raise Problem(40008)
        return f"{kind} shown"

    def _news(self, articles: Any) -> None:
        if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
            raise Problem(45008)
        for article in articles:
            if not article.get("title") or not article.get("url"):
                raise Problem(40058)
            if len(article["title"].encode()) > 128 or len(str(article.get("description", "")).encode()) > 512:
                raise Problem(45002)

    def webhook_upload(self, query: dict[str, str], body: Json, raw: bytes) -> tuple[Json, str]:
        if len(_multipart(raw)) <= 5:  # the file is looked at before the key
            raise Problem(44001)
        key = query.get("key", "")
        if key not in self._state.webhooks:
            raise Problem(93000)
        if query.get("type") not in ("file", "voice"):
            raise Problem(40004)
        return self._keep(query, raw, _owner(key))

    # --- response_url -------------------------------------------------------------------------------------------------

    def respond(self, query: dict[str, str], body: Json, _: bytes) -> tuple[Json, str]:
        state = self._state
        asked = state.asked.get(query.get("response_code", "").removeprefix("RC"))
        if asked is None or asked.url_used or state.clock.now() - asked.at > 3600:
            raise Problem(state.switches.reused_url_code)
        kind = body.get("msgtype")
        quote = asked.text if asked.talk.kind == "group" else ""
        if kind == "markdown":
            state.show(asked.talk, kind, state.markdown((body.get("markdown") or {}).get("content")), quote=quote)
        elif kind == "template_card" and asked.talk.kind == "single":
            state.show_card(asked.talk, body.get("template_card"))
        else:
            raise Problem(40008)
        asked.url_used = True
        asked.finished = True
        return {}, f"{kind} shown"


def _owner(key: str) -> str:
    return f"W{key[:8]}"


def _multipart(raw: bytes) -> bytes:
    """The one part named `media`, which must have a file name."""
    boundary, _, _ = raw.partition(b"\r\n")
    head, _, rest = raw.partition(b"\r\n\r\n")
    found = _FILE.search(head)
    if not boundary.startswith(b"--") or not _NAME.search(head) or found is None or not found[1]:
        return b""
    return rest.rpartition(b"\r\n" + boundary)[0]
