"""The signed timeline page: what each scope shows, and what a wrong link gets."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.pages.timeline import routes
from domain.order import AftersaleStage, TrackStage
from domain.store import OrderEvent
from handlers.order_reply import timeline_url
from tests.builders import NOW, NUMBER, aftersale, line, money, newer, scan, shipped, track
from tests.handlers.ask_desk import AskDesk

HOUR = timedelta(hours=1)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[AskDesk]:
    desk = AskDesk(tmp_path)
    first = shipped(
        at=NOW - 30 * HOUR,
        warehouse="杭州仓",
        lines=(line(title="<script>alert(1)</script>沙发套"),),
        buyer_note="我叫王小芳 13812345678",
    )
    desk.put(
        first,
        track(
            scan("已揽收，快递员 13900001111", TrackStage.PICKED_UP, NOW - 28 * HOUR, place="杭州"),
            scan("离开杭州转运中心", at=NOW - 20 * HOUR, place="杭州"),
        ),
        aftersale(
            stage=AftersaleStage.REFUNDED,
            refunded_at=NOW - HOUR,
            refunded_amount=money(26_800),
            photos=("http://x/1", "http://x/2"),
        ),
    )
    desk.put(newer(desk.stored(NUMBER).order, holds=("margin",)))
    order_id = desk.stored(NUMBER).id
    desk.store.write_now(
        lambda u: u.orders.add_events(
            order_id, [OrderEvent(NOW, "urge", "张明", "chat"), OrderEvent(NOW, "owner", "张明", "chat", "", "张明")]
        )
    )
    yield desk
    desk.close()


@pytest.fixture
async def web(ask: AskDesk) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=list(routes(ask.desk))))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.example") as client:
        yield client


def url(ask: AskDesk, scope: str = "staff") -> str:
    return timeline_url(ask.stored(NUMBER).id, ask.clock.now(), ask.desk, scope=scope).removeprefix("https://desk.example")


async def test_staff_see_every_step_with_who_and_how_long(ask: AskDesk, web: httpx.AsyncClient) -> None:
    page = await web.get(url(ask))
    assert page.status_code == 200
    for word in (
        "下单",
        "上传运单",
        "已揽收",
        "离开杭州转运中心",
        "暂停",
        "毛利过低待复核",
        "催件",
        "张明",
        "顺丰",
        "退款完成",
        "附 2 张照片",
        "隔 8 小时",
    ):
        assert word in page.text, word
    moments = re.findall(r'<time datetime="([^"]+)"', page.text)
    assert moments == sorted(moments)


async def test_no_personal_data_on_any_scope(ask: AskDesk, web: httpx.AsyncClient) -> None:
    for scope in ("staff", "customer"):
        page = (await web.get(url(ask, scope))).text
        for secret in ("13812345678", "王小芳", "文三路", "13900001111"):
            assert secret not in page


async def test_customers_see_milestones_and_nothing_internal(ask: AskDesk, web: httpx.AsyncClient) -> None:
    page = await web.get(url(ask, "customer"))
    assert page.status_code == 200
    for word in ("下单", "离开杭州转运中心", "退款完成"):
        assert word in page.text
    for inside in ("张明", "毛利", "催件", "接手", "暂停", "¥268", "李芳", "杭州仓", "下一步"):
        assert inside not in page.text, inside


async def test_hostile_titles_stay_text_and_nothing_runs_or_leaves(ask: AskDesk, web: httpx.AsyncClient) -> None:
    page = await web.get(url(ask))
    assert "<script" not in page.text
    assert "http://" not in page.text.replace("http://www.w3.org/", "")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    nonce = re.search(r"style-src 'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f'<style nonce="{nonce.group(1)}">' in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["cache-control"] == "no-store"


async def test_the_staff_page_carries_a_code_for_the_customers_page(ask: AskDesk, web: httpx.AsyncClient) -> None:
    page = (await web.get(url(ask))).text
    assert "<svg" in page
    link = re.search(r'href="https://desk\.example(/p/timeline/[^"]+)"', page)
    assert link is not None
    customer = await web.get(link.group(1))
    assert "订单进度" in customer.text
    assert "<svg" not in customer.text


@pytest.mark.parametrize("harm", ["cut", "changed", "expired", "other kind", "button", "nonsense", "scope"])
async def test_a_wrong_link_gets_a_sentence_and_no_order(ask: AskDesk, web: httpx.AsyncClient, harm: str) -> None:
    good = url(ask).rpartition("/")[2]
    sign = ask.desk.signer
    bad = {
        "cut": good[:-3],
        "changed": good.replace(good[8], "A" if good[8] != "A" else "B", 1),
        "expired": sign.page("timeline", "order:1", until=NOW - HOUR, scope="staff"),
        "other kind": sign.page("board", "order:1", until=NOW + HOUR, scope="staff"),
        "button": sign.sign("ask.take", "order:1"),
        "nonsense": "x" * 2000,
        "scope": sign.page("timeline", f"order:{ask.stored(NUMBER).id}", until=NOW + HOUR, scope=""),
    }[harm]
    page = await web.get(f"/p/timeline/{bad}")
    assert page.status_code == 403
    assert "这个链接已经过期了" in page.text
    assert "沙发套" not in page.text


async def test_an_order_that_is_gone_says_so(ask: AskDesk, web: httpx.AsyncClient) -> None:
    token = ask.desk.signer.page("timeline", "order:12345", until=NOW + HOUR, scope="staff")
    page = await web.get(f"/p/timeline/{token}")
    assert page.status_code == 404
    assert "这单找不到了" in page.text


async def test_the_link_ends_after_a_day(ask: AskDesk, web: httpx.AsyncClient) -> None:
    link = url(ask)
    ask.clock.move(timedelta(hours=23))
    assert (await web.get(link)).status_code == 200
    ask.clock.move(timedelta(hours=2))
    assert (await web.get(link)).status_code == 403
