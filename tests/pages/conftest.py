"""A real Chromium for page tests, and the work group with a scripted bot behind it.

Page tests are async and share one event loop and one browser per worker:
`pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from tests.pages.scripted import Scripted

PHONE = {"width": 375, "height": 812}
DESK = {"width": 1200, "height": 800}
OpenPage = Callable[..., Awaitable[Page]]
ContextFor = Callable[..., Awaitable[BrowserContext]]


def chromium() -> str:
    """Where this machine's Chromium is, or ""."""
    named = os.environ.get("XIAODAN_CHROMIUM", "")
    found = [named, *map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))]
    return next((path for path in found if path), "")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One headless Chromium for the whole worker. Missing: a failure under CI, a skip with a sentence elsewhere."""
    path = chromium()
    if not path:
        tell = pytest.fail if os.environ.get("CI") else pytest.skip
        tell("no Chromium found: install it (Debian: apt install chromium) or set XIAODAN_CHROMIUM to its path")
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--disable-extensions",
        "--no-first-run",
    ]
    async with async_playwright() as driver:
        opened = await driver.chromium.launch(executable_path=path, headless=True, args=flags)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def group(tmp_path: Path) -> AsyncIterator[Scripted]:
    """The console with a scripted bot, served on a free port of loopback."""
    scripted = Scripted(tmp_path)
    await scripted.start()
    yield scripted
    await scripted.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def contexts(browser: Browser) -> AsyncIterator[ContextFor]:
    """Browser profiles, one per look, kept for the whole worker: every test has a server of its own, so nothing leaks."""
    made: dict[str, BrowserContext] = {}

    async def get(size: dict[str, int], *, dark: bool) -> BrowserContext:
        name = f"{size}{dark}"
        if name not in made:
            scheme: Literal["dark", "light"] = "dark" if dark else "light"
            viewport = ViewportSize(width=size["width"], height=size["height"])
            made[name] = await browser.new_context(
                viewport=viewport, color_scheme=scheme, locale="zh-CN", reduced_motion="reduce"
            )
            # 8 MB a page: boxes are enough for tests.
            await made[name].route("**/console/font.otf", lambda route: route.abort())
        return made[name]

    yield get
    for context in made.values():
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(contexts: ContextFor, group: Scripted) -> AsyncIterator[OpenPage]:
    """Opens the group as one person (`chat`, `size`, `dark` by name). Any error in the page fails the test."""
    pages: list[Page] = []
    errors: list[str] = []

    async def opened(person: str = "li", *, chat: str = "", size: dict[str, int] | None = None, dark: bool = False) -> Page:
        page = await (await contexts(size or PHONE, dark=dark)).new_page()
        pages.append(page)
        page.set_default_timeout(8_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None)
        await page.goto(f"{group.url}/?as={person}{'#' + chat if chat else ''}")
        await page.wait_for_selector('#app[data-ready="yes"][data-live="yes"]')
        return page

    yield opened
    for page in pages:
        await page.close()
    assert errors == []
