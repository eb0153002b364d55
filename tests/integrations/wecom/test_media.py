"""What people send becomes bytes for the handlers: decrypted, from WeCom's hosts only, within the limit."""

from __future__ import annotations

from typing import Any

import pytest

from domain.chat import Attachment, Message
from domain.errors import BadInput, DeskError, Rejected, Unavailable
from domain.ports import FetchesMedia
from emulators.wecom import WecomEmulator, crypto
from integrations.wecom import Settings
from tests.integrations.wecom.conftest import Bench, make, until

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 200
MB = 1_048_576


async def sent(bench: Bench, **what: Any) -> Attachment:
    await bench.emulator.people.say("zhangsan", **what)
    await until(lambda: bool(bench.heard))
    return bench.last().attachments[0]


async def test_a_picture_over_the_line_opens_with_its_own_key(line: Bench) -> None:
    assert isinstance(line.chat, FetchesMedia)
    assert await line.chat.fetch(await sent(line, image=PNG), limit=MB) == PNG


async def test_a_picture_beside_words_in_a_group_is_fetched_too(line: Bench) -> None:
    await line.emulator.people.say("zhangsan", "这单错了", group="CHATID", image=PNG)
    await until(lambda: bool(line.heard))
    assert line.last().text == "这单错了"
    assert await line.chat.fetch(line.last().attachments[0], limit=MB) == PNG


async def test_a_picture_by_callback_opens_with_the_callbacks_key(callback: Bench) -> None:
    assert await callback.chat.fetch(await sent(callback, image=PNG), limit=MB) == PNG


async def test_voice_comes_as_words(line: Bench) -> None:
    attachment = await sent(line, voice="查一下六九二零")
    assert (line.last().text, attachment.kind, attachment.text) == ("查一下六九二零", "voice", "查一下六九二零")


async def app_picture(bench: Bench, content: bytes = PNG) -> Attachment:
    media_id = bench.emulator.state.keep_media("image", content, "A")
    fields = {"FromUserName": "lisi", "CreateTime": 1, "MsgType": "image", "PicUrl": "http://x/", "MediaId": media_id}
    assert await bench.emulator.callbacks.send_app({**fields, "MsgId": 77}) == 200
    message = bench.heard[-1]
    assert isinstance(message, Message)
    return message.attachments[0]


async def test_a_picture_to_the_app_lies_behind_its_media_id(callback: Bench) -> None:
    assert await callback.chat.fetch(await app_picture(callback), limit=MB) == PNG


async def test_a_dead_token_is_renewed_on_the_way(callback: Bench) -> None:
    attachment = await app_picture(callback)
    await callback.chat.colleagues()
    callback.emulator.calls.kill_tokens()
    assert await callback.chat.fetch(attachment, limit=MB) == PNG


async def test_after_five_minutes_the_robots_picture_is_gone(line: Bench) -> None:
    attachment = await sent(line, image=PNG)
    line.emulator.clock.move(301)
    with pytest.raises(Rejected, match="再发一次"):
        await line.chat.fetch(attachment, limit=MB)


async def test_after_three_days_the_apps_picture_is_gone(callback: Bench) -> None:
    attachment = await app_picture(callback)
    callback.emulator.clock.move(3 * 86400 + 1)
    with pytest.raises(Rejected, match="再发一次"):
        await callback.chat.fetch(attachment, limit=MB)


async def test_a_file_that_is_too_large_is_not_read_to_its_end(line: Bench) -> None:
    attachment = await sent(line, image=PNG)
    with pytest.raises(BadInput, match="MB"):
        await line.chat.fetch(attachment, limit=1_000)


async def test_the_settings_hold_the_limit_whatever_the_caller_allows(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(bot_id="b", secret="s", max_file_mb=1))
    emulator.state.files["big"] = (crypto.lock_media(key := crypto.new_key(), b"x" * (MB + 100)), 1e12)
    with pytest.raises(BadInput, match="1 MB"):
        await bench.chat.fetch(Attachment("file", "file", f"{emulator.public_url}/files/big {key}"), limit=100 * MB)


@pytest.mark.parametrize("where", ["http://169.254.169.254/latest", "https://evil.example/f", "https://127.0.0.1/f"])
async def test_an_address_elsewhere_is_never_asked(line: Bench, where: str) -> None:
    with pytest.raises(Rejected, match="media-host"):
        await line.chat.fetch(Attachment("image", "image", f"{where} {crypto.new_key()}"), limit=MB)


@pytest.mark.parametrize("media_id", ["", "A-unknown", "https://qyapi.weixin.qq.com/files/none"])
async def test_what_never_was_there_is_a_refusal(callback: Bench, media_id: str) -> None:
    with pytest.raises(Rejected):
        await callback.chat.fetch(Attachment("image", "image", media_id), limit=MB)


async def test_a_wrong_key_and_a_text_called_picture_are_said(line: Bench) -> None:
    attachment = await sent(line, image=PNG)
    url = attachment.media_id.partition(" ")[0]
    with pytest.raises(DeskError):
        await line.chat.fetch(Attachment("image", "image", f"{url} {crypto.new_key()}"), limit=MB)
    line.heard.clear()
    with pytest.raises(BadInput, match="图片"):
        await line.chat.fetch(await sent(line, image=b"not a picture at all"), limit=MB)


@pytest.mark.parametrize("fault", ["500", "reset"])
async def test_a_platform_that_stumbles_is_asked_again_later(callback: Bench, fault: str) -> None:
    attachment = await app_picture(callback)
    callback.emulator.faults.plan(fault, "/cgi-bin/media/get")
    with pytest.raises(Unavailable):
        await callback.chat.fetch(attachment, limit=MB)
    assert await callback.chat.fetch(attachment, limit=MB) == PNG


async def test_without_an_app_its_files_cannot_be_had(line: Bench) -> None:
    with pytest.raises(Rejected, match="no-app"):
        await line.chat.fetch(Attachment("image", "image", "A123"), limit=MB)
