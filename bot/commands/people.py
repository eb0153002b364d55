"""`xiaodan people list|invite|revoke|sync`: who may come in, from the server's own command line."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bot.bootstrap import House
    from domain.people import Person
    from domain.roster import RosterRow
    from domain.store import Reads
    from handlers.people_binding import Issued


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="人：谁能用、邀请、停用、通讯录同步。", no_args_is_help=True)
    group.command("list")(list_people)
    group.command("invite")(invite)
    group.command("revoke")(revoke)
    group.command("sync")(sync)
    app.add_typer(group, name="people")


def list_people(as_json: Annotated[bool, typer.Option("--json", help="JSON 输出")] = False) -> None:
    """列出每个人：岗位、账号、能不能用；通讯录里还没有岗位的也列出来。"""
    house = _house()
    try:
        rows = house.desk.store.read_now(_rows)
    finally:
        asyncio.run(house.close())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        mark = "✅" if row["active"] else "⛔"
        scope = "".join(f" 只看{'、'.join(row[kind])}" for kind in ("shops", "warehouses") if row[kind])
        why = f"（{'、'.join(row['kept_out'])}）" if row["kept_out"] else ""
        number = row["person_id"] or "-"
        roles = "、".join(row["roles"]) or "没有岗位"
        typer.echo(f"{mark} {number}\t{row['name']}\t{roles}{scope}\t{'、'.join(row['accounts']) or '没有账号'}{why}")


def _rows(reads: Reads) -> list[dict[str, Any]]:
    found = [_row(reads, person) for person in reads.people.everyone()]
    platforms = {platform for (platform,) in reads.rows("SELECT DISTINCT platform FROM roster")}
    for platform in sorted(platforms):
        found += [_unmapped(row) for row in reads.people.roster(platform) if not row.person_id]
    return found


def _unmapped(row: RosterRow) -> dict[str, Any]:
    """Somebody whom the directory names and nobody gave a role: known, without rights."""
    return {
        "person_id": None,
        "name": row.name,
        "roles": [],
        "shops": [],
        "warehouses": [],
        "active": False,
        "kept_out": ["unmapped" if row.standing == "here" else row.standing],
        "accounts": [f"{row.platform}:{row.user_id}"],
        "departments": list(row.departments),
        "from": "directory",
    }


def _row(reads: Reads, person: Person) -> dict[str, Any]:
    known = reads.people.roster_of(person.person_id)
    return {
        "person_id": person.person_id,
        "name": person.name,
        "roles": sorted(person.roles),
        "shops": sorted(person.shops),
        "warehouses": sorted(person.warehouses),
        "active": person.active,
        "kept_out": sorted(reads.people.bars(person.person_id)),
        "accounts": [f"{platform}:{user}" for platform, user in person.accounts],
        "departments": sorted({department for row in known for department in row.departments}),
        "from": next((row.how for row in known if row.how), "settings"),
    }


def invite(
    name: Annotated[str, typer.Argument(help="怎么称呼他；已经在册的可以写编号")],
    role: Annotated[list[str] | None, typer.Option(help="岗位，可以多次：service 客服 …")] = None,
    shop: Annotated[list[str] | None, typer.Option(help="只看哪些店铺，不给就是全部")] = None,
    warehouse: Annotated[list[str] | None, typer.Option(help="只看哪些仓库，不给就是全部")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出")] = False,
) -> None:
    """给一个人一次性的绑定码；他私聊机器人发「绑定 123456」就进来了。"""
    from domain.errors import BadInput
    from domain.understand.people import PeopleCommand, Wanted, role_of

    roles = []
    for word in role or []:
        found = role_of(word)
        if found is None:
            raise BadInput(f"没有「{word}」这个岗位，有：service 客服、warehouse 仓管、finance 财务、purchasing 采购、"
                           "operations 运营、manager 店长、admin 管理员。")  # fmt: skip
        roles.append(found)
    wanted = Wanted(PeopleCommand.INVITE, name, tuple(roles), tuple(shop or ()), tuple(warehouse or ()))
    done = _changed(lambda house: _invite(house, wanted))
    if isinstance(done, str):
        raise BadInput(done)
    person, given = done
    if as_json:
        row = {"person_id": person.person_id, "name": person.name, "roles": sorted(person.roles)}
        typer.echo(json.dumps({**row, "code": given.code, "expires_at": given.until.isoformat()}, ensure_ascii=False))
        return
    typer.echo(f"给 {person.name}（{person.person_id}）的绑定码：{given.code}，10 分钟内有效，只能用一次。")
    typer.echo(f"请他私聊机器人发「绑定 {given.code}」，不要发在群里。")


def _invite(house: House, wanted: Any) -> tuple[Person, Issued] | str:
    from domain.people import Person
    from domain.store import UnitOfWork
    from handlers.people import invite_person

    def work(uow: UnitOfWork) -> tuple[Person, Issued] | str:
        who = uow.people.by_id(int(wanted.name)) if wanted.name.isascii() and wanted.name.isdecimal() else None
        return invite_person(uow, wanted, Person(0, "命令行", frozenset()), house.desk, surface="cli", who=who)

    return house.desk.store.write_now(work)


def revoke(
    name: Annotated[str, typer.Argument(help="名字，或 people list 里的编号")],
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出")] = False,
) -> None:
    """从现在起不让一个人再用；再 invite 就能恢复。"""
    from domain.errors import BadInput

    done = _changed(lambda house: _revoke(house, name))
    if isinstance(done, str):
        raise BadInput(done)
    if as_json:
        typer.echo(json.dumps({"person_id": done.person_id, "name": done.name, "active": done.active}, ensure_ascii=False))
    else:
        typer.echo(f"{done.name} 从现在起不能再用。")


def _revoke(house: House, name: str) -> Person | str:
    from domain.people import Person
    from domain.store import UnitOfWork
    from handlers.people import revoke_person
    from handlers.words.people import words

    def work(uow: UnitOfWork) -> Person | str:
        found = [uow.people.by_id(int(name))] if name.isascii() and name.isdecimal() else uow.people.by_name(name)
        live = [person for person in found if person is not None]
        live = [person for person in live if person.active] or live
        if not live:
            return words(house.desk.lang).nobody_called(name)
        if len(live) > 1:
            return words(house.desk.lang).several(name, len(live))
        revoke_person(uow, live[0], Person(0, "命令行", frozenset()), house.desk, surface="cli")
        return uow.people.by_id(live[0].person_id) or live[0]

    return house.desk.store.write_now(work)


def sync(
    accept: Annotated[bool, typer.Option("--accept", help="真的走了这么多人：照通讯录停用")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON 输出")] = False,
) -> None:
    """现在就对一遍企业微信、钉钉的通讯录。"""
    import dataclasses

    from domain.errors import DeskError
    from handlers.people_sync import directories, sync_directory

    house = _house()
    rows: list[dict[str, Any]] = []

    async def run() -> None:
        try:
            for platform in directories(house.desk):
                try:
                    done = await sync_directory(house.desk, platform, accept=accept)
                except DeskError as trouble:
                    rows.append({"platform": platform, "error": str(trouble)[:200] or type(trouble).__name__})
                else:
                    rows.append(dataclasses.asdict(done))
        finally:
            await house.close()

    asyncio.run(run())
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
    for row in rows if not as_json else ():
        if "error" in row:
            typer.echo(f"🔴 {row['platform']}：{row['error']}")
        elif row["refused"]:
            typer.echo(
                f"🔴 {row['platform']}：少了 {row['missing']} 人（共 {row['known']} 人），没有照做。确实走了就加 --accept。"
            )
        else:
            moved = f"新增 {row['joined']}，变动 {row['changed']}，离开 {row['left']}"
            typer.echo(f"✅ {row['platform']}：{row['listed']} 人，{moved}。")
    if not rows and not as_json:
        typer.echo("没有接通讯录。按 docs/people.md 配企业微信的自建应用，或钉钉的通讯录权限。")
    if any("error" in row or row["refused"] for row in rows):
        raise typer.Exit(1)


def _house() -> House:
    from bot.bootstrap import open_house
    from config.logging import configure
    from config.settings import Settings

    configure("ERROR")
    return open_house(Settings())


def _changed(work: Any) -> Any:
    house = _house()
    try:
        return work(house)
    finally:
        asyncio.run(house.close())
