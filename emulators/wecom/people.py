"""The people of the emulated company: what they say and press becomes callbacks, over the line or by HTTP."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from emulators.wecom import crypto
from emulators.wecom.state import Asked, Talk

if TYPE_CHECKING:
    from emulators.wecom.app import WecomEmulator

MEDIA_SECONDS = 300


class People:
    """Everybody who may talk. `way` says where callbacks go: `line` or `http`."""

    def __init__(self, emulator: WecomEmulator) -> None:
        self._emulator = emulator
        self.way = "line"

    async def say(
        self,
        user: str,
        text: str = "",
        *,
        group: str = "",
        quote: str = "",
        image: bytes = b"",
        voice: str = "",
        msgid: str = "",
        repeat: int = 1,
        **raw: Any,
    ) -> Asked | None:
        """One message; None when the platform does not deliver it (three interactions are open already)."""
        state = self._emulator.state
        talk = state.talk(user, group)
        talk.spoken = True
        said = f"@{state.bot_name} {text}" if group and text else text
        state.show(talk, "said", said or voice, author=user)
        if state.unfinished(user) >= 3:
            state.journal.note(state.clock.now(), "undelivered", {"user": user}, None)
            return None
        body = self._envelope(user, talk, msgid or f"CAIQ{state.serial():08d}{secrets.token_hex(4)}")
        body |= self._content(said, image=image, voice=voice)
        if quote:
            body["quote"] = {"msgtype": "text", "text": {"content": quote}}
        body |= raw
        asked = Asked(f"req{state.serial()}-{secrets.token_hex(4)}", talk, user, state.clock.now(), "message", text=text)
        for _ in range(repeat):
            await self._emulator.deliver(body, asked)
        return asked

    async def press(
        self, user: str, task_id: str, key: str, *, group: str = "", chosen: dict[str, str] | None = None
    ) -> Asked:
        """Press a button of a card that is on the screen. KeyError when there is no such card or button now."""
        state = self._emulator.state
        card = state.tasks[task_id][-1].card or {}
        if key not in [button["key"] for button in card.get("button_list", ())]:
            raise KeyError(key)
        talk = state.talk(user, group)
        event: dict[str, Any] = {"card_type": card["card_type"], "event_key": key, "task_id": task_id}
        if chosen:
            items = [{"question_key": q, "option_ids": {"option_id": [o]}} for q, o in chosen.items()]
            event["selected_items"] = {"selected_item": items}
        body = self._envelope(user, talk, f"EV{state.serial():08d}{secrets.token_hex(4)}")
        body |= {"msgtype": "event", "create_time": int(state.clock.now())}
        body["event"] = {"eventtype": "template_card_event", "template_card_event": event}
        asked = Asked(
            f"req{state.serial()}-{secrets.token_hex(4)}", talk, user, state.clock.now(), "template_card_event", task_id
        )
        await self._emulator.deliver(body, asked)
        return asked

    async def event(self, user: str, kind: str, **payload: Any) -> Asked:
        """enter_chat, feedback_event, or one that nobody knows yet."""
        state = self._emulator.state
        talk = state.talk(user)
        body = self._envelope(user, talk, f"EV{state.serial():08d}")
        body |= {"msgtype": "event", "create_time": int(state.clock.now()), "event": {"eventtype": kind, **payload}}
        asked = Asked(f"req{state.serial()}-{secrets.token_hex(4)}", talk, user, state.clock.now(), kind)
        await self._emulator.deliver(body, asked)
        return asked

    def _envelope(self, user: str, talk: Talk, msgid: str) -> dict[str, Any]:
        state = self._emulator.state
        body: dict[str, Any] = {"msgid": msgid, "aibotid": next(iter(state.bots)), "chattype": talk.kind}
        if talk.kind == "group":
            body["chatid"] = talk.chat_id
        return body | {"from": {"userid": state.wire_user(user)}}

    def _content(self, text: str, *, image: bytes, voice: str) -> dict[str, Any]:
        picture = {"msgtype": "image", "image": self.media(image)} if image else None
        if picture and text:
            return {
                "msgtype": "mixed",
                "mixed": {"msg_item": [{"msgtype": "text", "text": {"content": text}}, picture]},
            }
        if picture:
            return picture
        if voice:
            return {"msgtype": "voice", "voice": {"content": voice}}
        return {"msgtype": "text", "text": {"content": text}}

    def media(self, content: bytes) -> dict[str, str]:
        """An encrypted address, good for five minutes: own key per address over the line, the callback's key otherwise."""
        state = self._emulator.state
        key = crypto.new_key() if self.way == "line" else state.aes_key
        name = f"f{state.serial()}{secrets.token_hex(6)}"
        state.files[name] = (crypto.lock_media(key, content), state.clock.now() + MEDIA_SECONDS)
        found = {"url": f"{self._emulator.public_url}/files/{name}"}
        return found | {"aeskey": key} if self.way == "line" else found
