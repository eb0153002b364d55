"""What is answered without a plan: an order's timeline in words, one address, one waybill number."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.assistants.schema import Arguments, Json
from domain.address import distance_km, parse
from domain.privacy import safe_text
from domain.waybill import candidates
from handlers.desk import Desk
from handlers.timeline import Step, timeline

Answer = tuple[str, Json]
STEPS = 60  # the newest ones; an order with more has its page
_LIFE = timedelta(hours=24)


async def timeline_of(order_id: int, now: datetime, desk: Desk) -> Answer:
    """The staff page of an order as text and data: everything but personal data. Raises Refused when it is gone."""
    page = await timeline(order_id, "staff", now + _LIFE, desk)
    shown = page.steps[-STEPS:]
    left = len(page.steps) - len(shown)
    lines = [page.title, f"{page.mark} {page.headline}", page.why, *(f"{name}：{value}" for name, value in page.facts)]
    lines += [f"（更早的 {left} 步没有列出，看时间轴页面）"] if left else []
    lines += [_line(step) for step in shown]
    data: Json = {
        "headline": page.headline,
        "facts": [{"name": name, "value": value} for name, value in page.facts],
        "steps": [_step(step) for step in shown],
        "steps_left_out": left,
        "as_of": page.footer,
    }
    return "\n".join(line for line in (*lines, page.footer) if line.strip()), data


def _line(step: Step) -> str:
    return " · ".join(
        part for part in (step.exact, step.what, step.change, step.who, step.surface, step.note, step.gap) if part
    )


def _step(step: Step) -> Json:
    return {
        "at": step.at.isoformat(),
        "what": step.what,
        "who": step.who,
        "where": step.surface,
        "change": step.change,
        "note": step.note,
        "gap": step.gap,
    }


def address(arguments: Arguments) -> Answer:
    """What the parser knows about one address, or about two."""
    first = parse(str(arguments["address"]))
    data: Json = {"recognised": bool(first.adcode), **_place(str(arguments["address"]))}
    named = " ".join(part for part in (data["province"], data["city"], data["district"]) if part)
    rest = f" · {data['detail']}" if data["detail"] else ""
    lines = [f"{named}（{first.adcode}）{rest}" if first.adcode else "没认出是哪里。"]
    if arguments.get("other"):
        second = parse(str(arguments["other"]))
        data["other"] = {"recognised": bool(second.adcode), **_place(str(arguments["other"]))}
        distance = distance_km(first, second)
        data["km"] = None if distance is None else round(distance, 1)
        lines.append("有一个地址没认出来，算不了距离。" if distance is None else f"两地相距约 {distance:.0f} 公里。")
    return "\n".join(lines), data


def _place(text: str) -> Json:
    found = parse(text)
    return {
        "province": found.province,
        "city": found.city,
        "district": found.district,
        "adcode": found.adcode,
        "lat": found.lat,
        "lng": found.lng,
        "detail": safe_text(found.detail, 120),
        "today": None if found.today is None else {"district": found.today.district, "adcode": found.today.adcode},
    }


def waybill(arguments: Arguments) -> Answer:
    """Carriers by the number's shape, prefix and check digit."""
    guesses = candidates(str(arguments["number"]))
    data: Json = {
        "carriers": [{"carrier": each.carrier, "confidence": each.confidence, "why": each.why} for each in guesses]
    }
    lines = [f"{each.carrier}  {each.confidence:.0%}  {each.why}" for each in guesses]
    return "\n".join(lines) or "没有哪家的运单号长这样，再核对一下？", data
