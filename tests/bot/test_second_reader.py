"""The settings of a language model: off without them, refused in words when wrong, told by `doctor` as they stand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bot.bootstrap import open_house
from bot.commands.doctor import _examined
from bot.emulation import EMULATORS, Stage, listen, port_of
from bot.second_reader import examine_model, second_reader, wanted
from config.settings import Settings
from domain.assist.budget import day_of
from domain.diagnosis import Health
from domain.errors import BadInput
from emulators.model import ModelEmulator
from handlers.model_purse import DAY


def settings(path: Path, section: str = "", *, key: str = "") -> Settings:
    (path / "xiaodan.toml").write_text(f"[model]\n{section}\n", "utf-8")
    if not key:
        return Settings(data_dir=path)  # then the environment's counts
    return Settings(data_dir=path, model_key=SecretStr(key))


def test_without_an_endpoint_there_is_no_model(tmp_path: Path) -> None:
    assert wanted(Settings(data_dir=tmp_path)) is None
    assert wanted(settings(tmp_path, "seconds = 2")) is None


def test_everything_in_the_section_is_taken(tmp_path: Path) -> None:
    section = (
        'url = "https://m.example/v1"\nname = "x"\nseconds = 2.5\ntokens_a_day = 1000\nrequests_a_minute = 3\nat_once = 2\n'
        "money_a_day = 1.50\nprice_in = 2\nprice_out = 8.0\ncomments = true\nfailures = 2\nrest_seconds = 5\nprobe_hours = 1"
    )
    want = wanted(settings(tmp_path, section, key="sk-1"))
    assert want is not None
    assert (want.key, want.limits.seconds, want.limits.money_a_day) == ("sk-1", 2.5, Decimal("1.5"))
    assert want.limits.comments
    assert "sk-1" not in repr(Settings(data_dir=tmp_path, model_key=SecretStr("sk-1")))


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAODAN_MODEL_URL", "https://other.example/v1")
    monkeypatch.setenv("XIAODAN_MODEL_KEY", "sk-env")
    want = wanted(settings(tmp_path, 'url = "https://m.example/v1"\nname = "x"'))
    assert want is not None
    assert (want.url, want.name, want.key) == ("https://other.example/v1", "x", "sk-env")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('url = "https://m/v1"\nname = "x"\nkey = "sk"', "XIAODAN_MODEL_KEY"),
        ('url = "https://m/v1"\nname = "x"\ntemprature = 1', "不认识的设置"),
        ('url = "https://m/v1"\nname = "x"\nseconds = 0', "seconds"),
        ('url = "https://m/v1"\nname = "x"\nseconds = "nan"', "seconds"),
        ('url = "https://m/v1"\nname = "x"\ntokens_a_day = -1', "tokens_a_day"),
        ('url = "https://m/v1"\nname = "x"\nat_once = true', "at_once"),
        ('url = "https://m/v1"\nname = "x"\nmoney_a_day = 1', "price_in"),
        ('url = "https://m/v1"\nname = "x"\ncomments = "yes"', "comments"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path: Path, section: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        wanted(settings(tmp_path, section))


def test_an_open_line_or_no_name_is_refused_when_the_house_opens(tmp_path: Path) -> None:
    for section in ('url = "http://m.example/v1"\nname = "x"', 'url = "https://m.example/v1"'):
        with pytest.raises(BadInput):
            second_reader(settings(tmp_path, section), None)  # type: ignore[arg-type]  # refused before the desk is looked at


# --- doctor -----------------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[tuple[ModelEmulator, str]]:
    emulator = ModelEmulator()
    listening = listen()
    stage = Stage()
    stage.serve(emulator, listening)
    await stage.ready()
    yield emulator, f"http://127.0.0.1:{port_of(listening)}/v1"
    await stage.close()


async def told(path: Path, url: str, emulator: ModelEmulator, more: str = "") -> dict[str, tuple[Health, str]]:
    given = settings(path, f'url = "{url}"\nname = "{emulator.name}"\nseconds = 1\n{more}', key=emulator.key)
    house = open_house(given, chats={})
    try:
        return {each.check: (each.health, each.sentence) for each in await examine_model(given, house.desk)}
    finally:
        await house.close()


async def test_doctor_says_how_it_can_be_asked_and_what_it_has_cost(
    tmp_path: Path, endpoint: tuple[ModelEmulator, str]
) -> None:
    emulator, url = endpoint
    found = await told(tmp_path, url, emulator)
    assert found["model.reach"][0] is Health.GOOD
    assert "json_schema" in found["model.reach"][1]
    assert "今天问了 1 次" in found["model.budget"][1]
    emulator.abilities = frozenset()
    assert "text" in (await told(tmp_path, url, emulator))["model.reach"][1]


async def test_doctor_says_why_it_is_not_asked(tmp_path: Path, endpoint: tuple[ModelEmulator, str]) -> None:
    emulator, url = endpoint
    emulator.faults.always["chat"] = "401"
    found = await told(tmp_path, url, emulator)
    assert found["model.reach"][0] is Health.WATCH
    assert "XIAODAN_MODEL_KEY" in found["model.reach"][1]
    assert emulator.key not in json.dumps([each[1] for each in found.values()])
    emulator.faults.always.clear()
    given = settings(tmp_path, f'url = "{url}"\nname = "{emulator.name}"\ntokens_a_day = 1000', key=emulator.key)
    house = open_house(given, chats={})
    try:
        now = house.desk.clock.now()
        house.desk.store.write_now(lambda u: u.usage.add(DAY, day_of(now), tokens=1_001))
        found = {each.check: (each.health, each.sentence) for each in await examine_model(given, house.desk)}
    finally:
        await house.close()
    assert "token 用完了" in found["model.budget"][1]


async def test_doctor_without_a_model_says_that_this_is_the_default(tmp_path: Path) -> None:
    ((name, finding),) = await _examined(Settings(data_dir=tmp_path), "model")
    assert (name, finding.check, finding.health) == ("model", "model.off", Health.GOOD)
    assert await _examined(Settings(data_dir=tmp_path), "") == []


def test_the_endpoint_can_be_emulated_by_name() -> None:
    assert EMULATORS["model"] is ModelEmulator
