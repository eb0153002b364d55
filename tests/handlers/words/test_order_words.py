"""Every situation has its words in both languages; what is meant for customers holds nothing internal; hostile text is tame."""

from __future__ import annotations

import dataclasses
import random
import re
import string
from collections.abc import Mapping

import pytest

from domain.order import AftersaleKind, AftersaleStage, TrackStage
from domain.situation import Holder, Kind
from domain.verdict import judge
from handlers.words.lists import LISTS
from handlers.words.order_progress import PROGRESS
from handlers.words.order_tables import ZH, Tables
from handlers.words.order_tables_en import EN
from handlers.words.order_talk import TALK
from handlers.words.orders import Scene, words
from handlers.words.timeline import TIMELINE
from tests.domain.test_verdict import CASES, LANE, NOW

INTERNAL = (
    "仓库",
    "运营",
    "采购",
    "财务",
    "毛利",
    "风险",
    "疑似",
    "店长",
    "客服",
    "刷单",
    "margin",
    "risk",
    "warehouse",
    "finance",
)


@pytest.mark.parametrize("table", [ZH, EN], ids=["zh", "en"])
def test_no_situation_is_without_words(table: Tables) -> None:
    assert set(table.kinds) == set(Kind)
    assert set(table.holders) == set(Holder)
    assert set(table.aftersale_kinds) == set(AftersaleKind)
    assert set(table.aftersale_stages) == set(AftersaleStage)
    assert set(table.scans) == set(TrackStage)
    assert all(row.head and row.short for row in table.kinds.values())


@pytest.mark.parametrize("tables", [TALK, LISTS, PROGRESS, TIMELINE], ids=["talk", "lists", "progress", "timeline"])
def test_both_languages_say_the_same_things(tables: Mapping[str, Mapping[str, str]]) -> None:
    zh, en = tables["zh"], tables["en"]
    assert set(zh) == set(en)
    for key, sentence in zh.items():
        fields = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        english = {name for _, name, _, _ in string.Formatter().parse(en[key]) if name}
        assert english <= fields, key


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_each_situation_reads_well_and_tells_customers_nothing_internal(case: tuple, lang: str) -> None:  # type: ignore[type-arg]
    card = case[1]
    say = words(lang)
    for missing in (False, True):
        verdict = judge(card, NOW, lane=LANE, claimed_missing=missing)
        scene = Scene(card.stored.order, verdict, NOW, "抖音旗舰店")
        shown = [say.headline(scene), say.why(scene), say.carriage(scene), say.charge(scene), say.to_customer(scene)]
        assert say.headline(scene)
        customer = say.to_customer(scene)
        assert customer.startswith(("您好", "Hello"))
        for text in shown:
            assert "{" not in text
            assert "None" not in text
            assert not re.search(r"[a-z]_[a-z]", text)
        # 仓库打包 and 退回我们仓库 are places a customer knows; people and rules of ours are not.
        for word in INTERNAL:
            assert word not in customer.replace("正在仓库打包", "").replace("退回我们仓库", ""), word
        assert "138" not in customer
        if lang == "en":
            assert not re.search(r"[\u4e00-\u9fff]", customer.replace("杭州", "")), customer


def test_hostile_names_and_goods_are_tame_on_every_line() -> None:
    dice = random.Random(4)
    pool = "@all@所有人<b>*_`[](){}|#>\n\r\t\x00\u202e\u200b\u2028😀e\u0301王小明13812345678://&lt;\\" + "哈"
    say = words("zh")
    base = CASES[20][1]
    for _ in range(500):
        evil = "".join(dice.choice(pool) for _ in range(dice.randrange(1, 400)))
        order = base.stored.order
        line = dataclasses.replace(order.lines[0], title=evil)
        receiver = dataclasses.replace(order.receiver, name=evil, province=evil, city=evil, masked=False)
        parcels = tuple(dataclasses.replace(parcel, last_scan=evil, carrier=evil, waybill=evil) for parcel in order.parcels)
        changed = dataclasses.replace(order, lines=(line,), receiver=receiver, parcels=parcels, holds=(evil,))
        card = dataclasses.replace(base, stored=dataclasses.replace(base.stored, order=changed))
        scene = Scene(changed, judge(card, NOW), NOW, "抖音旗舰店", person=evil)
        for text in (
            say.headline(scene),
            say.why(scene),
            say.receiver(changed),
            say.lines(changed),
            say.carriage(scene),
            say.charge(scene),
            say.to_customer(scene),
        ):
            assert not set("\n\r\t\x00@<>`[]{}|\\\u202e\u200b\u2028") & set(text)
            assert "://" not in text
            assert len(text) < 220
