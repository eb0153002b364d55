"""The tester's side door to the emulated directory, and who may read it."""

from __future__ import annotations

import httpx

from emulators.dingtalk import DingTalkEmulator
from tests.conformance.harness import Loopback


async def test_people_are_hired_and_dismissed_from_outside_and_only_a_token_reads_them() -> None:
    emulator = DingTalkEmulator()
    async with httpx.AsyncClient(transport=Loopback(emulator), base_url="http://emulator") as http:

        async def act(**asked: object) -> httpx.Response:
            return await http.post("/_emulator/directory", json=asked)

        number = (await act(act="department", name="客服部")).json()["id"]
        assert (await act(act="hire", user="d1", name="新同事", departments=[number], quiet=True)).status_code == 200
        page = {"dept_id": number, "cursor": 0, "size": 100}
        told = (await http.post("/topapi/v2/user/list?access_token=no", json=page)).json()
        assert told["errcode"] == 40014
        token = emulator.state.token()
        told = (await http.post(f"/topapi/v2/user/list?access_token={token}", json=page)).json()
        assert [row["userid"] for row in told["result"]["list"]] == ["d1"]
        told = (await http.post(f"/topapi/v2/user/list?access_token={token}", json={**page, "size": 101})).json()
        assert told["errcode"] == 40035
        emulator.contacts.scopes.clear()
        told = (await http.post(f"/topapi/v2/user/get?access_token={token}", json={"userid": "d1"})).json()
        assert (told["errcode"], told["sub_code"]) == (88, "60011")
        assert (await act(act="dismiss", user="d1", quiet=True)).status_code == 200
        assert (await act(act="fly", user="d1")).status_code == 400
