"""Staff commands: short, at the start of the message, with a ticket or a number. Exact, so that no sentence slips into one.

`同意 A17`, `A17 同意`, `拒绝 A17 色差不明显`, `认领 K203`, `稍后 K203 2小时`, `为什么 K203`, `催件 <number>`, `待办`, `库存 SKU`,
`开单 …`, `规则`, `展开 H17`, `帮助`; the English ones beside them. A decision needs its ticket number (or the approval on the
table), and a negated or questioned decision (先别同意 A17, A17 同意了吗) decides nothing.
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re

from domain.dates import numeral
from domain.understand.deeds import deed
from domain.understand.identifiers import Numbers, read_numbers
from domain.understand.learnt import learn_command
from domain.understand.people import people_command
from domain.understand.plan import Intent
from domain.understand.reading_zh import Reading

_SOFT = r"(?:请|麻烦|帮我|我|好的?|嗯|ok|可以|/|那就?|就|小单|@?xiaodan|pls|please|[\s,，:：!！.。])*"
_END = r"(?:吧|了|啊|哈|呀|这个|审批|申请|单|一下|下|谢谢|please|it|the|request|approval|thanks|[\s,，:：!！.。]){0,6}"
_YES = r"(?:同意|批准|通过|准了?|批了?|审核通过|审批通过|放行|approved?|agree|accept)"
_NO = r"(?:不同意|不批准?|不通过|拒绝|驳回|否决|打回|拒(?!收|签)了?|不准|reject(?:ed)?|deny|denied|decline|refuse)"
_TICKETS = r"(?:a\d{1,6}(?![a-z0-9-])[\s,，、和and&]*)+"
_APPROVE = re.compile(rf"^{_SOFT}(?:{_YES}{_END}{_TICKETS}{_END}|{_TICKETS}{_END}{_YES}{_END})$")
_REJECT = re.compile(
    rf"^{_SOFT}(?:{_NO}{_END}{_TICKETS}|{_TICKETS}{_END}{_NO}){_END}[\s,，:：;；、(（-]*(?P<reason>.{{0,200}}?)[)）]?$",
    re.DOTALL,
)
_BARE_YES = re.compile(rf"^{_SOFT}{_YES}{_END}$")
_BARE_NO = re.compile(rf"^{_SOFT}{_NO}{_END}$")
_DECISION_WITHOUT_TICKET = re.compile(
    rf"^{_SOFT}(?:{_YES}|{_NO})[^,，。]{{0,10}}(?:退款|退货|换货|申请|改地址|审批)[^,，。]{{0,4}}$"
)
_QUESTION = re.compile(
    r"[?？]|吗$|么$|没$|没有$|了没|^(?:can|could|should|did|was|is|has|who|why)\b|为什么|怎么|谁|能不能|可不可以"
)
_NEGATED = re.compile(
    r"(?:先别|别|不要|不能|先不|暂不|不该|不应该|勿|千万|撤回|撤销|取消|don'?t|do not|never|not yet|undo|hold)"
)
_REASON_LEAD = re.compile(r"^(?:因为|由于|原因是?|理由是?|because|since|reason)\s*[:：]?\s*")

_ALERT_WHY = re.compile(
    r"^(?:/|请问|请|看看)?\s*(?:为什么|为何|为啥|why|explain|原因|怎么算的?)\s*(?:报警|告警|报|alert|预警|是|did|was|is)?\s*[:：]?\s*k\d{1,6}\b|k\d{1,6}\s*(?:是|被)?\s*(?:为什么|为啥|为何|why|怎么(?:回事|报|来|算)|什么原因|原因|凭什么)"
)
_ALERT_ACK = re.compile(
    r"^(?:/|我来|我|这个|ok|好)?\s*(?:认领|我认领|我来跟|我跟|我处理|我来处理|接手|收到|claim|ack|acknowledge|take|i(?:'ll| will) take)\s*(?:告警|alert)?\s*k\d{1,6}\b|^k\d{1,6}\s*(?:我来|我|由我)?\s*(?:认领|我来跟?|接手|处理|跟进?|claim|ack|mine|收到|我来处理|跟进)"
)
_ALERT_SNOOZE = re.compile(
    r"^(?:/|先|把)?\s*(?:稍后|静音|暂停|晚点|推迟|延后|snooze|mute|later|remind me(?: about)?)\s*(?:提醒|告警|alert|再说|处理)?\s*k\d{1,6}\b|^k\d{1,6}\s*(?:先)?\s*(?:稍后|静音|晚点|推迟|延后|snooze|mute|later|过|半小时|\d)"
)
_SPAN = re.compile(
    r"(\d{1,4}(?:\.5)?|半|[一二两三四五六七八九十]{1,3})\s*个?\s*(半)?\s*(小时|钟头|分钟|分|天|日|h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|d(?:ays?)?)(?![a-z])"
)

_EXPAND = re.compile(
    rf"^{_SOFT}(?:展开|expand|show all(?: of)?)\s*[:：]?\s*([a-z]\d{{1,9}})(?:[\s,，]+第?\s*(\d{{1,3}})\s*页?)?[\s。.!！]*$"
)
_URGE = re.compile(
    r"^(?:/)?(?:催件|催单|催发货|催促发货|催仓库)$|^(?:/)?(?:催件|催单|催发货|催一?下|催|催促发货|催仓库|催快递|urge|chase|expedite)(?:发货|快递|这单|单|件|订单|order|shipment)?\s*[:：#]?\s*(?:(?=[a-z…*.\-]{0,12}\d)[a-z0-9…*.\-]{4,}|它|这单)"
)
_STOCK = re.compile(r"^(?:/)?(?:查(?:一下|下)?)?(?:库存|stock|inventory)(?:查询)?\s*[:：]?\s*(?P<sku>.*)$")
_CREATE = re.compile(
    r"^(?:/)?(?:开单|新建订单|手工单|录单|建单|补录订单|create order|new order)(?:$|[\s:：,，]+)(?P<rest>.*)$", re.DOTALL
)
_TODO = re.compile(
    r"^(?:/)?(?:我的|今天的?|今日|看下|看看|查看?)*\s*(?:待办|待办事项|todo|to-?do|任务|待处理|客服待处理|待我?审批的?|我的审批|发货清单|今日发货清单|仓库今日发货清单|待发货清单|异常单|异常订单|待发货|my tasks|my approvals|pending approvals|tasks)(?:列表|清单|有哪些|有什么|list|事项|下一页)?$"
)
_RULES = re.compile(
    r"^(?:/)?(?:查看?|看下|看看|现在的?|有哪些|show|list)?\s*(?:规则|rules?|报警规则|告警规则|审批规则)(?:列表|清单|有哪些|是什么)?$|^(?:/)?规则\s*[一-鿿a-z]{1,10}[-－]?\d{1,3}$"
    r"|^(?:/)?(?:规则\s*)?(?:演练|试算|rehearse)\s*(?:规则\s*)?[一-鿿a-z]{1,10}[-－]?\d{1,3}(?:\s+[a-z_]{3,40}\s*=\s*-?\d{1,9}){0,6}$"
    r"|^(?:/)?(?:规则\s*(?:启用|生效|退回|撤回)|rules? (?:on|back))\s*[一-鿿a-z]{1,10}[-－]?\d{1,3}(?:\s+[a-z_]{3,40}\s*=\s*-?\d{1,9}){0,6}$"
)
_HELP = re.compile(
    r"^(?:/)?(?:小单)?[,， ]?(?:帮助|help|怎么用|使用说明|使用帮助|你能做什么|你能干(?:什么|啥|嘛)|你会(?:什么|啥|干什么)|怎么用你|你有什么用|你都能干什么|你可以做什么|有什么功能|功能|菜单|指令|命令|commands?|menu|what can you do|how do i use (?:this|you))[?？!。]?$"
)
_DOCUMENT = re.compile(
    r"(?:^|打印|导出|下载|发我?|给我|生成|要|出)[^,。?]{0,8}(?P<zh>拣货单|出库单|退货面单|退货标签|面单|装箱单|发货单|配货单|发票资料|发票文件|形式发票|清关资料|报关单)"
    r"|^(?:print|get|send|download|export|show|make|/)?\s*(?:me\s+)?(?:the\s+|a\s+)?(?P<en>pick(?:ing)? ?list|packing (?:slip|list)|outbound slip|delivery note|return label|shipping label|invoice set|commercial invoice)"
)
_DOCUMENT_KIND = (
    ("拣货", "picklist"), ("配货", "picklist"), ("出库", "outbound"), ("发货单", "outbound"), ("装箱", "outbound"),
    ("退货", "return_label"), ("面单", "label"), ("发票", "invoice"), ("清关", "invoice"), ("报关", "invoice"),
    ("pick", "picklist"), ("return", "return_label"), ("label", "label"), ("invoice", "invoice"),
    ("pack", "outbound"), ("outbound", "outbound"), ("note", "outbound"),
)  # fmt: skip
_TODO_VIEW = (
    ("发货清单", "to_ship"),
    ("待发货", "to_ship"),
    ("异常", "exceptions"),
    ("审批", "approvals"),
    ("approval", "approvals"),
    ("客服", "service"),
)
_WORTH = re.compile(
    r"[ak]\d|催|库存|stock|inventory|开单|订单|单|待|todo|to-do|任务|规则|rule|演练|试算|rehearse|帮助|help|怎么用|你[能会可]|功能|菜单|指令|命令|command|menu|what can|how do i|同意|批|准|通过|放行|拒|驳|否决|打回|approv|agree|accept|reject|den|declin|refuse|urge|chase|expedite|print|list|slip|label|invoice|note|录单|建单|create|new order|task|清单|标签|资料"
)


def is_command(own: str) -> bool:
    """Whether staff's own words (normalised, not forwarded) are a command in any conversation: no lesson is asked about one."""
    if people_command(own) is not None or learn_command(own):
        return True
    return read_command(own, read_numbers(own), approval_open=True) is not None


def read_command(text: str, numbers: Numbers, *, approval_open: bool) -> Reading | None:
    """A staff command, or None when the message is none. `approval_open`: the last plan was about one approval."""
    if len(text) > 300:
        return None
    digest = _EXPAND.match(text) if "展开" in text or "expand" in text or "show all" in text else None
    if digest is not None:
        return Reading(Intent.EXPAND, 0.98, "", (), {"digest": digest[1].upper(), "page": digest[2] or "1"})
    if _WORTH.search(text) is None:
        return None
    approval, alert = numbers.first("approval_id"), numbers.first("alert_id")
    if approval is not None and (pressed := deed(text)) is not None:
        return Reading(Intent.HELP, 0.98, "", (), {"command": pressed.value})
    if approval is not None and (reading := _decision(text)) is not None:
        return reading
    if alert is not None and (reading := _alert(text)) is not None:
        return reading
    if approval is None and len(text) <= 16 and (reading := _bare_decision(text, approval_open=approval_open)) is not None:
        return reading
    if approval is None and _DECISION_WITHOUT_TICKET.match(text) and not _QUESTION.search(text):
        return Reading(Intent.TODO, 0.6, "which_approval", (), {"view": "approvals"})
    return _everyday(text, numbers.rest)


def _decision(text: str) -> Reading | None:
    asked = _QUESTION.search(text)
    refused = _REJECT.match(text) if not asked else None
    if refused is not None and not _NEGATED.search(
        text[: refused.start("reason")].replace("不同意", "").replace("不通过", "")
    ):
        reason = _REASON_LEAD.sub("", refused["reason"].strip(" ,，。:：")).strip()
        return Reading(Intent.REJECT, 0.98, "", (), {"reason": reason} if reason else {})
    negated = _NEGATED.search(text)
    if _APPROVE.match(text) and not asked and not negated:
        return Reading(Intent.APPROVE, 0.98)
    if re.search(rf"{_YES}|{_NO}|审批|approval|申请", text) or re.fullmatch(
        r"[\s,、]*(?:看|查|查看|打开|show|open)?\s*a\d{1,6}\s*(?:到哪.*|怎么样.*|进度|状态|呢)?[?？]?", text
    ):
        return Reading(Intent.TODO, 0.7, "negated" if negated else "", (), {"view": "approvals"})
    return None


def _bare_decision(text: str, *, approval_open: bool) -> Reading | None:
    if _QUESTION.search(text) or _NEGATED.search(text.replace("不同意", "")):
        return None
    yes, no = _BARE_YES.match(text), _BARE_NO.match(text)
    if not yes and not no:
        return None
    if not approval_open:
        return Reading(Intent.TODO, 0.6, "which_approval", (), {"view": "approvals"})
    return Reading(Intent.APPROVE if yes and not no else Intent.REJECT, 0.9)


def _alert(text: str) -> Reading | None:
    if _ALERT_WHY.search(text):
        return Reading(Intent.ALERT_WHY, 0.98)
    if _NEGATED.search(text):
        return Reading(Intent.ALERT_WHY, 0.6, "negated")
    if _ALERT_SNOOZE.search(text):
        return Reading(Intent.ALERT_SNOOZE, 0.97, "", (), {"minutes": str(minutes(text))})
    if _ALERT_ACK.search(text):
        return Reading(Intent.ALERT_ACK, 0.97)
    if re.fullmatch(r"\W*(?:看|查|查看|show)?\s*k\d{1,6}\W*", text):
        return Reading(Intent.ALERT_WHY, 0.7)
    return None


def minutes(text: str) -> int:
    """How long to snooze, in minutes; two hours when nothing is said, at most a week."""
    rest = re.sub(r"k\d{1,6}", " ", text)
    match = _SPAN.search(rest)
    if match is None:
        return 24 * 60 if re.search(r"明天|tomorrow", rest) else 120
    unit = match[3][0]
    per = 60 if unit in "小钟h" else 1440 if unit in "天日d" else 1
    count = 0.5 if match[1] == "半" else float(match[1]) if match[1][0].isdigit() else float(numeral(match[1]))
    return max(1, min(int((count + (0.5 if match[2] else 0)) * per), 7 * 1440))


def _everyday(text: str, rest: str) -> Reading | None:
    if _HELP.match(text):
        return Reading(Intent.HELP, 0.98)
    if _RULES.match(text):
        return Reading(Intent.RULES, 0.95)
    if _TODO.match(text):
        view = next((view for word, view in _TODO_VIEW if word in text), "mine")
        return Reading(Intent.TODO, 0.97, "", (), {"view": view})
    if _URGE.match(text):
        return Reading(Intent.URGE_SHIPMENT, 0.95)
    created = _CREATE.match(text)
    if created is not None and not _QUESTION.search(text):
        return Reading(
            Intent.CREATE_ORDER, 0.95, "", (), {"goods": created["rest"].strip()} if created["rest"].strip() else {}
        )
    stock = _STOCK.match(text)
    if (
        stock is not None
        and len(stock["sku"]) <= 60
        and not re.search(r"为什么|怎么|预警|规则|周转|率|能卖|够卖|turnover", stock["sku"])
    ):
        return Reading(Intent.STOCK, 0.95, "", (), {"goods": stock["sku"].strip()} if stock["sku"].strip() else {})
    document = _DOCUMENT.search(rest)
    if document is not None and not re.search(r"怎么|如何|为什么|可以|能不能|[吗么呢]|没有|问题|how|why|can|when", text):
        word = document["zh"] or document["en"]
        kind = next(kind for lead, kind in _DOCUMENT_KIND if lead in word)
        return Reading(Intent.DOCUMENTS, 0.9, "", (), {"document": kind})
    return None
