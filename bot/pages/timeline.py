"""`/p/timeline/{token}`: an order's life behind a signed, expiring link. Looks only; nothing here changes anything.

The token says which order and how much of it: staff, or customer. A wrong or expired token gets a sentence, not a status.
"""

from __future__ import annotations

import io
import secrets
from datetime import UTC, datetime
from pathlib import Path

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from domain.errors import Forged, Refused
from handlers.desk import Desk
from handlers.order_reply import PAGE_LIFE
from handlers.page_links import made_at, voided
from handlers.timeline import timeline
from handlers.words.timeline import line

TEMPLATES = Path(__file__).parent / "templates"
SCOPES = frozenset({"staff", "customer"})


def environment() -> Environment:
    """Templates of the signed pages: everything is escaped unless it was made here."""
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def page(template: str, env: Environment, *, status: int = 200, lang: str, **fields: object) -> Response:
    """A page with nothing from outside, nothing that runs, nothing that is kept or indexed."""
    nonce = secrets.token_urlsafe(12)
    body = env.get_template(template).render(nonce=nonce, lang="en" if lang == "en" else "zh-CN", **fields)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src data:; font-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(body, status, headers)


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""
    env = environment()

    def sorry(key: str, status: int) -> Response:
        words = {"title": line(desk.lang, key), "how": line(desk.lang, f"{key}.how")}
        return page("sorry.html", env, status=status, lang=desk.lang, **words)

    async def show(request: Request) -> Response:
        now = desk.clock.now()
        try:
            token, scope = desk.signer.open_page("timeline", request.path_params["token"], now=now)
            order_id = token.subject_id
            until = datetime.fromtimestamp(int(token.extra.partition("|")[0]), UTC)
        except (Forged, ValueError):
            return sorry("expired", 403)
        if scope not in SCOPES:
            return sorry("expired", 403)
        if scope == "staff" and made_at(token, PAGE_LIFE) < await desk.store.read(voided):
            return sorry("expired", 403)
        try:
            seen = await timeline(order_id, scope, until, desk)
        except Refused:
            return sorry("gone", 404)
        return page("timeline.html", env, lang=desk.lang, seen=seen, code=_code(seen.customer_url), say=_sayer(desk.lang))

    return [Route("/p/timeline/{token}", show, methods=["GET"])]


def _sayer(lang: str) -> dict[str, str]:
    return {key: line(lang, key) for key in ("empty", "customer_link")}


def _code(url: str) -> Markup:
    """The link as a QR code, drawn as inline SVG; "" for none."""
    if not url:
        return Markup()
    drawn = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        drawn, kind="svg", scale=3, border=2, xmldecl=False, svgns=True, dark="#000", light="#fff", omitsize=True
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - made by segno from our own signed link
