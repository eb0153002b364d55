"""The platform's side of the callback envelope, in code of its own (path 90968): nothing here comes from the product."""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7


class BadReply(ValueError):
    """A passive reply that the platform would not accept; says why."""


def sign(token: str, *parts: str) -> str:
    digest = hashlib.sha1()
    for part in sorted([token, *parts]):
        digest.update(part.encode("utf-8"))
    return digest.hexdigest()


def _aes(encoding_key: str) -> tuple[Cipher[modes.CBC], bytes]:
    key = base64.standard_b64decode(encoding_key + "=")
    return Cipher(algorithms.AES256(key), modes.CBC(key[0:16])), key


def lock(encoding_key: str, message: str, receive_id: str) -> str:
    raw = message.encode("utf-8")
    padder = PKCS7(256).padder()
    plain = secrets.token_bytes(16) + len(raw).to_bytes(4, "big") + raw + receive_id.encode("utf-8")
    padded = padder.update(plain) + padder.finalize()
    encryptor = _aes(encoding_key)[0].encryptor()
    return base64.standard_b64encode(encryptor.update(padded) + encryptor.finalize()).decode("ascii")


def unlock(encoding_key: str, sealed: str, receive_id: str) -> str:
    """Raises BadReply."""
    try:
        decryptor = _aes(encoding_key)[0].decryptor()
        padded = decryptor.update(base64.standard_b64decode(sealed)) + decryptor.finalize()
        unpadder = PKCS7(256).unpadder()
        plain = unpadder.update(padded) + unpadder.finalize()
    except ValueError as broken:
        raise BadReply("cannot be decrypted") from broken
    size = int.from_bytes(plain[16:20], "big")
    if plain[20 + size :] != receive_id.encode("utf-8"):
        raise BadReply("wrong receiver id")
    return plain[20 : 20 + size].decode("utf-8")


def lock_media(encoding_key: str, content: bytes) -> bytes:
    padder = PKCS7(256).padder()
    padded = padder.update(content) + padder.finalize()
    encryptor = _aes(encoding_key)[0].encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def new_key() -> str:
    return base64.standard_b64encode(secrets.token_bytes(32)).decode("ascii").rstrip("=")
