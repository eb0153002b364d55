"""The platform's side of the signatures, written apart from the product's: bytes in, and the raw body as it arrived."""

from __future__ import annotations

import hashlib
import hmac


def call_signature(secret: str, app_key: str, method: str, body: bytes, timestamp: str, v: str, sign_method: str) -> str:
    """What `sign` must be for these exact bytes."""
    key = secret.encode()
    parts = [key, b"app_key", app_key.encode(), b"method", method.encode(), b"param_json", body]
    parts += [b"timestamp", timestamp.encode(), b"v", v.encode(), key]
    message = b"".join(parts)
    if sign_method == "md5":
        return hashlib.md5(message, usedforsecurity=False).hexdigest()
    return hmac.new(key, message, "sha256").hexdigest()


def spi_signature(secret: str, app_key: str, body: bytes, timestamp: str) -> str:
    """The signature on a call that the platform makes."""
    message = secret + "app_key" + app_key + "param_json" + body.decode() + "timestamp" + timestamp + secret
    return hmac.digest(secret.encode(), message.encode(), "sha256").hex()


def event_signature(secret: str, app_key: str, body: bytes) -> str:
    """Header `event-sign` of a message push."""
    digest = hashlib.new("md5", usedforsecurity=False)
    for part in (app_key.encode(), body, secret.encode()):
        digest.update(part)
    return digest.hexdigest()
