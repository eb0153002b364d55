"""Makes `domain/data/divisions.tsv.gz` anew from public tables. Standard library only; NOTICE beside the table names them.

    python3 tools/divisions.py history.csv towns.csv centres.csv

`history.csv` has every division since 1981 and what became of it (代码,一级行政区,二级行政区,名称,级别,状态,启用时间,
变更/弃用时间,新代码), `towns.csv` the towns and streets (code,name,areaCode,…), `centres.csv` codes with coordinates
(adcode,name,longitude,latitude). A code that `centres.csv` has gets exactly its coordinates; any other keeps those of the
present table, or its predecessor's; a division that never had any gets them below. Lines of the result, by the first field:

    330106  西湖区  120.130396  30.259242  a division of today: code, name, longitude, latitude
    =       江干区  330102  330104  120.205001  30.257012  杭州市
                                           a name that is gone: the code that stands for it today, its own of then,
                                           longitude, latitude, the prefecture it was of ("" for none)
    ~       即墨市  370215  370282  …      the same of a name that is read without a table, since only its kind has changed
    ^       钢城区  370117  371203  …      the same of a name that is today's, too: of then behind the prefecture it was of
    <       巢湖市  340124,340181          a prefecture that is gone or lost counties, and the codes of those it had
    +       330106  北山,灵隐               a district and its towns without their 镇, 乡, 街道
"""

from __future__ import annotations

import csv
import gzip
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "domain" / "data" / "divisions.tsv.gz"
SINCE = 1998  # a name that went before is hardly written any more
PLAIN = re.compile(r"(?:自治区|自治州|自治县|自治旗|地区|[省市区县旗盟])$")
LONG_PEOPLES = (
    "蒙古|维吾尔|布依|朝鲜|土家|哈尼|哈萨克|傈僳|高山|拉祜|东乡|纳西|景颇|柯尔克孜|达斡尔|仫佬|布朗|撒拉|毛南|"
    "仡佬|锡伯|塔吉克|鄂温克|裕固"
)
TOWN = re.compile(rf"(?:(?:(?:{LONG_PEOPLES}|.)族)+乡|(?:街道)?办事处|街道|镇|乡|苏木)$")
# Where a division was split, the part that people mean by the old name when neither its first nor its last successor is it.
MEANT = {
    "安县": "510705", "新浦区": "320706", "固原县": "640402", "昌都县": "540302", "庆阳县": "621002", "南郊区": "140213",
    "城区": "140213", "莱城区": "370116", "南市区": "310101",
}  # fmt: skip
PLACES = {  # founded or named after the table of coordinates was made, degrees to two places
    "653228": (78.75, 36.35), "653229": (79.20, 35.60), "659012": (83.00, 46.70), "460302": (112.34, 16.84),
    "460303": (112.89, 9.55), "540630": (88.84, 33.19), "632803": (90.85, 38.25),
}  # fmt: skip
# Divisions of the table of coordinates whose heir the history does not tell: own code → the code of today.
HEIRS = {"460321": "460302", "460322": "460303", "460323": "460302", "371200": "370116", "542400": "540600"}
VAGUE = {"新区", "市区", "市郊区"}  # as good as no name
# Beyond the mainland table: codes as parcel services use them.
BEYOND = """
320571 苏州工业园区 120.72 31.31
710100 台北市 121.5650 25.0380
710200 高雄市 120.3120 22.6210
710300 台南市 120.2130 22.9990
710400 台中市 120.6790 24.1390
710600 南投县 120.69 23.91
710700 基隆市 121.74 25.13
710800 新竹市 120.97 24.80
710900 嘉义市 120.45 23.48
711100 新北市 121.4660 25.0120
711200 宜兰县 121.75 24.75
711300 新竹县 121.01 24.84
711400 桃园市 121.30 24.99
711500 苗栗县 120.82 24.56
711700 彰化县 120.54 24.08
711900 嘉义县 120.29 23.46
712100 云林县 120.53 23.71
712400 屏东县 120.49 22.67
712500 台东县 121.15 22.76
712600 花莲县 121.60 23.98
712700 澎湖县 119.57 23.57
810001 中西区 114.1540 22.2820
810002 湾仔区 114.1830 22.2760
810003 东区 114.23 22.28
810004 南区 114.17 22.24
810005 油尖旺区 114.1730 22.3110
810006 深水埗区 114.16 22.33
810007 九龙城区 114.19 22.33
810008 黄大仙区 114.1930 22.3420
810009 观塘区 114.2310 22.3090
810010 荃湾区 114.12 22.37
810011 屯门区 113.98 22.39
810012 元朗区 114.0320 22.4430
810013 北区 114.1480 22.4940
810014 大埔区 114.17 22.45
810015 西贡区 114.2640 22.3810
810016 沙田区 114.1910 22.3870
810017 葵青区 114.13 22.36
810018 离岛区 113.95 22.29
820001 花地玛堂区 113.55 22.21
820002 花王堂区 113.55 22.20
820003 望德堂区 113.55 22.20
820004 大堂区 113.55 22.19
820005 风顺堂区 113.54 22.19
820006 嘉模堂区 113.56 22.16
820007 路凼填海区 113.57 22.14
820008 圣方济各堂区 113.56 22.12
"""


Centres = dict[str, tuple[str, str, str]]  # code: name, longitude, latitude


class History:
    """The table of all divisions since 1981."""

    def __init__(self, path: str) -> None:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            self.rows = [row for row in csv.DictReader(file) if row["级别"] in {"省级", "地级", "县级"}]
        self.now = {row["代码"]: row["名称"] for row in self.rows if row["状态"] == "在用"}
        self.next: dict[str, list[str]] = defaultdict(list)
        for row in self.rows:
            if row["状态"] != "在用" and row["新代码"]:
                self.next[row["代码"]] += [re.sub(r"\[\d+\]", "", code) for code in row["新代码"].split(";")]

    def today(self, code: str, seen: tuple[str, ...] = ()) -> list[str]:
        """The codes of today for a code of any year, in the order of the table."""
        if code in self.now:
            return [code]
        found = [late for step in self.next[code] if step not in seen for late in self.today(step, (*seen, code))]
        return list(dict.fromkeys(found))

    def ended(self, since: int = SINCE) -> list[tuple[int, dict[str, str], list[str]]]:
        """(year of the end, row, codes of today) of what ended since the year `since`, the latest end first."""
        out = [
            (int(row["变更/弃用时间"]), row, self.today(row["代码"]))
            for row in self.rows
            if row["变更/弃用时间"] and int(row["变更/弃用时间"]) >= since and row["级别"] != "省级"
        ]
        return sorted((entry for entry in out if entry[2]), key=lambda entry: -entry[0])


def heir(name: str, codes: list[str], now: dict[str, str]) -> str:
    """The one of today's divisions that people mean by an old name."""
    meant = MEANT.get(name)
    if meant in codes:
        return meant
    alike = [code for code in codes if PLAIN.sub("", now[code]) == PLAIN.sub("", name)]
    if alike:
        return alike[0]
    return codes[-1] if name[-1] in "县市" else codes[0]  # a county's heir was founded last; a district's part stands first


def gone(history: History) -> dict[tuple[str, str], str]:
    """{(old name, city's four digits): code of today}; names that are told without a table are left out."""
    cities = {PLAIN.sub("", name) for code, name in history.now.items() if code.endswith("00")}
    bearers = Counter(PLAIN.sub("", name) for name in history.now.values())
    out: dict[tuple[str, str], str] = {}
    for _, row, codes in history.ended():
        name = row["名称"]
        own = row["级别"] == "县级" and name.endswith("市") and PLAIN.sub("", name) in cities  # 忻州市 is the prefecture now
        if own or name in VAGUE or any(history.now[code] == name for code in codes):
            continue
        code = heir(name, codes, history.now)
        stem = PLAIN.sub("", name)
        told = stem == PLAIN.sub("", history.now[code]) and len(stem) > 1 and bearers[stem] == 1  # 余杭市 can only be 余杭区
        if not told or name in history.now.values():
            out.setdefault((name, code[:4]), code)
    return out


def listed(code: str, name: str, centres: Centres) -> bool:
    """Whether the table of coordinates has the code for this very name: 139001 was 武安市 before it was 定州市."""
    return code in centres and centres[code][0] == name


def kind_of_then(history: History, row: dict[str, str], codes: list[str], centres: Centres, late: bool) -> tuple[str, str]:
    """(kind of line, code of today) of a division that is gone; ("", "") of one that nobody can mean."""
    name, own, now = row["名称"], row["代码"], history.now
    if row["级别"] == "地级":
        return "", ""
    same = next((code for code in codes if now[code] == name), "")
    if same:  # 四平市公主岭市; of a name that never left its city today's code is meant
        return ("^", same) if listed(own, name, centres) and same[:4] != own[:4] else ("", "")
    if name in VAGUE or (
        PLAIN.sub("", name) + "市" == name and any(now[code] == name for code in now if code.endswith("00"))
    ):
        return "", ""
    code = heir(name, codes, now)
    if now[code] == name + "区" and not listed(own, name, centres):
        return "", ""  # 梅县 is short for 梅县区
    return ("~", code) if late or PLAIN.sub("", name) == PLAIN.sub("", now[code]) else ("", "")


def then(history: History, centres: Centres) -> dict[tuple[str, str], tuple[str, str, str]]:
    """{(name, code of today): (kind of line, own code of then, prefecture of then)}.

    Of several codes that a name had, the one that `centres` has, else the latest.
    """
    out: dict[tuple[str, str], tuple[str, str, str]] = {}
    readable = {(name, code) for (name, _), code in gone(history).items()}
    for year, row, codes in history.ended(since=0):
        name, own = row["名称"], row["代码"]
        kind, code = kind_of_then(history, row, codes, centres, year >= SINCE)
        known = out.get((name, code))
        if kind and (known is None or (listed(own, name, centres) and not listed(known[1], name, centres))):
            city = "" if row["二级行政区"] in {"直辖", name} else row["二级行政区"]
            out[name, code] = ("=" if (name, code) in readable else kind, own, city)
    for own, code in HEIRS.items():
        if own in centres and code in history.now:
            name = centres[own][0]
            out.pop((name, code[:4] + "00"), None)
            out[name, code] = ("~" if own.endswith("00") else "=", own, "")
    return out


def lost(history: History) -> dict[str, set[str]]:
    """{prefecture as it was called: codes of today of counties it had and has not any more}."""
    out: dict[str, set[str]] = defaultdict(set)
    for _, row, codes in history.ended():
        then = row["二级行政区"]
        if row["级别"] != "县级" or then in {"", "直辖"}:
            continue
        for code in codes:
            if PLAIN.sub("", history.now.get(code[:4] + "00", "")) != PLAIN.sub("", then):
                out[then].add(code)
    return out


def towns(path: str, known: dict[str, tuple[str, str]]) -> dict[str, list[str]]:
    """{district: names of its towns without their kind}."""
    out: dict[str, list[str]] = defaultdict(list)
    with Path(path).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            stem = TOWN.sub("", row["name"])
            if stem != row["name"] and 2 <= len(stem) <= 6 and row["areaCode"] in known:
                out[row["areaCode"]] += [stem]
                if stem.endswith("镇") and len(stem) > 2:
                    out[row["areaCode"]] += [stem[:-1]]  # 嘉定镇街道 is written 嘉定镇, too
    return out


def centres_of(path: str) -> Centres:
    """What the table of coordinates has; "" where it leaves them out."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return {row["adcode"][:6]: (row["name"], row["longitude"], row["latitude"]) for row in csv.DictReader(file)}


def exact(code: str, otherwise: tuple[str, str], centres: Centres) -> tuple[str, str]:
    """(longitude, latitude) of a code as the table of coordinates writes them, else what stands there already."""
    _, lng, lat = centres.get(code, ("", "", ""))
    return (lng, lat) if lng and lat else otherwise


def main() -> None:
    history = History(sys.argv[1])
    centres = centres_of(sys.argv[3])
    place: dict[str, tuple[str, str]] = {}
    named: dict[tuple[str, str], tuple[str, str]] = {}
    for line in gzip.decompress(TABLE.read_bytes()).decode().splitlines():
        fields = line.split("\t")
        if len(fields) == 4 and fields[2]:
            place[fields[0]] = named[fields[0][:2], PLAIN.sub("", fields[1])] = (fields[2], fields[3])
    before: dict[str, list[str]] = defaultdict(list)
    for row in history.rows:
        for code in history.today(row["代码"]):
            before[code].append(row["代码"])
    lines, known = [], {}
    for code, name in sorted(history.now.items()):
        older = (place[one] for one in reversed(before[code]) if one in place)
        spot = place.get(code) or named.get((code[:2], PLAIN.sub("", name))) or next(older, None)
        if spot is None:
            lng, lat = PLACES[code]
            spot = (f"{lng:.4f}", f"{lat:.4f}")
        known[code] = exact(code, spot, centres)
    for entry in BEYOND.strip().splitlines():
        code, name, lng_text, lat_text = entry.split()
        history.now[code] = name
        known[code] = exact(code, (f"{float(lng_text):.4f}", f"{float(lat_text):.4f}"), centres)
    lines += ["\t".join((code, name, *known[code])) for code, name in sorted(history.now.items())]
    for (name, code), (kind, own, city) in sorted(then(history, centres).items()):
        lines.append(
            "\t".join((kind, name, code, own, *exact(own, known[code], centres if listed(own, name, centres) else {}), city))
        )
    lines += [f"<\t{name}\t{','.join(sorted(codes))}" for name, codes in sorted(lost(history).items())]
    lines += [f"+\t{code}\t{','.join(dict.fromkeys(names))}" for code, names in sorted(towns(sys.argv[2], known).items())]
    TABLE.write_bytes(gzip.compress("\n".join(lines).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
