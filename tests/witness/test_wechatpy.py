"""`wechatpy` 1.8.18, what most Chinese Python shops use, as a client of the emulated company: our emulator is no island."""

from __future__ import annotations

import asyncio
import io
import warnings
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from tests.integrations.wecom.conftest import drawn, served, telling

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from wechatpy.enterprise import WeChatClient
    from wechatpy.exceptions import WeChatClientException

pytestmark = pytest.mark.filterwarnings("ignore")
PNG = b"\x89PNG\r\n\x1a\n" + b"chart" * 100
CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "退款 A17"},
    "button_list": [{"text": "同意", "key": "agree"}],
    "task_id": "T-1",
}


class Shop:
    """The emulated company and the library's client; its calls block, so they take a thread."""

    def __init__(self, emulator: WecomEmulator, url: str) -> None:
        self.emulator, self.url = emulator, url
        self.client = self.made()

    def made(self, secret: str = theirs.APP_SECRET) -> Any:
        base = f"{self.url}/cgi-bin/"

        class Client(WeChatClient):  # type: ignore[misc]
            API_BASE_URL = base

            def fetch_access_token(self) -> Any:  # the library names the real host here
                return self._fetch_access_token(
                    url=f"{base}gettoken", params={"corpid": self.corp_id, "corpsecret": self.secret}
                )

        return Client(theirs.CORP_ID, secret, timeout=5, auto_retry=False)

    async def do(self, call: Any, *given: Any, **named: Any) -> Any:
        return await asyncio.to_thread(call, *given, **named)

    async def code(self, call: Any, *given: Any, **named: Any) -> int:
        with pytest.raises(WeChatClientException) as refused:
            await self.do(call, *given, **named)
        return int(refused.value.errcode)


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    emulator = WecomEmulator()
    async with served(emulator) as url:
        yield Shop(emulator, url.replace("ws", "http", 1).rstrip("/"))


async def test_it_tells_a_person_in_words_and_with_a_card(shop: Shop) -> None:
    message = shop.client.message
    told = await shop.do(message.send_markdown, theirs.AGENT_ID, user_ids=["lisi", "Nobody"], content="**库存告急**")
    assert told["invaliduser"] == "nobody"  # lower-cased, as documented
    sent = await shop.do(
        message.send, theirs.AGENT_ID, user_ids="lisi", msg={"msgtype": "template_card", "template_card": CARD}
    )
    assert sent["response_code"]
    assert telling(shop.emulator.state.talk("lisi")) == ["**库存告急**"]
    done = {**CARD, "main_title": {"title": "✅ 退款 A17"}}
    update = {"userids": ["lisi"], "agentid": theirs.AGENT_ID, "response_code": sent["response_code"], "template_card": done}
    await shop.do(shop.client.post, "message/update_template_card", data=update)
    assert drawn(shop.emulator.state.talk("lisi"))[0]["main_title"]["title"] == "✅ 退款 A17"
    assert await shop.code(shop.client.post, "message/update_template_card", data=update) == 60140  # once


async def test_its_uploads_are_kept_and_come_back(shop: Shop) -> None:
    kept = await shop.do(shop.client.media.upload, "image", ("走势.png", io.BytesIO(PNG)))
    assert (kept["type"], type(kept["created_at"])) == ("image", str)
    await shop.do(shop.client.message.send_image, theirs.AGENT_ID, user_ids="lisi", media_id=kept["media_id"])
    assert shop.emulator.state.talk("lisi").shown[-1].raw == PNG


async def test_a_group_of_the_app_takes_words_and_no_cards_and_nobody_elses_group(shop: Shop) -> None:
    chat = shop.client.appchat
    made = await shop.do(chat.create, name="售后", owner="lisi", user_list=["lisi", "zhangsan"], chat_id="sales1")
    assert made["chatid"] == "sales1"
    assert (await shop.do(chat.get, "sales1"))["userlist"] == ["lisi", "zhangsan"]
    await shop.do(chat.update, "sales1", add_user_list=["wangwu"], del_user_list=["zhangsan"])
    assert (await shop.do(chat.get, "sales1"))["userlist"] == ["lisi", "wangwu"]
    await shop.do(chat.send_text, "sales1", "库存告急")
    assert telling(shop.emulator.state.talks["sales1"]) == ["库存告急"]
    card = {"chatid": "sales1", "msgtype": "template_card", "template_card": CARD}
    assert await shop.code(shop.client.post, "appchat/send", data=card) == 40008
    assert await shop.code(chat.send_text, "CHATID", "x") == 86008
    assert await shop.code(chat.create, name="售后", owner="lisi", user_list=["lisi"], chat_id="sales2") == 86006
    assert await shop.code(chat.create, name="售后", owner="lisi", user_list=["lisi", "zhangsan"], chat_id="sales1") == 86215


async def test_it_reads_people_and_what_the_app_may_not(shop: Shop) -> None:
    assert (await shop.do(shop.client.user.get, "lisi"))["name"] == "李四"
    assert await shop.code(shop.client.user.get, "nobody") == 60111
    assert await shop.code(shop.made("wrong-secret").user.get, "lisi") == 40001
    shop.emulator.state.trusted_ips = {"10.9.8.7"}
    assert await shop.code(shop.client.user.get, "nobody") == 60020  # before anything else is looked at
    shop.emulator.state.trusted_ips = {"127.0.0.1"}
    assert (await shop.do(shop.client.user.get, "lisi"))["userid"] == "lisi"


async def test_a_message_is_taken_back_within_a_day(shop: Shop) -> None:
    sent = await shop.do(shop.client.message.send_text, theirs.AGENT_ID, "lisi", content="发错了")
    await shop.do(shop.client.post, "message/recall", data={"msgid": sent["msgid"]})
    assert shop.emulator.state.talk("lisi").shown[-1].recalled
    shop.emulator.clock.move(90_000)
    assert await shop.code(shop.made().post, "message/recall", data={"msgid": sent["msgid"]}) == 42052


async def test_it_keeps_a_dead_token_where_ours_fetches_one_new_one(shop: Shop) -> None:
    """Its known fault (docs/integrations/wecom.md): without `auto_retry` it never looks, with it it never stops."""
    await shop.do(shop.client.user.get, "lisi")
    shop.emulator.calls.kill_tokens()
    assert [await shop.code(shop.client.user.get, "lisi") for _ in range(2)] == [40014, 40014]


async def test_an_apps_daily_allowance_and_a_persons_minute(shop: Shop) -> None:
    for _ in range(31):
        await shop.do(shop.client.message.send_text, theirs.AGENT_ID, "lisi", content=f"第 {_} 条")
    assert (len(telling(shop.emulator.state.talk("lisi"))), shop.emulator.state.silent_drops) == (30, 1)
    shop.emulator.state.seats = 0
    assert await shop.code(shop.client.message.send_text, theirs.AGENT_ID, "wangwu", content="x") == 45009
