"""`xiaodan doctor` for DingTalk: what is wrong, in one sentence each, with the mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from domain.diagnosis import Finding, Health
from domain.errors import DeskError, NeedsAuthorization, OutcomeUnknown, ProtocolBroken, Rejected, Unavailable
from domain.ids import key as make_key
from integrations._kit.http import Http

if TYPE_CHECKING:
    from integrations.dingtalk.chat import DingTalkChat

_CLOCK_WATCH, _CLOCK_BAD = 60.0, 1800.0  # seconds; signatures die at an hour
_PROBE = "xdg-doctor"
_FORGED = {
    "event owner": "事件解密后主人不对：event_owner 要填应用的 AppKey（控制台订阅）。",
    "event padding": "事件解不开：EncodingAESKey（event_aes_key）和开放平台上的不一样，重新复制 43 位。",
    "event length": "事件解不开：EncodingAESKey（event_aes_key）和开放平台上的不一样，重新复制 43 位。",
    "event signature": "事件签名不对：event_token 和开放平台「事件订阅」里的签名 token 不一样。",
    "robot signature": "机器人回调签名不对：client_secret 和应用的 AppSecret 不一样，或者有人在伪造。",
    "card signature": "卡片回调签名不对：card_secret 和登记 callbackRouteKey 时的 apiSecret 不一样。",
}


async def diagnose(connector: DingTalkChat, groups: Sequence[str] = ()) -> list[Finding]:
    """Credentials, clock, permissions, Stream, bound groups, callbacks, quota. Nothing is said in any group."""
    found = [await _credentials(connector)]
    if found[0].health is not Health.BAD:
        found += [_clock(connector), await _stored_token(connector)]
        found += [await _robot(connector), await _cards(connector), await _stream(connector)]
        if connector.has_directory:
            found.append(await _directory(connector))
        for group in groups:
            found.append(await _group(connector, group))
    found += [*_refused(connector), await _callback(connector), *await _quota(connector)]
    return found


async def _credentials(connector: DingTalkChat) -> Finding:
    try:
        await connector.client.new_token()
    except NeedsAuthorization as no:
        if "IP" in str(no):
            return Finding(
                "credentials", Health.BAD, "钉钉不认这台服务器的 IP：开放平台 → 应用 → 安全设置，把出口 IP 加进白名单。"
            )
        return Finding(
            "credentials",
            Health.BAD,
            "AppKey 或 AppSecret 不对：开放平台 → 应用 → 凭证与基础信息，重新复制，前后不要带空格和引号。",
        )
    except DeskError:
        return Finding(
            "credentials", Health.BAD, "连不上 api.dingtalk.com：看看防火墙和代理，要放行 *.dingtalk.com 的 443 端口。"
        )
    return Finding("credentials", Health.GOOD, "AppKey 和 AppSecret 正确。")


def _clock(connector: DingTalkChat) -> Finding:
    theirs = connector.client.server_time
    if theirs is None:
        return Finding("clock", Health.WATCH, "钉钉没有告诉我它的时间，时钟无法核对。", unsure=True)
    off = (connector.clock.now() - theirs).total_seconds()
    if abs(off) < _CLOCK_WATCH:
        return Finding("clock", Health.GOOD, "时钟和钉钉一致。")
    way = "快" if off > 0 else "慢"
    bad = Health.BAD if abs(off) >= _CLOCK_BAD else Health.WATCH
    return Finding(
        "clock", bad, f"这台机器的时钟{way}了 {abs(off) / 60:.0f} 分钟，签名超过 1 小时就会被拒：打开自动校时（NTP）。"
    )


async def _stored_token(connector: DingTalkChat) -> Finding:
    """Whether the token that the replicas share is still good; if not, it is replaced here."""
    held = await connector.client.tokens.access()
    if await connector.client.token_works(held):
        return Finding("token", Health.GOOD, "访问令牌有效。")
    await connector.client.tokens.renew(held)
    return Finding(
        "token", Health.WATCH, "存着的访问令牌已被钉钉提前作废，刚换了新的；常出现的话，看看是不是别的程序在用同一个应用。"
    )


async def _robot(connector: DingTalkChat) -> Finding:
    """A send to nowhere: refused for want of a group when robot and permission are in order."""
    try:
        await connector.client.group_send("", "sampleText", {"content": "-"})
    except Rejected as no:
        if "robotCode" in no.code or no.code == "bot.stopped":
            return Finding(
                "robot", Health.BAD, "机器人不可用：开放平台 → 应用 → 机器人，确认已启用并发布，robot_code 与页面一致。"
            )
        return Finding("robot", Health.GOOD, "机器人可以发消息。")
    except NeedsAuthorization as no:
        return _denied("robot", no, "qyapi_robot_sendmsg")
    except (Unavailable, OutcomeUnknown):
        return _later("robot")
    return Finding("robot", Health.GOOD, "机器人可以发消息。")


async def _cards(connector: DingTalkChat) -> Finding:
    if connector.settings.cards not in ("builtin", "own"):
        return Finding("cards", Health.GOOD, "没有用互动卡片，按文字和命令工作。")
    trouble = connector.delivery.trouble
    probe = {"outTrackId": _PROBE, "cardData": {"cardParamMap": {"title": "-"}}}
    try:
        await connector.client.card_update(probe)
    except Rejected as no:
        if no.code != "param.cardNotExist":
            return Finding("cards", Health.WATCH, "互动卡片的检查没有得到预期的回答，先按文字和命令工作。", unsure=True)
    except NeedsAuthorization as no:
        return _denied("cards", no, "Card.Instance.Write")
    except (Unavailable, OutcomeUnknown):
        return _later("cards")
    if trouble is not None and trouble.code.startswith("param.template"):
        return Finding(
            "cards", Health.BAD, "卡片模板用不了：在卡片平台发布它，或把 cards 改回 builtin；现在按文字和命令工作。"
        )
    return Finding("cards", Health.GOOD, "互动卡片可以用。")


async def _stream(connector: DingTalkChat) -> Finding:
    wanted = connector.subscriptions()
    if not wanted:
        return Finding("stream", Health.GOOD, "用的是 HTTP 模式，没有长连接。")
    try:
        await connector.client.open_stream(wanted, "xiaodan-doctor")
    except DeskError:
        return Finding(
            "stream", Health.BAD, "开不了 Stream 连接：开放平台 → 应用 → 机器人，消息接收模式选「Stream 模式」再发布。"
        )
    live = connector.stream.live
    words = f"Stream 网关可用，现有 {live} 条连接。" if live else "Stream 网关可用。"
    return Finding("stream", Health.GOOD, words)


async def _directory(connector: DingTalkChat) -> Finding:
    """Whether we may read the directory, and how far: whose leaving is not seen keeps their access."""
    try:
        seen = await connector.roster()
    except NeedsAuthorization as no:
        return _denied("directory", no, "qyapi_get_member、qyapi_get_department_list")
    except ProtocolBroken:
        return Finding("directory", Health.BAD, "通讯录列得不全，先不按它停用任何人：过几分钟再查一次。")
    except DeskError:
        return _later("directory")
    if not seen:
        words = "通讯录授权范围里一个人都没有：开放平台 → 应用 → 权限管理 → 通讯录权限范围，选上要用小单的部门。"
        return Finding("directory", Health.BAD, words)
    return Finding("directory", Health.GOOD, f"通讯录看得到 {len(seen)} 人；不在里面的人离职，我看不到。")


async def _group(connector: DingTalkChat, group: str) -> Finding:
    """Whether the robot still sits in a group that is bound; nothing is said there."""
    check = f"group.{make_key(group)[:6]}"
    try:
        present = await connector.client.robots_in(group)
    except Rejected as no:
        if no.code in ("group.disbanded", "invalid.openConversationId", "miss.openConversationId"):
            return Finding(check, Health.BAD, "绑定的群已解散或不是内部群：到新群里 @我 发「绑定本群 …」。")
        return _later(check)
    except NeedsAuthorization as no:
        if "IP" in str(no):
            return _denied(check, no, "qyapi_chat_manage")
        words = "查不了机器人还在不在绑定的群里：要查就申请 qyapi_chat_manage；不申请也行，在群里 @我 一句，有回答就在。"
        return Finding(check, Health.WATCH, words, unsure=True)
    except DeskError:
        return _later(check)
    if connector.settings.robot not in present:
        return Finding(check, Health.BAD, "机器人不在绑定的群里：群设置 → 机器人 → 添加机器人，选我。")
    return Finding(check, Health.GOOD, "机器人在绑定的群里。")


def _refused(connector: DingTalkChat) -> list[Finding]:
    """Callbacks that were refused since the start, by their likeliest cause."""
    found = [
        Finding("callback.signature", Health.BAD, f"有 {count} 次回调被拒。{_FORGED[why]}", unsure=True)
        for why, count in connector.arrivals.refused.items()
        if why in _FORGED
    ]
    missing = [
        Finding("group.missing", Health.BAD, f"最近往一个群发不出消息（{code}）：群设置 → 机器人 → 添加机器人，选我。")
        for code in sorted(set(connector.delivery.missing.values()))
    ]
    return [*found, *missing]


async def _callback(connector: DingTalkChat) -> Finding:
    """Knock at our own address without a signature: we must refuse, and hardly anybody else refuses so."""
    settings = connector.settings
    http = settings.mode == "http" or settings.card_callback == "http"
    if not http:
        return Finding("callback.address", Health.GOOD, "Stream 模式，不需要回调地址。")
    if not settings.callback_url:
        words = "没有填 callback_url，回调地址没法核对：应该是 https://你的域名/chat/dingtalk 。"
        return Finding("callback.address", Health.WATCH, words, unsure=True)
    if not settings.callback_url.startswith("https://"):
        return Finding("callback.address", Health.BAD, "回调地址不是 https：钉钉的消息体没有签名，必须走 https。")
    if not settings.callback_url.endswith("/chat/dingtalk"):
        return Finding("callback.address", Health.BAD, "回调地址填错了：应该是 https://你的域名/chat/dingtalk 。")
    door = Http(settings.callback_url, transport=connector.doctor_transport)
    asked = {"content-type": "application/json"}
    try:
        # The whole address: joined to the base it would end with a slash, and another page would answer.
        await door.call(
            "POST", settings.callback_url, changes=False, body=b"{}", headers=asked, what="doctor.callback", parse=bytes
        )
    except NeedsAuthorization:
        return Finding("callback.address", Health.GOOD, "回调地址能访问，没有签名的请求进不来。")
    except ProtocolBroken:
        words = "回调地址指到了别处：反向代理要把 /chat/dingtalk 转到小单，小单的服务要开着。"
        return Finding("callback.address", Health.BAD, words)
    except DeskError:
        return Finding("callback.address", Health.BAD, "回调地址打不开：检查域名、证书和反向代理，外网要能访问它。")
    finally:
        await door.aclose()
    return Finding("callback.address", Health.BAD, "回调地址有回应，但不是小单的：检查反向代理转到了哪里。")


async def _quota(connector: DingTalkChat) -> list[Finding]:
    try:
        await connector.client.quota.sync(force=True)  # what the serving processes have used so far
    except DeskError:
        return [_later("quota")]
    found = []
    for pool in ("api", "messages"):
        usage = connector.client.quota.usage(pool)
        health = Health.BAD if usage.share >= 1 else Health.WATCH if usage.share >= 0.8 or usage.gone_on else Health.GOOD
        found.append(Finding(f"quota.{pool}", health, usage.sentence(), unsure=True))
    return found


def _denied(check: str, no: NeedsAuthorization, scope: str) -> Finding:
    told = str(no)
    wanted = told[told.index("（") + 1 : -1] if "（" in told and told.endswith("）") else scope
    if "IP" in told:
        return Finding(check, Health.BAD, "钉钉不认这台服务器的 IP：开放平台 → 应用 → 安全设置，把出口 IP 加进白名单。")
    return Finding(check, Health.BAD, f"缺权限 {wanted}：开放平台 → 应用 → 权限管理，搜索它并申请，通过后立即生效。")


def _later(check: str) -> Finding:
    return Finding(check, Health.WATCH, "钉钉这会儿没给准话，过几分钟再查一次。", unsure=True)
