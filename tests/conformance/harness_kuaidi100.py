"""kuaidi100 on its emulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from domain.clock import ManualClock
from domain.ports import RawRequest
from emulators.kit import EmulatorClock
from emulators.kuaidi100 import Kuaidi100Emulator, Switches
from emulators.kuaidi100.pushes import push_signature
from integrations import registry
from integrations._kit.http import Http
from integrations._kit.manifest import Capability
from integrations.kuaidi100.wire import OURS
from tests.conformance.harness import CANARIES, Attempt, CarrierHarness, Loopback, Pushes

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PHONE, NAME, _, SECRET = CANARIES
SALT = "0123456789abcdef0123456789abcdef"
FAULTS = {
    "down": "500",
    "garbage": "garbage",
    "cut": "cut",
    "empty": "no-data",
    "too_fast": "busy",
    "denied": "expired-key",
    "lost_before": "drop-before",
    "lost_after": "drop-after-commit",
}


@dataclass
class Kuaidi100Harness(CarrierHarness):
    emulator: Kuaidi100Emulator

    def add_track(
        self, waybill: str = "", *, status: str = "", at: datetime | None = None, events: int = 2
    ) -> tuple[str, str]:
        newest = (at or NOW - timedelta(hours=1)).timestamp()
        steps: list[tuple[float, str, str, str]] = [
            (float(60 * index), "1002", f"【杭州】快递员 {NAME} {PHONE} 扫描 {index}", "浙江,杭州市")
            for index in range(events)
        ]
        after, _, words, area = steps[-1]
        steps[-1] = (after, status or "1002", words, area)
        number = self.emulator.hand_in(waybill, story=steps, start=newest - after)
        return number, OURS["yuantong"]

    async def read_once(self) -> Any:
        """Two parcels, so that a reading is more than one request, as it is for channels (token, list)."""
        tracks = []
        for _ in range(2):
            waybill, carrier = self.add_track()
            tracks.append(await self.connector.track(waybill, carrier, phone_tail="5678"))
        return tracks


def harness(switches: Switches | None = None, **settings: Any) -> Kuaidi100Harness:
    """A fresh account. `settings` overrides what the connector is told, `switches` what the service does."""
    clock, other = ManualClock(NOW), EmulatorClock(NOW.timestamp())
    emulator = Kuaidi100Emulator(clock=other, key=SECRET, switches=switches)
    module = registry.load("kuaidi100")
    values = {"customer": emulator.customer, "key": SECRET, "salt": SALT}
    configured = module.Settings(**{**values, "callback_url": "https://bot.example/push/kuaidi100/all", **settings})
    made = Kuaidi100Harness(
        domain="kuaidi100",
        connector=None,
        emulator=emulator,
        settings=configured,
        clock=clock,
        faults=FAULTS,
        secret_fields=("key", "salt", "old_salt"),
        required_fields=("customer", "key", "salt"),
        wire_statuses=(
            *("0", "1", "2", "3", "4", "5", "6", "7", "8", "10", "11", "12", "13", "14"),
            *("101", "102", "103", "1001", "1002", "1003", "201", "202", "203", "204", "205", "206", "207", "208", "209"),
            *("210", "301", "302", "303", "304", "401", "501"),
        ),
    )
    made.connector = module.build(
        configured,
        registry.manifests()["kuaidi100"],
        clock=clock,
        http=Http("http://kuaidi100.test", transport=Loopback(app=emulator)),
        sleep=made.sleep,
    )
    made.attempts = {Capability.TRACKS_SUBSCRIBE: lambda: _subscribe(made)}
    made.pushes = lambda: _pushes(made)
    return made


def _subscribe(made: Kuaidi100Harness) -> Attempt:
    emulator = made.emulator
    number, carrier = made.add_track()
    subscribe: Callable[[], Any] = lambda: made.connector.subscribe(  # noqa: E731
        number, carrier, phone_tail="5678", callback_url="", salt=""
    )
    return Attempt(
        "subscribe",
        subscribe,
        effects=lambda: len(emulator.journal.effects("subscribe")),
        sends=lambda: len(emulator.journal.calls("subscribe")),
        refuse=lambda: emulator.faults.plan("refused", "subscribe"),
        words="拒绝订阅",
    )


def request_of(body: bytes, made: Kuaidi100Harness) -> RawRequest:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return RawRequest("POST", "/push/kuaidi100/all", {}, headers, body, made.clock.now())


def _pushes(made: Kuaidi100Harness) -> Pushes:
    number, _ = made.add_track()
    result = made.emulator.state.result(made.emulator.state.parcels[number])
    param = json.dumps({"status": "polling", "message": "", "lastResult": result}, ensure_ascii=False)

    def form(param: str = param, **changed: str) -> RawRequest:
        return request_of(urlencode({"param": param, "sign": push_signature(param, SALT), **changed}).encode(), made)

    return Pushes(
        genuine=form,
        forged=lambda: [
            form(sign=""),
            form(sign="0" * 32),
            form(sign=push_signature(param, "another salt")),
            form(sign="签名"),
            form(param.replace("polling", "shutdown"), sign=push_signature(param, SALT)),
            request_of(urlencode({"param": param}).encode(), made),
            request_of(b"\xff\xfe", made),
            request_of(b"", made),
        ],
        unreadable=lambda: form('{"status": 3, "lastResult": []}'),
        acknowledgement='{"result":true,"returnCode":"200","message":"成功"}'.encode(),
        resolves_to=lambda: [number],
    )
