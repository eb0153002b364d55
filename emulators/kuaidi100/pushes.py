"""Pushes of subscribed parcels: whole histories, salted; without the right reply again after 30 minutes, three times."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable

from emulators.kit import Journal
from emulators.kuaidi100.state import DAY, Row, State, Subscription

Post = Callable[[str, dict[str, str], bytes], Awaitable[tuple[int, bytes]]]
REPLY = {"result": True, "returnCode": "200", "message": "成功"}
PAUSE = 1800
TRIES = 4
TIMEOUT = 5.0


def push_signature(param: str, salt: str) -> str:
    summed = hashlib.md5(param.encode("utf-8"))
    summed.update(salt.encode("utf-8"))
    return summed.hexdigest().upper()


async def post_over_socket(url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """The default sender: the standard library in a thread."""

    def send() -> tuple[int, bytes]:
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 (given by the subscriber)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()
        except OSError:
            return 0, b""

    return await asyncio.to_thread(send)


class Pushes:
    """`deliver()` sends what is due once. `post` may be replaced, to hand pushes over without a socket."""

    def __init__(self, state: State, journal: Journal) -> None:
        self._state, self._journal = state, journal
        self.post: Post = post_over_socket

    def param(self, subscription: Subscription) -> Row:
        """What a push says now."""
        state = self._state
        parcel = state.parcels.get(subscription.num)
        empty = {"message": "ok", "nu": subscription.num, "com": subscription.company, "status": "200", "data": []}
        result: Row = state.result(parcel) if parcel else {**empty, "state": "0", "ischeck": "0", "condition": "F00"}
        status, message = "polling", ""
        newest = parcel.start + max((step[0] for step in parcel.story), default=0) if parcel else subscription.since
        if result["ischeck"] == "1":
            status = "shutdown"
        elif not result["data"] and state.clock.now() - subscription.since >= 3 * DAY:
            status, message = "abort", "3天查询无记录"
        elif result["data"] and state.clock.now() - newest >= 60 * DAY:
            status, message = "abort", "60天无变化"
        corrected = bool(parcel and parcel.named and parcel.named != parcel.com and result["data"])
        named = {"comOld": subscription.company, "comNew": str(result["com"])} if corrected else {"comOld": "", "comNew": ""}
        return {
            "status": status, "billstatus": "check" if status == "shutdown" else "got", "message": message,
            "autoCheck": "1" if corrected else "0", **named, "lastResult": result,
        }  # fmt: skip

    def request(self, subscription: Subscription, param: str) -> bytes:
        """The form of one delivery."""
        form = {"param": param}
        if subscription.salt:
            form["sign"] = push_signature(param, subscription.salt)
        return urllib.parse.urlencode(form).encode()

    async def deliver(self) -> int:
        """Send everything that is new or due again; gives how many were acknowledged."""
        acknowledged = 0
        for subscription in list(self._state.subscriptions.values()):
            if not subscription.ended or subscription.pending:
                acknowledged += await self._one(subscription)
        return acknowledged

    async def _one(self, subscription: Subscription) -> int:
        now = self._state.clock.now()
        said = self.param(subscription)
        print_of = json.dumps(said, ensure_ascii=False)
        if subscription.pending is None:
            if subscription.sent == print_of or not (said["lastResult"]["data"] or said["status"] != "polling"):
                return 0
            subscription.pending, subscription.tries = (print_of, print_of), 0
        elif now < subscription.next_try:
            return 0
        fingerprint, param = subscription.pending
        if subscription.tries and self._state.switches.new_dedupe:
            param = json.dumps({**json.loads(param), "message": f"retry {subscription.tries}"}, ensure_ascii=False)
        headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8"}
        status, answer = await self.post(subscription.url, headers, self.request(subscription, param))
        good = status == 200 and _reply(answer) == REPLY
        subscription.tries += 1
        subscription.next_try = now + PAUSE
        self._journal.note(now, "push", {"num": subscription.num}, {"status": status, "acknowledged": good})
        if good or subscription.tries >= TRIES:
            subscription.sent, subscription.pending = fingerprint, None
            if (told := json.loads(param)["status"]) != "polling":
                subscription.ended, subscription.ended_at = told, now
        return int(good)

    async def run(self, every: float = 0.2) -> None:
        """Deliver for ever: for the demo and `emulate`."""
        while True:
            await self.deliver()
            await asyncio.sleep(every)


def _reply(answer: bytes) -> object:
    try:
        return json.loads(answer)
    except ValueError:
        return None
