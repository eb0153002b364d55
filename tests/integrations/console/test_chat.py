"""The console as a chat platform: the two ports, and everything that may happen twice, late or in bad faith."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from domain.chat import Ask, Button, Card, ChatKind, ChatRef, Click, Document, Message, MessageRef, Picture, Reply
from domain.errors import BadInput, Forged, Rejected, Unavailable
from domain.ports import Chat, ReceivesChat
from integrations.console import Console
from integrations.console.wire import button_id
from tests.integrations.console.conftest import HOST, Bench, click, message

ORDERS = ChatRef("console", "orders", ChatKind.GROUP)
CARD = Reply(
    "退款 A17",
    card=Card(
        "退款申请",
        ("¥268.00",),
        buttons=(
            Button("同意", "agree"),
            Button("拒绝…", "reject", ask=Ask("为什么？", options=("凭证不足", "已发货"))),
            Button("转给…", "forward", ask=Ask("转给谁？", required=False)),
        ),
    ),
)


def error(body: bytes) -> str:
    return str(json.loads(body)["error"])


def seen(console: Console, user: str, chat: str = "orders") -> list[str]:
    return [said.body["text"] for said in console.room.history(chat, user, before=None, limit=99)]


def test_it_offers_both_ports_of_its_card(console: Console) -> None:
    assert isinstance(console, Chat)
    assert isinstance(console, ReceivesChat)


# --- what people say ---


def test_a_message_is_decoded_and_shown_to_the_group(bench: Bench, console: Console, cookie: str) -> None:
    receipt = console.receive(bench.request(message(), cookie))
    [said] = receipt.incoming
    assert isinstance(said, Message)
    assert (said.chat, said.sender.user_id, said.sender.name, said.text) == (ORDERS, "li", "李芳", "0417 到哪了")
    assert said.sent_at == bench.clock.now()
    assert json.loads(receipt.body)["message"]["id"] == said.message_id
    assert seen(console, "zhou") == ["0417 到哪了"]


def test_a_repeat_gives_the_same_message_again_and_shows_it_once(bench: Bench, console: Console, cookie: str) -> None:
    first = console.receive(bench.request(message(), cookie))
    bench.clock.move(timedelta(minutes=5))
    again = console.receive(bench.request(message("换了文字"), cookie))
    assert again.incoming == first.incoming
    assert seen(console, "li") == ["0417 到哪了"]


def test_the_same_id_of_another_person_is_another_message(bench: Bench, console: Console, cookie: str) -> None:
    first = console.receive(bench.request(message(), cookie))
    other = console.receive(bench.request(message(who="zhou"), cookie))
    assert first.incoming != other.incoming
    assert len(seen(console, "li")) == 2


def test_the_bots_name_in_front_is_not_part_of_the_question(bench: Bench, console: Console, cookie: str) -> None:
    [said] = console.receive(bench.request(message("@小单 待办"), cookie)).incoming
    assert isinstance(said, Message)
    assert said.text == "待办"
    assert seen(console, "li") == ["@小单 待办"]


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"text": "好的"}, False),
        ({"text": "@小单 好的"}, True),
        ({"text": "帮助", "command": True}, True),
        ({"chat": "@li"}, True),
    ],
)
def test_the_bot_knows_when_it_is_meant(
    bench: Bench, console: Console, cookie: str, sent: dict[str, Any], meant: bool
) -> None:
    console.ensure_direct("li")
    [said] = console.receive(bench.request({**message(), **sent}, cookie)).incoming
    assert isinstance(said, Message)
    assert said.addressed is meant


def test_a_direct_conversation_is_called_by_its_person(bench: Bench, console: Console, cookie: str) -> None:
    console.ensure_direct("li")
    [said] = console.receive(bench.request(message(chat="@li"), cookie)).incoming
    assert said.chat == ChatRef("console", "li", ChatKind.DIRECT)


@pytest.mark.parametrize(("who", "chat"), [("zhou", "stock"), ("zhou", "@li"), ("li", "nowhere"), ("li", "")])
def test_nobody_speaks_where_he_is_not(bench: Bench, console: Console, cookie: str, who: str, chat: str) -> None:
    console.ensure_direct("li")
    receipt = console.receive(bench.request(message(who=who, chat=chat), cookie))
    assert (receipt.incoming, receipt.status) == ((), 403)
    assert "不在这个群" in error(receipt.body)


@pytest.mark.parametrize(
    ("text", "status"), [("", 400), ("  \n ", 400), ("\u202e\x00", 400), ("长" * 4001, 413), ("x" * 100_000, 413)]
)
def test_empty_and_endless_texts_are_refused_in_words(
    bench: Bench, console: Console, cookie: str, text: str, status: int
) -> None:
    receipt = console.receive(bench.request(message(text), cookie))
    assert (receipt.incoming, receipt.status) == ((), status)
    assert error(receipt.body)
    assert seen(console, "li") == []


def test_control_characters_and_direction_overrides_do_not_get_in(bench: Bench, console: Console, cookie: str) -> None:
    [said] = console.receive(bench.request(message("a\x00b\u202ec\ud800d\ne"), cookie)).incoming
    assert isinstance(said, Message)
    assert said.text == "abcd\ne"


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b'{"as": "li"',
        b"[" * 60_000,
        {"as": "li", "id": "message-1", "type": "shout"},
        message(name="short"),
        message(name="a" * 65),
        message(name="has space in it"),
        {**message(), "text": 12345678901234567890},
        {**message(), "chat": ["orders"]},
        {**message(), "attachments": "all"},
        {**message(), "attachments": [1]},
        {**message(), "attachments": ["x"] * 10},
        {**message(), "as": None},
    ],
)
def test_what_no_page_of_ours_would_send_is_bad_input(bench: Bench, console: Console, cookie: str, payload: object) -> None:
    with pytest.raises(BadInput):
        console.receive(bench.request(payload, cookie))


def test_who_floods_is_asked_to_wait_and_may_go_on_later(bench: Bench, console: Console, cookie: str) -> None:
    statuses = [console.receive(bench.request(message(name=f"message-{n}"), cookie)).status for n in range(45)]
    assert (statuses[:40], statuses[-1]) == ([200] * 40, 429)
    bench.clock.move(timedelta(seconds=1))
    assert console.receive(bench.request(message(name="message-later"), cookie)).status == 200


# --- clicks ---


async def test_a_click_gives_the_token_back_untouched(bench: Bench, console: Console, cookie: str) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    [pressed] = console.receive(bench.request(click(ref.message_id, button_id("agree")), cookie)).incoming
    assert isinstance(pressed, Click)
    assert (pressed.token, pressed.card_message_id, pressed.sender.user_id, pressed.chat) == (
        "agree",
        ref.message_id,
        "zhou",
        ORDERS,
    )


async def test_the_page_never_sees_a_token(console: Console) -> None:
    secret = "token-nobody-may-see"
    await console.send(
        ORDERS, Reply("x", card=Card("t", (), buttons=(Button("a", secret),)), choices=(Button("b", secret),)), key="k"
    )
    assert secret not in json.dumps([said.json() for said in console.room.history("orders", "li", before=None, limit=9)])


async def test_clicking_twice_is_one_event_until_a_while_later(bench: Bench, console: Console, cookie: str) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    press = click(ref.message_id, button_id("agree"))
    first = console.receive(bench.request(press, cookie)).incoming
    assert console.receive(bench.request(press, cookie)).incoming == first, "the same request again"
    bench.clock.move(timedelta(milliseconds=300))
    assert console.receive(bench.request({**press, "id": "click-002"}, cookie)).incoming == first, "a second finger"
    other = console.receive(bench.request({**press, "id": "click-003", "as": "li"}, cookie)).incoming
    assert other != first, "another person is another event: the rules decide who was first"
    bench.clock.move(timedelta(seconds=3))
    assert console.receive(bench.request({**press, "id": "click-004"}, cookie)).incoming != first


async def test_a_late_click_on_an_old_version_still_means_what_it_said(bench: Bench, console: Console, cookie: str) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    await console.update(ref, Reply("已退款", card=Card("已退款", ())), key="done")
    [pressed] = console.receive(bench.request(click(ref.message_id, button_id("agree")), cookie)).incoming
    assert isinstance(pressed, Click)
    assert pressed.token == "agree"


async def test_foreign_hidden_and_invented_buttons_do_nothing(bench: Bench, console: Console, cookie: str) -> None:
    card = await console.send(ORDERS, CARD, key="k")
    hidden = await console.send(ORDERS, CARD, key="p", to_user="li")
    stock = await console.send(ChatRef("console", "stock", ChatKind.GROUP), CARD, key="s")
    agree = button_id("agree")
    for press in (
        click(card.message_id, button_id("pay-me")),
        click(card.message_id, "agree"),
        click("no-such-message", agree),
        click(hidden.message_id, agree),
        click(stock.message_id, agree),
    ):
        receipt = console.receive(bench.request(press, cookie))
        assert (receipt.incoming, receipt.status) == ((), 410)
        assert "失效" in error(receipt.body)


@pytest.mark.parametrize(
    ("token", "values", "kept"),
    [
        ("reject", {"reason": "已发货"}, (("reason", "已发货"),)),
        ("reject", {}, None),
        ("reject", {"reason": "  "}, None),
        ("reject", {"reason": "自己编的"}, None),
        ("reject", {"reason": 7}, None),
        ("reject", ["已发货"], None),
        ("forward", {}, ()),
        ("forward", {"reason": "陈晨\x00", "amount": "999"}, (("reason", "陈晨"),)),
        ("agree", {"reason": "多余"}, ()),
    ],
)
async def test_answers_to_an_ask(
    bench: Bench, console: Console, cookie: str, token: str, values: object, kept: tuple[tuple[str, str], ...] | None
) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    receipt = console.receive(bench.request(click(ref.message_id, button_id(token), values=values), cookie))
    assert [c.values for c in receipt.incoming if isinstance(c, Click)] == ([] if kept is None else [kept])
    assert receipt.status == (400 if kept is None else 200)


# --- what we say ---


async def test_the_same_key_twice_is_one_message(console: Console) -> None:
    first = await console.send(ORDERS, Reply("一次"), key="k")
    assert await console.send(ORDERS, Reply("一次"), key="k") == first
    assert seen(console, "li") == ["一次"]


async def test_an_update_replaces_for_everybody_and_once(console: Console) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    assert await console.update(ref, Reply("甲"), key="u1") == ref
    await console.update(ref, Reply("乙"), key="u2")
    await console.update(ref, Reply("甲"), key="u1")
    assert seen(console, "zhou") == ["乙"], "a repeated older update does not turn the card back"


async def test_updating_what_retention_took_says_it_again(bench: Bench, console: Console) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    bench.clock.move(timedelta(days=31))
    assert console.sweep() == 1
    fresh = await console.update(ref, Reply("已退款"), key="u")
    assert fresh != ref
    assert await console.update(ref, Reply("已退款"), key="u") == fresh
    assert seen(console, "li") == ["已退款"]


async def test_a_private_reply_is_for_one(console: Console) -> None:
    ref = await console.send(ORDERS, Reply("只给你", private=True), key="k", to_user="li")
    assert (seen(console, "li"), seen(console, "zhou")) == (["只给你"], [])
    await console.update(ref, Reply("还是只给你"), key="u")
    assert (seen(console, "li"), seen(console, "zhou")) == (["还是只给你"], [])


@pytest.mark.parametrize(
    ("chat", "reply", "to_user"),
    [
        (ORDERS, Reply("秘密", private=True), ""),
        (ORDERS, Reply("秘密", private=True), "stranger"),
        (ChatRef("console", "nowhere", ChatKind.GROUP), Reply("x"), ""),
        (ChatRef("console", "stranger", ChatKind.DIRECT), Reply("x"), ""),
        (ChatRef("wecom", "orders", ChatKind.GROUP), Reply("x"), ""),
    ],
)
async def test_what_cannot_be_delivered_is_rejected_and_shown_to_nobody(
    console: Console, chat: ChatRef, reply: Reply, to_user: str
) -> None:
    with pytest.raises(Rejected):
        await console.send(chat, reply, key="k", to_user=to_user)
    assert [seen(console, user) for user in ("li", "zhou", "wang")] == [[], [], []]


async def test_a_direct_message_needs_no_preparation(console: Console) -> None:
    ref = await console.send(ChatRef("console", "wang", ChatKind.DIRECT), Reply("早"), key="k")
    assert ref.chat == ChatRef("console", "wang", ChatKind.DIRECT)
    assert seen(console, "wang", "@wang") == ["早"]


async def test_history_survives_a_restart(bench: Bench, console: Console, cookie: str) -> None:
    ref = await console.send(ORDERS, CARD, key="k")
    console.close()
    again = bench.open()
    assert await again.send(ORDERS, CARD, key="k") == ref
    assert again.receive(bench.request(click(ref.message_id, button_id("agree")), cookie)).status == 200


async def test_a_room_that_cannot_be_written_says_unavailable(console: Console) -> None:
    console.close()
    with pytest.raises(Unavailable):
        await console.send(ORDERS, Reply("x"), key="k")
    with pytest.raises(Unavailable):
        await console.update(MessageRef(ORDERS, "b-1"), Reply("x"), key="k")


# --- pictures and files ---


async def test_pictures_and_files_are_kept_and_replaced_with_their_message(console: Console, bench: Bench) -> None:
    session = console.sessions.read({"cookie": bench.cookie(console)})
    ref = await console.send(
        ORDERS, Reply("图", pictures=(Picture(b"one", "一"),), documents=(Document(b"a,b", "a.csv", "text/csv"),)), key="k"
    )
    body = console.room.history("orders", "li", before=None, limit=1)[0].body
    old = body["pictures"][0]["id"]
    first, listed = console.media(session, "li", old), console.media(session, "li", body["files"][0]["id"])
    assert first
    assert listed
    assert (first.content, listed.content) == (b"one", b"a,b")
    await console.update(ref, Reply("图", pictures=(Picture(b"two", "二"),)), key="u")
    body = console.room.history("orders", "li", before=None, limit=1)[0].body
    second = console.media(session, "li", body["pictures"][0]["id"])
    assert second
    assert second.content == b"two"
    assert console.media(session, "li", old) is None
    still = console.media(session, "li", body["files"][0]["id"])
    assert still
    assert still.content == b"a,b"


async def test_an_update_without_pictures_or_mentions_leaves_them_standing(console: Console, bench: Bench) -> None:
    session = console.sessions.read({"cookie": bench.cookie(console)})
    ref = await console.send(ORDERS, Reply("库存", pictures=(Picture(b"one", "一"),), mention=("li",)), key="k")
    await console.update(ref, Reply("已认领"), key="u")
    body = console.room.history("orders", "li", before=None, limit=1)[0].body
    assert (body["text"], body["mention"]) == ("已认领", ["li"])
    shown = console.media(session, "li", body["pictures"][0]["id"])
    assert shown
    assert shown.content == b"one"


async def test_media_follows_the_eyes_of_its_message(console: Console, bench: Bench) -> None:
    session = console.sessions.read({"cookie": bench.cookie(console)})
    await console.send(ORDERS, Reply("图", pictures=(Picture(b"x", "x"),)), key="k", to_user="li")
    found = console.room.history("orders", "li", before=None, limit=1)[0].body["pictures"][0]["id"]
    assert console.media(session, "li", found)
    assert console.media(session, "zhou", found) is None
    assert console.media(session, "zhou", "nothing") is None


def test_an_upload_is_private_until_it_is_sent(bench: Bench, console: Console, cookie: str) -> None:
    session = console.sessions.read({"cookie": cookie})
    kept = console.upload(session, "li", "orders", "../单\n据.png", b"\x89PNG\r\n\x1a\n0000")
    assert (kept["kind"], kept["name"]) == ("image", ".._单 据.png")
    assert console.media(session, "zhou", kept["id"]) is None
    assert console.receive(bench.request(message("", who="zhou", attachments=[kept["id"]]), cookie)).status == 410
    [said] = console.receive(bench.request(message("", attachments=[kept["id"]]), cookie)).incoming
    assert isinstance(said, Message)
    [attached] = said.attachments
    assert (attached.kind, attached.media_id, attached.size) == ("image", kept["id"], 12)
    assert console.media(session, "zhou", kept["id"])
    found = console.attachment(attached.media_id)
    assert found
    assert found.media_type == "image/png"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.exe", b"MZ", "收不了"),
        ("a.png", b"<svg onload=alert(1)>", "收不了"),
        ("a.html", b"<html>", "收不了"),
        ("noname", b"x", "收不了"),
        ("a.csv", b"", "空的"),
        ("a.csv", b"x" * 2001, "太大"),
        ("a.jpg", b"\xff\xd8\xff" + b"x" * 1001, "太大"),
    ],
)
def test_uploads_are_judged_by_their_bytes(bench: Bench, name: str, content: bytes, words: str) -> None:
    console = bench.open(max_image=1000, max_file=2000)
    session = console.sessions.read({"cookie": bench.cookie(console)})
    with pytest.raises(BadInput, match=words):
        console.upload(session, "li", "orders", name, content)


async def test_uploads_never_sent_are_forgotten(bench: Bench, console: Console, cookie: str) -> None:
    session = console.sessions.read({"cookie": cookie})
    kept = console.upload(session, "li", "orders", "a.csv", b"1,2")
    bench.clock.move(timedelta(hours=2))
    console.sweep()
    assert console.attachment(kept["id"]) is None


# --- who may ---


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": ""},
        {"cookie": "xiaodan=1"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"host": "evil.example:8000", "origin": "http://evil.example:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": ""},
    ],
)
def test_other_sites_and_strangers_are_refused(bench: Bench, console: Console, cookie: str, headers: dict[str, str]) -> None:
    with pytest.raises(Forged):
        console.receive(bench.request(message(), cookie, **headers))
    assert seen(console, "li") == []


def test_a_form_post_is_refused(bench: Bench, console: Console, cookie: str) -> None:
    with pytest.raises(BadInput):
        console.receive(bench.request(message(), cookie, **{"content-type": "text/plain"}))


def test_who_left_the_directory_can_no_longer_speak(bench: Bench, console: Console, cookie: str) -> None:
    bench.people = bench.people[1:]
    with pytest.raises(Forged):
        console.receive(bench.request(message(), cookie))


async def test_nothing_personal_reaches_the_log(bench: Bench, console: Console, cookie: str) -> None:
    with capture_logs() as lines:
        console.receive(bench.request(message("王小明 13812345678"), cookie))
        await console.send(ORDERS, Reply("王小明 13812345678"), key="k")
        with pytest.raises(Forged) as refused:
            console.receive(bench.request(message("王小明", who="13812345678"), cookie))
    assert "138" not in str(lines) + str(refused.value)


def test_loopback_by_any_name_is_home(bench: Bench, console: Console, cookie: str) -> None:
    for number, host in enumerate((HOST, "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:8000")):
        sent = bench.request(message(name=f"message-{number}"), cookie, host=host, origin=f"http://{host}")
        assert console.receive(sent).status == 200
