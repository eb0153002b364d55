"""How the witnesses are had: pinned, hashed, from no registry of ours, and said in words when they cannot be."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.witness.node import HERE, NoNode, installed


def test_the_lock_pins_everything_by_hash_and_names_no_registry() -> None:
    locked = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]
    asked = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]
    packages = {name: row for name, row in locked.items() if name}
    assert all(row["integrity"].startswith("sha512-") for row in packages.values())
    assert [name for name, row in packages.items() if "resolved" in row] == []
    assert {name: packages[f"node_modules/{name}"]["version"] for name in asked} == asked


def test_without_node_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NoNode, match="install Node 18") as missing:
        installed()
    assert not missing.value.broken
