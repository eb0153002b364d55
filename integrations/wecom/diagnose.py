"""`xiaodan doctor` for WeCom: each thing that can be wrong with a set-up, named in one sentence with its mend."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.diagnosis import Finding, Health
from domain.errors import DeskError, NeedsAuthorization, ProtocolBroken, Rejected
from integrations._kit.http import Http
from integrations.wecom.directory import OUT_OF_RANGE

if TYPE_CHECKING:
    from integrations.wecom.chat import Wecom

_SKEW = 60.0
_MENDS = {
    "40001": "自建应用的 Secret 不对：在管理后台的应用页重新复制 Secret。",
    "40013": "企业 ID 不对：在管理后台“我的企业”最下面复制企业 ID。",
    "41002": "没有填企业 ID。",
    "41004": "没有填自建应用的 Secret。",
    "50003": "自建应用被停用了：在管理后台把它启用。",
    "60020": "这台服务器的 IP 不在应用的可信 IP 里：在应用页“企业可信IP”加上它，或改用不需要可信 IP 的长连接。",
    "301002": "AgentId 和 Secret 不是同一个应用的：两样都从同一个应用页复制。",
    "48002": "应用没有这个接口的权限：检查应用的可见范围和权限。",
}


async def diagnose(connector: Wecom, groups: Sequence[str] = ()) -> list[Finding]:
    """Look at everything that is set up, one after the other; nothing is sent to any group or person.

    `groups` are those that are bound: where only answers are possible, each needs a webhook to be told anything.
    """
    found = [_mode(connector)]
    if connector.settings.mode == "socket":
        found.append(await _line(connector))
    if connector.app is not None:
        found += await _app(connector)
        if found[-1].health is not Health.BAD:
            found.append(await _directory(connector))
    if connector.robot is not None:
        found += await _robots(connector)
    found += _mute(connector, groups)
    if connector.settings.callback_url:
        found.append(await _callback(connector))
    found += _clock(connector)
    found += _refused(connector)
    return found


def _mode(connector: Wecom) -> Finding:
    settings = connector.settings
    if settings.mode == "callback" and not (settings.robots or settings.app):
        return Finding(
            "mode", Health.WATCH, "回调模式不能主动发消息：预警和审批提醒发不出去；加一个群推送机器人或改用长连接。"
        )
    return Finding(
        "mode", Health.GOOD, {"socket": "长连接模式。", "callback": "回调模式。"}.get(settings.mode, "没有配智能机器人。")
    )


def _mute(connector: Wecom, groups: Sequence[str]) -> list[Finding]:
    """Bound groups that nobody can speak to without being asked."""
    missing = [group for group in groups if group not in connector.settings.robots]
    if connector.settings.mode == "socket" or not missing:
        return []
    words = (
        f"有 {len(missing)} 个绑定的群收不到预警：在群里加“消息推送”机器人，把地址写进 [chats.wecom.robots]，或改用长连接。"
    )
    return [Finding("groups", Health.BAD, words)]


async def _line(connector: Wecom) -> Finding:
    """Subscribes once. While another process serves, this evicts it for a moment: `doctor` says so before it asks."""
    from integrations.wecom.line import Line, Rhythm

    settings = connector.settings
    if connector.bot is not None and getattr(connector.bot, "line_up", False):
        return Finding("line", Health.GOOD, "长连接在线。")
    probe = Line(
        settings.line_url, bot_id=settings.bot_id, secret=settings.secret, clock=connector.clock, rhythm=Rhythm(answer=3.0)
    )
    running = asyncio.create_task(probe.run(_ignore))
    try:
        for _ in range(60):
            if probe.up:
                return Finding("line", Health.GOOD, "长连接能连上，机器人 ID 和 Secret 正确。")
            if running.done():
                break
            await asyncio.sleep(0.1)
        if running.done():
            running.result()
        return Finding(
            "line", Health.BAD, "连不上企业微信的长连接：检查服务器能否访问外网 443 端口；刚断开过的话一分钟后再试。"
        )
    except NeedsAuthorization:
        return Finding("line", Health.BAD, "机器人 ID 或 Secret 不对：在机器人的 API 设置页（长连接）重新复制这两项。")
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, DeskError):
            await running


async def _ignore(_: object) -> None:
    """What arrives while we only look is somebody else's."""


async def _app(connector: Wecom) -> list[Finding]:
    assert connector.app is not None  # noqa: S101 (the caller looked)
    settings = connector.settings.app
    assert settings is not None  # noqa: S101
    try:
        await connector.app.api.get("/cgi-bin/agent/get", {"agentid": str(settings.agent_id)}, what="agent.get")
    except NeedsAuthorization as no:
        code = str(no).rpartition(" ")[2]
        return [
            Finding("app", Health.BAD, _MENDS.get(code, f"自建应用用不了（{code}）：在管理后台检查它的 Secret 和权限。"))
        ]
    except Rejected as no:
        return [Finding("app", Health.BAD, _MENDS.get(no.code, "自建应用的令牌不被接受：重新复制 Secret。"))]
    except DeskError:
        return [Finding("app", Health.BAD, "连不上企业微信的接口：检查服务器能否访问 qyapi.weixin.qq.com。")]
    found = [Finding("app", Health.GOOD, "自建应用的企业 ID、Secret、AgentId 都对。")]
    if not settings.token:
        found.append(Finding("app.callback", Health.WATCH, "自建应用没有配接收消息：私聊里的卡片只能显示成文字命令。"))
    return found


async def _directory(connector: Wecom) -> Finding:
    """How far the app sees: who is outside has no access, and whose leaving is not seen keeps it."""
    try:
        seen = await connector.roster()
    except NeedsAuthorization as no:
        code = str(no).rpartition(" ")[2]
        words = "通讯录同步的 Secret（contact_secret）不对或没有权限：在“管理工具 → 通讯录同步”里重新复制。"
        if code == OUT_OF_RANGE:
            words = "应用的可见范围里没有任何部门，读不到通讯录：应用页 → 可见范围，加上要用小单的部门。"
        return Finding("directory", Health.BAD, words)
    except ProtocolBroken:
        return Finding("directory", Health.BAD, "通讯录列得不全：可见范围里有人没列出来，先不按它停用任何人，过会儿再查。")
    except DeskError:
        return Finding("directory", Health.WATCH, "通讯录这会儿读不到，过几分钟再查一次。", unsure=True)
    if not seen:
        words = "可见范围里一个人都没有：应用页 → 可见范围，加上要用小单的部门。"
        return Finding("directory", Health.BAD, words)
    return Finding("directory", Health.GOOD, f"通讯录看得到 {len(seen)} 人；不在里面的人离职，我看不到。")


async def _robots(connector: Wecom) -> list[Finding]:
    """A webhook cannot be asked without speaking; an upload of nothing is refused before or after its key is looked at."""
    found = []
    for chat, key in connector.settings.robots.items():
        body = {"msgtype": "text", "text": {"content": ""}}
        try:
            await connector.api.post("/cgi-bin/webhook/send", body, what="webhook.look", params={"key": key}, changes=False)
        except Rejected as no:
            gone = no.code == "93000"
            words = f"群 {chat} 的推送机器人已经不在群里或 Webhook 地址不对：在群设置里重新添加并复制地址。"
            good = Finding("robot", Health.GOOD, f"群 {chat} 的推送机器人在群里。")
            found.append(Finding("robot", Health.BAD, words) if gone else good)
        except DeskError:
            found.append(Finding("robot", Health.BAD, f"问不到群 {chat} 的推送机器人：检查服务器能否访问外网。"))
    return found


async def _callback(connector: Wecom) -> Finding:
    """Ask our own address what the console asks when it is saved."""
    echo = secrets.token_hex(8)
    http = Http(connector.settings.callback_url, transport=connector.doctor_transport)
    try:
        # The whole address: joined to the base it would end with a slash, and another page would answer.
        query = connector.echo_query(echo)
        got = await http.call(
            "GET", connector.settings.callback_url, changes=False, params=query, what="doctor.callback", parse=bytes
        )
    except NeedsAuthorization:
        return Finding(
            "callback", Health.BAD, "回调地址上的服务用的 Token 或 EncodingAESKey 和这里的不一样：改成一致后重启。"
        )
    except Rejected as no:
        return Finding("callback", Health.BAD, no.reason)
    except ProtocolBroken:
        return Finding("callback", Health.BAD, "回调地址指到了别处：应该以 /chat/wecom 结尾，并转到小单。")
    except DeskError:
        return Finding("callback", Health.BAD, "回调地址打不开：检查域名、证书和反向代理，外网要能访问它。")
    finally:
        await http.aclose()
    if got != echo.encode():
        return Finding("callback", Health.BAD, "回调地址有回应，但不是小单的：检查反向代理转到了哪里。")
    return Finding("callback", Health.GOOD, "回调地址能访问，验证通过。")


def _refused(connector: Wecom) -> list[Finding]:
    found = []
    if connector.undecipherable:
        words = f"有 {connector.undecipherable} 条回调签名对却解不开：后台的 EncodingAESKey 和这里的不一样，重新复制一次。"
        found.append(Finding("aes_key", Health.BAD, words))
    if connector.untimely:
        words = (
            f"有 {connector.untimely} 条真实回调的时间和这台服务器相差太大，里面的按钮没有算数："
            "检查这台服务器的时钟；时钟没错就是有人重放。"
        )
        found.append(Finding("stamps", Health.BAD, words, unsure=True))
    return found


def _clock(connector: Wecom) -> list[Finding]:
    theirs = connector.api.server_time
    if theirs is None:
        return []
    skew = (connector.clock.now() - theirs).total_seconds()
    if abs(skew) <= _SKEW:
        return [Finding("clock", Health.GOOD, "时钟和企业微信一致。")]
    way = "快" if skew > 0 else "慢"
    return [
        Finding("clock", Health.BAD, f"这台服务器的时钟{way}了约 {abs(skew):.0f} 秒，回调会被当作过期拒收：打开自动校时。")
    ]
