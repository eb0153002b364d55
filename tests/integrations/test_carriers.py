"""One carrier has one code, whoever names it: the channels' tables, the tracking service's and the number's own shape."""

from __future__ import annotations

import pytest

from domain.waybill import OLD_NAMES, candidates
from handlers.words.orders import words
from integrations.douyin import carriers as douyin
from integrations.kuaidi100 import wire as kuaidi100
from integrations.pinduoduo import carriers as pinduoduo
from integrations.sheets import mapping as sheets

TABLES = {
    "douyin": {douyin.ours(name) for name in ("jtexpress", "shunfeng", "zhongtong", "yuantong")},
    "douyin by name": {douyin.ours("?", name) for name in ("极兔速递", "顺丰速运", "中通快递", "圆通速递")},
    "kuaidi100": {kuaidi100.ours(name) for name in ("jtexpress", "shunfeng", "zhongtong", "yuantong")},
    "pinduoduo": {pinduoduo.OURS[number] for number in (384, 44, 115, 85)},
    "sheets": {sheets._carrier(name) for name in ("极兔速递", "顺丰速运", "中通快递", "圆通速递")},
    "the number": {
        candidates(number)[0].carrier
        for number in ("JT1234567890123", "SF1234567890123", "73123456789012", "YT1234567890123")
    },
}


@pytest.mark.parametrize("who", TABLES)
def test_everybody_calls_them_the_same(who: str) -> None:
    assert TABLES[who] == {"jt", "sf", "zto", "yto"}


def test_no_table_of_ours_holds_a_name_that_was_given_up() -> None:
    ours = {*kuaidi100.OURS.values(), *kuaidi100.THEIRS, *pinduoduo.OURS.values(), *pinduoduo.THEIRS}
    assert not ours & set(OLD_NAMES)


@pytest.mark.parametrize("old", OLD_NAMES)
def test_what_an_older_version_stored_is_still_sent_out_and_named(old: str) -> None:
    new = OLD_NAMES[old]
    assert kuaidi100.theirs(old) == kuaidi100.theirs(new) == "jtexpress"
    assert douyin.theirs(old) == douyin.theirs(new) == "jtexpress"
    assert words("zh").carrier(new) == "极兔"
