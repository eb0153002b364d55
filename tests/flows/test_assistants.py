"""People's own assistants over the official client, on HTTP and stdio: they read what their person may, propose, and decide nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import pytest_asyncio
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from bot.assistants.server import attach
from bot.assistants.tokens import CALLS_A_MINUTE, issue, revoke
from bot.assistants.tools import TOOLS, Around, plan_of
from bot.emulation import Stage, listen, port_of
from domain.order import Receiver
from domain.people import Person
from domain.records import Alert
from domain.understand import Lexicon
from handlers.alert_raise import rulebook
from tests.builders import alert as an_alert
from tests.flows.company import RECEIVER, Company, opened

READS = {
    "where_is_order", "order_detail", "customer_orders", "stock", "kpi", "aftersale_status", "alerts", "alert_why", "todo",
    "timeline", "timeline_link", "documents", "rules", "digest", "address_check", "waybill_carrier",
}  # fmt: skip
PROPOSES = {
    "propose_refund", "propose_return", "propose_exchange", "propose_cancel", "propose_address_change",
    "propose_withdraw_aftersale", "propose_urge", "propose_claim_alert",
}  # fmt: skip


class Office:
    """A company whose door for assistants is open, on a real socket."""

    def __init__(self, company: Company, url: str) -> None:
        self.company, self.url = company, url

    def person(self, name: str) -> Person:
        found: Person = self.company.read(lambda r: r.people.by_name(name)[0])
        return found

    def token(self, name: str = "张明", *scopes: str, days: int = 30) -> str:
        wanted = frozenset({"read", *scopes})
        now = self.company.house.desk.clock.now()
        store = self.company.house.desk.store
        secret, _ = store.write_now(lambda u: issue(u, self.person(name), wanted, days, "test", now))
        return secret

    @asynccontextmanager
    async def client(self, secret: str, *, mode: str = "auto") -> AsyncIterator[Client]:
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(self.url, http_client=http), mode=mode) as client,
        ):
            yield client

    async def call(self, secret: str, tool: str, **arguments: Any) -> dict[str, Any]:
        async with self.client(secret) as client:
            result = await client.call_tool(tool, arguments)
        data: dict[str, Any] = result.structured_content
        assert data["ok"] is not result.is_error
        return data

    def changes(self) -> list[Any]:
        tables = ("approvals", "decisions", "order_events", "outbox")
        return [self.company.read(lambda r, t=t: r.rows(f"SELECT * FROM {t}")) for t in tables]  # type: ignore[misc]


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with opened(tmp_path) as company:
        listening = listen()
        company.app.router.routes.extend(attach(company.house))
        stage = Stage()
        stage.serve(company.app, listening)
        await stage.ready()
        try:
            yield Office(company, f"http://127.0.0.1:{port_of(listening)}/mcp")
        finally:
            await stage.close()


def standing(company: Company) -> Alert:
    """An alert of a rule that somebody took out of the file since: its card has the plain words."""
    now = company.house.desk.clock.now()
    return an_alert(rule="旧规则-1", facts={"seen": {}, "shown": {}}, first_at=now, last_at=now)


async def ordered(company: Company, **more: Any) -> str:
    number = company.place(**more)
    await company.push()
    await company.work()
    return number


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_reading_token_sees_the_reading_tools_and_no_other(office: Office, mode: str) -> None:
    async with office.client(office.token(), mode=mode) as client:
        tools = (await client.list_tools()).tools
        assert {each.name for each in tools} == READS
        assert all(each.annotations is not None and each.annotations.read_only_hint for each in tools)
        assert all(each.input_schema["additionalProperties"] is False for each in tools)
    async with office.client(office.token("张明", "propose"), mode=mode) as client:
        assert {each.name for each in (await client.list_tools()).tools} == READS | PROPOSES


def test_there_is_no_tool_that_decides() -> None:
    assert set(TOOLS) == READS | PROPOSES
    words = json.dumps([[each.name, each.schema] for each in TOOLS.values()], ensure_ascii=False)
    for deed in ("approve", "reject", "execute", "undo", "confirm", "submit"):
        assert deed not in words


async def test_an_order_is_answered_as_in_the_group_masked_and_without_buttons(office: Office) -> None:
    number = await ordered(office.company)
    told = await office.call(office.token(), "where_is_order", order=number)
    await office.company.say("zhangming", f"{number} 到哪了")
    assert told["text"].splitlines()[0] in office.company.texts()[0]
    everything = json.dumps(told, ensure_ascii=False)
    for secret in (RECEIVER["name"], RECEIVER["phone"], "公园路88号", '"token"', "1.YXNr"):
        assert secret not in everything
    assert "buttons" not in everything


async def test_figures_take_the_closed_query(office: Office) -> None:
    for _ in range(3):
        await ordered(office.company)
    told = await office.call(
        office.token("陈店长"),
        "kpi",
        metric="orders",
        period="今天",
        group_by=["channel"],
        filters=[{"field": "channel", "op": "=", "value": "douyin"}],
    )
    assert "3 单" in told["text"]


async def test_stock_todo_alerts_and_the_timeline_answer(office: Office) -> None:
    number, secret = await ordered(office.company), office.token("陈店长")
    assert "52" in (await office.call(secret, "stock", goods="SF-GREY"))["text"]
    assert (await office.call(secret, "todo"))["text"]
    assert (await office.call(secret, "alerts"))["text"]
    assert (await office.call(secret, "order_detail", order=number, about="amount"))["text"]
    assert (await office.call(secret, "aftersale_status", order=number))["text"]
    assert (await office.call(secret, "customer_orders", phone=RECEIVER["phone"]))["text"]
    (link, *_) = (await office.call(secret, "timeline_link", order=number))["links"]
    page = await office.company.http.get(link["url"].replace("http://127.0.0.1", ""))
    assert page.status_code == 200


async def test_an_assistant_sees_what_its_person_sees_and_no_more(office: Office) -> None:
    store = office.company.house.desk.store
    number = await ordered(office.company)
    service = office.person("张明")
    elsewhere = Person(service.person_id, "张明", service.roles, frozenset({"别家的店"}), accounts=service.accounts)
    secret = office.token()
    assert number[-4:] in (await office.call(secret, "where_is_order", order=number))["text"]
    store.write_now(lambda u: u.people.save_person(elsewhere))
    hidden = await office.call(secret, "where_is_order", order=number)
    assert "沙发套" not in hidden["text"]
    refused = await office.call(secret, "kpi", metric="gmv", period="今天")
    assert "看不了" in refused["text"]


# --- who may ------------------------------------------------------------------------------------------------------------


async def status(office: Office, secret: str) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"authorization": f"Bearer {secret}"} if secret else {}
    async with httpx.AsyncClient() as http:
        answer = await http.post(office.url, json=body, headers=headers | {"accept": "application/json, text/event-stream"})
    return answer.status_code


async def test_no_token_a_foreign_an_old_a_revoked_and_a_leavers_token_are_refused(office: Office) -> None:
    store, clock = office.company.house.desk.store, office.company.clock
    good, short = office.token(), office.token(days=1)
    assert await status(office, good) == 200
    for bad in ("", "xd_unknown", "x" * 5_000, "xd_' OR 1=1 --", good[:-1]):
        assert await status(office, bad) == 401
    clock.move(86_401)
    assert (await status(office, short), await status(office, good)) == (401, 200)
    (first, *_) = store.read_now(lambda r: r.access.everyone())
    assert store.write_now(lambda u: revoke(u, first.id, office.company.house.desk.clock.now()))
    assert await status(office, good) == 401
    another, person = office.token(), office.person("张明")
    assert await status(office, another) == 200
    gone = Person(person.person_id, person.name, person.roles, active=False, accounts=person.accounts)
    store.write_now(lambda u: u.people.save_person(gone))
    assert await status(office, another) == 401
    with pytest.raises(Exception):  # noqa: B017 - whatever the client makes of 401
        async with office.client(another) as client:
            await client.list_tools()


async def test_a_token_revoked_in_the_middle_of_a_conversation_is_over_at_once(office: Office) -> None:
    number, secret = await ordered(office.company), office.token()
    store = office.company.house.desk.store
    async with office.client(secret) as client:
        assert not (await client.call_tool("where_is_order", {"order": number})).is_error
        (kept,) = store.read_now(lambda r: r.access.everyone())
        assert kept.last_used_at is not None
        store.write_now(lambda u: revoke(u, kept.id, office.company.house.desk.clock.now()))
        with pytest.raises(Exception):  # noqa: B017
            await client.call_tool("where_is_order", {"order": number})


async def test_issuing_and_taking_back_are_on_record_and_the_secret_is_nowhere(office: Office) -> None:
    secret = office.token()
    store = office.company.house.desk.store
    (kept,) = store.read_now(lambda r: r.access.everyone())
    store.write_now(lambda u: revoke(u, kept.id, office.company.house.desk.clock.now()))
    assert len(office.company.audit("assistant.token_issued")) == len(office.company.audit("assistant.token_revoked")) == 1
    raw = b"".join(each.read_bytes() for each in office.company.path.glob("*.db*"))
    assert secret.encode() not in raw


async def test_too_many_calls_a_minute_are_refused_in_words(office: Office) -> None:
    secret = office.token()
    async with office.client(secret) as client:
        for _ in range(CALLS_A_MINUTE):
            last = await client.call_tool("todo", {})
            if last.is_error:
                break
        last = await client.call_tool("todo", {})
    assert last.is_error
    assert "太快" in last.structured_content["text"]
    office.company.clock.move(61)
    assert (await office.call(secret, "todo"))["ok"]


# --- hostile arguments --------------------------------------------------------------------------------------------------

NASTY = "@所有人 <script>alert(1)</script> '; DROP TABLE orders;-- \u202e{{7*7}}"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("approve", {"approval": "A1"}),
        ("propose_approve", {}),
        ("../../etc/passwd", {}),
        ("where_is_order", {}),
        ("where_is_order", {"order": ""}),
        ("where_is_order", {"order": 6920}),
        ("where_is_order", {"order": ["6920"]}),
        ("where_is_order", {"order": "9" * 65}),
        ("where_is_order", {"order": "9" * 20_000}),
        ("where_is_order", {"order": 9007199254740993}),
        ("where_is_order", {"order": 1e300}),
        ("where_is_order", {"order": "\x00\x1b[2J"}),
        ("order_detail", {"order": "6920123456780417 6920123456780418"}),
        ("timeline", {"order": "' UNION SELECT * FROM people --"}),
        ("customer_orders", {}),
        ("customer_orders", {"name": "\u200b\u202e"}),
        ("customer_orders", {"phone": 13800138000}),
        ("documents", {"kind": "passport", "order": "6920123456780417"}),
        ("documents", {"kind": "outbound"}),
        ("documents", {"kind": "picklist", "as_pictures": "yes"}),
        ("rules", {"rule": "启用-1"}),
        ("rules", {"rule": "发货-1 启用"}),
        ("rules", {"rehearse": [{"limit": "lead_minutes", "to": 1}]}),
        ("rules", {"rule": "发货-1", "rehearse": [{"limit": "lead_minutes 启用", "to": 1}]}),
        ("rules", {"rule": "发货-1", "rehearse": [{"limit": "lead_minutes", "to": 2**53 + 1}]}),
        ("todo", {"view": "to_ship", "page": 2**63}),
        ("digest", {"digest": "H1; DROP"}),
        ("alert_why", {}),
        ("address_check", {"address": "x" * 20_000}),
        ("waybill_carrier", {"number": 9007199254740993}),
        ("kpi", {"metric": "orders", "limit": 9007199254740993}),
        ("kpi", {"metric": "x" * 20_000}),
        ("propose_refund", {"order": "6920123456780417", "amount": 12.5}),
        ("propose_refund", {"order": "6920123456780417", "amount": "9e9999999"}),
        ("propose_refund", {"order": "6920123456780417", "reason": "x" * 20_000}),
        ("propose_refund", {"order": "6920123456780417 6920123456780418"}),
        ("propose_withdraw_aftersale", {}),
        ("propose_withdraw_aftersale", {"ticket": "A1' OR 1"}),
        ("propose_withdraw_aftersale", {"ticket": "A999999"}),
        ("propose_urge", {"order": "6920123456780417"}),
        ("propose_claim_alert", {"alert": "K999999"}),
        ("where_is_order", {"order": NASTY}),
        ("where_is_order", {"order": "6920123456780417", "as": "admin"}),
        ("kpi", {"metric": "passwords"}),
        ("kpi", {"metric": "orders", "period": NASTY[:40]}),
        ("kpi", {"metric": "orders", "limit": True}),
        ("kpi", {"metric": "orders", "limit": -1}),
        ("kpi", {"metric": "orders", "group_by": ["channel; DROP"]}),
        ("kpi", {"metric": "orders", "filters": [{"field": "shop", "op": "LIKE", "value": "%"}]}),
        ("kpi", {"metric": "orders", "filters": [{"field": "shop", "op": "=", "value": "x", "or": "1"}]}),
        ("kpi", {"metric": "orders", "filters": [{"field": "shop", "op": "<", "value": "x"}]}),
        ("kpi", {"metric": "orders", "filters": "all"}),
        ("alert_why", {"alert": "K1; DROP"}),
        ("customer_orders", {"phone": NASTY[:32]}),
        ("propose_refund", {"order": "6920123456780417", "amount": "-50"}),
        ("propose_refund", {"order": "6920123456780417", "amount": "0.001"}),
        ("propose_refund", {"order": "6920123456780417", "amount": "Infinity"}),
        ("propose_refund", {"order": "6920123456780417", "reason": "x" * 61}),
        ("propose_address_change", {"order": "6920123456780417"}),
    ],
)
async def test_hostile_arguments_are_refused_in_words_and_do_nothing(
    office: Office, tool: str, arguments: dict[str, Any]
) -> None:
    before = office.changes()
    async with office.client(office.token("张明", "propose")) as client:
        told = await client.call_tool(tool, arguments)
    assert told.is_error
    assert len(told.structured_content["text"]) > 4
    assert "\u202e" not in told.structured_content["text"]
    assert office.changes() == before


async def test_hostile_goods_and_reasons_are_harmless(office: Office) -> None:
    told = await office.call(office.token("陈店长"), "stock", goods=NASTY[:60])
    assert "<script>" not in told["text"]
    assert "@所有人" not in told["text"]


async def test_a_body_beyond_reason_is_refused(office: Office) -> None:
    secret = office.token()
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            office.url,
            content=b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"' + b"x" * 200_000 + b'"}}',
            headers={"authorization": f"Bearer {secret}", "content-type": "application/json", "accept": "application/json"},
        )
    assert answer.status_code == 413


async def test_another_sites_page_cannot_use_the_door(office: Office) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"authorization": f"Bearer {office.token()}", "accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient() as http:
        for odd in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            assert (await http.post(office.url, json=body, headers=headers | odd)).status_code in (403, 421)


# --- what the group can ask, asked here ---------------------------------------------------------------------------------


async def test_every_question_of_the_group_has_its_tool(office: Office) -> None:
    intents = set(office.company.house.router.questions)
    around = Around(office.company.house.desk.clock.now(), Lexicon.build(), "zh")
    order = "6920123456780417"
    given = {
        "customer_orders": {"phone": "17000000417"}, "stock": {"goods": "SF"}, "kpi": {"metric": "orders"},
        "documents": {"kind": "outbound", "order": order}, "alert_why": {"alert": "K1"}, "digest": {"digest": "H1"},
        "propose_address_change": {"order": order, "name": "李"}, "propose_withdraw_aftersale": {"ticket": "A1"},
        "propose_claim_alert": {"alert": "K1"}, "address_check": {"address": "杭州"}, "waybill_carrier": {"number": "SF1"},
    }  # fmt: skip
    covered = {
        plan_of(tool, given.get(name, {"order": order} if "order" in tool.required else {}), around).intent.value
        for name, tool in TOOLS.items()
    }
    # Decisions are people's; a snooze is on the card that claiming puts before them; small talk and help are the client's.
    assert intents - covered <= {"approve", "reject", "alert_snooze", "smalltalk", "out_of_scope"}


async def test_papers_come_as_files_masked_and_on_record(office: Office) -> None:
    number = await ordered(office.company)
    async with office.client(office.token()) as client:
        told = await client.call_tool("documents", {"kind": "outbound", "order": number, "as_pictures": True})
    assert not told.is_error
    blocks: list[Any] = list(told.content)
    (paper,) = [each.resource for each in blocks if each.type == "resource"]
    assert (paper.mime_type, base64.b64decode(paper.blob)[:5]) == ("application/pdf", b"%PDF-")
    assert any(each.type == "image" for each in blocks)
    assert [each["media_type"] for each in told.structured_content["files"]] == ["application/pdf", "image/png"]
    assert len(office.company.audit("document.made")) == 1
    assert office.company.audit("person.reveal") == []


async def test_a_personal_token_of_somebody_who_may_opens_the_receiver_and_that_is_on_record(office: Office) -> None:
    number = await ordered(office.company)
    async with office.client(office.token("张明", "personal")) as client:
        told = await client.call_tool("documents", {"kind": "outbound", "order": number})
    assert not told.is_error
    assert len(office.company.audit("person.reveal")) == 1


async def test_the_pick_list_of_everything_is_a_file(office: Office) -> None:
    await ordered(office.company)
    await ordered(office.company)
    told = await office.call(office.token("陈店长"), "documents", kind="picklist", channel="douyin")
    assert told["files"][0]["name"].endswith(".pdf")
    assert told["files"][0]["bytes"] > 1_000


async def test_a_timeline_tells_every_step_masked(office: Office) -> None:
    number = await ordered(office.company)
    told = await office.call(office.token(), "timeline", order=number)
    assert len(told["steps"]) >= 2
    assert [each["at"] for each in told["steps"]] == sorted(each["at"] for each in told["steps"])
    everything = json.dumps(told, ensure_ascii=False)
    for secret in (RECEIVER["name"], RECEIVER["phone"], "公园路88号", "/p/timeline"):
        assert secret not in everything


async def test_a_timeline_stays_inside_the_persons_shops(office: Office) -> None:
    number = await ordered(office.company)
    service = office.person("张明")
    elsewhere = Person(service.person_id, "张明", service.roles, frozenset({"别家的店"}), accounts=service.accounts)
    secret = office.token("张明", "propose")
    office.company.house.desk.store.write_now(lambda u: u.people.save_person(elsewhere))
    for tool in ("timeline", "propose_urge", "propose_refund", "propose_withdraw_aftersale"):
        told = await office.call(secret, tool, order=number)
        assert not told["ok"], tool
        assert "沙发套" not in json.dumps(told, ensure_ascii=False)
    assert (await office.call(secret, "documents", kind="outbound", order=number)).get("files") is None


async def test_customers_are_found_by_phone_name_or_order_and_narrowed(office: Office) -> None:
    number, secret = await ordered(office.company), office.token()
    stored, clear = office.company.order(number), Receiver(RECEIVER["name"], RECEIVER["phone"], "浙江省")
    office.company.house.desk.store.write_now(
        lambda u: u.orders.change(stored.id, expect_version=stored.version, events=[], receiver=clear)
    )
    for handle in ({"phone": RECEIVER["phone"]}, {"name": RECEIVER["name"]}, {"order": number}):
        told = await office.call(secret, "customer_orders", **handle)
        assert "沙发套" in told["text"], handle
        assert RECEIVER["name"] not in told["text"]
    long_ago = await office.call(secret, "customer_orders", order=number, period="上个月")
    assert "沙发套" not in long_ago["text"]


async def test_several_orders_are_answered_in_one_call(office: Office) -> None:
    numbers = [await ordered(office.company) for _ in range(3)]
    told = await office.call(office.token(), "where_is_order", order=" ".join(numbers))
    assert all(number[-4:] in told["text"] for number in numbers)


async def test_a_figure_is_explained_with_its_rows_as_a_table(office: Office) -> None:
    await ordered(office.company)
    told = await office.call(office.token("陈店长"), "kpi", metric="orders", period="今天", explain=True)
    assert told["files"][0]["media_type"].startswith("text/csv")
    assert RECEIVER["phone"] not in told["text"]


async def test_stock_without_a_name_is_everything_and_rules_are_read_and_rehearsed(office: Office) -> None:
    secret = office.token("陈店长")
    assert (await office.call(secret, "stock"))["ok"]
    listed = await office.call(secret, "rules")
    name = rulebook(office.company.house.desk).rules[0].name
    assert name in listed["text"]
    one = await office.call(secret, "rules", rule=name)
    assert one["ok"]
    rule = rulebook(office.company.house.desk).named(name)
    assert rule is not None
    limits = rule.limits
    limit = next(iter(limits))
    before = office.company.read(lambda r: r.rule_changes.standing())
    told = await office.call(secret, "rules", rule=name, rehearse=[{"limit": limit, "to": limits[limit] + 1}])
    assert told["ok"]
    assert "1." not in "".join(told.get("choices", []))[:2]
    assert office.company.read(lambda r: r.rule_changes.standing()) == before
    refused = await office.call(office.token("张明"), "rules", rule=name, rehearse=[{"limit": limit, "to": 1}])
    assert not refused["ok"]


async def test_addresses_and_waybills_are_looked_up(office: Office) -> None:
    secret = office.token()
    told = await office.call(secret, "address_check", address="浙江温州鹿城区公园路88号", other="杭州余杭区")
    assert (told["city"], told["district"]) == ("温州市", "鹿城区")
    assert 200 < told["km"] < 300
    assert not (await office.call(secret, "address_check", address="某个地方"))["recognised"]
    assert (await office.call(secret, "waybill_carrier", number="SF1234567890123"))["carriers"][0]["carrier"] == "sf"
    assert (await office.call(secret, "waybill_carrier", number="x"))["carriers"] == []


async def test_to_ship_has_pages(office: Office) -> None:
    for _ in range(8):
        await ordered(office.company)
    secret = office.token("陈店长")
    first = await office.call(secret, "todo", view="to_ship")
    second = await office.call(secret, "todo", view="to_ship", page=2)
    assert "7. " in second["text"]
    assert "7. " not in first["text"]


async def test_a_refusal_is_no_success(office: Office) -> None:
    told = await office.call(office.token("张明"), "kpi", metric="margin", period="今天")
    assert not told["ok"]
    assert len(office.company.audit("access.denied")) == 1


# --- proposing ----------------------------------------------------------------------------------------------------------


async def test_a_proposal_is_a_draft_before_its_person_and_nothing_else(office: Office) -> None:
    company = office.company
    number = await ordered(company)
    secret = office.token("张明", "propose")
    told = await office.call(secret, "propose_refund", order=number, amount="12.50", reason="色差")
    assert told["proposal"]["state"] == "draft"
    assert "什么都还没有执行" in told["text"]
    await company.work()
    approval = company.approval(told["proposal"]["number"])
    assert (approval.state, approval.amount.minor, approval.requester_name) == ("draft", 1250, "张明")
    assert company.refunds() == []
    assert company.texts() == []  # the group saw nothing
    assert "token" not in json.dumps(told)
    assert len(company.audit("assistant.proposed")) == 1
    chat = "@zhangming"
    card = company.card(approval.number, who="zhangming", chat=chat)
    assert "12.50" in card["title"] + "".join(card["lines"])
    await company.press("zhangming", "提交", chat=chat, number=approval.number)
    assert company.approval(approval.number).state == "waiting"
    assert company.refunds() == []


async def test_proposing_needs_the_scope_and_the_right(office: Office) -> None:
    number = await ordered(office.company)
    before = office.changes()
    no_scope = await office.call(office.token(), "propose_refund", order=number)
    assert not no_scope["ok"]
    assert "只能看" in no_scope["text"]
    no_right = await office.call(office.token("陈采", "propose"), "propose_refund", order=number)
    assert not no_right["ok"]
    assert office.changes() == before


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("propose_cancel", {"reason": "拍错了"}),
        ("propose_return", {}),
        ("propose_exchange", {"into": "灰色 L 码", "reason": "尺码不对"}),
        ("propose_address_change", {"address": "浙江省杭州市余杭区文一西路998号5幢", "phone": "17000000999"}),
    ],
)
async def test_every_proposal_is_a_draft_or_a_sentence(office: Office, tool: str, more: dict[str, str]) -> None:
    number = await ordered(office.company)
    told = await office.call(office.token("张明", "propose"), tool, order=number, **more)
    assert told["text"]
    states = [row[0] for row in office.company.read(lambda r: r.rows("SELECT state FROM approvals"))]
    assert set(states) <= {"draft"}
    assert ("proposal" in told) is bool(states)
    assert "文一西路" not in json.dumps(told, ensure_ascii=False)
    assert office.company.refunds() == []


async def test_an_exchange_is_a_draft_that_says_into_what_and_people_arrange(office: Office) -> None:
    company, chat = office.company, "@zhangming"
    number, secret = await ordered(company), office.token("张明", "propose")
    for _ in range(2):
        told = await office.call(secret, "propose_exchange", order=number, into="灰色 L 码", reason="尺码不对")
        assert (told["proposal"]["number"], told["proposal"]["kind"]) == ("A1", "exchange")
    assert "换成灰色 L 码" in told["text"]
    await company.work()
    await company.press("zhangming", "提交", chat=chat, number="A1")
    assert (company.approval("A1").state, company.approval("A1").amount.minor) == ("waiting", 0)
    assert company.approval("A1").steps == ("approve_service", "approve_warehouse")
    await company.press("chendian", "同意", number="A1")
    await company.press("lifang", "同意", number="A1")
    await company.work(300)
    assert company.approval("A1").state == "by_hand"
    await company.pull()  # the order is read again and is no proof of an exchange
    await company.work()
    assert company.approval("A1").state == "by_hand"
    await company.press("chendian", "已在后台办好", number="A1")
    assert company.approval("A1").state == "done"
    assert "换货已安排" in "".join(company.card("A1")["lines"])
    assert company.refunds() == []


async def test_an_exchange_asked_for_in_the_group_is_the_same_draft(office: Office) -> None:
    number = await ordered(office.company)
    await office.company.say("zhangming", f"{number} 换货，换成灰色")
    approval = office.company.approval("A1")
    assert (approval.kind, approval.state, approval.facts["reason"]) == ("exchange", "draft", "换成灰色")


async def test_several_orders_are_a_question_back(office: Office) -> None:
    await ordered(office.company)
    await ordered(office.company)
    told = await office.call(office.token("张明", "propose"), "propose_refund", order=f"尾号 {RECEIVER['phone'][-4:]}")
    assert not told["ok"]
    assert len(told["choices"]) == 2
    assert office.company.read(lambda r: r.rows("SELECT * FROM approvals")) == []


async def test_the_same_proposal_twice_is_one_draft_and_one_card(office: Office) -> None:
    number, secret = await ordered(office.company), office.token("张明", "propose")
    wish = {"order": number, "amount": "12.50", "reason": "色差"}
    first = await office.call(secret, "propose_refund", **wish)
    again = await office.call(secret, "propose_refund", **wish)
    await office.company.work()
    assert first["proposal"]["number"] == again["proposal"]["number"]
    assert (first["proposal"]["again"], again["proposal"]["again"]) == (False, True)
    assert len(office.company.read(lambda r: r.rows("SELECT id FROM approvals"))) == 1
    office.company.card("A1", who="zhangming", chat="@zhangming")  # exactly one
    other = await office.call(secret, "propose_refund", **(wish | {"amount": "20"}))
    assert other["proposal"]["number"] == "A2"


async def test_the_same_proposal_at_once_leaves_one_live_draft(office: Office) -> None:
    number, secret = await ordered(office.company), office.token("张明", "propose")
    told = await asyncio.gather(*(office.call(secret, "propose_refund", order=number, amount="12.50") for _ in range(4)))
    assert len({each["proposal"]["number"] for each in told}) == 1
    states = [row[0] for row in office.company.read(lambda r: r.rows("SELECT state FROM approvals"))]
    assert states.count("draft") == 1
    assert set(states) <= {"draft", "withdrawn"}


async def test_a_draft_that_was_dropped_or_is_over_gives_way_to_a_new_one(office: Office) -> None:
    number, secret = await ordered(office.company), office.token("张明", "propose")
    await office.call(secret, "propose_refund", order=number, amount="12.50")
    await office.company.work()
    await office.company.press("zhangming", "不提交了", chat="@zhangming", number="A1")
    assert (await office.call(secret, "propose_refund", order=number, amount="12.50"))["proposal"]["number"] == "A2"
    office.company.clock.move(31 * 60)
    assert (await office.call(secret, "propose_refund", order=number, amount="12.50"))["proposal"]["number"] == "A3"


async def test_a_proposal_says_where_it_waits_once_it_was_submitted(office: Office) -> None:
    company = office.company
    number, secret = await ordered(company), office.token("张明", "propose")
    await office.call(secret, "propose_refund", order=number, amount="12.50")
    await company.work()
    await company.press("zhangming", "提交", chat="@zhangming", number="A1")
    for amount in ("12.50", "20"):
        told = await office.call(secret, "propose_refund", order=number, amount=amount)
        assert (told["proposal"]["number"], told["proposal"]["state"]) == ("A1", "waiting")
        assert "订单售后群" in told["proposal"]["waits"]
        assert ("不是这次写的" in told["text"]) is (amount == "20")
    assert len(company.read(lambda r: r.rows("SELECT id FROM approvals"))) == 1


async def test_withdrawing_is_a_card_whose_button_does_it(office: Office) -> None:
    company, chat = office.company, "@zhangming"
    number, secret = await ordered(company), office.token("张明", "propose")
    await office.call(secret, "propose_refund", order=number, amount="12.50")
    await company.work()
    await company.press("zhangming", "提交", chat=chat, number="A1")
    for handle in ({"ticket": "A1"}, {"order": number}):
        told = await office.call(secret, "propose_withdraw_aftersale", **handle)
        assert (told["proposal"]["number"], told["proposal"]["kind"]) == ("A1", "withdraw")
    await company.work()
    assert company.approval("A1").state == "waiting"
    cards = [text for text in company.texts("zhangming", chat) if "建议撤回" in text]
    assert len(cards) == 1
    somebody_elses = await office.call(office.token("陈店长", "propose"), "propose_withdraw_aftersale", ticket="A1")
    assert "张明" in somebody_elses["text"]
    await company.press("zhangming", "撤回 A1", chat=chat)
    assert company.approval("A1").state == "withdrawn"
    assert not (await office.call(secret, "propose_withdraw_aftersale", ticket="A1"))["ok"]
    assert company.refunds() == []


async def test_a_draft_is_taken_back_by_its_order_too(office: Office) -> None:
    number, secret = await ordered(office.company), office.token("张明", "propose")
    await office.call(secret, "propose_refund", order=number, amount="12.50")
    told = await office.call(secret, "propose_withdraw_aftersale", order=number)
    assert told["proposal"]["number"] == "A1"
    await office.company.work()
    assert office.company.approval("A1").state == "draft"
    await office.company.press("zhangming", "撤回 A1", chat="@zhangming")
    assert office.company.approval("A1").state == "withdrawn"


async def test_a_chase_is_a_card_whose_button_does_it_once(office: Office) -> None:
    company = office.company
    number, secret = await ordered(company), office.token("张明", "propose")
    for _ in range(2):
        told = await office.call(secret, "propose_urge", order=number)
        assert told["proposal"] == {
            "number": f"…{number[-4:]}", "state": "suggested", "kind": "urge", "sent_to": "本人的私聊",
            "waits": "等本人按按钮（本人的私聊）",
        }  # fmt: skip
    await company.work()
    assert [text for text in company.texts("zhangming", "stock") if "请催一下" in text] == []
    assert len([text for text in company.texts("zhangming", "@zhangming") if "建议催" in text]) == 1
    await company.press("zhangming", "催件", chat="@zhangming")
    assert len([text for text in company.texts("lifang", "stock") if "请催一下" in text]) == 1
    refused = await office.call(secret, "propose_urge", order=number)
    assert not refused["ok"]
    assert "催过" in refused["text"]


async def test_claiming_an_alert_is_a_card_whose_button_does_it(office: Office) -> None:
    company = office.company
    alert = company.house.desk.store.write_now(lambda u: u.alerts.add(standing(company)))
    secret = office.token("陈店长", "propose")
    told = await office.call(secret, "propose_claim_alert", alert=alert.number)
    await company.work()
    assert company.read(lambda r: r.alerts.get(alert.id)).claimed_by == ""
    assert any("建议你来跟" in text for text in company.texts("chendian", "@chendian"))
    await company.press("chendian", "认领", chat="@chendian", number=told["proposal"]["number"])
    assert company.read(lambda r: r.alerts.get(alert.id)).claimed_by == "陈店长"
    again = await office.call(secret, "propose_claim_alert", alert=alert.number)
    assert not again["ok"]
    assert "陈店长" in again["text"]


async def test_every_proposal_is_on_record_with_its_person_and_asks_for_the_right(office: Office) -> None:
    number = await ordered(office.company)
    before = office.changes()
    secret = office.token("陈采", "propose")  # purchasing may propose no change
    for tool in ("propose_refund", "propose_return", "propose_cancel", "propose_withdraw_aftersale"):
        told = await office.call(secret, tool, order=number)
        assert not told["ok"], tool
    assert office.changes() == before
    assert len(office.company.audit("access.denied")) == 4
    await office.call(office.token("张明", "propose"), "propose_urge", order=number)
    (entry,) = office.company.audit("assistant.proposed")
    assert entry[0] == f"person:{office.person('张明').person_id}"
    assert entry[1].startswith("order:")
    assert entry[2].startswith("mcp-")


# --- stdio and the command line ---------------------------------------------------------------------------------------


def xiaodan(path: Path, *arguments: str, **env: str) -> StdioServerParameters:
    kept = {"XIAODAN_DATA_DIR": str(path), "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    return StdioServerParameters(command=sys.executable, args=["-m", "bot", *arguments], env=kept | env)


async def run(path: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    wanted = xiaodan(path, *arguments, **env)
    done = await asyncio.create_subprocess_exec(
        wanted.command, *wanted.args, env=wanted.env, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(done.communicate(), 60)
    return done.returncode or 0, out.decode(), err.decode()


def said_in(result: Any) -> str:
    text: str = result.content[0].text
    return text


HOSTILE_ON_STDIO: list[tuple[str, dict[str, Any]]] = [
    ("where_is_order", {"order": "9" * 20_000}),
    ("where_is_order", {"order": "x" * 200_000}),
    ("where_is_order", {"order": 2**64 + 1}),
    ("where_is_order", {"order": {"$ne": ""}}),
    ("kpi", {"metric": "orders'; DROP TABLE orders;--"}),
    ("kpi", {"metric": "orders", "filters": [{"field": "shop", "op": "=", "value": ["x"]}]}),
    ("propose_refund", {"order": "6920123456780417", "amount": 2**53 + 1}),
]


async def test_the_command_line_issues_lists_and_revokes_and_stdio_serves(tmp_path: Path) -> None:
    async with opened(tmp_path) as company:
        number = await ordered(company)
        company.house.desk.store.write_now(lambda u: None)
    code, out, _ = await run(tmp_path, "mcp", "token", "--as", "张明", "--scope", "propose", "--days", "30", "--json")
    assert code == 0
    issued = json.loads(out)
    assert issued["scopes"] == ["propose", "read"]
    server = xiaodan(tmp_path, "mcp", XIAODAN_MCP_TOKEN=issued["token"])
    async with Client(server) as client:
        assert {each.name for each in (await client.list_tools()).tools} == READS | PROPOSES
        told = await client.call_tool("where_is_order", {"order": number})
        assert number[-4:] in told.structured_content["text"]
        assert (await client.call_tool("approve", {"approval": "A1"})).is_error
        for tool, arguments in HOSTILE_ON_STDIO:
            refused = await client.call_tool(tool, arguments)
            assert refused.is_error, tool
            assert len(said_in(refused)) < 400
        paper = await client.call_tool("documents", {"kind": "picklist"})
        assert [each.type for each in paper.content] == ["text", "resource"]
        draft = [await client.call_tool("propose_refund", {"order": number, "amount": "5"}) for _ in range(2)]
        assert len({each.structured_content["proposal"]["number"] for each in draft}) == 1
    code, out, _ = await run(tmp_path, "mcp", "tokens", "--json")
    (row,) = json.loads(out)
    assert row["good"]
    assert row["last_used_at"]
    assert issued["token"] not in out
    assert (await run(tmp_path, "mcp", "revoke", str(row["id"])))[0] == 0
    assert (await run(tmp_path, "mcp", "revoke", str(row["id"])))[0] == 1
    code, _, err = await run(tmp_path, "mcp", XIAODAN_MCP_TOKEN=issued["token"])
    assert code == 1
    assert "失效" in err


async def test_wrong_use_of_the_command_says_what_to_do(tmp_path: Path) -> None:
    async with opened(tmp_path):
        pass
    for arguments, said in (
        (("mcp",), "没有令牌"),
        (("mcp", "token", "--as", "没有这人"), "没有叫"),
        (("mcp", "token", "--as", "张明", "--scope", "approve"), "--scope"),
        (("mcp", "token", "--as", "张明", "--days", "0"), "--days"),
    ):
        code, _, err = await run(tmp_path, *arguments)
        assert code in (1, 2)
        assert said in err
