"""Dates and ranges as people say them: 昨天, 上周五, 双11当天, 近30天, 10月1号, last Friday, past 7 days, Q3.

Every result is a half-open range of aware UTC moments; days begin at midnight in the company's zone (Shanghai unless told).
Weeks begin on Monday. Working days follow China's published calendar with its 调休 (package chinesecalendar).
"""

# ruff: noqa: E501 - a pattern or a word list reads best on one line

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from domain.clock import SHANGHAI


@dataclass(frozen=True, slots=True)
class DateRange:
    """`start` ≤ t < `end`, aware UTC; `label` is what the person wrote, for the echo of the plan."""

    start: datetime
    end: datetime
    label: str


@dataclass(frozen=True, slots=True)
class DateMention:
    """A range and where it stood in the text, so that its digits are not read as anything else."""

    range: DateRange
    at: int
    stop: int


_NUMERALS = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_WEEKDAY = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6, "末": 5} | {
    str(n): n - 1 for n in range(1, 8)
}
_ENGLISH_DAY = {name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_ENGLISH_MONTH = {
    name: n + 1
    for n, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
}
_NUMBER_WORD = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "a": 1, "couple": 2}

# One look decides whether the costly patterns are worth trying: most messages name no date.
_HINT_ZH = re.compile(
    r"[今昨前明后当\d]天|近|过去|[今昨前]晚|今早|大前天|[周月年季号日]|礼拜|星期|双1|双十|618|黑五|国庆|春节|元旦|中秋|端午|清明|五一|劳动节|半年|q[1-4]|\d[-/.]\d"
)
_HINT_EN = re.compile(
    r"\b(?:today|yesterday|tomorrow|tonight|ytd|mtd|last|past|this|week|month|year|day|days|q[1-4]|mon|tue|wed|thu|fri|sat|sun|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|"
    r"february|march|april|june|july|august|september|october|november|december)\b|\d[-/.]\d"
)

_N = r"(\d{1,3}|[零一二两三四五六七八九十百半]{1,4})"
_MONTHS = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
_DAYS = "mon(?:day)?|tues?(?:day)?|wed(?:nesday)?|thu(?:rs(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"


def numeral(text: str) -> int:
    """A small whole number in digits or Chinese numerals: 30, 三十, 两百五 (=250), 十二. Raises ValueError otherwise."""
    if text.isascii():
        return int(text)
    total, current, unit = 0, 0, 1
    for letter in text:
        if letter in "十百千":
            unit = {"十": 10, "百": 100, "千": 1000}[letter]
            total += (current or 1) * unit
            current = 0
        elif letter == "万":
            total, current, unit = (total + current) * 10_000, 0, 10_000
        elif letter in _NUMERALS:
            current = current * 10 + _NUMERALS[letter] if current and unit == 1 else _NUMERALS[letter]
        else:
            raise ValueError(f"{text[:10]!r} is not a number")
    if current and unit >= 100 and text[-2:-1] in "百千万" and text[-2:-1]:
        current *= unit // 10  # 两百五 is 250
    return total + current


def find_range(text: str, now: datetime, zone: ZoneInfo = SHANGHAI) -> DateMention | None:
    """The first date or range that `text` (lower case) names, read at `now`; None when it names none.

    Impossible dates (2026-02-30) are no dates. Two dates joined by 到/至/~/to make one range that includes both days.
    """
    if _HINT_ZH.search(text) is None and _HINT_EN.search(text) is None:
        return None
    today = now.astimezone(zone).date()
    return _mention(text, 0, today, zone)


def find_ranges(text: str, now: datetime, zone: ZoneInfo = SHANGHAI) -> list[DateMention]:
    """Every date or range that `text` names, in its order: 11月和10月 are two, 11月1号到11号 is one.

    Days without a month (20号, 1号到10号) count here: the caller knows that the text asks about a period.
    """
    found: list[DateMention] = []
    if _HINT_ZH.search(text) is None and _HINT_EN.search(text) is None:
        return found
    today = now.astimezone(zone).date()
    while (mention := _mention(text, found[-1].stop if found else 0, today, zone, bare=True)) is not None:
        found.append(mention)
    return found


def _mention(text: str, start: int, today: date, zone: ZoneInfo, *, bare: bool = False) -> DateMention | None:
    first = _first(text, today, start, bare=bare)
    if first is None:
        return None
    begin, end, at, stop = first
    joined = _JOIN.match(text, stop)
    if joined is not None and (second := _second(text, today, joined.end(), begin, bare=bare)) is not None:
        if second[0] > begin:
            end, stop = second
    elif (open_end := _SINCE.match(text, stop)) is not None:
        end, stop = today + timedelta(days=1), open_end.end()
    return DateMention(_range(begin, end, text[at:stop], zone), at, stop)


def _second(text: str, today: date, start: int, begin: date, *, bare: bool) -> tuple[date, int] | None:
    """(end, stop) of the date that follows 到: 11月1号到11号 leaves the month out, 上周一到周三 the week."""
    if (day := _SAME_WEEK.match(text, start)) is not None:
        return begin + timedelta(days=(_WEEKDAY[day[1]] - begin.weekday()) % 7 + 1), day.end()
    if (day := _SAME_MONTH.match(text, start)) is not None:
        try:
            return begin.replace(day=numeral(day[1])) + timedelta(days=1), day.end()
        except ValueError:
            return None
    second = _first(text, today, start, bare=bare)
    return (second[1], second[3]) if second is not None and second[2] == start else None


_JOIN = re.compile(r"\s*(?:到|至|~|-|—|to|until|and)\s*(?!now)")
_SINCE = re.compile(r"(?:以来|至今|到现在|到目前|到今天|起|开始)")
_SAME_WEEK = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")
_SAME_MONTH = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,3})[日号](?!\s*[仓楼线店])")


def _first(text: str, today: date, start: int, *, bare: bool = False) -> tuple[date, date, int, int] | None:
    best: tuple[date, date, int, int] | None = None
    for pattern, reader in (*_READERS, *_BARE) if bare else _READERS:
        for match in pattern.finditer(text, start):
            if best is not None and match.start() > best[2]:
                break
            try:
                span = reader(match, today)
            except (ValueError, OverflowError):  # 13月45号: not a date, so not ours
                continue
            if best is None or match.start() < best[2] or match.end() > best[3]:
                best = (*span, match.start(), match.end())
            break
    return best


def _range(begin: date, end: date, label: str, zone: ZoneInfo) -> DateRange:
    midnight = datetime.min.time()
    return DateRange(
        datetime.combine(begin, midnight, zone).astimezone(UTC), datetime.combine(end, midnight, zone).astimezone(UTC), label
    )


def day_range(day: date, label: str = "", zone: ZoneInfo = SHANGHAI) -> DateRange:
    """One whole day."""
    return _range(day, day + timedelta(days=1), label or day.isoformat(), zone)


def is_workday(day: date) -> bool:
    """Whether China works on that day, 调休 included. A year the calendar does not know yet counts Monday to Friday."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


Span = tuple[date, date]


def _one(day: date) -> Span:
    return day, day + timedelta(days=1)


def _month(year: int, month: int) -> Span:
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def _shift_month(today: date, by: int) -> Span:
    total = today.year * 12 + today.month - 1 + by
    return _month(total // 12, total % 12 + 1)


def _past(today: date, month: int, day: int) -> date:
    """A date without a year is the latest one that is not in the future (orders are asked about after they were made)."""
    there = date(today.year, month, day)
    return there if there <= today else date(today.year - 1, month, day)


def _last_days(today: date, count: int) -> Span:
    """The last n days include today: 近7天 on Sunday is Monday to Sunday."""
    if not 1 <= count <= 3660:
        raise ValueError(count)
    return today - timedelta(days=count - 1), today + timedelta(days=1)


def _relative_day(match: re.Match[str], today: date) -> Span:
    steps = {"大前": -3, "前": -2, "昨": -1, "今": 0, "当": 0, "明": 1, "后": 2}
    return _one(today + timedelta(days=steps[match[1]]))


def _week_of(today: date, shift: int) -> date:
    return today - timedelta(days=today.weekday()) + timedelta(weeks=shift)


def _zh_week(match: re.Match[str], today: date) -> Span:
    shift = {"上上": -2, "上": -1, "前": -1, "这": 0, "本": 0, "下": 1, "": 0}[match[1] or ""]
    monday = _week_of(today, shift)
    if match[2] is None:
        if not match[1]:
            raise ValueError("a bare 周 is no range")
        return monday, monday + timedelta(days=7)
    day = monday + timedelta(days=_WEEKDAY[match[2]])
    if not match[1] and day > today:
        day -= timedelta(weeks=1)
    return day, day + timedelta(days=2 if match[2] == "末" else 1)


def _zh_month(match: re.Match[str], today: date) -> Span:
    return _shift_month(today, {"上上": -2, "上": -1, "这": 0, "本": 0, "当": 0}[match[1]])


def _year(match: re.Match[str], today: date) -> Span:
    year = today.year + {"今": 0, "本": 0, "去": -1, "前": -2}[match[1]]
    return date(year, 1, 1), date(year + 1, 1, 1)


def _zh_last(match: re.Match[str], today: date) -> Span:
    count = 1 if match[1] in {"", None} else (0 if match[1] == "半" else numeral(match[1]))
    unit = match[2]
    if match[1] == "半":
        return _last_days(today, {"年": 183, "月": 15}.get(unit, 0))
    return _last_days(today, count * {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30, "年": 365}[unit])


def _day_of_month(match: re.Match[str], today: date) -> Span:
    month, day = numeral(match[2]), numeral(match[3])
    if match[1]:
        year = int(match[1]) + (2000 if len(match[1]) == 2 else 0)
        return _one(date(year, month, day))
    return _one(_past(today, month, day))


def _day_of_year(match: re.Match[str], today: date) -> Span:
    """去年12月, 去年 11月11号."""
    year, month = today.year + {"去": -1, "前": -2, "今": 0}[match[1]], numeral(match[2])
    return _one(date(year, month, numeral(match[3]))) if match[3] else _month(year, month)


def _short_span(match: re.Match[str], today: date) -> Span:
    """11.1-11.11, over the turn of the year too."""
    last = _past(today, int(match[3]), int(match[4]))
    first = date(last.year, int(match[1]), int(match[2]))
    return first if first <= last else first.replace(year=last.year - 1), last + timedelta(days=1)


def _bare_day(match: re.Match[str], today: date) -> Span:
    """20号: the latest such day."""
    day = numeral(match[1])
    month = today if day <= today.day else today.replace(day=1) - timedelta(days=1)
    return _one(month.replace(day=day))


def _half_month(match: re.Match[str], today: date) -> Span:
    middle = today.replace(day=16)
    if match[1] == "上":
        return today.replace(day=1), middle
    return (middle, _month(today.year, today.month)[1]) if today >= middle else _half_before(today)


def _half_before(today: date) -> Span:
    first, end = _shift_month(today, -1)
    return first.replace(day=16), end


def _en_month(match: re.Match[str], today: date) -> Span:
    month = _ENGLISH_MONTH[match[1][:3]]
    return _month(int(match[2]) if match[2] else today.year if month <= today.month else today.year - 1, month)


def _whole_month(match: re.Match[str], today: date) -> Span:
    month = numeral(match[2])
    if match[1]:
        return _month(int(match[1]) + (2000 if len(match[1]) == 2 else 0), month)
    return _month(today.year if month <= today.month else today.year - 1, month)


def _numeric(match: re.Match[str], _today: date) -> Span:
    return _one(date(int(match[1]), int(match[2]), int(match[3])))


def _short_numeric(match: re.Match[str], today: date) -> Span:
    return _one(_past(today, int(match[1]), int(match[2])))


def _festival(match: re.Match[str], today: date) -> Span:
    if match[0].startswith(("去年", "前年")):
        today = date(today.year - (1 if match[0][0] == "去" else 2), 12, 31)
    month, day = {"11": (11, 11), "十一": (11, 11), "12": (12, 12), "十二": (12, 12), "618": (6, 18)}[match[1] or match[2]]
    return _one(_past(today, month, day))


# Names of the holidays as chinesecalendar writes them.
_HOLIDAYS = {
    "国庆": "National Day", "春节": "Spring Festival", "元旦": "New Year's Day", "中秋": "Mid-autumn Festival",
    "端午": "Dragon Boat Festival", "清明": "Tomb-sweeping Day", "五一": "Labour Day", "劳动节": "Labour Day",
}  # fmt: skip


def _holiday(match: re.Match[str], today: date) -> Span:
    """The latest holiday of that name that has begun, all its days off; 去年春节 is the one of last year."""
    from chinese_calendar.constants import holidays

    name = _HOLIDAYS[match[2]]
    newest = today.year + {"去": -1, "前": -2}.get(match[1] or "", 0)
    for year in (newest,) if match[1] else (newest, newest - 1):
        days = sorted(day for day, what in holidays.items() if what == name and day.year == year)
        if days and (days[0] <= today or match[1]):
            return days[0], days[-1] + timedelta(days=1)
    raise ValueError("the calendar does not know that year")


def _half_year(match: re.Match[str], today: date) -> Span:
    year = int(match[1]) + (2000 if len(match[1]) == 2 else 0) if match[1] else today.year - (match[2] == "去年")
    first = 1 if match[3] == "上" else 7
    if not match[1] and not match[2] and date(year, first, 1) > today:
        year -= 1
    return date(year, first, 1), date(year + (first == 7), 7 if first == 1 else 1, 1)


def _quarter(match: re.Match[str], today: date) -> Span:
    named = match[2] or match[3]
    year = today.year if not match[1] else int(match[1]) + (2000 if len(match[1]) == 2 else 0)
    quarter = numeral(named)
    first = date(year, quarter * 3 - 2, 1)
    if not match[1] and first > today:
        first = first.replace(year=year - 1)
    return first, _month(first.year, first.month + 2)[1]


def _this_quarter(match: re.Match[str], today: date) -> Span:
    start = (today.month - 1) // 3 * 3 + 1
    year, month = today.year, start
    if match[1] in {"上", "last "}:
        year, month = (year, month - 3) if month > 3 else (year - 1, 10)
    return date(year, month, 1), _month(year, month + 2)[1]


def _en_day(match: re.Match[str], today: date) -> Span:
    steps = {"today": 0, "tonight": 0, "yesterday": -1, "tomorrow": 1, "day before yesterday": -2}
    return _one(today + timedelta(days=steps[match[1]]))


def _en_last(match: re.Match[str], today: date) -> Span:
    count = _NUMBER_WORD.get(match[1]) or int(match[1])
    return _last_days(today, count * {"day": 1, "week": 7, "month": 30, "year": 365}[match[2]])


def _en_period(match: re.Match[str], today: date) -> Span:
    shift = -1 if match[1] in {"last", "previous"} else 0
    if match[2] == "week":
        monday = _week_of(today, shift)
        return monday, monday + timedelta(days=7)
    if match[2] == "month":
        return _shift_month(today, shift)
    return date(today.year + shift, 1, 1), date(today.year + shift + 1, 1, 1)


def _en_weekday(match: re.Match[str], today: date) -> Span:
    back = (today.weekday() - _ENGLISH_DAY[match[2][:3]]) % 7
    if match[1] and back == 0:
        back = 7  # "last Friday" said on a Friday is a week ago
    return _one(today - timedelta(days=back))


def _en_date(match: re.Match[str], today: date) -> Span:
    name, day = (match[1], match[2]) if match[1] else (match[4], match[3])
    month = _ENGLISH_MONTH[name[:3]]
    return _one(date(int(match[5]), month, int(day)) if match[5] else _past(today, month, int(day)))


_YEAR = r"(?:(?<!\d)(\d{4}|\d{2})\s*年\s*)?"
_READERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span]], ...] = (
    (re.compile(r"(大前|前|昨|今|当|明|后)(?:天|日(?!期)|晚|早)"), _relative_day),
    (re.compile(r"(?<![天两一二三四五六七八九\d])(上上|上|前|这|本|下)?(?:个)?(?:周|星期|礼拜)(?![年边])([一二三四五六日天末1-7](?![\d个]))?"), _zh_week),
    (re.compile(r"(上|下)半(?:个)?月"), _half_month),
    (re.compile(r"(上上|上|这|本|当)(?:个)?月"), _zh_month),
    (re.compile(r"(今|本|去|前)年"), _year),
    (re.compile(r"([去前今])年的?(\d{1,2}|十[一二]?|[一二三四五六七八九])月(?:份|(\d{1,2}|[一二三四五六七八九十]{1,3})[日号]?)?"), _day_of_year),
    (re.compile(rf"(?:最?近|过去|前|这)的?\s*{_N}?\s*(?:个)?(天|日(?!期)|周|星期|礼拜|月|年)"), _zh_last),
    (re.compile(rf"{_YEAR}(?<!\d)(\d{{1,2}}|[一二三四五六七八九十]{{1,2}})\s*月\s*(\d{{1,2}}|[一二三四五六七八九十]{{1,3}})\s*[日号]?"), _day_of_month),
    (re.compile(rf"{_YEAR}(?<!\d)(\d{{1,2}}|十[一二]?|[一二三四五六七八九])\s*月(?:份)?(?!\s*[\d一二三四五六七八九十])"), _whole_month),
    (re.compile(r"(?<![\d-])(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?![\d-])"), _numeric),
    (re.compile(r"(?<![\d/.-])(1[0-2]|0?[1-9])[/.](3[01]|[12]\d|0?[1-9])(?![\d/.%-])(?!\s*(?:元|块|折|kg|g|斤|万|cm|mm))"), _short_numeric),
    (re.compile(r"(?:[去前今]年的?)?(?:双(11|12|十一|十二)(?:当[天日]|那天|期间)?|(?<!\d)(618)(?!\d)(?:当[天日]|那天|大促|期间)?)"), _festival),
    (re.compile(r"(?:([去前今])年的?)?(国庆|春节|元旦|中秋|端午|清明|五一|劳动节)(?:节|当天)?(?:假期|期间|长假|放假)?"), _holiday),
    (re.compile(rf"{_YEAR}(今年|去年)?的?([上下])半年"), _half_year),
    (re.compile(r"(?:(?<!\d)(\d{4}|\d{2})\s*年?\s*)?(?:(?<![a-z0-9])q([1-4])(?!\d)|第?([一二三四1-4])季度)"), _quarter),
    (re.compile(r"(上|本|这)(?:个)?季度?"), _this_quarter),
    (re.compile(r"\b(last |this )quarter\b"), _this_quarter),
    (re.compile(r"\b(?:(ytd|year to date)|(mtd|month to date))\b"), lambda match, today: (today.replace(month=1, day=1) if match[1] else today.replace(day=1), today + timedelta(days=1))),
    (re.compile(r"\b(day before yesterday|today|tonight|yesterday|tomorrow)\b"), _en_day),
    (re.compile(r"\b(?:last|past|previous)\s+(\d{1,3}|one|two|three|four|five|six|seven|ten|a|couple)\s+(?:of\s+)?(day|week|month|year)s?\b"), _en_last),
    (re.compile(r"\b(last|previous|this|past)\s+(week|month|year)\b"), _en_period),
    (re.compile(rf"\b(last |this |on )?({_DAYS})\b"), _en_weekday),
    (re.compile(rf"\b(?:(?<=in )|(?<=of )|(?<=for )|(?<=last )|(?<=and )|(?<=to )|(?<=vs )|(?<=during )|(?!may\b|mar\b|dec\b|sun\b))({_MONTHS})(?:\s+(20\d\d))?\b(?!\.?\s*\d)"), _en_month),
    (re.compile(rf"\b(?:({_MONTHS})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?|(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTHS}))(?:,?\s+(20\d\d))?\b"), _en_date),
)  # fmt: skip
# Only where a period is asked about: elsewhere 3号 is a warehouse, a door or a size.
_BARE: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span]], ...] = (
    (
        re.compile(
            r"(?<![\d/.-])(1[0-2]|0?[1-9])[/.](3[01]|[12]\d|0?[1-9])\s*[-~至到]\s*(1[0-2]|0?[1-9])[/.](3[01]|[12]\d|0?[1-9])(?![\d/.%-])"
        ),
        _short_span,
    ),
    (
        re.compile(r"(后|最后|末)\s*(\d{1,2}|[一二两三四五六七八九十]{1,2})\s*天"),
        lambda match, today: _last_days(today, numeral(match[2])),
    ),
    (re.compile(r"(?<![\d.月年])(\d{1,2}|[一二三四五六七八九十]{1,3})[日号](?!\s*[仓楼线店码])"), _bare_day),
)
