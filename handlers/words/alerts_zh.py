"""What alerts say, in Chinese. The problem first, then what it touches in money, then who has it and what happens next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.alert import SUPERSEDED
from domain.clock import moment
from domain.money import Money
from domain.people import Role
from domain.privacy import safe_text
from handlers.words.times import clock, left, span, when

Seen = Mapping[str, Any]
ROLES = {
    Role.SERVICE: ("客服", "service"),
    Role.WAREHOUSE: ("仓管", "warehouse"),
    Role.FINANCE: ("财务", "finance"),
    Role.PURCHASING: ("采购", "purchasing"),
    Role.OPERATIONS: ("运营", "operations"),
    Role.MANAGER: ("店长", "the manager"),
    Role.ADMIN: ("管理员", "the administrator"),
}
_CULPRITS = {"price": "卖价低于进货成本", "fee": "渠道扣点", "freight": "运费"}
_CARRIERS = {
    "sf": "顺丰", "zto": "中通", "sto": "申通", "yto": "圆通", "yunda": "韵达", "jt": "极兔", "jd": "京东物流",
    "deppon": "德邦", "ems": "EMS", "cainiao": "菜鸟",
}  # fmt: skip
_DIMENSIONS = {"feed": "数据来源", "hold": "都卡在", "sku": "同一个商品", "carrier": "承运", "shop": "店铺"}
_HOLDS = {"stock": "缺货", "risk": "风控", "address_review": "改地址待审", "margin": "毛利复核", "refund": "退款中"}
_FAR_MINUTES = 1 << 29


def money(minor: int, currency: str = "CNY") -> str:
    """¥8,308 or ¥8,308.50: no cents when there are none."""
    return str(Money(minor, currency)).removesuffix(".00")


def minutes(count: int) -> str:
    return span(timedelta(minutes=count))


class Zh:
    """Chinese."""

    snooze_prompt = "多久之后再提醒？"
    snooze_choices = ("30 分钟", "2 小时", "明早", "直到恶化")
    claim_button, snooze_button, why_button = "我认领", "稍后…", "为什么"
    useful_button, noise_button = "有用", "没用"
    release_button, keep_button = "放行", "保持锁定"
    list_name = "清单"
    list_head = ("编号", "订单", "渠道", "仓库", "金额", "说明", "提醒时间")

    # --- bodies -------------------------------------------------------------------------------------------------------

    def title(self, kind: str, title: str, seen: Seen, shown: Seen) -> str:
        what = safe_text(str(shown.get("goods") if kind in ("stock_low", "oversell") else shown.get("name") or ""), 24)
        place = safe_text(str(seen.get("warehouse", "")), 12) if kind in ("stock_low", "oversell") else ""
        return "  ".join(part for part in (title, " · ".join(part for part in (what, place) if part)) if part)

    def body(self, kind: str, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        """At most three lines about the problem itself."""
        lines: list[str] = getattr(self, f"_{kind}", self._plain)(seen, shown, now)
        return lines

    def _plain(self, _seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        return [safe_text(str(shown.get("name", "")), 60)]

    def _stock_low(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        head = f"可用 {seen['available']} 件，安全 {seen['safety']} 件"
        if seen["available"] <= 0:
            head += "；已经断货"
        elif seen["sold_per_hour"]:
            head += f"；近 6 小时卖 {seen['sold_per_hour']} 件/时，约 {minutes(seen['minutes_to_empty'])}后断货"
        else:
            head += "；近 6 小时没有卖出"
        lines = [head, self._hurt(seen, shown, now)]
        if seen["in_transit"]:
            lines.append(f"在途 {seen['in_transit']} 件")
        return [line for line in lines if line]

    def _hurt(self, seen: Seen, shown: Seen, now: datetime) -> str:
        if not seen["orders"]:
            return "现在没有待发单受影响"
        many = " 张以上" if shown.get("capped") else " 张"
        line = f"影响 {seen['orders']}{many}待发单 {money(shown['amount_minor'], shown['currency'])}"
        if not shown.get("ship_by"):
            return line
        due = moment(shown["ship_by"])
        return f"{line}，最早{'已于 ' if due <= now else ' '}{when(due, now)} {'超过' if due <= now else '到'}发货时限"

    def _oversell(self, seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        held = f"在手 {seen['on_hand']}，占用 {seen['reserved']}"
        return [
            f"要发 {seen['wanted']} 件，可用只有 {max(seen['available'], 0)} 件（{held}）",
            f"{safe_text(str(shown['name']), 30)}  {money(shown['amount_minor'], shown['currency'])} 先扣住，到货后自动补上",
        ]

    def _order_line(self, seen: Seen, shown: Seen) -> str:
        amount = money(shown["amount_minor"], shown["currency"])
        parts = [safe_text(str(shown.get("goods", "")), 24), amount, safe_text(str(seen.get("warehouse", "")), 12)]
        return " · ".join(part for part in parts if part)

    def _ship_by_soon(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        due = moment(shown["ship_by"])
        state = f"{when(due, now)} 前要发货，还剩 {left(due - now)}" if due > now else f"{when(due, now)} 已过发货时限"
        return [state, self._order_line(seen, shown), *self._penalty(shown)]

    def _ship_by_missed(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        due = moment(shown["ship_by"])
        late = f"应在 {when(due, now)} 前发货，已超 {span(now - due)}"
        return [late, self._order_line(seen, shown), *self._penalty(shown)]

    def _penalty(self, shown: Seen) -> list[str]:
        return [f"超时每单平台扣 {money(shown['penalty_minor'])}"] if shown.get("penalty_minor") else []

    def _no_scan(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        since = moment(shown["since"])
        who = f"{self.carrier(str(seen['carrier']))} …{str(shown['waybill'])[-4:]}"
        return [f"{who} {when(since, now)} 之后 {span(now - since)}没有新扫描", self._order_line(seen, shown)]

    def _no_pickup(self, seen: Seen, shown: Seen, now: datetime) -> list[str]:
        since = moment(shown["since"])
        who = f"{self.carrier(str(seen['carrier']))} …{str(shown['waybill'])[-4:]}"
        return [f"{who} {when(since, now)} 上传单号，{span(now - since)}还没揽收", self._order_line(seen, shown)]

    def _margin(self, seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        earned = money(seen["contribution_minor"], shown["currency"])
        parts = [f"收入 {money(seen['revenue_minor'], shown['currency'])}"]
        for name, label in (("goods_minor", "成本"), ("fee_minor", "扣点"), ("freight_minor", "运费")):
            if shown.get(name):
                parts.append(f"{label} {money(shown[name], shown['currency'])}")
        lines = [
            f"毛利 {earned}（{percent(seen['margin_bp'])}），主要因为{_CULPRITS[shown['culprit']]}",
            f"{safe_text(str(shown.get('goods', '')), 24)} ×{shown['quantity']}：" + "，".join(parts),
            "结算已锁定，放行前不发货不结算",
        ]
        if shown.get("unknown"):
            lines.append("还有商品没录成本：" + "、".join(safe_text(str(sku), 16) for sku in shown["unknown"]))
        return lines

    def _feed_down(self, seen: Seen, shown: Seen, _now: datetime) -> list[str]:
        name = safe_text(str(shown.get("name") or seen["source"]), 30)
        return [
            f"{name} 已 {minutes(seen['minutes_behind'])}没同步成功",
            "这段时间查不到不代表没有；这家店的超时提醒先停着，恢复后补查",
        ]

    def loyal(self, note: str) -> str:
        return f"老客户：{safe_text(note, 60)}"

    # --- state --------------------------------------------------------------------------------------------------------

    def claimed(self, who: str, at: datetime, now: datetime) -> str:
        return f"👤 {safe_text(who, 16)} {clock(at, now)} 认领"

    def snoozed(self, who: str, until: datetime | None, now: datetime) -> str:
        when_ = "变严重时再提醒" if until is None else f"{when(until, now)} 再提醒"
        return f"💤 {safe_text(who, 16)} 设了稍后，{when_}"

    def resolved(self, at: datetime, by: str, now: datetime) -> str:
        if by == SUPERSEDED:
            return f"{clock(at, now)} 起由更新的一条提醒接着说"
        return f"✅ {clock(at, now)} {f'{safe_text(by, 16)} 已处理' if by else '已恢复'}"

    def note(self, who: str, text: str) -> str:
        known = {"keep": "保持锁定", "lapsed": "认领后一直没解决，重新待认领", "left": "已不在岗，重新待认领"}
        return f"{safe_text(who, 16)}：{known.get(text, safe_text(text, 60))}"

    def footer(self, rule: str, version: int, first: datetime, count: int, now: datetime) -> str:
        times = f" · 更新 {count} 次" if count > 1 else ""
        return f"规则 {rule} v{version} · {when(first, now)} 起{times}"

    # --- digests ------------------------------------------------------------------------------------------------------

    def digest_title(self, title: str, members: int) -> str:
        return f"{title}  {members:,} 条合并"

    def digest_body(self, facts: Seen, title: str, now: datetime) -> list[str]:
        since = moment(facts["since"])
        dims = "、".join(self.dimension(name, str(value)) for name, value in facts["dims"].items() if value)
        lines = [f"{when(since, now)} 起 {facts['members']:,} 条「{title}」" + (f"（{dims}）" if dims else "")]
        cause = facts.get("cause")
        if cause:
            lines.append(f"主要：{self.dimension(cause['dimension'], cause['value'])}，占 {cause['share']}%")
        if facts["amount_minor"]:
            lines.append(f"涉及 {money(facts['amount_minor'])}")
        lines.append("例如 " + "、".join(safe_text(str(name), 24) for name in facts["examples"]))
        if facts["standing"] != facts["members"]:
            lines.append(f"已恢复 {facts['members'] - facts['standing']:,} 条，还剩 {facts['standing']:,} 条")
        lines.append("每一条都在清单文件里；发「为什么 K编号」可看单条")
        return lines

    def dimension(self, name: str, value: str) -> str:
        shown = _HOLDS.get(value, value) if name == "hold" else self.carrier(value) if name == "carrier" else value
        label = _DIMENSIONS.get(name, "")
        return f"{label} {safe_text(shown, 24)}".strip()

    def carrier(self, code: str) -> str:
        return _CARRIERS.get(code, safe_text(code, 12)) or "承运商"

    # --- steps and answers --------------------------------------------------------------------------------------------

    def step(self, number: str, title: str, waited: timedelta, role: str) -> str:
        return f"{number} {title} 已 {span(waited)}没人认领，请{self.role(role)}看一下。发「认领 {number}」就归你。"

    def role(self, role: str) -> str:
        return ROLES[Role(role)][0]

    def done_claim(self, number: str, who: str) -> str:
        return f"{number} 由 {safe_text(who, 16)} 认领，不再催别人。"

    def taken(self, number: str, who: str, ago: timedelta) -> str:
        return f"{number} {span(ago)}前已由 {safe_text(who, 16)} 认领，你不用再管了。"

    def yours_already(self, number: str) -> str:
        return f"{number} 已经在你名下了。"

    def over_already(self, number: str, at: datetime | None, now: datetime) -> str:
        return f"{number} {clock(at, now) + ' ' if at else ''}已经恢复，不用再处理。"

    def done_snooze(self, number: str, until: datetime | None, now: datetime) -> str:
        return f"{number} " + ("变严重时再提醒。" if until is None else f"{when(until, now)} 再提醒；变严重会提前叫你。")

    def done_useful(self, number: str, useful: bool) -> str:
        return f"记下了，{number} {'有用' if useful else '没用，会算进这条规则的战绩'}。"

    def no_such(self, number: str) -> str:
        return f"没有 {safe_text(number, 12)} 这条报警。编号像 K203，在报警卡片右上角。"

    def which(self) -> str:
        return "要看哪一条？"

    def none_standing(self) -> str:
        return "现在没有没处理完的报警。"

    def how_long(self, number: str) -> str:
        return f"{number} 要多久之后再提醒？例如「稍后 {number} 2小时」「稍后 {number} 明早」「稍后 {number} 直到恶化」。"

    def not_your_place(self, number: str) -> str:
        return f"{number} 不在你负责的店铺或仓库，可以找店长。"

    # --- margin -------------------------------------------------------------------------------------------------------

    def margin_gone(self) -> str:
        return "这一单已经不在了，什么都没有改动。"

    def margin_released(self, number: str, who: str) -> str:
        return f"{number} 已由 {safe_text(who, 16)} 放行，结算解锁，订单继续走。"

    def margin_released_already(self, who: str) -> str:
        return f"这单已{f'由 {safe_text(who, 16)} ' if who else ''}放行，你不用再点了。"

    def margin_kept(self, number: str, who: str) -> str:
        return f"{number} 保持锁定，{safe_text(who, 16)} 跟进。"

    def margin_moved(self) -> str:
        return "卡片发出后这单的毛利变了，我没有放行。看一眼刷新后的卡片再决定。"

    def not_your_shop(self) -> str:
        return "这家店不归你管，可以找店长。"

    # --- why ----------------------------------------------------------------------------------------------------------

    def why(self, head: str, values: str, flips: Sequence[str], record: str, changed: str) -> str:
        turn = f"{'、或'.join(flips)}，就不会提醒。" if flips else ""
        return f"{head}。{values}{changed}。{turn}{record}"

    def why_not(self, rule: str, formula: str, values: str, flip: str) -> str:
        return f"· {rule} 没响：要 {formula}，现在 {values}" + (f"；{flip}才会响" if flip else "")

    def record(self, fired: int, useful: int, noise: int) -> str:
        said = f"，{useful} 次有用、{noise} 次没用" if useful or noise else "，还没人说过有没有用"
        return f"近 30 天响 {fired} 次{said}。"

    def changed(self, by: str, at: str) -> str:
        return f"（{safe_text(by, 16)} {safe_text(at, 12)} 改）" if by else ""

    def rule_head(self, name: str, version: int, formula: str, current: int) -> str:
        newer = f"（现在已是 v{current}，下面按现在的写法算）" if current != version else ""
        return f"规则 {name} v{version}{newer}：{formula}"

    def rule_gone(self, name: str, version: int) -> str:
        return f"规则 {name} v{version} 现在已经删掉了，只剩当时的数："

    def value(self, label: str, value: Any, unit: str) -> str:
        return f"{label} {quantity(value, unit)}"

    def flip(self, label: str, value: int, unit: str) -> str:
        return f"{label}到 {quantity(value, unit)}"

    def stock_sum(self, seen: Seen) -> str:
        parts = f"可用 {seen['available']} = 在手 {seen['on_hand']} − 占用 {seen['reserved']}"
        return parts + (f" − 冻结 {seen['frozen']}" if seen.get("frozen") else "")


def percent(basis_points: int) -> str:
    """4.8 % from 480; exact, without a float's tail."""
    sign = "−" if basis_points < 0 else ""
    whole, rest = divmod(abs(basis_points), 100)
    return f"{sign}{whole}" + (f".{rest:02}".rstrip("0") if rest else "") + "%"


def quantity(value: Any, unit: str) -> str:
    """A figure as people read it."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str):
        return safe_text(value, 24) or "（空）"
    if unit == "分钟":
        return "很久" if value >= _FAR_MINUTES else _exact_minutes(value)
    if unit == "万分之":
        return percent(value)
    if unit == "分":
        return money(value)
    return f"{value:,}" + {"时": " 件/时", "%": "%"}.get(unit, "")


def _exact_minutes(count: int) -> str:
    """Exact, because it stands in a comparison: 48 小时, 2 小时 40 分, −15 分钟."""
    sign, size = ("−" if count < 0 else ""), abs(count)
    hours, rest = divmod(size, 60)
    if not hours:
        return f"{sign}{rest} 分钟"
    return f"{sign}{hours} 小时" + (f" {rest} 分" if rest else "")
