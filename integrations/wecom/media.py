"""Pictures, files and voice that people sent, in clear (paths 100719, 101463, 90254).

The robot's files lie encrypted at an address that lives 5 minutes: with a key of its own over the long connection, with the
callback's EncodingAESKey otherwise. The app's lie behind a media id that lives 3 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from domain.chat import Attachment
from domain.errors import Forged, Rejected
from integrations._kit.http import Http
from integrations._kit.media import as_said, trusted
from integrations.wecom.crypto import open_media

_PAD = 32  # an encrypted file is at most so much longer


class GetsMedia(Protocol):
    """The app's half: the raw answer of `media/get`, with a token that is renewed once."""

    async def media(self, media_id: str, limit: int) -> bytes: ...


class Media:
    """Fetches what an `Attachment` of this platform points at."""

    def __init__(self, http: Http, home: str, hosts: Sequence[str], *, aes_key: str, app: GetsMedia | None) -> None:
        self._http, self._home, self._hosts = http, home, tuple(hosts)
        self._aes_key, self._app = aes_key, app

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        """Raises Unavailable, Rejected (gone, not the platform's, no way to get it), BadInput (too large, no picture)."""
        where, _, key = attachment.media_id.partition(" ")
        if not where:
            raise Rejected("no-media", "这条消息没有带文件")
        if "://" not in where:
            if self._app is None:
                raise Rejected("no-app", "要取自建应用的文件，先配好自建应用")
            return as_said(attachment, await self._app.media(where, limit))
        url = trusted(where, self._home, self._hosts)
        content, _ = await self._http.download(url, limit=limit + _PAD, what="wecom.media")
        try:
            return as_said(attachment, open_media(content, key or self._aes_key))
        except Forged as no:
            raise Rejected("media-key", "这个文件解不开，请再发一次") from no
