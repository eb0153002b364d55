"""A picture's way: sent in the group, fetched, read on this machine, asked about; what it shows is said, what it hides is said too."""

from __future__ import annotations

import io
from typing import Any

import pytest
import segno
from PIL import Image, ImageDraw, ImageFont
from pylopdf_fonts_zh_cn import sans_path

from domain.chat import Attachment
from domain.errors import Rejected, Unavailable
from integrations.pictures.eyes import reads_text
from tests.flows.company import STRANGER, Company


def qr(text: str) -> bytes:
    out = io.BytesIO()
    segno.make(text, micro=False).save(out, kind="png", scale=4, border=4)
    return out.getvalue()


def screenshot(*lines: str) -> bytes:
    picture = Image.new("RGB", (750, 80 + 70 * len(lines)), "white")
    font = ImageFont.truetype(str(sans_path()), 28)
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((40, 40 + 70 * number), line, font=font, fill="#222")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


async def send(
    company: Company, who: str, *pictures: bytes, text: str = "", chat: str = "orders", aloud: bool = True
) -> None:
    """As the page does it: upload first, then the message that shows them, to the bot unless not `aloud`."""
    uploads = []
    for content in pictures:
        answer = await company.http.post(
            f"/console/api/upload?as={who}&chat={chat}&name=a.png", content=content, headers={"content-type": "image/png"}
        )
        assert answer.status_code == 200, answer.text
        uploads.append(answer.json()["id"])
    wire: dict[str, Any] = {"type": "message", "as": who, "chat": chat, "text": f"@小单 {text}" if aloud else text}
    wire |= {"attachments": uploads, "id": f"picture-{next(company.serial)}"}
    answer = await company.http.post("/chat/console", json=wire)
    assert answer.status_code == 200, answer.text
    await company.work()


async def placed(company: Company) -> str:
    number = company.place()
    company.clock.move(3600)
    await company.pull()
    return number


async def test_a_code_is_answered_like_the_number_itself(company: Company) -> None:
    number = await placed(company)
    await send(company, "zhangming", qr(f"https://shop.example/o?orderId={number}"))
    (text,) = company.texts()
    assert f"图里认出订单号 {number}" in text
    assert "发货" in text


async def test_a_screenshot_is_read_and_the_words_beside_it_say_what_is_wanted(company: Company) -> None:
    if not reads_text():
        pytest.skip("the recogniser of print is not installed (extra `ocr`)")
    number = await placed(company)
    await send(company, "zhangming", screenshot("订单详情", f"订单编号 {number}", "实付款 ¥134.00"), text="这单什么情况")
    (text,) = company.texts()
    assert f"图里认出订单号 {number}" in text


async def test_the_next_question_is_about_what_the_picture_showed(company: Company) -> None:
    number = await placed(company)
    await send(company, "zhangming", qr(number))
    await company.say("zhangming", "@小单 它的物流")
    assert len(company.texts()) == 2
    assert "没找到" not in company.texts()[-1]
    assert number[-4:] in company.texts()[-1]


async def test_a_picture_without_a_number_is_one_sentence(company: Company) -> None:
    await send(company, "zhangming", screenshot("谢谢老板"))
    (text,) = company.texts()
    assert "单号打出来" in text


async def test_a_typed_number_is_surer_than_a_read_one(company: Company) -> None:
    number = await placed(company)
    await send(company, "zhangming", qr("SF1234567890123"), text=f"{number} 到哪了")
    (text,) = company.texts()
    assert "图里认出" not in text
    assert number[-4:] in text


async def test_colleagues_pictures_are_none_of_our_business(company: Company) -> None:
    number = await placed(company)
    await send(company, "zhangming", qr(number), text="看看这个", aloud=False)
    assert company.answers() == []


async def test_a_picture_alone_is_answered_when_it_names_an_order_and_is_none_of_ours_when_not(company: Company) -> None:
    number = await placed(company)
    await send(company, "zhangming", screenshot("谢谢老板"), aloud=False)
    assert company.answers() == []
    await send(company, "zhangming", qr(number), aloud=False)
    (text,) = company.texts()
    assert f"图里认出订单号 {number}" in text


async def test_a_strangers_picture_is_not_even_fetched(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[str] = []

    async def fetch(attachment: Attachment, *, limit: int) -> bytes:
        fetched.append(attachment.media_id)
        return b""

    monkeypatch.setattr(company.console, "fetch", fetch)
    await send(company, STRANGER, qr("6920000000000000417"))
    assert fetched == []


@pytest.mark.parametrize("trouble", [Unavailable("away"), Rejected("gone", "expired")])
async def test_a_picture_that_cannot_be_had_is_one_sentence(
    company: Company, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    async def fetch(attachment: Attachment, *, limit: int) -> bytes:
        raise trouble

    monkeypatch.setattr(company.console, "fetch", fetch)
    await send(company, "zhangming", qr("6920000000000000417"))
    (text,) = company.texts()
    assert "取不下来" in text
