"""People's own assistants over the official client, on HTTP and stdio: they read what their person may, propose, and decide nothing."""

from __future__ import annotations

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
from bot.assistants.tools import TOOLS
from bot.emulation import Stage, listen, port_of
from domain.people import Person
from tests.flows.company import RECEIVER, Company, opened

READS = {
    "where_is_order", "order_detail", "customer_orders", "stock", "kpi", "aftersale_status", "alerts", "alert_why", "todo",
    "timeline_link",
}  # fmt: skip
PROPOSES = {"propose_refund", "propose_return", "propose_cancel", "propose_address_change"}


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
    words = json.dumps([[each.name, each.schema] for each in TOOLS.values()])
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


async def test_several_orders_are_a_question_back(office: Office) -> None:
    await ordered(office.company)
    await ordered(office.company)
    told = await office.call(office.token("张明", "propose"), "propose_refund", order=f"尾号 {RECEIVER['phone'][-4:]}")
    assert not told["ok"]
    assert len(told["choices"]) == 2
    assert office.company.read(lambda r: r.rows("SELECT * FROM approvals")) == []


# --- stdio and the command line ---------------------------------------------------------------------------------------


def xiaodan(path: Path, *arguments: str, **env: str) -> StdioServerParameters:
    kept = {"XIAODAN_DATA_DIR": str(path), "PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])}
    return StdioServerParameters(command=sys.executable, args=["-m", "bot", *arguments], env=kept | env)


async def run(path: Path, *arguments: str, **env: str) -> tuple[int, str, str]:
    import asyncio

    wanted = xiaodan(path, *arguments, **env)
    done = await asyncio.create_subprocess_exec(
        wanted.command, *wanted.args, env=wanted.env, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(done.communicate(), 60)
    return done.returncode or 0, out.decode(), err.decode()


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
