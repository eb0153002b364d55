"""B2: a sealed WeCom callback from its bytes to the verified message, and DingTalk's signature.

Anchors: the plainest code that could do it (envelope by a pattern, SHA-1, AES, the fields by ElementTree into a dict), and
wechatpy's `decrypt_message` with `parse_message`. Ours also refuses what is forged, truncated or meant for another company,
reads clicks, mentions and attachments, and gives the neutral message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from benchmarks.ground import Ground
from benchmarks.measure import Line, alternate, check, line, ratio, spread, timed_each
from benchmarks.orders import END
from domain.chat import Message
from domain.errors import Forged
from integrations.dingtalk.wire import robot_sign, same
from integrations.wecom.crypto import Crypto
from integrations.wecom.wire import app_fields, encrypted_of, read_app

TOKEN, CORP, NONCE, STAMP = "tok123456", "ww1234567890abcdef", "nonce1", "1790000000"
_KEY = hashlib.sha256(b"only for benchmarks").digest()
AES_KEY = base64.b64encode(_KEY).decode().rstrip("=")
_SECRET = "SEC" + "a" * 64
_ENVELOPE = re.compile(rb"<Encrypt><!\[CDATA\[([A-Za-z0-9+/=]+)")
Opens = Callable[["Sealed"], object]


class Sealed:
    """One callback as it arrives: the body, and the signature of its address."""

    def __init__(self, content: str) -> None:
        xml = (
            f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[zhangsan]]></FromUserName><CreateTime>"
            f"{STAMP}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{content}]]></Content>"
            "<MsgId>1234567890123456</MsgId><AgentID>1000002</AgentID></xml>"
        )
        encrypted, self.signature = Crypto(TOKEN, AES_KEY, CORP).seal(xml.encode(), STAMP, NONCE)
        self.body = (
            f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt>"
            "<AgentID><![CDATA[1000002]]></AgentID></xml>"
        ).encode()
        self.content = content


_OURS = Crypto(TOKEN, AES_KEY, CORP)


def ours(sealed: Sealed) -> Message:
    """The path of a self-built app's callback in `integrations.wecom`."""
    plain = _OURS.open(sealed.signature, STAMP, NONCE, encrypted_of(sealed.body))
    happened = read_app(app_fields(plain), platform="wecom", at=END)
    if not isinstance(happened.incoming, Message):
        raise TypeError(happened.kind)
    return happened.incoming


def plainest(sealed: Sealed) -> dict[str, str | None]:
    """The floor: no more checks than the platform's documentation asks for."""
    found = _ENVELOPE.search(sealed.body)
    encrypted = found[1].decode() if found else ""
    signed = hashlib.sha1("".join(sorted((TOKEN, STAMP, NONCE, encrypted))).encode()).hexdigest()
    if not hmac.compare_digest(signed, sealed.signature):
        raise ValueError(signed)
    turn = Cipher(algorithms.AES(_KEY), modes.CBC(_KEY[:16])).decryptor()
    plain = turn.update(base64.b64decode(encrypted)) + turn.finalize()
    plain = plain[: -plain[-1]]
    (size,) = struct.unpack_from(">I", plain, 16)
    if plain[20 + size :].decode() != CORP:
        raise ValueError(CORP)
    return {child.tag: child.text for child in ET.fromstring(plain[20 : 20 + size])}


def wechatpy() -> Opens:
    """The community SDK's own way."""
    from wechatpy.enterprise import parse_message
    from wechatpy.enterprise.crypto import WeChatCrypto

    theirs = WeChatCrypto(TOKEN, AES_KEY, CORP)

    def opened(sealed: Sealed) -> object:
        return parse_message(theirs.decrypt_message(sealed.body, sealed.signature, STAMP, NONCE))

    return opened


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:  # noqa: ARG001  no orders are needed
    count = 2_000 if ground.quick else 6_000
    usual, large = Sealed("查单 TB20261121000123 到哪了"), Sealed("单" * 6_600)
    theirs = wechatpy()
    if ours(usual).text != usual.content or plainest(usual)["Content"] != usual.content:
        raise RuntimeError("the ways do not agree")
    mine, floor, sdk = _rates(ground, count, usual, ours, plainest, theirs)
    yield line(
        "B2", "WeCom callback to verified message, against the plainest code", ours={"per_s": spread(mine)},
        anchor={"per_s": spread(floor)}, ratio=ratio(mine, floor), target=0.75,
        also=[check("times wechatpy", ratio(mine, sdk), ">=", 1.8),
              check("forged ones accepted", _accepted(usual), "<=", 0)],
    )  # fmt: skip
    mine, floor = _rates(ground, count // 3, large, ours, plainest)
    yield line(
        "B2", "the same with 20 KB of text", ours={"per_s": spread(mine)}, anchor={"per_s": spread(floor)},
        ratio=ratio(mine, floor), target=0.8,
    )  # fmt: skip
    stamp = f"{STAMP}000"
    given = robot_sign(stamp, _SECRET)
    key = _SECRET.encode()

    def signed(_: Any) -> bool:
        return same(given, robot_sign(stamp, _SECRET))

    def bare(_: Any) -> bool:
        wanted = base64.b64encode(hmac.digest(key, f"{stamp}\n{_SECRET}".encode(), "sha256"))
        return hmac.compare_digest(wanted, given.encode())

    mine, floor = _rates(ground, count * 4, usual, signed, bare)
    yield line(
        "B2", "DingTalk signature checked, against one HMAC", ours={"per_s": spread(mine)}, anchor={"per_s": spread(floor)},
        ratio=ratio(mine, floor), target=0.5,
    )  # fmt: skip


def _rates(ground: Ground, count: int, sealed: Sealed, *ways: Callable[[Any], object]) -> list[list[float]]:
    """A second, of each way, in turns."""
    feed = [sealed] * count
    for way in ways:
        timed_each(way, feed[: count // 10])
    seconds = alternate(ground.rounds, *(lambda way=way: timed_each(way, feed) for way in ways))
    return [[count / each for each in one] for one in seconds]


def _accepted(usual: Sealed) -> int:
    """Forged signature, another company's callback, cut off, blown up: how many got through."""
    through = 0
    other = Crypto(TOKEN, AES_KEY, "ww-another")
    encrypted = encrypted_of(usual.body)
    foreign, its_signature = other.seal(b"<xml></xml>", STAMP, NONCE)
    cut = encrypted[:-24]
    for signature, sealed in (
        ("0" * 40, encrypted), (its_signature, foreign), (_OURS.signature(STAMP, NONCE, cut), cut),
        (usual.signature, encrypted * 400),
    ):  # fmt: skip
        try:
            _OURS.open(signature, STAMP, NONCE, sealed)
        except Forged:
            continue
        through += 1
    return through
