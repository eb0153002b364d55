"""Where a card is plain text, its buttons are words: a draft is submitted, dropped and finished by typing."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.dingtalk.chat import DingTalkChat
from tests.builders import NUMBER, shipped
from tests.flows.offices import Offices, opened

TOML = """
[people."张明"]
accounts = ["wecom:ZhangMing", "dingtalk:zhangming"]
roles = ["service"]

[people."陈店长"]
accounts = ["dingtalk:chen"]
roles = ["manager"]
"""


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with opened(tmp_path, TOML) as made:
        made.wecom.state.users["ZhangMing"] = "张明"
        made.dingtalk.state.users |= {"zhangming": "张明", "chen": "陈店长"}
        now = made.house.desk.clock.now()
        made.write_now(lambda u: u.orders.upsert_many([shipped(at=now)], seen_at=now, surface="channel"))
        yield made


async def test_a_draft_says_what_to_type_and_typing_it_submits_it_once(offices: Offices) -> None:
    draft = await offices.dingtalk_says("zhangming", f"{NUMBER} 退款 50 元，色差")
    assert "提交 A1" in draft
    assert "不提交 A1" in draft
    assert "没有 A1" not in await offices.dingtalk_says("zhangming", "提交 A1")
    assert offices.read(lambda r: r.approvals.by_number("A1")).state == "waiting"
    await offices.dingtalk_says("zhangming", "提交 A1")
    assert [a.number for a in offices.read(lambda r: r.approvals.waiting())] == ["A1"]


async def test_nobody_submits_or_drops_anothers_draft_by_typing(offices: Offices) -> None:
    await offices.dingtalk_says("zhangming", f"{NUMBER} 退款 50 元，色差")
    await offices.dingtalk_says("chen", "提交 A1")
    await offices.dingtalk_says("chen", "不提交 A1")
    assert offices.read(lambda r: r.approvals.by_number("A1")).state == "draft"
    await offices.dingtalk_says("zhangming", "不提交 A1")
    assert offices.read(lambda r: r.approvals.by_number("A1")).state == "withdrawn"


async def test_a_number_that_is_none_is_said_so(offices: Offices) -> None:
    assert "没有 A9 这张申请" in await offices.dingtalk_says("zhangming", "提交 A9")


async def test_in_english_the_words_around_the_commands_are_english_too(offices: Offices) -> None:
    # The two settings an English office makes: the house's, and the connector's own few words.
    await offices.stop()
    offices.start("en")
    chat = offices.house.desk.chats["dingtalk"]
    assert isinstance(chat, DingTalkChat)
    chat.delivery.settings = dataclasses.replace(chat.delivery.settings, lang="en")
    said = await offices.dingtalk_says("zhangming", f"refund 50 for {NUMBER}, wrong colour")
    assert "submit A1 / drop A1" in said
    asked = await offices.dingtalk_says("zhangming", f"where is {NUMBER}")
    assert "Or send one of these:" in asked
    assert "1. chase 8842" in asked
    assert "发送以下文字" not in asked
