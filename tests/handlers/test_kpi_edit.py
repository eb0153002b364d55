"""改条件: the card says what is asked, each press asks the changed question, and each label can be typed instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.chat import Reply
from domain.query import Query, query_of, unpack
from domain.understand import understand
from handlers.kpi import FEATURE
from tests.builders import NOW
from tests.handlers.ask_desk import AskDesk, button, labels
from tests.handlers.test_kpi import fill


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    fill(desk)
    yield desk
    desk.close()


async def editing(ask: AskDesk, text: str) -> Reply:
    plan = understand(text, now=NOW)
    reply = await ask.plan(FEATURE, plan, text, who="陈店长")
    card = await ask.press(FEATURE, button(reply, "改条件"), who="陈店长")
    assert card is not None
    return card


async def test_the_card_says_what_is_asked_and_offers_what_can_change(ask: AskDesk) -> None:
    card = await editing(ask, "近7天抖音订单量按仓分")
    assert card.card is not None
    assert card.card.title == "订单数：改哪个条件？"
    assert card.card.lines[1:] == ("条件 渠道 抖音", "按仓库分开看")
    assert labels(card) == ["昨天", "近 30 天", "不分组", "全部渠道", "按天分", "按店铺分"]


async def test_a_press_is_the_changed_answer(ask: AskDesk) -> None:
    card = await editing(ask, "近7天抖音订单量按仓分")
    answer = await ask.press(FEATURE, button(card, "全部渠道"), who="陈店长")
    assert answer is not None
    assert "订单数" in answer.text
    assert "渠道 抖音" not in answer.text


@pytest.mark.parametrize(
    "asked", ["近7天抖音订单量按仓分", "昨天订单量", "本月各渠道成交额", "近30天抖音成交额按快递分", "昨天 P95 履约时效"]
)
async def test_what_a_button_says_can_be_typed_with_the_same_effect(ask: AskDesk, asked: str) -> None:
    base = understand(asked, now=NOW)
    card = await editing(ask, asked)
    assert labels(card)
    for each in card.card.buttons if card.card else ():
        pressed = unpack(ask.desk.signer.open(each.token).extra, NOW)
        typed = query_of(understand(each.command, now=NOW, context=base), NOW)
        assert same(typed) == same(pressed), each.label


def same(query: Query) -> tuple[object, ...]:
    return query.metric.code, query.start, query.end, query.period, set(query.filters), query.groups


async def test_somebody_elses_eyes_see_their_own_scope(ask: AskDesk) -> None:
    reply = await ask.plan(FEATURE, understand("昨天订单量", now=NOW), "昨天订单量", who="李芳")
    card = await ask.press(FEATURE, button(reply, "改条件"), who="李芳")
    assert card is not None
    answer = await ask.press(FEATURE, button(card, "按"), who="李芳")
    assert answer is not None
    assert "华南仓" not in answer.text
