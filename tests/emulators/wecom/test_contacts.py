"""The tester's side door to the emulated directory."""

from __future__ import annotations

import httpx

from emulators.wecom import WecomEmulator
from tests.conformance.harness import Loopback


async def test_people_are_hired_moved_and_dismissed_from_outside() -> None:
    emulator = WecomEmulator()
    async with httpx.AsyncClient(transport=Loopback(emulator), base_url="http://emulator") as http:

        async def act(**asked: object) -> httpx.Response:
            return await http.post("/_emulator/directory", json=asked)

        number = (await act(act="department", name="客服部")).json()["id"]
        assert (await act(act="hire", user="new", name="新同事", departments=[number], quiet=True)).status_code == 200
        assert emulator.contacts.member("new").departments == [number]
        assert (await act(act="move", user="new", departments=[1], quiet=True)).status_code == 200
        assert (await act(act="dismiss", user="new", quiet=True)).status_code == 200
        assert "new" not in emulator.state.users
        assert (await act(act="promote", user="new")).status_code == 400
        assert (await act(act="move", user="nobody", departments=[1], quiet=True)).status_code == 400
