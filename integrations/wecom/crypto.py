"""WeCom's callback envelope: SHA-1 over sorted parts, AES-256-CBC with PKCS#7 to 32 bytes, a receiver id at the end.

Source: developer.work.weixin.qq.com/document/path/90968 and 101033. Plaintext = 16 random bytes, 4-byte big-endian length,
message, receiver id. The receiver id is the corp id for a self-built app and the empty string for an internal robot.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import struct
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from domain.errors import Forged

UNSIGNED = "wecom: signature"
"""What Forged says when already the signature is wrong."""
_BLOCK = 32
_HEAD = 20  # random bytes and length


def key_of(encoding_aes_key: str) -> bytes:
    """The 32 key bytes of a 43-character EncodingAESKey. Raises ValueError, saying what is wrong with it."""
    if len(encoding_aes_key) != 43:
        raise ValueError(f"EncodingAESKey has 43 characters, this one has {len(encoding_aes_key)}")
    try:
        return base64.b64decode(encoding_aes_key + "=", validate=True)
    except binascii.Error as broken:
        raise ValueError("EncodingAESKey holds characters that are not base64") from broken


_pool: list[bytes] = []


def _random16() -> bytes:
    """From the system's generator, for many answers at once: each look there hands the interpreter to other threads."""
    try:
        return _pool.pop()
    except IndexError:
        fresh = os.urandom(16 * 256)
        _pool.extend(fresh[at : at + 16] for at in range(16, len(fresh), 16))
        return fresh[:16]


class Crypto:
    """Opens and seals what travels between WeCom and one callback address. Stateless; safe to share."""

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str) -> None:
        key = key_of(encoding_aes_key)
        self._token = token
        self._receive_id = receive_id.encode()
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """What `msg_signature` must be, lower-case hex."""
        return sha1("".join(sorted((self._token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 (theirs)

    def open(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> bytes:
        """The message inside, verified before anything is decrypted. Raises Forged, whatever is wrong."""
        try:
            expected, given = self.signature(timestamp, nonce, encrypted).encode(), signature.encode()
        except UnicodeEncodeError as broken:  # half surrogates from a hostile query
            raise Forged(UNSIGNED) from broken
        if not hmac.compare_digest(expected, given):
            raise Forged(UNSIGNED)
        try:
            sealed = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as broken:
            raise Forged("wecom: base64") from broken
        if not sealed or len(sealed) % 16:
            raise Forged("wecom: block size")
        turn = self._cipher.decryptor()
        plain = turn.update(sealed) + turn.finalize()
        pad = plain[-1]
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes((pad,)) * pad:
            raise Forged("wecom: padding")
        end = len(plain) - pad
        if end < _HEAD:
            raise Forged("wecom: length")
        (size,) = struct.unpack_from(">I", plain, 16)
        if _HEAD + size > end:
            raise Forged("wecom: length")
        if plain[_HEAD + size : end] != self._receive_id:
            raise Forged("wecom: receiver")
        return plain[_HEAD : _HEAD + size]

    def seal(self, message: bytes, timestamp: str, nonce: str) -> tuple[str, str]:
        """(encrypted, signature) of an answer of ours."""
        plain = _random16() + struct.pack(">I", len(message)) + message + self._receive_id
        pad = _BLOCK - len(plain) % _BLOCK
        turn = self._cipher.encryptor()
        encrypted = base64.b64encode(turn.update(plain + bytes((pad,)) * pad) + turn.finalize()).decode()
        return encrypted, self.signature(timestamp, nonce, encrypted)


def open_media(content: bytes, key: str) -> bytes:
    """A downloaded picture or file in clear. `key` is the callback's EncodingAESKey or the address's own `aeskey`.

    Raises Forged when the key does not fit.
    """
    try:
        raw = base64.b64decode(key + "=" * (-len(key) % 4), validate=True)
    except binascii.Error as broken:
        raise Forged("wecom: media key") from broken
    if len(raw) != 32 or not content or len(content) % 16:
        raise Forged("wecom: media")
    turn = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    plain = turn.update(content) + turn.finalize()
    pad = plain[-1]
    if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes((pad,)) * pad:
        raise Forged("wecom: media padding")
    return plain[:-pad]
