"""Template cards by the table of path 101032: what is missing, too long or doubled gets the documented code."""

from __future__ import annotations

import re
from typing import Any

from emulators.wecom.problems import Problem

TYPES = ("text_notice", "news_notice", "button_interaction", "vote_interaction", "multiple_interaction")
INTERACTIVE = TYPES[2:]
_TASK = re.compile(r"[0-9A-Za-z_\-@]{1,128}")


def check(card: Any, *, seen_tasks: set[str] | None) -> dict[str, Any]:
    """The card, if the platform would take it. `seen_tasks` are the ids used before; None where repeats are meant."""
    if not isinstance(card, dict):
        raise Problem(40058)
    kind = card.get("card_type")
    if kind not in TYPES:
        raise Problem(42031)
    title = card.get("main_title") or {}
    if kind == "text_notice" and not (title.get("title") or card.get("sub_title_text")):
        raise Problem(42033)
    if kind != "text_notice" and not title.get("title"):
        raise Problem(42033)
    if kind in ("text_notice", "news_notice") and not (card.get("card_action") or {}).get("type"):
        raise Problem(42045)
    if kind in INTERACTIVE or card.get("action_menu"):
        _task(card, seen_tasks)
    if kind == "button_interaction":
        _buttons(card.get("button_list"))
        if "button_selection" in card:
            _selection(card["button_selection"])
    if kind == "vote_interaction":
        _options((card.get("checkbox") or {}).get("option_list"), 20)
    if kind == "multiple_interaction":
        lists = card.get("select_list") or []
        if not 1 <= len(lists) <= 3:
            raise Problem(42047)
        for each in lists:
            _selection(each)
    _lists(card)
    return card


def _task(card: dict[str, Any], seen: set[str] | None) -> None:
    task = card.get("task_id")
    if not isinstance(task, str) or not _TASK.fullmatch(task):
        raise Problem(42014)
    if seen is not None and task in seen:
        raise Problem(42014)


def _buttons(buttons: Any) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 6:
        raise Problem(42017)
    keys = [button.get("key") for button in buttons]
    for button in buttons:
        if not button.get("text"):
            raise Problem(42038)
        if button.get("style", 1) not in (1, 2, 3, 4):
            raise Problem(40058)
        if button.get("type", 0) == 0 and not button.get("key"):
            raise Problem(42017)
        if len(str(button.get("key", "")).encode()) > 1024:
            raise Problem(42039)
    if len(set(keys)) != len(keys):
        raise Problem(42018)


def _selection(selection: Any) -> None:
    if not isinstance(selection, dict) or not selection.get("question_key"):
        raise Problem(42043)
    _options(selection.get("option_list"), 10)


def _options(options: Any, most: int) -> None:
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        raise Problem(42037)
    for option in options:
        if not option.get("id") or len(str(option["id"]).encode()) > 128:
            raise Problem(42040)
        if not option.get("text"):
            raise Problem(42041)


def _lists(card: dict[str, Any]) -> None:
    rows = card.get("horizontal_content_list") or []
    if len(rows) > 6:
        raise Problem(42035)
    if any(not row.get("keyname") for row in rows):
        raise Problem(42027)
    if len(card.get("vertical_content_list") or []) > 4:
        raise Problem(42036)
    if len(card.get("jump_list") or []) > 3:
        raise Problem(42042)
    action = card.get("card_action")
    if action and action.get("type") == 1 and not str(action.get("url", "")).startswith(("http://", "https://")):
        raise Problem(42028)
