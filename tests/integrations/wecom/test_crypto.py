"""Published vectors, wechatpy as second witness in both directions, and everything that must be refused."""

from __future__ import annotations

import base64
import json
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chat import ChatKind, Message
from domain.errors import DeskError, Forged
from domain.ports import RawRequest
from emulators.wecom import WecomEmulator
from emulators.wecom import crypto as theirs
from integrations.wecom import AppSettings, Settings
from integrations.wecom.crypto import Crypto, key_of, open_media
from tests.integrations.wecom.conftest import make

A = ("hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo", "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt", "ww1436e0e65a779aee")
B = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7")
C = (B[0], B[1], "")
ECHOES: list[tuple[Any, ...]] = [
    (A, "1476416373", "47744683", "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb", "fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA==", "1288432023552776189"),
    (B, "1409659589", "263014780", "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3", "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==", "1616140317555161061"),
    (C, "1700000000", "nonce-1", "6c1e4ed4df9d8f89d1119773b070e04167fb83b7", "P9TP8OO8ZpJE35Ha/87+5PHx/IVsyd8oBJgWnkZ2XrLH4GbZhImJ1UuTOJut49MRKAnLaNNud2MdUNnpyJQM3Q==", "echo-plain-123"),
]  # fmt: skip
A_MSG = ("1476422779", "1597212914", "0c3914025cb4b4d68103f6bfc8db550f79dcf48e", "Kl7kjoSf6DMD1zh7rtrHjFaDapSCkaOnwu3bqLc5tAybhhMl9pFeK8NslNPVdMwmBQTNoW4mY7AIjeLvEl3NyeTkAgGzBhzTtRLNshw2AEew+kkYcD+Fq72Kt00fT0WnN87hGrW8SqGc+NcT3mu87Ha3dz1pSDi6GaUA6A0sqfde0VJPQbZ9U+3JWcoD4Z5jaU0y9GSh010wsHF8KZD24YhmZH4ch4Ka7ilEbjbfvhKkNL65HHL0J6EYJIZUC2pFrdkJ7MhmEbU2qARR4iQHE7wy24qy0cRX3Mfp6iELcDNfSsPGjUQVDGxQDCWjayJOpcwocugux082f49HKYg84EpHSGXAyh+/oxwaWbvL6aSDPOYuPDGOCI8jmnKiypE+")  # fmt: skip
B_MSG = ("1409659813", "1372623149", "477715d11cdb4164915debcba66cb864d751f3e6", "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==")  # fmt: skip
A_JSON = ("1409659813", "1372623149", "e3647471e395139e2308c1fa963f2d648a00b90e", "cjhLUX7UU4yCSelv1vz7T0zT8huF51bAMVWriNvO1FMegHrQZNrtvRxbwf0fUPsFvwqR0U0fgiJNEA5Y30F2MoI2S7vv3EjVQ68C0cjw9frBoUE2Hj0BvFp9h3u6Vbsg4lc1C8AtHdaN8orKuNKkLRLuYEL52R1J3v8olJGZRLnRdVKIivixmX/eQpzgeExtp20jI1HxRP1AAZ6xZoILdqDPO549LO4WeG+685JRUTdiwcY5fjZlqeMxuT4PpMn1X9OWsS7NRj06Wa5E3Tvg4twjWp39KPfOdRte6P1T4JU=")  # fmt: skip
C_MSG = ("1700000000", "nonce-1", "faab54aa55485062f8fa730508a226af5d024707", "sKqRbbiSUnDhFHOvPjtUMWI9egLZb0cfSkx/B/zTZudLeP9MAlC8Q8jBKmMYRLibXUxaYQlfsMNPfweqFjcU46Qytlop3+WdAI+D1/9rKkfq73QoSFe91lo9JJvOXNXiHVI71a2G7HhW1nbDEbgKECYJ/V7v8X/Ud08ZweVXEyPsebRdBmcmRKzcvuFUEG1VMrR8hmAIO81HaXuCum3onSBawtJurtplwWFHvxNllxaFDU52CNM9LNiCA+29cQAO6+/fB/bfTg6Y+Np9TM3nOFGdlVfz3gf5tqU4QH542IdHskFqt0hvD3bESTpSu8R6X1JiasmFij+IH7aW+PJGoRIUQsELn0LOMcENlVDlsu3I8mlV6c7loVS1zT/cFbpW")  # fmt: skip


@pytest.mark.parametrize(("keys", "stamp", "nonce", "signature", "sealed", "plain"), ECHOES)
def test_published_echoes_open(keys: Any, stamp: str, nonce: str, signature: str, sealed: str, plain: str) -> None:
    assert Crypto(*keys).open(signature, stamp, nonce, sealed).decode() == plain


@pytest.mark.parametrize(("keys", "vector", "size"), [(A, A_MSG, None), (B, B_MSG, None), (A, A_JSON, 176), (C, C_MSG, 243)])
def test_published_messages_open(keys: Any, vector: Any, size: int | None) -> None:
    stamp, nonce, signature, sealed = vector
    plain = Crypto(*keys).open(signature, stamp, nonce, sealed)
    assert size in (None, len(plain))


@pytest.mark.parametrize(
    ("vector", "who", "text", "ident"),
    [(A_MSG, "ChenJiaShun", "你好", "1456453720"), (B_MSG, "mycreate", "hello", "4561255354251345929")],
)
def test_published_app_messages_become_messages(
    emulator: WecomEmulator, vector: Any, who: str, text: str, ident: str
) -> None:
    keys = A if vector is A_MSG else B
    stamp, nonce, signature, sealed = vector
    chat = make(emulator, Settings(mode="app", app=AppSettings(keys[2], 1000002, "secret-secret", keys[0], keys[1]))).chat
    envelope = f"<xml><ToUserName>{keys[2]}</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
    query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
    at = datetime.fromtimestamp(int(stamp), UTC)
    (message,) = chat.receive(RawRequest("POST", "/chat/wecom", query, {}, envelope, at)).incoming
    assert isinstance(message, Message)
    assert (message.sender.user_id, message.text, message.message_id) == (who, text, ident)


def test_the_robots_shape_becomes_a_group_message(emulator: WecomEmulator) -> None:
    stamp, nonce, signature, sealed = C_MSG
    chat = make(emulator, Settings(mode="callback", token=C[0], aes_key=C[1], bot_name="RobotA")).chat
    query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
    body = json.dumps({"encrypt": sealed}).encode()
    at = datetime.fromtimestamp(1700000000, UTC)
    (message,) = chat.receive(RawRequest("POST", "/chat/wecom", query, {}, body, at)).incoming
    assert isinstance(message, Message)
    assert (message.text, message.chat.kind, message.chat.chat_id) == ("查单 A123", ChatKind.GROUP, "CHATID")


def flipped(sealed: str) -> str:
    raw = bytearray(base64.b64decode(sealed))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s, n, g, e: (s, n, g.upper(), e),
        lambda s, n, g, e: (n, s + "0", g, e),
        lambda s, n, g, e: (s, n, g, e.replace("+", " ")),
        lambda s, n, g, e: (s, n, g, e[:-2]),
        lambda s, n, g, e: (s, n, g, flipped(e)),
        lambda s, n, g, e: (s, n, "", e),
        lambda s, n, g, e: (s, n, "\ud800", e),
        lambda s, n, g, e: (s, n, "签名", e),
    ],
    ids=["upper", "other stamp", "decoded twice", "cut", "bit", "empty", "surrogate", "chinese"],
)
def test_a_spoiled_vector_is_forged(spoil: Any) -> None:
    stamp, nonce, signature, sealed = B_MSG
    stamp, nonce, signature, sealed = spoil(stamp, nonce, signature, sealed)
    with pytest.raises(Forged):
        Crypto(*B).open(signature, stamp, nonce, sealed)


def resigned(sealed: str) -> tuple[str, str, str, str]:
    return theirs.sign(B[0], "1", "n", sealed), "1", "n", sealed


@pytest.mark.parametrize(
    "sealed", [flipped(B_MSG[3]), B_MSG[3][:-24], "", "AAAA", base64.b64encode(b"0" * 64).decode(), "é", B_MSG[3] + "!"]
)
def test_properly_signed_rubbish_is_forged_too(sealed: str) -> None:
    with pytest.raises(Forged):
        Crypto(*B).open(*resigned(sealed))


def test_another_companys_message_is_forged() -> None:
    with pytest.raises(Forged):
        Crypto(*B).open(*resigned(theirs.lock(B[1], "hello", "ww-other")))


@pytest.mark.parametrize("pad", [0, 33, 255])
def test_impossible_padding_is_forged(pad: int) -> None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = key_of(B[1])
    plain = b"r" * 16 + (5).to_bytes(4, "big") + b"hello" + B[2].encode()
    plain = plain.ljust(95, b"x") + bytes((pad,))
    turn = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    with pytest.raises(Forged):
        Crypto(*B).open(*resigned(base64.b64encode(turn.update(plain) + turn.finalize()).decode()))


@pytest.mark.parametrize("key", [B[1][:-1], B[1] + "A", "!" * 43, ""])
def test_a_key_of_the_wrong_shape_is_named(key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        Crypto("t", key, "")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["", "ww1436e0e65a779aee"]), st.text("abc012", min_size=1, max_size=8))
def test_what_we_seal_the_platform_opens_and_the_other_way_round(message: str, receiver: str, nonce: str) -> None:
    ours = Crypto(B[0], B[1], receiver)
    sealed, signature = ours.seal(message.encode(), "1700000000", nonce)
    assert theirs.sign(B[0], "1700000000", nonce, sealed) == signature
    assert theirs.unlock(B[1], sealed, receiver) == message
    locked = theirs.lock(B[1], message, receiver)
    assert ours.open(theirs.sign(B[0], "1", nonce, locked), "1", nonce, locked).decode() == message


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_forged(raw: bytes) -> None:
    with pytest.raises(DeskError):
        Crypto(*B).open(*resigned(base64.b64encode(raw).decode()))


def test_media_opens_with_its_own_key() -> None:
    key = theirs.new_key()
    assert open_media(theirs.lock_media(key, b"\x89PNG..."), key) == b"\x89PNG..."
    with pytest.raises(Forged):
        open_media(b"0" * 32, key)


# --- wechatpy, the second witness -------------------------------------------------------------------------------------


def wechatpy() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from wechatpy.enterprise import parse_message
        from wechatpy.enterprise.crypto import WeChatCrypto
    return WeChatCrypto, parse_message


@pytest.mark.parametrize("text", ["查单 A123", "a" * 500, "😀]]>&amp;"])
def test_wechatpy_opens_what_we_seal(text: str) -> None:
    crypto, parse = wechatpy()
    xml = f"<xml><ToUserName>x</ToUserName><FromUserName>lisi</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content><![CDATA[{text.replace(']]>', '')}]]></Content><MsgId>5</MsgId><AgentID>1</AgentID></xml>"
    sealed, signature = Crypto(*B).seal(xml.encode(), "1700000000", "n")
    opened = crypto(*B).decrypt_message(f"<xml><Encrypt>{sealed}</Encrypt></xml>", signature, "1700000000", "n")
    assert parse(opened).content == text.replace("]]>", "")


def test_we_open_what_wechatpy_seals() -> None:
    from xml.etree import ElementTree as ET

    crypto, _ = wechatpy()
    envelope = ET.fromstring(crypto(*B).encrypt_message("<xml>好</xml>", "n1", "1700000000"))
    sealed, signature = envelope.findtext("Encrypt") or "", envelope.findtext("MsgSignature") or ""
    assert Crypto(*B).open(signature, "1700000000", "n1", sealed).decode().strip() == "<xml>好</xml>"


@pytest.mark.parametrize(("keys", "vector"), [(A, A_MSG), (B, B_MSG)])
def test_both_read_the_published_messages_alike(emulator: WecomEmulator, keys: Any, vector: Any) -> None:
    crypto, parse = wechatpy()
    stamp, nonce, signature, sealed = vector
    witness = parse(crypto(*keys).decrypt_message(f"<xml><Encrypt>{sealed}</Encrypt></xml>", signature, stamp, nonce))
    chat = make(emulator, Settings(mode="app", app=AppSettings(keys[2], 1000002, "secret-secret", keys[0], keys[1]))).chat
    query = {"msg_signature": signature, "timestamp": stamp, "nonce": nonce}
    envelope = f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode()
    at = datetime.fromtimestamp(int(stamp), UTC)
    (message,) = chat.receive(RawRequest("POST", "/chat/wecom", query, {}, envelope, at)).incoming
    assert isinstance(message, Message)
    assert (witness.source, witness.content, str(witness.id)) == (message.sender.user_id, message.text, message.message_id)
