"""HTTP mode through our real server routes: signed callbacks stored and answered to the byte; forged ones change nothing."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.chat import Click, Message, Reply
from domain.errors import BadInput, Forged
from domain.ports import ChatReceipt, RawRequest
from integrations.dingtalk import DingTalkChat
from tests.integrations.dingtalk.conftest import Office, refund_card
from tests.integrations.dingtalk.test_wire import V1, V3

HTTP: dict[str, Any] = {
    "mode": "http",
    "card_callback": "http",
    "card_route": "xiaodan",
    "card_secret": "card-secret",
    "event_token": "123456",
    "event_aes_key": "4g5j64qlyl3zvetqxz5jiocdr586fn2zvjpa8zls3ij",
}


class Wall:
    """Plays our server's side of the HTTP door without a socket: what came in, what was answered."""

    def __init__(self, office: Office, chat: DingTalkChat) -> None:
        self.office, self.chat = office, chat
        self.seen: list[RawRequest] = []
        self.receipts: list[ChatReceipt] = []
        office.emulator.people.hooks.post = self.post
        office.emulator.people.hooks.robot_url = "https://desk.example/chat/dingtalk"

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        _, _, query = url.partition("?")
        asked = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        lower = {name.lower(): value for name, value in headers.items()}
        request = RawRequest("POST", "/chat/dingtalk", asked, lower, body, self.office.clock.now())
        self.seen.append(request)
        try:
            receipt = self.chat.receive(request)
        except Forged:
            return 401, b""
        except BadInput:
            return 400, b""
        self.receipts.append(receipt)
        return receipt.status, receipt.body


@pytest.fixture
def wall(office: Office) -> Wall:
    return Wall(office, office.connector(**HTTP))


async def test_a_signed_message_is_taken_and_answered_with_silence(office: Office, wall: Wall) -> None:
    await office.emulator.people.say("u-zhang", "6920 到哪了", group=office.group)
    assert office.emulator.people.answers == [(200, b'{"msgtype":"empty"}')]
    [message] = wall.receipts[0].incoming
    assert isinstance(message, Message)
    assert message.text == "6920 到哪了"


@pytest.mark.parametrize(("secret", "age"), [("another-secret", 0), ("", 3661), ("", -3661)])
async def test_forged_and_old_messages_change_nothing(office: Office, wall: Wall, secret: str, age: float) -> None:
    body = office.emulator.people.body("u-zhang", "退款", group=office.group)
    status, _ = await office.emulator.people.callback(body, secret=secret, age=age)
    assert status == 401
    assert wall.receipts == []


async def test_a_message_inside_the_hour_is_taken(office: Office, wall: Wall) -> None:
    body = office.emulator.people.body("u-zhang", "在吗", group=office.group)
    assert (await office.emulator.people.callback(body, age=3500))[0] == 200


async def test_a_replayed_message_keeps_its_name(office: Office, wall: Wall) -> None:
    await office.emulator.people.say("u-zhang", "在吗", group=office.group)
    again = wall.chat.receive(wall.seen[0])
    [first], [second] = wall.receipts[0].incoming, again.incoming
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert first.message_id == second.message_id


@pytest.mark.parametrize(
    "headers", [{}, {"timestamp": "x", "sign": "y"}, {"timestamp": "１２３", "sign": "é"}, {"sign": ""}]
)
def test_unsigned_requests_are_forged(office: Office, headers: dict[str, str]) -> None:
    chat = office.connector(**HTTP)
    with pytest.raises(Forged):
        chat.receive(RawRequest("POST", "/", {}, headers, b"{}", office.clock.now()))


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{", b"[" * 50_000])
async def test_signed_rubbish_is_unreadable_not_a_crash(office: Office, wall: Wall, body: bytes) -> None:
    await office.emulator.people.say("u-zhang", "在吗", group=office.group)
    with pytest.raises(BadInput):
        wall.chat.receive(dataclasses.replace(wall.seen[0], body=body))


# --- presses ---


async def test_a_press_is_verified_taken_and_answered_for_the_clicker(office: Office, wall: Wall) -> None:
    chat = wall.chat
    await chat.client.register_card_route("https://desk.example/chat/dingtalk")
    ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
    assert await office.emulator.people.click("u-zhou", ref.message_id, "同意") == "ok"
    [click] = wall.receipts[0].incoming
    assert isinstance(click, Click)
    assert click.sender.user_id == "u-zhou"
    assert "已收到" in office.view(ref.message_id, "u-zhou")["tips"]
    assert "已收到" not in office.view(ref.message_id, "u-zhang")["tips"]


@pytest.mark.parametrize("how", ["signature", "old", "missing"])
async def test_a_forged_press_does_nothing(office: Office, wall: Wall, how: str) -> None:
    chat = wall.chat
    await chat.client.register_card_route("https://desk.example/chat/dingtalk")
    ref = await chat.send(office.ref(), Reply("退款", card=refund_card()), key="a")
    await office.emulator.people.click("u-zhou", ref.message_id, "同意")
    request = wall.seen[-1]
    if how == "signature":
        request = dataclasses.replace(request, headers={**request.headers, "x-ddpaas-signature": "AAAA"})
    elif how == "old":
        request = dataclasses.replace(request, received_at=request.received_at + timedelta(minutes=6))
    else:
        request = dataclasses.replace(request, headers={})
    with pytest.raises(Forged):
        chat.receive(request)


async def test_without_a_card_secret_no_press_is_believed(office: Office) -> None:
    chat = office.connector()
    headers = {"x-ddpaas-signature": "x", "x-ddpaas-signature-timestamp": "1"}
    with pytest.raises(Forged):
        chat.receive(RawRequest("POST", "/", {}, headers, b"{}", office.clock.now()))


# --- events ---


async def test_a_sealed_event_is_answered_with_a_sealed_success(office: Office, wall: Wall) -> None:
    office.emulator.people.hooks.event_url = "https://desk.example/chat/dingtalk"
    assert await office.emulator.people.sealed_event({"EventType": "user_leave_org", "UserId": ["汉字"]}) == (200, "success")


@pytest.mark.parametrize(("owner", "spoil"), [("another", ""), ("", "signature"), ("", "body")])
async def test_a_damaged_or_foreign_event_is_refused(office: Office, wall: Wall, owner: str, spoil: str) -> None:
    office.emulator.people.hooks.event_url = "https://desk.example/chat/dingtalk"
    assert await office.emulator.people.sealed_event({"EventType": "x"}, owner=owner, spoil=spoil) == (401, "")


async def test_an_old_event_is_receipted_without_effect_and_an_address_check_is_answered(
    office: Office,
) -> None:
    chat = office.connector(
        **{**HTTP, "event_token": "mryue", "event_aes_key": "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7"},
        event_owner="ding6ccabc44d2c8d38b",
    )
    for spelling in ("timestamp", "timeStamp"):
        query = {"signature": "03044561471240d4a14bb09372dfcfd4fd0e40cb", spelling: "1608001896814", "nonce": "WL4PK6yA"}
        request = RawRequest("POST", "/", query, {}, json.dumps({"encrypt": V3}).encode(), office.clock.now())
        assert set(json.loads(chat.receive(request).body)) == {"msg_signature", "encrypt", "timeStamp", "nonce"}
    crypto = chat.arrivals._door._crypto
    assert crypto is not None
    sealed = crypto.seal('{"EventType":"user_leave_org"}')
    query = {"signature": crypto.sign("1608001896814", "n", sealed), "timestamp": "1608001896814", "nonce": "n"}
    request = RawRequest("POST", "/", query, {}, json.dumps({"encrypt": sealed}).encode(), office.clock.now())
    with capture_logs() as logged:
        told = json.loads(chat.receive(request).body)
    assert crypto.open(told["msg_signature"], told["timeStamp"], told["nonce"], told["encrypt"]) == "success"
    assert [entry["event"] for entry in logged] == ["event.stale"]


V2 = "YvkvaGe4hQxd3VxRmEty0dVlnCOAqwf56xwTRHDHoOURqhalbmBJQk5FNcRk42Gl5T0YQXZNwpwWSm1xAFJ5ZA=="
V4 = "X1VSe9cTJUMZu60d3kyLYTrBq5578ZRJtteU94wG0Q4Uk6E/wQYeJRIC0/UFW5Wkya1Ihz9oXAdLlyC9TRaqsQ=="


@pytest.mark.parametrize(
    ("keys", "query", "sealed"),
    [
        (
            ("123456", "1234567890123456789012345678901234567890123", "dingsnotzck6pm5veliw"),
            ("9a95a004dd16f5c307e849b994173f76aa26e5eb", "1614767836", "A7Co0cJLMzIDtMMI"),
            V2,
        ),
        (
            ("tokenxxxx", "o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus", "dingxxxxxx"),
            ("f36f4ba5337d426c7d4bca0dbcb06b3ddc1388fc", "1605695694141", "WelUQl6bCqcBa2fM"),
            V4,
        ),
    ],
    ids=["V2", "V4"],
)
def test_published_vectors_that_hold_no_event_are_receipted(office: Office, keys: Any, query: Any, sealed: str) -> None:
    chat = office.connector(event_token=keys[0], event_aes_key=keys[1], event_owner=keys[2])
    asked = dict(zip(("msg_signature", "timestamp", "nonce"), query, strict=True))
    request = RawRequest("POST", "/", asked, {}, json.dumps({"encrypt": sealed}).encode(), office.clock.now())
    receipt = chat.receive(request)
    assert (receipt.status, receipt.incoming) == (200, ())
    with pytest.raises(Forged):
        chat.receive(dataclasses.replace(request, query={**asked, "nonce": "other"}))


def test_an_old_suites_check_is_answered_with_its_random_word(office: Office) -> None:
    chat = office.connector(**HTTP, event_owner="suite4xxxxxxxxxxxxxxx")
    query = {"signature": "5a65ceeef9aab2d149439f82dc191dd6c5cbe2c0", "timestamp": "1445827045067", "nonce": "nEXhMP4r"}
    request = RawRequest("POST", "/", query, {}, json.dumps({"encrypt": V1}).encode(), office.clock.now())
    told = json.loads(chat.receive(request).body)
    crypto = chat.arrivals._door._crypto
    assert crypto is not None
    assert crypto.open(told["msg_signature"], told["timeStamp"], told["nonce"], told["encrypt"]) == "LPIdSnlF"


def test_events_without_a_token_of_ours_are_forged(office: Office) -> None:
    with pytest.raises(Forged):
        office.connector().receive(
            RawRequest("POST", "/", {"signature": "x"}, {}, b'{"encrypt":"AAAA"}', office.clock.now())
        )
