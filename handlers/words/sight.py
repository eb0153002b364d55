"""What is said about pictures and voice notes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

_KIND_ZH = {"order_no": "订单号", "waybill_no": "运单号", "sku": "商品条码"}
_KIND_EN = {"order_no": "order", "waybill_no": "waybill", "sku": "product code"}


class Zh:
    """Chinese."""

    def asks(self, kind: str, numbers: Sequence[str]) -> str:
        """The numbers as a person would have typed them, for the parser."""
        listed = " ".join(numbers)
        return f"{listed} 库存" if kind == "sku" else f"{_KIND_ZH[kind]} {listed}"

    def read(self, kind: str, numbers: Sequence[str], total: int) -> str:
        listed = "、".join(numbers)
        more = f"（图里共 {total} 个，先看前 {len(numbers)} 个）" if total > len(numbers) else ""
        return f"图里认出{_KIND_ZH[kind]} {listed}{more}，认错了就把号码打出来。"

    def nothing_read(self, *, reads_text: bool) -> str:
        if reads_text:
            return "图里没认出单号。拍近一点、别反光，或者把单号打出来。"
        return "图里没认出二维码或条码，截图上的字我在这里还认不了。把单号打出来就行。"

    def cannot_see(self) -> str:
        return "这里的图片我看不了，把单号打出来就行。"

    def not_fetched(self) -> str:
        return "这张图这会儿取不下来，过一分钟再发，或者把单号打出来。"

    def not_heard(self) -> str:
        return "这条语音没有带文字，我听不了。转成文字再发，或者直接打字。"


class En(Zh):
    """English."""

    def asks(self, kind: str, numbers: Sequence[str]) -> str:
        listed = " ".join(numbers)
        return f"stock of {listed}" if kind == "sku" else f"{_KIND_EN[kind]} {listed}"

    def read(self, kind: str, numbers: Sequence[str], total: int) -> str:
        listed = ", ".join(numbers)
        more = f" ({total} on the picture, the first {len(numbers)} here)" if total > len(numbers) else ""
        return f"Read from the picture: {_KIND_EN[kind]} {listed}{more}. If that is wrong, type the number."

    def nothing_read(self, *, reads_text: bool) -> str:
        if reads_text:
            return "No number found on the picture. Take it closer and without glare, or type the number."
        return "No QR or bar code found, and print cannot be read here. Type the number and I will look."

    def cannot_see(self) -> str:
        return "Pictures cannot be read here. Type the number and I will look."

    def not_fetched(self) -> str:
        return "The picture cannot be fetched right now. Send it again in a minute, or type the number."

    def not_heard(self) -> str:
        return "This voice note came without its words. Send it as text."


@cache
def words(lang: str) -> Zh:
    return En() if lang == "en" else Zh()
