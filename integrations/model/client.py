"""The endpoint as a port: asks in the best way that works, steps down when the server refuses it, remembers what worked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from domain.assist.budget import guess
from domain.errors import BadInput, NeedsAuthorization, ProtocolBroken, Rejected, Unavailable
from domain.ports import ModelAnswer, ModelTask
from integrations._kit.http import Exchange, Http
from integrations.model.ways import LADDER, Way, read, request, tokens

MOST_BYTES = 256 * 1024
_TOO_LITTLE = frozenset({400, 404, 405, 415, 422, 501})  # how servers say that they do not know a parameter
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_PROBE = ModelTask(
    "probe",
    "Answer with a JSON object whose only field ok is true. JSON schema of the answer: ",
    "ping",
    {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False},
    40,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`url` ends before `/chat/completions` (usually in `/v1`). `name` is the model's. Plain http only on this machine,
    unless `allow_http` says that the line is trusted.
    """

    url: str
    name: str
    key: str = field(default="", repr=False)
    allow_http: bool = False
    timeout: float = 3.0


class ChatCompletions:
    """Implements `domain.ports.LanguageModel`."""

    def __init__(self, settings: Settings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._way: Way | None = None

    @property
    def endpoint(self) -> str:
        return f"{urlsplit(self._settings.url).netloc} {self._settings.name}"

    @property
    def way(self) -> str:
        return self._way.value if self._way is not None else ""

    def resume(self, way: str) -> None:
        if way in LADDER:
            self._way = Way(way)

    async def probe(self) -> str:
        """The first way, best first, that gives a question of ours its answer. Raises ProtocolBroken if none does."""
        for way in LADDER:
            try:
                answer = await self._once(_PROBE, way)
            except (ProtocolBroken, Rejected, _NotThisWay):
                continue
            if answer.value == {"ok": True}:
                self._way = way
                return way.value
        self._way = None
        raise ProtocolBroken("model: no way of asking works")

    async def ask(self, task: ModelTask) -> ModelAnswer:
        """In the best known way; a way that the server refuses is left for good (until the next probe)."""
        for way in LADDER[LADDER.index(self._way or Way.SCHEMA) :]:
            try:
                answer = await self._once(task, way)
            except _NotThisWay:
                continue
            self._way = way
            return answer
        raise ProtocolBroken("model: no way of asking works")

    async def _once(self, task: ModelTask, way: Way) -> ModelAnswer:
        body = json.dumps(request(task, self._settings.name, way), ensure_ascii=False).encode()
        headers = {"content-type": "application/json"}
        if self._settings.key:
            headers["authorization"] = f"Bearer {self._settings.key}"
        told = await self._http.exchange(
            "POST", "chat/completions", body=body, headers=headers, most=MOST_BYTES, what="model"
        )
        answer = _opened(told, way)
        value = read(answer, task, way)
        guessed = guess(body.decode())
        spent = tokens(answer, "completion_tokens", guess(told.content.decode(errors="replace")))
        return ModelAnswer(value, tokens(answer, "prompt_tokens", guessed), spent, way.value)

    async def aclose(self) -> None:
        await self._http.aclose()


class _NotThisWay(Exception):
    """The server does not know this way of asking: try the next."""


def _opened(told: Exchange, way: Way) -> Any:
    """The answer's JSON. Raises what its status means."""
    if told.status in (401, 403):
        raise NeedsAuthorization("model")
    if told.status in (429, 503):
        raise Unavailable("model: too fast", retry_after=told.retry_after if told.retry_after is not None else 5.0)
    if told.status in _TOO_LITTLE:
        if way is LADDER[-1]:
            raise ProtocolBroken(f"model: HTTP {told.status}")
        raise _NotThisWay
    if told.status >= 500:
        raise Unavailable(f"model: HTTP {told.status}")
    if told.status != 200:
        raise ProtocolBroken(f"model: HTTP {told.status}")
    try:
        return json.loads(told.content)
    except (ValueError, RecursionError) as broken:
        raise ProtocolBroken("model: not JSON") from broken


def build(settings: Settings, *, transport: Any = None) -> ChatCompletions:
    """Raises BadInput when the address cannot be one, or would send questions and key over an open line."""
    parts = urlsplit(settings.url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise BadInput("[model] url 要写成 https://…/v1 这样的地址，钥匙放环境变量 XIAODAN_MODEL_KEY。")
    if parts.scheme == "http" and parts.hostname not in _LOCAL and not settings.allow_http:
        raise BadInput("[model] url 不是 https，问题和钥匙会明着走。确定这条线可信，就加 allow_http = true。")
    if not settings.name.strip():
        raise BadInput("[model] 没写 name（模型名）。")
    base = settings.url.rstrip("/") + "/"
    return ChatCompletions(settings, Http(base, transport=transport, timeout=settings.timeout))
