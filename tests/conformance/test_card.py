"""The card and the code say the same; reading cards costs nothing; settings are named and keep their secrets."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from integrations import registry
from integrations._kit.manifest import PROTOCOLS
from tests.conformance import cases
from tests.conformance.harness import FAULTS, Harness, harnesses
from tests.conformance.rules import proves


def test_every_channel_and_carrier_has_a_harness() -> None:
    assert set(cases.connectors()) <= set(harnesses())


def test_every_harness_belongs_to_a_card() -> None:
    assert set(harnesses()) <= set(registry.manifests())


@proves("no-import-cost")
def test_reading_cards_imports_no_connector() -> None:
    code = (
        "import sys; from integrations import registry; cards = registry.manifests();"
        "print(sorted(n for n in cards if 'integrations.' + n in sys.modules), 'httpx' in sys.modules, len(cards) > 0)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[] False True"


@proves("card-honest")
def test_the_card_says_exactly_what_the_code_can_do(any_connector: Harness) -> None:
    declared = registry.manifests()[any_connector.domain].capabilities
    offered = {
        capability
        for capability, protocol in PROTOCOLS.items()
        if isinstance(any_connector.connector, protocol)
        and not capability.startswith("chat.")  # ReceivesChat looks like a push
    }
    # Two capabilities may share a port (orders.push and tracks.push): the card says which of them is meant.
    ports = {PROTOCOLS[capability] for capability in declared}
    assert declared <= offered
    assert {PROTOCOLS[capability] for capability in offered} == ports


@proves("settings-named")
def test_settings_do_not_print_their_secrets(any_connector: Harness) -> None:
    assert any_connector.secret_fields
    values = {name: f"canary-{name}" for name in any_connector.secret_fields}
    shown = repr(dataclasses.replace(any_connector.settings, **values))
    assert not [name for name, value in values.items() if value in shown]


@proves("settings-named")
def test_a_missing_setting_is_named(any_connector: Harness) -> None:
    assert any_connector.required_fields
    for name in any_connector.required_fields:
        with pytest.raises((ValueError, TypeError), match=name):
            dataclasses.replace(any_connector.settings, **{name: ""})


def test_the_harness_knows_the_faults_of_the_suite(any_connector: Harness) -> None:
    assert set(any_connector.faults) <= set(FAULTS)
    assert {"down", "garbage", "cut", "too_fast", "lost_before", "lost_after"} <= set(any_connector.faults)
