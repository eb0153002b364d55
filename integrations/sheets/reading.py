"""Bytes on disk to rows of text, as a stream: encodings, BOM, gzip, delimiters, Excel workbooks."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from domain.errors import BadInput

_CHUNK = 1 << 20
_SAMPLE = 1 << 18
_EXCEL = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
csv.field_size_limit(1 << 24)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A readable table. `rows()` yields (row number as a person counts, cells); the header is row `header_row`."""

    path: Path
    encoding: str  # "" for a workbook
    delimiter: str
    header: tuple[str, ...]
    header_row: int

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every data row, blank ones left out. Short and long rows are given as they are."""
        source = _workbook(self.path) if not self.encoding else _delimited(self.path, self.encoding, self.delimiter)
        for number, cells in source:
            if number > self.header_row and any(cell.strip() for cell in cells):
                yield number, cells


def digest(path: Path) -> str:
    """What makes this file this file: a hash of its bytes."""
    seen = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            seen.update(chunk)
    return seen.hexdigest()


def open_sheet(path: Path) -> Sheet:
    """Find out how to read a file. Raises BadInput with a sentence when it is not a table at all."""
    if not path.exists():
        raise BadInput(f"没有这个文件：{path.name}")
    if path.stat().st_size == 0:
        raise BadInput(f"{path.name} 是空文件。")
    try:
        if _is_workbook(path):
            header_row, header = _header(_workbook(path), path)
            return Sheet(path, "", "", header, header_row)
        encoding = _encoding(path)
        delimiter = _delimiter(path, encoding)
        header_row, header = _header(_delimited(path, encoding, delimiter), path)
    except (OSError, EOFError, zlib.error, UnicodeError, csv.Error) as broken:
        raise BadInput(f"{path.name} 打不开，文件可能没传完或已损坏。") from broken
    return Sheet(path, encoding, delimiter, header, header_row)


def _header(rows: Iterator[tuple[int, list[str]]], path: Path) -> tuple[int, tuple[str, ...]]:
    """The first row with at least two filled cells: titles and notes above a table are skipped."""
    for number, cells in rows:
        filled = [cell for cell in cells if cell.strip()]
        if len(filled) >= 2 or (filled and len(cells) == 1):
            return number, tuple(_name(cell) for cell in cells)
        if number > 50:
            break
    raise BadInput(f"{path.name} 里没有找到表头。")


def _name(cell: str) -> str:
    return " ".join(cell.replace("\ufeff", "").replace("\u3000", " ").strip().strip('"').split())


def _is_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(8)
    # A CSV that somebody renamed to .xls is common; a zip or OLE signature is what counts.
    return start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or (
        path.suffix.lower() in _EXCEL and not start.startswith(b"\x1f\x8b") and b"\x00" in start
    )


def _workbook(path: Path) -> Iterator[tuple[int, list[str]]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
        for index, row in enumerate(sheet.iter_rows(), sheet.start[0] + 1 if sheet.start else 1):
            yield index, [_text(cell) for cell in row]
    except (CalamineError, OSError) as broken:
        raise BadInput(f"{path.name} 不是能打开的表格文件。") from broken


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float():
            # A 19-digit number in a numeric cell has lost its last digits: show it as such, so that it is refused.
            if cell.is_integer():
                return str(int(cell)) if abs(cell) < 2**53 else f"{cell:.6E}"
            return repr(cell)
        case datetime() | date() | time():
            return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
        case _:
            return str(cell)


@contextmanager
def _binary(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        if raw.read(2) == b"\x1f\x8b":
            raw.seek(0)
            with gzip.open(raw) as plain:
                yield plain  # type: ignore[misc]
        else:
            raw.seek(0)
            yield raw


def _delimited(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    with _binary(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
        reader = csv.reader((line.replace("\x00", "") for line in text), delimiter=delimiter)
        for row in reader:
            yield reader.line_num, row


def _encoding(path: Path) -> str:
    """BOM first; then the whole file must be valid UTF-8; else GBK or Windows Latin by what the high bytes look like."""
    with _binary(path) as file:
        start = file.read(4)
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
    utf8 = codecs.getincrementaldecoder("utf-8")()
    high = bytearray()
    valid = True
    with _binary(path) as file:
        while chunk := file.read(_CHUNK):
            if valid:
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
            if len(high) < _SAMPLE:
                high += _around_high_bytes(chunk)
            elif not valid:
                break
    if valid:
        return "utf-8"
    return "gb18030" if _looks_chinese(bytes(high)) else "cp1252"


def _around_high_bytes(chunk: bytes) -> bytes:
    return b"\n".join(line for line in chunk.split(b"\n") if not line.isascii())[:_SAMPLE]


def _looks_chinese(sample: bytes) -> bool:
    """GBK text comes in pairs of high bytes that decode to common characters; Latin accents stand alone."""
    text = sample.decode("gb18030", errors="replace")
    common = sum("\u4e00" <= char <= "\u9fff" for char in text)
    broken = text.count("\ufffd")
    high = sum(byte >= 0x80 for byte in sample)
    lone = sum(
        sample[i] >= 0x80 and (i == 0 or sample[i - 1] < 0x80) and (i + 1 == len(sample) or sample[i + 1] < 0x80)
        for i in range(len(sample))
    )
    return common > broken * 4 and lone * 4 < high


def _delimiter(path: Path, encoding: str) -> str:
    with _binary(path) as file:
        sample = file.read(_SAMPLE).decode(encoding, errors="replace")
    lines = [line for line in sample.splitlines()[:20] if line.strip()]
    if not lines:
        raise BadInput(f"{path.name} 是空文件。")

    def score(mark: str) -> tuple[int, int]:
        counts = [len(next(csv.reader([line], delimiter=mark), [])) for line in lines[:10]]
        usual = max(set(counts), key=counts.count)
        return (usual > 1) * counts.count(usual), usual

    return max(",\t;|", key=score)
