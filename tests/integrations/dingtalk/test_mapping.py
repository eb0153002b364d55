"""Every kind of message that the platform describes, its documented mistakes included; names that survive a re-delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chat import ChatKind
from domain.errors import BadInput
from integrations.dingtalk.mapping import HELP, content_key, message_of, open_via, pressed_of

NOW = datetime(2026, 11, 22, 2, 2, 11, tzinfo=UTC)
BASE: dict[str, Any] = {
    "conversationId": "cidABC==",
    "conversationType": "2",
    "msgId": "msgXYZ==",
    "senderStaffId": "u1",
    "senderNick": "张明",
    "senderId": "$:LWCP_v1:$x",
    "robotCode": "ding1",
    "createAt": 1769851697611,
    "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=ab",
    "sessionWebhookExpiredTime": 1769857097744,
}


def said(**body: Any) -> Any:
    return message_of({**BASE, **body}, received_at=NOW)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"msgtype": "text", "text": {"content": " 库存 "}}, "库存"),
        ({"msgtype": "text", "text": {"content": ""}}, HELP),  # a bare mention
        ({"msgtype": "text", "content": "库存"}, "库存"),  # one official page prints it on top
        ({"msgtype": "richText", "content": {"richText": [{"text": " 看"}, {"text": "这"}]}}, "看这"),
        ({"msgtype": "interactive"}, HELP),
        ({"msgtype": "text", "text": None}, HELP),
        ({"msgtype": "text", "text": {"content": 2**60}}, HELP),
        ({"msgtype": "text", "text": {"content": "x" * 100_000}}, "x" * 20_000),
    ],
)
def test_texts(body: dict[str, Any], text: str) -> None:
    assert said(**body).text == text


@pytest.mark.parametrize(
    ("kind", "content", "ours"),
    [
        ("picture", {"downloadCode": "dc", "pictureDownloadCode": "p"}, ("image", "picture", "dc", "")),
        ("file", {"downloadCode": "dc", "fileName": "表.xlsx"}, ("file", "表.xlsx", "dc", "")),
        ("audio", {"downloadCode": "dc", "recognition": "催一下", "duration": 900}, ("voice", "audio", "dc", "催一下")),
        ("video", {"downloadCode": "dc", "videoType": "mp4"}, ("file", "video", "dc", "")),
    ],
)
def test_attachments(kind: str, content: dict[str, Any], ours: tuple[str, ...]) -> None:
    [found] = said(msgtype=kind, content=content).attachments
    assert (found.kind, found.name, found.media_id, found.text) == ours


def test_a_direct_talk_is_called_by_its_person() -> None:
    chat = said(conversationType="1", text={"content": "x"}).chat
    assert (chat.chat_id, chat.kind) == ("u1", ChatKind.DIRECT)


def test_before_the_app_is_published_the_sealed_id_stands_in() -> None:
    assert said(senderStaffId="", text={"content": "x"}).sender.user_id == "$:LWCP_v1:$x"


def test_one_message_for_two_robots_has_two_names_and_a_repeat_has_one() -> None:
    assert content_key(BASE) == content_key({**BASE, "createAt": 5, "sessionWebhook": "other"})
    assert content_key(BASE) != content_key({**BASE, "robotCode": "ding2"})


def test_without_an_id_the_content_is_the_name() -> None:
    bare = {name: value for name, value in BASE.items() if name != "msgId"} | {"text": {"content": "x"}}
    assert content_key(bare) == content_key(dict(bare))
    assert content_key(bare) != content_key({**bare, "text": {"content": "y"}})


@pytest.mark.parametrize("name", ["errorCode", "errCode"])
@pytest.mark.parametrize("code", [20001, "20001"], ids=["number", "text"])
def test_the_notice_of_a_used_up_month_is_no_message(name: str, code: object) -> None:
    assert said(**{name: code}) is None


@pytest.mark.parametrize("stamp", ["1769851697611", 1769851697611], ids=["text", "number"])
def test_times_are_utc(stamp: object) -> None:
    assert said(createAt=stamp, text={"content": "x"}).sent_at == datetime(2026, 1, 31, 9, 28, 17, 611000, tzinfo=UTC)


@pytest.mark.parametrize("stamp", ["soon", 10**30, -(10**30)])
def test_a_time_of_nonsense_is_the_time_of_arrival(stamp: object) -> None:
    assert said(createAt=stamp, text={"content": "x"}).sent_at == NOW


@pytest.mark.parametrize("missing", ["conversationId", "both"])
def test_a_message_from_nobody_is_unreadable(missing: str) -> None:
    names = {"senderStaffId", "senderId"} if missing == "both" else {missing}
    with pytest.raises(BadInput):
        message_of({name: value for name, value in BASE.items() if name not in names}, received_at=NOW)


def test_the_reply_address_dies_half_a_minute_early() -> None:
    via = said(text={"content": "x"}).chat.via
    assert open_via(via, datetime.fromtimestamp(1769857097 - 31, UTC)).endswith("session=ab")
    assert open_via(via, datetime.fromtimestamp(1769857097 - 29, UTC)) == ""
    assert open_via("", NOW) == ""


def test_a_form_gives_its_values() -> None:
    content = '{"cardPrivateData":{"actionIds":["x"],"params":{"t":"tok","form":{"reason":"缺货"},"n":3}}}'
    pressed = pressed_of({"outTrackId": "xdg-1", "userId": "u1", "content": content})
    assert (pressed.token, dict(pressed.values)) == ("tok", {"reason": "缺货", "n": "3"})


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(
    body=st.dictionaries(st.sampled_from([*BASE, "text", "content", "msgtype", "value", "outTrackId", "userId"]), JSONISH)
)
@settings(max_examples=150, deadline=None)
def test_no_body_crashes_the_reader(body: dict[str, Any]) -> None:
    for read in (lambda: message_of(body, received_at=NOW), lambda: pressed_of(body)):
        try:
            read()
        except BadInput:
            continue
