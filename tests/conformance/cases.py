"""Which connectors and capabilities the suite runs for, read from the cards."""

from __future__ import annotations

from integrations import registry
from integrations._kit.manifest import Capability, Kind

CHANGING = frozenset(
    {
        Capability.REFUNDS_AGREE,
        Capability.REFUNDS_REFUSE,
        Capability.ADDRESS_ANSWER,
        Capability.ADDRESS_MODIFY,
        Capability.ORDERS_SHIP,
        Capability.ORDERS_REMARK,
        Capability.STOCK_WRITE,
        Capability.TRACKS_SUBSCRIBE,
    }
)
HTTP_PUSHES = frozenset({Capability.ORDERS_PUSH, Capability.TRACKS_PUSH})
COVERED = (Kind.CHANNEL, Kind.CARRIER)


def connectors(*kinds: Kind) -> list[str]:
    return sorted(name for name, card in registry.manifests().items() if card.kind in (kinds or COVERED))


def having(*capabilities: Capability) -> list[str]:
    """Connectors of the covered kinds with at least one of these capabilities."""
    wanted = set(capabilities)
    return [name for name in connectors() if registry.manifests()[name].capabilities & wanted]


def changes() -> list[tuple[str, Capability]]:
    """Every (connector, changing capability) that some card declares."""
    return [
        (name, capability)
        for name in connectors()
        for capability in sorted(registry.manifests()[name].capabilities & CHANGING)
    ]
