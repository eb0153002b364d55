"""The work group in the browser (`XIAODAN_CONSOLE=demo|login`): its room, and its people and groups from the store."""

from __future__ import annotations

from config.settings import Settings
from domain.clock import Clock
from domain.store import Reads, Store
from domain.tokens import Signer
from integrations import registry
from integrations.console import Console, Member, Mode, build
from integrations.console import Settings as ConsoleSettings

PLATFORM = "console"
_COLOURS = ("#3d7ff0", "#2f9e6e", "#b0722b", "#8a55d7", "#c64f4f", "#0f9d8a")


def open_work_group(settings: Settings, store: Store, *, signer: Signer, clock: Clock) -> Console:
    """The console as a chat platform: whoever has a `console` account may come in, every bound console group is there.

    Raises Unavailable when the room's file cannot be opened.
    """
    console = build(
        ConsoleSettings(path=settings.data_dir / "console.db", base_url=settings.base_url, mode=Mode(settings.console)),
        registry.manifests()[PLATFORM],
        signer=signer,
        clock=clock,
        directory=lambda: store.read_now(_people),
    )
    for chat_id, title in store.read_now(_groups):
        console.open_group(chat_id, title)
    return console


def _people(reads: Reads) -> list[Member | tuple[str, str, str, str]]:
    return [
        Member(user, person.name, "", _COLOURS[person.person_id % len(_COLOURS)])
        for person in reads.people.everyone()
        if person.active
        for platform, user in person.accounts
        if platform == PLATFORM
    ]


def _groups(reads: Reads) -> list[tuple[str, str]]:
    sql = "SELECT chat_id, title FROM chats WHERE platform = :platform AND kind = 'group'"
    return [(chat_id, title) for chat_id, title in reads.rows(sql, {"platform": PLATFORM})]
