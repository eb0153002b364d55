"""What people send the robot becomes bytes for the handlers, within the limit and from DingTalk's hosts only."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chat import Attachment
from domain.errors import BadInput, Rejected, Unavailable
from domain.ports import FetchesMedia
from tests.integrations.dingtalk.conftest import Office, until

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 300
MB = 1_048_576


async def heard(office: Office, body: dict[str, Any]) -> Attachment:
    async with office.listening():
        await office.emulator.people.push(body)
        await until(lambda: bool(office.inbox.messages))
    return office.inbox.messages[-1].attachments[0]


def sent(office: Office, kind: str, content: bytes, **payload: Any) -> dict[str, Any]:
    """A file, voice or video in the direct talk, as the platform describes it."""
    people, state = office.emulator.people, office.emulator.state
    state.downloads["code-1"] = ("f", content, office.emulator.clock.now() + 7200)
    body = people.body("u-zhang", "")
    del body["text"]
    return body | {"msgtype": kind, "content": {"downloadCode": "code-1", **payload}}


async def test_a_picture_in_a_group_comes_with_its_words(office: Office) -> None:
    chat = office.connector()
    assert isinstance(chat, FetchesMedia)
    async with office.listening(chat):
        await office.emulator.people.send_picture("u-zhang", PNG, group=office.group)
        await until(lambda: bool(office.inbox.messages))
    [message] = office.inbox.messages
    assert message.text == "看这张"
    assert await chat.fetch(message.attachments[0], limit=MB) == PNG


async def test_a_file_keeps_its_name_and_voice_its_words(office: Office) -> None:
    found = await heard(office, sent(office, "file", b"a,b\n1,2\n", fileName="对账.csv"))
    assert (found.kind, found.name) == ("file", "对账.csv")
    assert await office.connector().fetch(found, limit=MB) == b"a,b\n1,2\n"
    office.inbox.came.clear()
    spoken = await heard(office, sent(office, "audio", b"#!AMR\n...", duration=3000, recognition="查一下A17"))
    assert (spoken.kind, spoken.text) == ("voice", "查一下A17")
    assert await office.connector().fetch(spoken, limit=MB) == b"#!AMR\n..."


async def test_a_code_that_has_expired_is_said_so(office: Office) -> None:
    found = await heard(office, sent(office, "picture", PNG))
    office.emulator.clock.move(7201)
    with pytest.raises(Rejected, match="再发一次"):
        await office.connector().fetch(found, limit=MB)


async def test_too_large_and_no_picture_are_told_apart(office: Office) -> None:
    found = await heard(office, sent(office, "picture", b"no picture" * 100))
    chat = office.connector()
    with pytest.raises(BadInput, match="MB"):
        await chat.fetch(found, limit=100)
    with pytest.raises(BadInput, match="图片"):
        await chat.fetch(found, limit=MB)


async def test_an_address_that_is_not_dingtalks_is_never_asked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    found = await heard(office, sent(office, "picture", PNG))
    monkeypatch.setattr(
        office.emulator.robots, "download", lambda *_: {"downloadUrl": "http://169.254.169.254/latest/meta-data"}
    )
    with pytest.raises(Rejected, match="media-host"):
        await office.connector().fetch(found, limit=MB)


async def test_a_stumbling_platform_is_asked_again_later(office: Office) -> None:
    found = await heard(office, sent(office, "picture", PNG))
    chat = office.connector()
    office.emulator.faults.plan("500", "robot.download")
    with pytest.raises(Unavailable):
        await chat.fetch(found, limit=MB)
    assert await chat.fetch(found, limit=MB) == PNG


async def test_an_attachment_without_a_code_is_a_refusal(office: Office) -> None:
    with pytest.raises(Rejected, match="no-media"):
        await office.connector().fetch(Attachment("image", "image", ""), limit=MB)
