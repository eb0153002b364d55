"""The evidence page: signed, expiring, masked, harmless, and unable to change anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from bot.pages.evidence import routes
from tests.builders import NUMBER, aftersale, shipped
from tests.handlers.approval_bench import Bench

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    bench.arrive(shipped())
    photos = ("https://p.test/1.jpg", f"https://p.test/{EVIL}", "http://p.test/3.jpg", "javascript:alert(1)")
    bench.arrive(aftersale(reason=f"色差{EVIL}", photos=photos))
    yield bench
    bench.close()


def client(bench: Bench) -> httpx.AsyncClient:
    app = Starlette(routes=list(routes(bench.desk)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk.test")


async def test_photos_and_facts_are_shown_masked_watermarked_and_escaped(bench: Bench) -> None:
    await bench.run()
    url = bench.card().links[0].url.removeprefix(bench.desk.base_url)
    answer = await client(bench).get(url)
    assert answer.status_code == 200
    assert 'src="https://p.test/1.jpg"' in answer.text
    assert "A1 · 仅供内部审批 · 2026-11-20 14:00:00 查看" in answer.text
    assert "<script" not in answer.text
    assert "javascript:" not in answer.text
    for secret in ("王小芳", "13812345678", "文三路", NUMBER):
        assert secret not in answer.text
    assert "img-src 'self' https: data:" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


async def test_link_preview_approves(bench: Bench) -> None:
    """A chat client fetches every link of the card, over and over: nothing is decided, nothing is sent."""
    await bench.run()
    before = bench.approval()
    urls = [link.url for link in bench.card().links] + [bench.desk.base_url + "/p/evidence/x.y.z"]
    web = client(bench)
    for url in urls * 3:
        for method in ("GET", "HEAD", "POST"):
            await web.request(method, url.removeprefix(bench.desk.base_url))
    for button in bench.card().buttons:
        assert (await web.get(f"/p/evidence/{button.token}")).status_code == 403
        assert not button.token.startswith("http")
    assert bench.approval() == before
    await bench.run(600)
    assert bench.shop.effects == []


async def test_an_expired_or_foreign_link_is_a_sentence(bench: Bench) -> None:
    await bench.run()
    url = bench.card().links[0].url.removeprefix(bench.desk.base_url)
    foreign = bench.desk.signer.page("evidence", "approval:1", until=bench.clock.now() + timedelta(days=1), scope="customer")
    missing = bench.desk.signer.page("evidence", "approval:99", until=bench.clock.now() + timedelta(days=1), scope="staff")
    web = client(bench)
    assert (await web.get(f"/p/evidence/{foreign}")).status_code == 403
    assert (await web.get(f"/p/evidence/{missing}")).status_code == 404
    bench.clock.move(timedelta(days=8))
    late = await web.get(url)
    assert late.status_code == 403
    assert "这个链接过期了" in late.text
