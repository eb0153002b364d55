"""Pinduoduo's numbers for carriers (`pdd.logistics.companies.get`) and ours. A correction is a row here."""

from __future__ import annotations

from collections.abc import Mapping

OURS: Mapping[int, str] = {
    1: "sto", 3: "best", 44: "sf", 85: "yto", 115: "zto", 117: "uc", 118: "ems", 119: "tt", 120: "jd", 121: "yunda",
    129: "zjs", 131: "deppon", 132: "post", 183: "kye", 191: "cainiao", 204: "best", 208: "ane", 228: "suning", 229: "best",
    230: "deppon", 324: "post", 340: "jd", 343: "zto", 344: "yunda", 345: "ane", 348: "yimidida", 372: "sf", 384: "jt",
}  # fmt: skip
"""Their number -> our carrier code. Freight arms (中通快运, 顺丰快运, …) read as their house."""

THEIRS: Mapping[str, int] = {
    "sto": 1, "best": 3, "sf": 44, "yto": 85, "zto": 115, "uc": 117, "ems": 118, "tt": 119, "jd": 120, "yunda": 121,
    "zjs": 129, "deppon": 131, "post": 132, "kye": 183, "cainiao": 191, "ane": 208, "suning": 228, "yimidida": 348,
    "jt": 384,
}  # fmt: skip
"""Our carrier code -> the number that a shipment is uploaded with."""
