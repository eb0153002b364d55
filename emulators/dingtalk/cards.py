"""Interactive cards: instances, deliveries, per-user views, and a finger that presses their buttons."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from emulators.dingtalk.problems import Problem, Row
from emulators.dingtalk.state import Shown, State
from emulators.kit import Journal

SPACE = re.compile(r"dtv1\.card//(IM_GROUP|IM_ROBOT|IM_SINGLE|ONE_BOX)\.(.+)")
DEADLINE = 2.0
CREATE_KEYS = {
    "cardTemplateId", "outTrackId", "callbackType", "callbackRouteKey", "cardData", "privateData", "userIdType", "userId",
    "cardAtUserIds", "openSpaceId", "imGroupOpenSpaceModel", "imGroupOpenDeliverModel", "imRobotOpenSpaceModel",
    "imRobotOpenDeliverModel", "imSingleOpenSpaceModel", "imSingleOpenDeliverModel", "topOpenSpaceModel",
    "topOpenDeliverModel", "openDynamicDataConfig",
}  # fmt: skip
UPDATE_KEYS = {"outTrackId", "cardData", "privateData", "userIdType", "cardUpdateOptions"}
_MODELS = {"IM_GROUP": "imGroup", "IM_ROBOT": "imRobot", "IM_SINGLE": "imSingle", "ONE_BOX": "top"}

Answer = Row | None
Deliver = Callable[["Card", Row], Awaitable[Answer]]
"""How a click reaches the app: gives its answer, or None when there was none in time."""


@dataclass
class Card:
    track: str
    template: str
    public: Row
    private: dict[str, Row]
    callback_type: str
    route_key: str
    spaces: list[tuple[str, str]] = field(default_factory=list)
    seen_by: dict[str, Row] = field(default_factory=dict)  # what a clicker's own client was told by an answer
    updates: int = 0
    open_callbacks: int = 0

    def view(self, user: str = "") -> Row:
        return {**self.public, **self.private.get(user, {}), **self.seen_by.get(user, {})}

    def buttons(self, user: str = "") -> list[Row]:
        """The buttons that this person sees."""
        raw = self.view(user).get("sys_full_json_obj", "")
        found = json.loads(raw).get("msgButtons", []) if raw else []
        return [button for button in found if isinstance(button, dict)]


class Cards:
    def __init__(self, state: State, journal: Journal) -> None:
        self._state, self._journal = state, journal
        self.cards: dict[str, Card] = {}
        self.stream: Deliver | None = None
        self.http: Deliver | None = None

    # --- the app's side ---

    def create_and_deliver(self, body: Row) -> Row:
        card = self._create(body)
        results = self._deliver(card, body, str(body.get("openSpaceId", "")))
        self.cards[card.track] = card
        return {"success": True, "result": {"outTrackId": card.track, "deliverResults": results}}

    def create(self, body: Row) -> Row:
        card = self._create(body, space=False)
        self.cards[card.track] = card
        return {"success": True, "result": card.track}

    def deliver(self, body: Row) -> Row:
        card = self._known(body)
        return {"success": True, "result": self._deliver(card, body, str(body.get("openSpaceId", "")), created=True)}

    def update(self, body: Row) -> Row:
        unknown = set(body) - UPDATE_KEYS
        if unknown:
            raise Problem(400, "param.invalid", f"unknown: {', '.join(sorted(unknown))}")
        card = self._known(body)
        public, private = body.get("cardData"), body.get("privateData")
        if not public and not private:
            raise Problem(400, "param.cardDataAndPrivateDataBothEmpty")
        if card.open_callbacks:
            self._state.violations.append("update inside an open callback")
        options = body.get("cardUpdateOptions") or {}
        if public:
            fresh = self._params(public)
            card.public = {**card.public, **fresh} if options.get("updateCardDataByKey") else fresh
            card.seen_by.clear()  # an update for everybody replaces what a clicker's client was told
        for user, data in (private or {}).items():
            fresh = self._params(data)
            old = card.private.get(user, {})
            card.private[user] = {**old, **fresh} if options.get("updatePrivateDataByKey") else fresh
        card.updates += 1
        return {"success": True, "result": True}

    def _create(self, body: Row, *, space: bool = True) -> Card:
        unknown = set(body) - CREATE_KEYS
        if unknown:
            raise Problem(400, "param.invalid", f"unknown: {', '.join(sorted(unknown))}")
        template, track = body.get("cardTemplateId"), body.get("outTrackId")
        if not template:
            raise Problem(400, "param.cardTemplateIdEmpty")
        if not track or not isinstance(track, str):
            raise Problem(400, "param.outTrackIdEmpty")
        if len(track) > 100:
            raise Problem(400, "param.invalid", "outTrackId")
        standing = self._state.templates.get(str(template))
        if standing is None:
            raise Problem(400, "param.templateNotExist")
        if standing != "published":
            raise Problem(400, "param.templateUnpublished")
        if track in self.cards:
            raise Problem(400, "param.cardAlreadyExist")
        if not isinstance(body.get("cardData"), dict):
            raise Problem(400, "param.cardPublicDataEmpty")
        if space and not body.get("openSpaceId"):
            raise Problem(400, "param.openSpaceIdEmpty")
        kind = str(body.get("callbackType", ""))
        if kind not in ("", "STREAM", "HTTP"):
            raise Problem(400, "param.invalid", "callbackType")
        private = {user: self._params(data) for user, data in (body.get("privateData") or {}).items()}
        public = self._params(body["cardData"])
        if str(template).startswith("1366a1eb"):
            self._judge_built_in(public)
        return Card(track, str(template), public, private, kind, str(body.get("callbackRouteKey", "")))

    def _params(self, data: Row) -> Row:
        params = data.get("cardParamMap")
        if not isinstance(params, dict) or set(data) != {"cardParamMap"}:
            raise Problem(400, "param.invalid", "cardParamMap")
        limit = self._state.switches.card_value_limit
        for name, value in params.items():
            if not isinstance(value, str) and self._state.switches.string_values_only:
                raise Problem(400, "param.invalid", f"{name}: not a text")
            if len(name.encode()) > 100 or (limit and len(str(value).encode()) > limit):
                raise Problem(400, "param.invalid", f"{name}: too long")
        return dict(params)

    @staticmethod
    def _judge_built_in(public: Row) -> None:
        raw = public.get("sys_full_json_obj", "")
        try:
            found = json.loads(raw) if raw else {}
        except ValueError as broken:
            raise Problem(400, "param.invalid", "sys_full_json_obj") from broken
        for button in found.get("msgButtons", []):
            if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"]:
                raise Problem(400, "param.invalid", "msgButtons")

    def _deliver(self, card: Card, body: Row, spaces: str, *, created: bool = False) -> list[Row]:
        results = []
        for each in spaces.split(";"):
            found = SPACE.fullmatch(each)
            if found is None:
                raise Problem(400, "param.openSpaceIdInvalid")
            kind, ident = found.groups()
            prefix = _MODELS[kind]
            if not created and f"{prefix}OpenSpaceModel" not in body:
                raise Problem(400, "param.openSpaceModelInvalid")
            model = body.get(f"{prefix}OpenDeliverModel")
            if not isinstance(model, dict):
                raise Problem(400, "param.openDeliverModelEmpty")
            trouble = self._trouble(kind, ident, model)
            if not trouble:
                conversation = ident if kind == "IM_GROUP" else f"1:{ident}"
                card.spaces.append((kind, ident))
                at = tuple(body.get("cardAtUserIds") or ())
                self._state.show(
                    Shown(conversation, "robot", "card", {"outTrackId": card.track}, self._state.clock.now(), at, card.track)
                )
            results.append(
                {"spaceType": kind, "spaceId": ident, "success": not trouble, "carrierId": "", "errorMsg": trouble or ""}
            )
        return results

    def _trouble(self, kind: str, ident: str, model: Row) -> str:
        state = self._state
        if kind == "IM_GROUP":
            if model.get("robotCode") != state.robot_code:
                raise Problem(400, "param.openDeliverModelError", "robotCode")
            group = state.groups.get(ident)
            if group is None or group.disbanded:
                return "group not exist"
            return "" if group.robot_in else "robot not in group"
        return "" if ident in state.users else "user not exist"

    def _known(self, body: Row) -> Card:
        track = body.get("outTrackId")
        if not track:
            raise Problem(400, "param.outTrackIdEmpty")
        card = self.cards.get(str(track))
        if card is None:
            raise Problem(400, "param.cardNotExist")
        return card

    # --- the person's side ---

    async def click(self, track: str, user: str, button: str, *, from_other_org: bool = False) -> str:
        """Press a button by its words or id. Gives what the person's client says: ok, timeout, dead (no callback)."""
        card = self.cards[track]
        pressed = next((each for each in card.buttons(user) if button in (each["text"], each.get("id"))), None)
        if pressed is None:
            raise KeyError(f"no button {button!r} on {track}: {[each['text'] for each in card.buttons(user)]}")
        if not pressed.get("request") or from_other_org or not card.callback_type:
            return "dead"
        send = self.stream if card.callback_type == "STREAM" else self.http
        if send is None:
            return "dead"
        card.open_callbacks += 1
        try:
            answer = await send(card, self._body(card, user, pressed))
        finally:
            card.open_callbacks -= 1
        if answer is None:
            return "timeout"
        self._apply(card, user, answer)
        return "ok"

    def _body(self, card: Card, user: str, pressed: Row) -> Row:
        switches = self._state.switches
        ids = [pressed["id"]] if "id" in pressed and switches.click_carries != "params" else []
        params = pressed.get("params", {}) if switches.click_carries != "ids" else {}
        private: Row = {"actionIds": ids}
        content: Row = {"cardPrivateData": private}
        (private if switches.params_place == "inside" else content)["params"] = params
        text = json.dumps(content, ensure_ascii=False)
        kind, ident = card.spaces[0] if card.spaces else ("IM_GROUP", "")
        body: Row = {
            "type": "actionCallback",
            "outTrackId": card.track,
            "corpId": self._state.corp_id,
            "userId": user,
            "userIdType": 1,
            "spaceType": "IM",
            "spaceId": ident if kind == "IM_GROUP" else f"1:{ident}",
            "extension": "{}",
        }
        if switches.callback_key != "value":
            body["content"] = text
        if switches.callback_key != "content":
            body["value"] = text
        return body

    def _apply(self, card: Card, user: str, answer: Row) -> None:
        found: Any = answer.get("response", answer)
        if not isinstance(found, dict):
            return
        unknown = set(found) - {"cardUpdateOptions", "cardData", "userPrivateData"}
        if unknown:
            self._state.violations.append(f"card answer: unknown {', '.join(sorted(unknown))}")
            return
        public = (found.get("cardData") or {}).get("cardParamMap") or {}
        private = (found.get("userPrivateData") or {}).get("cardParamMap") or {}
        if any(not isinstance(value, str) for value in (*public.values(), *private.values())):
            self._state.violations.append("card answer: values must be texts")
            return
        if public and not self._state.switches.response_for_clicker_only:
            card.public = {**card.public, **public}
        if public or private:
            card.seen_by[user] = {**card.seen_by.get(user, {}), **public, **private}


async def within(deadline: float, waiting: Awaitable[Answer]) -> Answer:
    try:
        return await asyncio.wait_for(waiting, deadline)
    except TimeoutError:
        return None
