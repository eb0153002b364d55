"""DingTalk's signatures and sealed events, topics and error codes. Sources are listed in docs/integrations/dingtalk.md."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import struct
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from domain.errors import Forged

BOT_TOPIC = "/v1.0/im/bot/messages/get"
CARD_TOPIC = "/v1.0/card/instances/callback"
OUT_OF_MESSAGES = "20001"  # errorCode of a message without text: the month's Webhook & Stream messages are used up

MAX_PARAM = 15_000  # bytes of msgParam (groupMessages/send)
MAX_WEBHOOK = 20_000  # bytes of a custom robot's body
MAX_USERS = 20  # batchSend; the error table says 100, the text 20
MAX_AT = 50
MAX_TRACK = 100

TOKEN_DEAD = frozenset({"InvalidAuthentication", "40001", "40014", "41001", "42001", "33001", "88"})
TOO_FAST = frozenset(
    {"send.too.fast", "send.byToken.tooFast", "too.many.group", "too.many.people", "90018", "90002", "130101", "410100"}
)
QUOTA_GONE = frozenset({"Forbidden.AccessDenied.ApiCountLimitForOrg", "90020"})
ONLY_A_PERSON = {
    "invalidClientIdOrSecret": "AppKey 或 AppSecret 不对",
    "authFailed": "AppKey 或 AppSecret 不对",
    "40089": "AppKey 或 AppSecret 不对",
    "Forbidden.AccessDenied.IpNotInWhiteList": "服务器 IP 不在白名单",
    "60020": "服务器 IP 不在白名单",
    "60011": "应用没有开通接口权限",
    "Forbidden.AccessDenied.AccessTokenPermissionDenied": "应用没有开通接口权限",
}
DENIED_SUB_CODE = "60011"  # inside errcode 88: the app lacks a permission, which the words name in brackets
_SCOPE = re.compile(r"\[([a-zA-Z_.]{3,80})\]|([a-z]+_[a-z_]{3,60})")
SESSION_GONE = frozenset({"300001", "400101"})
WEBHOOK_BLOCK = 600.0  # seconds a custom robot stays mute after more than 20 messages in a minute

_BLOCK = 32
_HEAD = 20  # 16 random bytes and the length


def unwrapped(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of the old contacts API whose real code hides inside errcode 88 (`sub_code`, `sub_msg`)."""
    if str(answer.get("errcode")) != "88" or not answer.get("sub_code"):
        return answer
    code, told = str(answer["sub_code"]), str(answer.get("sub_msg") or "")
    if code != DENIED_SUB_CODE:
        return {"errcode": code, "errmsg": told}
    named = _SCOPE.search(told)
    scopes = [named[1] or named[2]] if named else []
    return {"errcode": code, "errmsg": told, "accessdenieddetail": {"requiredScopes": scopes}}


def robot_sign(timestamp: str, secret: str) -> str:
    """Base64(HmacSHA256(secret, timestamp + LF + secret)): robot callbacks, and custom robots before URL quoting."""
    digest = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def card_sign(timestamp: str, api_secret: str) -> str:
    """`x-ddpaas-signature`: covers nothing but the time stamp."""
    return base64.b64encode(hmac.new(api_secret.encode(), timestamp.encode(), hashlib.sha256).digest()).decode()


def same(given: str, wanted: str) -> bool:
    """Compare in constant time; text beyond ASCII is simply unequal."""
    return hmac.compare_digest(given.encode(), wanted.encode())


class EventCrypto:
    """Sealed events: SHA-1 envelope, AES-256-CBC, PKCS#7 in blocks of 32, byte length, owner key behind the text."""

    def __init__(self, token: str, aes_key: str, owner: str, *, random: Callable[[int], bytes] = os.urandom) -> None:
        try:
            self._key = base64.b64decode(aes_key + "=", validate=True)
        except binascii.Error as broken:
            raise ValueError("dingtalk: event_aes_key is not base64") from broken
        if len(self._key) != 32:
            raise ValueError("dingtalk: event_aes_key is not 32 bytes")
        self._token, self._owner, self._random = token, owner, random

    def sign(self, timestamp: str, nonce: str, encrypt: str) -> str:
        return hashlib.sha1("".join(sorted((self._token, timestamp, nonce, encrypt))).encode()).hexdigest()  # noqa: S324

    def open(self, signature: str, timestamp: str, nonce: str, encrypt: str) -> str:
        """The text. Raises Forged on anything odd: signature, padding, length, owner."""
        if not same(signature, self.sign(timestamp, nonce, encrypt)):
            raise Forged("event signature")
        try:
            sealed = base64.b64decode(encrypt, validate=True)
        except (binascii.Error, ValueError) as broken:
            raise Forged("event body") from broken
        if not sealed or len(sealed) % 16:
            raise Forged("event body")
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(sealed) + decryptor.finalize()
        pad = plain[-1]
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad:
            raise Forged("event padding")
        plain = plain[:-pad]
        if len(plain) < _HEAD:
            raise Forged("event length")
        size = struct.unpack(">I", plain[16:_HEAD])[0]
        text, owner = plain[_HEAD : _HEAD + size], plain[_HEAD + size :]
        if len(text) != size or not hmac.compare_digest(owner, self._owner.encode()):
            raise Forged("event owner")
        try:
            return text.decode()
        except UnicodeDecodeError as broken:
            raise Forged("event text") from broken

    def seal(self, text: str) -> str:
        body = text.encode()
        plain = self._random(16) + struct.pack(">I", len(body)) + body + self._owner.encode()
        pad = _BLOCK - len(plain) % _BLOCK
        plain += bytes([pad]) * pad
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode()

    def answer(self, text: str, timestamp: str, nonce: str) -> dict[str, str]:
        """The exact reply the platform wants: the sealed text with its own signature."""
        encrypt = self.seal(text)
        return {
            "msg_signature": self.sign(timestamp, nonce, encrypt),
            "encrypt": encrypt,
            "timeStamp": timestamp,
            "nonce": nonce,
        }

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES(self._key), CBC(self._key[:16]))
