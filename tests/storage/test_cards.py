"""The card of an answer, and what a message begins with: the same by whichever way it was read, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.order import Parcel, Stage, Track, TrackEvent, TrackStage
from domain.people import Person, Role
from domain.store import BoundChat, Opening, OrderCard
from storage.store import SqlStore
from tests.builders import NOW, NUMBER, SHOP, aftersale, approval, order

WAYBILLS = ("SF9000000000001", "SF1000000000002", "SF5000000000003")
SHIPPED = order(stage=Stage.SHIPPED, parcels=tuple(Parcel(each, "sf", NOW) for each in WAYBILLS))


def track(waybill: str, hours: float) -> Track:
    at = NOW + timedelta(hours=hours)
    return Track(
        waybill, "sf", (TrackEvent(at, "已到达", TrackStage.IN_TRANSIT, "杭州"),), TrackStage.IN_TRANSIT, "kd100", at
    )


def filled(store: SqlStore) -> int:
    """One order with everything that hangs on it, and one of the same number in another shop."""
    found = store.write_now(
        lambda u: u.orders.upsert_many([SHIPPED, replace(SHIPPED, shop="分店", parcels=())], seen_at=NOW, surface="channel")
    )
    for waybill, hours in ((WAYBILLS[2], 2), (WAYBILLS[0], 1)):  # the second parcel has not been scanned
        store.write_now(lambda u, w=waybill, h=hours: u.orders.upsert_track(track(w, h)))  # type: ignore[misc]
    store.write_now(lambda u: u.orders.upsert_aftersale(aftersale(), seen_at=NOW))
    store.write_now(lambda u: u.cursors.succeeded(f"douyin/{SHOP}", NOW))
    store.write_now(lambda u: u.approvals.add(replace(approval(), order_id=found[0].id)))
    return found[0].id


def test_a_card_is_the_same_by_number_by_waybill_by_id_and_from_an_order_in_hand(store: SqlStore) -> None:
    key = filled(store)

    def every_way(r) -> list[OrderCard]:  # type: ignore[no-untyped-def]
        numbered = [one for one in r.orders.card_by_number(NUMBER) if one.stored.id == key]
        return [
            r.orders.card(key),
            *numbered,
            *r.orders.cards_by_waybill(WAYBILLS[1]),
            *r.orders.completed(r.orders.by_ids([key])),
        ]

    cards = store.read_now(every_way)
    assert len(cards) == 4
    assert all(card == cards[0] for card in cards)
    card = cards[0]
    assert [one.waybill for one in card.stored.order.parcels] == list(WAYBILLS)
    assert [one.waybill for one in card.tracks] == [WAYBILLS[0], WAYBILLS[2]]
    assert len(card.aftersales) == len(card.open_approvals) == 1
    assert card.source_at == NOW


def test_the_same_number_in_two_shops_is_two_cards_the_newest_first(store: SqlStore) -> None:
    key = filled(store)
    ids = [one.stored.id for one in store.read_now(lambda r: r.orders.card_by_number(NUMBER))]
    assert len(ids) == 2
    assert key in ids
    assert ids == sorted(ids, reverse=True)


def test_a_waybill_is_found_in_a_store_with_wide_gaps_between_its_orders(store: SqlStore) -> None:
    old = replace(order("old-1", at=NOW - timedelta(days=40 * 365)), parcels=(Parcel(WAYBILLS[0], "sf"),))
    store.write_now(lambda u: u.orders.upsert_many([old], seen_at=NOW, surface="channel"))
    assert [one.stored.order.number for one in store.read_now(lambda r: r.orders.cards_by_waybill(WAYBILLS[0]))] == ["old-1"]
    store.write_now(lambda u: u.orders.upsert_many([SHIPPED], seen_at=NOW, surface="channel"))
    found = store.read_now(lambda r: r.orders.cards_by_waybill(WAYBILLS[0]))
    assert [one.stored.order.number for one in found] == [NUMBER, "old-1"]


def test_an_empty_store_finds_no_waybill(store: SqlStore) -> None:
    assert store.read_now(lambda r: r.orders.cards_by_waybill(WAYBILLS[0])) == []


def test_an_opening_is_what_its_three_looks_would_have_been(store: SqlStore) -> None:
    who = ("wecom", "G", "zhang")
    person = Person(0, "张明", frozenset({Role.SERVICE}), frozenset({SHOP}), accounts=(("wecom", "zhang"), ("console", "z")))
    assert store.read_now(lambda r: r.dialogs.opening(*who, NOW)) == Opening()
    saved = store.write_now(lambda u: u.people.save_person(person))
    assert store.read_now(lambda r: r.dialogs.opening(*who, NOW)) == Opening(saved, None, False)
    store.write_now(lambda u: u.people.bind_chat(BoundChat("wecom", "G", "group", "群", frozenset())))
    store.write_now(lambda u: u.dialogs.remember(*who, {"text": "到哪了"}, NOW + timedelta(minutes=10)))
    opened = store.read_now(lambda r: r.dialogs.opening(*who, NOW))
    assert opened == Opening(saved, {"text": "到哪了"}, True)
    assert opened.person == store.read_now(lambda r: r.people.by_account("wecom", "zhang"))
    assert store.read_now(lambda r: r.dialogs.opening(*who, NOW + timedelta(minutes=11))).remembered is None


def test_who_is_dismissed_or_loses_a_role_is_so_in_the_next_opening(store: SqlStore) -> None:
    saved = store.write_now(
        lambda u: u.people.save_person(Person(0, "张明", frozenset({Role.SERVICE}), accounts=(("wecom", "zhang"),)))
    )

    def opened() -> Person | None:
        return store.read_now(lambda r: r.dialogs.opening("wecom", "G", "zhang", NOW)).person

    assert opened() == saved
    store.write_now(lambda u: u.people.save_person(replace(saved, roles=frozenset({Role.WAREHOUSE}))))
    assert opened() == replace(saved, roles=frozenset({Role.WAREHOUSE}))
    store.write_now(lambda u: u.people.bar(saved.person_id, "left", NOW))
    found = opened()
    assert found is not None
    assert not found.active


def test_who_is_in_charge_covers_the_shop_and_the_warehouse(store: SqlStore) -> None:
    staff = [
        Person(0, "离职", frozenset({Role.WAREHOUSE}), active=False),
        Person(0, "别店", frozenset({Role.WAREHOUSE}), shops=frozenset({'分"店'})),
        Person(0, "别仓", frozenset({Role.WAREHOUSE}), warehouses=frozenset({"华南仓"})),
        Person(0, "李芳", frozenset({Role.WAREHOUSE, Role.SERVICE}), warehouses=frozenset({"杭州仓"})),
        Person(0, "陈店长", frozenset({Role.MANAGER})),
    ]
    for each in staff:
        store.write_now(lambda u, each=each: u.people.save_person(each))  # type: ignore[misc]

    def asked(role: Role, shop: str, warehouse: str) -> str:
        return store.read_now(lambda r: r.people.in_charge(role, shop=shop, warehouse=warehouse))

    assert asked(Role.WAREHOUSE, SHOP, "杭州仓") == "李芳"
    assert asked(Role.WAREHOUSE, '分"店', "杭州仓") == "别店"
    assert asked(Role.WAREHOUSE, SHOP, "东北仓") == ""
    assert asked(Role.FINANCE, SHOP, "杭州仓") == ""
