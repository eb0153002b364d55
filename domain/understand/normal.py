"""One spelling for what people type: width, traditional characters, invisible characters, emoji, forwarded wrappers.

Nothing here guesses: it only makes equal things equal. Length is capped first, so a 100 kB paste costs what 2 kB costs.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 2000  # characters read; a longer message is cut and marked

# Traditional characters that occur in shop talk; a whole conversion table is not worth its memory here.
_TRADITIONAL = "訂單換貨退錢運費遞號碼電話應該裡裏哪還沒發變為麼們請問嗎幾點錯寫選這個來過總數額賬帳戶開關門時間後處進審覈核達區縣鄉鎮灣廣東寧蘇鳳龍馬鳥魚會員動態讓說話謝謝對買賣質舊斷補齊現兩萬億聯絡繫給與從當訊況遲確認庫倉藍紅綠雙隻條張圖標題顏尺碼拆壞損飛無線機場議價優惠達記錄統計"
_SIMPLIFIED = "订单换货退钱运费递号码电话应该里里哪还没发变为么们请问吗几点错写选这个来过总数额账账户开关门时间后处进审核核达区县乡镇湾广东宁苏凤龙马鸟鱼会员动态让说话谢谢对买卖质旧断补齐现两万亿联络系给与从当讯况迟确认库仓蓝红绿双只条张图标题颜尺码拆坏损飞无线机场议价优惠达记录统计"


def _letters() -> dict[int, int | str | None]:
    table: dict[int, int | str | None] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
    table.update(zip(map(ord, _TRADITIONAL), map(ord, _SIMPLIFIED), strict=True))
    for code in (*range(0x20), 0x7F, *range(0x80, 0xA0)):
        table[code] = " "
    # Zero-width, direction overrides, soft hyphen, byte order mark, variation selectors: seen, they would split a number.
    for code in (
        0xAD,
        0x61C,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
        *range(0xFE00, 0xFE10),
    ):
        table[code] = None
    table.update(
        {
            0x3000: " ",
            0xA0: " ",
            0x3002: "。",
            0x2019: "'",
            0x2018: "'",
            0x201C: '"',
            0x201D: '"',
            0x2013: "-",
            0x2014: "-",
            0x2212: "-",
        }
    )
    table.update({0xFFE5: "¥", 0x5186: "元", 0x300C: '"', 0x300D: '"'})
    # Digits people get from input methods: circled and other scripts' digits are handled by unicodedata below.
    return table


_TABLE = _letters()
_UNUSUAL = re.compile(r"[^\x00-\x7f\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")  # letters among which odd digits may be
_ODD_DIGIT = re.compile(r"[^\W\d_]|[0-9]|\d")
_FORWARD = re.compile(
    r"^(?:\[?转发\]?|转(?:一下)?|fwd?|fw)\s*[:]\s*|^(?:@\S{1,20}\s+)+|"
    r"^(?:(?:客户|顾客|买家|用户|亲|客人|customer|client|buyer)\s*(?:说|问|讲|反馈|留言|回复|发来|says?|asks?|wrote)?\s*[:]\s*)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r'^"(.{2,})"$', re.DOTALL)
_CJK = re.compile(r"[㐀-鿿]")


def normalise(text: str) -> tuple[str, bool]:
    """(lower-case text in one spelling, whether it was cut). Case of identifiers is restored by their detectors."""
    cut = len(text) > MAX_LENGTH
    if cut:
        text = text[:MAX_LENGTH]
    if text.isascii():
        if not text.isprintable():
            text = text.translate(_TABLE)
        return text.strip().lower(), cut
    text = text.translate(_TABLE)
    if "&nbsp;" in text:  # pasted from a chat's export
        text = text.replace("&nbsp;", " ")
    if _UNUSUAL.search(text) is not None:
        text = "".join(_plain_digit(letter) for letter in text)
    return text.strip().lower(), cut


def _plain_digit(letter: str) -> str:
    if letter.isascii() or not letter.isdigit():
        return letter
    value = unicodedata.digit(letter, None)
    return letter if value is None else str(value)


def unwrap(text: str) -> tuple[str, bool]:
    """(the customer's own words, whether somebody forwarded them): `客户说："…"`, `转发：…`, mentions before a command."""
    forwarded = False
    for _ in range(4):
        match = _FORWARD.match(text)
        if match is None or match.end() >= len(text):
            break
        forwarded = forwarded or not match.group().startswith("@")
        text = text[match.end() :].lstrip()
    if forwarded and (quoted := _QUOTED.match(text)):
        text = quoted.group(1)
    return text, forwarded


def is_chinese(text: str) -> bool:
    """Whether the message holds any Chinese character: decides which reader gets it."""
    return not text.isascii() and _CJK.search(text) is not None
