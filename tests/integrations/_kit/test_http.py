from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from domain.errors import OutcomeUnknown, ProtocolBroken
from integrations._kit.http import Http


def answering(headers: list[tuple[str, str]], body: bytes = b"{}") -> Http:
    return Http("http://test", transport=httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=body)))


async def test_the_server_s_time_is_remembered() -> None:
    http = answering([("date", "Fri, 20 Nov 2026 02:00:00 GMT"), ("date", "Fri, 20 Nov 2026 03:00:00 GMT")])
    assert http.server_time is None
    await http.call("GET", "/", changes=False)
    assert http.server_time == datetime(2026, 11, 20, 3, tzinfo=UTC)
    await http.aclose()


async def test_a_nonsense_date_is_no_time() -> None:
    http = answering([("date", "tomorrow")])
    await http.call("GET", "/", changes=False)
    assert http.server_time is None
    await http.aclose()


@pytest.mark.parametrize(("changes", "expected"), [(True, OutcomeUnknown), (False, ProtocolBroken)])
async def test_json_nested_without_end_is_an_unreadable_answer(changes: bool, expected: type[Exception]) -> None:
    http = answering([], b"[" * 200_000)
    with pytest.raises(expected):
        await http.call("GET", "/", changes=changes)
    await http.aclose()
