"""The console's routes without a browser's goodwill: headers, strangers, other sites, broken frames; and the login link."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from domain.chat import Document, Picture, Reply
from integrations.console import Mode
from tests.pages.conftest import PHONE
from tests.pages.scripted import ORDERS, Scripted, png

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def web(group: Scripted) -> AsyncIterator[httpx.AsyncClient]:
    """A client that opened the page once, so that it holds a session."""
    async with httpx.AsyncClient(base_url=group.url, headers={"origin": group.url}, trust_env=False) as client:
        assert (await client.get("/")).status_code == 200
        yield client


def feed(
    group: Scripted, web: httpx.AsyncClient, *, person: str = "li", after: int = 0, epoch: str = "", origin: str = ""
) -> connect:
    cookie = "; ".join(f"{name}={value}" for name, value in web.cookies.items())
    query = f"as={person}&after={after}&epoch={epoch or group.console.room.epoch}"
    return connect(
        f"ws://127.0.0.1:{group.port}/console/feed?{query}",
        additional_headers={"cookie": cookie},
        origin=origin or group.url,  # type: ignore[arg-type]
        proxy=None,
    )


async def close_code(socket: ClientConnection) -> int | None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed:
        return socket.close_code


async def test_the_page_allows_nothing_from_elsewhere(web: httpx.AsyncClient) -> None:
    for path in ("/", "/console/static/app.js", "/console/api/state"):
        headers = (await web.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/", "/console/api/state", "/console/api/history?as=li&chat=orders", "/console/media/x?as=li"]
)
async def test_a_rebound_name_gets_nothing(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path, headers={"host": "evil.example"})).status_code == 403


@pytest.mark.parametrize(
    "path", ["/console/api/state", "/console/api/tour", "/console/api/history?as=li&chat=orders", "/console/media/x"]
)
async def test_without_a_session_there_is_nothing_to_read(group: Scripted, path: str) -> None:
    async with httpx.AsyncClient(base_url=group.url, trust_env=False) as stranger:
        assert (await stranger.get(path)).status_code == 403
        assert (await stranger.post("/chat/console", json={"type": "message"})).status_code == 401


async def test_nobody_reads_as_a_person_who_does_not_exist(web: httpx.AsyncClient) -> None:
    assert (await web.get("/console/api/history?as=nobody&chat=orders")).status_code == 403
    assert (await web.get("/console/api/state?as=nobody")).json()["me"] == "li"


@pytest.mark.parametrize("before", ["-1", "x", "1e3", "²"])
async def test_a_page_of_history_needs_a_number(web: httpx.AsyncClient, before: str) -> None:
    assert (
        await web.get("/console/api/history", params={"as": "li", "chat": "orders", "before": before})
    ).status_code == 400


async def test_numbers_beyond_any_revision_are_survived(group: Scripted, web: httpx.AsyncClient) -> None:
    found = await web.get("/console/api/history", params={"as": "li", "chat": "orders", "before": "9" * 40})
    assert found.status_code == 200
    async with feed(group, web, after=10**30) as socket:
        assert json.loads(await socket.recv())["t"] == "news"


async def test_media_is_served_so_that_no_browser_runs_it(group: Scripted, web: httpx.AsyncClient) -> None:
    page = Document(b"<script>alert(1)</script>", "x.html", "text/html")
    await group.console.send(ORDERS, Reply("", pictures=(Picture(png(4, 4, (9, 9, 9)), "a"),), documents=(page,)), key="k")
    body = group.console.room.history("orders", "li", before=None, limit=1)[0].body
    picture = await web.get(f"/console/media/{body['pictures'][0]['id']}?as=li")
    document = await web.get(f"/console/media/{body['files'][0]['id']}?as=li")
    assert (picture.headers["content-type"], document.headers["content-type"]) == ("image/png", "application/octet-stream")
    assert document.headers["content-disposition"].startswith("attachment")
    for answer in (picture, document):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in answer.headers["content-security-policy"]
    assert (await web.get("/console/media/none?as=li")).status_code == 404


async def test_uploads_are_capped_while_they_stream_in(web: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x" * 1_048_576

    params = {"as": "li", "chat": "orders", "name": "a.csv"}
    answer = await web.post("/console/api/upload", params=params, content=endless())
    assert answer.status_code == 400
    assert "太大" in answer.json()["error"]
    foreign = await web.post("/console/api/upload", params=params, content=b"1", headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403


async def test_a_foreign_page_cannot_listen(group: Scripted, web: httpx.AsyncClient) -> None:
    async with feed(group, web, origin="http://evil.example") as socket:
        assert await close_code(socket) == 4401
    async with feed(group, web, person="nobody") as socket:
        assert await close_code(socket) == 4401


async def test_a_page_of_another_history_is_told_to_start_over(group: Scripted, web: httpx.AsyncClient) -> None:
    async with feed(group, web, epoch="0123456789abcdef") as socket:
        assert json.loads(await socket.recv()) == {"t": "reset"}


@pytest.mark.parametrize(
    "frame", ["not json", "[]", "[" * 50_000, '{"chat": "orders"}', '{"chat": "orders", "read": "x"}', "null"]
)
async def test_a_broken_frame_ends_only_its_own_connection(group: Scripted, web: httpx.AsyncClient, frame: str) -> None:
    async with feed(group, web) as broken, feed(group, web, person="zhou") as other:
        await other.recv()
        await broken.send(frame)
        assert await close_code(broken) is not None
        await group.console.send(ORDERS, Reply("还在"), key=frame)
        assert json.loads(await other.recv())["messages"][0]["body"]["text"] == "还在"


async def test_read_marks_for_other_peoples_chats_change_nothing(group: Scripted, web: httpx.AsyncClient) -> None:
    async with feed(group, web, person="zhou") as socket:
        await socket.recv()
        await socket.send('{"chat": "stock", "read": 99}')
        await socket.send('{"chat": ["orders"], "read": 99}')
        await socket.send('{"chat": "orders", "read": 1e400}')
        assert await close_code(socket) is not None
    assert group.console.feed.listeners == 0


async def test_who_leaves_the_directory_is_shown_out(
    group: Scripted, web: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with feed(group, web) as socket:
        await socket.recv()
        monkeypatch.setattr(
            "tests.pages.scripted.PEOPLE", [m for m in group.console.sessions.members().values() if m.user_id != "li"]
        )
        await group.console.send(ORDERS, Reply("内部消息"), key="k")
        assert await close_code(socket) == 4401


async def test_the_font_is_there_for_machines_without_chinese(web: httpx.AsyncClient) -> None:
    answer = await web.get("/console/font.otf")
    assert (answer.status_code, answer.content[:4]) == (200, b"OTTO")


@pytest.mark.browser
async def test_a_login_link_lets_one_person_in_once(tmp_path: Path, browser: Browser) -> None:
    group = Scripted(tmp_path, mode=Mode.LOGIN)
    await group.start()
    context, thief = await browser.new_context(viewport=PHONE), await browser.new_context()  # type: ignore[arg-type]
    try:
        page = await context.new_page()
        answer = await page.goto(group.url)
        assert answer
        assert answer.status == 401
        await expect(page.locator("h1")).to_contain_text("登录链接")
        link = group.console.login_link("zhou")
        async with httpx.AsyncClient(trust_env=False) as preview:
            assert (await preview.get(link)).status_code == 200  # a chat client looks at the link first
        await page.goto(link)
        await page.get_by_role("button", name="进入工作群").click()
        await page.wait_for_selector('#app[data-ready="yes"]')
        await expect(page.locator("#me")).to_contain_text("周敏")
        await page.locator("#switch").click()
        await expect(page.locator("[data-person]")).to_have_count(1)
        late = await thief.new_page()
        await late.goto(link)
        await late.get_by_role("button", name="进入工作群").click()
        await expect(late.locator("h1")).to_contain_text("已经用过")
    finally:
        await context.close()
        await thief.close()
        await group.stop()
