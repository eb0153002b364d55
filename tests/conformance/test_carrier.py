"""What every source of parcel tracks owes: whole histories, times in UTC, a meaning for every state."""

from __future__ import annotations

from datetime import UTC, timedelta

from domain.order import Track
from tests.conformance.harness import CarrierHarness
from tests.conformance.rules import proves


async def ask(carrier: CarrierHarness, waybill: str, code: str) -> Track:
    track = await carrier.connector.track(waybill, code, phone_tail="5678")
    assert isinstance(track, Track)
    return track


@proves("mapping-total")
async def test_every_documented_state_has_a_meaning(carrier: CarrierHarness) -> None:
    assert carrier.wire_statuses
    for status in carrier.wire_statuses:
        waybill, code = carrier.add_track(status=status)
        track = await ask(carrier, waybill, code)
        assert track.events[-1].raw_code == status
        assert (track.waybill, track.carrier) == (waybill, code)


@proves("mapping-total")
async def test_a_new_state_is_kept_raw_and_stops_nothing(carrier: CarrierHarness) -> None:
    track = await ask(carrier, *carrier.add_track(status=carrier.new_status, events=3))
    assert track.events[-1].raw_code == carrier.new_status
    assert len(track.events) == 3


@proves("time-utc")
async def test_scans_are_utc_and_oldest_first(carrier: CarrierHarness) -> None:
    at = carrier.clock.now() - timedelta(hours=3)
    track = await ask(carrier, *carrier.add_track(at=at, events=5))
    assert track.events[-1].at == at
    assert [event.at for event in track.events] == sorted(event.at for event in track.events)
    assert {event.at.tzinfo for event in track.events} == {UTC}
    assert track.fetched_at == carrier.clock.now()


@proves("mapping-total")
async def test_a_parcel_that_nobody_knows_is_none(carrier: CarrierHarness) -> None:
    _, code = carrier.add_track()
    assert await carrier.connector.track("YT9999999999999", code, phone_tail="5678") is None
