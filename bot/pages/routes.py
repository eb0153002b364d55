"""Which pages this installation serves. Joined here so that the application itself knows none of them."""

from __future__ import annotations

from importlib import resources

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from bot.bootstrap import House
from bot.pages import evidence, timeline


def attach(house: House) -> None:
    """The signed pages that cards link to."""
    house.page_routes.append(Route("/p/font.otf", font))
    house.page_routes.extend(timeline.routes(house.desk))
    house.page_routes.extend(evidence.routes(house.desk))


async def font(request: Request) -> Response:
    """The packaged Chinese font, asked for only by machines that have none."""
    path = resources.files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf"
    return FileResponse(str(path), media_type="font/otf", headers={"cache-control": "public, max-age=604800"})
