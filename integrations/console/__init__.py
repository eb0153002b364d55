"""The work group in the browser: chat platform #0. `Settings` and `build` are all that others use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from domain.clock import Clock
from domain.tokens import Signer
from integrations._kit.manifest import Manifest
from integrations.console.chat import Console, Limits
from integrations.console.room import Room
from integrations.console.sessions import Directory, Member, Mode, Pace, Sessions

__all__ = ["Console", "Directory", "Member", "Mode", "Settings", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`path` is the room's own SQLite file; `allowed_hosts` are Host names beside loopback (port forwarding, a domain)."""

    path: Path
    base_url: str
    mode: Mode = Mode.LOGIN
    bot_name: str = "小单"
    allowed_hosts: tuple[str, ...] = ()
    session_hours: int = 72
    keep_days: int = 30
    keep_per_chat: int = 5_000
    max_image: int = 5 * 1_048_576
    max_file: int = 10 * 1_048_576
    burst: int = 40

    def __post_init__(self) -> None:
        if str(self.path) in ("", "."):
            raise ValueError("console: path is missing")
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError("console: base_url must be an http address")


def build(settings: Settings, manifest: Manifest, *, signer: Signer, clock: Clock, directory: Directory) -> Console:
    """Opens (or creates) the room's file. Raises Unavailable, saying what to do, when it cannot."""
    sessions = Sessions(
        mode=settings.mode,
        signer=signer,
        clock=clock,
        directory=directory,
        allowed_hosts=settings.allowed_hosts,
        hours=settings.session_hours,
        secure=settings.base_url.startswith("https:"),
    )
    limits = Limits(settings.keep_days, settings.keep_per_chat, settings.max_image, settings.max_file)
    return Console(
        room=Room(settings.path),
        sessions=sessions,
        clock=clock,
        base_url=settings.base_url,
        bot_name=settings.bot_name,
        limits=limits,
        pace=Pace(per_second=manifest.per_second, burst=settings.burst),
    )
