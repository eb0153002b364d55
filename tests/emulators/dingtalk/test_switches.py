"""DingTalk's unconfirmed behaviours, each in both positions: what the platform does, and where it matters what we make of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from domain.chat import Reply
from domain.errors import Rejected, Unavailable
from tests.emulators.both import both
from tests.emulators.dingtalk.test_dingtalk_emulator import BATCH, Desk
from tests.integrations.dingtalk.conftest import Office, opened, refund_card, until

BOT = "/v1.0/im/bot/messages/get"


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.http.aclose()


@pytest_asyncio.fixture
async def office() -> AsyncIterator[Office]:
    async with opened() as made:
        yield made


async def repushed(office: Office, seconds: float) -> None:
    """Time passes, and the platform looks what got no receipt."""
    office.emulator.clock.move(seconds)
    office.emulator.gateway.repush()
    await asyncio.sleep(0.05)


@both("repush_bot_messages", (True, 2), (False, 1))
async def test_a_message_without_receipt_comes_once_more_or_never(office: Office, position: bool, expected: int) -> None:
    office.emulator.switches.repush_bot_messages = position
    office.inbox.broken = 1
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        (pushed,) = office.emulator.people.pushed
        await until(lambda: office.inbox.broken == 0)
        await repushed(office, 61)
        assert len(pushed.sent) == expected
        await until(lambda: len(office.inbox.messages) == expected - 1)


@both("repush_after", (60.0, 1), (10.0, 2))
async def test_after_so_many_seconds(office: Office, position: float, expected: int) -> None:
    office.emulator.switches.repush_after = position
    office.inbox.broken = 1
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: office.inbox.broken == 0)
        await repushed(office, 16)
        assert len(office.emulator.people.pushed[0].sent) == expected


@both("event_needs_status", (True, False), (False, True))
async def test_a_receipt_of_an_event_without_status_counts_or_not(desk: Desk, position: bool, expected: bool) -> None:
    """The official Python SDK's form: the event's own data. Ours carries the documented status, so it counts either way."""
    desk.emulator.switches.event_needs_status = position
    line = _line(desk)
    for data, counts in (("{}", expected), ('{"status":"SUCCESS","message":"ok"}', True)):
        pushed = desk.emulator.people.event("user_modify_org", {})
        headers = {"contentType": "application/json", "messageId": pushed.sent[0]}
        desk.emulator.gateway._receipt({"code": 200, "headers": headers, "message": "OK", "data": data}, line)
        assert pushed.done == counts


@both("event_repush_after", (3.0, 2), (60.0, 1))
async def test_an_event_without_receipt_comes_again_after_so_many_seconds(
    office: Office, position: float, expected: int
) -> None:
    office.emulator.switches.event_repush_after = position
    async with office.listening(office.connector(events=True)):
        office.emulator.gateway.lines[0].mute = True
        pushed = office.emulator.people.event("user_modify_org", {})
        await repushed(office, 4)
        assert len(pushed.sent) == expected
        office.emulator.gateway.lines[0].mute = False


@both("silent_window", (10.0, 1), (0.0, 0))
async def test_a_told_off_line_is_closed_after_a_silent_window(desk: Desk, position: float, expected: int) -> None:
    desk.emulator.switches.silent_window = position
    line = _line(desk)
    desk.emulator.gateway.notice()
    desk.emulator.clock.move(5)
    assert int(line.draining_until > desk.emulator.clock.now()) == expected


def _line(desk: Desk) -> Any:
    from emulators.dingtalk.stream import Line

    line = Line("l1", {("CALLBACK", BOT), ("EVENT", "*")}, asyncio.Queue())
    desk.emulator.gateway.lines.append(line)
    return line


@both("deliver_while_draining", (False, 0), (True, 1))
async def test_nothing_comes_over_a_told_off_line_or_it_does(desk: Desk, position: bool, expected: int) -> None:
    desk.emulator.switches.deliver_while_draining = position
    _line(desk)
    desk.emulator.gateway.notice()
    pushed = desk.emulator.gateway.push("CALLBACK", BOT, {"msgId": "1"})
    assert len(pushed.sent) == expected


@both("bad_ticket_status", (401, 401), (403, 403))
async def test_a_bad_ticket_is_refused_with_some_status(office: Office, position: int, expected: int) -> None:
    office.emulator.switches.bad_ticket_status = position
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{office.url.replace('http', 'ws')}/connect?ticket=nobody", proxy=None)
    assert refused.value.response.status_code == expected


@both(
    "missing_token_code",
    ("InvalidAuthentication", "InvalidAuthentication"),
    ("AuthenticationFailed", "AuthenticationFailed"),
)
async def test_a_missing_token_has_some_code(desk: Desk, position: str, expected: str) -> None:
    desk.emulator.switches.missing_token_code = position
    assert (await desk.call("/v1.0/robot/groupMessages/send", {}, token=""))[1]["code"] == expected


@both("ack_without_response", (True, True), (False, False))
async def test_a_receipt_without_a_response_is_taken_or_asked_for_again_and_stays_one_message(
    office: Office, position: bool, expected: bool
) -> None:
    office.emulator.switches.ack_without_response = position
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        (pushed,) = office.emulator.people.pushed
        await until(pushed.answered.is_set)
        assert pushed.done == expected
        await repushed(office, 61)
        await until(lambda: len(office.inbox.messages) == (1 if expected else 2))
        assert len({message.message_id for message in office.inbox.messages}) == 1


async def _pressed(office: Office) -> str:
    """The token that a press brings, whatever way the platform packs it."""
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        assert await office.emulator.people.click("u-zhou", ref.message_id, "同意") == "ok"
    return office.inbox.clicks[0].token


TOKEN = refund_card().buttons[0].token


@both("params_place", ("inside", TOKEN), ("beside", TOKEN))
async def test_a_presss_parameters_lie_inside_or_beside(office: Office, position: Any, expected: str) -> None:
    office.emulator.switches.params_place = position
    office.emulator.switches.click_carries = "params"
    assert await _pressed(office) == expected


@both("click_carries", ("both", TOKEN), ("ids", TOKEN), ("params", TOKEN))
async def test_a_press_brings_ids_or_parameters(office: Office, position: Any, expected: str) -> None:
    office.emulator.switches.click_carries = position
    assert await _pressed(office) == expected


@both("callback_key", ("both", TOKEN), ("content", TOKEN), ("value", TOKEN))
async def test_a_press_comes_as_content_or_as_value(office: Office, position: Any, expected: str) -> None:
    office.emulator.switches.callback_key = position
    assert await _pressed(office) == expected


@both("card_value_limit", (1024, 400), (0, 200))
async def test_a_card_value_may_have_a_kilobyte_or_any_length(desk: Desk, position: int, expected: int) -> None:
    desk.emulator.switches.card_value_limit = position
    assert (await desk.deal(cardData={"cardParamMap": {"n": "x" * 9000}}))[0] == expected


@both("string_values_only", (True, 400), (False, 200))
async def test_card_values_are_texts_or_anything(desk: Desk, position: bool, expected: int) -> None:
    desk.emulator.switches.string_values_only = position
    assert (await desk.deal(cardData={"cardParamMap": {"n": 3}}))[0] == expected


@both("response_for_clicker_only", (True, ""), (False, "已收到"))
async def test_the_answer_to_a_press_is_for_the_presser_or_for_all(office: Office, position: bool, expected: str) -> None:
    office.emulator.switches.response_for_clicker_only = position
    await _pressed(office)
    track = office.inbox.clicks[0].card_message_id
    assert "已收到" in office.view(track, "u-zhou")["tips"]
    assert expected in office.view(track, "u-zhang")["tips"]
    assert ("已收到" in office.view(track, "u-zhang")["tips"]) == bool(expected)


@both("repush_clicks", (False, 1), (True, 2))
async def test_a_press_without_receipt_comes_again_or_not(office: Office, position: bool, expected: int) -> None:
    office.emulator.switches.repush_clicks = position
    chat = office.connector()
    async with office.listening(chat):
        ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
        office.inbox.broken = 1
        pressing = asyncio.create_task(office.emulator.people.click("u-zhou", ref.message_id, "同意"))
        await until(lambda: office.inbox.broken == 0)
        await repushed(office, 61)
        assert len(office.emulator.people.pushed[-1].sent) == expected
        await until(lambda: len(office.inbox.clicks) == expected - 1)
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)


@both("dtmd_reaches_robot", (False, ["同意 A18"]), (True, ["同意 A17", "同意 A18"]))
async def test_a_posted_command_without_mention_reaches_the_robot_or_not(
    office: Office, position: bool, expected: list[str]
) -> None:
    office.emulator.switches.dtmd_reaches_robot = position
    async with office.listening():
        await office.emulator.people.say("u-zhang", "同意 A17", group=office.group, at_bot=False)
        await office.emulator.people.say("u-zhang", "同意 A18", group=office.group)
        await until(lambda: len(office.inbox.messages) >= len(expected))
    assert [message.text.strip() for message in office.inbox.messages] == expected


@both("throttle_code", (130101, 130101), (410100, 410100))
async def test_both_codes_of_a_throttled_custom_robot_mean_wait(office: Office, position: int, expected: int) -> None:
    office.emulator.switches.throttle_code = position
    token = office.emulator.state.custom_robot(office.group)
    office.emulator.state.custom[token].blocked_until = office.emulator.clock.now() + 600
    chat = office.connector(webhooks={"alerts": {"token": token}})
    robot = chat.settings.webhook("alerts")
    assert robot is not None
    with pytest.raises(Unavailable) as told:
        await chat.client.webhook_send(robot, {"msgtype": "text", "text": {"content": "x"}})
    assert told.value.retry_after == 600
    assert office.emulator.journal.calls("webhook")[-1].answer["errcode"] == expected


@both("throttle_block", (600.0, 130101), (60.0, 0))
async def test_a_throttled_custom_robot_is_mute_for_so_long(desk: Desk, position: float, expected: int) -> None:
    desk.emulator.switches.throttle_block = position
    token = desk.state.custom_robot(desk.group)
    for _ in range(21):
        await desk.webhook(token)
    desk.emulator.clock.move(61)
    assert (await desk.webhook(token))["errcode"] == expected


@both("session_counts", (True, 1), (False, 0))
async def test_whether_a_reply_address_is_billed(desk: Desk, position: bool, expected: int) -> None:
    desk.emulator.switches.session_counts = position
    path = "/robot/sendBySession?session=" + desk.state.session(desk.group)[0]
    await desk.http.post(path, json={"msgtype": "text", "text": {"content": "hi"}})
    assert desk.state.quota.messages == expected


@both("session_per_minute", (0, 0), (1, 130101))
async def test_the_pace_of_a_reply_address(desk: Desk, position: int, expected: int) -> None:
    desk.emulator.switches.session_per_minute = position
    path = "/robot/sendBySession?session=" + desk.state.session(desk.group)[0]
    say = {"msgtype": "text", "text": {"content": "hi"}}
    await desk.http.post(path, json=say)
    assert (await desk.http.post(path, json=say)).json()["errcode"] == expected


@both("group_per_minute", (0, None), (2, "send.too.fast"))
async def test_a_groups_own_pace(desk: Desk, position: int, expected: str | None) -> None:
    desk.emulator.switches.group_per_minute = position
    answers = [await desk.send() for _ in range(3)]
    assert answers[-1][1].get("code") == expected


@both("batch_users", (20, 400), (100, 200))
async def test_the_number_of_people_at_once(desk: Desk, position: int, expected: int) -> None:
    desk.emulator.switches.batch_users = position
    users = [desk.state.user(f"p{n}", "x") for n in range(21)]
    body = {"robotCode": desk.state.robot_code, "userIds": users, "msgKey": "sampleText", "msgParam": '{"content":"x"}'}
    assert (await desk.call(BATCH, body))[0] == expected


@both("published", (True, "u-zhang"), (False, "$:LWCP"))
async def test_before_publishing_people_have_no_staff_id(office: Office, position: bool, expected: str) -> None:
    office.emulator.switches.published = position
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: bool(office.inbox.messages))
        assert office.inbox.messages[0].sender.user_id.startswith(expected)


@both("time_as_text", (True, str), (False, int))
async def test_the_stamp_of_a_frame_is_text_or_number(office: Office, position: bool, expected: type) -> None:
    office.emulator.switches.time_as_text = position
    line = type("L", (), {"ident": "x"})()
    assert isinstance(office.emulator.gateway._frame("CALLBACK", BOT, "{}", {}, line)["headers"]["time"], expected)
    async with office.listening():
        await office.emulator.people.say("u-zhang", "在吗", group=office.group)
        await until(lambda: bool(office.inbox.messages))


@both("app_pings", (0.0, 0), (0.05, 1))
async def test_the_platform_pings_by_itself_or_not(office: Office, position: float, expected: int) -> None:
    office.emulator.switches.app_pings = position
    async with office.listening():
        line = office.emulator.gateway.lines[0]
        await asyncio.sleep(0.25)
        assert min(line.received, 1) == expected
        assert office.emulator.gateway.lines == [line]


# --- what the rest of the checklist asks for --------------------------------------------------------------------------


async def test_pushes_that_overtake_each_other_all_arrive(office: Office) -> None:
    async with office.listening():
        office.emulator.gateway.hold = 3
        for text in ("一", "二", "三"):
            await office.emulator.people.say("u-zhang", text, group=office.group)
        await until(lambda: len(office.inbox.messages) == 3)
    assert [message.text for message in office.inbox.messages] == ["三", "二", "一"]


async def test_a_person_who_is_passed_over_is_no_success(office: Office) -> None:
    office.emulator.state.flow_controlled.add("u-zhang")
    with pytest.raises(Unavailable):
        await office.connector().client.person_send("u-zhang", "sampleText", {"content": "x"})


@pytest.mark.parametrize("fault", ["unsafe-link", "unsafe-text", "unsafe-picture", "unsafe-content", "disbanded"])
async def test_what_the_old_side_refuses_is_told_with_its_reason(office: Office, fault: str) -> None:
    token = office.emulator.state.custom_robot(office.group)
    chat = office.connector(webhooks={"alerts": {"token": token}})
    office.emulator.faults.plan(fault, "webhook")
    robot = chat.settings.webhook("alerts")
    assert robot is not None
    with pytest.raises(Rejected) as told:
        await chat.client.webhook_send(robot, {"msgtype": "text", "text": {"content": "x"}})
    assert told.value.reason


@pytest.mark.parametrize("fault", ["old-qps", "old-busy"])
async def test_what_the_old_side_postpones_may_be_tried_again(office: Office, fault: str) -> None:
    token = office.emulator.state.custom_robot(office.group)
    chat = office.connector(webhooks={"alerts": {"token": token}})
    office.emulator.faults.plan(fault, "webhook")
    robot = chat.settings.webhook("alerts")
    assert robot is not None
    with pytest.raises(Unavailable):
        await chat.client.webhook_send(robot, {"msgtype": "text", "text": {"content": "x"}})
