"""Commands about people and groups: 邀请, 我的绑定码, 我是谁, 停用, 绑定本群, 解绑本群, 本群绑定. Pure.

They are exact sentences, so that nothing said in passing changes who may do what. `绑定 123456` is not here: it also works
for people whom the bot does not know (`domain.binding.code_in`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from domain.people import Role

_LONGEST = 160
_WORTH = re.compile(r"绑|邀请|停用|我是谁|我的身份|who am i|whoami|invite|bind|my code|disable ", re.IGNORECASE)
_MENTION = re.compile(r"^\s*(?:@\S{1,20}\s+)+")
_WHO = re.compile(r"(?:我是谁|我的身份|who am i|whoami)[?？!。.\s]*", re.IGNORECASE)
_CODE = re.compile(r"(?:给我)?(?:我的)?绑定码[?？!。.\s]*|my (?:binding )?code[?!.\s]*", re.IGNORECASE)
_INVITE = re.compile(r"(?:邀请|invite)\s+(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)
_REVOKE = re.compile(r"(?:停用(?:成员|人员)?|disable)\s+(?P<name>[^\s,，、\-\d][^\s,，、\-]{0,19})[!。.\s]*", re.IGNORECASE)
_BIND = re.compile(r"(?:绑定(?:本|这个)群|bind this group)(?P<rest>(?:[\s,，、:：].*)?)", re.IGNORECASE | re.DOTALL)
_UNBIND = re.compile(r"(?:解绑(?:本|这个)群|取消绑定(?:本|这个)群|unbind this group)[!。.\s]*", re.IGNORECASE)
_SHOW = re.compile(r"(?:(?:本|这个)群(?:的)?绑定(?:了什么)?|(?:本|这个)群绑了什么|group binding)[?？!。.\s]*", re.IGNORECASE)
_SURE = re.compile(r"确认(?P<what>绑定|解绑)(?:本群)?[!。.\s]*|confirm (?P<en>bind|unbind)[!.\s]*", re.IGNORECASE)
_KEY = re.compile(
    r"(?:^|(?<=[\s,，、;；]))(?<!as )"  # behind "as" stands a role, also when it is called warehouse
    r"(店铺|门店|仓库|主题|话题|名称|群名|shops?|warehouses?|topics?|title|as)(?=[\s:：]|$)[\s:：]*",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"[,，、;；]+")
_KEYS = {
    "店铺": "shops", "门店": "shops", "shop": "shops", "shops": "shops", "仓库": "warehouses", "warehouse": "warehouses",
    "warehouses": "warehouses", "主题": "topics", "话题": "topics", "topic": "topics", "topics": "topics",
    "名称": "title", "群名": "title", "title": "title", "as": "roles",
}  # fmt: skip
_ROLES = {
    "客服": Role.SERVICE, "售后": Role.SERVICE, "仓管": Role.WAREHOUSE, "仓储": Role.WAREHOUSE, "库管": Role.WAREHOUSE,
    "仓管员": Role.WAREHOUSE, "财务": Role.FINANCE, "会计": Role.FINANCE, "采购": Role.PURCHASING, "运营": Role.OPERATIONS,
    "店长": Role.MANAGER, "经理": Role.MANAGER, "管理员": Role.ADMIN, "老板": Role.ADMIN, "负责人": Role.ADMIN,
    "owner": Role.ADMIN,
} | {role.value: role for role in Role}  # fmt: skip


class PeopleCommand(StrEnum):
    WHO = "people.who"
    CODE = "people.code"
    INVITE = "people.invite"
    REVOKE = "people.revoke"
    BIND = "group.bind"
    UNBIND = "group.unbind"
    SHOW = "group.show"
    SURE = "group.sure"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One command with what it names. Lists keep the order in which they were said."""

    command: PeopleCommand
    name: str = ""
    roles: tuple[Role, ...] = ()
    shops: tuple[str, ...] = ()
    warehouses: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    title: str = ""
    unbind: bool = False  # what is confirmed: 确认解绑


def role_of(word: str) -> Role | None:
    """A role by what people call it (客服, 店长, service)."""
    return _ROLES.get(word.strip().lower())


def people_command(text: str) -> Wanted | None:
    """Read one message as a command about people or groups; None when it is none."""
    if len(text) > _LONGEST or _WORTH.search(text) is None:
        return None
    plain = _MENTION.sub("", unicodedata.normalize("NFKC", text)).strip().removeprefix("/").strip()
    for pattern, command in ((_WHO, PeopleCommand.WHO), (_CODE, PeopleCommand.CODE), (_UNBIND, PeopleCommand.UNBIND)):
        if pattern.fullmatch(plain):
            return Wanted(command)
    if _SHOW.fullmatch(plain):
        return Wanted(PeopleCommand.SHOW)
    if (sure := _SURE.fullmatch(plain)) is not None:
        return Wanted(PeopleCommand.SURE, unbind=(sure["what"] or sure["en"]).lower() in ("解绑", "unbind"))
    if (revoked := _REVOKE.fullmatch(plain)) is not None:
        return Wanted(PeopleCommand.REVOKE, revoked["name"])
    if (bound := _BIND.fullmatch(plain)) is not None:
        return _group(bound["rest"])
    invited = _INVITE.fullmatch(plain)
    return _invitation(invited["rest"]) if invited is not None else None


def _group(rest: str) -> Wanted | None:
    head, named = _named(rest)
    if head.strip(" ,，、:："):
        return None
    topics = tuple(word for part in named.get("topics", ()) for word in part.split())
    return Wanted(
        PeopleCommand.BIND,
        shops=named.get("shops", ()),
        warehouses=named.get("warehouses", ()),
        topics=topics,
        title=" ".join(named.get("title", ())),
    )


def _invitation(rest: str) -> Wanted | None:
    """`张三 客服,运营 仓库 杭州仓`: a name of one word, roles that we know, then where. Anything else is no command."""
    head, named = _named(rest)
    name, *words = head.split()
    words += [word for part in named.get("roles", ()) for word in part.split()]
    if named.keys() & {"topics", "title"}:
        return None
    roles = [role_of(word) for part in words for word in _BETWEEN.split(part) if word]
    if any(role is None for role in roles) or len(name) > 20:
        return None
    kept = tuple(dict.fromkeys(role for role in roles if role is not None))
    return Wanted(PeopleCommand.INVITE, name, kept, named.get("shops", ()), named.get("warehouses", ()))


def _named(rest: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """(what stands before the first keyword, keyword -> its values)."""
    parts = _KEY.split(rest)
    found: dict[str, tuple[str, ...]] = {}
    for word, values in zip(parts[1::2], parts[2::2], strict=True):
        listed = tuple(each.strip() for each in _BETWEEN.split(values) if each.strip())
        key = _KEYS[word.lower()]
        found[key] = (*found.get(key, ()), *listed)
    return parts[0], found
