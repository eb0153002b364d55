"""The emulated DingTalk refuses what the real one refuses; each unconfirmed behaviour can be had both ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from emulators.dingtalk import DingTalkEmulator, Switches, signing
from emulators.kit import EmulatorClock

GROUP_SEND = "/v1.0/robot/groupMessages/send"
BATCH = "/v1.0/robot/oToMessages/batchSend"
CARDS = "/v1.0/card/instances"
OPEN = "/v1.0/gateway/connections/open"
TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"
JSON = {"accept": "application/json"}


class Desk:
    """An emulator with one group, and plain HTTP calls in the platform's own words."""

    def __init__(self) -> None:
        self.emulator = DingTalkEmulator(clock=EmulatorClock(1_800_000_000.0))
        self.state = self.emulator.state
        for user, nick in (("u1", "张明"), ("u2", "周会计")):
            self.state.user(user, nick)
        self.group = self.state.group("订单群", "u1", "u2")
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.emulator), base_url="http://ding.test")

    async def token(self) -> str:
        body = {"appKey": self.emulator.client_id, "appSecret": self.emulator.client_secret}
        answer = (await self.http.post("/v1.0/oauth2/accessToken", json=body)).json()
        assert set(answer) == {"accessToken", "expireIn"}
        return str(answer["accessToken"])

    async def call(
        self, path: str, body: Any, *, method: str = "POST", token: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        wanted = await self.token() if token is None else token
        headers = {"x-acs-dingtalk-access-token": wanted} if wanted else {}
        answer = await self.http.request(method, path, json=body, headers=headers)
        return answer.status_code, answer.json()

    async def send(self, **changes: Any) -> tuple[int, dict[str, Any]]:
        body = {
            "robotCode": self.state.robot_code,
            "openConversationId": self.group,
            "msgKey": "sampleText",
            "msgParam": json.dumps({"content": "hi"}),
        }
        return await self.call(GROUP_SEND, {**body, **changes})

    def card(self, track: str = "t1", **changes: Any) -> dict[str, Any]:
        buttons = [{"text": "同意", "id": "yes", "request": True, "params": {"t": "tok"}}, {"text": "看", "id": "look"}]
        params = {"title": "退款", "markdown": "x", "tips": "", "sys_full_json_obj": json.dumps({"msgButtons": buttons})}
        body: dict[str, Any] = {
            "cardTemplateId": TEMPLATE,
            "outTrackId": track,
            "callbackType": "STREAM",
            "cardData": {"cardParamMap": params},
            "openSpaceId": f"dtv1.card//IM_GROUP.{self.group}",
            "imGroupOpenSpaceModel": {"supportForward": False},
            "imGroupOpenDeliverModel": {"robotCode": self.state.robot_code},
        }
        return {**body, **changes}

    async def deal(self, **changes: Any) -> tuple[int, dict[str, Any]]:
        return await self.call(f"{CARDS}/createAndDeliver", self.card(**changes))

    async def webhook(
        self, token: str, text: str = "hi", *, secret: str = "", age: float = 0, **more: Any
    ) -> dict[str, Any]:
        query = f"access_token={token}"
        if secret:
            stamp = str(int((self.emulator.clock.now() - age) * 1000))
            query += f"&timestamp={stamp}&sign={quote(signing.robot(stamp, secret), safe='')}"
        body = {"msgtype": "text", "text": {"content": text}, **more}
        answer: dict[str, Any] = (await self.http.post(f"/robot/send?{query}", json=body)).json()
        return answer


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.http.aclose()


# --- tokens and the gate ---


async def test_a_token_is_the_same_inside_its_life_which_asking_extends(desk: Desk) -> None:
    first = await desk.token()
    desk.emulator.clock.move(7000)
    assert await desk.token() == first
    desk.emulator.clock.move(7000)
    assert (await desk.send())[0] == 200
    desk.emulator.clock.move(7201)
    status, body = await desk.call(GROUP_SEND, {}, token=first)
    assert (status, body["code"]) == (400, "InvalidAuthentication")
    assert await desk.token() != first


@pytest.mark.parametrize("code", ["InvalidAuthentication", "missingToken"])
async def test_a_missing_token_is_refused(desk: Desk, code: str) -> None:
    desk.emulator.switches.missing_token_code = code
    status, body = await desk.call(GROUP_SEND, {}, token="")
    assert (status, body["code"]) == (400, code)
    assert {"requestid", "code", "message"} == set(body)


async def test_wrong_credentials_each_in_their_own_words(desk: Desk) -> None:
    status = await desk.http.post("/v1.0/oauth2/accessToken", json={"appKey": "x", "appSecret": "y"})
    assert (status.status_code, status.json()["code"]) == (400, "invalidClientIdOrSecret")
    old = await desk.http.get("/gettoken?appkey=x&appsecret=y")
    assert (old.status_code, old.json()["errcode"]) == (200, 40089)
    unified = await desk.http.post("/v1.0/oauth2/corp/token", json={"grant_type": "password"})
    assert unified.json()["code"] == "unsupported.grant.type"


async def test_a_missing_permission_names_it(desk: Desk) -> None:
    desk.state.scopes.clear()
    status, body = await desk.send()
    assert status == 403
    assert body["code"].endswith("AccessTokenPermissionDenied")
    assert body["accessdenieddetail"] == {"requiredScopes": ["qyapi_robot_sendmsg"]}


async def test_more_than_twenty_a_second_are_refused_and_not_billed(desk: Desk) -> None:
    answers = [await desk.send() for _ in range(21)]
    assert [status for status, _ in answers] == [200] * 20 + [403]
    assert desk.state.quota.api == 20


async def test_the_month_has_a_limit_with_days_of_grace_and_a_new_month_is_free(desk: Desk) -> None:
    desk.state.quota.api_limit = 1
    assert [(await desk.send())[0] for _ in range(2)] == [200, 200]
    desk.emulator.clock.move(5 * 86400)
    assert (await desk.send())[1]["code"].endswith("ApiCountLimitForOrg")
    desk.emulator.clock.move(31 * 86400)
    assert (await desk.send())[0] == 200


# --- robots ---


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"msgParam": {"content": "hi"}}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": "not json"}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": json.dumps({"content": "x" * 15_000})}, "invalidParameter.msgParam.tooLong"),
        ({"msgParam": json.dumps({"content": ""})}, "invalidParameter.msgParam.invalid"),
        ({"msgParam": json.dumps({"content": "x", "at": []})}, "invalidParameter.msgParam.invalid"),
        ({"msgKey": "sampleCard"}, "invalidParameter.msgKey.invalid"),
        (
            {"msgKey": "sampleImageMsg", "msgParam": json.dumps({"photoURL": "@unknown"})},
            "invalidParameter.msgParam.invalid",
        ),
        ({"robotCode": "other"}, "invalidParameter.robotCode.notExsit"),
        ({"robotCode": ""}, "invalidParameter.robotCode.empty"),
        ({"openConversationId": ""}, "miss.openConversationId"),
        ({"openConversationId": "cidX"}, "invalid.openConversationId"),
        ({"at": {}}, "invalidParameter.unknown"),
    ],
)
async def test_bad_sends_are_refused_and_show_nothing(desk: Desk, changes: dict[str, Any], code: str) -> None:
    status, body = await desk.send(**changes)
    assert (status, body["code"]) == (400, code)
    assert desk.state.shown == []


async def test_people_who_are_not_there_are_dropped_with_a_yes(desk: Desk) -> None:
    body = {
        "robotCode": desk.state.robot_code,
        "userIds": ["u1", "ghost"],
        "msgKey": "sampleText",
        "msgParam": '{"content":"x"}',
    }
    status, answer = await desk.call(BATCH, body)
    assert (status, answer["invalidStaffIdList"]) == (200, ["ghost"])
    assert [each.conversation for each in desk.state.shown] == ["1:u1"]


@pytest.mark.parametrize(("limit", "status"), [(20, 400), (100, 200)])
async def test_the_number_of_people_at_once(desk: Desk, limit: int, status: int) -> None:
    desk.emulator.switches.batch_users = limit
    users = [desk.state.user(f"p{n}", "x") for n in range(21)]
    body = {"robotCode": desk.state.robot_code, "userIds": users, "msgKey": "sampleText", "msgParam": '{"content":"x"}'}
    assert (await desk.call(BATCH, body))[0] == status


@pytest.mark.parametrize(("limit", "code"), [(0, None), (2, "send.too.fast")])
async def test_a_groups_own_pace(desk: Desk, limit: int, code: str | None) -> None:
    desk.emulator.switches.group_per_minute = limit
    answers = [await desk.send() for _ in range(3)]
    assert answers[-1][1].get("code") == code


async def test_a_time_out_of_the_platform_has_delivered_all_the_same(desk: Desk) -> None:
    desk.emulator.faults.plan("504", "robot.group")
    assert (await desk.send())[0] == 504
    assert len(desk.state.shown) == 1


# --- sessionWebhook and custom robots ---


async def test_a_reply_address_lives_ninety_minutes(desk: Desk) -> None:
    body = desk.emulator.people.body("u1", "x", group=desk.group)
    assert body["sessionWebhookExpiredTime"] - body["createAt"] == 5_400_000
    path = "/robot/sendBySession?session=" + body["sessionWebhook"].partition("=")[2]
    say = {"msgtype": "text", "text": {"content": "hi @u1"}, "at": {"atUserIds": ["u1", "u2"]}}
    assert (await desk.http.post(path, json=say)).json()["errcode"] == 0
    assert desk.state.shown[-1].effective_at == ("u1",)  # u2 is not named in the words
    assert (await desk.http.post(path, json={"msgtype": "image", "image": {}})).json()["errcode"] == 400105
    assert (await desk.http.post(path, content=b"{}", headers={"content-type": "text/plain"})).json()["errcode"] == 43004
    desk.emulator.clock.move(5400)
    assert (await desk.http.post(path, json=say)).json() == {"errcode": 300001, "errmsg": "session 不存在"}


@pytest.mark.parametrize(("limit", "code"), [(0, 0), (1, 130101)])
async def test_the_pace_of_a_reply_address(desk: Desk, limit: int, code: int) -> None:
    desk.emulator.switches.session_per_minute = limit
    path = "/robot/sendBySession?session=" + desk.state.session(desk.group)[0]
    say = {"msgtype": "text", "text": {"content": "hi"}}
    await desk.http.post(path, json=say)
    assert (await desk.http.post(path, json=say)).json()["errcode"] == code


@pytest.mark.parametrize(("counts", "used"), [(True, 1), (False, 0)])
async def test_whether_a_reply_address_is_billed(desk: Desk, counts: bool, used: int) -> None:
    desk.emulator.switches.session_counts = counts
    path = "/robot/sendBySession?session=" + desk.state.session(desk.group)[0]
    await desk.http.post(path, json={"msgtype": "text", "text": {"content": "hi"}})
    assert desk.state.quota.messages == used


async def test_a_custom_robots_security(desk: Desk) -> None:
    signed = desk.state.custom_robot(desk.group, secret="SECx")
    assert (await desk.webhook(signed, secret="SECx"))["errcode"] == 0
    assert (await desk.webhook(signed, secret="SECy"))["errmsg"] == "sign not match"
    assert (await desk.webhook(signed, secret="SECx", age=3700))["errmsg"] == "invalid timestamp"
    assert (await desk.webhook(signed))["errcode"] == 310000
    worded = desk.state.custom_robot(desk.group, keywords=("告警",))
    assert (await desk.webhook(worded, "早"))["errmsg"] == "keywords not in content"
    assert (await desk.webhook(worded, "告警：断货"))["errcode"] == 0
    assert (await desk.webhook("nobody"))["errmsg"] == "token is not exist"
    assert (await desk.webhook(worded, "告警" + "x" * 20_000))["errcode"] == 460101


async def test_the_same_uuid_is_shown_once(desk: Desk) -> None:
    token = desk.state.custom_robot(desk.group)
    for _ in range(2):
        assert (await desk.webhook(token, msgUuid="k"))["errcode"] == 0
    assert len(desk.state.shown) == 1


@pytest.mark.parametrize("code", [130101, 410100])
async def test_more_than_twenty_a_minute_close_a_custom_robot_for_ten(desk: Desk, code: int) -> None:
    desk.emulator.switches.throttle_code = code
    token = desk.state.custom_robot(desk.group)
    answers = [(await desk.webhook(token))["errcode"] for _ in range(21)]
    assert answers == [0] * 20 + [code]
    desk.emulator.clock.move(120)
    assert (await desk.webhook(token))["errcode"] == code
    desk.emulator.clock.move(500)
    assert (await desk.webhook(token))["errcode"] == 0


async def test_uploads_are_judged(desk: Desk) -> None:
    token = await desk.token()

    async def upload(name: str, content: bytes, kind: str = "image", with_token: str = token) -> dict[str, Any]:
        path = f"/media/upload?access_token={with_token}&type={kind}"
        answer: dict[str, Any] = (await desk.http.post(path, files={"media": (name, content)})).json()
        return answer

    assert (await upload("a.png", b"x"))["media_id"].startswith("@")
    assert (await upload("a.png", b""))["errcode"] == 40035
    assert (await upload("a.exe", b"x"))["errcode"] == 40005
    assert (await upload("a.png", b"x", "poster"))["errcode"] == 40004
    assert (await upload("a.png", b"x", with_token="dead"))["errcode"] == 40014


# --- cards ---


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cardData": {"cardParamMap": {"n": 3}}}, "param.invalid"),
        ({"cardData": {"cardParamMap": {"n": "x" * 1025}}}, "param.invalid"),
        ({"cardTemplateId": "other"}, "param.templateNotExist"),
        ({"openSpaceId": "group"}, "param.openSpaceIdInvalid"),
        ({"openSpaceId": ""}, "param.openSpaceIdEmpty"),
        ({"imGroupOpenDeliverModel": {}}, "param.openDeliverModelError"),
        ({"track": "x" * 101}, "param.invalid"),
        ({"callbackType": "stream"}, "param.invalid"),
        ({"extra": 1}, "param.invalid"),
    ],
)
async def test_bad_cards_are_refused(desk: Desk, changes: dict[str, Any], code: str) -> None:
    status, body = await desk.deal(**changes)
    assert (status, body["code"]) == (400, code)
    assert desk.state.shown == []


@pytest.mark.parametrize(("switches", "value"), [({"string_values_only": False}, 3), ({"card_value_limit": 0}, "x" * 9000)])
async def test_the_milder_readings_of_card_values(desk: Desk, switches: dict[str, Any], value: object) -> None:
    for name, setting in switches.items():
        setattr(desk.emulator.switches, name, setting)
    assert (await desk.deal(cardData={"cardParamMap": {"n": value}}))[0] == 200


async def test_a_success_on_top_may_hide_a_failed_delivery(desk: Desk) -> None:
    desk.state.groups[desk.group].robot_in = False
    status, body = await desk.deal()
    assert (status, body["success"], body["result"]["deliverResults"][0]["success"]) == (200, True, False)


async def test_a_card_has_one_name(desk: Desk) -> None:
    await desk.deal()
    assert (await desk.deal())[1]["code"] == "param.cardAlreadyExist"


async def test_an_update_overwrites_unless_it_is_by_key(desk: Desk) -> None:
    await desk.deal()
    card = desk.emulator.cards.cards["t1"]
    by_key = {
        "outTrackId": "t1",
        "cardData": {"cardParamMap": {"tips": "a"}},
        "cardUpdateOptions": {"updateCardDataByKey": True},
    }
    await desk.call(CARDS, by_key, method="PUT")
    assert (card.public["title"], card.public["tips"]) == ("退款", "a")
    await desk.call(CARDS, {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "b"}}}, method="PUT")
    assert card.public == {"tips": "b"}
    assert (await desk.call(CARDS, {"outTrackId": "t1"}, method="PUT"))[1]["code"] == "param.cardDataAndPrivateDataBothEmpty"
    gone = {"outTrackId": "t9", "cardData": {"cardParamMap": {"tips": "b"}}}
    assert (await desk.call(CARDS, gone, method="PUT"))[1]["code"] == "param.cardNotExist"


@pytest.mark.parametrize(("clicker_only", "others"), [(True, ""), (False, "收到")])
async def test_an_answer_to_a_press_is_for_the_presser(desk: Desk, clicker_only: bool, others: str) -> None:
    desk.emulator.switches.response_for_clicker_only = clicker_only
    await desk.deal()

    async def app(card: Any, body: dict[str, Any]) -> dict[str, Any]:
        return {"cardData": {"cardParamMap": {"tips": "收到"}}}

    desk.emulator.cards.stream = app
    assert await desk.emulator.people.click("u1", "t1", "同意") == "ok"
    card = desk.emulator.cards.cards["t1"]
    assert (card.view("u1")["tips"], card.view("u2")["tips"]) == ("收到", others)


async def test_a_button_without_request_and_a_stranger_from_outside_call_nobody(desk: Desk) -> None:
    await desk.deal()
    assert await desk.emulator.people.click("u1", "t1", "看") == "dead"
    assert await desk.emulator.cards.click("t1", "u1", "同意", from_other_org=True) == "dead"


async def test_an_update_inside_an_open_callback_is_a_violation(desk: Desk) -> None:
    await desk.deal()

    async def app(card: Any, body: dict[str, Any]) -> dict[str, Any]:
        await desk.call(CARDS, {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "b"}}}, method="PUT")
        return {}

    desk.emulator.cards.stream = app
    await desk.emulator.people.click("u1", "t1", "同意")
    assert desk.state.violations == ["update inside an open callback"]


# --- Stream ---


def subscribe(desk: Desk, **changes: Any) -> dict[str, Any]:
    topics = [{"type": "CALLBACK", "topic": "/v1.0/im/bot/messages/get"}]
    body = {"clientId": desk.emulator.client_id, "clientSecret": desk.emulator.client_secret, "subscriptions": topics}
    return {**body, **changes}


async def test_opening_a_connection_is_judged(desk: Desk) -> None:
    good = await desk.http.post(OPEN, json=subscribe(desk), headers=JSON)
    assert set(good.json()) == {"endpoint", "ticket"}
    assert (await desk.http.post(OPEN, json=subscribe(desk), headers={"accept": "*/*"})).text.startswith("<")
    assert (await desk.http.post(OPEN, json=subscribe(desk, clientSecret="x"), headers=JSON)).status_code == 401
    assert (await desk.http.post(OPEN, json=subscribe(desk, subscriptions=[]), headers=JSON)).status_code == 400
    odd = [{"type": "EVENT", "topic": "user_leave_org"}]
    assert (await desk.http.post(OPEN, json=subscribe(desk, subscriptions=odd), headers=JSON)).status_code == 400


async def test_what_nobody_subscribed_to_is_not_pushed(desk: Desk) -> None:
    pushed = desk.emulator.gateway.push("CALLBACK", "/v1.0/card/instances/callback", {})
    assert pushed.lost


# --- people ---


@pytest.mark.parametrize(("published", "there"), [(True, True), (False, False)])
async def test_staff_ids_come_with_publishing(desk: Desk, published: bool, there: bool) -> None:
    desk.emulator.switches.published = published
    assert ("senderStaffId" in desk.emulator.people.body("u1", "x")) is there


async def test_in_a_group_only_what_mentions_the_robot_is_pushed(desk: Desk) -> None:
    assert await desk.emulator.people.say("u1", "早", group=desk.group, at_bot=False) is None
    desk.emulator.switches.dtmd_reaches_robot = True
    assert await desk.emulator.people.say("u1", "早", group=desk.group, at_bot=False) is not None
    body = desk.emulator.people.body("u1", "库存", group=desk.group)
    assert body["text"]["content"] == " 库存"  # the blank behind the mention stays


async def test_a_used_up_month_brings_messages_without_words(desk: Desk) -> None:
    desk.state.quota.message_limit, desk.state.quota.grace_days = 0, 0
    await desk.emulator.people.say("u1", "库存", group=desk.group)
    told = json.loads(desk.emulator.people.pushed[0].data)
    assert (told["errorCode"], "text" in told) == (20001, False)


# --- the phone and the side door ---


async def test_the_phone_shows_what_people_see_and_runs_no_foreign_markup(desk: Desk) -> None:
    desk.state.user("<b>u3", "<script>alert(1)</script>")
    await desk.send(msgParam=json.dumps({"content": "<img src=x onerror=alert(1)>"}))
    await desk.deal(cardData={"cardParamMap": {"title": "<i>", "markdown": "**粗** [x](javascript:1)"}})
    page = (await desk.http.get("/_emulator/phone?user=u1")).text
    assert "<script>alert(1)" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "<b>粗</b>" in page


async def test_the_side_door_acts(desk: Desk) -> None:
    made = (await desk.http.post("/_emulator/group", json={"title": "新群", "members": [["u9", "李芳"]]})).json()["group"]
    said = (await desk.http.post("/_emulator/say", json={"user": "u9", "text": "在吗", "group": made})).json()
    assert said["conversationId"] == made
    await desk.http.post("/_emulator/faults", json={"fault": "504", "call": "robot.group"})
    assert (await desk.send())[0] == 504
    before = desk.emulator.clock.now()
    await desk.http.post("/_emulator/clock", json={"move": 60})
    assert desk.emulator.clock.now() == before + 60
    assert (await desk.http.post("/_emulator/switches", json={"published": False})).status_code == 200
    assert (await desk.http.post("/_emulator/switches", json={"invented": 1})).status_code == 400
    assert (await desk.http.post("/_emulator/click", json={"user": "u1", "card": "t1", "button": "x"})).status_code == 404
    assert (await desk.http.get("/_emulator/state")).json()["groups"][made] == "新群"
    await asyncio.sleep(0)


def test_every_switch_has_a_default() -> None:
    assert Switches() == Switches()
