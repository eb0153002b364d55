"""What connectors share. A connector package offers exactly three names (see `integrations.registry.load`):

Settings        frozen, slotted; secrets `field(repr=False)`; a missing one is named by `TypeError` from the constructor
build(settings, manifest, *, clock, http=None, tokens=None, sleep=asyncio.sleep) -> the connector, with `aclose()`
canonical(kind, payload, *, shop, now) -> list of `domain.ports.Change | PushEvent`; kind: order|aftersale|track|push;
                no network, no clock; raises BadInput with a sentence when the payload is not this platform's
"""
