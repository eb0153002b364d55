"""B14: a chart of 30 days with Chinese labels as PNG, beside bare matplotlib drawing the same figures."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import resources

from benchmarks.desk import run
from benchmarks.ground import Ground
from benchmarks.measure import Latencies, Line, check, each_timed, line, percentile
from handlers.charts import Trend, trend_chart

_TITLE = "近 30 天订单与退款（抖音旗舰店）"


def _trend(days: int) -> Trend:
    labels = tuple(f"{1 + day // 30 % 12:02d}-{1 + day % 30:02d}" for day in range(days))
    orders = tuple(800 + day * 7919 % 400 + day * 9 for day in range(days))
    refunds = tuple(float(20 + day * 31 % 25) for day in range(days))
    return Trend(_TITLE, labels, orders, "订单", "单", refunds, "退款", "单")


def month() -> Trend:
    return _trend(30)


def _bare_matplotlib() -> Callable[[Trend], bytes]:
    """Figures without pyplot, the font handed in: the least that matplotlib needs."""
    from matplotlib import font_manager, rcParams
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = str(resources.files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf")
    font_manager.fontManager.addfont(font)
    rcParams["font.family"] = font_manager.FontProperties(fname=font).get_name()
    rcParams["axes.unicode_minus"] = False

    def draw(trend: Trend) -> bytes:
        days = range(len(trend.days))
        figure = Figure(figsize=(9, 5), dpi=100)
        FigureCanvasAgg(figure)
        bars = figure.subplots()
        curve = bars.twinx()
        bars.bar(days, trend.bars, color="#7aa6d8", label=trend.bars_label)
        curve.plot(days, trend.line, color="#d8604a", marker="o", ms=3, label=trend.line_label)
        bars.set_title(trend.finding)
        step = max(1, len(trend.days) // 10)
        bars.set_xticks(days[::step], trend.days[::step])
        bars.set_ylabel(f"{trend.bars_label}（{trend.bars_unit}）")
        curve.set_ylabel(f"{trend.line_label}（{trend.line_unit}）")
        figure.legend(loc="upper left", bbox_to_anchor=(0.1, 0.88))
        figure.tight_layout()
        out = io.BytesIO()
        figure.savefig(out, format="png")
        return out.getvalue()

    return draw


def run_cases(ground: Ground, sizes: Sequence[int]) -> Iterator[Line]:  # noqa: ARG001  no orders are needed
    bare = _bare_matplotlib()
    short, year = month(), _trend(365)
    found = Latencies()
    for number in range(ground.rounds + 1):
        ours = each_timed(trend_chart, [short] * 10)
        long = each_timed(trend_chart, [year] * 5)
        theirs = each_timed(bare, [short] * 5)
        if number:
            found.add("ours", ours)
            found.add("year", long)
            found.add("bare", theirs)
    lag = run(_loop_lag(short))
    also = [
        check("365 days / 30", found.ratio("year", "ours", 0.5), "<=", 2.0),
        check("event loop lag while drawing, ms p99", lag, "<=", 20.0),
    ]
    yield line(
        "B14", "chart of 30 days: times faster than bare matplotlib", ours=found.figures("ours"),
        anchor=found.figures("bare"), ratio=found.ratio("bare", "ours", 0.5), target=4.0, also=also,
    )  # fmt: skip


async def _loop_lag(trend: Trend) -> float:
    """How late the loop wakes (ms, p99) while another thread draws."""
    loop = asyncio.get_running_loop()
    drawing = loop.run_in_executor(None, lambda: [trend_chart(trend) for _ in range(40)])
    late = []
    while not drawing.done():
        start = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append((time.perf_counter() - start - 0.002) * 1000)
    await drawing
    return percentile(late, 0.99)
