"""The keyring: personal data sealed with AES-GCM, found again through keyed blind indexes.

A sealed value is `key id (4 bytes) | nonce (12) | ciphertext and tag`; the table and the row's id are authenticated with
it, so a value moved to another row does not open. Blind indexes are keyed BLAKE2b (RFC 7693, section 2.9): equal values
meet without the value being readable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import BadInput

_NONCE = 12
_HEAD = 4 + _NONCE


class Keys:
    """`data`: 32-byte keys, newest first (the first seals, all open). `blind`: the key of the indexes and the digests."""

    def __init__(self, data: Sequence[bytes], blind: bytes) -> None:
        if not data or any(len(one) != 32 for one in data) or len(blind) != 32:
            raise BadInput("数据密钥必须是 32 字节。用 `xiaodan doctor` 看怎么生成。")
        self._data = tuple(data)
        self._boxes = {self.key_id(one): AESGCM(one) for one in data}
        self.newest = self.key_id(data[0])
        self._seal = self._boxes[self.newest].encrypt
        self.blind = blind

    @staticmethod
    def key_id(secret: bytes) -> bytes:
        """Four bytes that name a key without telling anything about it."""
        return hashlib.blake2b(secret, digest_size=4, person=b"xiaodan-keyid").digest()

    @classmethod
    def generate(cls) -> Keys:
        return cls([os.urandom(32)], os.urandom(32))

    @classmethod
    def parse(cls, text: str) -> Keys:
        """`data[,older data...];blind`, each 32 bytes in base64url or hex. Raises BadInput without showing the value."""
        data, _, blind = text.strip().partition(";")
        return cls([_secret(one) for one in data.split(",") if one.strip()], _secret(blind))

    def text(self) -> str:
        """What `parse` reads."""
        shown = [base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (*self._data, self.blind)]
        return f"{','.join(shown[:-1])};{shown[-1]}"

    def rotated(self) -> Keys:
        """The same ring with a new key in front."""
        return Keys([os.urandom(32), *self._data], self.blind)

    def seal(self, plain: bytes, where: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return self.newest + nonce + self._seal(nonce, plain, where)

    def seal_all(self, plains: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """`seal` of many (plain, where), in their order: the nonces come in one draw, each is used once."""
        drawn, box, newest = os.urandom(_NONCE * len(plains)), self._seal, self.newest
        found = []
        for place, (plain, where) in enumerate(plains):
            nonce = drawn[place * _NONCE : place * _NONCE + _NONCE]
            found.append(newest + nonce + box(nonce, plain, where))
        return found

    def open(self, sealed: bytes, where: bytes) -> bytes:
        """Raises BadInput when the key is missing from the ring or the value was tampered with or moved."""
        box = self._boxes.get(sealed[:4])
        if box is None:
            raise BadInput("缺少解密这条数据的密钥。请把旧密钥加回 XIAODAN_DATA_KEYS。")
        try:
            return box.decrypt(sealed[4:_HEAD], sealed[_HEAD:], where)
        except InvalidTag as problem:
            raise BadInput("加密数据与所在的行对不上，可能被改动过。请运行 `xiaodan audit verify`。") from problem

    def digest(self, data: bytes) -> int:
        """A signed 64-bit keyed digest."""
        return int.from_bytes(hashlib.blake2b(data, digest_size=8, key=self.blind).digest(), "big", signed=True)

    def mark(self, *parts: str) -> bytes:
        """16 bytes for a unique column."""
        return hashlib.blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16, key=self.blind).digest()

    def mac(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=32, key=self.blind, person=b"xiaodan-head").digest()


def _secret(text: str) -> bytes:
    text = text.strip()
    try:
        found = bytes.fromhex(text) if len(text) == 64 else base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error) as problem:
        raise BadInput(
            "XIAODAN_DATA_KEYS 读不懂：应为 base64 或十六进制的 32 字节密钥，用逗号隔开，最后用分号接索引密钥。"
        ) from problem
    if len(found) != 32:
        raise BadInput("XIAODAN_DATA_KEYS 里有一个密钥不是 32 字节。")
    return found
