"""Settings of one installation: environment variables `XIAODAN_*`, and one TOML file that names the connected shops."""

from __future__ import annotations

import json
import os
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything a person may set. Each field is `XIAODAN_<NAME>` in the environment."""

    model_config = SettingsConfigDict(env_prefix="XIAODAN_", extra="ignore")

    data_dir: Path = Field(default=Path("var"), description="Where SQLite files, secrets and versions of rules live.")
    database_url: str = Field(default="", description="Empty: SQLite in data_dir. Else postgresql://user:pass@host/db.")
    config: Path | None = Field(
        default=None, description="TOML file naming shops and chat platforms. Default: data_dir/xiaodan.toml."
    )
    base_url: str = Field(default="http://127.0.0.1:8000", description="Where people's phones reach the signed pages.")
    host: str = "127.0.0.1"
    port: int = 8000
    lang: str = Field(default="zh", pattern="^(zh|en)$")
    keys: SecretStr = Field(
        default=SecretStr(""), description="Keyring of personal data and blind indexes, as `xiaodan db new-keys` prints it."
    )
    signing_keys: SecretStr = Field(
        default=SecretStr(""), description="Secrets for buttons and pages, newest first, comma separated."
    )
    read_only: bool = Field(default=False, description="Shadow mode: compute everything, write nothing out.")
    log_level: str = "INFO"
    log_json: bool = False
    model_url: str = Field(default="", description="An OpenAI-compatible endpoint, up to /v1. Empty: no language model.")
    model_name: str = Field(default="", description="The model's name at that endpoint.")
    model_key: SecretStr = Field(default=SecretStr(""), description="The endpoint's key. Only ever from the environment.")
    mcp: bool = Field(default=False, description="Offer /mcp to people's own assistants, behind their tokens.")
    console: str = Field(default="off", pattern="^(off|demo|login)$", description="The browser work group.")

    def connectors(self) -> Mapping[str, Any]:
        """The TOML file's content, or nothing when there is none."""
        path = self.config or self.data_dir / "xiaodan.toml"
        if not path.exists():
            return {}
        return tomllib.loads(path.read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Secrets:
    """The two kinds of key, as text: the keyring of personal data, and what signs buttons and pages."""

    keys: str = field(repr=False)
    signing_keys: str = field(repr=False)


def secrets_of(settings: Settings, make_keys: Callable[[], str]) -> Secrets:
    """Keys from the environment; what is missing there is made once and kept in `data_dir/secrets.json`, mode 0600.

    A lost keyring means lost personal data, so the file is on disk before anything is encrypted with it.
    """
    given = {"keys": settings.keys.get_secret_value(), "signing_keys": settings.signing_keys.get_secret_value()}
    if all(given.values()):
        return Secrets(**given)
    path = settings.data_dir / "secrets.json"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(path, json.dumps({"keys": make_keys(), "signing_keys": secrets.token_urlsafe(32)}))
    kept: dict[str, str] = json.loads(path.read_text())  # another process may have won the race to create it
    return Secrets(**{name: given[name] or kept[name] for name in given})


def _write_private(path: Path, text: str) -> None:
    """Create whole or not at all, readable by the owner only; an existing file is left as it is."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)  # fails when the name exists: first one wins
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
