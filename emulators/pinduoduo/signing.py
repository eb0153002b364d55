"""The emulator's own signature code, written from the call guide and not from the connector."""

from __future__ import annotations

import base64
import hashlib
import hmac


def signature(secret: str, form: dict[str, str]) -> str:
    pieces = [secret]
    for name in sorted(form):
        if name != "sign":
            pieces += [name, form[name]]
    pieces.append(secret)
    summed = hashlib.md5()
    for piece in pieces:
        summed.update(piece.encode("utf-8"))
    return summed.hexdigest().upper()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def socket_digest(client_id: str, ms: str, secret: str) -> str:
    """Decoded form (after URL-unescaping) of the message channel's last path segment."""
    letters = hashlib.md5(f"{client_id}{ms}{secret}".encode()).hexdigest()
    return base64.standard_b64encode(letters.encode("ascii")).decode()
