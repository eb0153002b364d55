"""Stream mode over a real socket: stored before receipted, repeated once, replaced before it breaks, holes told."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Self

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from domain.chat import ChatKind
from domain.errors import NeedsAuthorization
from tests.integrations.dingtalk.conftest import QUICK, Office, until


async def test_a_message_is_kept_and_then_receipted(office: Office) -> None:
    async with office.listening():
        body = await office.emulator.people.say("u-zhang", "6920 到哪了", group=office.group)
        await until(lambda: office.emulator.people.pushed[-1].done)
    assert body is not None
    [message] = office.inbox.messages
    assert (message.text, message.sender.user_id, message.chat.chat_id) == ("6920 到哪了", "u-zhang", office.group)
    assert message.message_id == f"{office.emulator.client_id}:{body['msgId']}"
    assert message.chat.kind is ChatKind.GROUP


async def test_nothing_is_receipted_before_it_is_kept(office: Office) -> None:
    seen: list[int] = []
    office.inbox.check = lambda: seen.append(len(office.emulator.journal.effects("stream.ack")))
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: office.emulator.people.pushed[-1].done)
    assert seen == [0]


async def test_what_could_not_be_kept_comes_again_under_another_frame_id_with_the_same_name(office: Office) -> None:
    office.inbox.broken = 1
    async with office.listening():
        await office.emulator.people.say("u-zhang", "催一下", group=office.group)
        pushed = office.emulator.people.pushed[-1]
        await until(lambda: office.inbox.broken == 0)
        assert not pushed.done
        office.emulator.clock.move(61)
        await until(lambda: pushed.done)
    assert len(set(pushed.sent)) == 2
    assert [each.text for each in office.inbox.messages] == ["催一下"]


async def test_a_repeat_after_a_lost_receipt_keeps_its_name(office: Office) -> None:
    office.emulator.gateway.twice = True
    async with office.listening():
        await office.emulator.people.say("u-zhang", "库存", group=office.group)
        await until(lambda: len(office.inbox.messages) == 2)
    assert len({each.message_id for each in office.inbox.messages}) == 1


async def test_without_the_repeat_switch_a_message_not_kept_is_gone(office: Office) -> None:
    office.emulator.switches.repush_bot_messages = False
    office.inbox.broken = 1
    async with office.listening():
        await office.emulator.people.say("u-zhang", "催一下", group=office.group)
        pushed = office.emulator.people.pushed[-1]
        await until(lambda: office.inbox.broken == 0)
        office.emulator.clock.move(61)
        await until(lambda: pushed.done)
    assert (len(pushed.sent), office.inbox.messages) == (1, [])


async def test_a_notice_is_answered_by_a_new_connection_before_the_old_one_closes(office: Office) -> None:
    async with office.listening():
        old = office.emulator.gateway.lines[0]
        office.emulator.gateway.notice()
        await until(lambda: len(office.emulator.gateway.lines) == 2)
        assert old in office.emulator.gateway.lines
        await office.emulator.people.say("u-zhang", "还在吗", group=office.group)
        await until(lambda: len(office.inbox.messages) == 1)
        office.emulator.clock.move(11)
        await until(lambda: old not in office.emulator.gateway.lines)
        await office.emulator.people.say("u-zhang", "现在呢", group=office.group)
        await until(lambda: len(office.inbox.messages) == 2)
    assert not [text for text in office.texts() if "可能漏收" in text]


async def test_what_still_comes_on_the_old_connection_is_kept(office: Office) -> None:
    office.emulator.switches.deliver_while_draining = True
    async with office.listening():
        office.emulator.gateway.notice()
        await until(lambda: len(office.emulator.gateway.lines) == 2)
        for number in range(8):
            await office.emulator.people.say("u-zhang", f"第 {number} 条", group=office.group)
        await until(lambda: len(office.inbox.messages) == 8)
        await until(lambda: all(pushed.done for pushed in office.emulator.people.pushed))


async def test_a_zombie_that_answers_pings_and_says_nothing_is_replaced(office: Office) -> None:
    office.emulator.gateway.mute_next = 1
    chat = office.connector(dataclasses.replace(QUICK, idle=0.3))
    async with office.listening(chat):
        zombie = office.emulator.gateway.lines[0]
        await until(lambda: any(not line.mute for line in office.emulator.gateway.lines))
        await until(lambda: zombie not in office.emulator.gateway.lines)
        async with asyncio.timeout(5):
            while not office.inbox.messages:
                await office.emulator.people.say("u-zhang", "有人吗", group=office.group)
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("code", [1000, 1001, 1011, -1])
async def test_a_closed_connection_is_opened_again_and_the_hole_is_told_to_the_group(office: Office, code: int) -> None:
    async with office.listening():
        await office.emulator.people.say("u-zhang", "你好", group=office.group)
        await until(lambda: len(office.inbox.messages) == 1)
        office.emulator.gateway.refuse_opens = [503, 503, 503]
        office.emulator.gateway.close(code)
        await until(lambda: not office.emulator.gateway.lines)
        office.emulator.clock.move(8)
        await until(lambda: any("可能漏收，请再发一次" in text for text in office.texts()))
    [notice] = [text for text in office.texts() if "可能漏收" in text]
    start, _, end = notice.partition(" ")[0].partition("–")
    assert start < end


async def test_a_quiet_group_is_not_bothered_with_a_hole(office: Office) -> None:
    async with office.listening():
        await office.emulator.people.say("u-zhang", "你好", group=office.group)
        await until(lambda: len(office.inbox.messages) == 1)
        office.emulator.clock.move(3600)
        office.emulator.gateway.refuse_opens = [503]
        office.emulator.gateway.close(1000)
        await until(lambda: not office.emulator.gateway.lines)
        office.emulator.clock.move(8)
        await until(lambda: len(office.emulator.gateway.lines) == 1)
        await asyncio.sleep(0.05)
    assert office.texts() == []


async def test_a_gateway_that_closes_at_once_is_not_stormed(office: Office) -> None:
    office.emulator.gateway.close_on_accept = 1000
    chat = office.connector(dataclasses.replace(QUICK, first_wait=0.3, longest_wait=5.0))
    async with asyncio.timeout(5):
        listening = asyncio.create_task(chat.listen(office.inbox.store))
        await until(lambda: bool(office.emulator.gateway.opens))
        for _ in range(40):
            await asyncio.sleep(0.02)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    waits = [each for each in office.waited if each >= 0.2]
    wanted = [min(0.3 * 2**step, 5.0) for step in range(len(waits))]
    assert len(waits) >= 4
    assert all(0.7 * least <= wait <= 1.3 * least for wait, least in zip(waits, wanted, strict=True))
    assert office.texts() == []


async def test_a_wrong_secret_needs_a_person_and_is_not_tried_for_ever(office: Office) -> None:
    chat = office.connector(client_secret="not-the-secret")
    with pytest.raises(NeedsAuthorization, match="AppSecret"):
        await chat.listen(office.inbox.store)
    assert len(office.emulator.gateway.opens) == 1


async def test_a_gateway_that_hangs_is_given_up_and_tried_again(office: Office) -> None:
    office.emulator.gateway.hang_opens, office.emulator.gateway.hang_seconds = 1, 0.6
    chat = office.connector(dataclasses.replace(QUICK, connect=0.2))
    async with office.listening(chat):
        assert len(office.emulator.gateway.opens) == 2


async def test_application_pings_are_echoed(office: Office) -> None:
    async with office.listening():
        line = office.emulator.gateway.lines[0]
        office.emulator.gateway.ping(line)
        await until(lambda: line.received == 1)
        assert line.ping_waiting == ""


@pytest.mark.parametrize(
    "raw",
    [
        "not json",
        "[]",
        "{}",
        '{"type": "SYSTEM", "headers": {"topic": "REGISTERED"}, "data": "{}"}',
        '{"type": "CALLBACK", "headers": 7, "data": "{}"}',
        '{"type": "SYSTEM", "headers": {"topic": "KEEPALIVE"}, "data": null}',
        "9" * 5000,
    ],
)
async def test_strange_frames_hurt_nobody(office: Office, raw: str) -> None:
    async with office.listening():
        office.emulator.gateway.raw(raw)
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: len(office.inbox.messages) == 1)
        assert len(office.emulator.gateway.opens) == 1


async def test_an_unreadable_message_is_refused_once_and_blocks_nobody(office: Office) -> None:
    async with office.listening():
        broken = office.emulator.people.body("u-zhang", "x", group=office.group)
        del broken["conversationId"]
        await office.emulator.people.push(broken)
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: len(office.inbox.messages) == 1)
        assert office.emulator.people.pushed[0].answered.is_set()


async def test_time_as_a_number_is_read_too(office: Office) -> None:
    office.emulator.switches.time_as_text = False
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: len(office.inbox.messages) == 1)


@pytest.mark.parametrize("needs_status", [True, False])
async def test_events_are_receipted_with_a_status(office: Office, needs_status: bool) -> None:
    office.emulator.switches.event_needs_status = needs_status
    async with office.listening(office.connector(events=True)):
        pushed = office.emulator.people.event("user_leave_org", {"userId": ["u-zhang"]})
        await until(lambda: pushed.done)
        office.emulator.clock.move(5)
        await asyncio.sleep(0.05)
    assert len(pushed.sent) == 1


async def test_several_connections_share_the_work_and_lose_nothing(office: Office) -> None:
    async with office.listening(office.connector(connections=3), lines=3):
        for number in range(60):
            await office.emulator.people.say("u-zhang", f"第 {number} 条", group=office.group)
        await until(lambda: all(pushed.done for pushed in office.emulator.people.pushed))
        busy = [line for line in office.emulator.gateway.lines if line.received]
    assert len(busy) == 3
    assert len(office.inbox.messages) == 60


async def test_a_burst_over_twenty_groups_keeps_the_order_of_each(office: Office) -> None:
    groups = [office.emulator.state.group(f"群{n}", "u-zhang") for n in range(20)]
    async with office.listening():
        for number in range(50):
            for group in groups:
                await office.emulator.people.say("u-zhang", str(number), group=group)
        await until(lambda: len(office.inbox.messages) == 1000, 20)
    for group in groups:
        texts = [each.text for each in office.inbox.messages if each.chat.chat_id == group]
        assert texts == [str(number) for number in range(50)]


async def test_stopping_leaves_nothing_behind(office: Office) -> None:
    before = asyncio.all_tasks()
    async with office.listening(office.connector(connections=2), lines=2):
        office.emulator.gateway.notice(office.emulator.gateway.lines[0])
        await until(lambda: len(office.emulator.gateway.lines) == 3)
    await until(lambda: not office.emulator.gateway.lines)
    await until(lambda: not {t for t in asyncio.all_tasks() - before if "stream" in repr(t.get_coro())})


@pytest.mark.parametrize("status", [401, 403])
async def test_a_ticket_opens_one_door_within_ninety_seconds(office: Office, status: int) -> None:
    office.emulator.switches.bad_ticket_status = status
    client = office.connector().client
    wanted = [{"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}]
    endpoint, used = await client.open_stream(wanted, "test")
    async with connect(f"{endpoint}?ticket={used}", proxy=None):
        await until(lambda: len(office.emulator.gateway.lines) == 1)
    _, late = await client.open_stream(wanted, "test")
    office.emulator.clock.move(91)
    for bad in (used, late, "invented"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{endpoint}?ticket={bad}", proxy=None)
        assert refused.value.response.status_code == status


async def test_a_half_open_connection_is_noticed_by_its_missing_pongs(office: Office) -> None:
    async with HalfOpen(office.port) as wall:
        office.emulator.base_url = f"http://127.0.0.1:{wall.port}"
        chat = office.connector(api_url=office.emulator.base_url)
        async with office.listening(chat):
            await office.emulator.people.say("u-zhang", "你好", group=office.group)
            await until(lambda: len(office.inbox.messages) == 1)
            wall.freeze()
            office.emulator.clock.move(20)
            await until(lambda: any("可能漏收" in text for text in office.texts()), 10)


class HalfOpen:
    """A wall between client and platform that can stop passing bytes on while every socket stays open."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._frozen = 0
        self._accepted = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def freeze(self) -> None:
        """What is open now carries nothing any more; new connections do."""
        self._frozen = self._accepted

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._accepted += 1
        number = self._accepted
        theirs, ours = await asyncio.open_connection("127.0.0.1", self._target)
        for source, sink in ((reader, ours), (theirs, writer)):
            task = asyncio.create_task(self._pass(source, sink, number))
            self._tasks.add(task)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int) -> None:
        try:
            while data := await source.read(65536):
                if number > self._frozen:
                    sink.write(data)
                    await sink.drain()
        except OSError:
            return
        finally:
            sink.close()
