# mypy: disable-error-code="func-returns-value"
"""Approvals, alerts, deadlines, stock, outbox, inbox, leases, people, audit: the promises that others build on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import ManualClock
from domain.errors import BadInput, Refused, Stale
from domain.money import Money
from domain.people import Role
from domain.store import AuditEntry, Cost, Deadline, Decision, Outgoing, SentCard, Stock, StockMove
from storage import SqlStore, stats
from tests.builders import NOW, SHOP, alert, approval, bound_chat, line, order, person


def decision(n: int = 0) -> Decision:
    return Decision(n, 3, "张明", "agree", NOW, "console", "group-1", "同意", f"click-{n}")


# --- approvals and alerts ---------------------------------------------------------------------------------------------


async def test_approvals_are_numbered_and_one_per_key_while_open(store: SqlStore) -> None:
    first = await store.write(lambda u: u.approvals.add(approval()))
    again = await store.write(lambda u: u.approvals.add(approval()))
    other = await store.write(lambda u: u.approvals.add(approval(key="refund-2")))
    assert (first.number, again.id, other.number) == ("A1", first.id, "A2")
    closed = await store.write(lambda u: u.approvals.save(replace(first, state="done", decisions=(decision(),))))
    assert closed.version == 2
    third = await store.write(lambda u: u.approvals.add(approval()))
    assert third.number == "A3"
    assert await store.read(lambda r: r.approvals.by_number("a1")) == closed
    assert await store.read(lambda r: r.approvals.by_number("A" + "9" * 30)) is None


async def test_a_decision_on_a_stale_approval_is_refused_and_leaves_nothing(store: SqlStore) -> None:
    first = await store.write(lambda u: u.approvals.add(approval()))
    await store.write(lambda u: u.approvals.save(replace(first, decisions=(decision(),))))
    with pytest.raises(Stale):
        await store.write(lambda u: u.approvals.save(replace(first, state="refused", decisions=(decision(1),))))
    kept = await store.read(lambda r: r.approvals.get(first.id))
    assert kept is not None
    assert [one.event_id for one in kept.decisions] == ["click-0"]


async def test_the_private_part_of_an_approval_is_sealed(store: SqlStore) -> None:
    secret = {"receiver": {"phone": "13812345678"}}
    made = await store.write(lambda u: u.approvals.add(approval(private=secret)))
    kept = await store.read(lambda r: r.approvals.get(made.id))
    assert kept is not None
    assert kept.private == secret
    assert b"13812345678" not in (await store.read(lambda r: r.rows("SELECT private FROM approvals")))[0][0]


async def test_an_alert_is_one_per_fingerprint_until_resolved(store: SqlStore) -> None:
    first = await store.write(lambda u: u.alerts.add(alert(order_ids=(2**62,))))
    assert (await store.write(lambda u: u.alerts.add(alert()))).id == first.id
    await store.write(lambda u: u.alerts.save(replace(first, state="resolved", resolved_at=NOW)))
    second = await store.write(lambda u: u.alerts.add(alert()))
    assert second.number == "K2"
    assert [one.number for one in await store.read(lambda r: r.alerts.standing(route="stock"))] == ["K2"]
    assert [one.state for one in await store.read(lambda r: r.alerts.history("stock_low", NOW))] == ["resolved", "open"]
    with pytest.raises(Stale):
        await store.write(lambda u: u.alerts.save(first))


# --- deadlines --------------------------------------------------------------------------------------------------------


async def test_due_rows_are_taken_once_oldest_first(store: SqlStore) -> None:
    rows = [Deadline(f"order:{n}", "ship_by", NOW + timedelta(minutes=n), {"n": n}) for n in range(5)]
    await store.write(lambda u: u.deadlines.put([*rows, rows[0]]))
    await store.write(lambda u: u.deadlines.put([replace(rows[4], due_at=NOW - timedelta(hours=1))]))
    assert await store.read(lambda r: r.deadlines.next_due()) == NOW - timedelta(hours=1)
    taken = await store.write(lambda u: u.deadlines.take_due(NOW + timedelta(minutes=1), limit=10))
    assert [one.entity for one in taken] == ["order:4", "order:0", "order:1"]
    assert await store.write(lambda u: u.deadlines.take_due(NOW + timedelta(minutes=1))) == []
    await store.write(lambda u: u.deadlines.drop("order:2", "other"))
    assert await store.read(lambda r: r.deadlines.pending("order:2")) == [rows[2]]
    await store.write(lambda u: u.deadlines.drop("order:2"))
    assert await store.read(lambda r: r.deadlines.pending("order:2")) == []


async def test_a_work_that_fails_gives_its_due_rows_back(store: SqlStore) -> None:
    await store.write(lambda u: u.deadlines.put([Deadline("order:1", "ship_by", NOW)]))

    def broken(u: object) -> None:
        assert u.deadlines.take_due(NOW)  # type: ignore[attr-defined]
        raise KeyError("handler broke")

    with pytest.raises(KeyError):
        await store.write(broken)
    assert len(await store.write(lambda u: u.deadlines.take_due(NOW))) == 1


# --- stock ------------------------------------------------------------------------------------------------------------


def move(kind: str, quantity: int, key: str, order_id: int = 0) -> StockMove:
    return StockMove("SKU-1", "杭州仓", kind, quantity, key, NOW, order_id)


async def test_levels_are_the_sum_of_the_ledger(store: SqlStore) -> None:
    steps = [
        move("receive", 10, "1"), move("reserve", 4, "2", order_id=7), move("freeze", 2, "3"), move("ship", 4, "4", order_id=7),
        move("return", 1, "5"), move("unfreeze", 9, "6"), move("adjust", -1, "7"), move("reserve", 4, "2", order_id=7),
    ]  # fmt: skip
    await store.write(lambda u: u.stock.define(Stock("SKU-1", "杭州仓", 99, 0, 0, 5, 3, "保温杯")))
    [level] = await store.write(lambda u: u.stock.move(steps))
    assert (level.on_hand, level.reserved, level.frozen, level.safety, level.title) == (6, 0, 0, 5, "保温杯")
    summed = await store.read(
        lambda r: r.rows("SELECT CAST(SUM(on_hand) AS BIGINT), CAST(SUM(reserved) AS BIGINT) FROM stock_ledger")
    )
    assert summed == [(6, 0)]
    assert len(await store.read(lambda r: r.stock.moves("SKU-1", "杭州仓", NOW))) == 7
    assert len(await store.read(lambda r: r.stock.search("保温"))) == 1


async def test_a_reservation_beyond_what_is_available_is_refused_whole(store: SqlStore) -> None:
    await store.write(lambda u: u.stock.move([move("receive", 3, "in")]))
    with pytest.raises(Refused, match="只剩 1 件"):
        await store.write(lambda u: u.stock.move([move("reserve", 2, "a"), move("reserve", 2, "b")]))
    level = await store.read(lambda r: r.stock.level("SKU-1", "杭州仓"))
    assert level is not None
    assert level.available == 3
    with pytest.raises(BadInput):
        await store.write(lambda u: u.stock.move([move("steal", 1, "c")]))


async def test_fifty_claims_race_for_twenty_pieces_and_none_is_sold_twice(
    store: SqlStore, reopen: Callable[[], SqlStore]
) -> None:
    other = reopen()
    await store.write(lambda u: u.stock.move([move("receive", 20, "in")]))
    results = await asyncio.gather(
        *[
            (store, other)[n % 2].write(lambda u, n=n: u.stock.move([move("reserve", 1, f"claim-{n}")]))  # type: ignore[misc]
            for n in range(50)
        ],
        return_exceptions=True,
    )
    await other.close()
    assert sum(isinstance(one, Refused) for one in results) == 30
    level = await store.read(lambda r: r.stock.level("SKU-1", "杭州仓"))
    assert level is not None
    assert (level.available, level.reserved) == (0, 20)


async def test_costs_are_those_of_the_day_and_the_channel(store: SqlStore) -> None:
    await store.write(
        lambda u: u.costs.put(
            [
                Cost("SKU-1", "", NOW - timedelta(days=9), Money(100)),
                Cost("SKU-1", "", NOW, Money(120), 500, Money(30)),
                Cost("SKU-1", "jd", NOW, Money(130)),
            ]
        )
    )
    costs = [
        await store.read(lambda r, c=channel, d=days: r.costs.cost("SKU-1", c, NOW + timedelta(days=d)))  # type: ignore[misc]
        for channel, days in (("douyin", -1), ("douyin", 1), ("jd", 1), ("jd", -99))
    ]
    assert [one and one.unit_cost.minor for one in costs] == [100, 120, 130, None]


# --- outbox -----------------------------------------------------------------------------------------------------------


async def claim(store: SqlStore, minutes: float = 0, owner: str = "me", limit: int = 50) -> list[str]:
    now = NOW + timedelta(minutes=minutes)
    found = await store.write(lambda u: u.outbox.claim(now, owner=owner, lease_seconds=60, limit=limit))
    return [one.key for one in found]


async def test_the_same_key_twice_is_one_effect_even_after_it_was_done(store: SqlStore) -> None:
    key = "0123456789abcdef" * 2
    await store.write(lambda u: u.outbox.add([Outgoing("chat.send", key, {"a": 1}), Outgoing("chat.send", key, {"a": 2})]))
    [row] = await store.write(lambda u: u.outbox.claim(NOW, owner="me", lease_seconds=60))
    assert (row.key, row.payload, row.attempts) == (key, {"a": 1}, 1)
    await store.write(lambda u: u.outbox.done(row.id))
    await store.write(lambda u: u.outbox.add([Outgoing("chat.send", key, {})]))
    assert await claim(store) == []
    assert await store.read(lambda r: r.outbox.depth()) == {"waiting": 0, "claimed": 0, "failed": 0}


async def test_lanes_go_one_at_a_time_in_order_and_do_not_wait_for_each_other(store: SqlStore) -> None:
    await store.write(
        lambda u: u.outbox.add(
            [
                Outgoing("t", "a1", {}, lane="a"), Outgoing("t", "a2", {}, lane="a", priority=0), Outgoing("t", "b1", {}, lane="b"),
                Outgoing("t", "free", {}, priority=0), Outgoing("t", "later", {}, NOW + timedelta(hours=2), "a"),
            ]
        )
    )  # fmt: skip
    assert await claim(store) == ["free", "a1", "b1"]
    assert await claim(store) == []
    rows: dict[str, int] = dict(await store.read(lambda r: r.rows("SELECT key,id FROM outbox")))
    await store.write(lambda u: u.outbox.retry(rows["a1"], due_at=NOW + timedelta(minutes=5), error="429"))
    assert await claim(store, 0.5) == []  # a1 waits for its retry, and a2 waits for a1
    await store.write(lambda u: [u.outbox.done(rows[one]) for one in ("free", "b1")])
    assert await claim(store, 5) == ["a1"]
    await store.write(lambda u: u.outbox.fail(rows["a1"], error="gave up"))
    assert await claim(store, 5) == ["a2"]  # a failed one does not hold up its lane for ever
    assert (await store.read(lambda r: r.outbox.depth()))["failed"] == 1


async def test_a_lapsed_lease_is_claimed_again_with_a_higher_count(store: SqlStore) -> None:
    await store.write(lambda u: u.outbox.add([Outgoing("t", "k", {})]))
    assert await claim(store) == ["k"]
    assert await claim(store, 0.5) == []
    [row] = await store.write(lambda u: u.outbox.claim(NOW + timedelta(minutes=2), owner="x", lease_seconds=60))
    assert row.attempts == 2


async def test_two_relays_never_hold_the_same_row_or_lane(store: SqlStore, reopen: Callable[[], SqlStore]) -> None:
    await store.write(lambda u: u.outbox.add([Outgoing("t", f"k{n}", {}, lane=f"lane{n % 5}") for n in range(40)]))
    other = reopen()
    claims = await asyncio.gather(*[claim((store, other)[n % 2], owner=str(n), limit=2) for n in range(8)])
    await other.close()
    got = [key for some in claims for key in some]
    assert sorted(got) == ["k0", "k1", "k2", "k3", "k4"]


# --- inbox and leases -------------------------------------------------------------------------------------------------


async def test_the_inbox_keeps_each_thing_once_and_each_lane_in_order(store: SqlStore) -> None:
    items = [("wecom", "message", f"m{n}", f"lane{n % 2}", {"text": "王小芳\x00", "n": n}, NOW) for n in range(4)]
    assert await store.inbox.accept(items) == 4
    assert await store.inbox.accept(items) == 0
    first = await store.inbox.claim(NOW)
    assert [one.payload["n"] for one in first] == [0, 1]
    assert first[0].payload["text"] == "王小芳"
    assert await store.inbox.claim(NOW) == []
    await store.inbox.done([first[0].id])
    assert [one.payload["n"] for one in await store.inbox.claim(NOW)] == [2]
    await store.inbox.retry(first[1].id, due_at=NOW + timedelta(seconds=10), error="busy")
    assert await store.inbox.claim(NOW) == []
    assert [one.payload["n"] for one in await store.inbox.claim(NOW + timedelta(seconds=10))] == [1]
    await store.inbox.dead(first[1].id, error="poison")
    assert [one.payload["n"] for one in await store.inbox.claim(NOW + timedelta(seconds=10))] == [3]
    assert await store.inbox.depth() == 2
    assert await store.inbox.accept(items) == 0


async def test_a_lane_goes_on_whatever_became_of_the_one_before(store: SqlStore) -> None:
    """Settled, given up, revived, accepted twice: nobody stays behind somebody who is gone, and none overtakes."""
    rng = random.Random(7)
    waiting: dict[str, list[int]] = {}
    finished = 0
    number = 0
    for _ in range(120):
        fresh = []
        for _ in range(rng.randrange(4)):
            lane = rng.choice(("a", "b", "c", ""))
            fresh.append(("s", "message", f"m{number}", lane, {"n": number}, NOW))
            waiting.setdefault(lane, []).append(number)
            number += 1
        await store.inbox.accept([*fresh, *fresh[:1]])
        if number and rng.random() < 0.3:  # a redelivery of something old
            old = rng.randrange(number)
            lane = next((name for name, queue in waiting.items() if old in queue), "a")
            await store.inbox.accept([("s", "message", f"m{old}", lane, {"n": old}, NOW)])
        items = await store.inbox.claim(NOW, limit=rng.randrange(1, 5))
        for lane in "abc":
            inside = [one.payload["n"] for one in items if one.lane == lane]
            assert inside == waiting.get(lane, [])[: len(inside)]
            assert len(inside) <= 1
        for one in items:
            waiting[one.lane].remove(one.payload["n"])
            finished += 1
            if rng.random() < 0.2:
                await store.inbox.dead(one.id, error="poison")
            else:
                await store.inbox.done([one.id])
        assert await store.inbox.depth() == number - finished
    while items := await store.inbox.claim(NOW):
        await store.inbox.done([one.id for one in items])
        finished += len(items)
    assert finished == number
    assert await store.inbox.depth() == 0
    assert await store.inbox.revive() > 0
    while items := await store.inbox.claim(NOW):
        await store.inbox.done([one.id for one in items])
    assert await store.inbox.depth() == 0


@pytest.mark.parametrize("backlog", [400, 4_000])
async def test_what_is_taken_next_does_not_cost_more_with_a_longer_backlog(store: SqlStore, backlog: int) -> None:
    if store.url:
        pytest.skip("steps are counted on SQLite; the statement and the index are the same")
    items = [("s", "message", f"m{n}", f"lane{n % 10}", {"n": n}, NOW) for n in range(backlog)]
    for low in range(0, backlog, 200):
        await store.inbox.accept(items[low : low + 200])
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    def take(table: Any) -> None:
        table.purge = lambda now: None
        table.conn.raw.set_progress_handler(step, 100)
        try:
            for _ in range(5):
                found = table.claim(NOW, 100)
                assert len(found) == 10
                table.done([one.id for one in found])
        finally:
            table.conn.raw.set_progress_handler(None, 0)

    store.inbox_now(take)
    assert steps < 200  # hundreds of instructions each; a walk over the backlog takes tens of thousands


async def test_a_lease_has_one_holder_until_it_lapses(store: SqlStore, clock: ManualClock) -> None:
    assert await store.leases.take("relay", "a", seconds=10)
    assert not await store.leases.take("relay", "b", seconds=10)
    assert await store.leases.take("relay", "a", seconds=10)
    clock.move(timedelta(seconds=11))
    assert await store.leases.take("relay", "b", seconds=10)
    await store.leases.give("relay", "a")
    assert not await store.leases.take("relay", "a", seconds=10)
    await store.leases.give("relay", "b")
    assert await store.leases.take("relay", "a", seconds=10)


# --- people and small keepings ----------------------------------------------------------------------------------------


async def test_people_chats_dialogs_cards_cursors(store: SqlStore) -> None:
    saved = await store.write(
        lambda u: u.people.save_person(person("张明", Role.SERVICE, accounts=(("wecom", "zm"), ("console", "zm"))))
    )
    assert saved.person_id == 1
    assert await store.read(lambda r: r.people.by_account("wecom", "zm")) == saved
    assert await store.read(lambda r: r.people.with_role(Role.FINANCE)) == []
    fewer = replace(saved, accounts=(("console", "zm"),), active=False)
    await store.write(lambda u: u.people.save_person(fewer))
    assert await store.read(lambda r: r.people.by_account("wecom", "zm")) is None
    assert await store.read(lambda r: r.people.with_role(Role.SERVICE)) == []
    await store.write(
        lambda u: [
            u.people.bind_chat(bound_chat("g1", "stock", shops=frozenset({SHOP}))),
            u.people.bind_chat(bound_chat("g2", "stock")),
        ]
    )
    assert [one.chat_id for one in await store.read(lambda r: r.people.chats_for("stock", shop="别的店"))] == ["g2"]
    await store.write(lambda u: u.dialogs.remember("c", "g", "u", {"order": "1"}, NOW + timedelta(minutes=10)))
    assert await store.read(lambda r: r.dialogs.recall("c", "g", "u", NOW)) == {"order": "1"}
    assert await store.read(lambda r: r.dialogs.recall("c", "g", "u", NOW + timedelta(minutes=10))) is None
    card = SentCard("approval:1", "console", "g1", "group", "m1", "h1")
    await store.write(lambda u: [u.cards.put(card), u.cards.put(replace(card, rendered="h2"))])
    assert await store.read(lambda r: r.cards.of("approval:1")) == [replace(card, rendered="h2")]
    await store.write(
        lambda u: [
            u.cursors.put("c", "1"),
            u.cursors.failed("douyin/x", NOW, "429"),
            u.cursors.failed("douyin/x", NOW + timedelta(1), "500"),
        ]
    )
    [fresh] = await store.read(lambda r: r.cursors.freshness())
    assert (fresh.last_ok, fresh.last_error, fresh.error_since) == (None, "500", NOW)
    await store.write(lambda u: [u.cursors.succeeded("douyin/x", NOW), u.cursors.succeeded("douyin/x", NOW - timedelta(1))])
    [fresh] = await store.read(lambda r: r.cursors.freshness())
    assert (fresh.last_ok, fresh.last_error, fresh.error_since) == (NOW, "", None)
    await store.write(lambda u: [u.quarantine.quarantine("douyin", "1", "坏的", "{}", NOW) for _ in range(3)])
    assert [one["times"] for one in await store.read(lambda r: r.quarantine.quarantined())] == [3]


async def test_stats_are_exact_and_can_be_narrowed(store: SqlStore) -> None:
    many = [order(str(n), shop=SHOP if n % 2 else "二店", lines=(line(), line("SKU-2"))) for n in range(10)]
    await store.write(lambda u: u.orders.upsert_many(many, seen_at=NOW, surface="file"))
    await store.write(lambda u: u.imports.record("run", "a.csv", SHOP, rows=12, rejected=2, at=NOW))
    await store.write(lambda u: u.imports.record("run", "a.csv", SHOP, rows=12, rejected=3, at=NOW))
    everything, one = await store.read(lambda r: (stats(r), stats(r, SHOP)))
    assert everything["orders"] == 10
    assert everything["lines"] == 20
    assert everything["money"]["CNY"]["total"] == 10 * 53_600
    assert everything["rejected_rows"] == 3
    assert (one["orders"], one["lines"], one["by_stage"]) == (5, 10, {"to_ship": 5})


async def test_rows_takes_named_parameters_and_refuses_to_write(store: SqlStore) -> None:
    await store.write(lambda u: u.cursors.put("100%", "x"))
    sql = "SELECT name, ':no' FROM cursors WHERE value = :v AND name LIKE '%'"
    assert await store.read(lambda r: r.rows(sql, {"v": "x"})) == [("100%", ":no")]
    with pytest.raises(Exception, match="read"):
        await store.read(lambda r: r.rows("DELETE FROM cursors"))


# --- audit ------------------------------------------------------------------------------------------------------------


async def written(store: SqlStore, count: int = 5) -> None:
    await store.write(
        lambda u: [
            u.audit.record(AuditEntry(NOW, "person:3", "order.hold", "order:1", None, {"n": n})) for n in range(count)
        ]
    )


async def test_a_whole_chain_verifies_and_a_failed_work_leaves_no_entry(store: SqlStore) -> None:
    await written(store)

    def broken(u: object) -> None:
        u.audit.record(AuditEntry(NOW, "x", "y", "order:1"))  # type: ignore[attr-defined]
        raise KeyError

    with pytest.raises(KeyError):
        await store.write(broken)
    assert await store.read(lambda r: r.audit.verify()) == (True, 5, "")
    assert [one.after["n"] for one in await store.read(lambda r: r.audit.of("order:1"))] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit SET actor = 'nobody' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 4",
        "UPDATE audit SET seq = CASE seq WHEN 3 THEN -4 WHEN 4 THEN -3 ELSE seq END",
    ],
)
async def test_tampering_with_the_chain_is_found(store: SqlStore, attack: str) -> None:
    await written(store)
    await store.write(lambda u: u.conn.run(attack))
    whole, _, why = await store.read(lambda r: r.audit.verify())
    assert not whole
    assert why


async def test_entries_from_many_at_once_make_one_chain(store: SqlStore, reopen: Callable[[], SqlStore]) -> None:
    other = reopen()
    await asyncio.gather(*[written((store, other)[n % 2], 1) for n in range(20)])
    await other.close()
    assert await store.read(lambda r: r.audit.verify()) == (True, 20, "")
