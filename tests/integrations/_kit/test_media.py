from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from domain.chat import Attachment
from domain.errors import BadInput, Rejected, Unavailable
from integrations._kit.http import Http
from integrations._kit.media import as_said, trusted

HOME = "https://qyapi.weixin.qq.com"
SUFFIXES = (".myqcloud.com", ".qq.com")


@pytest.mark.parametrize(
    "url",
    [
        "https://qyapi.weixin.qq.com/x",
        "https://ww-aibot-img-1.cos.ap-guangzhou.myqcloud.com/a?sign=1",
        "https://WEWORK.qpic.QQ.com:443/x",
    ],
)
def test_the_platforms_own_hosts_are_asked(url: str) -> None:
    assert trusted(url, HOME, SUFFIXES) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://qyapi.weixin.qq.com/x",
        "https://qyapi.weixin.qq.com:8443/x",
        "https://169.254.169.254/latest",
        "https://myqcloud.com.evil.example/x",
        "https://evilmyqcloud.com/x",
        "https://a.myqcloud.com@10.0.0.1/x",
        "https://user:pw@a.myqcloud.com/x",
        "https://a.myqcloud.com:22/x",
        "file:///etc/passwd",
        "https://[::1",
        "",
    ],
)
def test_nobody_makes_us_ask_elsewhere(url: str) -> None:
    with pytest.raises(Rejected, match="media-host"):
        trusted(url, HOME, SUFFIXES)


@pytest.mark.parametrize("content", [b"", b"<html>", b"%PDF-1.7", b"RIFF1234WAVE"])
def test_what_is_no_picture_is_said_so(content: bytes) -> None:
    with pytest.raises(BadInput, match="图片"):
        as_said(Attachment("image", "image", "m"), content)
    assert as_said(Attachment("file", "a.bin", "m"), content) == content


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n1", b"\xff\xd8\xff1", b"RIFF1234WEBPVP8 ", b"GIF89a.."])
def test_pictures_pass(content: bytes) -> None:
    assert as_said(Attachment("image", "image", "m"), content) == content


def serving(handler: httpx.Response) -> Http:
    return Http(HOME, transport=httpx.MockTransport(lambda _: handler))


async def test_a_file_of_exactly_the_limit_passes_and_one_byte_more_does_not() -> None:
    http = serving(httpx.Response(200, content=b"x" * 100, headers={"content-type": "Image/PNG; a=b"}))
    assert await http.download("/f", limit=100, what="t") == (b"x" * 100, "image/png")
    with pytest.raises(BadInput, match="MB"):
        await http.download("/f", limit=99, what="t")
    await http.aclose()


async def test_reading_stops_at_the_limit_although_the_sender_goes_on() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1000

    http = Http(HOME, transport=httpx.MockTransport(lambda _: httpx.Response(200, content=endless())))
    with pytest.raises(BadInput):
        await http.download("/f", limit=10_000, what="t")
    assert sent < 20
    await http.aclose()


@pytest.mark.parametrize(
    ("status", "error"), [(403, Rejected), (404, Rejected), (302, Rejected), (500, Unavailable), (429, Unavailable)]
)
async def test_refusals_are_told_apart(status: int, error: type[Exception]) -> None:
    http = serving(httpx.Response(status, headers={"location": "http://127.0.0.1/"}))
    with pytest.raises(error):
        await http.download("/f", limit=10, what="t")
    await http.aclose()
