"""The new receiver inside a sentence: address, name, apart from the words around them.

People write `0417 改地址 浙江省杭州市余杭区文一西路 998 号，李四 139…`: the name and the phone must not end up on a label
as part of the street.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from domain.address import parse
from domain.order import Receiver
from domain.understand.names import receiver_name

LONGEST = 200  # characters of an address; platforms allow fewer
_LEAD = re.compile(
    r"(?:改|换|修改|变更|更改)(?:一?下)?(?:收货|收件|寄送)?(?:地址|信息)(?:为|成|到|是)?|"
    r"(?:收货|收件|寄送)?地址\s*(?:改|换|变更|修改|更改)?(?:一?下)?(?:成|为|到|是)?"
)
_GLUE = re.compile(r"^[为成到是:：,，\s]+")
_PHONE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?:-\d{1,5})?(?!\d)")
_PIECES = re.compile(r"[\s,，;；。]+")
_NAMED = re.compile(r"^(?:收件人|收货人|姓名|联系人|名字)(?:是|叫|为|改成|改为)?[:：]?(.{2,12})$")
_ANNOUNCED = re.compile(r"(?:收件人|收货人|姓名)(?:是|叫|为|改成|改为)?\s*[:：]?\s*([一-鿿·]{2,12})(?![一-鿿·])")
_LABEL = re.compile(r"^(?:电话|手机号?|联系电话|新?地址|收货地址|详细地址)(?:是|为)?[:：]?")
_STREET = re.compile(r"[省市区县镇乡村路街道巷弄号楼栋幢室]")
_POLITE = frozenset({"谢谢", "多谢", "麻烦", "麻烦了"})
_HAN = re.compile(r"[一-鿿]")


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence says about the new receiver; "" where it says nothing."""

    address: str = ""
    name: str = ""


def told(text: str, numbers: Iterable[str] = ()) -> Told:
    """Read a whole sentence: what stands behind the word for an address. `numbers`: identifiers that are no part of it."""
    leads = list(_LEAD.finditer(text))
    if not leads:
        return Told()
    rest = text[leads[-1].end() :]
    for number in sorted(numbers, key=len, reverse=True):
        rest = re.sub(rf"(?<!\d){re.escape(number)}(?!\d)", " ", rest)
    found = apart(rest)
    announced = _ANNOUNCED.search(text)
    if not found.name and announced is not None:
        found = replace(found, name=announced[1])
    return found if _STREET.search(found.address) and len(found.address) >= 4 else Told("", found.name)


def apart(written: str) -> Told:
    """An address as it was typed, without the name and the phone that stand beside it."""
    places: list[str] = []
    name = ""
    for piece in _PIECES.split(_PHONE.sub(" ", _GLUE.sub("", written))):
        bare = _LABEL.sub("", piece)
        named = _NAMED.match(bare)
        if named is not None:
            name = named[1]
        elif bare and bare not in _POLITE and receiver_name(bare) == bare and not parse(bare).adcode:
            name = bare
        elif bare and bare not in _POLITE:
            places.append(bare)
    return Told(" ".join(places)[:LONGEST], name[:40])


def placed(receiver: Receiver, written: str) -> Receiver | None:
    """The receiver at another address: the whole of it, never half. None when a Chinese address names no place we know."""
    fresh = replace(receiver, province="", city="", district="", town="", detail=written, postcode="")
    if not _HAN.search(written):
        return fresh
    read = parse(written)
    if not read.province or not read.city or not read.detail:
        return None
    return replace(fresh, province=read.province, city=read.city, district=read.district, detail=read.detail)
