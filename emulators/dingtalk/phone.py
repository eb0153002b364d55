"""What the emulated groups show, as on a phone: one column, newest last, cards with their buttons (pressing works)."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from emulators.dingtalk.state import Shown

if TYPE_CHECKING:
    from emulators.dingtalk.app import DingTalkEmulator

_PAGE = """<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>钉钉（模拟）</title><style>
body{{font:15px/1.5 system-ui;margin:0 auto;max-width:420px;background:#f2f3f5;color:#111;padding:8px}}
h2{{font-size:16px;margin:18px 4px 6px}} .m{{background:#fff;
border-radius:10px;padding:8px 10px;margin:6px 0;overflow-wrap:anywhere}}
.me{{background:#d9ecff;margin-left:48px}} .w{{color:#888;font-size:12px}}
button{{margin:4px 4px 0 0;padding:6px 12px;border-radius:16px;
border:1px solid #3370ff;background:#fff;color:#3370ff}} .tip{{color:#888;font-size:12px}} form{{display:inline}}
@media (prefers-color-scheme:dark){{body{{background:#111;color:#eee}}.m{{background:#222}}.me{{background:#234}}}}
</style><p class="w">看的人：{viewers} · <a href="">刷新</a></p>{body}</html>"""
_SCRIPT = """<script>async function press(u,c,b){await fetch('/_emulator/click',{method:'POST',
body:JSON.stringify({user:u,card:c,button:b})});setTimeout(()=>location.reload(),600)}</script>"""


def routes(emulator: DingTalkEmulator) -> list[Route]:
    async def page(request: Request) -> Response:
        return HTMLResponse(draw(emulator, request.query_params.get("user", "")))

    return [Route("/_emulator/phone", page)]


def draw(emulator: DingTalkEmulator, viewer: str = "") -> str:
    """The page as `viewer` (a user id) sees it; without one, the first person."""
    state = emulator.state
    viewer = viewer or next(iter(state.users), "")
    links = " ".join(
        f'<a href="?user={html.escape(user)}">{html.escape(nick)}{"✓" if user == viewer else ""}</a>'
        for user, nick in state.users.items()
    )
    sections = [(group.title, cid) for cid, group in state.groups.items()] + [("单聊", f"1:{viewer}")]
    body = "".join(
        f"<h2>{html.escape(title)}</h2>" + "".join(_message(emulator, each, viewer) for each in state.seen_in(conversation))
        for title, conversation in sections
    )
    return _PAGE.format(viewers=links, body=body + _SCRIPT)


def _message(emulator: DingTalkEmulator, shown: Shown, viewer: str) -> str:
    when = (datetime.fromtimestamp(shown.at, UTC) + timedelta(hours=8)).strftime("%H:%M:%S")
    who = emulator.state.users.get(shown.who, emulator.bot_name if shown.who == "robot" else shown.who)
    mine = " me" if shown.who == viewer else ""
    at = f" · @{html.escape(' @'.join(shown.effective_at))}" if shown.effective_at else ""
    inside = "<i>撤回了一条消息</i>" if shown.recalled else _inside(emulator, shown, viewer)
    return f'<div class="m{mine}"><div class="w">{html.escape(who)} {when}{at}</div>{inside}</div>'


def _inside(emulator: DingTalkEmulator, shown: Shown, viewer: str) -> str:
    body = shown.body
    if shown.kind == "card":
        card = emulator.cards.cards[body["outTrackId"]]
        view = card.view(viewer)
        buttons = "".join(
            f'<button onclick="press({_js(viewer)},{_js(card.track)},{_js(button["text"])})">'
            f"{html.escape(button['text'])}</button>"
            for button in card.buttons(viewer)
        )
        head, text = html.escape(str(view.get("title", ""))), _markdown(str(view.get("markdown", "")))
        return f'<b>{head}</b><div>{text}</div>{buttons}<div class="tip">{html.escape(str(view.get("tips", "")))}</div>'
    if shown.kind in ("text", "sampleText"):
        return html.escape(str(body.get("content", ""))).replace("\n", "<br>")
    if shown.kind in ("sampleImageMsg", "sampleFile"):
        return f"<i>{html.escape(str(body.get('fileName', '图片')))}</i>"
    return _markdown(str(body.get("text", "")))


def _js(text: str) -> str:
    return html.escape("'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("<", "\\x3c") + "'")


def _markdown(text: str) -> str:
    """Enough of the documented subset to see what a person would see: headings, bold, pictures, links, lines."""
    safe = html.escape(text)
    safe = re.sub(r"^#{1,6} (.+)$", r"<b>\1</b>", safe, flags=re.MULTILINE)
    safe = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", safe)
    safe = re.sub(r"!\[[^\]]*\]\(([^)]+)\)", r"<i>[图片 \1]</i>", safe)
    safe = re.sub(r"\[([^\]]+)\]\(([^)\s]+)\)", r'<a title="\2">\1</a>', safe)
    return safe.replace("\n", "<br>")
