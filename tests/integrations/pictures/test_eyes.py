"""Pictures are read in a process of their own: codes and print come out, and what is no picture breaks nothing."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio
import segno
import zxingcpp
from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path

from domain.errors import BadInput, Unavailable
from domain.ports import Code
from integrations.pictures import Eyes
from integrations.pictures.eyes import MAX_BYTES

WAYBILL = "SF1234567890123"


@pytest_asyncio.fixture
async def eyes() -> AsyncIterator[Eyes]:
    made = Eyes()
    yield made
    await made.aclose()


def qr(text: str) -> bytes:
    out = io.BytesIO()
    segno.make(text, micro=False).save(out, kind="png", scale=4, border=4)
    return out.getvalue()


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def bars(text: str, kind: zxingcpp.BarcodeFormat) -> bytes:
    """A bar code as a label printer makes it."""
    drawn = zxingcpp.create_barcode(text, kind).to_image(scale=3)
    return png(Image.fromarray(np.asarray(drawn)).convert("RGB"))


def screenshot(*lines: str) -> bytes:
    picture = Image.new("RGB", (750, 80 + 70 * len(lines)), "white")
    font = ImageFont.truetype(str(sans_path()), 28)
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((40, 40 + 70 * number), line, font=font, fill="#222")
    return png(picture)


async def test_a_qr_code_is_read(eyes: Eyes) -> None:
    assert (await eyes.see(qr(WAYBILL))).codes == (Code(WAYBILL),)


async def test_a_parcel_label_is_read_and_an_article_is_known_as_one(eyes: Eyes) -> None:
    assert (await eyes.see(bars(WAYBILL, zxingcpp.BarcodeFormat.Code128))).codes == (Code(WAYBILL),)
    assert (await eyes.see(bars("6901234567892", zxingcpp.BarcodeFormat.EAN13))).codes == (
        Code("6901234567892", product=True),
    )


async def test_a_screenshot_gives_its_lines_from_top_to_bottom(eyes: Eyes) -> None:
    if not eyes.reads_text:
        pytest.skip("the recogniser of print is not installed (extra `ocr`)")
    seen = await eyes.see(screenshot("订单详情", "订单编号 6920123456780417", "顺丰速运 SF1234567890123"))
    assert seen.codes == ()
    assert [line.replace(" ", "") for line in seen.lines] == [
        "订单详情",
        "订单编号6920123456780417",
        "顺丰速运SF1234567890123",
    ]


def bomb() -> bytes:
    """A PNG of a few bytes that says it is 60 000 by 60 000."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff" + b"\0" * 100, bomb(), b"GIF89a" + b"\xff" * 64]
)
async def test_what_is_no_picture_is_a_sentence_and_the_next_one_is_read(eyes: Eyes, content: bytes) -> None:
    with pytest.raises(BadInput, match="图"):
        await eyes.see(content)
    assert (await eyes.see(qr(WAYBILL))).codes == (Code(WAYBILL),)


async def test_a_picture_cut_short_is_a_sentence_or_what_is_there(eyes: Eyes) -> None:
    whole = qr(WAYBILL)
    with pytest.raises(BadInput):
        await eyes.see(whole[: len(whole) // 2])


async def test_too_many_bytes_are_not_even_tried(eyes: Eyes) -> None:
    with pytest.raises(BadInput, match="太大"):
        await eyes.see(b"\x89PNG" + bytes(MAX_BYTES))
    assert eyes._process is None


async def test_a_reader_that_takes_too_long_is_ended_and_the_next_picture_gets_a_new_one() -> None:
    hurried = Eyes(slow=0.001)
    with pytest.raises(Unavailable):
        await hurried.see(qr(WAYBILL))
    hurried._slow = 20.0
    assert (await hurried.see(qr(WAYBILL))).codes == (Code(WAYBILL),)
    await hurried.aclose()


async def test_a_reader_that_dies_is_replaced(eyes: Eyes) -> None:
    await eyes.see(qr(WAYBILL))
    process = eyes._process
    assert process is not None
    process.kill()
    await process.wait()
    assert (await eyes.see(qr(WAYBILL))).codes == (Code(WAYBILL),)


async def test_pictures_at_once_get_their_own_answers(eyes: Eyes) -> None:
    numbers = [f"SF123456789012{index}" for index in range(4)]
    seen = await asyncio.gather(*(eyes.see(qr(one)) for one in numbers))
    assert [one.codes[0].text for one in seen] == numbers


async def test_somebody_who_gives_up_does_not_shift_the_answers(eyes: Eyes) -> None:
    await eyes.see(qr(WAYBILL))
    task = asyncio.create_task(eyes.see(qr("SF0000000000000")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await eyes.see(qr(WAYBILL))).codes == (Code(WAYBILL),)


async def test_the_process_ends_when_no_picture_comes() -> None:
    dozing = Eyes(idle=0.01)
    await dozing.see(qr(WAYBILL))
    process = dozing._process
    assert process is not None
    async with asyncio.timeout(10):
        await process.wait()
    assert process.returncode == 0
    await dozing.aclose()
