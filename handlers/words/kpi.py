"""What answers to questions for figures say: headline, comparison, definition, echo, and how values are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from domain.clock import SHANGHAI
from domain.metrics import Metric, Shape
from domain.money import Money
from domain.query import GROUP_NAMES, Parts, Query, money_of
from handlers.words.times import when

_ZH = {
    "head": "{period}{title} {value}",
    "left": "{count:,} {what}，没算进去",
    "before": "比上一期（{span}）{change}",
    "against": "对比 {span}：{value}，{change}",
    "against.none": "对比 {span}：那段时间没有可算的",
    "unread": "⚠ 「{what}」我没看懂，下面的数没按它算",
    "caveat.placed": "⚠ 我只会按下单时间算：这是这段时间下的单里的；按发货、签收时间数还没有",
    "also": "一次答一个，「{names}」按下面的按钮看",
    "before.none": "上一期（{span}）没有可比的数据",
    "rest": "其余 {count} 项没列，合计 {value}",
    "rest.plain": "其余 {count} 项没列",
    "group": "{place}. {name} {value}{share}{change}",
    "share": " · 占 {share}",
    "was": " · {change}",
    "partial": "（数不全）",
    "definition": "口径：{text}",
    "echo": "{clock} {span}{filters}{scope}",
    "clock.order": "按下单时间",
    "clock.line": "按下单时间",
    "clock.stock": "按下单时间",
    "clock.aftersale": "按申请时间",
    "clock.refunded": "按退款到账时间",
    "clock.event": "按操作时间",
    "assumed": "（没说时间，按近 7 天）",
    "standing": "（到现在为止所有的）",
    "filter": " · {name} {value}",
    "filter.not": " · 不含{name} {value}",
    "filter.has": " · {name}里有 {value}",
    "filter.paid.yes": " · 已付款", "filter.paid.no": " · 未付款",
    "filter.shipped.yes": " · 已发货", "filter.shipped.no": " · 未发货",
    "filter.delivered.yes": " · 已签收", "filter.delivered.no": " · 未签收",
    "filter.held.yes": " · 暂停中", "filter.held.no": " · 没暂停",
    "filter.aftersale.any": " · 有售后", "filter.aftersale.no": " · 无售后",
    "filter.total": " · 金额 {op} {value}",
    "scope": " · 只算你能看的{names}",
    "everything": " · 全部店铺",
    "stale": "⚠ {name} {age}没同步成功，这段时间的数还不全，先不和上期比",
    "stale.never": "⚠ {name} 还没同步过，它的数不在里面，先不和上期比",
    "nothing": "{period}没有可算的：{title} 0。数据是全的，是真的没有。",
    "nothing.filters": "{period}没有可算的：{title} 0。条件是{filters}；数据是全的，是真的没有。",
    "nothing.value": "{period}{title}算不出来：没有可算的。数据是全的，是真的没有。",
    "nothing.stock": "{period}{title}算不出来：没有既建了库存、又卖出过的 SKU。",
    "nothing.file": "{period}{title}没有可算的。没有连着的店铺，数据只来自导入的文件，文件里没有。",
    "nothing.left": "{period}{title}还算不出来：{count:,} {what}。",
    "nothing.old": "{period}{title}现在是 0，但 {name} {age}没同步成功，不代表没有。等它恢复再问我一次。",
    "nothing.old.never": "{period}{title}现在是 0，但 {name} 还没同步过，不代表没有。",
    "too_long": "这个问题要翻的数据太多，几秒内算不完，所以先停了。缩短时间段，或加上店铺、渠道再问一次。",
    "hidden": "「{what}」不在你能看的范围里，你能看的是{mine}；要看可以找店长。",
    "button.how": "怎么算的",
    "button.edit": "改条件",
    "edit.head": "{title}：改哪个条件？",
    "edit.period": "时间 {span}",
    "edit.filters": "条件 {filters}",
    "edit.none": "没有，全部都算",
    "edit.split": "按{name}分开看",
    "edit.whole": "合起来看，不分",
    "edit.unsplit": "不分组",
    "edit.all.channel": "全部渠道",
    "edit.all.shop": "全部店铺",
    "edit.all.warehouse": "全部仓库",
    "edit.tip": "按一下就重新算；也可以直接说「只看抖音」「上周」「按仓分」。",
    "button.split": "按{name}分",
    "how.head": "{title} 怎么算的",
    "how.definition": "定义：{text}（第 {version} 版）",
    "how.excludes": "不算：{text}",
    "how.share": "这次：{number} ÷ {whole} = {value}",
    "how.percentile": "这次：{count:,} 单排队，第 {place:,} 位是 {value}",
    "how.turnover": "这次：在手 {held} 件 ÷ 每天卖 {pace} 件 = {value}",
    "how.plain": "这次：{value}，来自 {count:,} 条记录",
    "how.rows": "明细前 {shown} 条（共 {count}{more} 条，全部在表里）：",
    "how.none": "没有明细可列。",
    "rows.more": "+",
    "file": "{title}-明细.csv",
    "columns": "单号,渠道,店铺,仓库,时间,说明,数值,币种",
    "faster": "快了 {change}",
    "slower": "慢了 {change}",
    "same": "持平",
    "points": "{sign}{change:.1f} 个百分点",
    "blank": "未填",
    "chart.partial": "（数不全）",
    "minutes": "{count} 分钟", "hours": "{count:.1f} 小时", "days": "{count:.1f} 天",
}  # fmt: skip
_EN = {
    "head": "{title}{period} {value}",
    "left": "{count:,} {what}, not counted in",
    "before": "{change} against the period before ({span})",
    "against": "against {span}: {value}, {change}",
    "against.none": "against {span}: nothing to count there",
    "unread": "⚠ “{what}” was not understood and is not applied",
    "caveat.placed": "⚠ counted by order time: of the orders placed then; there is no count by shipping or signing time",
    "also": "One figure at a time; press for: {names}",
    "before.none": "nothing to compare with in the period before ({span})",
    "rest": "{count} more not listed, {value} together",
    "rest.plain": "{count} more not listed",
    "group": "{place}. {name} {value}{share}{change}",
    "share": " · {share}",
    "was": " · {change}",
    "partial": " (incomplete)",
    "definition": "Means: {text}",
    "echo": "{clock} {span}{filters}{scope}",
    "clock.order": "By order time", "clock.line": "By order time", "clock.stock": "By order time",
    "clock.aftersale": "By request time", "clock.refunded": "By refund time", "clock.event": "By time of action",
    "assumed": " (no period named: the last 7 days)",
    "standing": " (everything up to now)",
    "filter": " · {name} {value}",
    "filter.not": " · without {name} {value}",
    "filter.has": " · {name} with {value}",
    "filter.paid.yes": " · paid", "filter.paid.no": " · unpaid",
    "filter.shipped.yes": " · shipped", "filter.shipped.no": " · not shipped",
    "filter.delivered.yes": " · delivered", "filter.delivered.no": " · not delivered",
    "filter.held.yes": " · on hold", "filter.held.no": " · not on hold",
    "filter.aftersale.any": " · with after-sale", "filter.aftersale.no": " · without after-sale",
    "filter.total": " · amount {op} {value}",
    "scope": " · only what you may see: {names}",
    "everything": " · all shops",
    "stale": "⚠ {name} has not synced for {age}: this period is incomplete, so it is not compared",
    "stale.never": "⚠ {name} has never synced and is not in it, so it is not compared",
    "nothing": "{period}nothing to count: {title} 0. The data are complete; there is none.",
    "nothing.filters": "{period}nothing to count: {title} 0, with {filters}. The data are complete; there is none.",
    "nothing.value": "{period}{title} cannot be told: nothing to count. The data are complete; there is none.",
    "nothing.stock": "{period}{title} cannot be told: no SKU has stock records and was sold.",
    "nothing.file": "{period}{title}: nothing to count. No shop is connected, and the imported files hold none.",
    "nothing.left": "{period}{title} cannot be told yet: {count:,} {what}.",
    "nothing.old": "{period}{title} is 0 now, but {name} has not synced for {age}; that proves nothing. Ask again later.",
    "nothing.old.never": "{period}{title} is 0 now, but {name} has never synced; that is no proof.",
    "too_long": "That takes more data than a few seconds allow, so it was stopped. Ask for a shorter period or one shop.",
    "hidden": "“{what}” is outside what you may see ({mine}). Ask the manager.",
    "button.how": "How computed",
    "button.edit": "Change",
    "edit.head": "{title}: change what?",
    "edit.period": "Period {span}",
    "edit.filters": "Conditions {filters}",
    "edit.none": "none, everything counts",
    "edit.split": "Split by {name}",
    "edit.whole": "As a whole",
    "edit.unsplit": "ungrouped",
    "edit.all.channel": "all channels",
    "edit.all.shop": "all shops",
    "edit.all.warehouse": "all warehouses",
    "edit.tip": "Press to compute anew, or just say: only Douyin, last week, by warehouse.",
    "button.split": "By {name}",
    "how.head": "How {title} is computed",
    "how.definition": "Means: {text} (version {version})",
    "how.excludes": "Leaves out: {text}",
    "how.share": "This time: {number} ÷ {whole} = {value}",
    "how.percentile": "This time: {count:,} orders in line, number {place:,} took {value}",
    "how.turnover": "This time: {held} on hand ÷ {pace} sold a day = {value}",
    "how.plain": "This time: {value}, from {count:,} records",
    "how.rows": "The first {shown} of {count}{more} rows (all of them in the file):",
    "how.none": "There are no rows to list.",
    "rows.more": "+",
    "file": "{title}-rows.csv",
    "columns": "number,channel,shop,warehouse,time,what,value,currency",
    "faster": "{change} faster", "slower": "{change} slower", "same": "unchanged",
    "points": "{sign}{change:.1f} points",
    "blank": "not given",
    "chart.partial": " (incomplete)",
    "minutes": "{count} min", "hours": "{count:.1f} h", "days": "{count:.1f} days",
}  # fmt: skip
KPI: Mapping[str, Mapping[str, str]] = {"zh": _ZH, "en": _EN}
_CARRIERS = {
    "sf": "顺丰",
    "zto": "中通", "sto": "申通", "yto": "圆通", "yunda": "韵达", "jt": "极兔", "jd": "京东物流", "deppon": "德邦",
    "ems": "EMS", "cainiao": "菜鸟",
}  # fmt: skip
_STAGES = {
    "unpaid": ("未付款", "unpaid"), "hold": ("暂停", "on hold"), "to_ship": ("待发货", "to ship"),
    "part_shipped": ("部分发货", "partly shipped"), "shipped": ("已发货", "shipped"), "delivered": ("已签收", "delivered"),
    "completed": ("已完成", "completed"), "closed_unpaid": ("未付款关闭", "closed unpaid"),
    "closed_refunded": ("退款关闭", "closed, refunded"),
}  # fmt: skip
_KINDS = {
    "refund": ("仅退款", "refund"),
    "return": ("退货退款", "return"), "exchange": ("换货", "exchange"), "reship": ("补寄", "reship"),
    "repair": ("维修", "repair"), "price_protection": ("价保", "price protection"),
}  # fmt: skip
_WEEKDAYS = "一二三四五六日"
_FLAT = 0.0005


def kpi(lang: str, key: str, **fields: object) -> str:
    """One sentence. Fields must be masked and made safe by the caller."""
    return (_EN if lang == "en" else _ZH)[key].format(**fields)


def title(metric: Metric, lang: str) -> str:
    return metric.said(metric.title, lang)


def value_text(metric: Metric, parts: Parts, currency: str, lang: str) -> str:
    """`312 单`, `¥8,308.00`, `12.5%`, `11.7 小时`; "—" when there is nothing to divide by."""
    value = parts.value(metric)
    if value is None:
        return "—"
    match metric.shape:
        case Shape.SUM | Shape.MEAN:
            return str(money_of(parts, metric, currency))
        case Shape.COUNT:
            return f"{parts.numerator:,} {metric.said(metric.unit, lang)}"
        case Shape.SHARE:
            return f"{value * 100:.1f}%"
        case Shape.PERCENTILE:
            return hours_text(value, lang)
        case Shape.TURNOVER:
            return kpi(lang, "days", count=value)


def hours_text(hours: float, lang: str) -> str:
    """`42 分钟`, `11.7 小时`."""
    return kpi(lang, "minutes", count=round(hours * 60)) if hours < 1 else kpi(lang, "hours", count=hours)


def change_text(metric: Metric, now: Parts, before: Parts, currency: str, lang: str) -> str:
    """`+24 单（+8.3%）`, `-1.2 个百分点`, `慢了 3.1 小时`; "" when the two cannot be compared."""
    value, was = now.value(metric), before.value(metric)
    if value is None or was is None or (metric.shape in (Shape.COUNT, Shape.SUM) and not before.numerator):
        return ""
    if value == was:
        return kpi(lang, "same")
    sign = "+" if value > was else "−"
    match metric.shape:
        case Shape.SHARE:
            return kpi(lang, "points", sign=sign, change=abs(value - was) * 100)
        case Shape.PERCENTILE:
            return kpi(lang, "slower" if value > was else "faster", change=hours_text(abs(value - was), lang))
        case Shape.SUM | Shape.MEAN:
            step = abs(money_of(now, metric, currency).minor - money_of(before, metric, currency).minor)
            shown = str(Money(step, currency or "CNY"))
        case _:
            shown = f"{abs(now.numerator - before.numerator):,} {metric.said(metric.unit, lang)}"
    part = (value - was) / abs(was)
    percent = f"（{'+' if part > 0 else '−'}{abs(part) * 100:.1f}%）" if abs(part) >= _FLAT else ""
    return f"{sign}{shown}{percent if lang != 'en' else percent.replace('（', ' (').replace('）', ')')}"


def span_text(start: datetime, end: datetime, lang: str) -> str:
    """`11-19`, `11-14 至 11-20`, `11-20 00:00–14:00`: the last day named is the last one inside."""
    first, last = start.astimezone(SHANGHAI), end.astimezone(SHANGHAI)
    whole = last.hour == last.minute == last.second == 0
    final = last - timedelta(seconds=1) if whole else last
    year = "" if first.year == final.year else "%Y-"
    days = f"{first:{year}%m-%d}"
    if final.date() != first.date():
        days += (" to " if lang == "en" else " 至 ") + f"{final:{year}%m-%d}"
    if whole and first.hour == first.minute == 0:
        return days
    if whole and final.date() == first.date():
        return f"{days} {first:%H:%M}–24:00"
    return f"{days} {last:%H:%M}" if final.date() != first.date() else f"{days} {first:%H:%M}–{last:%H:%M}"


def day_text(number: str, lang: str, *, weekday: bool = True) -> str:
    """A day's number since 1970 as `11-18 周二`."""
    day = date.fromordinal(date(1970, 1, 1).toordinal() + int(number))
    if not weekday:
        return f"{day:%m-%d}"
    return f"{day:%m-%d} {day:%a}" if lang == "en" else f"{day:%m-%d} 周{_WEEKDAYS[day.weekday()]}"


def group_text(name: str, value: str, lang: str) -> str:
    """A group's name for people; channels, shops and goods are named by the caller."""
    if name == "day":
        return day_text(value, lang)
    if name == "hour" and value:
        return f"{int(value):02d}:00–{int(value) + 1:02d}:00"
    if name in ("week", "month") and value:
        return _longer_text(name, value, lang)
    table = {"stage": _STAGES, "kind": _KINDS}.get(name)
    if table is not None and value in table:
        return table[value][lang == "en"]
    if name == "carrier" and lang != "en":
        value = _CARRIERS.get(value, value)
    return value or kpi(lang, "blank")


def _longer_text(name: str, value: str, lang: str) -> str:
    """`11-16 那周`, `2026-11`: by the number of its first day."""
    day = date.fromordinal(date(1970, 1, 1).toordinal() + int(value))
    if name == "month":
        return f"{day:%Y-%m}"
    return f"week of {day:%m-%d}" if lang == "en" else f"{day:%m-%d} 那周"


def grouping(name: str, lang: str) -> str:
    return GROUP_NAMES[name][lang == "en"]


def moment_text(at: datetime, now: datetime, lang: str) -> str:
    return when(at, now, lang=lang)


def echo_clock(query: Query) -> str:
    """The key of the sentence that says by which moment things were counted."""
    return "clock.refunded" if query.metric.code == "refund_amount" else f"clock.{query.metric.entity.value}"
