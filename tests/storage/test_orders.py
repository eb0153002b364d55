"""Orders: upserts in any order, what is ours, finding them again."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from domain.errors import BadInput, Stale
from domain.order import Order, Stage, TrackStage
from domain.store import OrderEvent, Upserted
from storage import SqlStore
from tests.builders import NOW, NUMBER, SHOP, line, money, newer, order, parcel, receiver, scan, shipped, track


async def put(store: SqlStore, *orders: Order) -> list[Upserted]:
    return await store.write(lambda u: u.orders.upsert_many(orders, seen_at=NOW, surface="pull", cause="c1"))


async def the(store: SqlStore, number: str = NUMBER) -> Order:
    found = await store.read(lambda r: r.orders.get("douyin", SHOP, number))
    assert found is not None
    return found.order


async def test_a_new_order_comes_back_as_it_went_in(store: SqlStore) -> None:
    sent = shipped(
        lines=(line(), line("SKU-2", 3, 100, gift=True)),
        holds=("risk",),
        tags=("vip",),
        unmapped=("x=1",),
        buyer_note="快点",
    )
    [done] = await put(store, sent)
    assert done.before is None
    assert [one.kind for one in done.events] == ["created"]
    assert await the(store) == sent


async def test_amounts_and_numbers_beyond_a_double_are_exact(store: SqlStore) -> None:
    sent = order("69201547832100588421", goods=money(2**53 + 1), total=money(2**62))
    await put(store, sent)
    assert await the(store, "69201547832100588421") == sent


async def test_an_amount_beyond_64_bits_is_bad_input_and_leaves_nothing(store: SqlStore) -> None:
    with pytest.raises(BadInput):
        await put(store, order("1"), order("2", goods=money(2**63)))
    assert await store.read(lambda r: r.orders.find("1")) == []


async def test_two_currencies_in_one_order_are_bad_input(store: SqlStore) -> None:
    with pytest.raises(BadInput):
        await put(store, order(paid=money(1, "USD")))


async def test_the_same_version_again_changes_nothing(store: SqlStore) -> None:
    await put(store, order())
    assert await put(store, order(), order()) == []
    card = (await store.read(lambda r: r.orders.card_by_number(NUMBER)))[0]
    assert len(card.events) == 1
    assert card.stored.version == 1


async def test_a_newer_version_reports_what_changed(store: SqlStore) -> None:
    first = order()
    await put(store, first)
    second = newer(
        first, stage=Stage.SHIPPED, parcels=(parcel(),), buyer_note="改颜色", receiver=receiver(phone="13900000000"),
        refunded=money(100), ship_by=NOW,
    )  # fmt: skip
    [done] = await put(store, second)
    assert done.before == first
    assert done.after == second
    assert {one.kind for one in done.events} == {"stage", "parcel", "note", "address", "amount", "ship_by"}
    said = " ".join(f"{one.before} {one.after} {one.text}" for one in done.events)
    assert "13900000000" not in said
    assert "改颜色" not in said


async def test_an_older_version_never_overwrites(store: SqlStore) -> None:
    first = order()
    second = newer(first, stage=Stage.SHIPPED)
    await put(store, second)
    assert await put(store, first) == []
    assert await the(store) == second


@pytest.mark.parametrize("arrival", list(itertools.permutations(range(4))))
async def test_versions_converge_in_every_order_of_arrival(store: SqlStore, arrival: tuple[int, ...]) -> None:
    first = order(stage=Stage.UNPAID, paid_at=None)
    paid = newer(first, 1, stage=Stage.TO_SHIP, paid_at=NOW)
    sent = newer(paid, 1, stage=Stage.SHIPPED, parcels=(parcel(),))
    done = newer(sent, 1, stage=Stage.COMPLETED, finished_at=NOW + timedelta(days=1))
    versions = (first, paid, sent, done)
    for n in arrival:
        await put(store, versions[n])
    assert await the(store) == done


async def test_equal_update_times_with_different_content_converge(store: SqlStore) -> None:
    one, two = order(), order(stage=Stage.SHIPPED, parcels=(parcel(),))
    await put(store, two)
    await put(store, one)
    kept = await the(store)
    other = "1" + NUMBER
    await put(store, order(other))
    await put(store, order(other, stage=Stage.SHIPPED, parcels=(parcel(),)))
    assert (await the(store, other)).stage is kept.stage is Stage.SHIPPED


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (Stage.TO_SHIP, Stage.HOLD, Stage.HOLD),  # address review
        (Stage.SHIPPED, Stage.TO_SHIP, Stage.TO_SHIP),  # shipment withdrawn
        (Stage.TO_SHIP, Stage.UNPAID, Stage.TO_SHIP),
        (Stage.COMPLETED, Stage.SHIPPED, Stage.COMPLETED),
        (Stage.CLOSED_REFUNDED, Stage.TO_SHIP, Stage.CLOSED_REFUNDED),
        (Stage.COMPLETED, Stage.CLOSED_REFUNDED, Stage.CLOSED_REFUNDED),
    ],
)
async def test_backward_moves(store: SqlStore, before: Stage, after: Stage, kept: Stage) -> None:
    await put(store, order(stage=before))
    await put(store, newer(order(stage=before), stage=after))
    assert (await the(store)).stage is kept


async def test_an_order_whose_creation_time_moved_stays_one_order(store: SqlStore) -> None:
    await put(store, order())
    moved = newer(order(), created_at=NOW - timedelta(days=3), stage=Stage.SHIPPED)
    [done] = await put(store, moved)
    assert done.before is not None
    assert len(await store.read(lambda r: r.orders.find(NUMBER))) == 1
    assert await the(store) == moved
    assert await put(store, moved) == []


async def test_two_orders_whose_keys_collide_are_both_kept(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.versions.order_id", lambda *_: 7 << 31)
    first, second = order("1001"), order("1002")
    assert len(await put(store, first, second)) == 2
    assert await put(store, first, second) == []
    assert await the(store, "1001") == first
    assert await the(store, "1002") == second
    later = newer(second, stage=Stage.SHIPPED)
    assert [one.after for one in await put(store, later)] == [later]


async def test_one_batch_may_hold_the_same_order_several_times(store: SqlStore) -> None:
    second = newer(order(), stage=Stage.SHIPPED)
    found = await put(store, second, order(), second)
    assert len(found) == 1
    assert await the(store) == second


async def test_what_is_ours_survives_the_channel(store: SqlStore) -> None:
    [done] = await put(store, order(holds=("risk",)))
    event = OrderEvent(NOW, "hold", "小单", "rule", "", "margin")
    version = await store.write(
        lambda u: u.orders.change(
            done.id, expect_version=1, events=[event], holds=("margin",), settlement_locked=True, warehouse="杭州仓",
            owner="张明", ship_by=NOW + timedelta(hours=1),
        )
    )  # fmt: skip
    assert version == 2
    await put(store, newer(order(holds=("risk",)), stage=Stage.PART_SHIPPED))
    found = await store.read(lambda r: r.orders.by_id(done.id))
    assert found is not None
    assert found.settlement_locked
    assert (found.owner, found.order.warehouse, found.order.holds) == ("张明", "杭州仓", ("margin",))
    assert found.order.ship_by == NOW + timedelta(hours=1)
    # The channel moves its own promise: that is news, and replaces ours.
    await put(store, newer(order(), 9, ship_by=NOW + timedelta(hours=60)))
    assert (await the(store)).ship_by == NOW + timedelta(hours=60)


async def test_our_change_on_a_stale_version_is_refused(store: SqlStore) -> None:
    [done] = await put(store, order())
    await put(store, newer(order(), stage=Stage.SHIPPED))
    with pytest.raises(Stale):
        await store.write(lambda u: u.orders.change(done.id, expect_version=1, events=[], owner="x"))


async def test_a_masked_or_blank_receiver_does_not_replace_the_known_one(store: SqlStore) -> None:
    await put(store, order())
    masked = receiver(name="王**", phone="138****5678", detail="文三路****", masked=True)
    await put(store, newer(order(), 1, receiver=masked))
    assert (await the(store)).receiver == receiver()
    await put(store, newer(order(), 2, receiver=receiver(name="", phone="", detail="", town="")))
    assert (await the(store)).receiver == receiver()
    moved = receiver(name="李*", phone="139****0000", detail="****", masked=True)
    await put(store, newer(order(), 3, receiver=moved))
    assert (await the(store)).receiver == moved


async def test_finding_an_order(store: SqlStore) -> None:
    await put(
        store, shipped(), order("6920154783210051111", receiver=receiver(name="李雷", phone="13800001111"), buyer_key="b2")
    )
    numbers = {
        "phone": await store.read(lambda r: r.orders.by_phone("+86 138-1234-5678")),
        "number tail": await store.read(lambda r: r.orders.by_tail("8842")),
        "longer tail": await store.read(lambda r: r.orders.by_tail("058842")),
        "phone tail": await store.read(lambda r: r.orders.by_tail("5678")),
        "waybill": await store.read(lambda r: r.orders.by_waybill("sf1234567890123")),
        "waybill tail": await store.read(lambda r: r.orders.by_tail("0123")),
        "name": await store.read(lambda r: r.orders.by_name("王小芳")),
        "buyer": await store.read(lambda r: r.orders.by_buyer("douyin", SHOP, "buyer-1")),
        "since": await store.read(lambda r: r.orders.by_phone("13812345678", since=NOW - timedelta(days=1))),
    }
    assert {how: [one.order.number for one in found] for how, found in numbers.items()} == {how: [NUMBER] for how in numbers}
    assert len(await store.read(lambda r: r.orders.by_tail("1111"))) == 1  # once, though number and phone both end so
    assert await store.read(lambda r: r.orders.by_phone("13812345678", since=NOW + timedelta(days=60))) == []
    assert await store.read(lambda r: r.orders.by_tail("9942")) == []
    by_sku = await store.read(lambda r: r.orders.by_sku("SKU-1", since=NOW - timedelta(days=1), until=NOW))
    assert len(by_sku) == 2


async def test_an_old_phone_no_longer_finds_the_order(store: SqlStore) -> None:
    await put(store, order())
    await put(store, newer(order(), receiver=receiver(phone="13911112222")))
    assert await store.read(lambda r: r.orders.by_phone("13812345678")) == []
    assert len(await store.read(lambda r: r.orders.by_phone("13911112222"))) == 1


async def test_hostile_text_is_kept_harmless(store: SqlStore) -> None:
    nasty = "a\x00b\ud800" + "长" * 100_000
    await put(store, order(buyer_note=nasty, receiver=receiver(name="x\x1fy", detail="z\x00")))
    kept = await the(store)
    assert "\x00" not in kept.buyer_note
    assert len(kept.buyer_note) == 20_000
    assert kept.receiver.name == "x y"
    assert await put(store, order(buyer_note=nasty, receiver=receiver(name="x\x1fy", detail="z\x00"))) == []


async def test_tracks_merge_and_deliver_whatever_the_order_of_pushes(store: SqlStore) -> None:
    made = scan("揽件", TrackStage.PICKED_UP, NOW)
    moved = scan("到达杭州", TrackStage.IN_TRANSIT, NOW + timedelta(hours=5))
    signed = scan("已签收", TrackStage.DELIVERED, NOW + timedelta(hours=9))
    await put(store, shipped())
    await store.write(lambda u: u.orders.upsert_track(track(made, moved, signed)))
    before, changed, ids = await store.write(lambda u: u.orders.upsert_track(track(moved)))
    assert before is not None
    assert not changed
    assert len(ids) == 1
    kept = await the(store)
    assert kept.stage is Stage.DELIVERED
    assert kept.delivered_at == signed.at
    assert kept.parcels[0].picked_at == made.at
    # The channel still calls it shipped, later: the carrier's word stands.
    await put(store, newer(shipped(), 600, seller_note="已回访"))
    assert (await the(store)).stage is Stage.DELIVERED
    assert (await the(store)).parcels[0].last_scan == "已签收"


async def test_a_track_that_came_before_its_order_is_not_lost(store: SqlStore) -> None:
    signed = scan("已签收", TrackStage.DELIVERED, NOW + timedelta(hours=9))
    await store.write(lambda u: u.orders.upsert_track(track(signed)))
    [done] = await put(store, shipped())
    assert done.after.stage is Stage.DELIVERED
    assert (await the(store)).stage is Stage.DELIVERED
    await put(store, order("2"))
    await put(store, newer(order("2"), stage=Stage.SHIPPED, parcels=(parcel(),)))
    assert (await the(store, "2")).stage is Stage.DELIVERED


async def test_one_of_two_parcels_delivered_is_not_delivered(store: SqlStore) -> None:
    await put(store, shipped(parcels=(parcel("SF1"), parcel("SF2"))))
    await store.write(lambda u: u.orders.upsert_track(track(scan("签收", TrackStage.DELIVERED), waybill="SF1")))
    assert (await the(store)).stage is Stage.SHIPPED


async def test_personal_data_is_not_on_disk_in_clear(store: SqlStore) -> None:
    await put(store, order())
    found = await store.read(lambda r: r.rows("SELECT * FROM orders"))
    text = repr(found)
    assert "13812345678" not in text
    assert "王小芳" not in text
    assert "文三路" not in text
