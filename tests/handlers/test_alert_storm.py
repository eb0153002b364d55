"""Storms: few messages, every problem findable, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.alert import Ledger, State, is_digest
from domain.chat import ChatKind, ChatRef
from domain.order import Stage
from domain.store import Alert
from handlers.alert_view import MAX_BYTES, digest_view
from tests.builders import line, newer, order
from tests.handlers.alert_bench import Bench

MISSED = "发货-2"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def late_orders(bench: Bench, count: int, *, first: int = 0, warehouse: str = "杭州仓", **more: Any) -> None:
    """Orders whose ship-by comes in ten minutes, all together."""
    due = bench.clock.now() + timedelta(minutes=10)
    for start in range(0, count, 500):
        bench.arrive(
            *(
                order(f"69{first + n:010}", warehouse=warehouse, ship_by=due, at=bench.clock.now(), **more)
                for n in range(start, min(start + 500, count))
            )
        )


def balanced_against_what_was_sent(bench: Bench, rule: str) -> Ledger:
    """The ledger's counts, checked against the messages that really left."""
    alerts = bench.alerts(rule)
    ledger = Ledger.of(alerts)
    shown = {card.number for card in bench.cards()}
    digests = [alert for alert in alerts if is_digest(alert) and alert.number in shown]
    single = [alert for alert in alerts if not is_digest(alert) and alert.number in shown]
    assert ledger.sent == len(single)
    assert ledger.digested == sum(digest.facts["members"] for digest in digests)
    assert ledger.raised == ledger.sent + ledger.digested + ledger.suppressed + ledger.cleared
    return ledger


async def test_eleven_thousand_missed_at_once_are_few_messages_with_every_order_findable(bench: Bench) -> None:
    late_orders(bench, 11_000)
    bench.clock.move(timedelta(minutes=10))
    start = bench.clock.now()
    await bench.run(seconds=600, step=30)
    mine = [each for each in bench.group.sent if each.reply.card is not None and "发货超时" in each.reply.card.title]
    assert 1 <= len(mine) <= 6
    assert (mine[0].at - start).total_seconds() <= 60
    ledger = balanced_against_what_was_sent(bench, MISSED)
    assert (ledger.raised, ledger.suppressed) == (11_000, 0)
    listed: set[str] = set()
    for each in mine:
        for document in each.reply.documents:
            rows = document.content.decode("utf-8-sig").splitlines()[1:]
            listed |= {row.split(",")[1].strip('"\t') for row in rows}
    assert listed == {f"69{n:010}" for n in range(11_000)}


async def test_critical_pierces_a_storm_within_a_minute(bench: Bench) -> None:
    late_orders(bench, 800)
    bench.clock.move(timedelta(minutes=10))
    await bench.run(seconds=30, step=5)
    bench.stock("SKU-9", on_hand=1, safety=5)
    when = bench.clock.now()
    more = [order(f"77{n:08}", lines=(line("SKU-9"),), warehouse="杭州仓", at=when, created_at=when) for n in range(2)]
    bench.arrive(*more)
    await bench.run(seconds=60, step=5)
    critical = [each for each in bench.group.sent if "库存不够发" in each.reply.text]
    assert critical
    assert (critical[0].at - when).total_seconds() <= 60


async def test_a_digest_names_the_common_cause_with_its_share(bench: Bench) -> None:
    late_orders(bench, 78, holds=("risk",))
    late_orders(bench, 22, first=500)
    await bench.run(seconds=602)
    await bench.run(seconds=2)
    card = bench.card()
    assert card.title == "发货超时  100 条合并"
    assert any("主要：都卡在 风控，占 78%" in text for text in card.lines)
    assert any("涉及 ¥26,800" in text for text in card.lines)


async def test_a_digest_is_claimed_as_one_and_no_member_pages_after_that(bench: Bench) -> None:
    late_orders(bench, 40)
    await bench.run(seconds=602)
    await bench.run(seconds=2)
    digest = bench.card()
    member = next(alert for alert in bench.alerts(MISSED) if not is_digest(alert))
    await bench.press("李芳", "我认领", number=digest.number)
    reply = await bench.say("陈店长", "alert_ack", f"认领 {member.number}", alert_id=member.number)
    assert "已由 李芳 认领" in reply.text
    await bench.run(seconds=100 * 60, step=300)
    assert not any("没人认领" in text for text in bench.texts())


async def test_a_digest_counts_down_and_ends_with_its_last_member(bench: Bench) -> None:
    late_orders(bench, 10)
    await bench.run(seconds=602)
    await bench.run(seconds=2)
    number = bench.card().number
    stored = [bench.stored(f"69{n:010}").order for n in range(10)]
    bench.arrive(*(newer(each, 30, stage=Stage.SHIPPED) for each in stored[:4]))
    await bench.run(seconds=40)
    assert any("还剩 6 条" in text for text in bench.card(number).lines)
    bench.arrive(*(newer(each, 30, stage=Stage.SHIPPED) for each in stored[4:]))
    await bench.run(seconds=40)
    assert bench.alert(number).state == State.RESOLVED
    assert "已恢复" in bench.card(number).lines[-1]


async def test_what_clears_before_its_turn_is_never_announced_and_still_counted(bench: Bench) -> None:
    late_orders(bench, 3)
    bench.clock.move(timedelta(minutes=10))
    await bench.relay.due_once()  # raised; the group's turn is a second away
    for n in range(3):
        bench.arrive(newer(bench.stored(f"69{n:010}").order, 30, stage=Stage.SHIPPED))
    await bench.run(seconds=60)
    ledger = balanced_against_what_was_sent(bench, MISSED)
    assert (ledger.raised, ledger.cleared) == (3, 3)
    assert not any("发货超时" in text for text in bench.texts())


async def test_the_21st_message_is_not_lost(bench: Bench) -> None:
    """21st-message-lost: the platform takes 20 a minute; thirty groups speak at once. The first go out as cards, the rest as
    one numbered list, and the platform refuses none.
    """
    for n in range(30):
        warehouse = f"{n:02}仓"
        due = bench.clock.now() + timedelta(minutes=10)
        bench.arrive(order(f"55{n:08}", warehouse=warehouse, ship_by=due, at=bench.clock.now()))
    bench.clock.move(timedelta(minutes=10))
    await bench.run(seconds=300, step=5)
    cards = [card for card in bench.cards() if card.title.startswith("发货超时")]
    assert len({card.number for card in cards}) == len(cards) == 7
    assert [sent.reply.text for sent in bench.group.sent if "合并" in sent.reply.text] == [
        "23 条合并（23 条订单），回复「展开 H1」看全部"
    ]
    tally = bench.db.read_now(lambda r: r.outbox.tally("chat.send"))
    assert tally == {"raised": 30, "sent": 7, "digested": 23, "moot": 0, "open": 0, "failed": 0}
    assert bench.group.refused == 0


async def test_a_20000_byte_body_never_leaves(bench: Bench) -> None:
    """20,000-byte-body: text stays small however long the names and however many the members."""
    late_orders(bench, 600, lines=(line(title="@所有人" + "超长标题" * 2_000),))
    await bench.run(seconds=602)
    await bench.run(seconds=2)
    sent = bench.group.sent[-1].reply
    assert sent.card is not None
    assert len(sent.text.encode()) <= MAX_BYTES
    assert sum(len(text.encode()) for text in (sent.card.title, *sent.card.lines, sent.card.footer)) <= MAX_BYTES
    assert len(sent.card.lines) <= 8


async def test_the_list_runs_nothing_in_a_spreadsheet(bench: Bench) -> None:
    late_orders(bench, 5, lines=(line(title='=HYPERLINK("https://evil.example")'),))
    await bench.run(seconds=602)
    await bench.run(seconds=2)
    digest: Alert = next(alert for alert in bench.alerts(MISSED) if is_digest(alert))
    reply = await digest_view({"id": digest.id}, ChatRef("console", "orders-group", ChatKind.GROUP), bench.desk)
    text = reply.documents[0].content.decode("utf-8-sig")
    assert ",=HYPERLINK" not in text
    assert ',"=HYPERLINK' not in text


async def test_a_digest_whose_members_got_worse_moves_to_a_newer_one_and_calls_nobody(bench: Bench) -> None:
    late_orders(bench, 10)
    await bench.run(seconds=602)
    await bench.run(seconds=2)
    first = bench.card().number
    await bench.press("李芳", "我认领", number=first)
    await bench.run(seconds=12 * 3600, step=600)
    await bench.run(seconds=60, step=20)
    second = bench.card().number
    assert second != first
    assert bench.alert(second).severity == "critical"
    assert bench.alert(first).state == State.RESOLVED
    assert any("由更新的一条提醒接着说" in text for text in bench.card(first).lines)
