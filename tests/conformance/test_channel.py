"""What every sales channel owes: whole pages, exact money, times in UTC, a meaning for every status."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from typing import Any

import pytest

from domain.order import Aftersale, Order, Stage
from domain.ports import Poison
from tests.conformance.harness import CANARIES, ChannelHarness
from tests.conformance.rules import proves


async def pull(channel: ChannelHarness) -> list[Any]:
    found: list[Any] = await channel.read_once()
    return found


async def one(channel: ChannelHarness) -> Order:
    [found] = await pull(channel)
    assert isinstance(found, Order)
    return found


def spread(channel: ChannelHarness, count: int) -> list[str]:
    """`count` orders, ten seconds apart."""
    assert channel.window is not None
    return [channel.add_order(at=channel.window.start + timedelta(seconds=10 * index)) for index in range(count)]


@proves("paging-complete", "signature-independent")
@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("pages", [0, 1, 2, 5])
async def test_paging_loses_and_repeats_nothing(channel: ChannelHarness, pages: int, extra: int) -> None:
    numbers = spread(channel, max(0, pages * channel.page_size + extra))
    assert Counter(order.number for order in await pull(channel)) == Counter(numbers)


@proves("paging-complete")
@pytest.mark.parametrize("count", [3, 5, 6, 11, 17])
async def test_many_orders_of_the_same_second_are_all_read(channel: ChannelHarness, count: int) -> None:
    assert channel.window is not None
    at = channel.window.start + timedelta(minutes=3)
    numbers = [channel.add_order(at=at) for _ in range(count)] + spread(channel, 2)
    assert Counter(order.number for order in await pull(channel)) == Counter(numbers)


@proves("paging-complete")
async def test_pages_are_as_large_as_the_card_allows(channel: ChannelHarness) -> None:
    """Asking for less would multiply the calls; the harness' page size is the one that is really used."""
    spread(channel, channel.page_size)
    await pull(channel)
    first = len(channel.emulator.journal.calls(channel.list_call))
    assert 1 <= first <= 4


@proves("paging-complete")
async def test_the_window_is_respected(channel: ChannelHarness) -> None:
    assert channel.window is not None
    inside = [channel.add_order(at=channel.window.start), channel.add_order(at=channel.window.end - timedelta(seconds=1))]
    channel.add_order(at=channel.window.start - timedelta(seconds=90))
    assert sorted(order.number for order in await pull(channel)) == sorted(inside)


@proves("shifting-window")
@pytest.mark.parametrize("moved", [0, 1, 4, 5, 9])
async def test_an_order_that_is_updated_while_reading_hides_no_other(channel: ChannelHarness, moved: int) -> None:
    numbers = spread(channel, 3 * channel.page_size)
    channel.move_after_page(numbers[moved])
    assert set(numbers) <= {order.number for order in await pull(channel)}


@proves("resumes-anywhere")
@pytest.mark.parametrize("killed_after", [0, 1, 2])
async def test_reading_again_after_a_crash_gives_everything(channel: ChannelHarness, killed_after: int) -> None:
    assert channel.window is not None
    numbers = spread(channel, 3 * channel.page_size)
    kept: dict[str, Order | Poison] = {}
    pages = channel.connector.orders(channel.window)
    for _ in range(killed_after):
        kept |= {order.number: order for order in await anext(pages)}
    await pages.aclose()
    kept |= {order.number: order for order in await pull(channel)}
    assert sorted(kept) == sorted(numbers)


@proves("paging-complete")
async def test_pulling_twice_gives_equal_orders(channel: ChannelHarness) -> None:
    spread(channel, 3)
    assert await pull(channel) == await pull(channel)


@proves("money-exact")
@pytest.mark.parametrize(
    ("goods", "freight", "discount"),
    [(29, 0, 0), (1990, 800, 0), (1990, 0, 331), (123_456_789, 1, 2), (0, 0, 0), (115, 7, 3)],
)
async def test_amounts_are_exact_and_prove_themselves(
    channel: ChannelHarness, goods: int, freight: int, discount: int
) -> None:
    channel.add_order(goods=goods, freight=freight, discount=discount)
    order = await one(channel)
    assert (order.goods.minor, order.freight.minor, order.discount.minor) == (goods, freight, discount)
    assert order.total.minor == goods + freight - discount
    assert order.balanced
    assert {type(amount.minor) for amount in (order.goods, order.freight, order.discount, order.total, order.paid)} == {int}
    assert sum(line.total.minor for line in order.lines) in (goods, goods - discount)


@proves("time-utc")
async def test_times_are_utc(channel: ChannelHarness) -> None:
    assert channel.window is not None
    at = channel.window.start + timedelta(minutes=7)
    channel.add_order(at=at)
    order = await one(channel)
    assert order.created_at == at
    stamps = (order.created_at, order.updated_at, order.paid_at, order.ship_by)
    assert {moment.tzinfo for moment in stamps if moment is not None} == {UTC}


@proves("mapping-total")
async def test_every_documented_status_has_a_meaning(channel: ChannelHarness) -> None:
    by_number = {channel.add_order(status=status): status for status in channel.wire_statuses}
    orders = {order.number: order for order in await pull(channel)}
    assert len(orders) == len(channel.wire_statuses)
    assert [by_number[number] for number, order in orders.items() if order.unmapped] == []


@proves("mapping-total")
async def test_a_new_status_holds_the_order_and_is_named(channel: ChannelHarness) -> None:
    new = channel.add_order(status=channel.new_status)
    known = channel.add_order(status=channel.wire_statuses[0])
    orders = {order.number: order for order in await pull(channel)}
    assert orders[new].stage is Stage.HOLD
    assert any(channel.new_status in strange for strange in orders[new].unmapped)
    assert orders[known].unmapped == ()


@proves("mapping-total", "private")
async def test_an_unreadable_order_does_not_block_its_neighbours(channel: ChannelHarness) -> None:
    numbers = spread(channel, 3)
    channel.break_order(numbers[1])
    found = await pull(channel)
    [poison] = [record for record in found if isinstance(record, Poison)]
    assert sorted(record.number for record in found if isinstance(record, Order)) == sorted([numbers[0], numbers[2]])
    assert poison.ref == numbers[1]
    assert poison.reason
    assert not [canary for canary in CANARIES if canary in poison.raw + poison.reason]


@proves("mapping-total")
async def test_a_fetched_order_equals_the_pulled_one(channel: ChannelHarness) -> None:
    number = channel.add_order()
    assert await channel.connector.order(number) == await one(channel)


@proves("mapping-total")
async def test_an_order_that_does_not_exist_is_none(channel: ChannelHarness) -> None:
    assert await channel.connector.order("6999999999999999999") is None


@proves("mapping-total")
async def test_every_documented_aftersale_status_has_a_meaning(aftersales: ChannelHarness) -> None:
    by_number = {aftersales.add_aftersale(status=status): status for status in aftersales.aftersale_statuses}
    assert by_number
    found = [await aftersales.connector.aftersale(number, aftersales.order_of(number)) for number in by_number]
    assert [by_number[record.number] for record in found if record.unmapped] == []


@proves("mapping-total", "money-exact")
async def test_aftersales_are_pulled_as_they_are_fetched(aftersales: ChannelHarness) -> None:
    assert aftersales.window is not None
    number = aftersales.add_aftersale(amount=1777)
    window = type(aftersales.window)(
        aftersales.clock.now() - timedelta(minutes=5), aftersales.clock.now() + timedelta(minutes=5)
    )
    [pulled] = [record async for page in aftersales.connector.aftersales(window) for record in page]
    fetched = await aftersales.connector.aftersale(number, pulled.order_number)
    assert isinstance(pulled, Aftersale)
    assert (pulled.number, pulled.amount.minor, pulled.stage, pulled.version) == (
        fetched.number, 1777, fetched.stage, fetched.version
    )  # fmt: skip
    assert {moment.tzinfo for moment in (pulled.created_at, pulled.updated_at)} == {UTC}
