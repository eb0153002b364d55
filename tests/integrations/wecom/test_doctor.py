"""Every fault that is planted in the emulated platform is named in one sentence with its mend."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from bot.commands.doctor import examine
from domain.clock import FollowingClock, ManualClock
from domain.diagnosis import Finding, Health
from emulators.wecom import WecomEmulator
from emulators.wecom import state as theirs
from integrations.wecom import AppSettings, Settings, diagnose
from tests.conformance.chat_harness import Door, Inbox
from tests.integrations.wecom.conftest import APP, Bench, door, make, on_line, served

ROBOTS = {"CHATID": theirs.WEBHOOK}
CALLBACK = {"mode": "callback", "token": theirs.TOKEN, "aes_key": theirs.AES_KEY}


def bad(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.sentence for finding in findings if finding.health is Health.BAD}


async def look(bench: Bench) -> dict[str, str]:
    try:
        return bad(await diagnose(bench.chat))
    finally:
        await bench.chat.aclose()


async def test_a_healthy_company_has_nothing_bad_and_nobody_hears_of_it(emulator: WecomEmulator) -> None:
    assert await look(make(emulator, Settings(mode="app", app=APP, robots=ROBOTS))) == {}
    assert all(not talk.shown for talk in emulator.state.talks.values())


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (AppSettings(theirs.CORP_ID, theirs.AGENT_ID, "wrong-secret"), "Secret 不对"),
        (AppSettings("ww-wrong", theirs.AGENT_ID, theirs.APP_SECRET), "企业 ID 不对"),
        (AppSettings(theirs.CORP_ID, 99, theirs.APP_SECRET), "不是同一个应用"),
    ],
    ids=["secret", "corp", "agent"],
)
async def test_wrong_credentials_are_told_apart(emulator: WecomEmulator, app: AppSettings, words: str) -> None:
    assert words in (await look(make(emulator, Settings(mode="app", app=app))))["app"]


async def test_a_blocked_address_is_named_with_both_mends(emulator: WecomEmulator) -> None:
    emulator.switches.bad_ip = True
    said = (await look(make(emulator, Settings(mode="app", app=APP))))["app"]
    assert "可信IP" in said
    assert "长连接" in said


@pytest.mark.parametrize(("fault", "words"), [("forbidden", "没有这个接口的权限"), ("disabled", "停用")])
async def test_what_the_app_may_not_do_is_named(emulator: WecomEmulator, fault: str, words: str) -> None:
    emulator.faults.plan(fault, "/cgi-bin/agent/get")
    assert words in (await look(make(emulator, Settings(mode="app", app=APP))))["app"]


async def test_an_address_outside_the_apps_list_is_named(emulator: WecomEmulator) -> None:
    emulator.state.trusted_ips = {"10.9.8.7"}
    assert "可信IP" in (await look(make(emulator, Settings(mode="app", app=APP))))["app"]
    emulator.state.trusted_ips = {"127.0.0.1"}
    assert await look(make(emulator, Settings(mode="app", app=APP))) == {}


async def test_bound_groups_that_cannot_be_told_anything_are_counted(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(**CALLBACK, robots=ROBOTS))  # type: ignore[arg-type]
    found = bad(await diagnose(bench.chat, ["CHATID", "OTHER"]))
    await bench.chat.aclose()
    assert "1 个绑定的群" in found["groups"]


async def test_an_expired_token_is_renewed_and_no_finding(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(mode="app", app=APP))
    await bench.chat.colleagues()
    emulator.calls.kill_tokens()
    assert await look(bench) == {}


async def test_a_robot_that_left_the_group_is_named(emulator: WecomEmulator) -> None:
    emulator.state.webhooks.clear()
    assert "不在群里" in (await look(make(emulator, Settings(mode="robot", robots=ROBOTS))))["robot"]


@pytest.mark.parametrize(("ahead", "word"), [(300, "快"), (-300, "慢")])
async def test_a_wrong_clock_is_named_with_its_direction(emulator: WecomEmulator, ahead: int, word: str) -> None:
    bench = make(emulator, Settings(mode="app", app=APP))
    bench.chat.clock = ManualClock(FollowingClock(emulator.clock.now).now() + timedelta(seconds=ahead))
    assert f"时钟{word}了约" in (await look(bench))["clock"]


async def test_a_good_callback_address_passes(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(**CALLBACK, callback_url="https://desk.example/chat/wecom"))  # type: ignore[arg-type]
    ours = Door("wecom", bench.chat, bench.clock, Inbox())  # the product's own routes
    bench.chat.doctor_transport = httpx.ASGITransport(ours)
    assert await look(bench) == {}
    assert [request.url.path for request in ours.requests] == ["/chat/wecom"]


async def test_a_callback_address_of_somebody_else_is_named(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(**CALLBACK, callback_url="https://desk.example/other"))  # type: ignore[arg-type]
    bench.chat.doctor_transport = httpx.ASGITransport(emulator)
    assert "不是小单的" in (await look(bench))["callback"]


async def test_a_service_with_another_key_is_named(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(**CALLBACK, callback_url="https://desk.example/chat/wecom"))  # type: ignore[arg-type]
    other = make(emulator, Settings(mode="callback", token=theirs.TOKEN, aes_key=emulator.state.app_aes_key))
    bench.chat.doctor_transport = httpx.ASGITransport(door(other))
    assert "不一样" in (await look(bench))["callback"]
    await other.chat.aclose()


async def test_an_aes_key_changed_on_one_side_is_noticed(callback: Bench) -> None:
    callback.emulator.faults.plan("wrong-key", "callback")
    await callback.emulator.people.say("zhangsan", "查")
    assert "EncodingAESKey" in bad(await diagnose(callback.chat))["aes_key"]


async def test_replayed_or_late_callbacks_are_counted(callback: Bench) -> None:
    callback.emulator.faults.plan("stale", "callback")
    await callback.emulator.people.say("zhangsan", "查")
    assert "相差太大" in bad(await diagnose(callback.chat))["stamps"]


async def test_a_line_that_is_up_is_not_touched(emulator: WecomEmulator) -> None:
    async with on_line(emulator) as line:
        assert bad(await diagnose(line.chat)) == {}
        assert len(emulator.lines.subscribes) == 1


async def test_a_wrong_robot_secret_is_named(emulator: WecomEmulator) -> None:
    async with served(emulator) as url:
        bench = make(emulator, Settings(bot_id=theirs.BOT_ID, secret="wrong-secret", line_url=url))
        assert "机器人 ID 或 Secret 不对" in (await look(bench))["line"]


async def test_callback_mode_alone_is_told_that_it_cannot_alert(emulator: WecomEmulator) -> None:
    bench = make(emulator, Settings(**CALLBACK))  # type: ignore[arg-type]
    (platform, finding), *_ = await examine({"wecom": bench.chat})
    assert (platform, "不能主动发消息" in finding.sentence) == ("wecom", True)


def test_the_command_says_what_to_do_when_nothing_is_connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.cli import app

    monkeypatch.setenv("XIAODAN_DATA_DIR", str(tmp_path))
    result = CliRunner().invoke(app, ["doctor"])
    assert (result.exit_code, "docs/integrations/wecom.md" in result.output) == (0, True)
