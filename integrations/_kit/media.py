"""Files that people sent: only from the platform's own hosts, and only what they say they are."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from domain.chat import Attachment
from domain.errors import BadInput, Rejected

_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")


def trusted(url: str, home: str, suffixes: Iterable[str]) -> str:
    """The address, when it is the platform's: `home`'s own host, or https on a host below one of `suffixes`.

    A message names the address, and in unsigned callbacks anybody may write one: without this look we would fetch from
    inside our own network for a stranger. Raises Rejected("media-host").
    """
    try:
        where, ours = urlsplit(url), urlsplit(home)
        host = (where.hostname or "").lower()
        same = (where.scheme, host, where.port) == (ours.scheme, (ours.hostname or "").lower(), ours.port)
    except ValueError as broken:
        raise Rejected("media-host", "这个文件的地址不对，没有去取") from broken
    below = where.scheme == "https" and where.port in (None, 443) and any(host.endswith(each) for each in suffixes)
    if not host or where.username or not (same or below):
        raise Rejected("media-host", "这个文件的地址不是平台的，没有去取")
    return url


def as_said(attachment: Attachment, content: bytes) -> bytes:
    """The bytes, when they are what the attachment calls itself. Raises BadInput for a picture that is none."""
    if attachment.kind == "image" and not _picture(content):
        raise BadInput("这不是能看的图片，请发 PNG 或 JPG")
    return content


def _picture(content: bytes) -> bool:
    return content.startswith(_PICTURES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP")
