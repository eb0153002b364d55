"""Papers as PDF: A4 lists and slips, and a 100 × 150 mm label. Drawn with fpdf2 and the packaged Chinese font, of which only
the letters used are embedded. The same content gives the same bytes: the only moment inside is the one that is handed in.

Synchronous and not quick (the font has 8 MB to be read): call it through `asyncio.to_thread`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from domain.clock import SHANGHAI
from handlers.charts import missing

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.enums import WrapMode

A4, LABEL = (210.0, 297.0), (100.0, 150.0)  # millimetres
MARGIN = 12.0
_GREY = 110


class Paper:
    """One document. Texts must be masked and made safe by the caller; letters that the font lacks show as □."""

    def __init__(self, *, size: tuple[float, float] = A4, made_at: datetime, title: str) -> None:
        from fpdf import FPDF
        from pylopdf_fonts_zh_cn import sans_path

        pdf = FPDF(unit="mm", format=size)
        pdf.add_font("cjk", "", str(sans_path()))
        pdf.set_creation_date(made_at)
        pdf.set_title(shown(title))
        pdf.set_lang("zh-CN")
        self._margin = MARGIN if size == A4 else 6.0
        pdf.set_margin(self._margin)
        pdf.set_auto_page_break(auto=True, margin=self._margin)
        self._pdf: FPDF = pdf
        self._made = f"{made_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"

    def page(self, heading: str, *, code: str = "", below: str = "") -> None:
        """Begin a page: the heading, and a QR code of `code` in the corner."""
        pdf = self._pdf
        pdf.add_page()
        top = pdf.get_y()
        pdf.set_font("cjk", size=18)
        pdf.multi_cell(
            pdf.epw - (30 if code else 0), 9, shown(heading), align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=_by_letter()
        )
        self.small(f"{shown(below)}  {self._made}".strip())
        if code:
            self._qr(code, pdf.w - self._margin - 24, top, 24)
            pdf.set_y(max(pdf.get_y(), top + 27))
        pdf.ln(2)

    def small(self, text: str) -> None:
        """A grey line."""
        self._pdf.set_font("cjk", size=9)
        self._pdf.set_text_color(_GREY)
        self._line(text, 5)
        self._pdf.set_text_color(0)

    def text(self, text: str, *, size: float = 11) -> None:
        self._pdf.set_font("cjk", size=size)
        self._line(text, size * 0.55)

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Name and value, a line each; those without a value are left out."""
        for name, value in pairs:
            if value:
                self.text(f"{name}  {value}")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """Columns by relative width; the head is repeated on every page; a last row never loses its line."""
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        pdf = self._pdf
        pdf.set_font("cjk", size=10)
        pdf.ln(2)
        with pdf.table(
            col_widths=tuple(widths),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="", color=(_GREY, _GREY, _GREY)),
            line_height=6,
            text_align="LEFT",
            wrapmode=_by_letter(),
        ) as drawn:
            for row in (head, *rows):
                drawn.row([shown(cell) for cell in row])
        pdf.ln(3)

    def boxes(self, names: Sequence[str]) -> None:
        """Places to sign."""
        pdf = self._pdf
        pdf.ln(6)
        pdf.set_font("cjk", size=11)
        for name in names:
            pdf.cell(pdf.epw / len(names), 10, f"{shown(name)}：", border="B")
        pdf.ln(12)

    def bytes(self) -> bytes:
        return bytes(self._pdf.output())

    def _line(self, text: str, height: float) -> None:
        self._pdf.multi_cell(
            self._pdf.epw, height, shown(text), align="L", new_x="LMARGIN", new_y="NEXT", wrapmode=_by_letter()
        )

    def _qr(self, text: str, left: float, top: float, size: float) -> None:
        import segno

        matrix = segno.make(text, error="m", micro=False).matrix
        step = size / len(matrix)
        self._pdf.set_fill_color(0)
        for y, row in enumerate(matrix):
            for x, dark in enumerate(row):
                if dark:
                    self._pdf.rect(left + x * step, top + y * step, step, step, style="F")


def pictures_of(pdf: bytes, *, most: int = 3, wide: int = 1080) -> tuple[list[bytes], int]:
    """(the first pages as PNG, `wide` pixels across; how many pages there are)."""
    import pypdfium2  # loaded when somebody asks for a picture, and not before

    paper = pypdfium2.PdfDocument(pdf)
    try:
        pages: list[bytes] = []
        for index in range(min(most, len(paper))):
            page = paper[index]
            out = io.BytesIO()
            page.render(scale=wide / page.get_width()).to_pil().convert("L").save(out, "PNG", optimize=True)
            pages.append(out.getvalue())
        return pages, len(paper)
    finally:
        paper.close()


def _by_letter() -> WrapMode:
    """Chinese has no blanks to break at."""
    from fpdf.enums import WrapMode

    return WrapMode.CHAR


def shown(text: str) -> str:
    """Text with what the font cannot draw made visible, and not dropped: a name with a gap in it would be another name."""
    gone = missing([text])
    return "".join("□" if letter in gone else letter for letter in text) if gone else text
