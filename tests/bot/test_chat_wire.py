from __future__ import annotations

from datetime import UTC, datetime

from bot.wire import pack, unpack
from domain.chat import ChatKind, ChatRef, Click, Message, Sender

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def test_how_to_answer_travels_with_the_message_and_is_not_who_it_is_from() -> None:
    chat = ChatRef("wecom", "CHAT", ChatKind.GROUP, "req-1")
    kind, _, _, load = pack(Message(chat, Sender("zhang"), "m1", "查", AT))
    back = unpack(kind, load)
    assert back.chat.via == "req-1"
    assert back.chat == ChatRef("wecom", "CHAT", ChatKind.GROUP)


def test_what_was_stored_before_there_was_a_way_back_is_still_read() -> None:
    kind, _, _, load = pack(Click(ChatRef("wecom", "CHAT", ChatKind.GROUP, "r"), Sender("zhang"), "e1", "c1", "t", AT))
    load["chat"] = load["chat"][:3]
    assert unpack(kind, load).chat.via == ""
