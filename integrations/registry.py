"""Find connectors by their cards; import one only when it is switched on."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from integrations._kit.manifest import Manifest

_HERE = Path(__file__).parent


@cache
def manifests() -> dict[str, Manifest]:
    """Every connector that exists, by folder name, without importing any."""
    folders = sorted(card.parent for card in _HERE.glob("*/manifest.toml"))
    return {folder.name: Manifest.read(folder) for folder in folders}


def load(domain: str) -> ModuleType:
    """Import one connector's package: it offers `Settings`, `build(settings, manifest, ...)`."""
    if domain not in manifests():
        raise KeyError(domain)
    return importlib.import_module(f"integrations.{domain}")
