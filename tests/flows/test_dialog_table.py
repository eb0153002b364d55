"""Dialogs as clerks, warehouse keepers and bosses hold them (`dialogs.txt`): every turn means what a careful colleague makes of it.

Each runs through the real dispatcher and all features over a store of its own; a turn that asks for no draft must leave none.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.dialog_room import Dialog, Room, dialogs
from tests.servers import emptied, postgres, postgres_database  # noqa: F401  (fixtures)

ALL = dialogs(Path(__file__).parent / "dialogs.txt")
OVER_POSTGRES = (
    "phone, list, the second, when it was sent, money back",
    "the boss and a figure",
    "a button of the list, then another place of the same list",
    "two people in one group",
)


@pytest.mark.parametrize("dialog", ALL, ids=lambda each: each.title)
async def test_every_turn_means_what_a_careful_colleague_makes_of_it(dialog: Dialog, tmp_path: Path) -> None:
    room = Room(tmp_path)
    try:
        amiss = await room.play(dialog)
    finally:
        room.close()
    assert not amiss, "\n".join(amiss)


@pytest.mark.parametrize("dialog", ALL[::6], ids=lambda each: each.title)
async def test_the_same_with_the_program_restarted_before_every_turn(dialog: Dialog, tmp_path: Path) -> None:
    room = Room(tmp_path)
    try:
        amiss = await room.play(dialog, restarted=True)
    finally:
        room.close()
    assert not amiss, "\n".join(amiss)


@pytest.mark.postgres
@pytest.mark.parametrize("title", OVER_POSTGRES)
async def test_the_same_on_postgresql_and_restarted(
    title: str,
    tmp_path: Path,
    postgres_database: str,  # noqa: F811
) -> None:
    (dialog,) = (each for each in ALL if each.title == title)
    room = Room(tmp_path, emptied(postgres_database))
    try:
        amiss = await room.play(dialog, restarted=True)
    finally:
        room.close()
    assert not amiss, "\n".join(amiss)


def test_every_dialog_has_its_own_title_and_turns() -> None:
    titles = [each.title for each in ALL]
    assert len(titles) == len(set(titles)) >= 80
    assert all(len(each.turns) >= 2 for each in ALL)


def test_a_line_that_is_no_turn_stops_the_tests(tmp_path: Path) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_text("# 打错的一行\n张 6920 到哪了 -> where_is_order\n", "utf-8")
    with pytest.raises(ValueError, match="no turn of a dialog"):
        dialogs(broken)
