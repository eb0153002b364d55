"""`/p/evidence/{token}`: what an approval rests on (photos, decisions so far), behind a signed, expiring link.

Looks only: a chat client's link preview that opens it approves nothing (buttons do, and they are not links). Photos stay at
the platform; each carries a watermark with the request's number and the moment it was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.pages.timeline import environment, page
from domain.clock import SHANGHAI
from domain.errors import Forged
from domain.privacy import safe_text
from handlers.approval_card import draw, sheet_for
from handlers.approval_sheet import PAGE_FOR
from handlers.desk import Desk
from handlers.page_links import made_at, voided
from handlers.words.approvals import Words, words
from handlers.words.times import when


@dataclass(frozen=True, slots=True)
class Evidence:
    """The page's content, already in words."""

    title: str
    tone: str
    lines: tuple[str, ...]
    photos: tuple[str, ...]
    steps: tuple[tuple[str, str, str], ...]  # (who, what, when)
    watermark: str
    empty: str
    footer: str


async def evidence(approval_id: int, desk: Desk) -> Evidence | None:
    """What staff may see of an approval; None when there is no such approval."""
    sheet = await sheet_for(approval_id, desk)
    if sheet is None:
        return None
    card = draw(sheet, desk).card
    if card is None:
        return None
    say, now = sheet.say, desk.clock.now()
    # Platforms serve photos over https; the demo's are drawn by this very server.
    shown = ("https://", f"{desk.base_url}/")
    photos = tuple(url for url in (sheet.approval.facts or {}).get("photos", ()) if str(url).startswith(shown))
    steps = tuple(
        (safe_text(word.person_name, 16), _what(say, word.verdict, word.note), when(word.at, now, lang=say.lang))
        for word in sheet.approval.decisions
    )
    return Evidence(
        title=f"{card.title} {card.number}",
        tone=card.tone.value,
        lines=card.lines,
        photos=photos,
        steps=steps,
        watermark=say("page.watermark", number=card.number, at=_exact(now)),
        empty=say("page.no_photos"),
        footer=say("page.as_of", at=_exact(now)),
    )


def _what(say: Words, verdict: str, note: str) -> str:
    text = say(f"v.{verdict}")
    return f"{text}：{safe_text(note, 60)}" if note else text


def _exact(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""
    env = environment()

    def sorry(key: str, status: int) -> Response:
        say = words(desk.lang)
        return page("sorry.html", env, status=status, lang=desk.lang, title=say(key), how=say(f"{key}.how"))

    async def show(request: Request) -> Response:
        now = desk.clock.now()
        try:
            token, scope = desk.signer.open_page("evidence", request.path_params["token"], now=now)
            approval_id = token.subject_id
        except (Forged, ValueError):
            return sorry("page.expired", 403)
        if scope != "staff" or made_at(token, PAGE_FOR) < await desk.store.read(voided):
            return sorry("page.expired", 403)
        seen = await evidence(approval_id, desk)
        if seen is None:
            return sorry("page.gone", 404)
        answer = page("evidence.html", env, lang=desk.lang, seen=seen)
        policy = answer.headers["content-security-policy"]
        answer.headers["content-security-policy"] = policy.replace("img-src data:", "img-src 'self' https: data:")
        return answer

    return [Route("/p/evidence/{token}", show, methods=["GET"])]
