"""答错了 on WeCom and on DingTalk, in Chinese and in English: buttons where they are drawn, words where they are not."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from domain.store import BoundChat
from tests.flows.offices import Offices, opened

TOML = """
[people."陈店长"]
roles = ["manager"]
accounts = ["wecom:chen", "dingtalk:d-chen"]

[people."张明"]
roles = ["service"]
accounts = ["wecom:zhang", "dingtalk:d-zhang"]
"""


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with opened(tmp_path, TOML) as made:
        for user, name in (("chen", "陈店长"), ("zhang", "张明")):
            await made.wecom.contacts.hire(user, name, quiet=True)
            made.dingtalk.state.user(f"d-{user}", name)
            made.dingtalk.state.groups[made.group].members.add(f"d-{user}")
        made.write_now(
            lambda u: u.people.bind_chat(BoundChat("dingtalk", made.group, "group", "仓库群", frozenset({"orders"})))
        )
        yield made


async def pressed_on_wecom(offices: Offices, user: str, label: str) -> str:
    """Press a button of the newest card that this person has. Gives what came after."""
    state = offices.wecom.state
    card = next(shown.card for shown in reversed(state.talk(user).shown) if shown.card is not None)
    key = next(button["key"] for button in card["button_list"] if button["text"].startswith(label))
    code = f"RC{secrets.token_hex(8)}"
    state.codes[code] = {"task": card["task_id"], "until": state.clock.now() + 72 * 3600, "used": False}
    event = {"FromUserName": user, "CreateTime": int(offices.clock.now()), "MsgType": "event", "EventKey": key}
    before = len(offices.heard_on_wecom(user))
    event |= {"Event": "template_card_event", "TaskId": card["task_id"], "ResponseCode": code}
    assert await offices.wecom.callbacks.send_app(event) == 200
    await offices.work()
    return "\n".join(offices.heard_on_wecom(user)[before:])


async def test_on_wecom_a_button_answers_and_a_tap_teaches(offices: Offices) -> None:
    assert "哪一单" in await offices.wecom_says("zhang", "那批货到哪了")
    await offices.restart()
    asked = await offices.wecom_says("zhang", "不是这个意思")
    assert "记下了，上一句我当成「查订单到哪了」，读错了。" in asked
    assert "查库存" in asked
    assert "没有问过我" in await offices.wecom_says("chen", "答错了")
    assert "查哪个货" in await pressed_on_wecom(offices, "zhang", "查库存")
    assert "读错的话" in await offices.wecom_says("chen", "读错的")
    assert "改好了" in await pressed_on_wecom(offices, "chen", "查库存")
    assert "查哪个货" in await offices.wecom_says("zhang", "那批货到哪了")
    assert "查哪个货" in await offices.dingtalk_says("d-zhang", "那批货到哪了")  # the same team, on the other platform


async def test_on_dingtalk_what_a_button_posts_answers_in_a_group_and_of_its_author_only(offices: Offices) -> None:
    group = offices.group
    assert "哪一单" in await offices.dingtalk_says("d-zhang", "那批货到哪了", group=group)
    asked = await offices.dingtalk_says("d-zhang", "不对", group=group)
    assert "你是不是想问" in asked
    await offices.restart()
    assert "没有问过我" in await offices.dingtalk_says("d-chen", "不对", group=group)
    assert "我问的是查库存" in asked  # what to send where no button is drawn
    assert "查哪个货" in await offices.dingtalk_says("d-zhang", "我问的是查库存", group=group)
    (one,) = offices.read(lambda r: r.lessons.unheard())
    assert (one.sample, one.read_as, dict(one.meant)) == ("那批货到哪了", "where_is_order", {"stock": 1})


async def test_in_english_it_is_the_same(offices: Offices) -> None:
    await offices.stop()
    offices.start("en")
    assert "hich order" in await offices.wecom_says("zhang", "where is my parcel")
    asked = await offices.wecom_says("zhang", "that's not what I meant")
    assert "Noted: I read your last message as “Where an order is”, and that was wrong." in asked
    assert "Did you mean:" in asked
    answer = await offices.wecom_says("zhang", "no, I meant the stock of the red cover")
    assert "“Where an order is”" in answer
    (one,) = offices.read(lambda r: r.lessons.unheard())
    assert dict(one.meant) == {"stock": 1}
    shown = await offices.wecom_says("chen", "misread")
    assert "Read wrong" in shown
    assert "who asked says it is “Stock”" in shown
    assert "ten minutes" in await offices.wecom_says("chen", "wrong answer") or "command" in await offices.wecom_says(
        "chen", "wrong answer"
    )
