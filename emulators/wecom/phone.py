"""What the group would see on a phone, as one page: for people, not for tests."""

from __future__ import annotations

import html
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from emulators.wecom.state import Shown, Talk

if TYPE_CHECKING:
    from emulators.wecom.app import WecomEmulator

_STYLE = """
body{margin:0 auto;max-width:26rem;font:15px/1.5 system-ui;background:#ededed;color:#111}h2{font-size:1rem;text-align:center}
.m{margin:.6rem;padding:.5rem .7rem;border-radius:.4rem;background:#fff;white-space:pre-wrap;overflow-wrap:anywhere}
.p{background:#95ec69;margin-left:4rem}.q{color:#666;border-left:3px solid #bbb;padding-left:.4rem;font-size:.85em}
a{color:#576b95}.c b{display:block}.t{color:#888}button{margin:.3rem .3rem 0 0;padding:.3rem .8rem}
@media(prefers-color-scheme:dark){body{background:#111;color:#eee}.m{background:#2c2c2c}.p{background:#2d6b1c}}
"""
_SCRIPT = """
async function post(path,body){await fetch(path,{method:'POST',body:JSON.stringify(body)});
 setTimeout(()=>location.reload(),600)}
document.querySelectorAll('button[data-key]').forEach(b=>b.onclick=()=>post('/_emulator/press',
 {user:document.querySelector('#who').value,task_id:b.dataset.task,key:b.dataset.key,group:b.dataset.group}))
document.querySelectorAll('form').forEach(f=>f.onsubmit=e=>{e.preventDefault();post('/_emulator/say',
 {user:document.querySelector('#who').value,text:f.elements.text.value,group:f.dataset.group})})
"""


def page(emulator: WecomEmulator) -> Callable[[Request], Awaitable[Response]]:
    async def show(_: Request) -> Response:
        people = "".join(
            f"<option value='{html.escape(u)}'>{html.escape(n)}</option>" for u, n in emulator.state.users.items()
        )
        talks = "".join(_talk(talk) for talk in emulator.state.talks.values())
        return HTMLResponse(
            "<!doctype html><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width'><title>企业微信（模拟）</title>"
            f"<style>{_STYLE}</style><p style='text-align:center'>我是 <select id=who>{people}</select></p>{talks}"
            f"<script>{_SCRIPT}</script>"
        )

    return show


def _talk(talk: Talk) -> str:
    group = talk.chat_id if talk.kind == "group" else ""
    said = "".join(_shown(each, group) for each in talk.shown[-60:])
    return (
        f"<h2>{html.escape(talk.title)}</h2>{said}<form data-group='{html.escape(group)}' class=m>"
        "<input name=text style='width:80%' placeholder='发给小单'><button>发送</button></form>"
    )


def _shown(shown: Shown, group: str) -> str:
    quote = f"<div class=q>{html.escape(shown.quote)}</div>" if shown.quote else ""
    if shown.author:
        return f"<div class='m p'>{html.escape(shown.author)}：{html.escape(shown.content)}</div>"
    if shown.card is not None:
        return f"<div class='m c'>{quote}{_card(shown.card, group)}</div>"
    waiting = "" if shown.finished else " …"
    if shown.kind in _MEDIA:
        return f"<div class=m>{quote}<i>[{_MEDIA[shown.kind]}]</i></div>"
    words = _markdown(shown.content) if shown.kind in _MARKED else html.escape(shown.content)
    return f"<div class=m>{quote}{words or html.escape(f'[{shown.kind}]')}{waiting}</div>"


_MEDIA = {"image": "图片", "file": "文件", "voice": "语音", "video": "视频"}
_MARKED = ("markdown", "markdown_v2", "stream")


def _markdown(text: str) -> str:
    """Enough of the documented subset to see what a person would see: headings, bold and links; lines stay lines."""
    safe = html.escape(text)
    safe = re.sub(r"^#{1,6} (.+)$", r"<b>\1</b>", safe, flags=re.MULTILINE)
    safe = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", safe)
    return re.sub(r"\[([^\]\n]+)\]\(([^)\s]+)\)", r'<a title="\2">\1</a>', safe)


def _card(card: dict[str, Any], group: str) -> str:
    title = card.get("main_title", {})
    task = html.escape(str(card.get("task_id", "")))
    buttons = "".join(
        f"<button data-task='{task}' data-group='{html.escape(group)}' data-key='{html.escape(str(b.get('key', '')))}'>"
        f"{html.escape(str(b.get('text', '')))}</button>"
        for b in card.get("button_list", ())
    )
    words = (title.get("desc", ""), card.get("sub_title_text", ""))
    body = "".join(f"<div>{html.escape(str(each))}</div>" for each in words if each)
    return f"<b>{html.escape(str(title.get('title', '')))}</b>{body}{buttons}"
