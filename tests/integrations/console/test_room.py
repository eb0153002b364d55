"""The history file: revisions, unread marks, retention, and being opened again."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chat import Card, Link, Picture, Reply
from domain.errors import Unavailable
from integrations.console.room import Room, RoomChat, Said
from integrations.console.wire import clean, draw, png_size, said
from tests.pages.scripted import png

BODY = said("hi", [], [])


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path / "deep" / "console.db")
    made.open_chat(RoomChat("orders", "group", "订单", "", ()))
    made.open_chat(RoomChat("stock", "group", "库存", "", ("wang",)))
    yield made
    made.close()


def post(
    room: Room, name: str, *, chat: str = "orders", author: str = "", to_user: str = "", text: str = "", at: int = 0
) -> Said:
    body = said(text or name, [], ["li"] if "@li" in name else [])
    return room.post(chat_id=chat, message_id=name, key=name, author=author, body=body, at=at, to_user=to_user)[0]


def edit(room: Room, name: str, text: str, key: str) -> None:
    room.edit(name, key=key, body=said(text, [], []), at=9, blobs=(), buttons=())


def test_news_is_each_message_once_as_it_is_now(room: Room) -> None:
    first = post(room, "a")
    post(room, "b")
    edit(room, "a", "a2", "k1")
    edit(room, "a", "a3", "k2")
    news = room.news("li", first.rev)
    assert [one.body["text"] for one in news.messages] == ["b", "a3"]
    assert room.news("li", news.rev).messages == ()
    assert room.history("orders", "li", before=None, limit=9)[0].body["text"] == "a3", "an edit keeps its place"


def test_news_comes_in_pages_without_gaps(room: Room) -> None:
    for number in range(7):
        post(room, f"m{number}", to_user="" if number % 2 else "wang")
    found, after, more = [], 0, True
    while more:
        news = room.news("li", after, limit=2)
        found += [one.message_id for one in news.messages]
        after, more = news.rev, news.more
    assert found == ["m1", "m3", "m5"]
    assert after == room.news("wang", 0).rev


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pe"), st.integers(0, 5), st.booleans()), max_size=25))
def test_a_reader_who_drops_out_anywhere_ends_with_the_same_room(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool]]
) -> None:
    room = Room(tmp_path_factory.mktemp("room") / "console.db")
    room.open_chat(RoomChat("orders", "group", "订单", "", ()))
    held: dict[str, str] = {}
    after = 0

    def read() -> int:
        news = room.news("li", after)
        held.update({one.message_id: one.body["text"] for one in news.messages})
        return news.rev

    for index, (kind, name, online) in enumerate(steps):
        if kind == "p":
            post(room, f"m{name}", text=f"t{index}")
        else:
            edit(room, f"m{name}", f"t{index}", f"k{index}")
        after = read() if online else after
    read()
    assert held == {one.message_id: one.body["text"] for one in room.history("orders", "li", before=None, limit=99)}
    room.close()


def test_unread_counts_others_visible_messages_and_mentions(room: Room) -> None:
    post(room, "a")
    post(room, "b @li")
    post(room, "mine", author="li")
    post(room, "secret", to_user="zhou")
    assert room.news("li", 0).unread == {"orders": {"n": 2, "at_me": 1, "read": 0}}
    assert set(room.news("wang", 0).unread) == {"orders", "stock"}
    seq = room.history("orders", "li", before=None, limit=1)[0].seq
    assert room.mark_read("li", "orders", seq)
    assert not room.mark_read("li", "orders", 1), "never back"
    assert room.news("li", 0).unread["orders"]["n"] == 0
    assert room.news("zhou", 0).unread["orders"]["n"] == 4
    room.mark_read("zhou", "orders", 1 << 62)
    post(room, "after")
    assert room.news("zhou", 0).unread["orders"]["n"] == 1, "one cannot read what is not written yet"


def test_thousands_of_unread_stop_counting_at_the_cap(room: Room) -> None:
    for number in range(120):
        post(room, f"m{number}")
    assert room.news("li", 0).unread["orders"]["n"] == 100


def test_what_one_may_not_see_does_not_exist(room: Room) -> None:
    post(room, "s", chat="stock")
    secret = post(room, "p", to_user="zhou")
    assert room.chat_for("stock", "li") is None
    assert [room.visible(name, "li") for name in ("s", "p", "none")] == [None, None, None]
    assert room.visible("p", "zhou") == secret
    assert [one["id"] for one in room.chats_of("li")] == ["orders"]
    assert room.chats_of("li")[0]["last"] is None
    assert room.chats_of("zhou")[0]["last"]["text"] == "p"


def test_retention_by_age_and_by_number(room: Room) -> None:
    for number in range(6):
        post(room, f"m{number}", at=number)
    assert room.sweep(before=2, keep_per_chat=3, now=10) == 3
    assert [one.message_id for one in room.history("orders", "li", before=None, limit=9)] == ["m3", "m4", "m5"]
    assert post(room, "m6").rev == 7, "revisions never go back, whatever was forgotten"


def test_a_key_outlives_its_message_so_that_a_late_retry_adds_nothing_old(room: Room) -> None:
    post(room, "a", at=5)
    room.sweep(before=6, keep_per_chat=9, now=10)
    assert not room.edit("a", key="k", body=BODY, at=9, blobs=(), buttons=())


def test_many_threads_write_without_losing_anything(room: Room) -> None:
    threads = [threading.Thread(target=lambda n=n: [post(room, f"t{n}-{i}") for i in range(25)]) for n in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = room.history("orders", "li", before=None, limit=999)
    assert len(found) == 100
    assert len({one.rev for one in found}) == 100


def test_a_writer_killed_half_way_leaves_nothing(room: Room, tmp_path: Path) -> None:
    post(room, "a")
    other = sqlite3.connect(tmp_path / "deep" / "console.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE meta SET value=99 WHERE name='rev'")
    other.close()  # as after kill -9: the transaction never ended
    assert post(room, "b").rev == 2


def test_a_file_that_is_not_ours_is_refused_in_words(tmp_path: Path) -> None:
    broken, newer = tmp_path / "broken.db", tmp_path / "newer.db"
    broken.write_bytes(b"not a database at all" * 100)
    with pytest.raises(Unavailable, match="move the file away"):
        Room(broken)
    Room(newer).close()
    file = sqlite3.connect(newer)
    file.execute("PRAGMA user_version=7")
    file.close()
    with pytest.raises(Unavailable, match="newer version"):
        Room(newer)


def test_the_same_file_keeps_its_epoch_and_another_has_another(tmp_path: Path) -> None:
    first = Room(tmp_path / "a.db")
    epoch = first.epoch
    first.close()
    again, other = Room(tmp_path / "a.db"), Room(tmp_path / "b.db")
    assert (again.epoch == epoch, other.epoch == epoch) == (True, False)
    again.close()
    other.close()


# --- wire ---


@given(st.text(), st.integers(1, 50))
def test_cleaned_text_is_short_storable_and_stays_clean(text: str, limit: int) -> None:
    once = clean(text, limit)
    assert len(once) <= limit
    assert clean(once, limit) == once
    once.encode()
    assert not set(once) & set("\u202e\u2066\x00\x1b\r")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("/p/order/a.b", "/p/order/a.b"),
        ("https://desk.example/p/order/a?x=1", "/p/order/a?x=1"),
        ("https://evil.example/p/order/a", ""),
        ("http://desk.example/p/a", ""),
        ("//evil.example/p/a", ""),
        ("javascript:/p/alert(1)", ""),
        ("/admin", ""),
        ("/p/../admin", ""),
        ("/p/\\evil", ""),
        ("", ""),
    ],
)
def test_links_keep_only_addresses_of_our_own_pages(url: str, kept: str) -> None:
    drawn = draw(Reply("", card=Card("t", (), links=(Link("看", url),))), message_id="m", base_url="https://desk.example")
    assert drawn.body["card"]["links"] == [{"label": "看", "url": kept}]


def test_a_picture_tells_its_size_so_that_nothing_jumps() -> None:
    drawn = draw(Reply("", pictures=(Picture(png(640, 360, (1, 2, 3)), "alt"),)), message_id="m", base_url="http://x")
    assert (drawn.body["pictures"][0]["width"], drawn.body["pictures"][0]["height"]) == (640, 360)
    assert png_size(b"\x89PNG") == (0, 0)
