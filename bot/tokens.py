"""Access tokens of the platforms, kept sealed in the store so that a restart or a second replica need not ask again."""

from __future__ import annotations

import base64
import json
from datetime import datetime

from domain.store import Store
from integrations._kit.tokens import Tokens
from storage import Keys


class StoredTokens:
    """Implements `integrations._kit.tokens.TokenStore` on the cursors table."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys

    async def load(self, name: str) -> Tokens | None:
        kept = await self._store.read(lambda r: r.cursors.get(_row(name)))
        if not kept:
            return None
        plain = json.loads(self._keys.open(base64.b64decode(kept), _row(name).encode()))
        until = plain["refresh_expires_at"]
        return Tokens(
            plain["access"],
            datetime.fromisoformat(plain["expires_at"]),
            plain["refresh"],
            datetime.fromisoformat(until) if until else None,
        )

    async def save(self, name: str, tokens: Tokens) -> None:
        plain = {
            "access": tokens.access,
            "expires_at": tokens.expires_at.isoformat(),
            "refresh": tokens.refresh,
            "refresh_expires_at": tokens.refresh_expires_at.isoformat() if tokens.refresh_expires_at else None,
        }
        sealed = base64.b64encode(self._keys.seal(json.dumps(plain).encode(), _row(name).encode())).decode()
        await self._store.write(lambda u: u.cursors.put(_row(name), sealed))


def _row(name: str) -> str:
    return f"token:{name}"
