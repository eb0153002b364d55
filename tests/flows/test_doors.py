"""Random and broken requests at every door: an answer below 500, always, and nothing let in."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path
from typing import Any

from domain.errors import DeskError
from tests.flows.company import SHOP, Company, opened

REQUESTS = 400
WORDS = (
    "",
    "0",
    "null",
    "[]",
    "{}",
    "[[[[",
    '{"a":1}',
    "param=",
    "param=x&sign=y",
    "<xml/>",
    "\x00",
    "\ud83d",
    "9" * 400,
    "%",
    "../",
)
HEADERS = ("event-sign", "app-id", "content-type", "cookie", "origin", "host", "x-forwarded-for", "range", "content-length")


def paths(company: Company) -> list[str]:
    fixed = [getattr(route, "path", "") for route in company.app.router.routes]
    token = company.house.desk.signer.sign("approval.agree", "approval:1", "0.x")
    made = [
        path.format(connector="console", shop=SHOP, token=token, blob="x", path="app.js")
        for path in fixed
        if path and "{" in path
    ]
    plain = [path for path in fixed if path and "{" not in path and not path.endswith(("/feed", "/static"))]
    extra = [
        f"/push/douyin/{SHOP}",
        "/push/kuaidi100/main",
        "/push/pinduoduo/x",
        "/chat/wecom",
        "/p/order/x",
        "/p/evidence/x",
        "/console/static/",
    ]
    return [*made, *plain, *extra]


def odd(rng: random.Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return rng.choice(WORDS).encode("utf-8", "surrogatepass")
    if kind == 1:
        return rng.randbytes(rng.randrange(200))
    if kind == 2:
        depth = rng.choice((10, 3_000, 100_000))
        return b"[" * depth + b"]" * (depth if rng.random() < 0.5 else 0)
    wire: dict[str, Any] = {
        "type": rng.choice(("message", "click", 7, None)),
        "as": rng.choice(("zhangming", "", 5, "x" * 999)),
        "chat": rng.choice(("orders", "@zhangming", None, "|")),
        "text": rng.choice(("0417", "\x00", "a" * 5_000, 1 << 70, "\udc00")),
        "id": rng.choice(("".join(rng.choices(string.ascii_letters, k=12)), "", 1)),
        "message": rng.choice(("x", 1, None)),
        "button": rng.choice(("x", [], None)),
        "values": rng.choice(({}, [], {"reason": 1}, None)),
        "attachments": rng.choice(([], ["x"], "x", [1], ["x"] * 99)),
    }

    return json.dumps({key: value for key, value in wire.items() if rng.random() < 0.9}).encode()


async def test_no_request_whatever_is_answered_with_a_fault_of_ours(company: Company) -> None:
    rng = random.Random(20261122)
    doors = paths(company)
    assert len(doors) > 10
    before = await company.house.desk.store.inbox.depth()
    accepted = 0
    for index in range(REQUESTS):
        method = rng.choice(("GET", "POST", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS"))
        headers = {
            name: rng.choice(("", "x", "application/json", "a" * 300, "²", "*/*")) for name in HEADERS if rng.random() < 0.2
        }
        if rng.random() < 0.6:
            headers = {"content-type": "application/json"}
        query = rng.choice(
            (
                "",
                "?as=zhangming",
                "?msg_signature=x&timestamp=²&nonce=",
                "?after=abc&as=zhangming&chat=orders&before=9" + "9" * 40,
            )
        )
        encoded = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        answer = await company.http.request(method, rng.choice(doors) + query, headers=encoded, content=odd(rng))
        assert answer.status_code < 500, (index, method, answer.request.url, headers, answer.request.content[:200])
        accepted += answer.status_code == 200 and answer.request.url.path == "/chat/console"
    assert await company.house.desk.store.inbox.depth() <= before + accepted


async def test_a_body_that_declares_nonsense_is_refused_in_words(company: Company) -> None:
    push = f"/push/douyin/{SHOP}"
    for declared, status in (("9" * 5_000, 413), ("\u00b2", 401), ("-1", 401)):
        sent = {b"content-length": declared.encode("latin-1")}
        assert (await company.http.post(push, headers=sent, content=b"[]")).status_code == status


async def test_a_store_that_is_away_is_503_and_the_platform_sends_it_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as company:
        company.place()
        house = company.house
        accept = house.desk.store.inbox.accept

        async def away(_: Any) -> int:
            raise DeskError("the disk is full")

        house.desk.store.inbox.accept = away  # type: ignore[method-assign,assignment]
        assert await company.push() == 0
        assert (await company.say("zhangming", "0417 到哪了", work=False)).status_code == 503
        house.desk.store.inbox.accept = accept  # type: ignore[method-assign]
        company.clock.move(10)
        assert await company.push() > 0
        await company.work()
        assert len(company.read(lambda r: r.rows("SELECT id FROM orders"))) == 1


async def test_health_and_figures_tell_no_names(company: Company) -> None:
    await company.refund(1_990)
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = await company.http.get(path)
        assert answer.status_code == 200
        assert "王小满" not in answer.text
        assert "17000000417" not in answer.text
