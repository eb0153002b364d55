"""A platform that has not heard of the delivery yet shows the same order."""

from __future__ import annotations

from dataclasses import replace

from domain.fingerprint import differences, material, with_carrier
from domain.order import Stage
from tests import builders


def test_a_delivery_only_the_carrier_told_of_is_no_change() -> None:
    seen = builders.shipped()
    stored = replace(seen, stage=Stage.DELIVERED)
    assert differences(material(stored), material(with_carrier(seen, stored))) == ()


def test_everything_else_the_platform_says_is_believed() -> None:
    stored = replace(builders.shipped(), stage=Stage.DELIVERED)
    closed = replace(stored, stage=Stage.CLOSED_REFUNDED)
    assert [moved.name for moved in differences(material(stored), material(with_carrier(closed, stored)))] == ["phase"]
    assert with_carrier(closed, None) is closed
