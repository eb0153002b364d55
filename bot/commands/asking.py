"""`xiaodan ask`: the same answer as in the chat, on the command line."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer


def register(app: typer.Typer) -> None:
    app.command("ask")(ask)


def ask(
    text: Annotated[str, typer.Argument(help="要问的话")] = "",
    batch: Annotated[Path | None, typer.Option(help='每行一个 {"text": …} 的文件，- 为标准输入')] = None,
    as_user: Annotated[str, typer.Option("--as", help="以谁的身份问（姓名或账号）；默认是服务器前的操作员")] = "",
    chat: Annotated[str, typer.Option(help="在哪个群里问")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """问一句话，打印回答。"""
    if bool(text) == bool(batch):
        typer.echo("给一句话，或者用 --batch 给一个文件，二选一。", err=True)
        raise typer.Exit(2)
    asyncio.run(_ask(text, batch, as_user, chat, as_json=as_json))


async def _ask(text: str, batch: Path | None, as_user: str, chat: str, *, as_json: bool) -> None:
    from bot.bootstrap import open_house
    from bot.dispatch import trusted_operator
    from config.logging import configure
    from config.settings import Settings
    from domain.chat import ChatKind, ChatRef, Message, Sender
    from domain.ids import key
    from domain.people import Actor, Person

    settings = Settings()
    configure("ERROR")
    house = open_house(settings)
    try:
        actor = trusted_operator(house.desk, name="操作员", chat_id=chat or "cli")
        if as_user:
            person = await house.desk.store.read(lambda r: _find(r, as_user))
            if person is None:
                typer.echo(f"没有叫 {as_user} 的人。", err=True)
                raise typer.Exit(1)
            may = house.desk.policy.allowed(person.roles)
            known: Person = person
            actor = Actor(known, may, "cli", known.name, chat or "cli", not chat, house.desk.lang)
        where = ChatRef("cli", chat or "cli", ChatKind.GROUP if chat else ChatKind.DIRECT)
        for number, line in enumerate(_lines(text, batch), 1):
            now = house.desk.clock.now()
            message = Message(where, Sender(actor.user_id, actor.person.name), key(number, line, now), line, now)
            remembered = None if batch else await _recall(house, actor, now)
            answer = await house.dispatcher.answer(message, actor, remembered=remembered)
            if not batch and answer.plan is not None:
                await house.dispatcher.remember(message, answer.plan)
            for work in () if batch else answer.afterwards:
                await house.desk.store.write(work)
            if as_json or batch:
                typer.echo(json.dumps(shown(answer), ensure_ascii=False))
            elif answer.reply is not None:
                typer.echo(answer.reply.text)
    finally:
        await house.close()


async def _recall(house: Any, actor: Any, now: Any) -> Any:
    return await house.desk.store.read(lambda r: r.dialogs.recall("cli", actor.chat_id, actor.user_id, now))


def _find(reads: Any, who: str) -> Any:
    named = reads.people.by_name(who)
    if named:
        return named[0]
    for person in reads.people.everyone():
        if any(user == who for _, user in person.accounts):
            return person
    return None


def _lines(text: str, batch: Path | None) -> Iterator[str]:
    if batch is None:
        yield text
        return
    source = sys.stdin if str(batch) == "-" else batch.open(encoding="utf-8")
    with source:
        for line in source:
            if line.strip():
                try:
                    yield str(json.loads(line)["text"])
                except (ValueError, KeyError, TypeError):
                    typer.echo(f"这一行不是带 text 的 JSON：{line[:60]!r}", err=True)
                    raise typer.Exit(1) from None


def shown(answer: Any) -> dict[str, Any]:
    """The public shape of an answer (design, section 4)."""
    reply = answer.reply
    return {
        "intent": answer.intent,
        "slots": dict(answer.slots),
        "reply": {"text": reply.text if reply else "", "card": _card(reply.card) if reply and reply.card else None},
        "took_ms": round(answer.took_ms, 3),
    }


def _card(card: Any) -> dict[str, Any]:
    return {
        "title": card.title,
        "lines": list(card.lines),
        "tone": card.tone.value,
        "number": card.number,
        "footer": card.footer,
        "buttons": [dataclasses.asdict(button) | {"style": button.style.value} for button in card.buttons],
        "links": [dataclasses.asdict(link) for link in card.links],
    }
