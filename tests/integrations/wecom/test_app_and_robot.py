from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from domain.chat import ChatKind, ChatRef, Document, MessageRef, Picture, Reply, Urgency
from domain.errors import NeedsAuthorization, OutcomeUnknown, Rejected, Unavailable
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from integrations.wecom import AppSettings, Settings
from tests.integrations.wecom.conftest import APP, CARD_REPLY, DONE_REPLY, GROUP, Bench, drawn, make, telling

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 1000
LISI = ChatRef("wecom", "lisi", ChatKind.DIRECT)
ROBOTS = {"CHATID": theirs.WEBHOOK}


@pytest_asyncio.fixture
async def app(emulator: WecomEmulator) -> AsyncIterator[Bench]:
    bench = make(emulator, Settings(mode="app", app=APP))
    yield bench
    await bench.chat.aclose()


@pytest_asyncio.fixture
async def robot(emulator: WecomEmulator) -> AsyncIterator[Bench]:
    bench = make(emulator, Settings(mode="robot", robots=ROBOTS))
    yield bench
    await bench.chat.aclose()


async def test_fifty_senders_fetch_one_token(app: Bench) -> None:
    await asyncio.gather(*(app.chat.send(LISI, Reply(f"第 {n} 条"), key=f"k{n}") for n in range(20)))
    assert len(app.emulator.journal.calls("/cgi-bin/gettoken")) == 1
    assert len(telling(app.talk("lisi"))) == 20


async def test_a_token_that_died_early_is_replaced_once_and_the_message_leaves(app: Bench) -> None:
    await app.chat.send(LISI, Reply("一"), key="k1")
    app.emulator.calls.kill_tokens()
    await app.chat.send(LISI, Reply("二"), key="k2")
    assert telling(app.talk("lisi")) == ["一", "二"]
    assert len(app.emulator.journal.calls("/cgi-bin/gettoken")) == 2


async def test_a_secret_that_was_revoked_does_not_hammer(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(mode="app", app=AppSettings(theirs.CORP_ID, theirs.AGENT_ID, "revoked-secret")))
    with pytest.raises(NeedsAuthorization):
        await bench.chat.send(LISI, Reply("一"), key="k1")
    assert len(emulator.journal.calls("/cgi-bin/gettoken")) == 1
    await bench.chat.aclose()


async def test_a_card_is_updated_with_the_presss_code_and_then_with_its_own(app: Bench) -> None:
    ref = await app.chat.send(LISI, CARD_REPLY, key="k1")
    assert await app.chat.update(ref, DONE_REPLY, key="u1") == ref
    assert drawn(app.talk("lisi"))[0]["main_title"]["title"] == "✅ 退款申请 A17"
    await app.chat.update(ref, DONE_REPLY, key="u2")  # the code is used up: said again instead
    assert telling(app.talk("lisi"))[-1].splitlines()[0] == "> 更新：退款申请 A17"


async def test_the_code_of_a_card_survives_a_restart(emulator: WecomEmulator) -> None:
    first = make(emulator, Settings(mode="app", app=APP))
    ref = await first.chat.send(LISI, CARD_REPLY, key="k1")
    second = make(emulator, Settings(mode="app", app=APP))
    second.chat.app._tokens = first.chat.app._tokens  # type: ignore[union-attr]  # the store that both processes share
    await second.chat.update(ref, DONE_REPLY, key="u1")
    assert drawn(first.talk("lisi"))[0]["main_title"]["title"] == "✅ 退款申请 A17"
    await first.chat.aclose()
    await second.chat.aclose()


async def test_a_lost_answer_is_in_doubt_and_the_repeat_shows_nothing_twice(app: Bench) -> None:
    app.emulator.faults.plan("lost", "/cgi-bin/message/send", times=1)
    with pytest.raises(OutcomeUnknown):
        await app.chat.send(LISI, Reply("退款已同意"), key="k1")
    await app.chat.send(LISI, Reply("退款已同意"), key="k1")
    assert telling(app.talk("lisi")) == ["退款已同意"]


async def test_a_lost_card_is_known_by_its_task_id(app: Bench) -> None:
    app.emulator.faults.plan("lost", "/cgi-bin/message/send", times=1)
    with pytest.raises(OutcomeUnknown):
        await app.chat.send(LISI, CARD_REPLY, key="k1")
    await app.chat.send(LISI, CARD_REPLY, key="k1")
    assert len(drawn(app.talk("lisi"))) == 1


async def test_the_same_short_answer_to_two_questions_is_shown_twice(app: Bench) -> None:
    await app.chat.send(LISI, Reply("好的"), key="k1")
    await app.chat.send(LISI, Reply("好的"), key="k2")
    assert telling(app.talk("lisi")) == ["好的", "好的"]


@pytest.mark.parametrize(("fault", "wait"), [("busy", 2.0), ("crowded", 2.0), ("often", 60.0)])
async def test_a_busy_platform_says_when_to_come_again(app: Bench, fault: str, wait: float) -> None:
    app.emulator.faults.plan(fault, "/cgi-bin/message/send")
    with pytest.raises(Unavailable) as later:
        await app.chat.send(LISI, Reply("一"), key="k1")
    assert later.value.retry_after == wait


async def test_a_blocked_address_asks_a_person(app: Bench) -> None:
    app.emulator.switches.bad_ip = True
    with pytest.raises(NeedsAuthorization, match="60020"):
        await app.chat.send(LISI, Reply("一"), key="k1")


async def test_somebody_out_of_sight_is_refused_in_words(app: Bench) -> None:
    with pytest.raises(Rejected, match="81013"):
        await app.chat.send(ChatRef("wecom", "nobody", ChatKind.DIRECT), Reply("一"), key="k1")


async def test_pictures_and_files_are_uploaded_whole_even_after_a_dead_token(app: Bench) -> None:
    await app.chat.send(LISI, Reply("一"), key="k0")
    app.emulator.calls.kill_tokens()
    table = Document(b"a,b\n1,2\n", '清"单.csv', "text/csv")
    await app.chat.send(LISI, Reply("见图", pictures=(Picture(PNG, "断货"),), documents=(table,)), key="k1")
    kept = [content for _, content, _ in app.emulator.state.media.values()]
    assert kept == [PNG, b"a,b\n1,2\n"]


async def test_without_a_callback_an_app_writes_commands_instead_of_buttons(emulator: WecomEmulator) -> None:
    emulator.switches.callback_url_set = False
    bench = make(emulator, Settings(mode="app", app=AppSettings(theirs.CORP_ID, theirs.AGENT_ID, theirs.APP_SECRET)))
    await bench.chat.send(LISI, CARD_REPLY, key="k1")
    assert telling(bench.talk("lisi"))[0].endswith("同意 A17 / 拒绝 A17")
    await bench.chat.aclose()


async def test_colleagues_are_read_from_the_directory(app: Bench) -> None:
    assert ("zhangsan", "张三") in await app.chat.colleagues()


# --- webhooks ---------------------------------------------------------------------------------------------------------


async def test_a_webhook_says_cards_as_text_with_commands_and_shows_pictures(robot: Bench) -> None:
    reply = Reply(CARD_REPLY.text, CARD_REPLY.card, pictures=(Picture(PNG, "断货"),), mention=("lisi",))
    await robot.chat.send(GROUP, reply, key="k1")
    assert telling(robot.group)[0].startswith("<@lisi>\n**退款申请 A17**")
    assert robot.group.shown[-1].raw == PNG


async def test_a_webhook_keeps_below_twenty_a_minute(robot: Bench) -> None:
    for number in range(16):
        await robot.chat.send(GROUP, Reply(f"第 {number} 条"), key=f"k{number}")
    with pytest.raises(Unavailable) as later:
        await robot.chat.send(GROUP, Reply("第 17 条"), key="k16")
    assert later.value.retry_after
    assert 50 < later.value.retry_after <= 60
    for number in range(3):  # kept for what must be read now
        await robot.chat.send(GROUP, Reply(f"断货 {number}", urgency=Urgency.CRITICAL), key=f"c{number}")
    with pytest.raises(Unavailable):
        await robot.chat.send(GROUP, Reply("断货 3", urgency=Urgency.CRITICAL), key="c3")
    assert robot.emulator.calls.failures == 0


async def test_a_robot_that_was_removed_is_refused(robot: Bench) -> None:
    robot.emulator.switches.robot_in_groups = False
    with pytest.raises(Rejected, match="93000") as no:
        await robot.chat.send(GROUP, Reply("一"), key="k1")
    assert theirs.WEBHOOK not in str(no.value)


async def test_files_go_through_the_webhooks_own_upload(robot: Bench) -> None:
    await robot.chat.send(GROUP, Reply("清单", documents=(Document(b"a,b\n1,2\n", "清单.csv", "text/csv"),)), key="k1")
    assert robot.group.shown[-1].raw == b"a,b\n1,2\n"


async def test_an_update_through_a_webhook_names_the_card(robot: Bench) -> None:
    ref = await robot.chat.send(GROUP, CARD_REPLY, key="k1")
    assert await robot.chat.update(ref, DONE_REPLY, key="u1") == ref
    assert telling(robot.group)[-1].splitlines()[0] == "> 更新：退款申请 A17"


async def test_while_the_line_is_down_the_groups_webhook_speaks(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(bot_id="b", secret="s", line_url="ws://127.0.0.1:9/", robots=ROBOTS))
    ref = await bench.chat.send(GROUP, Reply("库存告急"), key="k1")
    assert isinstance(ref, MessageRef)
    assert telling(bench.group) == ["库存告急"]
    await bench.chat.aclose()
