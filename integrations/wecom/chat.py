"""WeCom as one chat platform, whatever it is made of: the robot, a self-built app beside it, webhooks of single groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import structlog

from domain.chat import Attachment, ChatKind, ChatRef, Incoming, Message, MessageRef, Reply
from domain.clock import Clock
from domain.errors import BadInput, DeskError, Forged, Rejected, Unavailable
from domain.pace import Pace
from domain.ports import ChatAbilities, ChatReceipt, RawRequest
from integrations.wecom import self_built
from integrations.wecom.api import Qyapi
from integrations.wecom.callback_bot import NO_PUSH, CallbackBot
from integrations.wecom.crypto import UNSIGNED, Crypto
from integrations.wecom.directory import Staff
from integrations.wecom.group_robot import PREFIX as ROBOT_PREFIX
from integrations.wecom.group_robot import GroupRobot
from integrations.wecom.media import Media
from integrations.wecom.robot_kit import PRIVATE_FIRST, TOLD, after_note, direct, plain_ref
from integrations.wecom.self_built import SelfBuilt
from integrations.wecom.settings import Settings
from integrations.wecom.socket_bot import SocketBot
from integrations.wecom.wire import encrypted_of

_log = structlog.get_logger("integrations.wecom")
Store = Callable[[Sequence[Incoming]], Awaitable[None]]
Heard = Callable[[datetime | None, datetime], Awaitable[None]]
_REDELIVERS = 10.0  # a callback is tried three times, five seconds each (path 90238)


class Wecom(Staff):
    """Chat, ReceivesChat, FetchesMedia and DirectorySync. `WecomLine` adds the kept connection."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        api: Qyapi,
        bot: SocketBot | CallbackBot | None,
        app: SelfBuilt | None,
        robot: GroupRobot | None,
        bot_crypto: Crypto | None,
        app_crypto: Crypto | None,
        media: Media,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.api = api
        self.bot, self.app, self.robot = bot, app, robot
        self._media = media
        self._bot_crypto, self._app_crypto = bot_crypto, app_crypto
        self.doctor_transport: Any = None  # tests mount the product here instead of a public address
        self.undecipherable = 0  # callbacks whose signature was right and whose content could not be opened
        self.untimely = 0  # genuine callbacks outside the window: a replay, or a wrong clock
        first = bot or app or robot
        if first is None:
            raise ValueError("wecom: nothing to speak through")
        self.abilities: ChatAbilities = first.abilities
        self.on_heard: Heard | None = None

    def share(self, pace: Pace) -> None:
        """Count what leaves with the other replicas."""
        for way in (self.bot, self.app, self.robot):
            if way is not None and not isinstance(way, CallbackBot):
                way.share(pace)

    @property
    def hearing(self) -> bool:
        """Callbacks reach us as long as the process serves."""
        return True

    @property
    def forgiven_seconds(self) -> float:
        """WeCom tries a callback three times. Where nothing can be said without a question, no notice can be given."""
        speechless = isinstance(self.bot, CallbackBot) and self.robot is None
        return float("inf") if speechless else _REDELIVERS

    # --- out ----------------------------------------------------------------------------------------------------------

    async def send(self, chat: ChatRef, reply: Reply, *, key: str, to_user: str = "") -> MessageRef:
        """Deliver. A private reply goes to the person's own conversation; who has none is asked, in the group, to open it.

        Raises Unavailable (also while the line is down and the group has no webhook), OutcomeUnknown, Rejected.
        """
        if chat.kind is ChatKind.DIRECT:
            return await self._direct(chat, reply, key)
        if not (reply.private or to_user):
            return await self._group(chat, reply, key)
        if not to_user:
            raise Rejected("no_recipient", "私密回复没有说给谁看")
        try:
            ref = await self._direct(direct(chat, to_user), reply, key)
        except Rejected as unreached:
            _log.info("private.unreached", code=unreached.code)
        else:
            if chat.via:
                await self._group(chat, Reply(TOLD[self.settings.lang]), f"{key}:told")
            return ref
        return await self._group(chat, Reply(PRIVATE_FIRST[self.settings.lang], mention=(to_user,)), key)

    async def _direct(self, chat: ChatRef, reply: Reply, key: str) -> MessageRef:
        refused: Rejected | None = None
        for way in (self.bot, self.app):
            if way is not None:
                try:
                    return await way.send(chat, reply, key=key)
                except Rejected as no:
                    refused = refused or no
        raise refused or Rejected("no-push", NO_PUSH)

    async def _group(self, chat: ChatRef, reply: Reply, key: str) -> MessageRef:
        webhook = self.robot if self.robot is not None and self.robot.serves(chat.chat_id) else None
        if self.bot is None:
            if webhook is None:
                raise Rejected("no_chat", "这个群没有配机器人")
            return await webhook.send(chat, reply, key=key)
        try:
            return await self.bot.send(chat, reply, key=key)
        except (Rejected, Unavailable) as no:
            # Nothing was said: the group's webhook may say it. A doubtful outcome is not this case.
            if webhook is None:
                raise
            _log.info("webhook.instead", chat=chat.chat_id, why=type(no).__name__)
        return await webhook.send(chat, reply, key=key)

    async def update(self, ref: MessageRef, reply: Reply, *, key: str) -> MessageRef:
        """Redraw where the platform lets us, else say it again under the card's title. The reference stays the card's."""
        if ref.message_id.startswith(self_built.PREFIX) and self.app is not None:
            return await self.app.update(ref, reply, key=key)
        if isinstance(self.bot, SocketBot) and not ref.message_id.startswith(ROBOT_PREFIX):
            return await self.bot.update(ref, reply, key=key)
        if isinstance(self.bot, CallbackBot):
            try:
                return await self.bot.update(ref, reply)
            except Rejected as no:
                _log.info("card.no_press_waits", code=no.code)
        note = after_note(reply, self.settings.lang)
        if ref.chat.kind is ChatKind.DIRECT and self.app is not None:
            await self.app.send(ref.chat, reply, key=key, note=note)
            return ref
        if self.robot is None:
            raise Rejected("no-push", NO_PUSH)
        await self.robot.send(plain_ref(ref.chat), reply, key=key, note=note)
        return ref

    # --- in -----------------------------------------------------------------------------------------------------------

    def receive(self, request: RawRequest) -> ChatReceipt:
        """One address for both callbacks: the robot's JSON and the app's XML (or JSON). Raises Forged, BadInput."""
        query = request.query
        signature, stamp, nonce = (query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
        if not (signature and stamp and nonce):
            raise BadInput("wecom: signature, timestamp or nonce is missing")
        if request.method == "GET":
            return ChatReceipt(
                (), body=self._echo(query.get("echostr", ""), signature, stamp, nonce), media_type="text/plain"
            )
        by_app, plain = self._opened(signature, stamp, nonce, encrypted_of(request.body))
        late = self._late(stamp, request)
        try:
            receipt = self._receive(request, plain, by_app=by_app, late=late)
        except BadInput as odd:
            # Genuine, and no repeat would be easier to read: taken, logged, not asked for again.
            _log.warning("callback.unreadable", why=odd.sentence, size=len(plain))
            return ChatReceipt((), body=b"", media_type="text/plain")
        if not late or not receipt.incoming:
            return receipt
        return self._receive_late(receipt)

    def _receive(self, request: RawRequest, plain: bytes, *, by_app: bool, late: bool) -> ChatReceipt:
        if not by_app:
            if not isinstance(self.bot, CallbackBot):
                raise Forged("wecom: the robot uses the long connection")
            return self.bot.receive(request, plain, in_place=not late)
        if self.app is None:
            raise Forged("wecom: no app is set up")
        return self.app.receive(plain, request.received_at)

    def _receive_late(self, receipt: ChatReceipt) -> ChatReceipt:
        """Signed long ago: kept somewhere on the way, replayed, or somebody's clock is wrong.

        A message is taken once, because its id lies inside what was signed and the inbox remembers it; a press counts only
        while it is fresh, since WeCom sends it within seconds or never. Nobody waits for an answer in place any more.
        """
        taken = tuple(each for each in receipt.incoming if isinstance(each, Message) and self.settings.accept_late)
        _log.warning("callback.late", taken=len(taken), ignored=len(receipt.incoming) - len(taken))
        return ChatReceipt(taken, body=b"", media_type=receipt.media_type)

    def _opened(self, signature: str, stamp: str, nonce: str, sealed: str) -> tuple[bool, bytes]:
        """(whether it is the app's, the message). The keys that open it say whose it is. Raises Forged."""
        refused: Forged | None = None
        for by_app, crypto in ((False, self._bot_crypto), (True, self._app_crypto)):
            if crypto is not None:
                try:
                    return by_app, crypto.open(signature, stamp, nonce, sealed)
                except Forged as no:
                    refused = no if refused is None or str(refused) == UNSIGNED else refused
        if refused is None:
            raise Forged("wecom: no callback is set up")
        if str(refused) != UNSIGNED:
            # The token fits and the key does not: somebody saved a new EncodingAESKey on one side only.
            self.undecipherable += 1
            _log.warning("callback.undecipherable")
        raise refused

    def _echo(self, echo: str, signature: str, stamp: str, nonce: str) -> bytes:
        """The console's test when the address is saved: the decrypted text, byte for byte and nothing else.

        Its age does not matter: it answers with what the asker already knows.
        """
        if not echo:
            raise BadInput("wecom: echostr is missing")
        refused: Forged | None = None
        for crypto in (self._bot_crypto, self._app_crypto):
            if crypto is not None:
                try:
                    return crypto.open(signature, stamp, nonce, echo)
                except Forged as no:
                    refused = no
        raise refused or Forged("wecom: no callback is set up")

    def _late(self, stamp: str, request: RawRequest) -> bool:
        """Whether it was signed outside the window, in either direction. Raises BadInput."""
        window = self.settings.replay_window_seconds
        if not (stamp.isascii() and stamp.isdecimal()) or len(stamp) > 12:
            raise BadInput("wecom: timestamp")
        late = bool(window) and abs(int(stamp) - request.received_at.timestamp()) > window
        self.untimely += late
        return late

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """FetchesMedia: a picture, file or voice of a message, decrypted; never more than the settings allow."""
        return await self._media.fetch(attachment, limit=min(limit, self.settings.max_file_mb * 1_048_576))

    def echo_query(self, echo: str) -> dict[str, str]:
        """What the console would ask the callback address, for trying it ourselves. Raises Rejected without a callback."""
        crypto = self._bot_crypto or self._app_crypto
        if crypto is None:
            raise Rejected("no-callback", "没有配回调")
        stamp = str(int(self.clock.now().timestamp()))
        sealed, signature = crypto.seal(echo.encode(), stamp, "doctor")
        return {"msg_signature": signature, "timestamp": stamp, "nonce": "doctor", "echostr": sealed}

    async def colleagues(self) -> list[tuple[str, str]]:
        """(user id, name) of everybody the self-built app may see. Raises Rejected without an app."""
        if self.app is None:
            raise Rejected("no-app", "通讯录要先配自建应用")
        params = {"department_id": "1", "fetch_child": "1"}
        told = await self.app.api.get("/cgi-bin/user/simplelist", params, what="user.simplelist")
        rows: list[Any] = told.get("userlist") or []
        return [(str(row.get("userid", "")), str(row.get("name", ""))) for row in rows if isinstance(row, dict)]

    async def aclose(self) -> None:
        try:
            await self.api.aclose()
        except DeskError as trouble:
            _log.warning("close.failed", error=type(trouble).__name__)


class WecomLine(Wecom):
    """The robot over the long connection: one replica holds it, by lease."""

    one_holder = True

    @property
    def hearing(self) -> bool:
        return isinstance(self.bot, SocketBot) and self.bot.line_up

    @property
    def forgiven_seconds(self) -> float:
        return self.settings.gap_notice_seconds

    async def listen(self, store: Store) -> None:
        """Run until cancelled. Raises NeedsAuthorization when robot id and secret are refused."""
        if isinstance(self.bot, SocketBot):
            self.bot.on_heard = self.on_heard
        assert isinstance(self.bot, SocketBot)  # noqa: S101 (built so)
        await self.bot.listen(store)
