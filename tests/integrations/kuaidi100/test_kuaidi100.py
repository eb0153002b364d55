"""kuaidi100's vectors, mapping, guard and pushes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from domain.errors import BadInput, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from domain.order import Track, TrackStage
from domain.ports import Poison, QueriesTracks, ReceivesPushes, SubscribesTracks
from emulators.kuaidi100 import Switches
from emulators.kuaidi100.pushes import REPLY, push_signature
from integrations import kuaidi100, registry
from integrations.kuaidi100 import wire
from tests.conformance.harness_kuaidi100 import SALT, Kuaidi100Harness, harness, request_of

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
HOUR = 3600
URL = "https://bot.example/push/kuaidi100/all"
Make = Callable[..., Kuaidi100Harness]


@pytest_asyncio.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Kuaidi100Harness] = []

    def fresh(*given: Any, **settings: Any) -> Kuaidi100Harness:
        made.append(harness(*given, **settings))
        return made[-1]

    yield fresh
    for each in made:
        await each.aclose()


@pytest.fixture
def desk(make: Make) -> Kuaidi100Harness:
    return make()


def read(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def mapped(kind: str, payload: Any) -> list[Any]:
    return kuaidi100.canonical(kind, payload, shop="", now=NOW)


def asked(desk: Kuaidi100Harness) -> int:
    return len(desk.emulator.journal.calls("query"))


# --- wire ---


def test_the_published_vectors() -> None:
    query = '{"com":"yuantong","num":"YT9693083639795","phone":"","resultv2":"4"}'
    assert wire.query_sign(query, "testkey00", "TESTCUSTOMER0000") == "397D2DB8A7C6131B9CC33367B2B36B14"
    push = '{"status":"polling","message":"","lastResult":{"state":"3","nu":"YT9693083639795","com":"yuantong"}}'
    assert wire.push_sign(push, SALT) == "F7CD57E3D2CCF7E176F2A9BEE7AD80A1"
    assert push_signature(push, SALT) == "F7CD57E3D2CCF7E176F2A9BEE7AD80A1"


def test_the_parameter_is_compact_and_keeps_chinese() -> None:
    assert wire.compact({"num": "单", "a": 1}) == '{"num":"单","a":1}'


def test_our_carriers_have_a_name_there_and_come_back() -> None:
    assert {
        code: wire.ours(wire.theirs(code)) for code in ("sf", "zto", "sto", "yto", "yunda", "jt", "jd", "deppon", "ems")
    } == {code: code for code in ("sf", "zto", "sto", "yto", "yunda", "jt", "jd", "deppon", "ems")}
    assert wire.theirs("somebody") == "somebody"


# --- mapping ---


def test_an_answer_becomes_a_history_oldest_first_in_utc() -> None:
    [track] = mapped("track", read("query.json"))
    assert [event.stage for event in track.events] == [
        TrackStage.PICKED_UP,
        TrackStage.IN_TRANSIT,
        TrackStage.OUT_FOR_DELIVERY,
        TrackStage.DELIVERED,
    ]
    assert track.events[-1].at == datetime(2026, 11, 20, 2, 5, tzinfo=UTC)
    assert (track.stage, track.carrier, track.closed, track.fetched_at) == (TrackStage.DELIVERED, "yto", True, NOW)


def test_a_push_corrects_the_carrier() -> None:
    [track] = mapped("push", read("push_corrected.json"))
    assert (track.waybill, track.carrier, track.corrected_carrier) == ("EM263999513JP", "ems", "ems")
    assert (track.stage, track.closed, len(track.events)) == (TrackStage.IN_TRANSIT, False, 2)
    param = json.dumps(read("push_corrected.json"))
    assert mapped("push", {"param": param, "sign": "X"}) == [track]
    assert mapped("push", [read("push_corrected.json")] * 2) == [track, track]


def test_a_scan_told_twice_is_one_scan() -> None:
    answer = read("query.json")
    again = {**answer["data"][1], "context": "正在 派件"}
    [track] = mapped("track", {**answer, "data": [*answer["data"], again]})
    assert len(track.events) == 4


@pytest.mark.parametrize(("state", "stage"), sorted(wire.STATE.items()) + sorted(wire.SUB_STATE.items()))
def test_every_documented_state_of_the_parcel_is_read(state: str, stage: TrackStage) -> None:
    [track] = mapped("track", {**read("query.json"), "state": state})
    assert track.stage is stage


def test_an_unknown_state_falls_back_to_the_newest_scan() -> None:
    [track] = mapped("track", {**read("query.json"), "state": "987"})
    assert track.stage is TrackStage.DELIVERED


def test_in_transit_gives_way_to_a_locker() -> None:
    data = [{"time": "2026-11-20 10:05:00", "context": "丰巢", "statusCode": "501"}]
    [track] = mapped("track", {"nu": "YT1", "com": "yuantong", "state": "0", "status": "200", "data": data})
    assert track.stage is TrackStage.AT_PICKUP_POINT


def test_the_destination_carrier_s_scans_are_part_of_the_history() -> None:
    push = read("push_corrected.json")
    abroad = {"nu": "EM263999513JP", "com": "japanposten", "data": [{"time": "2026-11-19 10:00:00", "context": "arrived"}]}
    [track] = mapped("push", {**push, "destResult": abroad})
    assert [event.text for event in track.events][-1] == "arrived"


@pytest.mark.parametrize("data", ["x", [3], [{"context": "a"}], [{"time": "gestern", "context": "a"}], [{"time": 5}]])
def test_a_broken_history_is_set_aside_without_names(data: Any) -> None:
    broken = {**read("push_corrected.json")}
    broken["lastResult"] = {**broken["lastResult"], "data": data, "courier": "张三丰 13912345678"}
    [poison] = mapped("push", broken)
    assert isinstance(poison, Poison)
    assert poison.ref == "EM263999513JP"
    assert "13912345678" not in poison.raw + poison.reason


@pytest.mark.parametrize("payload", [3, "x", {}, {"nu": None, "x": 1}.keys(), [[]], {"result": False, "returnCode": "503"}])
def test_what_is_not_kuaidi100_s_is_refused(payload: Any) -> None:
    with pytest.raises(BadInput):
        mapped("track", payload)


def test_no_result_is_an_empty_list() -> None:
    assert mapped("track", {"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"}) == []


# --- asking ---


async def test_the_connector_is_what_it_says(desk: Kuaidi100Harness) -> None:
    assert isinstance(desk.connector, QueriesTracks)
    assert isinstance(desk.connector, SubscribesTracks)
    assert isinstance(desk.connector, ReceivesPushes)


async def test_a_number_is_asked_for_once_in_half_an_hour_and_the_age_is_told(desk: Kuaidi100Harness) -> None:
    number = desk.emulator.hand_in(story="delivered")
    desk.move(5 * HOUR)
    first = await desk.connector.track(number, "yto")
    desk.move(29 * 60)
    assert await desk.connector.track(number, "yto") is first
    assert asked(desk) == 1
    desk.move(61)
    fresh = await desk.connector.track(number, "yto")
    assert asked(desk) == 2
    assert fresh.fetched_at - first.fetched_at == timedelta(seconds=30 * 60 + 1)
    assert not desk.emulator.state.parcels[number].locked


async def test_many_askers_share_one_question(desk: Kuaidi100Harness) -> None:
    number = desk.emulator.hand_in(start=desk.clock.now().timestamp() - 5 * HOUR)
    tracks = await asyncio.gather(*(desk.connector.track(number, "yto") for _ in range(20)))
    assert asked(desk) == 1
    assert len(set(map(id, tracks))) == 1


async def test_asking_past_the_guard_would_lock_the_number(make: Make) -> None:
    desk = make(guard_minutes=0)
    number = desk.emulator.hand_in(start=desk.clock.now().timestamp() - HOUR)
    await desk.connector.track(number, "yto")
    with pytest.raises(Rejected, match="锁定"):
        await desk.connector.track(number, "yto")
    assert desk.emulator.state.parcels[number].locked


async def test_nothing_yet_is_none_and_is_not_asked_again_at_once(desk: Kuaidi100Harness) -> None:
    number = desk.emulator.hand_in(start=desk.clock.now().timestamp() + HOUR)
    assert await desk.connector.track(number, "yto") is None
    assert await desk.connector.track(number, "yto") is None
    assert asked(desk) == 1
    desk.move(2 * HOUR)
    assert (await desk.connector.track(number, "yto")).stage is TrackStage.CREATED


async def test_after_a_lost_answer_the_number_rests(desk: Kuaidi100Harness) -> None:
    number = desk.emulator.hand_in(start=desk.clock.now().timestamp() - HOUR)
    desk.fault("lost_after", "query")
    with pytest.raises(Unavailable):
        await desk.connector.track(number, "yto")
    with pytest.raises(Unavailable) as waiting:
        await desk.connector.track(number, "yto")
    assert waiting.value.retry_after == 1800
    assert asked(desk) == 1


async def test_an_older_answer_is_given_while_the_service_is_down(desk: Kuaidi100Harness) -> None:
    number = desk.emulator.hand_in(start=desk.clock.now().timestamp() - HOUR)
    first = await desk.connector.track(number, "yto")
    desk.move(31 * 60)
    desk.fault("down", "query")
    with pytest.raises(Unavailable):
        await desk.connector.track(number, "yto")
    assert await desk.connector.track(number, "yto") is first


@pytest.mark.parametrize("count", [True, False])
async def test_a_wrong_phone_is_said_and_a_right_one_may_follow(make: Make, count: bool) -> None:
    desk = make(Switches(refusals_count=count), ask_again_with_phone=not count)
    number = desk.emulator.hand_in("SF1234567890123", "shunfeng", phone="5678", start=desk.clock.now().timestamp() - HOUR)
    with pytest.raises(Rejected, match="手机号后四位") as refused:
        await desk.connector.track(number, "sf", phone_tail="0000")
    assert refused.value.code == "408"
    with pytest.raises(Rejected):
        await desk.connector.track(number, "sf", phone_tail="0000")
    assert asked(desk) == 1
    desk.move(31 * 60 if count else 0)
    track = await desk.connector.track(number, "sf", phone_tail="5678")
    assert track.stage is TrackStage.CREATED
    assert not desk.emulator.state.parcels[number].locked


@pytest.mark.parametrize(
    ("fault", "error"), [("sign", NeedsAuthorization), ("expired-key", NeedsAuthorization), ("server", Unavailable)]
)
async def test_answer_codes_have_our_names(desk: Kuaidi100Harness, fault: str, error: type[Exception]) -> None:
    number, carrier = desk.add_track()
    desk.emulator.faults.plan(fault, "query")
    with pytest.raises(error):
        await desk.connector.track(number, carrier)


async def test_an_answer_without_a_parcel_is_broken(desk: Kuaidi100Harness) -> None:
    number, carrier = desk.add_track()
    desk.fault("empty", "query")
    with pytest.raises(ProtocolBroken):
        await desk.connector.track(number, carrier)


async def test_a_closed_port_is_not_a_question(make: Make) -> None:
    desk = make()
    number, carrier = desk.add_track()
    dead = kuaidi100.build(
        kuaidi100.Settings(customer="c", key="k", salt="s", base_url="http://127.0.0.1:9"),
        registry.manifests()["kuaidi100"],
        clock=desk.clock,
        sleep=desk.sleep,
    )
    for _ in range(2):
        with pytest.raises(Unavailable, match="no connection"):
            await dead.track(number, carrier)
    await dead.aclose()


@pytest.mark.parametrize(
    ("story", "hours", "stage"),
    [
        ("delivered", 30, TrackStage.DELIVERED),
        ("locker", 28, TrackStage.AT_PICKUP_POINT),
        ("stalled", 72, TrackStage.IN_TRANSIT),
        ("returned", 30, TrackStage.RETURNING),
        ("returned", 61, TrackStage.RETURNED),
        ("rejected", 29, TrackStage.REJECTED),
    ],
)
@pytest.mark.parametrize("signed", ["3", "301"])
async def test_stories_end_as_told(make: Make, story: str, hours: int, stage: TrackStage, signed: str) -> None:
    desk = make(Switches(signed_state=signed))
    number = desk.emulator.hand_in(story=story)
    desk.move(hours * HOUR)
    assert (await desk.connector.track(number, "yto")).stage is stage


# --- subscribing, being told ---


async def answer_with(desk: Kuaidi100Harness, got: list[Track], reply: bytes | None = None) -> None:
    async def post(_: str, __: dict[str, str], body: bytes) -> tuple[int, bytes]:
        receipt = desk.connector.receive(request_of(body, desk))
        for event in receipt.events:
            got.extend(await desk.connector.resolve(event))
        return receipt.status, receipt.body if reply is None else reply

    desk.emulator.pushes.post = post


async def subscribed(desk: Kuaidi100Harness, number: str, carrier: str = "yto") -> None:
    await desk.connector.subscribe(number, carrier, callback_url=URL, salt="")


async def test_a_subscribed_parcel_is_told_of_until_it_is_signed(desk: Kuaidi100Harness) -> None:
    got: list[Track] = []
    await answer_with(desk, got)
    number = desk.emulator.hand_in(story="delivered")
    await subscribed(desk, number)
    await subscribed(desk, number)  # "subscribed already" is fine
    for _ in range(40):
        desk.move(HOUR)
        await desk.emulator.pushes.deliver()
    assert [track.stage for track in got][-1] is TrackStage.DELIVERED
    assert [track.closed for track in got] == [False] * (len(got) - 1) + [True]
    assert [len(track.events) for track in got] == [1, 2, 3, 4, 5, 6]
    assert (await desk.connector.track(number, "yto")).closed  # a push may have brought news, the question is asked anew
    assert len(desk.emulator.journal.effects("subscribe")) == 1


async def test_a_reply_that_is_not_exact_brings_the_push_again_after_half_an_hour(desk: Kuaidi100Harness) -> None:
    got: list[Track] = []
    await answer_with(desk, got, b'{"result":true}')
    number = desk.emulator.hand_in(story="stalled", start=desk.clock.now().timestamp() - 10 * HOUR)
    await subscribed(desk, number)
    for _ in range(20):
        await desk.emulator.pushes.deliver()
        desk.move(600)
    assert len(got) == 4
    assert json.loads(wire.ACKNOWLEDGEMENT) == REPLY


@pytest.mark.parametrize("other_letters", [True, False])
async def test_a_push_that_comes_again_changes_nothing(make: Make, other_letters: bool) -> None:
    desk = make(Switches(new_dedupe=other_letters))
    got: list[Track] = []
    await answer_with(desk, got, b"no")
    await subscribed(desk, desk.emulator.hand_in(story="stalled", start=desk.clock.now().timestamp() - 10 * HOUR))
    await desk.emulator.pushes.deliver()
    desk.move(1801)
    await desk.emulator.pushes.deliver()
    assert got[0].events == got[1].events


async def test_a_parcel_nobody_ever_saw_is_given_up_and_may_be_asked_for_later(desk: Kuaidi100Harness) -> None:
    got: list[Track] = []
    await answer_with(desk, got)
    number = desk.emulator.hand_in(story="silent")
    await subscribed(desk, number)
    desk.move(73 * HOUR)
    await desk.emulator.pushes.deliver()
    [ended] = got
    assert (ended.closed, ended.events) == (True, ())
    with pytest.raises(Unavailable) as early:
        await subscribed(desk, number)
    assert early.value.retry_after == 1800
    desk.move(1801)
    await subscribed(desk, number)
    assert len(desk.emulator.journal.effects("subscribe")) == 2


async def test_a_wrongly_named_carrier_is_corrected(desk: Kuaidi100Harness) -> None:
    got: list[Track] = []
    await answer_with(desk, got)
    number = desk.emulator.hand_in("YT0000000000077", "zhongtong", story="corrected", named="yuantong")
    await subscribed(desk, number)
    desk.move(5 * HOUR)
    await desk.emulator.pushes.deliver()
    assert [(track.carrier, track.corrected_carrier) for track in got] == [("zto", "zto")]


async def test_refusals_of_a_subscription_carry_the_reason(desk: Kuaidi100Harness) -> None:
    with pytest.raises(Rejected, match="单号不符合规则"):
        await subscribed(desk, "!!!")
    with pytest.raises(Rejected, match="拒绝订阅"):
        await subscribed(desk, "YT1234567890123", "teleport")
    with pytest.raises(Rejected, match="回调地址"):
        await desk.connector.subscribe("YT1234567890123", "yto", callback_url="ftp://x", salt="")
    with pytest.raises(BadInput, match="salt"):
        await desk.connector.subscribe("YT1234567890123", "yto", callback_url=URL, salt="what nobody can verify")
    desk.fault("lost_after", "subscribe")
    with pytest.raises(OutcomeUnknown):
        await subscribed(desk, "YT1234567890123")


async def test_a_push_signed_with_the_former_salt_is_taken_while_it_is_changed(make: Make) -> None:
    desk = make(salt="new-salt", old_salt=SALT)
    param = json.dumps(read("push_corrected.json"))
    body = urlencode({"param": param, "sign": push_signature(param, SALT)}).encode()
    assert len(desk.connector.receive(request_of(body, desk)).events) == 1


async def test_a_broken_stored_push_goes_to_quarantine(desk: Kuaidi100Harness) -> None:
    push = {**read("push_corrected.json"), "status": "exploded"}
    param = json.dumps(push)
    body = urlencode({"param": param, "sign": push_signature(param, SALT)}).encode()
    [event] = desk.connector.receive(request_of(body, desk)).events
    [poison] = await desk.connector.resolve(event)
    assert isinstance(poison, Poison)
